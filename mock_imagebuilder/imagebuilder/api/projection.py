"""Projection: what a record shows in a given answer is what the answer's shape has, and nothing else.

A family keeps one record per resource in the API's own member names. Get, List and summary entries are projections of it
onto their shapes, compiled once per shape from the model. What is projected is meant to be written at once: maps and lists
of plain values are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .model import ApiModel

Projector = Callable[[Any], Any]


def compile_projector(model: ApiModel, shape_name: str) -> Projector:
    shape = model.shape(shape_name)
    if shape["type"] == "structure":
        return _structure(model, shape)
    if shape["type"] == "list":
        item = compile_projector(model, shape["member"]["shape"])
        return _as_is if item is _as_is else lambda value: [item(entry) for entry in value]
    if shape["type"] == "timestamp":
        return _epoch_seconds
    return _as_is


def _structure(model: ApiModel, shape: Mapping[str, Any]) -> Projector:
    members = {name: compile_projector(model, reference["shape"]) for name, reference in shape["members"].items()}
    if all(projector is _as_is for projector in members.values()):
        return _plain_structure(frozenset(members))

    def apply(record: Any) -> Any:
        result = {}
        for name, value in record.items():
            projector = members.get(name)
            if projector is not None and value is not None:
                result[name] = value if projector is _as_is else projector(value)
        return result

    return apply


def _plain_structure(members: frozenset[str]) -> Projector:
    """Lists are made of these. What a record has too much depends on its members alone, and most records have the same."""
    known: dict[tuple[str, ...], list[str]] = {}

    def apply(record: Any) -> Any:
        names = tuple(record)
        surplus = known.get(names)
        if surplus is None:
            surplus = known[names] = [name for name in names if name not in members]
        result = record.copy()
        for name in surplus:
            del result[name]
        if None in result.values():
            return {name: value for name, value in result.items() if value is not None}
        return result

    return apply


def _as_is(value: Any) -> Any:
    return value


def _epoch_seconds(value: datetime) -> float:
    return round(value.timestamp(), 3)
