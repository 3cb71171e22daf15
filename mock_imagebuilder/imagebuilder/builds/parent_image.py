"""What the parent image of an image recipe is: the AMI to start from, its platform and its operating system.

A parent image is an AMI id, the ARN of an Image Builder image, ``ssm:`` with the name or ARN of a parameter that holds an
AMI id, or a Marketplace product id (CreateImageRecipe.parentImage in the API model; "Create a new version of an image
recipe" in the user guide).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from ..api import load_model
from ..arns import Arn
from ..exceptions import InvalidParameterValueException, ResourceNotFoundException, invalid_value, misplaced_wildcard
from .build import AVAILABLE
from .outputs.outbox import backend_of, living_backend

if TYPE_CHECKING:
    from ..managed.catalogue import ManagedAmi
    from ..resources.base import BackendCore, HasRecord
    from ..resources.image import Image

_AMI_ID = re.compile(r"ami-[0-9a-z]+")
_PRODUCT_ID = re.compile(r"prod-[0-9a-z]+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_PARAMETER_ARN = re.compile(r"arn:aws[^:]*:ssm:(?P<region>[^:]+):(?P<account>[0-9]{12})?:parameter(?P<name>/.+)")


@dataclass(frozen=True, slots=True)
class ParentAmi:
    """The AMI of a parent image in this Region, as EC2 describes it."""

    ami_id: str
    name: str
    owner_id: str
    architecture: str = "x86_64"
    root_device_name: str = "/dev/xvda"


@dataclass(frozen=True, slots=True)
class ParentImage:
    """What a reference to a parent image means now."""

    #: As the recipe has it.
    reference: str
    #: The build ARN of an Image Builder image, otherwise the AMI id or the Marketplace product id.
    resolved: str
    #: Linux, Windows or macOS.
    platform: str
    #: None where nobody has collected it.
    os_version: str | None
    #: None for a Marketplace product, and for an image without an AMI here.
    ami: ParentAmi | None
    #: A value of the API's ImageSource.
    image_source: str
    #: AMI or DOCKER.
    type: str = "AMI"


def find_image(backend: BackendCore, arn_text: str) -> HasRecord | None:
    """The image that an ARN means, of this account, shared with it or published; None if there is none.

    A build ARN means that build, whatever its state. A version ARN, with wildcards or without, means the newest AVAILABLE
    build of the highest version that has one (GetImage.imageBuildVersionArn in the API model).

    :param arn_text: an ARN that the API model accepts as an image version or build version.
    :raises ValueError: a node right of a wildcard is not a wildcard.
    """
    arn = Arn.parse(arn_text)
    accepts = _is_available if arn.build is None else None
    if arn.owner.isdigit():
        own_or_shared: Image | None = backend.readable_store(arn).resolve(arn, accepts)
        return own_or_shared
    found = (store.resolve(arn, accepts) for store in backend.managed_images.values())
    return next((image for image in found if image is not None), None)


def resolve_parent_image(backend: BackendCore, reference: str) -> ParentImage:
    """Resolve the parent image of an image recipe as of now.

    :raises InvalidParameterValueException: the reference has none of the forms; a number stands right of a wildcard; the
        AMI does not exist in this Region or is not for this account; the image is not AVAILABLE; the parameter does not
        exist or holds no AMI id.
    :raises ResourceNotFoundException: no image has this ARN.
    """
    if is_image_arn(reference):
        return resolve_image_arn(backend, reference)
    if _PRODUCT_ID.fullmatch(reference):
        # What a product runs on is known to the Marketplace alone.
        return ParentImage(reference, reference, "Linux", None, None, "AWS_MARKETPLACE")
    ami = resolve_ami(backend, reference, "parentImage")
    if ami is None:
        raise invalid_value(
            "parentImage",
            "The parent image must be an AMI ID, an Image Builder image ARN, an SSM parameter prefixed by ssm:, "
            "or an AWS Marketplace product ID.",
        )
    return ami


def resolve_ami(backend: BackendCore, reference: str, parameter: str) -> ParentImage | None:
    """Resolve an AMI id, or ``ssm:`` with the name or ARN of a parameter that holds one; None for any other text.

    :param parameter: the request's parameter that holds the reference, for the error's sentence.
    :raises InvalidParameterValueException: the AMI does not exist in this Region or is not for this account; the
        parameter does not exist or holds no AMI id.
    """
    if _AMI_ID.fullmatch(reference):
        return _from_ami(backend, reference, reference, parameter)
    if reference.startswith("ssm:"):
        ami_id = _parameter_value(backend, reference.removeprefix("ssm:"), parameter)
        return _from_ami(backend, reference, ami_id, parameter)
    return None


def means_machine(reference: str) -> bool:
    """Whether a reference has one of the forms that only the parent images of AMIs have."""
    return reference.startswith("ssm:") or any(form.fullmatch(reference) for form in (_AMI_ID, _PRODUCT_ID))


def unusable_image(parameter: str = "parentImage") -> InvalidParameterValueException:
    """The refusal of an image that exists, or may exist, but not for this use."""
    return invalid_value(parameter, "You are not authorized to use the provided image.")


def _is_available(image: HasRecord) -> bool:
    status: str = image.record["state"]["status"]
    return status == AVAILABLE


def is_image_arn(reference: str) -> bool:
    """Whether a text is what the API model accepts as an image version or build version."""
    pattern = load_model().shape("ImageVersionArnOrBuildVersionArn")["pattern"]
    return re.fullmatch(pattern, reference) is not None


def resolve_image_arn(backend: BackendCore, reference: str, parameter: str = "parentImage") -> ParentImage:
    """Resolve the ARN of an Image Builder image as of now.

    :param parameter: the request's parameter that holds the reference, for the error's sentence.
    :raises InvalidParameterValueException: a number stands right of a wildcard; the image is not AVAILABLE; it is shared,
        but this account may not launch its AMI.
    :raises ResourceNotFoundException: no image has this ARN.
    """
    try:
        image = find_image(backend, reference)
    except ValueError:
        raise misplaced_wildcard(parameter) from None
    if image is None:
        raise ResourceNotFoundException("Image", reference)
    if not _is_available(image):
        raise unusable_image(parameter)
    record, ami = image.record, _ami_of(backend, image)
    is_shared = not _is_published(image) and record["owner"] != backend.account_id
    # To share an image does not share its AMI.
    if is_shared and ami and not any(_may_use(backend, in_ec2) for in_ec2 in _amis(backend, ami.ami_id)):
        raise unusable_image(parameter)
    return ParentImage(
        reference,
        image.arn,
        record["platform"],
        record.get("osVersion"),
        ami,
        _image_source(record),
        record["type"],
    )


def _ami_of(backend: BackendCore, image: HasRecord, ami_id: str | None = None) -> ParentAmi | None:
    """The image's AMI in this Region: that with the id, or the account's own before copies that other accounts got."""
    here = [
        entry
        for entry in image.record["outputResources"].get("amis", ())
        if entry["region"] == backend.region_name and ami_id in (entry["image"], None)
    ]
    if not here:
        return None
    entry = min(here, key=lambda entry: entry["accountId"] != backend.account_id)
    ami = ParentAmi(entry["image"], entry["name"], entry["accountId"])
    if _is_published(image):
        hardware: ManagedAmi | ParentAmi | None = backend.catalogue.managed_ami(image.record)
    else:
        # What is built has the architecture of what it is built from; imported images have no parent.
        parent = cast("Image", image).parent
        hardware = _imported_ami(backend, ami) if parent is None else parent.ami
    if hardware is None:
        return ami
    return replace(ami, architecture=hardware.architecture, root_device_name=hardware.root_device_name)


def _imported_ami(backend: BackendCore, ami: ParentAmi) -> ParentAmi | None:
    """The AMI of a VM import task with what the machine and the task's request say of it."""
    for task in backend.vm_tasks.imports.of(backend.account_id, backend.region_name):
        if task.ami_id == ami.ami_id and task.disks:
            architecture = task.given.get("Architecture", ami.architecture)
            return replace(
                ami, architecture=architecture, root_device_name=task.disks[0].device_name or ami.root_device_name
            )
    return None


def _is_published(image: HasRecord) -> bool:
    return Arn.parse(image.arn).owner == "aws"


def _image_source(image_record: Mapping[str, Any]) -> str:
    # What is built from an own image comes from that, not from what it was built from in turn.
    source: str = image_record.get("imageSource", "CUSTOM")
    is_own = image_record["owner"] not in ("Amazon", "AWSMarketplace")
    return "CUSTOM" if is_own and source != "IMPORTED" else source


def _from_ami(backend: BackendCore, reference: str, ami_id: str, parameter: str) -> ParentImage:
    image: HasRecord | None = backend.find_output_ami(ami_id) or _published_image_of(backend, ami_id)
    ec2 = living_backend("ec2", backend.account_id, backend.region_name)
    if image is None or (ec2 is not None and ami_id in ec2.amis):
        ami = next(_amis(backend, ami_id), None)
        if ami is None or ami.state != "available" or not _may_use(backend, ami):
            raise unusable_image(parameter)
        if image is None:
            in_ec2 = ParentAmi(
                ami_id, ami.name or ami_id, ami.owner_id, ami.architecture or "x86_64", ami.root_device_name
            )
            return ParentImage(reference, ami_id, _platform_of(ami), None, in_ec2, "CUSTOM")
    record, of_image = image.record, _ami_of(backend, image, ami_id)
    return ParentImage(reference, ami_id, record["platform"], record.get("osVersion"), of_image, "CUSTOM")


def _published_image_of(backend: BackendCore, ami_id: str) -> HasRecord | None:
    for store in backend.managed_images.values():
        for image in store:
            if any(ami["image"] == ami_id for ami in image.record["outputResources"].get("amis", ())):
                return image
    return None


def _amis(backend: BackendCore, ami_id: str) -> Iterator[Any]:
    """moto's AMIs with this id in this Region: the account's own, or another account's that may be shared with it."""
    region = backend.region_name
    own = backend_of("ec2", backend.account_id, region)
    # Builds of other accounts may have left AMIs in an EC2 that nobody has looked at yet.
    builders = {account for account, amis in backend.output_amis.get(region, {}).items() if ami_id in amis}
    others = [backend_of("ec2", account, region) for account in sorted(builders - {backend.account_id})]
    others += [
        living
        for account in _accounts_with_ec2()
        if account not in builders and (living := living_backend("ec2", account, region)) is not None
    ]
    return (ec2.amis[ami_id] for ec2 in (own, *others) if ami_id in ec2.amis)


def _accounts_with_ec2() -> list[str]:
    from moto.ec2.models import ec2_backends

    return list(ec2_backends)


def _may_use(backend: BackendCore, ami: Any) -> bool:
    if ami.owner_id == backend.account_id:
        return True
    return any(
        permission.get("Group") == "all" or permission.get("UserId") == backend.account_id
        for permission in ami.launch_permissions
    )


def _platform_of(ami: Any) -> str:
    if (ami.platform or "").lower() == "windows":
        return "Windows"
    # EC2 says nothing of macOS but in the architecture: x86_64_mac, arm64_mac.
    return "macOS" if (ami.architecture or "").endswith("_mac") else "Linux"


def _parameter_value(backend: BackendCore, name_or_arn: str, path: str) -> str:
    """The AMI id in a parameter of this account and Region, or in one of Amazon's public parameters."""
    from moto.ssm.exceptions import ParameterVersionNotFound

    ssm = backend_of("ssm", backend.account_id, backend.region_name)
    parameter = None
    for name in _parameter_names(backend, name_or_arn):
        try:
            parameter = ssm.get_parameter(name)
        except ParameterVersionNotFound:
            continue
        if parameter is not None:
            break
    if parameter is None:
        raise invalid_value(path, f"The SSM parameter '{name_or_arn}' does not exist.")
    if not _AMI_ID.fullmatch(parameter.value):
        raise invalid_value(path, f"The value of the SSM parameter '{name_or_arn}' is not an AMI ID.")
    value: str = parameter.value
    return value


def _parameter_names(backend: BackendCore, name_or_arn: str) -> list[str]:
    if not name_or_arn.startswith("arn:"):
        return [name_or_arn]
    match = _PARAMETER_ARN.fullmatch(name_or_arn)
    # Public parameters have no account in their ARN.
    if match is None or match["region"] != backend.region_name or match["account"] not in (backend.account_id, None):
        return []
    # The ARN of the parameter "ami" has ".../ami" at its end, as that of "/ami" would have.
    return [match["name"], match["name"].removeprefix("/")]
