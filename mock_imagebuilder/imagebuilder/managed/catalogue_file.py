"""Reads catalogue files: the shipped ``images.json``, ``components.json`` and ``workflows.json``, and files of the same
form from users.

A file is a JSON object with ``images``, ``components`` and ``workflows``, each a list with one object per name::

    {"images": [{"slug": "team-base-x86", "name": "Team Base x86", "platform": "Linux", "type": "AMI",
                 "versions": [{"version": "2025.10.15", "dateCreated": "2025-10-15T00:00:00.000Z"}]}]}

The members are the fields of ``ManagedImage``, ``ManagedComponent`` and ``ManagedWorkflow`` in camel case;
``productCodes`` has the form of the API. The ``data`` of the shipped workflows is in files of its own, in ``workflows/``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .entries import (
    ComponentParameter,
    ManagedComponent,
    ManagedImage,
    ManagedVersion,
    ManagedWorkflow,
    ProductCode,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

_HERE = Path(__file__).parent
_KINDS = ("images", "components", "workflows")
_KINDS_IN_WORDS = "'images', 'components' and 'workflows'"
_Built = TypeVar("_Built")


@cache
def shipped_images() -> tuple[ManagedImage, ...]:
    """The managed images that come with the package."""
    return tuple(_images(_json_object(_HERE / "images.json")))


@cache
def shipped_components() -> tuple[ManagedComponent, ...]:
    """The managed, third-party and Marketplace components that come with the package."""
    return tuple(_components(_json_object(_HERE / "components.json")))


@cache
def shipped_workflows() -> tuple[ManagedWorkflow, ...]:
    """Amazon's workflows that come with the package."""
    document = _json_object(_HERE / "workflows.json")
    for entry in document["workflows"]:
        entry["data"] = (_HERE / "workflows" / f"{entry['slug']}.yaml").read_text(encoding="utf-8")
    return tuple(_workflows(document))


def load_catalogue_file(path: str | os.PathLike[str]) -> list[ManagedImage | ManagedComponent | ManagedWorkflow]:
    """The entries of a user's catalogue file, images first, then components.

    ValueError, with path, entry and member in its text, for anything that is not of the form above or breaks a rule of
    the service's names; OSError when the file cannot be read.
    """
    try:
        return read_catalogue(_json_object(Path(path)))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_catalogue(document: dict[str, Any]) -> list[ManagedImage | ManagedComponent | ManagedWorkflow]:
    """The same for the content of such a file.

    ValueError, with entry and member in its text, as for a file.
    """
    if unknown := sorted(document.keys() - set(_KINDS)):
        raise ValueError(f"unknown member {unknown[0]!r}; a catalogue file has {_KINDS_IN_WORDS}")
    workflows = _workflows(document)
    for index, workflow in enumerate(workflows):
        _require_document(f"workflows[{index}]", workflow)
    return [*_images(document), *_components(document), *workflows]


def _json_object(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"not a JSON text: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"must be a JSON object with {_KINDS_IN_WORDS}")
    return document


class _Members:
    """The members of one JSON object, taken out by name and type; what is left over at the end is unknown."""

    def __init__(self, label: str, value: object) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{label} must be an object")
        self._members = dict(value)
        self._position = label
        named = self._members.get("slug", self._members.get("name"))
        self._label = f"{label} ({named})" if isinstance(named, str) else label

    def required(self, member: str, type_: type) -> Any:
        if member not in self._members:
            raise ValueError(f"{self._label}: '{member}' is missing")
        return self._take(member, type_)

    def optional(self, **members: tuple[str, type]) -> dict[str, Any]:
        """Constructor arguments for those of ``members`` (argument: member and type) that the object has."""
        return {
            argument: self._take(member, type_)
            for argument, (member, type_) in members.items()
            if member in self._members
        }

    def texts(self, **members: str) -> dict[str, tuple[str, ...]]:
        """The same for lists of strings."""
        found = {}
        for argument, member in members.items():
            if member in self._members:
                values = self._take(member, list)
                if not all(isinstance(value, str) for value in values):
                    raise ValueError(f"{self._label}: '{member}' must be a list of strings")
                found[argument] = tuple(values)
        return found

    def objects(self, member: str) -> list[_Members]:
        """The objects in the list ``member``; none when it is absent."""
        values = self._take(member, list) if member in self._members else []
        return [_Members(f"{self._label}: {member}[{index}]", value) for index, value in enumerate(values)]

    def build(self, construct: Callable[..., _Built], **arguments: Any) -> _Built:
        """``construct(**arguments)`` once every member is taken, with the position put before a refusal."""
        if self._members:
            raise ValueError(f"{self._label}: unknown member {sorted(self._members)[0]!r}")
        try:
            return construct(**arguments)
        except ValueError as error:
            raise ValueError(f"{self._position}: {error}") from error

    def _take(self, member: str, type_: type) -> Any:
        value = self._members.pop(member)
        # bool is an int to Python, but 'true' is no build number.
        if not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
            words = {str: "a string", bool: "true or false", int: "a whole number", list: "a list"}
            raise ValueError(f"{self._label}: '{member}' must be {words[type_]}, not {json.dumps(value)}")
        return value


def _common(entry: _Members) -> dict[str, Any]:
    return {
        **{member: entry.required(member, str) for member in ("slug", "name", "platform", "type")},
        **entry.optional(owner=("owner", str), withdrawn=("withdrawn", bool), source=("source", str)),
        "versions": tuple(_version(version) for version in entry.objects("versions")),
    }


def _version(entry: _Members) -> ManagedVersion:
    return entry.build(
        ManagedVersion,
        version=entry.required("version", str),
        date_created=entry.required("dateCreated", str),
        **entry.optional(build=("build", int), seen=("seen", bool)),
    )


def _images(document: dict[str, Any]) -> list[ManagedImage]:
    return [
        entry.build(
            ManagedImage,
            **_common(entry),
            **entry.optional(
                os_version=("osVersion", str),
                architecture=("architecture", str),
                ami_owner=("amiOwner", str),
                ami_name=("amiName", str),
                root_device=("rootDevice", str),
                container_uri=("containerUri", str),
            ),
        )
        for entry in _entries(document, "images")
    ]


def _components(document: dict[str, Any]) -> list[ManagedComponent]:
    return [
        entry.build(
            ManagedComponent,
            **_common(entry),
            **entry.optional(
                description=("description", str),
                publisher=("publisher", str),
                obfuscate=("obfuscate", bool),
                data=("data", str),
            ),
            **entry.texts(supported_os_versions="supportedOsVersions"),
            parameters=tuple(_parameter(parameter) for parameter in entry.objects("parameters")),
            product_codes=tuple(_product_code(code) for code in entry.objects("productCodes")),
        )
        for entry in _entries(document, "components")
    ]


def _workflows(document: dict[str, Any]) -> list[ManagedWorkflow]:
    return [
        entry.build(
            ManagedWorkflow,
            **{member: entry.required(member, str) for member in ("slug", "name", "type", "data")},
            **entry.optional(description=("description", str), source=("source", str)),
            versions=tuple(_version(version) for version in entry.objects("versions")),
        )
        for entry in _entries(document, "workflows")
    ]


def _require_document(position: str, workflow: ManagedWorkflow) -> None:
    try:
        _ = workflow.document
    except ValueError as error:
        raise ValueError(f"{position}: {error}") from error


def _entries(document: dict[str, Any], kind: str) -> list[_Members]:
    entries = document.get(kind, [])
    if not isinstance(entries, list):
        raise ValueError(f"'{kind}' must be a list")
    return [_Members(f"{kind}[{index}]", value) for index, value in enumerate(entries)]


def _parameter(entry: _Members) -> ComponentParameter:
    return entry.build(
        ComponentParameter,
        name=entry.required("name", str),
        **entry.optional(type=("type", str), description=("description", str)),
        **entry.texts(default_value="defaultValue", allowed_values="allowedValues"),
    )


def _product_code(entry: _Members) -> ProductCode:
    return entry.build(
        ProductCode,
        product_code_id=entry.required("productCodeId", str),
        product_code_type=entry.required("productCodeType", str),
    )
