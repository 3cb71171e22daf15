"""Workflow documents: what CreateWorkflow accepts as ``data`` or finds at ``uri``.

Rules: the user guide's pages on workflow documents, step actions, dynamic variables and conditional statements;
CreateWorkflow in the API reference. The sentences of the refusals are not on record, but for that of the schema version.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import DocumentError
from .structure import is_name, list_of, map_of, open_document, optional_text, shown
from .workflow_actions import WorkflowAction, check_inputs, system_variables, workflow_action
from .workflow_conditions import Condition, parse_condition, texts_of
from .workflow_parameters import WorkflowParameter, parse_workflow_parameters
from .workflow_references import (
    RunContext,
    Scope,
    UnresolvedValueError,
    check_dynamic_values,
    check_path,
    check_text,
    has_expression,
    parse_reference,
    resolve_map,
    resolve_value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_STEPS = 15
MAX_OUTPUTS = 25
_MAX_DESCRIPTION = 1024

_DOCUMENT_KEYS = ("name", "description", "schemaVersion", "parameters", "steps", "outputs")
_STEP_KEYS = ("name", "action", "description", "if", "inputs", "onFailure", "rollbackEnabled", "timeoutSeconds")
_ON_FAILURE = ("Abort", "Continue")
# The guide's 3 characters at least, and the API model's pattern WorkflowStepName for the rest.
_STEP_NAME = re.compile("[A-Za-z][0-9A-Za-z_-]{2,99}")
_STEP_NAME_RULE = (
    "A name has 3 to 100 characters and begins with a letter. Allowed characters are combinations of numbers [0-9], "
    "english letters [a-z,A-Z] and special characters [-_]."
)


@dataclass(frozen=True)
class WorkflowStep:
    """One step. ``inputs`` are as written, ``rollback_enabled`` is a boolean or the JSONPath of one."""

    name: str
    action: str
    description: str | None
    inputs: Mapping[str, object]
    if_: Condition | None
    on_failure: str
    rollback_enabled: bool | str
    timeout_seconds: int


@dataclass(frozen=True)
class WorkflowOutput:
    """What later workflows find as ``$.workflowOutputs.<name>``; the value is a text or a JSONPath."""

    name: str
    value: str


@dataclass(frozen=True)
class WorkflowDocument:
    """An accepted workflow document of the type BUILD, TEST or DISTRIBUTION."""

    name: str | None
    description: str | None
    type: str
    parameters: tuple[WorkflowParameter, ...]
    steps: tuple[WorkflowStep, ...]
    outputs: tuple[WorkflowOutput, ...]


def parse_workflow_document(text: str, workflow_type: str) -> WorkflowDocument:
    """Parse and check the YAML or JSON of a workflow of the type BUILD, TEST or DISTRIBUTION.

    Raises DocumentError with the first refusal, without the frame that names the request's parameter.
    """
    document = open_document(text, _DOCUMENT_KEYS)
    parameters = parse_workflow_parameters(document.get("parameters"))
    given_steps = list_of(document.get("steps"), "The 'steps' of the document")
    if len(given_steps) > MAX_STEPS:
        raise DocumentError(f"A workflow can have at most {MAX_STEPS} steps.")
    steps, scope = _steps(given_steps, workflow_type, parameters)
    return WorkflowDocument(
        name=optional_text(document, "name"),
        description=optional_text(document, "description"),
        type=workflow_type,
        parameters=parameters,
        steps=steps,
        outputs=_outputs(document.get("outputs"), scope),
    )


def resolve_inputs(step: WorkflowStep, context: RunContext) -> dict[str, object]:
    """The inputs that a step runs with: dynamic values filled in, names without ``.$``.

    :raises UnresolvedValueError: a dynamic value stands for nothing.
    """
    return resolve_map(step.inputs, context)


def resolve_rollback_enabled(step: WorkflowStep, context: RunContext) -> bool:
    """Whether a failed step is rolled back.

    :raises UnresolvedValueError: the dynamic value that decides stands for nothing.
    """
    enabled: object = step.rollback_enabled
    if isinstance(enabled, str):
        enabled = resolve_value(enabled, context)
    return enabled is True or enabled == "true"


def resolve_outputs(document: WorkflowDocument, context: RunContext) -> dict[str, object]:
    """The outputs of a workflow that has run, by name. Those that stand for nothing, as of skipped steps, are left out."""
    values: dict[str, object] = {}
    for output in document.outputs:
        with suppress(UnresolvedValueError):
            values[output.name] = resolve_value(output.value, context)
    return values


def _steps(
    given_steps: list[Any], workflow_type: str, parameters: tuple[WorkflowParameter, ...]
) -> tuple[tuple[WorkflowStep, ...], Scope]:
    """Return the steps, and what the outputs of the document can refer to."""
    names = [_step_name(given) for given in given_steps]
    for name in names:
        if names.count(name) > 1:
            raise DocumentError(f"The step name '{name}' is not unique in the document.")
    outputs: dict[str, Mapping[str, str]] = {}
    types = {parameter.name: parameter.type.replace("stringList", "string[]") for parameter in parameters}
    scope = Scope(system_variables(), types, outputs, frozenset(names))
    steps: list[WorkflowStep] = []
    actions: list[WorkflowAction] = []
    for name, given in zip(names, given_steps, strict=True):
        try:
            step, action = _step(name, given, workflow_type, scope)
        except DocumentError as error:
            raise DocumentError(f"Parsing step '{name}' failed. Error: {error}") from None
        outputs[name] = action.outputs
        steps.append(step)
        actions.append(action)
    _check_combination(actions)
    return tuple(steps), scope


def _step_name(given: object) -> str:
    if not isinstance(given, dict):
        raise DocumentError(f"A step must be a map, not {shown(given)}.")
    name = given.get("name")
    if not isinstance(name, str) or not _STEP_NAME.fullmatch(name):
        raise DocumentError(f"Invalid step name {shown(name)}. {_STEP_NAME_RULE}")
    return name


def _step(name: str, given: object, workflow_type: str, scope: Scope) -> tuple[WorkflowStep, WorkflowAction]:
    step = map_of(given, "The step", _STEP_KEYS)
    action_name = step.get("action")
    if not isinstance(action_name, str):
        raise DocumentError(f"The step requires text as 'action', not {shown(action_name)}.")
    action = workflow_action(action_name, workflow_type)
    on_failure = "Abort" if step.get("onFailure") is None else step["onFailure"]
    if on_failure not in _ON_FAILURE:
        raise DocumentError(f"The 'onFailure' must be one of {', '.join(_ON_FAILURE)}, not {shown(on_failure)}.")
    condition = parse_condition(step["if"]) if step.get("if") is not None else None
    for text in texts_of(condition) if condition is not None else ():
        _check_value(text, scope)
    inputs = step.get("inputs")
    check_inputs(action, inputs)
    check_dynamic_values(inputs, scope)
    _check_step_outputs(action, inputs or {})
    return (
        WorkflowStep(
            name=name,
            action=action.name,
            description=_step_description(step.get("description")),
            inputs=inputs or {},
            if_=condition,
            on_failure=on_failure,
            rollback_enabled=_rollback_enabled(step.get("rollbackEnabled"), scope),
            timeout_seconds=_timeout_seconds(action, step.get("timeoutSeconds")),
        ),
        action,
    )


def _step_description(given: object) -> str | None:
    if given is None or (isinstance(given, str) and 1 <= len(given) <= _MAX_DESCRIPTION):
        return given
    raise DocumentError(f"The 'description' must be text of 1 to {_MAX_DESCRIPTION} characters.")


def _rollback_enabled(given: object, scope: Scope) -> bool | str:
    if given is None:
        return True
    if isinstance(given, str) and given.startswith("$."):
        check_path(given, scope)
        return given
    if not isinstance(given, bool):
        raise DocumentError(f"The 'rollbackEnabled' must be true, false or a dynamic value, not {shown(given)}.")
    return given


def _timeout_seconds(action: WorkflowAction, given: object) -> int:
    if given is None:
        return action.timeout_seconds
    longest = action.max_timeout_seconds
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= longest:
        raise DocumentError(
            f"The 'timeoutSeconds' of action {action.name} must be an integer from 1 to {longest}, not {shown(given)}."
        )
    return given


def _check_step_outputs(action: WorkflowAction, inputs: Mapping[str, object]) -> None:
    """Inputs that are to be the output of an earlier step, of the same name."""
    for name in action.step_outputs:
        text = inputs[f"{name}.$"]
        if not isinstance(text, str) or has_expression(text) or parse_reference(text).step is None:
            raise DocumentError(f"The input '{name}.$' of action {action.name} must begin with $.stepOutputs.")
        if parse_reference(text).name != name:
            raise DocumentError(f"The input '{name}.$' of action {action.name} must be the output '{name}' of a step.")


def _check_combination(actions: list[WorkflowAction]) -> None:
    names = {action.name for action in actions}
    for action in actions:
        for other in action.not_with:
            if other in names:
                raise DocumentError(f"Action {action.name} can't be combined with action {other} in one workflow.")


def _outputs(declared: object, scope: Scope) -> tuple[WorkflowOutput, ...]:
    if declared is None:
        return ()
    if not isinstance(declared, list):
        raise DocumentError("The 'outputs' of the document must be a list of maps.")
    if len(declared) > MAX_OUTPUTS:
        raise DocumentError(f"A workflow can have at most {MAX_OUTPUTS} outputs.")
    outputs: dict[str, WorkflowOutput] = {}
    for entry in declared:
        output = map_of(entry, "An output of the document", ("name", "value"))
        name, value = output.get("name"), output.get("value")
        if not is_name(name):
            raise DocumentError(f"Invalid output name {shown(name)}. A name has numbers, english letters, '-' and '_'.")
        if name in outputs:
            raise DocumentError(f"The output name '{name}' is not unique in the document.")
        if not isinstance(value, str):
            raise DocumentError(f"The output '{name}' requires text or a dynamic value as 'value'.")
        try:
            _check_value(value, scope)
        except DocumentError as error:
            raise DocumentError(f"Parsing output '{name}' failed. Error: {error}") from None
        outputs[name] = WorkflowOutput(name, value)
    return tuple(outputs.values())


def _check_value(text: str, scope: Scope) -> None:
    """Check a text that is a JSONPath when it begins like one."""
    if text.startswith("$."):
        check_path(text, scope)
    else:
        check_text(text, scope)
