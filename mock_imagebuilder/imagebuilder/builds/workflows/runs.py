"""The workflows of one image: which of them run in a stage of its build, and what their runs make of the build.

Executions are made when their stage begins, and run when the stage's work is done. BUILDING runs the BUILD workflow,
TESTING the TEST workflows, DISTRIBUTING a DISTRIBUTION workflow if the image has one. TEST workflows of one parallel group
run at the same time, groups one after the other (WorkflowConfiguration.parallelGroup in the API model).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from ...exceptions import ResourceNotFoundException
from ..build import FAILED, NotYet, StageFailed
from ..failure_rules import WORKFLOW_TYPES, Strike, to_the_letter
from ..outputs.instances import TERMINATED, BuildInstance
from .component_phases import ComponentRun, ComponentRuns, runs_in, shared_runs
from .execution import WAIT_FOR_ACTION, WorkflowExecution, type_of
from .history import StepPlace, id_of
from .scene import ImageScene
from .sealed_executions import Attempts, SealedExecutions, seal, unseal

if TYPE_CHECKING:
    from ...documents.workflow import WorkflowDocument, WorkflowStep
    from ...resources.image import Image

#: How many workflows of a parallel group run at the same time.
MAX_PARALLEL = 5
_MAX_REASON = 1024

#: Executions and steps count from 1 on.
_JOB_NUMBERS = {"BUILDING": -1, "TESTING": -2, "DISTRIBUTING": -3, "INTEGRATING": -4}


@dataclass(slots=True)
class _StageRun:
    """The workflows of the present stage."""

    #: Places in the image's list of workflows, by parallel group.
    groups: list[list[int]]
    #: When the next step begins.
    cursor: datetime
    executions: dict[int, WorkflowExecution] = field(default_factory=dict)

    @property
    def groups_ahead(self) -> list[list[int]]:
        return [group for group in self.groups if not all(map(self._has_ended, group))]

    def _has_ended(self, place: int) -> bool:
        execution = self.executions.get(place)
        return execution is not None and not execution.is_running


class WorkflowRuns:
    """The workflow executions of one image, in the order in which they began."""

    __slots__ = (
        "_attempts",
        "_documents",
        "_executions",
        "_sealed",
        "_stage",
        "components",
        "image",
        "instances",
        "key",
    )

    def __init__(self, image: Image) -> None:
        self.image = image
        #: What the ids of all executions and steps of the image have in common.
        self.key: int = mock_random.uuid4().int >> 32
        #: What has run of components.
        self.components: ComponentRuns = shared_runs()
        #: What the workflows of a running build have launched, by id; afterwards what has been left running.
        self.instances: dict[str, BuildInstance] = {}
        self._executions: list[WorkflowExecution] | None = []
        self._sealed = b""
        self._documents: tuple[WorkflowDocument, ...] = ()
        self._stage: _StageRun | None = None
        #: Of a build that was retried.
        self._attempts: Attempts | None = None

    @property
    def executions(self) -> Sequence[WorkflowExecution]:
        """Those of a build that has ended are copies."""
        if self._executions is not None:
            return self._executions
        if self._attempts is not None:
            return SealedExecutions(self._attempts, self._uses)
        return unseal(self._sealed, self._uses, self._documents)

    def find(self, number: int) -> WorkflowExecution | None:
        """The execution that has this number, or whose step has it."""
        executions = self.executions
        if self._attempts is not None and self._executions is None:
            attempt = self._attempts.attempt_with(number)
            _, executions = self._attempts.open(attempt, self._uses) if attempt >= 0 else (0, [])
        place = bisect_right(executions, number, key=lambda execution: execution.number) - 1
        found = executions[place] if place >= 0 else None
        return found if found is not None and number <= found.number + len(found.steps) else None

    def execution_id(self, execution: WorkflowExecution) -> str:
        return f"wf-{id_of(self.key, execution.number)}"

    def step_id(self, execution: WorkflowExecution, position: int) -> str:
        return f"step-{id_of(self.key, execution.number + 1 + position)}"

    def job_id(self, status: str) -> str:
        """The id of what the service does in a stage, as its messages have it."""
        return id_of(self.key, _JOB_NUMBERS[status])

    def note_components(self, workflow_type: str, failing: str | None = None) -> tuple[ComponentRun, ...]:
        """The components have begun to run in a workflow of this type.

        :param failing: the ARN of the component that fails: those behind it do not run.
        :returns: what runs of them.
        :raises ResourceNotFoundException: a component has been deleted.
        """
        runs = tuple(runs_in(self.image, workflow_type))
        arns = [run.component_arn for run in runs]
        if failing in arns:
            runs = runs[: arns.index(failing) + 1]
        self.components = shared_runs(*{**self.components, workflow_type: runs}.items())
        return runs

    def has_workflows(self, status: str) -> bool:
        """Whether workflows run in the stage of this status."""
        return next(self._places(status), None) is not None

    def steps(self, status: str) -> Iterator[WorkflowStep]:
        """All steps that may run in the stage of this status."""
        documents = (self._find(self._uses[place]) for place in self._places(status))
        return (step for document in documents if document is not None for step in document.steps)

    def begin_stage(self, status: str, moment: datetime) -> None:
        """The image enters a stage: its first workflows begin."""
        groups: dict[Any, list[int]] = {}
        for place in self._places(status):
            groups.setdefault(self._uses[place].get("parallelGroup", place), []).append(place)
        if not groups:
            return
        self._stage = _StageRun(list(groups.values()), moment)
        # One that is gone fails the stage, when its work is done.
        with suppress(StageFailed):
            for place in self._stage.groups[0][:MAX_PARALLEL]:
                self._execution_at(place, self._stage)

    def run_stage(self, moment: datetime, strikes: Sequence[Strike]) -> None:
        """Run the workflows of the present stage.

        :param strikes: what a test wants to go wrong in this stage.
        :raises NotYet: a step waits for an action.
        :raises StageFailed: a workflow is gone, or one has failed whose failure ends the build.
        """
        stage = self._stage
        if stage is None:
            return
        ahead = stage.groups_ahead
        for number, group in enumerate(ahead):
            until = max(stage.cursor, stage.cursor + (moment - stage.cursor) / (len(ahead) - number))
            self._run_group(group, stage, until, moment, strikes)
            stage.cursor = until
        self._stage = None

    def act(self, place: StepPlace, action: str, reason: str | None, moment: datetime) -> None:
        """RESUME or STOP a step that waits."""
        self.image.backend.workflow_history.waits_no_longer(place.id)
        place.execution.act(action, reason, moment)
        if self._stage is not None:
            self._stage.cursor = max(self._stage.cursor, moment)

    def end(self, moment: datetime) -> None:
        """The build has ended: what still runs is cancelled."""
        if self._executions is None:
            return
        for execution in self._executions:
            if execution.is_running:
                self._waits_no_longer(execution)
                execution.cancel(moment)
        self._stage = None
        self._give_instances_up(moment)
        ended = self._executions[0 if self._attempts is None else len(self._attempts) :]
        sealed, documents = seal(ended, self._uses), tuple(execution.document for execution in ended)
        if self._attempts is None:
            self._sealed, self._documents = sealed, documents
        else:
            self._attempts.add(sealed, documents, ended[0].number if ended else 0)
        self._executions = None

    def reopen(self, status: str) -> None:
        """The build is retried from the stage of this status on: what ran there is superseded."""
        executions = list(self.executions)
        if self._attempts is None:
            self._attempts = Attempts()
            self._attempts.add(self._sealed, self._documents, executions[0].number if executions else 0)
            self._sealed, self._documents = b"", ()
        for execution in executions:
            if execution.type == WORKFLOW_TYPES.get(status):
                execution.retried = True
                self._attempts.superseded[execution.use["workflowArn"]] = len(executions)
        self._executions = executions

    def _give_instances_up(self, moment: datetime) -> None:
        """Terminate what still runs, if the infrastructure configuration does not want it to be kept."""
        if not self.instances:
            return
        has_failed = self.image.record["state"]["status"] == FAILED
        setting = "terminateInstanceOnFailure" if has_failed else "terminateInstanceOnCompletion"
        if self.image.infrastructure.get(setting, True):
            for instance in self.instances.values():
                instance.terminate(moment)
        self.instances = {id_: instance for id_, instance in self.instances.items() if instance.state != TERMINATED}

    @property
    def _uses(self) -> Sequence[Mapping[str, Any]]:
        uses: Sequence[Mapping[str, Any]] = self.image.record.get("workflows", ())
        return uses

    def _places(self, status: str) -> Iterator[int]:
        type_ = WORKFLOW_TYPES.get(status)
        return (place for place, use in enumerate(self._uses) if type_of(use["workflowArn"]) == type_)

    def _find(self, use: Mapping[str, Any]) -> WorkflowDocument | None:
        workflow = self.image.backend.find_workflow(use["workflowArn"])
        return None if workflow is None else workflow.document

    def _execution_at(self, place: int, stage: _StageRun) -> WorkflowExecution:
        """:raises StageFailed: the workflow has not begun, and is gone."""
        execution = stage.executions.get(place)
        if execution is None:
            use = self._uses[place]
            document = self._find(use)
            if document is None or self._executions is None:
                raise StageFailed(ResourceNotFoundException("Workflow", use["workflowArn"]).message)
            last = self._executions[-1] if self._executions else None
            number = 1 if last is None else last.number + 1 + len(last.steps)
            execution = stage.executions[place] = WorkflowExecution(number, use, document)
            execution.begin(stage.cursor)
            self._executions.append(execution)
        return execution

    def _run_group(
        self, group: Iterable[int], stage: _StageRun, until: datetime, moment: datetime, strikes: Sequence[Strike]
    ) -> None:
        waits: list[NotYet] = []
        failed: WorkflowExecution | None = None
        for place in group:
            if len(waits) == MAX_PARALLEL:
                break
            execution = self._execution_at(place, stage)
            if not execution.is_running:
                continue
            try:
                execution.run(ImageScene(self, execution, moment, strikes), stage.cursor, until, moment)
            except NotYet as wait:
                waits.append(wait)
                continue
            self._waits_no_longer(execution)
            if execution.failure is not None and execution.use.get("onFailure") != "CONTINUE":
                failed = failed or execution
        if failed is not None:
            raise self._stage_failed(failed, strikes)
        if waits:
            raise NotYet(min(wait.until for wait in waits if wait.until is not None))

    def _waits_no_longer(self, execution: WorkflowExecution) -> None:
        for position, step in enumerate(execution.document.steps):
            if step.action == WAIT_FOR_ACTION:
                self.image.backend.workflow_history.waits_no_longer(self.step_id(execution, position))

    def _stage_failed(self, execution: WorkflowExecution, strikes: Sequence[Strike]) -> StageFailed:
        if execution.failure is None:
            raise LookupError("the workflow has not failed")
        position, context = execution.failure
        message = execution.message or ""
        reason = f"Workflow Execution ID: '{self.execution_id(execution)}' failed with reason: {message}"
        return StageFailed(
            to_the_letter(strikes, reason)[:_MAX_REASON],
            workflowExecutionId=self.execution_id(execution),
            workflowArn=execution.use["workflowArn"],
            stepExecutionId=self.step_id(execution, position),
            failedStep=execution.document.steps[position].name,
            **context,
        )
