"""The system variables of workflow documents: what ``$.imagebuilder.<name>`` stands for in an image.

Names and meanings are those of the user guide's page "Use dynamic variables in your workflow document". A variable whose
setting the image does not have stands for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...arns import Arn
from ..outputs.logs import log_group_of

if TYPE_CHECKING:
    from ...resources.image import Image

_PLATFORMS = {"macOS": "MacOS"}
_WORKING_DIRECTORIES = {"Windows": "C:/"}


def system_variables(image: Image, workflow_type: str) -> Mapping[str, object]:
    """
    :param workflow_type: the type of the workflow that runs: BUILD, TEST or DISTRIBUTION.
    """
    record = image.record
    arn = Arn.parse(image.arn)
    infrastructure = image.infrastructure
    parent_ami = None if image.parent is None else image.parent.ami
    platform = record["platform"]
    values: dict[str, object] = {
        "cloudWatchLogGroup": log_group_of(image),
        "cloudWatchLogStream": record["version"],
        "collectImageMetadata": record.get("enhancedImageMetadataEnabled", False),
        "collectImageScanFindings": record.get("imageScanningConfiguration", {}).get("imageScanningEnabled", False),
        "dateTime": record["dateCreated"],
        "imageBuildNumber": arn.build,
        "imageId": None if parent_ami is None else parent_ami.ami_id,
        "imageName": image.name,
        # The page has Docker, but Amazon's own documents compare with DOCKER.
        "imageType": record["type"],
        "imageVersionNumber": arn.version,
        "instanceProfileName": infrastructure.get("instanceProfileName"),
        "platform": _PLATFORMS.get(platform, platform),
        "s3Logs": infrastructure.get("logging"),
        "securityGroups": infrastructure.get("securityGroupIds"),
        "sourceImageARN": image.arn,
        "subnetId": infrastructure.get("subnetId"),
        "terminateInstanceOnFailure": infrastructure.get("terminateInstanceOnFailure", True),
        "workflowPhase": workflow_type.capitalize(),
        "workingDirectory": image.recipe_record.get("workingDirectory") or _WORKING_DIRECTORIES.get(platform, "/tmp"),  # noqa: S108
    }
    return {name: value for name, value in values.items() if value is not None}
