"""The parameters of workflow documents: how they are declared, and the values that an image or a pipeline gives them.

Rules: the user guide's page on workflow documents; the limits are those of "Workflow resource constraints" there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import DocumentError
from .structure import is_name, map_of, shown

if TYPE_CHECKING:
    from .workflow import WorkflowDocument

MAX_PARAMETERS = 25
MAX_VALUE_LENGTH = 1024
_MAX_NAME = 128
_MAX_DESCRIPTION = 1024
_TYPES = ("string", "integer", "boolean", "stringList")
_KEYS = ("name", "type", "default", "description")
_INTEGER = re.compile(r"-?[0-9]{1,64}")
_BOOLEANS = {"true": True, "false": False}

Value = str | int | bool | tuple[str, ...]


class ParameterMismatchError(ValueError):
    """Values for parameters that the document does not declare, or none for one that needs a value."""


@dataclass(frozen=True)
class WorkflowParameter:
    """A declared parameter; a ``default`` of None means that it needs a value."""

    name: str
    type: str
    default: Value | None
    description: str | None


def parse_workflow_parameters(declared: object) -> tuple[WorkflowParameter, ...]:
    """Return the parameters under the key ``parameters``.

    Raises DocumentError for more than 25, for a name that is there twice, for an unknown type, and for a default of
    another type than the parameter's.
    """
    if declared is None:
        return ()
    if not isinstance(declared, list):
        raise DocumentError("The 'parameters' of the document must be a list of maps.")
    if len(declared) > MAX_PARAMETERS:
        raise DocumentError(f"A workflow can have at most {MAX_PARAMETERS} parameters.")
    parameters: dict[str, WorkflowParameter] = {}
    for entry in declared:
        parameter = _parameter(entry)
        if parameter.name in parameters:
            raise DocumentError(f"The parameter name '{parameter.name}' is not unique in the document.")
        parameters[parameter.name] = parameter
    return tuple(parameters.values())


def workflow_parameter_details(document: WorkflowDocument) -> list[dict[str, object]]:
    """The parameters as the API's list of WorkflowParameterDetail: defaults are lists of texts, whatever the type."""
    details: list[dict[str, object]] = []
    for parameter in document.parameters:
        detail: dict[str, object] = {"name": parameter.name, "type": parameter.type}
        if parameter.default is not None:
            detail["defaultValue"] = _as_texts(parameter.default)
        if parameter.description is not None:
            detail["description"] = parameter.description
        details.append(detail)
    return details


def workflow_parameter_values(document: WorkflowDocument, given: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """The value of every parameter by name, of the parameter's type: those given, or else the defaults.

    :param given: the API's list of WorkflowParameter: maps with ``name``, and ``value`` as a list of texts.
    :raises ParameterMismatchError: a parameter is not the document's, or one without a default has no value.
    :raises ValueError: a parameter is given twice, or with a value of another type.
    """
    declared = {parameter.name: parameter for parameter in document.parameters}
    names = [entry["name"] for entry in given]
    unknown = [name for name in names if name not in declared]
    if unknown:
        raise ParameterMismatchError(
            f"The following parameters are not defined in the provided workflow: {', '.join(unknown)}"
        )
    missing = [name for name, parameter in declared.items() if parameter.default is None and name not in names]
    if missing:
        raise ParameterMismatchError(
            f"The following parameters of the provided workflow require a value: {', '.join(missing)}"
        )
    if len(set(names)) < len(names):
        raise ValueError("A parameter may be specified at most once")
    values = {name: parameter.default for name, parameter in declared.items()}
    values |= {entry["name"]: _given_value(declared[entry["name"]], entry["value"]) for entry in given}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _parameter(entry: object) -> WorkflowParameter:
    if not isinstance(entry, dict):
        raise DocumentError(f"A parameter of the document must be a map, not {shown(entry)}.")
    name = entry.get("name")
    if not is_name(name) or len(name) > _MAX_NAME:
        raise DocumentError(
            f"Invalid parameter name {shown(name)}. A name has 1 to {_MAX_NAME} characters, which are numbers [0-9], "
            "english letters [a-z,A-Z] and special characters [-_]."
        )
    what = f"The parameter '{name}'"
    map_of(entry, what, _KEYS)
    # A parameter that names no type is text.
    type_ = entry.get("type", "string")
    if type_ not in _TYPES:
        raise DocumentError(
            f"The type {shown(type_)} of parameter '{name}' is not supported. Supported types: {', '.join(_TYPES)}."
        )
    default = entry.get("default")
    if default is not None:
        default = _default(name, type_, default)
    description = entry.get("description")
    if description is not None and not (isinstance(description, str) and len(description) <= _MAX_DESCRIPTION):
        raise DocumentError(
            f"The description of parameter '{name}' must be text of at most {_MAX_DESCRIPTION} characters."
        )
    return WorkflowParameter(name, type_, default, description)


def _default(name: str, type_: str, given: object) -> Value:
    value = _typed(type_, given)
    if value is None:
        raise DocumentError(f"The default of parameter '{name}' must be of the type {type_}, not {shown(given)}.")
    if any(len(text) > MAX_VALUE_LENGTH for text in _as_texts(value)):
        raise DocumentError(f"The default of parameter '{name}' can have at most {MAX_VALUE_LENGTH} characters.")
    return value


def _typed(type_: str, given: object) -> Value | None:
    """The value itself when it is of the type, a list as a tuple; None when it is of another."""
    if type_ == "stringList":
        return tuple(given) if isinstance(given, list) and all(isinstance(each, str) for each in given) else None
    if type_ == "boolean":
        return given if isinstance(given, bool) else None
    if type_ == "integer":
        return given if isinstance(given, int) and not isinstance(given, bool) else None
    return given if isinstance(given, str) else None


def _given_value(parameter: WorkflowParameter, texts: Sequence[str]) -> Value:
    """:raises ValueError: the texts are no value of the parameter's type."""
    if any(len(text) > MAX_VALUE_LENGTH for text in texts):
        raise ValueError(f"The value of parameter '{parameter.name}' can have at most {MAX_VALUE_LENGTH} characters.")
    if parameter.type == "stringList":
        return tuple(texts)
    if len(texts) != 1:
        raise ValueError(f"The parameter '{parameter.name}' of type {parameter.type} requires exactly one value.")
    text = texts[0]
    if parameter.type == "integer" and not _INTEGER.fullmatch(text):
        raise ValueError(f"The value of parameter '{parameter.name}' must be an integer.")
    if parameter.type == "boolean" and text not in _BOOLEANS:
        raise ValueError(f"The value of parameter '{parameter.name}' must be true or false.")
    if parameter.type == "integer":
        return int(text)
    return _BOOLEANS[text] if parameter.type == "boolean" else text


def _as_texts(value: Value) -> list[str]:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(value)]
