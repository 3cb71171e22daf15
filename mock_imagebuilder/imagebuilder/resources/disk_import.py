"""Images imported from disk files of Windows: ImportDiskImage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ..arns import slug
from ..builds.ami_build import service_linked_role
from ..builds.build import Build, Stage, StageFailed
from ..builds.execution_role import NO_USABLE_ROLE, is_usable_for_images
from ..builds.outputs import s3
from ..builds.settings import check_log_groups
from ..exceptions import InvalidVersionNumberException, invalid_combination, invalid_value
from ..versions import Version
from .base import Answer, now, operation
from .image import ImageOperations
from .s3_document import find_s3_object

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_imagebuilder.type_defs import ImportDiskImageRequestTypeDef

_PLATFORM = "Windows"
_OS_VERSION = "Microsoft Windows 11"
_URI = re.compile(r"s3://([^/]+)/.*\.(?:iso|ISO|Iso)", re.DOTALL)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_WORKFLOW = "build/build-image-from-iso"


class DiskImportOperations(ImageOperations):
    """Import images from ISO disk files."""

    @operation("ImportDiskImage")
    def import_disk_image(self, request: ImportDiskImageRequestTypeDef) -> Answer:
        """Amazon's workflow ``build-image-from-iso`` makes the AMI while the image is BUILDING.

        The settings for UEFI and the edition of Windows are checked and kept; no AMI of moto's EC2 shows them.

        :raises InvalidParameterValueException: another platform or version than Windows 11; a URI that is not of an ISO
            file which this account has in a bucket of its own; a role that Image Builder can't assume; UEFI data that is
            not Base64.
        :raises InvalidParameterCombinationException: UEFI data without Secure Boot, or a log group that is not the
            service's own without a role.
        :raises InvalidVersionNumberException: a node of the version is too large.
        :raises ResourceNotFoundException: the infrastructure configuration does not exist.
        """
        # The stubs lack the newer members.
        members = cast("Mapping[str, Any]", request)
        try:
            Version.parse(members["semanticVersion"])
        except ValueError:
            raise InvalidVersionNumberException from None
        if members["platform"] != _PLATFORM:
            raise invalid_value("platform", f"The only supported platform is {_PLATFORM}.")
        if members["osVersion"] != _OS_VERSION:
            raise invalid_value("osVersion", f"The only supported operating system version is {_OS_VERSION}.")
        _check_uefi_data(members.get("registerImageOptions", {}))
        check_log_groups(members)
        infrastructure = self.infrastructure_configurations.get(members["infrastructureConfigurationArn"])
        role = members.get("executionRole")
        if role is not None and not is_usable_for_images(self.account_id, self.partition, role):
            raise invalid_value("executionRole", NO_USABLE_ROLE)
        self._check_disk_file(members["uri"])
        image = self.add_image(
            slug(members["name"]),
            members["semanticVersion"],
            members["name"],
            {
                "platform": members["platform"],
                "osVersion": members["osVersion"],
                "buildType": "IMPORT_ISO",
                "imageSource": "IMPORTED",
                "infrastructureConfiguration": infrastructure.record,
                "executionRole": role or service_linked_role(self.account_id, self.region_name),
                "workflows": [{"workflowArn": self.catalogue.newest_workflow(_WORKFLOW)}],
                "loggingConfiguration": members.get("loggingConfiguration"),
                # What the API's Image does not show.
                "description": members.get("description"),
                "uri": members["uri"],
                "registerImageOptions": members.get("registerImageOptions"),
                "windowsConfiguration": members.get("windowsConfiguration"),
            },
            members.get("tags", {}),
            now(),
        )
        self.run_build(image, (Stage("PENDING"), Stage("BUILDING", _require_ami)))
        return {"imageBuildVersionArn": image.arn}

    def _check_disk_file(self, uri: str) -> None:
        match = _URI.fullmatch(uri)
        if match is None:
            raise invalid_value("uri", "The URI must have the format s3://bucket/key, with a key that ends with .iso.")
        find_s3_object(uri, "uri", self.account_id, self.partition)
        bucket = match.group(1)
        if not s3.has_own_bucket(self.account_id, self.partition, bucket):
            raise invalid_value("uri", f"The bucket '{bucket}' must be owned by the account '{self.account_id}'.")


def _require_ami(build: Build, _moment: datetime) -> None:
    if not build.image.record["outputResources"]["amis"]:
        raise StageFailed("No step of the BUILD workflow has created an image.")


def _check_uefi_data(options: Mapping[str, Any]) -> None:
    data = options.get("uefiData")
    if data is None:
        return
    if options.get("secureBootEnabled") is False:
        raise invalid_combination(
            "registerImageOptions.uefiData", "You can specify uefiData only when secureBootEnabled is true."
        )
    if not _BASE64.fullmatch(data):
        raise invalid_value("registerImageOptions.uefiData", "The UEFI data must be Base64.")
