"""Workflow executions: what the workflows of a build did, step by step, and the steps that wait for an action."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from ..builds.workflows.execution import COMPLETED, FAILED, SKIPPED
from ..builds.workflows.history import StepPlace
from ..exceptions import invalid_value
from ..store import places_after
from .base import Answer, BackendCore, Record, iso_date, now, operation

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        GetWorkflowExecutionRequestTypeDef,
        GetWorkflowStepExecutionRequestTypeDef,
        ListWaitingWorkflowStepsRequestTypeDef,
        ListWorkflowExecutionsRequestTypeDef,
        ListWorkflowStepExecutionsRequestTypeDef,
        SendWorkflowStepActionRequestTypeDef,
    )

    from ..builds.workflows.execution import WorkflowExecution
    from ..builds.workflows.runs import WorkflowRuns

#: The model's limit for messages.
_MAX_MESSAGE = 500


class WorkflowExecutionOperations(BackendCore):
    """Get and list workflow executions and their steps, and answer those that wait."""

    @operation("ListWorkflowExecutions")
    def list_workflow_executions(self, request: ListWorkflowExecutionsRequestTypeDef) -> Answer:
        """The executions of an image in the order in which they began; retries come after what they superseded.

        :raises ResourceNotFoundException: there is no such image.
        """
        image = self.images.get(request["imageBuildVersionArn"])
        rows, token = self.list_page(
            "ListWorkflowExecutions", request, lambda after: places_after(image.workflow_runs.executions, after)
        )
        return {
            "workflowExecutions": [{**_execution(image.workflow_runs, row), "retried": row.retried} for row in rows],
            "imageBuildVersionArn": image.arn,
            "message": _message(image.record["state"].get("reason")),
            **token,
        }

    @operation("GetWorkflowExecution")
    def get_workflow_execution(self, request: GetWorkflowExecutionRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such execution."""
        runs, execution = self.workflow_history.execution(request["workflowExecutionId"])
        return {**_execution(runs, execution), "imageBuildVersionArn": runs.image.arn}

    @operation("ListWorkflowStepExecutions")
    def list_workflow_step_executions(self, request: ListWorkflowStepExecutionsRequestTypeDef) -> Answer:
        """The steps of an execution in the order of its document.

        :raises ResourceNotFoundException: there is no such execution.
        """
        runs, execution = self.workflow_history.execution(request["workflowExecutionId"])
        places = [StepPlace(runs, execution, position) for position in range(len(execution.steps))]
        rows, token = self.list_page("ListWorkflowStepExecutions", request, lambda after: places_after(places, after))
        return {
            "steps": [_step(row) for row in rows],
            "workflowBuildVersionArn": execution.use["workflowArn"],
            "workflowExecutionId": request["workflowExecutionId"],
            "imageBuildVersionArn": runs.image.arn,
            **token,
        }

    @operation("GetWorkflowStepExecution")
    def get_workflow_step_execution(self, request: GetWorkflowStepExecutionRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such step."""
        place = self.workflow_history.step(request["stepExecutionId"])
        step = place.execution.document.steps[place.position]
        return {
            **_step(place),
            **_whereabouts(place),
            "onFailure": step.on_failure,
            "timeoutSeconds": step.timeout_seconds,
            "attemptNumber": 1,
            "maxAttempts": 1,
        }

    @operation("ListWaitingWorkflowSteps")
    def list_waiting_workflow_steps(self, request: ListWaitingWorkflowStepsRequestTypeDef) -> Answer:
        """The steps that wait for an action in this account and Region, the one that waits longest first."""
        places, token = self.list_page("ListWaitingWorkflowSteps", request, self.workflow_history.waiting_after)
        return {"steps": [{**_step(place), **_whereabouts(place)} for place in places], **token}

    @operation("SendWorkflowStepAction")
    def send_workflow_step_action(self, request: SendWorkflowStepActionRequestTypeDef) -> Answer:
        """RESUME completes the step, STOP fails it; then the build goes on as its progression has it.

        :raises ResourceNotFoundException: there is no such step.
        :raises InvalidParameterValueException: it is a step of another image; it does not wait for an action: not yet,
            not any more, or never.
        """
        place = self.workflow_history.step(request["stepExecutionId"])
        image = place.runs.image
        if image.arn != request["imageBuildVersionArn"]:
            raise invalid_value(
                "imageBuildVersionArn",
                f"The workflow step execution '{place.id}' is not one of the image '{request['imageBuildVersionArn']}'.",
            )
        if not self.workflow_history.is_waiting(place.id):
            raise invalid_value(
                "stepExecutionId", f"The workflow step execution '{place.id}' is not waiting for an action."
            )
        moment = now()
        place.runs.act(place, request["action"], request.get("reason"), moment)
        image.build.resume(moment)
        return {"stepExecutionId": place.id, "imageBuildVersionArn": image.arn}


def _execution(runs: WorkflowRuns, execution: WorkflowExecution) -> Record:
    """What the answers of Get and List have in common."""
    return {
        "workflowBuildVersionArn": execution.use["workflowArn"],
        "workflowExecutionId": runs.execution_id(execution),
        "type": execution.type,
        "status": execution.status,
        "message": _message(execution.message),
        "totalStepCount": len(execution.steps),
        "totalStepsSucceeded": execution.count(COMPLETED),
        "totalStepsFailed": execution.count(FAILED),
        "totalStepsSkipped": execution.count(SKIPPED),
        "startTime": _date(execution.started),
        "endTime": _date(execution.ended),
        "parallelGroup": execution.use.get("parallelGroup"),
    }


def _step(place: StepPlace) -> Record:
    """What the answers of Get and List have in common."""
    record, step = place.execution.steps[place.position], place.execution.document.steps[place.position]
    # What has been skipped keeps its inputs as the document has them.
    inputs = step.inputs if record.status == SKIPPED else record.inputs
    return {
        "stepExecutionId": place.id,
        "name": step.name,
        "description": _message(step.description),
        "action": step.action,
        "status": record.status,
        "rollbackStatus": record.rollback_status,
        "message": _message(record.message),
        "inputs": None if inputs is None else json.dumps(inputs),
        "outputs": json.dumps(record.outputs) if record.outputs else None,
        "startTime": _date(record.started),
        "endTime": _date(record.ended),
    }


def _whereabouts(place: StepPlace) -> Record:
    return {
        "workflowExecutionId": place.runs.execution_id(place.execution),
        "workflowBuildVersionArn": place.execution.use["workflowArn"],
        "imageBuildVersionArn": place.runs.image.arn,
    }


def _message(text: str | None) -> str | None:
    return None if text is None else text[:_MAX_MESSAGE]


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else iso_date(moment)
