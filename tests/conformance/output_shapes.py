"""Says what is wrong with an answer, member by member, by the shapes of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .model import SHAPES

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float),
}


def faults(shape_name: str, value: Any, path: str = "") -> Iterator[str]:
    """One sentence for everything in a JSON value that is not as its shape says."""
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if not _is_of(kind, value):
        yield f"{path} is not of type {kind}: {value!r}"
        return
    if kind == "structure":
        yield from _faults_of_members(shape_name, value, path)
    elif kind == "list":
        yield from _faults_of_size(shape_name, len(value), path)
        for number, item in enumerate(value):
            yield from faults(shape["member"]["shape"], item, f"{path}[{number}]")
    elif kind == "map":
        for key, item in value.items():
            yield from faults(shape["key"]["shape"], key, f"{path}.{key}")
            yield from faults(shape["value"]["shape"], item, f"{path}.{key}")
    elif kind == "string":
        yield from _faults_of_size(shape_name, len(value), path)
        if "enum" in shape and value not in shape["enum"]:
            yield f"{path} is none of {shape['enum']}: {value!r}"
        if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
            yield f"{path} does not match {shape['pattern']}: {value!r}"
    elif kind not in ("boolean", "timestamp"):
        yield from _faults_of_size(shape_name, value, path)


def _is_of(kind: str, value: Any) -> bool:
    return isinstance(value, _JSON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _faults_of_members(shape_name: str, value: dict[str, Any], path: str) -> Iterator[str]:
    shape = SHAPES[shape_name]
    for name, item in value.items():
        if name not in shape["members"]:
            yield f"{path}.{name} is not in the shape {shape_name}"
        else:
            yield from faults(shape["members"][name]["shape"], item, f"{path}.{name}")
    yield from (f"{path}.{name} is missing" for name in shape.get("required", ()) if name not in value)


def _faults_of_size(shape_name: str, size: float, path: str) -> Iterator[str]:
    shape = SHAPES[shape_name]
    if not shape.get("min", size) <= size <= shape.get("max", size):
        yield f"{path} is not between {shape.get('min')} and {shape.get('max')}: {size}"
