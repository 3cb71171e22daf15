"""Readers compiled from the model's shapes: each checks a JSON value and returns it without what the model lacks.

Members that the shape does not have are dropped, as the service's protocol does; ``null`` is an absent member. The
sentences follow the one that is recorded of the service (``... must match pattern ...``); patterns must match the whole
value.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .model import ApiModel, Shape

#: Takes a value and its path; gives what is to be kept of the value, None if that counts as absent.
Reader = Callable[[Any, str], Any]


class Refusal(Exception):
    """A value breaks the model. Becomes the operation's modelled error in :func:`.requests.read_request`."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(path, rule)
        self.path = path
        self.rule = rule


@dataclass(frozen=True)
class Member:
    """One member of a request: where it travels, and what reads it."""

    name: str
    location: str  # "body", "querystring" or "uri"
    wire_name: str
    required: bool
    is_list: bool
    read: Reader


def compile_members(model: ApiModel, shape_name: str) -> tuple[Member, ...]:
    """The members of a request's structure."""
    shape = model.shape(shape_name)
    required = set(shape.get("required", ()))
    return tuple(
        Member(
            name=name,
            location=reference.get("location", "body"),
            wire_name=reference.get("locationName", name),
            required=name in required,
            is_list=model.shape(reference["shape"])["type"] == "list",
            read=compile_reader(model, reference["shape"]),
        )
        for name, reference in shape.get("members", {}).items()
    )


def compile_reader(model: ApiModel, shape_name: str) -> Reader:
    """A reader of JSON values of this shape. Raises :class:`Refusal`."""
    shape = model.shape(shape_name)
    return _COMPILERS[shape["type"]](model, shape)


def _structure(model: ApiModel, shape: Shape) -> Reader:
    members = {name: compile_reader(model, reference["shape"]) for name, reference in shape.get("members", {}).items()}
    required = tuple(shape.get("required", ()))

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise Refusal(path, "must be an object")
        result = {}
        # In the model's order: the same parameters read as the same request, in whatever order they came.
        for name, reader in members.items():
            item = value.get(name)
            if item is not None and (known := reader(item, f"{path}.{name}")) is not None:
                result[name] = known
        for name in required:
            if name not in result:
                raise Refusal(f"{path}.{name}", "is required")
        return result

    return read


def _list(model: ApiModel, shape: Shape) -> Reader:
    reader = compile_reader(model, shape["member"]["shape"])
    check_size = _size(shape, "have", "entries")

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise Refusal(path, "must be a list")
        check_size(len(value), path)
        result = []
        for number, item in enumerate(value):
            if item is None:
                raise Refusal(f"{path}[{number}]", "must not be null")
            result.append(reader(item, f"{path}[{number}]"))
        return result

    return read


def _map(model: ApiModel, shape: Shape) -> Reader:
    read_key = compile_reader(model, shape["key"]["shape"])
    read_item = compile_reader(model, shape["value"]["shape"])
    check_size = _size(shape, "have", "entries")

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            raise Refusal(path, "must be an object")
        entries = {
            read_key(key, path): read_item(item, f"{path}.{key}")
            for key, item in sorted(value.items())
            if item is not None
        }
        # `tags: {}` is how clients spell "no tags"; the model's minimum of one entry makes it an absent member.
        if not entries:
            return None
        check_size(len(entries), path)
        return entries

    return read


def _string(_model: ApiModel, shape: Shape) -> Reader:
    check_size = _size(shape, "have", "characters")
    has_size = "min" in shape or "max" in shape
    values = frozenset(shape.get("enum", ()))
    enumeration = ", ".join(shape.get("enum", ()))
    pattern = shape.get("pattern")
    fullmatch = re.compile(pattern).fullmatch if pattern else None

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, str):
            raise Refusal(path, "must be a string")
        if not value.isascii():
            _require_unicode(value, path)
        if values and value not in values:
            raise Refusal(path, f"must be one of: {enumeration}")
        if has_size:
            check_size(len(value), path)
        if fullmatch is not None and fullmatch(value) is None:
            raise Refusal(path, f"must match pattern {pattern}")
        return value

    return read


def _require_unicode(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refusal(path, "must be valid Unicode text") from None


def _integer(_model: ApiModel, shape: Shape) -> Reader:
    check_range = _size(shape, "be", "")
    bits = 32 if shape["type"] == "integer" else 64
    limit = 2 ** (bits - 1)

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Refusal(path, "must be an integer")
        check_range(value, path)
        if not -limit <= value < limit:
            raise Refusal(path, f"must be an integer of {bits} bits")
        return value

    return read


def _float(_model: ApiModel, shape: Shape) -> Reader:
    check_range = _size(shape, "be", "")

    def read(value: Any, path: str) -> Any:
        # JSON has no limit, so 1e999 reads as infinity, and a whole number can be beyond every double.
        if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > sys.float_info.max:
            raise Refusal(path, "must be a number")
        check_range(value, path)
        return value

    return read


def _boolean(_model: ApiModel, _shape: Shape) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, bool):
            raise Refusal(path, "must be a boolean")
        return value

    return read


def _timestamp(_model: ApiModel, _shape: Shape) -> Reader:
    def read(value: Any, path: str) -> Any:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise Refusal(path, "must be a timestamp in seconds since 1970")
        try:
            return datetime.fromtimestamp(value, timezone.utc)
        except (OverflowError, ValueError, OSError):
            raise Refusal(path, "must be a timestamp in seconds since 1970") from None

    return read


def _size(shape: Shape, verb: str, unit: str) -> Callable[[float, str], None]:
    low, high = shape.get("min"), shape.get("max")
    suffix = f" {unit}" if unit else ""
    if low is not None and high is not None:
        rule = f"must {verb} between {low} and {high}{suffix}"
    elif low is not None:
        rule = f"must {verb} at least {low}{suffix}"
    else:
        rule = f"must {verb} at most {high}{suffix}"

    def check(size: float, path: str) -> None:
        if (low is not None and size < low) or (high is not None and size > high):
            raise Refusal(path, rule)

    return check


_COMPILERS: Mapping[str, Callable[[ApiModel, Shape], Reader]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "double": _float,
    "float": _float,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
