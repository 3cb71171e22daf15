"""What the service tells the SNS topic of an infrastructure configuration about an image.

It is not the image as the API shows it, but a form of the service's own. Known from published messages of 2022 and 2024, and
from the user guide's page "Amazon SNS integration in Image Builder".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...api import load_model
from ...arns import Arn
from ...ids import derived_uuid
from ...versions import Version
from .naming import BuildNames, names_of
from .resolved_arns import with_account

if TYPE_CHECKING:
    from ...resources.image import Image

Members = dict[str, Any]

#: The ids of the phases that a build has come to, by their status.
_PHASES = {
    "BUILDING": "buildExecutionId",
    "TESTING": "testExecutionId",
    "DISTRIBUTING": "distributionJobId",
    "INTEGRATING": "integrationJobId",
}
#: What has the same name and value as in the API, and comes at the end.
_AS_IT_IS = (
    "osVersion",
    "enhancedImageMetadataEnabled",
    "imageScanningConfiguration",
    "buildType",
    "imageSource",
    "executionRole",
    "loggingConfiguration",
)


def image_message(image: Image) -> str:
    """The message about an image that is AVAILABLE or FAILED."""
    record, arn = image.record, Arn.parse(image.arn)
    number = image.build_number
    body: Members = {
        "versionlessArn": arn.family,
        "semver": semver(Version.parse(str(arn.version)), number),
        "arn": image.arn,
        "name": image.name,
        "version": str(arn.version),
        "type": record["type"],
        "buildVersion": number,
        "state": {member: record["state"][member] for member in ("status", "reason") if member in record["state"]},
        "platform": record["platform"],
    }
    if "imageRecipe" in record:
        body["imageRecipe"] = {"blockDeviceMappings": [], **_recipe(record["imageRecipe"], "ImageRecipe")}
    if "containerRecipe" in record:
        body["containerRecipe"] = _recipe(record["containerRecipe"], "ContainerRecipe")
    body |= {member: record[member] for member in ("sourcePipelineArn",) if member in record}
    if "infrastructureConfiguration" in record:
        body["infrastructureConfiguration"] = _embedded(
            record["infrastructureConfiguration"], "InfrastructureConfiguration"
        )
    if "distributionConfiguration" in record:
        body["distributionConfiguration"] = _distribution(record["distributionConfiguration"], names_of(image))
    if "imageTestsConfiguration" in record:
        body["imageTestsConfigurationDocument"] = record["imageTestsConfiguration"]
    body |= {"dateCreated": _date(record["dateCreated"]), "outputResources": record["outputResources"]}
    for status, member in _PHASES.items():
        if image.build.has_entered(status):
            body[member] = image.workflow_runs.job_id(status)
    body["accountId"] = image.backend.account_id
    body |= {member: record[member] for member in _AS_IT_IS if member in record}
    if "workflows" in record:
        body["workflows"] = [
            {**entry, "workflowArn": with_account(entry["workflowArn"])} for entry in record["workflows"]
        ]
    body["tags"] = _tags(record)
    return json.dumps(body, indent=2, ensure_ascii=False)


def semver(version: Version, build_number: int) -> int:
    """A version as one number, 30 bits for each of its nodes: ``1.0.2/1`` is 1237940039285380277046607873."""
    return version.major << 90 | version.minor << 60 | version.patch << 30 | build_number


def _embedded(record: Mapping[str, Any], shape: str) -> Members:
    """A resource within the image.

    :param shape: what the API calls it. Records have members that it does not show.
    """
    shown = load_model().shape(shape)["members"].keys() - {"owner"}
    members = {name: value for name, value in record.items() if name in shown and value is not None}
    for date in ("dateCreated", "dateUpdated"):
        if date in members:
            members[date] = _date(members[date])
    return {**members, "tags": _tags(record), "accountId": Arn.parse(record["arn"]).owner}


def _recipe(record: Mapping[str, Any], shape: str) -> Members:
    members = _embedded(record, shape)
    members["parentImage"] = with_account(record["parentImage"])
    members["components"] = [
        {**entry, "componentArn": with_account(entry["componentArn"])} for entry in record.get("components", ())
    ]
    return members


def _distribution(record: Mapping[str, Any], names: BuildNames) -> Members:
    """A distribution configuration with the names that the AMIs have got."""
    entries = [_distribution_entry(entry, names) for entry in record["distributions"]]
    return {**_embedded(record, "DistributionConfiguration"), "distributions": entries}


def _distribution_entry(entry: Mapping[str, Any], names: BuildNames) -> Mapping[str, Any]:
    settings: Mapping[str, Any] = entry.get("amiDistributionConfiguration", {})
    if "name" not in settings:
        return entry
    try:
        name = names.fill(settings["name"])
    except LookupError:
        return entry  # the parameter in it does not exist, which is why the build has failed
    return {**entry, "amiDistributionConfiguration": {**settings, "name": name}}


def _tags(record: Mapping[str, Any]) -> Members:
    """Tags with those that the service keeps among them. The id of a resource is the same in all messages."""
    internal_id = derived_uuid(f"{record['arn']} {record['dateCreated']}")
    return {**record.get("tags", {}), "internalId": internal_id, "resourceArn": record["arn"]}


def _date(text: str) -> str:
    """``2022-03-02T07:19:19.104Z`` as ``Mar 2, 2022 7:19:19 AM``."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    half = "AM" if moment.hour < 12 else "PM"
    return f"{month} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S} {half}"
