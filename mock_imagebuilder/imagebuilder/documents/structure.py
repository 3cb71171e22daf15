"""Checks on the maps and lists of a document that its several parts share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from .errors import DocumentError
from .yaml_loader import load_yaml

if TYPE_CHECKING:
    from collections.abc import Collection

_NAME = re.compile("[0-9A-Za-z_-]+")

# The service's own words in its refusal of a step name.
ALLOWED_CHARACTERS = (
    "Allowed characters are combinations of numbers [0-9], english letters [a-z,A-Z] and special characters [-_]."
)


def is_name(value: object) -> TypeGuard[str]:
    """Whether the value is text of the characters that names of steps, phases, loops and variables may have."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def map_of(value: object, what: str, known_keys: Collection[str]) -> dict[str, Any]:
    """Return ``value`` when it is a map without unknown keys; ``what`` names it at the start of the refusal."""
    if not isinstance(value, dict):
        raise DocumentError(f"{what} must be a map.")
    for key in value:
        if key not in known_keys:
            raise DocumentError(f"{what} has the unknown key '{key}'.")
    return value


def list_of(value: object, what: str) -> list[Any]:
    """Return ``value`` when it is a list with at least one entry; ``what`` names it at the start of the refusal."""
    if not isinstance(value, list) or not value:
        raise DocumentError(f"{what} must be a list with at least one entry.")
    return value


def shown(value: object) -> str:
    """The value as a refusal shows it: text in quotes, numbers bare, anything else by its kind."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"'{value}'"
    return "null" if value is None else str(value)


def _check_schema_version(version: object) -> None:
    """Refuse another schema version than 1.0, the only one of components and workflows."""
    # Terraform's yamlencode writes the number 1.0 as 1.
    is_number = isinstance(version, (int, float)) and not isinstance(version, bool)
    if version != "1.0" and not (is_number and version == 1):
        raise DocumentError("Invalid schema version. Supported versions include: 1.0.")


def open_document(text: str, keys: Collection[str]) -> dict[str, Any]:
    """The map that the YAML or JSON of a component or workflow stands for; ``keys`` are those of its top level.

    Raises DocumentError if it is no map, of another schema version, or has other keys.
    """
    document = load_yaml(text)
    if not isinstance(document, dict):
        raise DocumentError("The document must be a map.")
    _check_schema_version(document.get("schemaVersion"))
    return map_of(document, "The document", keys)


def optional_text(document: dict[str, Any], key: str) -> str | None:
    """The text under a key of the document's top level, None without one; numbers count as text."""
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, (str, int, float)):
        raise DocumentError(f"The '{key}' of the document must be text, not {shown(value)}.")
    return str(value)
