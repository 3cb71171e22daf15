"""What the lifecycle action DELETE does to container images in moto's ECR."""

from __future__ import annotations

from .ec2 import CREATED_BY
from .ecr import PrivateImage
from .outbox import backend_of

#: The tag that a repository must have so that lifecycle actions reach its images ("Lifecycle management prerequisites for
#: Image Builder images" in the user guide).
ACCESS_TAG = "LifecycleExecutionAccess"


class DeletionRefused(Exception):
    """A container image can't be deleted; the text says why."""


def delete_container_image(uri: str) -> None:
    """Delete an image from its repository. Nothing happens if the image or its repository is gone.

    :param uri: ``ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG``, or with ``@sha256:...``.
    :raises DeletionRefused: the URI is none of ECR; the repository lacks the tag that gives access.
    """
    image = PrivateImage.parse(uri)
    if image is None:
        raise DeletionRefused(f"{uri} is not in a private repository of Amazon ECR.")
    ecr = backend_of("ecr", image.account_id, image.region)
    repository = ecr.repositories.get(image.repository)
    if repository is None:
        return
    tags = ecr.list_tags_for_resource(repository.arn)["tags"]
    if not any(tag["Value"] == CREATED_BY and tag["Key"] == ACCESS_TAG for tag in tags):
        raise DeletionRefused(f"The repository {image.repository} does not have the tag {ACCESS_TAG}: {CREATED_BY}.")
    ecr.batch_delete_image(image.repository, image.account_id, [dict(image.image_id)])
