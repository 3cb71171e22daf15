"""The action modules of component documents: where each one runs and which inputs it takes.

The table itself is ``actions.json``; it follows the AWSTOE pages on action modules of the user guide. Its value types
are the plain ones below and the named ones under ``valueTypes``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .component_conditions import check_comparison
from .component_references import has_reference
from .errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class ValueType:
    """A text with a rule: one of ``values``, or with one of ``prefixes`` or ``suffixes``."""

    values: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    ignore_case: bool = False

    def allows(self, text: str) -> bool:
        fold = str.lower if self.ignore_case else str
        folded = fold(text)
        return (
            folded in map(fold, self.values)
            or any(folded.startswith(fold(prefix)) for prefix in self.prefixes)
            or any(folded.endswith(fold(suffix)) for suffix in self.suffixes)
        )

    @property
    def rule(self) -> str:
        """What a value must be, to finish the sentence ``must be ...``."""
        if self.values:
            return f"one of {', '.join(self.values)}"
        if self.prefixes:
            return f"text that starts with one of {', '.join(self.prefixes)}"
        return f"text that ends with {', '.join(self.suffixes)}"


@dataclass(frozen=True)
class ActionModule:
    """One action module: its platforms, the form of its inputs, and the type of each input by name."""

    name: str
    platforms: tuple[str, ...]
    form: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    exactly_one_of: tuple[str, ...]
    together: tuple[str, ...]
    only_timeout_seconds: int | None
    only_max_attempts: int | None

    @property
    def requires_inputs(self) -> bool:
        return self.form == "comparison" or bool(self.required) or bool(self.exactly_one_of)


def action_module(name: str, platform: str) -> ActionModule:
    """Return the module of the action ``name`` for the platform ``Linux``, ``Windows`` or ``macOS``.

    Raises DocumentError when the action does not exist or does not run on the platform.
    """
    module = _action_modules().get(name)
    if module is None or platform not in module.platforms:
        raise DocumentError(f"Unsupported action {name} for os platform {platform.lower()}.")
    return module


def check_inputs(module: ActionModule, inputs: object) -> None:
    """Check the ``inputs`` of a step against its action module.

    Raises DocumentError for missing, unknown or ill-typed inputs. A value that contains a ``{{ }}`` expression is only
    known at run time, so that its text is not checked.
    """
    if inputs is None or inputs in ([], {}):
        if module.requires_inputs:
            raise DocumentError(f"Action {module.name} has no inputs; it requires an 'inputs'")
        return
    if module.form == "list":
        if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
            raise DocumentError(f"The 'inputs' of action {module.name} must be a list of maps.")
        for operation in inputs:
            _check_operation(module, operation)
    elif not isinstance(inputs, dict):
        raise DocumentError(f"The 'inputs' of action {module.name} must be a map.")
    elif module.form == "comparison":
        check_comparison(inputs)
    else:
        _check_operation(module, inputs)


def _check_operation(module: ActionModule, operation: Mapping[str, object]) -> None:
    given = {name: value for name, value in operation.items() if value is not None}
    types = {**module.required, **module.optional}
    for name in operation:
        if name not in types:
            raise DocumentError(f"Action {module.name} does not support the input '{name}'.")
    for name in module.required:
        if name not in given:
            raise DocumentError(f"Action {module.name} requires the input '{name}'.")
    if module.exactly_one_of and sum(name in given for name in module.exactly_one_of) != 1:
        raise DocumentError(f"Action {module.name} requires exactly one of {_quoted(module.exactly_one_of)}.")
    if module.together and len({name in given for name in module.together}) > 1:
        raise DocumentError(f"Action {module.name} requires {_quoted(module.together)} together or not at all.")
    for name, value in given.items():
        rule = _broken_rule(types[name], value)
        if rule is not None:
            raise DocumentError(f"The input '{name}' of action {module.name} must be {rule}.")


def _broken_rule(type_name: str, value: object) -> str | None:
    """The rule of the type that the value breaks, to finish the sentence ``must be ...``; None when it keeps it."""
    if type_name in _PLAIN_TYPES:
        rule, keeps = _PLAIN_TYPES[type_name]
        return None if keeps(value) else rule
    if isinstance(value, str) and has_reference(value):
        return None
    named = _value_types()[type_name]
    return None if isinstance(value, str) and named.allows(value) else named.rule


def _is_scalar(value: object) -> bool:
    """YAML reads ``0777`` and ``123456789012`` as numbers where the module wants text, and AWS's examples have both."""
    return isinstance(value, (str, int, float))


def _is_boolean(value: object) -> bool:
    is_text = isinstance(value, str) and (value.lower() in ("true", "false") or has_reference(value))
    return isinstance(value, bool) or is_text


def _is_whole_number(value: object) -> bool:
    if isinstance(value, str):
        return (value.isascii() and value.isdecimal()) or has_reference(value)
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_list_of_scalars(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_scalar, value))


def _is_document_parameters(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and each.keys() == {"name", "value"} and all(map(_is_scalar, each.values()))
        for each in value
    )


_PLAIN_TYPES = {
    "string": ("text", _is_scalar),
    "boolean": ("true or false", _is_boolean),
    "wholeNumber": ("a whole number of at least 0", _is_whole_number),
    "stringList": ("a list of texts", _is_list_of_scalars),
    "commands": ("a list of at least one text", lambda value: bool(value) and _is_list_of_scalars(value)),
    "stringMap": ("a map of texts", lambda value: isinstance(value, dict) and all(map(_is_scalar, value.values()))),
    "documentParameters": ("a list of maps with 'name' and 'value'", _is_document_parameters),
    "registryValue": ("text, a number or a list", lambda value: _is_scalar(value) or _is_list_of_scalars(value)),
}


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(files(__name__.rpartition(".")[0]).joinpath("actions.json").read_text("utf-8"))
    return table


@cache
def _value_types() -> Mapping[str, ValueType]:
    return {
        name: ValueType(
            values=tuple(entry.get("values", ())),
            prefixes=tuple(entry.get("prefixes", ())),
            suffixes=tuple(entry.get("suffixes", ())),
            ignore_case=entry.get("ignoreCase", False),
        )
        for name, entry in _table()["valueTypes"].items()
    }


@cache
def _action_modules() -> Mapping[str, ActionModule]:
    return {
        name: ActionModule(
            name=name,
            platforms=tuple(entry["platforms"]),
            form=entry["form"],
            required=entry.get("required", {}),
            optional=entry.get("optional", {}),
            exactly_one_of=tuple(entry.get("exactlyOneOf", ())),
            together=tuple(entry.get("together", ())),
            only_timeout_seconds=entry.get("onlyTimeoutSeconds"),
            only_max_attempts=entry.get("onlyMaxAttempts"),
        )
        for name, entry in _table()["actions"].items()
    }


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
