"""One step of a workflow that runs now: what its action is given, and how it says that it cannot be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..outputs.outbox import living_backend
from .execution import StepFailed

if TYPE_CHECKING:
    from ...documents.workflow import WorkflowStep
    from ...resources.image import Image
    from ..outputs.instances import BuildInstance

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
    #: Those that workflows of the image have launched, by id.
    instances: dict[str, BuildInstance]

    @property
    def instance_state(self) -> str | None:
        """EC2's name of the state of the instance of the inputs.

        None if no workflow of the image has launched it, and the account's EC2 does not have it.
        """
        instance_id: str = self.inputs["instanceId"]
        instance = self.instances.get(instance_id) or self.other_instance
        return None if instance is None else str(instance.state)

    @property
    def other_instance(self) -> Any | None:
        """moto's instance of the inputs, whoever has launched it."""
        backend = self.image.backend
        ec2 = living_backend("ec2", backend.account_id, backend.region_name)
        return None if ec2 is None else ec2.get_instance_by_id(self.inputs["instanceId"])

    def failed(self, message: str, outputs: Outputs | None = None, **context: Any) -> StepFailed:
        """The failure of the step, in the frame that the service puts around messages of other services."""
        return StepFailed(f"{message.rstrip('.')} in workflow step {self.step.name}", outputs, **context)

    def api_error(self, code: str, operation: str, message: str) -> StepFailed:
        """The failure of a step whose call of another service was refused."""
        return self.failed(f"An error occurred ({code}) when calling the {operation} operation: {message}")
