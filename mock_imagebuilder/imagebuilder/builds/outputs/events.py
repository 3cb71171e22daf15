"""Events on the default bus of moto's EventBridge, for the rules that are there when they happen.

The forms are those of the user guide's page "Amazon EventBridge integration in Image Builder". A rule that comes later does
not see them, nor does an archive: where nobody has used EventBridge, nothing is sent, and nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from .notifications import invoke, publish
from .outbox import living_backend

if TYPE_CHECKING:
    from ...resources.base import BackendCore
    from ...resources.image import Image

SOURCE = "aws.imagebuilder"

#: The states whose beginning is announced.
_ANNOUNCED = frozenset(("BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING", "AVAILABLE", "CANCELLED", "FAILED"))


def state_changed(image: Image, previous: Mapping[str, Any], moment: datetime) -> None:
    """The image has come from a state to its present one."""
    state = image.record["state"]
    if state["status"] in _ANNOUNCED:
        detail = {"previous-state": _state(previous), "state": _state(state)}
        _send(image.backend, "EC2 Image Builder Image State Change", [image.arn], detail, moment)


def cve_detected(image: Image, resource_id: str, counts: Mapping[str, int], moment: datetime) -> None:
    """The scan of an image has found something.

    :param resource_id: the id of the instance that was scanned.
    :param counts: ``all``, ``critical``, ``high`` and ``medium``.
    """
    pipeline_arn: str | None = image.record.get("sourcePipelineArn")
    detail = {"resource-id": resource_id, "finding-severity-counts": dict(counts)}
    resources = [image.arn] if pipeline_arn is None else [image.arn, pipeline_arn]
    _send(image.backend, "EC2 Image Builder CVE Detected", resources, detail, moment)


def step_waits(
    image: Image, workflow_arn: str, execution_id: str, step_id: str, step_name: str, moment: datetime
) -> None:
    """A step of a workflow waits for an action."""
    detail = {
        "workflow-execution-id": execution_id,
        "workflow-step-execution-id": step_id,
        "workflow-step-name": step_name,
    }
    _send(image.backend, "EC2 Image Builder Workflow Step Waiting", [image.arn, workflow_arn], detail, moment)


def pipeline_disabled(backend: BackendCore, pipeline_arn: str, failures: int, moment: datetime) -> None:
    """The service has disabled a pipeline after so many consecutive failures."""
    detail = {"consecutive-failures": str(failures)}
    _send(backend, "EC2 Image Builder Image Pipeline Automatically Disabled", [pipeline_arn], detail, moment)


def _state(state: Mapping[str, Any]) -> dict[str, str]:
    return {member: state[member] for member in ("status", "reason") if member in state}


def _send(
    backend: BackendCore, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any], moment: datetime
) -> None:
    eventbridge = living_backend("events", backend.account_id, backend.region_name)
    if eventbridge is None:
        return
    event = {
        "version": "0",
        "id": str(mock_random.uuid4()),
        "detail-type": detail_type,
        "source": SOURCE,
        "account": backend.account_id,
        # moto writes the time out itself.
        "time": int(moment.timestamp()),
        "region": backend.region_name,
        "resources": list(resources),
        "detail": detail,
    }
    for rule in list(eventbridge.event_buses["default"].rules.values()):
        for target in rule.targets if rule.state != "DISABLED" else ():
            # A target that is gone, or that moto cannot send to, keeps the event from nobody else.
            with suppress(Exception):
                _send_to(rule, target, event)


def _send_to(rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    """Send an event to one target of a rule, if the rule is for such events.

    :param rule: moto's rule.
    :param event: with the time in seconds.
    """
    if not rule.event_pattern.matches_event(event):
        return
    transforms = "InputTransformer" in target
    if transforms:
        event = {**event, "ingestion-time": event["time"]}
    _, _, service, region, account_id, _ = target["Arn"].split(":", 5)
    if service in ("sns", "lambda"):
        # moto's rules refuse to send to these two.
        text = json.dumps(_transformed(target["InputTransformer"], event) if transforms else _written_out(event))
        if service == "sns":
            publish(target["Arn"], text)
        else:
            invoke(account_id, region, target["Arn"], text)
        return
    only_this = copy(rule)
    only_this.targets = [target]
    # To "transform" without a transformer would drop the account.
    only_this.send_to_targets(event, transform_input=transforms)


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    from moto.events.utils import EventTemplateParser

    written: Any = _written_out(event)
    return EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), written)


def _written_out(event: Mapping[str, Any]) -> dict[str, Any]:
    from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp

    return {**event, "time": iso_8601_datetime_without_milliseconds(utcfromtimestamp(event["time"]))}
