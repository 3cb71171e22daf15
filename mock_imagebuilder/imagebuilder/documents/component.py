"""Component documents: what CreateComponent accepts as ``data`` or finds at ``uri``.

Rules: the AWSTOE page on the component document framework and the pages that it links to; CreateComponent in the API
reference for the component's type. Where the service's own sentence is known, the refusal carries it word for word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from .actions import ActionModule, action_module, check_inputs
from .component_conditions import check_if
from .component_loops import check_loop
from .component_parameters import Parameter, check_unique_names, constant_names, parse_parameters
from .component_references import Declarations, check_references
from .errors import DocumentError
from .structure import (
    ALLOWED_CHARACTERS,
    is_name,
    list_of,
    map_of,
    open_document,
    optional_text,
    shown,
)
from .yaml_loader import load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ComponentDocument", "Parameter", "Phase", "Step", "parameter_details", "parse_component_document"]

# The phases that Image Builder runs and of which a document needs one. It also runs ``container-host-test``.
_PHASES_OF_IMAGE_BUILDER = ("build", "validate", "test")
_DEFAULT_TIMEOUT_SECONDS = 7200
_NO_TIMEOUT = -1
_ON_FAILURE = ("Abort", "Continue", "Ignore")
_DOCUMENT_KEYS = ("name", "description", "schemaVersion", "parameters", "constants", "phases")
_STEP_KEYS = ("name", "action", "timeoutSeconds", "onFailure", "maxAttempts", "loop", "if", "inputs")


@dataclass(frozen=True)
class Step:
    """One step; ``timeout_seconds`` is -1 when the step may run without limit."""

    name: str
    action: str
    timeout_seconds: int
    on_failure: str
    max_attempts: int
    inputs: Mapping[str, object] | Sequence[Mapping[str, object]] | None


@dataclass(frozen=True)
class Phase:
    """The steps that run together in one stage of the image creation."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class ComponentDocument:
    """An accepted component document; ``type`` is the component's type, BUILD or TEST."""

    name: str | None
    description: str | None
    type: str
    phases: tuple[Phase, ...]
    parameters: tuple[Parameter, ...]


def parse_component_document(text: str, platform: str) -> ComponentDocument:
    """Parse and check the YAML or JSON of a component for the platform ``Linux``, ``Windows`` or ``macOS``.

    Raises DocumentError with the first refusal, without the frame that names the request's parameter.
    """
    document = open_document(text, _DOCUMENT_KEYS)
    parameters: tuple[Parameter, ...] = ()
    if "parameters" in document:
        as_written: Any = load_yaml(text, scalars_as_text=True)
        parameters = parse_parameters(document["parameters"], as_written["parameters"])
    constants = constant_names(document.get("constants"))
    variables = tuple(parameter.name for parameter in parameters) + constants
    check_unique_names(variables)
    given_phases = list_of(document.get("phases"), "The 'phases' of the document")
    phases = tuple(_phase(phase, platform) for phase in given_phases)
    _check_phases(phases)
    _check_references(phases, given_phases, frozenset(variables))
    return ComponentDocument(
        name=optional_text(document, "name"),
        description=optional_text(document, "description"),
        type="TEST" if [phase.name for phase in phases] == ["test"] else "BUILD",
        phases=phases,
        parameters=parameters,
    )


def parameter_details(document: ComponentDocument) -> list[dict[str, object]]:
    """Return the document's parameters as the API's list of ComponentParameterDetail."""
    details: list[dict[str, object]] = []
    for parameter in document.parameters:
        detail: dict[str, object] = {"name": parameter.name, "type": parameter.type}
        if parameter.default is not None:
            detail["defaultValue"] = [parameter.default]
        if parameter.description is not None:
            detail["description"] = parameter.description
        details.append(detail)
    return details


def _check_phases(phases: Sequence[Phase]) -> None:
    names = [phase.name for phase in phases]
    for name in names:
        if names.count(name) > 1:
            raise DocumentError(f"The phase name '{name}' is not unique in the document.")
    if not any(name in _PHASES_OF_IMAGE_BUILDER for name in names):
        raise DocumentError("The document must include at least one of the phases build, validate, test.")


def _phase(given: object, platform: str) -> Phase:
    phase = map_of(given, "A phase", ("name", "steps"))
    name = phase.get("name")
    if not is_name(name):
        raise DocumentError(f"Invalid phase name {shown(name)}. {ALLOWED_CHARACTERS}")
    steps: list[Step] = []
    step_names: set[str] = set()
    loop_names: set[str] = set()
    for given_step in list_of(phase.get("steps"), f"The 'steps' of phase '{name}'"):
        step, loop_name = _step(given_step, name, platform)
        if step.name in step_names:
            raise DocumentError(f"The step name '{step.name}' is not unique in phase '{name}'.")
        if loop_name in loop_names:
            raise DocumentError(f"The loop name '{loop_name}' is not unique in phase '{name}'.")
        steps.append(step)
        step_names.add(step.name)
        loop_names.update([loop_name] if loop_name is not None else [])
    return Phase(name, tuple(steps))


def _step(given: object, phase: str, platform: str) -> tuple[Step, str | None]:
    """Return the step and the name of its loop."""
    if not isinstance(given, dict):
        raise DocumentError(f"A step in phase '{phase}' must be a map, not {shown(given)}.")
    name = given.get("name")
    if not is_name(name):
        raise DocumentError(f"Invalid step name {shown(name)} in phase '{phase}'. {ALLOWED_CHARACTERS}")
    try:
        return _parse_step(name, given, platform)
    except DocumentError as error:
        raise _step_error(name, phase, error) from None


def _step_error(step: str, phase: str, error: DocumentError) -> DocumentError:
    return DocumentError(f"Parsing step '{step}' in phase '{phase}' failed. Error: {error}")


def _parse_step(name: str, given: object, platform: str) -> tuple[Step, str | None]:
    step = map_of(given, "The step", _STEP_KEYS)
    action = step.get("action")
    if not isinstance(action, str):
        raise DocumentError(f"The step requires text as 'action', not {shown(action)}.")
    module = action_module(action, platform)
    on_failure = "Abort" if step.get("onFailure") is None else step["onFailure"]
    if on_failure not in _ON_FAILURE:
        raise DocumentError(f"The 'onFailure' must be one of {', '.join(_ON_FAILURE)}, not {shown(on_failure)}.")
    timeout_seconds = _timeout_seconds(module, step.get("timeoutSeconds"))
    max_attempts = _max_attempts(module, step.get("maxAttempts"))
    loop_name = check_loop(step["loop"]) if step.get("loop") is not None else None
    if step.get("if") is not None:
        check_if(step["if"])
    inputs = step.get("inputs")
    check_inputs(module, inputs)
    return Step(name, action, timeout_seconds, on_failure, max_attempts, inputs), loop_name


def _timeout_seconds(module: ActionModule, given: object) -> int:
    only = module.only_timeout_seconds
    if given is None:
        return _DEFAULT_TIMEOUT_SECONDS if only is None else only
    if not _is_integer(given) or (given < 1 and given != _NO_TIMEOUT):
        raise DocumentError(f"The 'timeoutSeconds' must be -1 or an integer of at least 1, not {shown(given)}.")
    if only is not None and given != only:
        raise DocumentError(f"Action {module.name} supports no other 'timeoutSeconds' than {only}.")
    return given


def _max_attempts(module: ActionModule, given: object) -> int:
    if given is None:
        return 1
    if not _is_integer(given) or given < 1:
        raise DocumentError(f"The 'maxAttempts' must be an integer of at least 1, not {shown(given)}.")
    only = module.only_max_attempts
    if only is not None and given != only:
        raise DocumentError(f"Action {module.name} supports no other 'maxAttempts' than {only}.")
    return given


def _check_references(phases: Sequence[Phase], given_phases: Sequence[Any], variables: frozenset[str]) -> None:
    declarations = Declarations(
        variables, frozenset((phase.name, step.name) for phase in phases for step in phase.steps)
    )
    for phase, given_phase in zip(phases, given_phases, strict=True):
        for step, given_step in zip(phase.steps, given_phase["steps"], strict=True):
            parts = [given_step.get("loop"), given_step.get("if"), step.inputs]
            try:
                check_references(parts, declarations, in_loop=parts[0] is not None)
            except DocumentError as error:
                raise _step_error(step.name, phase.name, error) from None


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
