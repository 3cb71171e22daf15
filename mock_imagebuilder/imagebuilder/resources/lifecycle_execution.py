"""Lifecycle executions: the runs of lifecycle policies and of resource state updates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..arns import Arn
from ..exceptions import invalid_value
from ..store import places_after
from ..versions import WILDCARD
from .base import Answer, BackendCore, now, operation

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CancelLifecycleExecutionRequestTypeDef,
        GetLifecycleExecutionRequestTypeDef,
        ListLifecycleExecutionResourcesRequestTypeDef,
        ListLifecycleExecutionsRequestTypeDef,
    )

    from ..builds.lifecycle.execution import LifecycleExecution


class LifecycleExecutionOperations(BackendCore):
    """Get, list and cancel lifecycle executions, and list what they acted on."""

    @operation("GetLifecycleExecution")
    def get_lifecycle_execution(self, request: GetLifecycleExecutionRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such execution."""
        execution = self.lifecycle_history.get(request["lifecycleExecutionId"])
        execution.observe(now())
        return {"lifecycleExecution": execution.record}

    @operation("ListLifecycleExecutions")
    def list_lifecycle_executions(self, request: ListLifecycleExecutionsRequestTypeDef) -> Answer:
        """The executions of a policy, or those that StartResourceStateUpdate started for an image, newest first.

        Those of a policy or an image that is gone are still there; an unknown one has none.

        :raises InvalidParameterValueException: the ARN is neither that of a policy nor that of an image build version.
        """
        arn = Arn.parse(request["resourceArn"])
        is_build = arn.type == "image" and arn.build is not None and WILDCARD not in str(arn.version)
        if not is_build and arn.type != "lifecycle-policy":
            raise invalid_value(
                "resourceArn", "The ARN must be that of a lifecycle policy or of an image build version."
            )
        executions, token = self.list_page(
            "ListLifecycleExecutions", request, lambda before: self.lifecycle_history.before(str(arn), before)
        )
        moment = now()
        for execution in executions:
            execution.observe(moment)
        return {"lifecycleExecutions": [execution.record for execution in executions], **token}

    @operation("ListLifecycleExecutionResources")
    def list_lifecycle_execution_resources(self, request: ListLifecycleExecutionResourcesRequestTypeDef) -> Answer:
        """The images that an execution acts on, or with ``parentResourceId`` the output resources of one of them.

        :raises ResourceNotFoundException: there is no such execution.
        """
        execution = self.lifecycle_history.get(request["lifecycleExecutionId"])
        execution.observe(now())
        parent = request.get("parentResourceId")
        entries = execution.resources if parent is None else execution.outputs.get(parent, [])
        rows, token = self.list_page(
            "ListLifecycleExecutionResources", request, lambda after: places_after(entries, after)
        )
        return {
            "lifecycleExecutionId": execution.id,
            "lifecycleExecutionState": execution.record["state"],
            "resources": rows,
            **token,
        }

    @operation("CancelLifecycleExecution")
    def cancel_lifecycle_execution(self, request: CancelLifecycleExecutionRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: there is no such execution.
        :raises InvalidParameterValueException: it has ended.
        """
        execution = self.lifecycle_history.get(request["lifecycleExecutionId"])
        if not execution.is_running:
            raise invalid_value(
                "lifecycleExecutionId",
                f"The lifecycle execution '{execution.id}' is in the state {execution.status} and cannot be cancelled.",
            )
        execution.cancel(now())
        return {"lifecycleExecutionId": execution.id}

    def start_lifecycle_execution(self, execution: LifecycleExecution, moment: datetime) -> LifecycleExecution:
        self.lifecycle_history.add(execution)
        execution.settle(moment)
        self.running_builds.add(execution)
        return execution
