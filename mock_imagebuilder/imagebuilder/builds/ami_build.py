"""What happens in the stages of a build that makes an AMI from an image recipe.

CREATING resolves the recipe's references, BUILDING makes the output AMI in the build's own Region, DISTRIBUTING copies
and shares it as the distribution configuration says, INTEGRATING exports it. The last two exist only with a distribution
configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from ..exceptions import ImageBuilderException, ResourceNotFoundException
from ..regions import partition_of
from .build import Build, Stage, StageFailed
from .outputs import ec2, s3
from .outputs.naming import BuildNames
from .outputs.outbox import backend_of
from .parent_image import resolve_parent_image

if TYPE_CHECKING:
    from ..resources.base import BackendCore
    from ..resources.image import Image

#: The version of Amazon's own workflows that a build resolves ``x.x.x`` to.
MANAGED_WORKFLOW_VERSION = "1.0.3/1"


@cache
def stages_of(builds: bool, tests: bool, distributes: bool) -> tuple[Stage, ...]:
    """The stages before AVAILABLE.

    :param builds: whether a BUILD workflow runs. Without one the output is the parent image itself.
    :param tests: whether a TEST workflow runs.
    :param distributes: whether the image has a distribution configuration.
    """
    stages = [Stage("PENDING"), Stage("CREATING", _resolve_references)]
    stages.append(Stage("BUILDING", _create_output_ami if builds else _take_parent_ami))
    if tests:
        stages.append(Stage("TESTING"))
    if distributes:
        stages += [Stage("DISTRIBUTING", _distribute), Stage("INTEGRATING", _integrate)]
    return tuple(stages)


def _resolve_references(build: Build, _moment: datetime) -> None:
    """The wildcards of the recipe, as of now: GetImage shows what was used."""
    image, backend = build.image, build.image.backend
    recipe = image.record["imageRecipe"]
    try:
        parent = resolve_parent_image(backend, recipe["parentImage"])
        components = [
            {**entry, "componentArn": _component_build(backend, entry["componentArn"])}
            for entry in recipe.get("components", ())
        ]
    except ImageBuilderException as error:
        raise StageFailed(error.message) from None
    resolved = {**recipe, "parentImage": parent.resolved}
    if components:
        resolved["components"] = components
    image.parent = parent
    image.update(imageRecipe=image.recipe.shared_snapshot(resolved), imageSource=parent.image_source)


def _component_build(backend: BackendCore, reference: str) -> str:
    component = backend.find_component(reference)
    if component is None:
        raise ResourceNotFoundException("Component", reference)
    return component.arn


def _create_output_ami(build: Build, moment: datetime) -> None:
    image = build.image
    backend, record = image.backend, image.record
    settings = _ami_settings(record, backend.region_name)
    description = settings.get("description") or record["imageRecipe"].get("description")
    tags = {**record["imageRecipe"].get("amiTags", {}), **ec2.service_tags(image.arn)}
    try:
        ami = _new_ami(image, settings, description, tags, moment)
    except LookupError as error:
        raise StageFailed(str(error)) from None
    _leave_ami(image, backend.region_name, backend.account_id, ami)
    if record["enhancedImageMetadataEnabled"] and image.parent is not None:
        image.update(osVersion=image.parent.os_version)


def _take_parent_ami(build: Build, _moment: datetime) -> None:
    image = build.image
    ami = None if image.parent is None else image.parent.ami
    if ami is None:
        raise StageFailed("The parent image has no AMI to distribute.")
    entry = {"region": image.backend.region_name, "image": ami.ami_id, "name": ami.name, "accountId": ami.owner_id}
    image.update(outputResources={"amis": [entry]})


def _distribute(build: Build, moment: datetime) -> None:
    image = build.image
    backend, record = image.backend, image.record
    names = names_of(image)
    source = record["outputResources"]["amis"][0]
    for distribution in record["distributionConfiguration"]["distributions"]:
        if "amiDistributionConfiguration" not in distribution:
            continue
        settings = distribution["amiDistributionConfiguration"]
        region = distribution["region"]
        for account_id in settings.get("targetAccountIds", [backend.account_id]):
            try:
                ec2.require_ami(backend.account_id, backend.region_name, source["image"])
                tags = {key: names.fill(value) for key, value in settings.get("amiTags", {}).items()}
                tags |= ec2.service_tags(image.arn)
                if region == backend.region_name and account_id == backend.account_id:
                    ami_id = source["image"]
                    ec2.tag(backend.outbox, account_id, region, ami_id, tags)
                else:
                    copy = _new_ami(image, settings, settings.get("description"), tags, moment)
                    _leave_ami(image, region, account_id, copy)
                    ami_id = copy.ami_id
            except ec2.AmiGone as error:
                raise _distribution_failed(image, region, account_id, f"EC2 Client Error: '{error}'") from None
            except LookupError as error:
                raise _distribution_failed(image, region, account_id, str(error)) from None
            ec2.share(backend.outbox, account_id, region, ami_id, settings.get("launchPermission", {}))


def _integrate(build: Build, _moment: datetime) -> None:
    image = build.image
    amis = image.record["outputResources"]["amis"]
    failures = []
    for distribution in image.record["distributionConfiguration"]["distributions"]:
        if "s3ExportConfiguration" not in distribution:
            continue
        region = distribution["region"]
        in_region = next((ami["image"] for ami in amis if ami["region"] == region), amis[0]["image"])
        try:
            ec2.require_ami(image.backend.account_id, region, in_region)
            s3.export_disk_image(image.backend, region, in_region, distribution["s3ExportConfiguration"])
        except (ec2.AmiGone, s3.ExportRefused) as error:
            failures.append(RegionFailure(region, "EXPORT_AMI", f"EC2 Client Error: '{error}'"))
    if failures:
        raise _integration_failed(image, failures)


def _new_ami(
    image: Image, settings: Mapping[str, Any], description: str | None, tags: Mapping[str, str], moment: datetime
) -> ec2.AmiSpecification:
    """:raises LookupError: the name has a placeholder for an SSM parameter that does not exist."""
    names = names_of(image)
    hardware = {}
    if image.parent is not None and image.parent.ami is not None:
        parent = image.parent.ami
        hardware = {"architecture": parent.architecture, "root_device_name": parent.root_device_name}
    return ec2.AmiSpecification(
        ami_id=ec2.new_ami_id(),
        name=names.fill(settings["name"]) if "name" in settings else names.default_ami_name,
        description=description,
        platform=image.record["platform"],
        created=moment,
        tags=tags,
        **hardware,
    )


def _leave_ami(image: Image, region: str, account_id: str, ami: ec2.AmiSpecification) -> None:
    ec2.register(image.backend.outbox, account_id, region, ami)
    image.backend.note_output_ami(region, account_id, ami.ami_id, image)
    entry = {"region": region, "image": ami.ami_id, "name": ami.name, "accountId": account_id}
    if ami.description is not None:
        entry["description"] = ami.description
    image.update(outputResources={"amis": [*image.record["outputResources"]["amis"], entry]})


def _ami_settings(record: Mapping[str, Any], region: str) -> Mapping[str, Any]:
    for distribution in record.get("distributionConfiguration", {}).get("distributions", ()):
        if distribution["region"] == region:
            settings: Mapping[str, Any] = distribution.get("amiDistributionConfiguration", {})
            return settings
    return {}


def names_of(image: Image) -> BuildNames:
    """What the placeholders in names and tags stand for in this image."""
    backend = image.backend

    def read_parameter(name: str) -> str:
        from moto.ssm.exceptions import ParameterVersionNotFound

        try:
            parameter = backend_of("ssm", backend.account_id, backend.region_name).get_parameter(name)
        except ParameterVersionNotFound:
            parameter = None
        if parameter is None:
            raise LookupError(f"The SSM parameter '{name}' does not exist.")
        return str(parameter.value)

    return BuildNames(image.name, image.build_number, image.created, read_parameter)


@dataclass(frozen=True)
class RegionFailure:
    """One Region in which the image could not be distributed or configured."""

    region: str
    step: str
    message: str


def _distribution_failed(image: Image, region: str, account_id: str, message: str) -> StageFailed:
    sentence = (
        f"1) {message} when distributing the image from the source account (ID: {image.backend.account_id}) "
        f"to the destination account (ID: {account_id}) in Region {region}."
    )
    return StageFailed(
        f"Distribution failed with JobId '{mock_random.uuid4()}', status = 'Failed' for ARN '{image.arn}'. "
        f"'Not all distribution jobs are completed. {sentence}'",
        distributionFailure={
            "errorMessage": sentence,
            "regionFailures": [{"region": region, "status": "FAILED", "errorMessage": message}],
        },
    )


def _integration_failed(image: Image, failures: list[RegionFailure]) -> StageFailed:
    message = " ".join(f"In region '{failure.region}' - '{failure.message}'" for failure in failures)
    return StageFailed(
        f"Integration failed with JobId '{mock_random.uuid4()}', status = 'Failed' for ARN '{image.arn}'. {message}",
        distributionFailure={
            "errorMessage": message,
            "regionFailures": [
                {
                    "region": failure.region,
                    "status": "FAILED",
                    "imageConfigurationStep": failure.step,
                    "errorMessage": failure.message,
                }
                for failure in failures
            ],
        },
    )


@cache
def default_workflows(partition: str, region: str, tests: bool) -> list[dict[str, str]]:
    """The workflows of an image that names none: Amazon's own. All such images share the list."""
    base = f"arn:{partition}:imagebuilder:{region}:aws:workflow"
    workflows = [{"workflowArn": f"{base}/build/build-image/{MANAGED_WORKFLOW_VERSION}"}]
    if tests:
        workflows.append({"workflowArn": f"{base}/test/test-image/{MANAGED_WORKFLOW_VERSION}"})
    return workflows


def resolved_workflows(settings: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The workflows that the settings name, each as the build version that is used; None if they name none."""
    if not settings.get("workflows"):
        return None
    return [
        {**entry, "workflowArn": entry["workflowArn"].replace("/x.x.x", f"/{MANAGED_WORKFLOW_VERSION}")}
        for entry in settings["workflows"]
    ]


@lru_cache(maxsize=1024)
def service_linked_role(account_id: str, region: str) -> str:
    """The role of a build that names none."""
    role = "aws-service-role/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"
    return f"arn:{partition_of(region)}:iam::{account_id}:role/{role}"
