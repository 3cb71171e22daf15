"""Reads the properties of a template as members of the API: ``ParentImage`` is ``parentImage``.

The two differ in their names' first letters and in few other places. CloudFormation is liberal with scalars: numbers and
booleans may be given as text, and text as a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ..api import load_model
from .failures import extraneous, not_an_object

#: Members that properties have other names for, by the shape that has them. In requests (None), a version is a ``Version``.
_RENAMED: Mapping[str | None, Mapping[str, str]] = {
    None: {"semanticVersion": "Version"},
    "AmiDistributionConfiguration": {"launchPermission": "LaunchPermissionConfiguration"},
}
#: Members that no property sets.
_WITHOUT_PROPERTY: Mapping[str | None, frozenset[str]] = {
    None: frozenset({"clientToken", "dryRun"}),
    "Distribution": frozenset({"s3ExportConfiguration"}),
    "ImageScanningConfiguration": frozenset({"imageScanningTypes", "scanResultCondition"}),
}
#: These were free-form JSON once, and templates have them in the API's own names too.
_FREE_FORM = ("AmiDistributionConfiguration", "ContainerDistributionConfiguration")


def members_of(operation_name: str, properties: Mapping[str, Any], rules: list[str]) -> dict[str, Any]:
    """The members of a create request.

    :param rules: takes a line for every property that the type does not have.
    """
    shape_name = load_model().operations[operation_name]["input"]["shape"]
    return _Reader(rules).structure(shape_name, None, properties, "#", False)


def member_name(property_name: str) -> str:
    return property_name[0].lower() + property_name[1:]


def as_boolean(value: Any) -> Any:
    """``"true"`` and ``"false"`` are booleans, everything else is what it is."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


@cache
def _members(shape_name: str, key: str | None) -> Mapping[str, str]:
    """The members of a structure by the names of the properties that set them."""
    renamed, hidden = _RENAMED.get(key, {}), _WITHOUT_PROPERTY.get(key, frozenset())
    names = load_model().shape(shape_name)["members"].keys() - hidden
    return {renamed.get(name) or name[0].upper() + name[1:]: name for name in names}


class _Reader:
    def __init__(self, rules: list[str]) -> None:
        self._rules = rules

    def structure(
        self, shape_name: str, key: str | None, properties: Mapping[str, Any], path: str, is_free: bool
    ) -> dict[str, Any]:
        """
        :param key: the key to the tables above.
        :param is_free: whether the API's own names will do.
        """
        known, shapes = _members(shape_name, key), load_model().shape(shape_name)["members"]
        members: dict[str, Any] = {}
        for name, value in properties.items():
            member = name if is_free and name in shapes else known.get(name)
            if member is None:
                self._rules.append(extraneous(path, name))
            else:
                members[member] = self._value(shapes[member]["shape"], value, f"{path}/{name}", is_free)
        return members

    def _value(self, shape_name: str, value: Any, path: str, is_free: bool) -> Any:
        shape = load_model().shape(shape_name)
        kind = shape["type"]
        if kind == "structure" and not isinstance(value, Mapping):
            self._rules.append(not_an_object(path, value))
            return value
        if kind == "structure":
            return self.structure(shape_name, shape_name, value, path, is_free or shape_name in _FREE_FORM)
        if kind == "list" and isinstance(value, list):
            item = shape["member"]["shape"]
            # An entry that is ``AWS::NoValue`` is none.
            entries = [entry for entry in value if entry is not None]
            return [self._value(item, entry, f"{path}/{number}", is_free) for number, entry in enumerate(entries)]
        if kind == "map" and isinstance(value, Mapping):
            item = shape["value"]["shape"]
            return {str(key): self._value(item, entry, f"{path}/{key}", is_free) for key, entry in value.items()}
        return _scalar(kind, value)


def _scalar(kind: str, value: Any) -> Any:
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, (int, float)):
        return str(value)
    if kind == "boolean":
        return as_boolean(value)
    if kind in ("integer", "long") and isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value[:20])  # longer is out of range in any case
    return value
