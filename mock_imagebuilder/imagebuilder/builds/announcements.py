"""What a build tells others: about its states, and about its steps that wait."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .outputs import events, notifications
from .outputs.build_log import leave_logs
from .outputs.image_message import image_message
from .outputs.outbox import living_backend

if TYPE_CHECKING:
    from ..resources.image import Image
    from .workflows.step_run import StepRun

#: The states of which the SNS topic of the infrastructure configuration hears.
_NOTIFIED = ("AVAILABLE", "FAILED")


def announce_state(image: Image, previous: Mapping[str, Any], moment: datetime) -> None:
    """The image has come to its present state.

    :param previous: the state that it comes from.
    """
    events.state_changed(image, previous, moment)
    topic_arn = image.record.get("infrastructureConfiguration", {}).get("snsTopicArn")
    if topic_arn is not None and image.status in _NOTIFIED:
        # The topic was there when the configuration was made. If it is gone, nobody hears of the image.
        with suppress(notifications.CallRefused):
            notifications.publish(topic_arn, image_message(image))
    log(image)


def log(image: Image) -> None:
    """Write the log up to now, if somebody uses CloudWatch Logs. If nobody does, it waits in the outbox."""
    logs = living_backend("logs", image.backend.account_id, image.backend.region_name)
    if logs is not None:
        leave_logs(logs, image)


def announce_findings(image: Image, moment: datetime) -> None:
    """The findings of the image's scan can be seen from now on."""
    counts = image.backend.severity_counts_of(image)
    if counts is not None:
        events.cve_detected(image, _scanned_instance(image) or image.arn, counts, moment)


def ask_for_action(run: StepRun, step_id: str) -> None:
    """Send what a step with the action WaitForAction has to send before it waits.

    :raises StepFailed: its topic or its function does not exist.
    """
    payload = {"imageArn": run.image.arn, "workflowStepExecutionId": step_id}
    if "payload" in run.inputs:
        payload["customPayload"] = run.inputs["payload"]
    text = json.dumps(payload)
    backend = run.image.backend
    if "snsTopicArn" in run.inputs:
        try:
            notifications.publish(run.inputs["snsTopicArn"], text)
        except notifications.CallRefused as refusal:
            raise run.api_error(refusal.code, "Publish", str(refusal)) from None
    if "lambdaFunctionName" in run.inputs:
        try:
            notifications.invoke(backend.account_id, backend.region_name, run.inputs["lambdaFunctionName"], text)
        except notifications.CallRefused as refusal:
            raise run.api_error(refusal.code, "Invoke", str(refusal)) from None


def _scanned_instance(image: Image) -> str | None:
    """The instance that was launched last: that of the tests, when they are over."""
    found = None
    for execution in image.workflow_runs.executions:
        for record, step in zip(execution.steps, execution.document.steps, strict=True):
            if step.action == "LaunchInstance" and isinstance(record.outputs, Mapping):
                found = record.outputs["instanceId"]
    return found
