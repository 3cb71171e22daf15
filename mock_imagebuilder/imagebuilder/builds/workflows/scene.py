"""Where the workflows of an image run: what their dynamic values stand for, what their actions do, and what is to fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from ...documents.errors import DocumentError
from ...documents.workflow_actions import check_resolved_inputs, workflow_action
from ...documents.workflow_parameters import workflow_parameter_values
from ...documents.workflow_references import RunContext
from ..announcements import ask_for_action
from ..failure_rules import EXECUTE_COMPONENTS, BuildFailure, Strike
from ..outputs import events
from ..outputs.component_logs import EXIT_STATUS, LogsRefused, write_files
from .execution import WAIT_FOR_ACTION, StepFailed, WorkflowExecution
from .history import StepPlace
from .step_actions import ACTIONS
from .step_run import StepRun
from .variables import system_variables

if TYPE_CHECKING:
    from .runs import WorkflowRuns


@dataclass(frozen=True, slots=True)
class ImageScene:
    """Where an execution runs: its image at a time."""

    runs: WorkflowRuns
    execution: WorkflowExecution
    moment: datetime
    strikes: Sequence[Strike]

    @property
    def keeps_failed_instances(self) -> bool:
        return self.runs.image.infrastructure.get("terminateInstanceOnFailure") is False

    def context(self, step_outputs: Mapping[str, Mapping[str, object]]) -> RunContext:
        use = self.execution.use
        earlier: dict[str, object] = {}
        for execution in self.runs.executions:
            earlier |= execution.outputs
        return RunContext(
            system_variables(self.runs.image, self.execution.type),
            workflow_parameter_values(self.execution.document, use.get("parameters", ())),
            step_outputs,
            earlier,
        )

    def perform(
        self, position: int, inputs: Mapping[str, Any], begin: datetime, end: datetime
    ) -> Mapping[str, Any] | None:
        step = self.execution.document.steps[position]
        try:
            check_resolved_inputs(workflow_action(step.action, self.execution.type), inputs)
        except DocumentError as error:
            raise StepFailed(f"{str(error).rstrip('.')} in workflow step {step.name}") from None
        for strike in self.strikes:
            if strike.is_ahead and self._is_to_fail(position, strike.rule):
                raise self._wanted_failure(step.action, strike, begin, end)
        run = StepRun(
            self.runs.image,
            self.execution.type,
            step,
            _without_nulls(inputs),
            begin,
            end,
            self.moment,
            self.runs.instances,
        )
        if step.action == WAIT_FOR_ACTION:
            ask_for_action(run, self.runs.step_id(self.execution, position))
            return {}
        return ACTIONS[step.action](run)

    def hidden_outputs(self, position: int, outputs: Mapping[str, Any]) -> Mapping[str, object]:
        if self.execution.document.steps[position].action != "LaunchInstance":
            return {}
        # The page on dynamic variables refers to it, recorded outputs of the step do not have it.
        return {"instanceType": self.runs.instances[outputs["instanceId"]].instance_type}

    def roll_back(self, position: int) -> None:
        outputs = self.execution.steps[position].outputs
        if isinstance(outputs, Mapping) and outputs.get("instanceId") in self.runs.instances:
            self.runs.instances[outputs["instanceId"]].terminate(self.moment)

    def leave(self, position: int) -> None:
        outputs = self.execution.steps[position].outputs
        if isinstance(outputs, Mapping):
            self.runs.instances.pop(outputs.get("instanceId", ""), None)

    def begins_to_wait(self, position: int) -> None:
        image, place = self.runs.image, StepPlace(self.runs, self.execution, position)
        image.backend.workflow_history.begins_to_wait(place)
        events.step_waits(
            image,
            self.execution.use["workflowArn"],
            self.runs.execution_id(self.execution),
            place.id,
            self.execution.document.steps[position].name,
            self.moment,
        )

    def _is_to_fail(self, position: int, rule: BuildFailure) -> bool:
        steps = self.execution.document.steps
        if rule.region is not None or rule.step not in (None, steps[position].name):
            return False
        first_phase = rule.phase_in(self.runs.image, self.execution.type)
        if rule.component is not None:
            return steps[position].action == EXECUTE_COMPONENTS and first_phase is not None
        if rule.step is not None:
            return True
        runs_components = (place for place, step in enumerate(steps) if step.action == EXECUTE_COMPONENTS)
        return position >= (0 if first_phase is None else next(runs_components, 0))

    def _wanted_failure(self, action: str, strike: Strike, begin: datetime, end: datetime) -> StepFailed:
        reason = strike.strike()
        phase = strike.rule.phase_in(self.runs.image, self.execution.type) if action == EXECUTE_COMPONENTS else None
        if phase is None:
            return StepFailed(reason)
        failure = strike.rule
        message = failure.reason or f"Document {phase.component_arn} failed!"
        component = {
            "componentArn": phase.component_arn,
            "phaseName": phase.phase,
            "stepName": phase.step,
            "action": phase.action,
            "errorMessage": failure.reason or EXIT_STATUS,
        }
        outputs = {"status": "Failed", "output": message, "runCommandId": str(mock_random.uuid4())}
        runs = self.runs.note_components(self.execution.type, phase.component_arn)
        with suppress(LogsRefused):  # it fails in any case
            log_url = write_files(self.runs.image, runs, begin, end, component["errorMessage"])
            outputs |= {} if log_url is None else {"logUrl": log_url}
        return StepFailed(
            message,
            outputs,
            componentFailure={name: value for name, value in component.items() if value is not None},
        )


def _without_nulls(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as actions want them: what a document leaves empty is not there."""
    return {
        name: _without_nulls(value)
        if isinstance(value, dict)
        else [_without_nulls(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, list)
        else value
        for name, value in inputs.items()
        if value is not None
    }
