"""The table of step actions: what a step of a workflow does in a build. WaitForAction alone is the engine's own matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import distribution_actions as distribution
from . import instance_actions as instance
from . import launch_actions
from .scan_actions import collect_image_scan_findings
from .step_run import Outputs, StepRun

#: The outputs of a step; None if there is nothing for it to do, and it is skipped. Raises StepFailed.
Action = Callable[[StepRun], "Outputs | None"]


ACTIONS: Mapping[str, Action] = {
    "ApplyImageConfigurations": distribution.apply_image_configurations,
    "BootstrapInstanceForContainer": instance.run_command,
    "CollectImageMetadata": instance.collect_image_metadata,
    "CollectImageScanFindings": collect_image_scan_findings,
    "CreateImage": instance.create_image,
    "CreateImageFromIso": instance.create_image_from_iso,
    "DistributeContainerImage": distribution.distribute_container_image,
    "DistributeImage": distribution.distribute_image,
    "ExecuteComponents": instance.execute_components,
    "ExecuteStateMachine": instance.execute_state_machine,
    "LaunchInstance": launch_actions.launch_instance,
    "ModifyImageAttributes": distribution.modify_image_attributes,
    "RegisterImage": instance.register_image,
    "RunCommand": instance.run_command_document,
    "RunSysPrep": instance.run_sysprep,
    "SanitizeInstance": instance.sanitize_instance,
    "TerminateInstance": launch_actions.terminate_instance,
    "WaitForSSMAgent": instance.wait_for_ssm_agent,
}
