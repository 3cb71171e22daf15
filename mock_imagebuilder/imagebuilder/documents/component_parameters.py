"""The ``parameters`` and ``constants`` of component documents.

Rules: the AWSTOE page on variables in custom component documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import DocumentError
from .structure import is_name, map_of, shown

_MAX_DESCRIPTION = 1024


@dataclass(frozen=True)
class Parameter:
    """A parameter that a recipe can set; values are the text of the document, as it was written there."""

    name: str
    type: str
    default: str | None
    description: str | None
    allowed_values: tuple[str, ...]


def parse_parameters(declared: object, written: object) -> tuple[Parameter, ...]:
    """Return the parameters under the key ``parameters``.

    ``declared`` is the value of the key, ``written`` the same value with its scalars as they were written.
    Raises DocumentError for another structure than a list of maps with one key each, and for a name, type, default,
    description or list of allowed values that breaks a rule.
    """
    if declared is None:
        return ()
    pairs = zip(_entries(declared, "parameters"), _entries(written, "parameters"), strict=True)
    return tuple(_parameter(name, given, texts) for (name, given), (_, texts) in pairs)


def constant_names(declared: object) -> tuple[str, ...]:
    """Return the names under the key ``constants``; each constant has a type and a value.

    Raises DocumentError as for parameters.
    """
    if declared is None:
        return ()
    names: list[str] = []
    for name, given in _entries(declared, "constants"):
        constant = map_of(given, f"The constant '{name}'", ("type", "value"))
        _check_type("constant", name, constant.get("type"))
        if not _is_scalar(constant.get("value")):
            raise DocumentError(f"The constant '{name}' requires text as 'value'.")
        names.append(name)
    return tuple(names)


def check_unique_names(names: tuple[str, ...]) -> None:
    """Refuse a name that two parameters, two constants, or a parameter and a constant share."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DocumentError(f"The name '{name}' of a parameter or constant is not unique in the document.")
        seen.add(name)


def _entries(declared: object, section: str) -> list[tuple[str, object]]:
    if not isinstance(declared, list):
        raise DocumentError(f"The '{section}' of the document must be a list of maps with one key each.")
    entries: list[tuple[str, object]] = []
    for entry in declared:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise DocumentError(f"The '{section}' of the document must be a list of maps with one key each.")
        name, given = next(iter(entry.items()))
        if not is_name(name) or not 3 <= len(name) <= 128:
            raise DocumentError(
                f"Invalid name '{name}' in '{section}'. A name has 3 to 128 characters, which are numbers [0-9], "
                "english letters [a-z,A-Z] and special characters [-_]."
            )
        entries.append((name, given))
    return entries


def _parameter(name: str, given: object, texts: object) -> Parameter:
    keys = ("type", "default", "description", "allowedValues")
    parameter = map_of(given, f"The parameter '{name}'", keys)
    written = map_of(texts, f"The parameter '{name}'", keys)
    _check_type("parameter", name, parameter.get("type"))
    default = _default(name, parameter.get("default"), written.get("default"))
    allowed_values = _allowed_values(name, parameter.get("allowedValues"), written.get("allowedValues"))
    if allowed_values and default is not None and default not in allowed_values:
        raise DocumentError(
            f"The default '{default}' of parameter '{name}' is not one of its allowed values: "
            f"{', '.join(allowed_values)}."
        )
    description = _description(name, parameter.get("description"), written.get("description"))
    return Parameter(name, "string", default, description, allowed_values)


def _check_type(kind: str, name: str, type_: object) -> None:
    if type_ != "string":
        raise DocumentError(f"The type {shown(type_)} of {kind} '{name}' is not supported. Supported types: string.")


def _default(name: str, value: object, text: Any) -> str | None:
    if value is None:
        return None
    if not _is_scalar(value):
        raise DocumentError(f"The default of parameter '{name}' must be text, not {shown(value)}.")
    return str(text)


def _description(name: str, value: object, text: Any) -> str | None:
    if value is None or value == "":
        return None
    if not _is_scalar(value) or len(text) > _MAX_DESCRIPTION:
        raise DocumentError(f"The description of parameter '{name}' must be text of at most 1024 characters.")
    return str(text)


def _allowed_values(name: str, values: object, texts: Any) -> tuple[str, ...]:
    if values is None:
        return ()
    if not isinstance(values, list) or not values or not all(map(_is_scalar, values)):
        raise DocumentError(f"The allowed values of parameter '{name}' must be a list with at least one text.")
    return tuple(texts)


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float))
