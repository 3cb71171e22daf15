"""Images whose build has stopped, and is to go on: RetryImage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..builds.build import CANCELLED, FAILED
from ..exceptions import InvalidRequestException, ResourceInUseException
from .base import Answer, BackendCore, now, operation

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import RetryImageRequestTypeDef

#: The test phase and the distribution phase. What stopped before has no AMI to go on with.
_RETRIED = ("TESTING", "DISTRIBUTING", "INTEGRATING")


class ImageRetryOperations(BackendCore):
    """Retry images."""

    @operation("RetryImage")
    def retry_image(self, request: RetryImageRequestTypeDef) -> Answer:
        """The same build version returns to the stage where its build stopped, and does the work of that stage again.

        It is distributed as its distribution configuration was when the image was created. Workflows and components have
        to be there still.

        :raises ResourceNotFoundException: there is no such image.
        :raises ResourceInUseException: its build is running.
        :raises InvalidRequestException: it is a container image, is neither FAILED nor CANCELLED, or stopped before the
            test phase.
        :raises ServiceQuotaExceededException: as many builds are in progress as there may be.
        """
        image = self.images.get(request["imageBuildVersionArn"])
        if image.build.is_running:
            raise ResourceInUseException(
                f"The image '{image.arn}' is in the state {image.status} and cannot be retried."
            )
        if image.record["type"] != "AMI":
            raise InvalidRequestException(f"The image '{image.arn}' is a container image and cannot be retried.")
        if image.status not in (FAILED, CANCELLED):
            raise InvalidRequestException(
                f"The image '{image.arn}' is in the state {image.status} and cannot be retried."
            )
        stopped_in = image.build.stopped_in
        if stopped_in not in _RETRIED:
            raise InvalidRequestException(
                f"The image '{image.arn}' stopped in the state {stopped_in}, before it had an AMI, and cannot be retried."
            )
        self.require_place("Concurrent builds", len(self.builds_in_progress))
        statuses = [stage.status for stage in image.build.stages]
        strikes = self.steering.take_build_failures(image, statuses[statuses.index(stopped_in) :])
        image.build.retry(strikes, now())
        self.running_builds.add(image.build)
        return {"imageBuildVersionArn": image.arn}
