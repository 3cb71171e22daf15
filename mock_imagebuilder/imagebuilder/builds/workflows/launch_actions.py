"""The step actions LaunchInstance and TerminateInstance.

The instance of a BUILD workflow comes from an Auto Scaling group if the infrastructure configuration says so
(``parentInstance`` in the API model).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.utilities.utils import get_partition

from ...exceptions import ImageBuilderException
from ..ami_contents import ContentsRefused, has_key_without_encryption, volume_keys
from ..ami_outputs import source_ami
from ..build import NotYet
from ..outputs import ec2
from ..outputs.instance_places import LaunchRefused, require_place
from ..outputs.instances import BuildInstance
from ..outputs.outbox import living_backend
from ..parent_image import ParentAmi, ParentImage, resolve_ami, resolve_parent_image
from .execution import StepFailed
from .step_run import Outputs, StepRun

if TYPE_CHECKING:
    from ...resources.image import Image

#: How often the service looks whether an Auto Scaling group has an instance.
_GLANCE = timedelta(seconds=15)


def launch_instance(run: StepRun) -> Outputs:
    infrastructure = run.image.infrastructure
    if run.workflow_type == "BUILD" and "parentInstance" in infrastructure:
        instance = _taken_instance(run, infrastructure["parentInstance"]["autoScalingGroup"])
    else:
        instance = _launched_instance(run)
    run.instances[instance.instance_id] = instance
    return {"instanceId": instance.instance_id}


def terminate_instance(run: StepRun) -> Outputs:
    """One of the image's own is kept if instances are to outlive completion."""
    own = run.instances.get(run.inputs["instanceId"])
    if own is not None:
        if run.image.infrastructure.get("terminateInstanceOnCompletion", True):
            own.terminate(run.moment)
        return {}
    other = run.other_instance
    if other is None:
        raise no_instance(run, "TerminateInstances")
    other.terminate()
    return {}


def no_instance(run: StepRun, operation: str) -> StepFailed:
    """The failure of a step whose instance is not in EC2."""
    message = f"The instance ID '{run.inputs['instanceId']}' does not exist"
    return run.api_error("InvalidInstanceID.NotFound", operation, message)


def instance_type(image: Image, inputs: Mapping[str, Any]) -> str:
    """The type of an instance that LaunchInstance launches. Without a setting the service picks one."""
    types = inputs.get("instanceTypesOverride") or image.infrastructure.get("instanceTypes")
    if types:
        return str(types[0])
    architecture = "x86_64" if image.parent is None or image.parent.ami is None else image.parent.ami.architecture
    return {"arm64": "m6g.large", "x86_64_mac": "mac1.metal", "arm64_mac": "mac2.metal"}.get(architecture, "m5.large")


def _launched_instance(run: StepRun) -> BuildInstance:
    image, backend = run.image, run.image.backend
    type_ = instance_type(image, run.inputs)
    profile = _instance_profile(run)
    ami_id, hardware = _ami_to_launch(run)
    try:
        require_place(backend.account_id, backend.region_name, image.infrastructure, type_)
    except LaunchRefused as refusal:
        raise run.api_error(refusal.code, "RunInstances", str(refusal)) from None
    keys = _keys_of_volumes(run) or None
    instance = BuildInstance(
        image, run.workflow_type, ec2.new_id("i"), type_, run.moment, profile, ami_id, hardware, keys
    )
    instance.launch()
    return instance


def _taken_instance(run: StepRun, group: Mapping[str, Any]) -> BuildInstance:
    """An instance of an Auto Scaling group, which launches another one in its place.

    :raises NotYet: it has none that is in service, and the time to wait for one is not over.
    """
    backend, name = run.image.backend, group["name"]
    autoscaling = living_backend("autoscaling", backend.account_id, backend.region_name)
    if autoscaling is None or name not in autoscaling.autoscaling_groups:
        raise run.failed(f"The Auto Scaling group '{name}' does not exist")
    free = (
        each.instance
        for each in autoscaling.autoscaling_groups[name].instance_states
        if each.lifecycle_state == "InService"
    )
    twin = next((each for each in free if each.state == "running"), None)
    if twin is None:
        deadline = run.begin + timedelta(seconds=group.get("capacityWaitTimeoutSeconds", 0))
        if run.moment < deadline:
            raise NotYet(min(deadline, run.moment + _GLANCE))
        raise run.failed(f"The Auto Scaling group '{name}' has no instance available")
    instance = BuildInstance(run.image, run.workflow_type, twin.id, twin.instance_type, run.moment)
    instance.take_over(twin)
    autoscaling.detach_instances(name, [twin.id], should_decrement=False)
    return instance


def _ami_to_launch(run: StepRun) -> tuple[str | None, ParentAmi | None]:
    """The id of the AMI, and one with the same hardware.

    None if nobody has said what the instance of a container image, or of a disk image, starts from.
    """
    image, override = run.image, run.inputs.get("imageIdOverride")
    backend, parent = image.backend, None if image.parent is None else image.parent.ami
    ami_id = None if parent is None else parent.ami_id
    try:
        if override is not None:
            return _id_and_hardware(resolve_parent_image(backend, override))
        if image.record["type"] != "AMI":
            reference = image.recipe_record.get("instanceConfiguration", {}).get("image")
            return _id_and_hardware(reference and resolve_ami(backend, reference, "instanceConfiguration.image"))
        output = None if run.workflow_type == "BUILD" else source_ami(image)
        if output is not None:
            ami_id = str(output["image"])
        if ami_id is not None:
            ec2.require_ami(backend.account_id, backend.region_name, ami_id)
    except ImageBuilderException:
        missing = override or image.recipe_record["instanceConfiguration"]["image"]
        raise run.api_error(
            "InvalidAMIID.NotFound", "RunInstances", f"The image id '[{missing}]' does not exist"
        ) from None
    except ec2.AmiGone as error:
        raise run.api_error("InvalidAMIID.Unavailable", "RunInstances", str(error)) from None
    return ami_id, parent


def _id_and_hardware(image: ParentImage | None) -> tuple[str | None, ParentAmi | None]:
    ami = None if image is None else image.ami
    return None if ami is None else ami.ami_id, ami


def _instance_profile(run: StepRun) -> Any:
    """moto's instance profile."""
    backend, name = run.image.backend, run.image.infrastructure["instanceProfileName"]
    iam = living_backend("iam", backend.account_id, get_partition(backend.region_name))
    if iam is None or name not in iam.instance_profiles:
        raise run.api_error(
            "InvalidParameterValue",
            "RunInstances",
            f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        )
    return iam.instance_profiles[name]


def _keys_of_volumes(run: StepRun) -> Mapping[str, str | None]:
    if has_key_without_encryption(run.image):
        raise run.api_error(
            "InvalidParameterDependency",
            "RunInstances",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        )
    try:
        return volume_keys(run.image)
    except ContentsRefused as error:
        raise run.failed(str(error)) from None
