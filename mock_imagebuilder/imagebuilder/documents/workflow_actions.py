"""The step actions of workflow documents: where each one is allowed, what goes in and what comes out.

The table itself is ``workflow_actions.json``; it follows the user guide's page on supported step actions, with the output
``status`` of ExecuteStateMachine from recorded step executions. The types of inputs and outputs are the plain ones below
and the named ones under ``types``; ``x[]`` is a list of them, ``x[?]`` is one or a list. System variables, and the output
``instanceType`` of LaunchInstance, are those of the page on dynamic variables.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .errors import DocumentError
from .workflow_references import has_expression, is_dynamic_key, static_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The type of an input that has to be an output of an earlier step.
STEP_OUTPUT = "stepOutput"


@dataclass(frozen=True)
class WorkflowAction:
    """One step action; inputs and outputs are types by name."""

    name: str
    workflow_types: tuple[str, ...]
    timeout_seconds: int
    max_timeout_seconds: int
    required: Mapping[str, str]
    optional: Mapping[str, str]
    outputs: Mapping[str, str]
    not_with: tuple[str, ...]

    @property
    def step_outputs(self) -> tuple[str, ...]:
        """The inputs that have to be the output of an earlier step, of the same name."""
        return tuple(name for name, type_ in self.required.items() if type_ == STEP_OUTPUT)


def workflow_action(name: str, workflow_type: str) -> WorkflowAction:
    """Return the action ``name`` for a workflow of the type BUILD, TEST or DISTRIBUTION.

    Raises DocumentError when there is no such action or it belongs to other stages.
    """
    action = _actions().get(name)
    if action is None:
        raise DocumentError(f"Unsupported action {name}.")
    if workflow_type not in action.workflow_types:
        raise DocumentError(f"Unsupported action {name} for workflow type {workflow_type}.")
    return action


def check_inputs(action: WorkflowAction, inputs: object) -> None:
    """Check the ``inputs`` of a step against its action.

    Raises DocumentError for missing, unknown or ill-typed inputs. What is only known at run time is not checked here: the
    value of an input whose name ends with ``.$``, and a text with a ``{{ }}`` expression.
    """
    if inputs is None or inputs == {}:
        if action.required:
            raise DocumentError(f"Action {action.name} has no inputs; it requires an 'inputs'")
        return
    if not isinstance(inputs, dict):
        raise DocumentError(f"The 'inputs' of action {action.name} must be a map.")
    _check_members(action.name, "", inputs, _Members(action.required, action.optional))


def check_resolved_inputs(action: WorkflowAction, inputs: Mapping[str, object]) -> None:
    """Check inputs whose dynamic values have been filled in: these can be of any type.

    Raises DocumentError. Outputs of earlier steps are taken for what they have to be.
    """
    given = {name: value for name, value in inputs.items() if name not in action.step_outputs}
    required = {name: type_ for name, type_ in action.required.items() if type_ != STEP_OUTPUT}
    _check_members(action.name, "", given, _Members(required, action.optional))


@dataclass(frozen=True)
class _Members:
    """The types of the members of a map, by name."""

    required: Mapping[str, str]
    optional: Mapping[str, str]


@cache
def system_variables() -> Mapping[str, str]:
    """The types of the variables below ``$.imagebuilder``, by name."""
    variables: dict[str, str] = _table()["systemVariables"]
    return MappingProxyType(variables)


def _check_members(action: str, path: str, given: Mapping[str, object], types: _Members) -> None:
    """Check a map of inputs. ``path`` is what stands before their names: empty, or such as ``distributions[0].``"""
    present = set()
    for key, value in given.items():
        name = static_name(key)
        if name not in types.required and name not in types.optional:
            raise DocumentError(f"Action {action} does not support the input '{path}{name}'.")
        if value is None:
            continue
        if name in present:
            raise DocumentError(f"Action {action} has the input '{path}{name}' twice, with '.$' and without.")
        present.add(name)
        if not is_dynamic_key(key):
            type_name = types.required.get(name) or types.optional[name]
            _check_value(action, f"{path}{name}", value, type_name)
    for name in types.required:
        if name not in present:
            raise DocumentError(f"Action {action} requires the input '{path}{name}'.")


def _check_value(action: str, path: str, value: object, type_name: str) -> None:
    if type_name.endswith("[?]"):
        type_name = type_name.removesuffix("[?]") + ("[]" if isinstance(value, list) else "")
    if type_name.endswith("[]"):
        if not isinstance(value, list) or not value:
            raise _refusal(action, path, "a list with at least one entry")
        for number, entry in enumerate(value):
            _check_value(action, f"{path}[{number}]", entry, type_name.removesuffix("[]"))
        return
    if type_name in _PLAIN_TYPES:
        plain_rule, keeps = _PLAIN_TYPES[type_name]
        if not keeps(value):
            raise _refusal(action, path, plain_rule)
        return
    named = _table()["types"][type_name]
    if "required" in named or "optional" in named:
        if not isinstance(value, dict):
            raise _refusal(action, path, "a map")
        _check_members(action, f"{path}.", value, _Members(named.get("required", {}), named.get("optional", {})))
    else:
        rule = _broken_rule(named, value)
        if rule is not None:
            raise _refusal(action, path, rule)


def _refusal(action: str, path: str, rule: str) -> DocumentError:
    return DocumentError(f"The input '{path}' of action {action} must be {rule}.")


def _broken_rule(named: Mapping[str, Any], value: object) -> str | None:
    """The rule of a named type that the value breaks, to finish the sentence ``must be ...``; None when it keeps it."""
    if "maxEntries" in named:
        keeps = isinstance(value, dict) and len(value) <= named["maxEntries"]
        is_text = keeps and all(isinstance(each, str) for each in value.values())  # type: ignore[attr-defined]
        return None if is_text else f"a map of at most {named['maxEntries']} texts"
    if not isinstance(value, str):
        return "text"
    if "maxBytes" in named and len(value.encode()) > named["maxBytes"]:
        return f"text of at most {named['maxBytes']} bytes"
    if has_expression(value):
        return None
    if "values" in named and value not in named["values"]:
        return f"one of {', '.join(named['values'])}"
    if "pattern" in named and not re.fullmatch(named["pattern"], value):
        return str(named["rule"])
    return "a JSON text" if named.get("isJson") and not _is_json(value) else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_map_of_string_lists(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_dynamic_key(key) or (isinstance(each, list) and all(isinstance(text, str) for text in each))
        for key, each in value.items()
    )


_PLAIN_TYPES: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    STEP_OUTPUT: ("the output of an earlier step, so that its name ends with '.$'", lambda _: False),
    "string": ("text", lambda value: isinstance(value, str)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "integer": ("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "map": ("a map", lambda value: isinstance(value, dict)),
    "stringLists": ("a map of lists of texts", _is_map_of_string_lists),
}


@cache
def _table() -> dict[str, Any]:
    path = files(__name__.rpartition(".")[0]).joinpath("workflow_actions.json")
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return table


@cache
def _actions() -> Mapping[str, WorkflowAction]:
    return {
        name: WorkflowAction(
            name=name,
            workflow_types=tuple(entry.get("workflowTypes", ("BUILD", "TEST", "DISTRIBUTION"))),
            timeout_seconds=entry["timeoutSeconds"],
            max_timeout_seconds=entry["maxTimeoutSeconds"],
            required=entry.get("required", {}),
            optional=entry.get("optional", {}),
            outputs=entry["outputs"],
            not_with=tuple(entry.get("notWith", ())),
        )
        for name, entry in _table()["actions"].items()
    }
