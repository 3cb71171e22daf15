"""Images that are there already, and are to be in more places: DistributeImage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ..arns import Arn, slug
from ..builds.ami_build import DISTRIBUTION_STAGES
from ..builds.execution_role import NO_USABLE_ROLE, is_usable_for_images
from ..builds.outputs import ec2
from ..builds.parent_image import find_image, is_image_arn, resolve_ami, resolve_image_arn
from ..exceptions import ResourceNotFoundException, invalid_value
from .base import Answer, now, operation
from .image import ImageOperations

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import DistributeImageRequestTypeDef

    from ..builds.parent_image import ParentAmi, ParentImage

_NOT_IN_NAME = re.compile(r"[^-_A-Za-z0-9 ]|^ | $")
_MAX_NAME = 128
_VERSION = "1.0.0"


class ImageDistributionOperations(ImageOperations):
    """Distribute images without building them."""

    @operation("DistributeImage")
    def distribute_image(self, request: DistributeImageRequestTypeDef) -> Answer:
        """The answer names a new image, whose state tells how the distribution goes.

        It has the name and the version of the image that is distributed; of an AMI that was named by its id or by a
        parameter, the AMI's name and the version 1.0.0. As there is a role, any log group will do.

        :raises InvalidParameterValueException: the source is of no known form, is nothing that this account may use, or
            has no AMI in this Region; or Image Builder can't assume the role.
        :raises ResourceNotFoundException: the source image or the distribution configuration does not exist.
        """
        # The stubs lack the newer members.
        members = cast("Mapping[str, Any]", request)
        reference = members["sourceImage"]
        configuration = self.distribution_configurations.get(members["distributionConfigurationArn"])
        source, ami = self._resolve_source(reference)
        if not is_usable_for_images(self.account_id, self.partition, members["executionRole"]):
            raise invalid_value("executionRole", NO_USABLE_ROLE)
        name, name_slug, version = self._identity_of(source, ami)
        image = self.add_image(
            name_slug,
            version,
            name,
            {
                "platform": source.platform,
                "osVersion": source.os_version,
                "buildType": "USER_INITIATED",
                "imageSource": source.image_source,
                "distributionConfiguration": configuration.record,
                "executionRole": members["executionRole"],
                "loggingConfiguration": members.get("loggingConfiguration"),
                # What the API's Image does not show.
                "sourceImage": reference,
            },
            members.get("tags", {}),
            now(),
        )
        image.parent = source
        self.run_build(image, DISTRIBUTION_STAGES)
        return {"imageBuildVersionArn": image.arn}

    def _resolve_source(self, reference: str) -> tuple[ParentImage, ParentAmi]:
        parameter = "sourceImage"
        if is_image_arn(reference):
            source: ParentImage | None = resolve_image_arn(self, reference, parameter)
        else:
            source = resolve_ami(self, reference, parameter)
        if source is None:
            raise invalid_value(
                parameter,
                "The source image must be an AMI ID, an Image Builder image ARN, or an SSM parameter prefixed by ssm:.",
            )
        if source.ami is None or not self._is_in_ec2(source.ami):
            raise invalid_value(
                parameter, f"The image '{source.resolved}' has no AMI in the Region '{self.region_name}'."
            )
        return source, source.ami

    def _is_in_ec2(self, ami: ParentAmi) -> bool:
        try:
            ec2.require_ami(self.account_id, self.region_name, ami.ami_id)
        except ec2.AmiGone:
            return False
        return True

    def _identity_of(self, source: ParentImage, ami: ParentAmi) -> tuple[str, str, str]:
        """Name, slug and version of the new image."""
        if not is_image_arn(source.resolved):
            name = _NOT_IN_NAME.sub("-", ami.name[:_MAX_NAME])
            return name, slug(name), _VERSION
        arn = Arn.parse(source.resolved)
        image = find_image(self, source.resolved)
        if image is None:
            raise ResourceNotFoundException(arn.kind, source.resolved)
        return image.name, arn.slug, str(arn.version)
