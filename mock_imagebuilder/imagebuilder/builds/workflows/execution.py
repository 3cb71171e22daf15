"""One run of a workflow for an image: its steps, in the order of the workflow's document.

Each step has its condition, its inputs with dynamic values filled in, and the outputs of its action. A step that waits for
an action of the user holds the build. Statuses are those of the API's WorkflowExecutionStatus and
WorkflowStepExecutionStatus; the user guide also speaks of WAITING, which is RUNNING here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

from ...documents.workflow import (
    WorkflowDocument,
    WorkflowStep,
    resolve_inputs,
    resolve_outputs,
    resolve_rollback_enabled,
)
from ...documents.workflow_conditions import evaluate_condition
from ...documents.workflow_references import RunContext, UnresolvedValueError
from ..build import NotYet

PENDING, RUNNING, COMPLETED, SKIPPED = "PENDING", "RUNNING", "COMPLETED", "SKIPPED"
FAILED, CANCELLED, ROLLBACK_COMPLETED = "FAILED", "CANCELLED", "ROLLBACK_COMPLETED"

WAIT_FOR_ACTION = "WaitForAction"
STOP = "STOP"

#: The actions that undo what they did when their workflow fails.
_WITH_ROLLBACK = frozenset(("LaunchInstance", "CollectImageMetadata"))
_STOPPED = "The workflow was stopped."


@lru_cache(maxsize=1024)
def type_of(workflow_arn: str) -> str:
    """The type of a workflow: BUILD, TEST or DISTRIBUTION."""
    return workflow_arn.split(":workflow/", 1)[1].split("/", 1)[0].upper()


class StepFailed(Exception):
    """A step could not be done.

    :param message: the message of the step and of its workflow, and the end of the image's ``state.reason``.
    :param outputs: what the step leaves nevertheless; without it, its message.
    :param context: further members of ``state.failureContext``.
    """

    def __init__(self, message: str, outputs: Mapping[str, Any] | None = None, **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.outputs = outputs
        self.context = context


@dataclass(slots=True)
class StepExecution:
    """What became of one step of the document."""

    status: str = PENDING
    started: datetime | None = None
    ended: datetime | None = None
    #: With dynamic values filled in. None for a step that has not run.
    inputs: Mapping[str, Any] | None = None
    #: A text if it is the message of a failure.
    outputs: Mapping[str, Any] | str | None = None
    message: str | None = None
    rollback_status: str | None = None

    def end(self, status: str, moment: datetime) -> None:
        self.status = status
        self.ended = moment


class Scene(Protocol):
    """Where a workflow runs: what its dynamic values stand for, and what its actions do."""

    def context(self, step_outputs: Mapping[str, Mapping[str, object]]) -> RunContext:
        """What dynamic values stand for. ``step_outputs`` goes on to change while the workflow runs."""
        ...

    def perform(
        self, position: int, inputs: Mapping[str, Any], begin: datetime, end: datetime
    ) -> Mapping[str, Any] | None:
        """Do what the action of a step does, from one time to the other.

        :param position: which step of the document it is.
        :returns: the step's outputs; None if there is nothing for it to do.
        :raises StepFailed: it cannot be done, or a test wants it to fail.
        """
        ...

    def hidden_outputs(self, position: int, outputs: Mapping[str, Any]) -> Mapping[str, object]:
        """What later steps can refer to though the API does not show it, beside the step's outputs."""
        ...

    def roll_back(self, position: int) -> None:
        """Undo what a completed step did."""
        ...

    def leave(self, position: int) -> None:
        """What a completed step did outlives the failure of the workflow."""
        ...

    def begins_to_wait(self, position: int) -> None:
        """A step waits for an action of the user from now on."""
        ...

    @property
    def keeps_failed_instances(self) -> bool:
        """Whether instances outlive the failure of their workflow."""
        ...


@dataclass(slots=True)
class WorkflowExecution:
    """One run of a workflow."""

    #: Its place among the executions and steps of the image.
    number: int
    #: The workflow as the image names it: in the members of the API's WorkflowConfiguration.
    use: Mapping[str, Any]
    document: WorkflowDocument
    status: str = RUNNING
    started: datetime | None = None
    ended: datetime | None = None
    message: str | None = None
    #: Whether a retry of the build runs the workflow again.
    retried: bool = False
    #: What later workflows can refer to.
    outputs: Mapping[str, Any] = field(default_factory=dict)
    steps: list[StepExecution] = field(default_factory=list)
    #: The step that has ended the workflow, and further members of the failure context.
    failure: tuple[int, Mapping[str, Any]] | None = None

    @property
    def type(self) -> str:
        """BUILD, TEST or DISTRIBUTION."""
        return type_of(self.use["workflowArn"])

    @property
    def is_running(self) -> bool:
        return self.status == RUNNING

    @property
    def waiting(self) -> int | None:
        """The position of the step that waits for an action."""
        for position, step in enumerate(self.steps):
            if step.status == RUNNING and self.document.steps[position].action == WAIT_FOR_ACTION:
                return position
        return None

    def count(self, status: str) -> int:
        return sum(step.status == status for step in self.steps)

    def begin(self, moment: datetime) -> None:
        self.started = moment
        self.steps = [StepExecution() for _ in self.document.steps]
        first = self.document.steps[0]
        if first.if_ is None and first.action != WAIT_FOR_ACTION:
            self.steps[0].status, self.steps[0].started = RUNNING, moment

    def run(self, scene: Scene, begin: datetime, until: datetime, moment: datetime) -> None:
        """Run the steps that have not run, at equal distances from ``begin`` to ``until``.

        :param moment: now: the beginning of a wait.
        :raises NotYet: a step waits for an action.
        """
        waiting = self.waiting
        if waiting is not None:
            deadline = self.deadline(waiting)
            if moment < deadline:
                raise NotYet(deadline)
            seconds = self.document.steps[waiting].timeout_seconds
            self._fail(waiting, StepFailed(f"No action was sent to the waiting step in {seconds} seconds."), deadline)
            begin = max(begin, deadline)
        step_outputs: dict[str, Mapping[str, object]] = {}
        context = scene.context(step_outputs)
        for position in range(len(self.steps)):
            self._learn_outputs(position, step_outputs, scene)
        ahead = [position for position, step in enumerate(self.steps) if step.status in (PENDING, RUNNING)]
        until = max(begin, until)
        distance = (until - begin) / max(len(ahead), 1)
        for number, position in enumerate(ahead):
            if self.failure is not None:
                break
            start = begin + number * distance
            self._run_step(position, scene, context, start, start + distance, moment)
            self._learn_outputs(position, step_outputs, scene)
        if self.failure is not None:
            self._roll_back(self.failure[0], scene, context)
        else:
            self.outputs = resolve_outputs(self.document, context)
            self.status, self.ended = COMPLETED, until

    def act(self, action: str, reason: str | None, moment: datetime) -> None:
        """What SendWorkflowStepAction does to the step that waits: RESUME or STOP it."""
        position = self.waiting
        if position is None:
            raise LookupError("no step waits")
        outputs = {"action": action} if reason is None else {"action": action, "reason": reason}
        if action == STOP:
            self._fail(position, StepFailed(reason or _STOPPED, outputs), moment)
        else:
            self.steps[position].outputs = outputs
            self.steps[position].end(COMPLETED, moment)

    def cancel(self, moment: datetime) -> None:
        for step in self.steps:
            if step.status == RUNNING:
                step.end(CANCELLED, moment)
        self.status, self.ended = CANCELLED, moment

    def deadline(self, waiting: int) -> datetime:
        """When the step that waits has waited for too long."""
        started = self.steps[waiting].started
        if started is None:
            raise LookupError("the step has not begun")
        return started + timedelta(seconds=self.document.steps[waiting].timeout_seconds)

    def _run_step(
        self, position: int, scene: Scene, context: RunContext, start: datetime, end: datetime, moment: datetime
    ) -> None:
        record, step = self.steps[position], self.document.steps[position]
        record.status, record.started = RUNNING, record.started or start
        try:
            is_to_run = evaluate_condition(step.if_, context)
            inputs = resolve_inputs(step, context) if is_to_run else {}
        except (UnresolvedValueError, ValueError) as error:
            self._fail(position, StepFailed(f"{str(error).rstrip('.')} in workflow step {step.name}"), end)
            return
        outputs = None
        if is_to_run:
            try:
                outputs = scene.perform(position, inputs, record.started, end)
            except StepFailed as failure:
                record.inputs = inputs
                self._fail(position, failure, end)
                return
        if outputs is None:
            record.end(SKIPPED, record.started)
            return
        record.inputs = inputs
        if step.action == WAIT_FOR_ACTION:
            record.started = moment
            scene.begins_to_wait(position)
            raise NotYet(self.deadline(position))
        record.outputs = outputs
        record.end(COMPLETED, end)

    def _learn_outputs(self, position: int, known: dict[str, Mapping[str, object]], scene: Scene) -> None:
        record = self.steps[position]
        if record.inputs is not None and isinstance(record.outputs, Mapping):
            hidden = scene.hidden_outputs(position, record.outputs)
            known[self.document.steps[position].name] = {**hidden, **record.outputs}

    def _fail(self, position: int, failure: StepFailed, moment: datetime) -> None:
        record = self.steps[position]
        record.message = failure.message
        record.outputs = failure.message if failure.outputs is None else failure.outputs
        record.end(FAILED, moment)
        if self.document.steps[position].on_failure == "Abort":
            self.failure = position, failure.context

    def _roll_back(self, failed: int, scene: Scene, context: RunContext) -> None:
        """Undo what the completed steps did, as far as they can be undone, and end the workflow."""
        self.status = FAILED
        for position, (record, step) in enumerate(zip(self.steps, self.document.steps, strict=True)):
            if record.status != COMPLETED or step.action not in _WITH_ROLLBACK:
                continue
            keeps = step.action == "LaunchInstance" and scene.keeps_failed_instances
            if keeps or not _rollback_is_enabled(step, context):
                record.rollback_status = SKIPPED
                scene.leave(position)
            else:
                scene.roll_back(position)
                record.rollback_status = COMPLETED
                self.status = ROLLBACK_COMPLETED
        self.message, self.ended = self.steps[failed].message, self.steps[failed].ended


def _rollback_is_enabled(step: WorkflowStep, context: RunContext) -> bool:
    try:
        return resolve_rollback_enabled(step, context)
    except UnresolvedValueError:
        return True
