"""The log of a build, made from its records when somebody wants to read it.

Sentences are those of published logs as far as they are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...arns import Arn
from ..workflows.execution import COMPLETED, FAILED, RUNNING, SKIPPED, WAIT_FOR_ACTION, StepExecution, WorkflowExecution
from .component_logs import EXIT_STATUS, console
from .logs import Line, log_group_of, milliseconds, write
from .resolved_arns import with_account

if TYPE_CHECKING:
    from datetime import datetime

    from ...documents.workflow import WorkflowStep
    from ...resources.image import Image

_TYPES = {"BUILDING": "BUILD", "TESTING": "TEST", "DISTRIBUTING": "DISTRIBUTION"}
_COMMANDS = frozenset(("RunCommand", "RunSysPrep", "SanitizeInstance", "BootstrapInstanceForContainer"))


def leave_logs(logs: Any, image: Image) -> None:
    """Write what has happened to an image so far, as far as it has not been written.

    :param logs: moto's CloudWatch Logs of its account and Region.
    """
    write(logs, log_group_of(image), image.record["version"], lines_of(image))
    pipeline_arn: str | None = image.record.get("sourcePipelineArn")
    if pipeline_arn is not None:
        group = image.record.get("pipelineLogGroupName") or f"/aws/imagebuilder/pipeline/{Arn.parse(pipeline_arn).slug}"
        text = f"Started execution of Image Pipeline ARN: {pipeline_arn} for Image ARN: {image.arn}"
        write(logs, group, f"{image.created:%Y/%m/%d}", [Line(image.created, text)])


def lines_of(image: Image) -> Sequence[Line]:
    """All lines so far, in the order of time."""
    # Workflow executions know the time to the millisecond only.
    return sorted(_lines(image), key=lambda line: milliseconds(line.moment))


def _lines(image: Image) -> Iterator[Line]:
    rounds = _rounds(image)
    for moment, state in image.build.history():
        status = state["status"]
        yield Line(moment, f"Image transitioned to {status} state for Image ARN: {image.arn}")
        if "reason" in state:
            yield Line(moment, f"Reason: {state['reason']}")
        if status == "BUILDING":
            yield from _resolution(image, moment)
        for execution in next(rounds.get(_TYPES.get(status), iter(())), ()):
            yield from _workflow_lines(image, execution)


def _rounds(image: Image) -> Mapping[str | None, Iterator[list[WorkflowExecution]]]:
    """Executions by the type of their workflow, and by the times at which the image came to their stage.

    A workflow runs once each time, unless the image names it twice.
    """
    rounds: dict[str | None, list[list[WorkflowExecution]]] = {}
    for execution in image.workflow_runs.executions:
        of_type = rounds.setdefault(execution.type, [[]])
        if any(other.use is execution.use and other.retried for other in of_type[-1]):
            of_type.append([])
        of_type[-1].append(execution)
    return {type_: iter(of_type) for type_, of_type in rounds.items()}


def _resolution(image: Image, moment: datetime) -> Iterator[Line]:
    """What a reference to a parent image has come to mean."""
    if image.parent is None or not image.recipe_record:
        return
    reference, resolved = image.recipe.record["parentImage"], image.recipe_record["parentImage"]
    if reference != resolved:
        meaning = resolved if image.parent.ami is None else f"AMI {image.parent.ami.ami_id}"
        yield Line(moment, f"Resolved Image Recipe parent image {with_account(reference)} to {meaning}")


def _workflow_lines(image: Image, execution: WorkflowExecution) -> Iterator[Line]:
    if execution.started is None:
        return
    arn = with_account(execution.use["workflowArn"])
    yield Line(execution.started, f"Started {execution.type} workflow {arn}")
    yield Line(execution.started, f"Total {len(execution.steps)} steps to run for workflow {arn}")
    for position, (record, step) in enumerate(zip(execution.steps, execution.document.steps, strict=True)):
        if record.started is not None:
            step_id = image.workflow_runs.step_id(execution, position)
            yield from (Line(record.started, text) for text in _beginning(record, step, step_id))
            if record.ended is not None:
                yield from (Line(record.ended, text) for text in _end(image, execution, record, step))
    if execution.ended is not None:
        for record, step in zip(execution.steps, execution.document.steps, strict=True):
            if record.rollback_status == COMPLETED:
                yield Line(execution.ended, f"Rolled back step {step.name}")
        reason = "" if execution.message is None else f". Reason: {execution.message}"
        yield Line(execution.ended, f"Workflow {arn} ended with status {execution.status}{reason}")


def _beginning(record: StepExecution, step: WorkflowStep, step_id: str) -> Iterator[str]:
    if step.if_ is None:
        yield f"No 'if' conditions to evaluate for step: {step.name}"
    if record.status == SKIPPED:
        yield f"Skipped step {step.name}"
        return
    yield f"Started step {step.name} with action {step.action}"
    if step.action == "LaunchInstance":
        yield "Launching instance"
    elif step.action == WAIT_FOR_ACTION and record.inputs is not None and record.status != FAILED:
        if "snsTopicArn" in record.inputs:
            yield f"Published a message to SNS topic {record.inputs['snsTopicArn']}"
        if "lambdaFunctionName" in record.inputs:
            yield f"Invoked Lambda function {record.inputs['lambdaFunctionName']}"
        yield f"Waiting for an action (step execution id: {step_id})"


def _end(image: Image, execution: WorkflowExecution, record: StepExecution, step: WorkflowStep) -> Iterator[str]:
    if record.status in (SKIPPED, RUNNING):
        return
    outputs = record.outputs if isinstance(record.outputs, Mapping) else {}
    if step.action == "LaunchInstance" and record.status == COMPLETED:
        yield f"Launched instance (instance id: {outputs['instanceId']})"
        yield (
            f"Waiting for instance availability (id: {outputs['instanceId']}, expected state: ['passed']). "
            "Attempt number: 1."
        )
    if step.action == "ExecuteComponents" and "runCommandId" in outputs:
        runs = image.workflow_runs.components.get(execution.type, ())
        yield from console(
            runs, _error_of(record, runs[-1].component_arn) if record.status == FAILED and runs else None
        )
    if "runCommandId" in outputs and (step.action == "ExecuteComponents" or step.action in _COMMANDS):
        state = "Failed" if record.status == FAILED else "Success"
        verb = "failed" if state == "Failed" else "completed"
        yield f"Command {verb} (command id: {outputs['runCommandId']}, state: {state})"
    if step.action == WAIT_FOR_ACTION and "action" in outputs:
        reason = f", reason: {outputs['reason']}" if "reason" in outputs else ""
        yield f"Received action for step {step.name} (action: {outputs['action']}{reason})"
    if record.status == FAILED:
        if record.message is not None:
            yield record.message
        yield f"Action failed for step {step.name}. " + (
            "Failing step" if step.on_failure == "Abort" else "Continuing with the next step"
        )
    elif record.status == COMPLETED:
        yield f"Completed step {step.name}"
    else:
        yield f"Cancelled step {step.name}"


def _error_of(record: StepExecution, component_arn: str) -> str:
    """Why the first step of a component has failed."""
    if record.message is None or record.message == f"Document {component_arn} failed!":
        return EXIT_STATUS
    return record.message
