"""Resource states: StartResourceStateUpdate, which moves one image to another state by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..builds.lifecycle.actions import STATUS_AFTER, TRANSITIONS, schedule_deprecation, set_status
from ..builds.lifecycle.execution import LifecycleExecution
from ..builds.lifecycle.plan import DELETE, DEPRECATE, Decision
from ..exceptions import ResourceInUseException, invalid_combination, invalid_value
from .base import Answer, BackendCore, now, operation
from .lifecycle_rules import check_included

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import StartResourceStateUpdateRequestTypeDef

    from .image import Image

_ACTIONS = {status: action for action, status in STATUS_AFTER.items()}
RESOURCE_TYPES = {"AMI": "AMI_IMAGE", "DOCKER": "CONTAINER_IMAGE"}


class ResourceStateOperations(BackendCore):
    """Update the state of an image."""

    @operation("StartResourceStateUpdate")
    def start_resource_state_update(self, request: StartResourceStateUpdateRequestTypeDef) -> Answer:
        """Starts a lifecycle execution if output resources are included or the update is scheduled; otherwise the image
        has its new state at once.

        :raises ResourceNotFoundException: there is no such image.
        :raises ResourceInUseException: its build is running, or a lifecycle execution when this update needs one too.
        :raises InvalidParameterValueException: the image can't get that state from its own; the time is not in the
            future; the role can't be used.
        :raises InvalidParameterCombinationException: parameters that do not go together.
        """
        image = self.images.get(request["resourceArn"])
        moment = now()
        action = _action(image, request["state"].get("status"))
        included: Mapping[str, Any] = request.get("includeResources", {})
        _check_companions(image, request, action)
        scheduled = _check_time(request.get("updateAt"), action, moment)
        if "executionRole" in request:
            self.require_lifecycle_role(request["executionRole"])
        decision = Decision(
            image,
            action,
            "The state update was requested.",
            included,
            request.get("exclusionRules", {}).get("amis", {}),
            stays_with_amis=action == DELETE,
        )
        if scheduled is None and not any(included.values()):
            set_status(image, action, moment)
            return {"resourceArn": image.arn}
        if any(execution.is_about(image) for execution in self.lifecycle_history.running()):
            raise ResourceInUseException(f"A lifecycle execution is in progress for the image '{image.arn}'.")
        if scheduled is not None:
            schedule_deprecation(decision, scheduled, moment)
        role = request.get("executionRole")
        execution = self.start_lifecycle_execution(
            LifecycleExecution(self, lambda _: [decision], role, moment, image=image, scheduled=scheduled), moment
        )
        return {"lifecycleExecutionId": execution.id, "resourceArn": image.arn}


def _action(image: Image, status: str | None) -> str:
    """The action that brings an image to a status.

    :raises ResourceInUseException: the image's build is running.
    :raises InvalidParameterValueException: the image can't get that status.
    """
    if status is None:
        raise invalid_value("state.status", "state.status is required")
    if image.build.is_running:
        raise ResourceInUseException(f"The build of the image '{image.arn}' is in progress: {image.status}.")
    if image.record["type"] == "DOCKER" and status != "DELETED":
        raise invalid_value("state.status", "The state of a container image can be updated to DELETED only.")
    if status not in TRANSITIONS[image.status]:
        raise invalid_value("state.status", f"An image in the state {image.status} can't be updated to {status}.")
    return _ACTIONS[status]


def _check_companions(image: Image, request: StartResourceStateUpdateRequestTypeDef, action: str) -> None:
    """:raises InvalidParameterCombinationException: see the rules for ``includeResources``."""
    for given, missing in (("executionRole", "includeResources"), ("includeResources", "executionRole")):
        if given in request and missing not in request:
            raise invalid_combination(given, f"{given} can only be provided together with {missing}.")
    included: Mapping[str, Any] = request.get("includeResources", {})
    check_included(included, action, RESOURCE_TYPES[image.record["type"]], "includeResources")
    if action == DELETE and not any(included.values()):
        raise invalid_combination(
            "includeResources", "At least one kind of resource must be included to update the state to DELETED."
        )


def _check_time(update_at: Any, action: str, moment: datetime) -> datetime | None:
    """
    :param update_at: when the update is to happen, as the API has read it; None for at once.
    :raises InvalidParameterCombinationException: only deprecations can be scheduled.
    :raises InvalidParameterValueException: the time is not in the future.
    """
    if update_at is None:
        return None
    if action != DEPRECATE:
        raise invalid_combination("updateAt", "Only updates to the state DEPRECATED can be scheduled.")
    scheduled: datetime = update_at
    if scheduled <= moment:
        raise invalid_value("updateAt", "The time of the update must be in the future.")
    return scheduled
