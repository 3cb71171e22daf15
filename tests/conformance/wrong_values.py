"""Requests of which exactly one value breaks the model, generated from the model."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from .examples import EXAMPLES, example, example_request
from .model import SHAPES, Member, members

Path = tuple["str | int", ...]

#: JSON values of another type than the shape's.
_OTHER_TYPES: dict[str, tuple[Any, ...]] = {
    "structure": ([], "x"),
    "map": ([], True),
    "list": ({}, "x"),
    "string": (7, True, {}),
    "integer": ("7", 1.5, True),
    "long": ("7", 1.5, True),
    "double": ("7", True),
    "float": ("7", True),
    "boolean": ("true", 1),
    "timestamp": ("2026-01-01T00:00:00Z", True, {}),
}

#: Numbers that no type of the protocol holds.
_HUGE = (10**30, -(10**30))
_NO_DATES = (*_HUGE, 1e300, -1e300, 253402300800)  # the last is the first second of the year 10000


@dataclass(frozen=True)
class WrongValue:
    """One case: the request, and the parameter that the refusal has to name."""

    operation: str
    kind: str
    parameter: str
    values: dict[str, Any]
    value: Any = None

    def __str__(self) -> str:
        return f"{self.operation} {self.kind} {self.parameter}={self.value!r:.60}"


KINDS = (
    "missing member",
    "null",
    "wrong type",
    "too short",
    "too long",
    "no match of the pattern",
    "ARN of another kind",
    "no value of the enumeration",
    "out of range",
    "lone surrogate",
)


@cache
def wrong_values(operation: str) -> dict[str, list[WrongValue]]:
    """The cases of an operation by kind. Everything but the one value is valid, all optional members included."""
    cases: dict[str, list[WrongValue]] = {kind: [] for kind in KINDS}
    complete = example_request(operation, full=True)

    def replaced(path: Path, value: Any) -> dict[str, Any]:
        values: dict[str, Any] = copy.deepcopy(complete)
        target: Any = values
        for step in path[:-1]:
            target = target[step]
        if value is _ABSENT:
            del target[path[-1]]
        else:
            target[path[-1]] = value
        return values

    for member in members(operation):
        for path, shape_name, required in _positions((member.name,), member.shape, member.required):
            for kind, value, below in _broken(shape_name, required, member):
                parameter = _spelled(path) + below
                if member.location == "uri" and (value is _ABSENT or value == ""):
                    continue  # another path, which means no operation
                cases[kind].append(WrongValue(operation, kind, parameter, replaced(path, value), value))
    return cases


class _Absent:
    def __repr__(self) -> str:
        return "<absent>"


_ABSENT = _Absent()


def _positions(path: Path, shape_name: str, required: bool) -> Iterator[tuple[Path, str, bool]]:
    yield path, shape_name, required
    shape = SHAPES[shape_name]
    if shape["type"] == "structure":
        for name, reference in shape["members"].items():
            yield from _positions((*path, name), reference["shape"], name in shape.get("required", ()))
    elif shape["type"] == "list":
        yield from _positions((*path, 0), shape["member"]["shape"], False)


def _broken(shape_name: str, required: bool, member: Member) -> Iterator[tuple[str, Any, str]]:
    """Kind, wrong value, and what the refusal names below the value's own path."""
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if required:
        yield "missing member", _ABSENT, ""
    if required and member.location == "body":
        yield "null", None, ""
    if member.location == "body":
        yield from (("wrong type", value, "") for value in _OTHER_TYPES[kind])
    if kind == "string":
        yield from _broken_texts(shape_name, member)
    elif kind in ("integer", "long", "float", "double"):
        yield from (("out of range", value, "") for value in _numbers_out_of_range(shape_name))
    elif kind == "timestamp":
        yield from (("out of range", value, "") for value in _NO_DATES)
    elif kind == "list":
        yield from _broken_lists(shape_name, member)
    elif kind == "map":
        yield from _broken_maps(shape_name)


def _broken_texts(shape_name: str, member: Member) -> Iterator[tuple[str, Any, str]]:
    shape = SHAPES[shape_name]
    low, high = shape.get("min", 0), shape.get("max")
    if low:
        yield "too short", "", ""
    if high is not None and (member.location == "body" or high < 5000):
        yield "too long", "a" * (high + 1), ""
    if "enum" in shape:
        yield from (("no value of the enumeration", text, "") for text in ("x", shape["enum"][0].swapcase(), ""))
    if member.location == "body":
        yield "lone surrogate", "\ud800" * max(low, 1), ""
    if "pattern" not in shape:
        return
    matches = re.compile(shape["pattern"]).fullmatch
    right = example(shape_name)
    for text in ("\0" * max(low, 1), right + "\n", " " + right, right + "\u00e9", "" if not low else "\0" * low):
        if not matches(text):
            yield "no match of the pattern", text, ""
    if right.startswith("arn:"):
        others = [arn for arn in _arns() if not matches(arn)]
        yield from (("ARN of another kind", arn, "") for arn in others[:: len(others) // 4 + 1])


@cache
def _arns() -> tuple[str, ...]:
    return tuple(sorted({text for text in EXAMPLES.values() if text.startswith("arn:")}))


def _numbers_out_of_range(shape_name: str) -> Iterator[float]:
    shape = SHAPES[shape_name]
    if "min" in shape:
        yield shape["min"] - 1
    if "max" in shape:
        yield shape["max"] + 1
    if shape["type"] in ("integer", "long"):
        bits = 32 if shape["type"] == "integer" else 64
        yield from (*_HUGE, 2 ** (bits - 1), -(2 ** (bits - 1)) - 1)


def _broken_lists(shape_name: str, member: Member) -> Iterator[tuple[str, Any, str]]:
    shape = SHAPES[shape_name]
    if shape.get("min") and member.location == "body":
        yield "too short", [], ""
    item = example(shape["member"]["shape"])
    if "max" in shape:
        yield "too long", [item] * (shape["max"] + 1), ""
    if member.location == "body":
        yield "null", [None], "[0]"


def _broken_maps(shape_name: str) -> Iterator[tuple[str, Any, str]]:
    shape = SHAPES[shape_name]
    key_shape, value_shape = shape["key"]["shape"], shape["value"]["shape"]
    key = example(key_shape)
    if "max" in shape:
        yield "too long", {f"{key}{number}": "x" for number in range(shape["max"] + 1)}, ""
    # What is wrong with a key is said of the map, what is wrong with a value of its key.
    yield from ((kind, {text: "x"}, "") for kind, text, _ in _broken_texts(key_shape, _IN_BODY))
    yield from ((kind, {key: text}, f".{key}") for kind, text, _ in _broken_texts(value_shape, _IN_BODY))
    yield from (("wrong type", {key: value}, f".{key}") for value in _OTHER_TYPES["string"])


_IN_BODY = Member("", "", "body", required=False)


def _spelled(path: Path) -> str:
    """``("distributions", 0, "region")`` as the service writes it: ``distributions[0].region``."""
    text = str(path[0])
    for step in path[1:]:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text
