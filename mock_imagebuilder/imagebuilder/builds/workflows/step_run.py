"""One step of a workflow that runs now: what its action is given, and how it says that it cannot be done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..outputs.outbox import living_backend
from .execution import StepFailed

if TYPE_CHECKING:
    from ...documents.workflow import WorkflowStep
    from ...resources.image import Image

Outputs = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step that runs now."""

    image: Image
    #: BUILD, TEST or DISTRIBUTION.
    workflow_type: str
    step: WorkflowStep
    #: With dynamic values filled in.
    inputs: Mapping[str, Any]
    #: The recorded times of the step, and that of its effects: what it makes is there when its stage has run.
    begin: datetime
    end: datetime
    moment: datetime
    #: The ids of the instances that workflows of the image have launched and not terminated.
    instances: Collection[str]

    @property
    def has_instance(self) -> bool:
        """Whether a workflow of the image has launched the instance of the inputs, or the account's EC2 has it."""
        instance_id: str = self.inputs["instanceId"]
        if instance_id in self.instances:
            return True
        backend = self.image.backend
        ec2 = living_backend("ec2", backend.account_id, backend.region_name)
        return ec2 is not None and ec2.get_instance_by_id(instance_id) is not None

    def failed(self, message: str, outputs: Outputs | None = None, **context: Any) -> StepFailed:
        """The failure of the step, in the frame that the service puts around messages of other services."""
        return StepFailed(f"{message.rstrip('.')} in workflow step {self.step.name}", outputs, **context)

    def api_error(self, code: str, operation: str, message: str) -> StepFailed:
        """The failure of a step whose call of another service was refused."""
        return self.failed(f"An error occurred ({code}) when calling the {operation} operation: {message}")
