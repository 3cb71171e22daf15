"""What uses the AMIs of an image, once they are distributed: licenses, launch templates, parameters, Fast Launch, disk
images. In each Region in the order of the API's ImageConfigurationStep, until something cannot be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .ami_outputs import source_ami
from .build import StageFailed
from .distribution_failures import RegionFailure, integration_failed
from .execution_role import SERVICE_LINKED_ROLE, is_service_linked, refusal_of_other_account
from .failure_rules import refusal_of
from .outputs import ec2, launch_templates, parameters, s3
from .outputs.fast_launch import MIN_PARALLEL_LAUNCHES, SNAPSHOTS, FastLaunch, enable
from .outputs.unserved import UnservedRequest

if TYPE_CHECKING:
    from ..resources.image import Image

_SESSION = "Ec2ImageBuilderIntegrationService"
_SERVICE_ROLE = SERVICE_LINKED_ROLE.rpartition("/")[2]

#: Parameters that the service-linked role may put.
_SERVICE_PARAMETERS = "imagebuilder/"


LeavingKind = Literal["launch template", "SSM parameter", "S3 export"]


class Leaving(NamedTuple):
    """What a build has left beside AMIs and container images."""

    kind: LeavingKind
    account_id: str
    region: str
    #: The id of a template, the name of a parameter, the URI of a disk image.
    id: str
    #: The version of a template, the AMI of a parameter.
    name: str | None


class StepRefused(Exception):
    """A step of the configuration cannot be done; the text says why."""


def integrate(image: Image, moment: datetime) -> None:
    """Configure what uses the AMIs, as the distribution configuration says. A Region in which something cannot be done
    does not keep the others from it.

    :raises StageFailed: it cannot be done in a Region.
    """
    source = source_ami(image)
    if source is None:
        raise StageFailed("The build has made no AMI.")
    failures = []
    for distribution in image.record["distributionConfiguration"]["distributions"]:
        region = distribution["region"]
        amis: dict[str, str] = {}
        for entry in image.record["outputResources"]["amis"]:
            if entry["region"] == region:
                amis.setdefault(entry["accountId"], entry["image"])
        if region == image.backend.region_name:
            amis.setdefault(image.backend.account_id, source["image"])
        failure = configure(image, region, amis, distribution, moment)
        if failure is not None:
            failures.append(failure)
    if failures:
        raise integration_failed(image, failures)


def configure(
    image: Image, region: str, amis: Mapping[str, str], settings: Mapping[str, Any], moment: datetime
) -> RegionFailure | None:
    """Configure the AMIs of one Region.

    :param amis: their ids, by the account that they belong to.
    :param settings: in the members of the API's Distribution.
    :returns: what could not be done. What comes after it is not done either.
    """
    place = _Place(image, region, amis, moment)
    refusal_wanted = refusal_of(image, "INTEGRATING", region)
    for member, step, apply in _STEPS:
        if member in settings:
            if refusal_wanted is not None:
                return RegionFailure(region, step, refusal_wanted)
            try:
                apply(place, settings[member])
            except StepRefused as refusal:
                return RegionFailure(region, step, str(refusal))
    return None


@dataclass(frozen=True, slots=True)
class _Place:
    """A Region, and the AMIs that an image has there."""

    image: Image
    region: str
    amis: Mapping[str, str]
    moment: datetime

    @property
    def own_account(self) -> str:
        return self.image.backend.account_id

    def ami_of(self, account_id: str) -> str:
        """:raises StepRefused: the account has no AMI of the image here, or has deregistered it."""
        ami_id = self.amis.get(account_id)
        if ami_id is None:
            raise StepRefused(
                f"The image was not distributed to the account (ID: {account_id}) in Region {self.region}."
            )
        try:
            ec2.require_ami(account_id, self.region, ami_id)
        except ec2.AmiGone as error:
            raise _refused("EC2", error) from None
        return ami_id

    def note(self, kind: LeavingKind, account_id: str, id_: str, name: str | None = None) -> None:
        """Remember what is left here, unless an earlier attempt of the build has left it."""
        leaving = Leaving(kind, account_id, self.region, id_, name)
        if leaving not in self.image.leavings:
            self.image.leavings = (*self.image.leavings, leaving)

    def ask(self, service: str, operation: str, account_id: str, requested: Mapping[str, Any]) -> None:
        """Note a request that moto has no service for."""
        self.image.backend.note_unserved(
            self.image.arn, UnservedRequest(service, operation, account_id, self.region, requested)
        )


def _refused(service: str, error: Exception) -> StepRefused:
    """The refusal of another service, in the frame that the service puts around it."""
    return StepRefused(f"{service} Client Error: '{error}'")


def _associate_licenses(place: _Place, arns: list[str]) -> None:
    ami_id = place.ami_of(place.own_account)
    partition = place.image.backend.partition
    for arn in arns:
        # Ill-formed ones can only come from a workflow's own input.
        if arn.split(":")[2:4] != ["license-manager", place.region]:
            raise StepRefused(
                f"License Manager Client Error: 'License configuration {arn} does not exist in Region {place.region}'"
            )
    place.ask(
        "license-manager",
        "UpdateLicenseSpecificationsForResource",
        place.own_account,
        {
            "ResourceArn": f"arn:{partition}:ec2:{place.region}::image/{ami_id}",
            "AddLicenseSpecifications": [{"LicenseConfigurationArn": arn} for arn in arns],
        },
    )


def _update_launch_templates(place: _Place, configurations: list[Mapping[str, Any]]) -> None:
    for configuration in configurations:
        account_id = configuration.get("accountId", place.own_account)
        refusal = refusal_of_other_account(place.own_account, account_id, place.image.backend.partition, _SESSION)
        if refusal is not None:
            raise StepRefused(refusal)
        # A template of an account without a copy gets the AMI that is shared with it.
        ami_id = place.ami_of(account_id if account_id in place.amis else place.own_account)
        is_default = configuration.get("setDefaultVersion", True)
        template_id = configuration["launchTemplateId"]
        try:
            number = launch_templates.add_version(
                account_id, place.region, template_id, ami_id, is_default, place.moment
            )
        except launch_templates.NoLaunchTemplate as error:
            raise _refused("EC2", error) from None
        place.note("launch template", account_id, template_id, f"version {number}")


def _put_parameters(place: _Place, configurations: list[Mapping[str, Any]]) -> None:
    for configuration in configurations:
        account_id, name = configuration.get("amiAccountId", place.own_account), configuration["parameterName"]
        ami_id = place.ami_of(account_id)
        _require_may_put(place, account_id, name)
        data_type = configuration.get("dataType", "text")
        try:
            parameters.put(place.image.backend.outbox, account_id, place.region, name, ami_id, data_type, place.moment)
        except parameters.PutRefused as error:
            raise _refused("SSM", error) from None
        place.note("SSM parameter", account_id, name, ami_id)


def _require_may_put(place: _Place, account_id: str, name: str) -> None:
    """:raises StepRefused: there is no role but the service's own, which may not put the parameter."""
    backend = place.image.backend
    path = name.lstrip("/")
    if path.startswith(_SERVICE_PARAMETERS):
        return
    if is_service_linked(backend.account_id, backend.partition, place.image.record.get("executionRole", _SERVICE_ROLE)):
        raise StepRefused(
            f"SSM Client Error: 'User: arn:{backend.partition}:sts::{backend.account_id}:assumed-role/{_SERVICE_ROLE}/"
            f"{_SESSION} is not authorized to perform: ssm:PutParameter on resource: "
            f"arn:{backend.partition}:ssm:{place.region}:{account_id}:parameter/{path} because no identity-based policy "
            "allows the ssm:PutParameter action'"
        )


def _update_fast_launch(place: _Place, configurations: list[Mapping[str, Any]]) -> None:
    for configuration in configurations:
        if not configuration["enabled"]:
            continue
        account_id, template = configuration.get("accountId", place.own_account), configuration.get("launchTemplate")
        ami_id = place.ami_of(account_id)
        if place.image.record["platform"] != "Windows":
            raise StepRefused(f"EC2 Client Error: 'The image {ami_id} is not a Windows image'")
        launches = configuration.get("maxParallelLaunches", MIN_PARALLEL_LAUNCHES)
        if launches < MIN_PARALLEL_LAUNCHES:
            raise StepRefused(
                f"EC2 Client Error: 'The value {launches} for MaxParallelLaunches must be {MIN_PARALLEL_LAUNCHES} or "
                "greater'"
            )
        specification = {}
        if template:
            try:
                launch_templates.require(account_id, place.region, template)
            except launch_templates.NoLaunchTemplate as error:
                raise _refused("EC2", error) from None
            # EC2 has the same names, but for the one of the version.
            names = {"launchTemplateId": "LaunchTemplateId", "launchTemplateName": "LaunchTemplateName"}
            specification = {names[name]: value for name, value in template.items() if name in names}
            specification["Version"] = template.get("launchTemplateVersion", "$Default")
        snapshots = configuration.get("snapshotConfiguration", {}).get("targetResourceCount", SNAPSHOTS)
        wanted = FastLaunch(ami_id, account_id, place.moment, snapshots, launches, specification)
        enable(place.image.backend.outbox, place.region, wanted)


def _export(place: _Place, configurations: Mapping[str, Any] | list[Mapping[str, Any]]) -> None:
    ami_id = place.ami_of(place.own_account)
    # A workflow may have a list of exports, a distribution configuration has one.
    try:
        for configuration in configurations if isinstance(configurations, list) else [configurations]:
            key = s3.export_disk_image(place.image.backend, place.region, ami_id, configuration, place.moment)
            uri = f"s3://{configuration['s3Bucket']}/{key}"
            place.note("S3 export", place.own_account, uri)
    except s3.ExportRefused as error:
        raise _refused("EC2", error) from None


#: Member of a distribution, value of the API's ImageConfigurationStep, and what is done.
_STEPS: tuple[tuple[str, str, Callable[[_Place, Any], None]], ...] = (
    ("licenseConfigurationArns", "ASSOCIATE_LICENSES", _associate_licenses),
    ("launchTemplateConfigurations", "UPDATE_LAUNCH_TEMPLATES", _update_launch_templates),
    ("ssmParameterConfigurations", "PUT_SSM_PARAMETERS", _put_parameters),
    ("fastLaunchConfigurations", "UPDATE_FAST_LAUNCH_CONFIGURATIONS", _update_fast_launch),
    ("s3ExportConfiguration", "EXPORT_AMI", _export),
)
