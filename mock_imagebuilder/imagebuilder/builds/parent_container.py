"""What the parent image of a container recipe is: the image to start from, its platform and its operating system.

A parent image is the ARN of an Image Builder image, or the URI of a container image in a registry. Images of private
registries of Amazon ECR are looked up; those of Docker Hub and all other registries are taken to exist. The rules are
those of CreateContainerRecipe in the API model and of the user guide's page "Create a new version of a container recipe".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..exceptions import invalid_combination, invalid_value
from .outputs.ecr import PrivateImage
from .parent_image import ParentImage, is_image_arn, means_machine, resolve_image_arn, unusable_image

if TYPE_CHECKING:
    from ..resources.base import BackendCore

#: The platform of an image in a registry of which a recipe does not say it.
DEFAULT_PLATFORM = "Linux"

_HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?|[A-Za-z0-9-]+:[0-9]+|localhost)"
_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_URI = re.compile(rf"(?:(?P<host>{_HOST})/)?{_NAME}(?:/{_NAME})*(?::{_TAG})?(?:@{_DIGEST})?")
_PUBLIC_HOSTS = ("public.ecr.aws", "ecr-public.aws.com")


def check_overrides(reference: str, platform: str | None, os_version: str | None) -> None:
    """The rules for ``platformOverride`` and ``imageOsVersionOverride`` next to a parent image.

    :raises InvalidParameterValueException: the platform is macOS; an Image Builder image is given a platform or an OS
        version, which it has itself; an image of Amazon ECR is given no platform.
    :raises InvalidParameterCombinationException: an image for Windows is given no OS version.
    """
    if platform == "macOS":
        raise invalid_value("platformOverride", "Container recipes don't currently support the macOS platform")
    if is_image_arn(reference):
        given = "a platform" if platform is not None else "an image OsVersion" if os_version is not None else None
        if given is not None:
            raise invalid_value(
                "parentImage", f"You cannot specify {given} override when using an Image Builder Image as your parent"
            )
        return
    repositories = _ecr_repositories(reference)
    if platform is None and repositories is not None:
        raise invalid_value(
            "parentImage", f"You must specify a platform override when using {repositories} as your parent image."
        )
    if platform == "Windows" and os_version is None:
        raise invalid_combination(
            "parentImage",
            "You must specify an image OsVersion override when using ECR Repositories as your parent image "
            "for Windows Platform.",
        )


def resolve_parent_container(
    backend: BackendCore, reference: str, platform: str | None, os_version: str | None = None
) -> ParentImage:
    """Resolve the parent image of a container recipe as of now.

    :param platform: that of an image in a registry; an Image Builder image has its own.
    :param os_version: the same.
    :raises InvalidParameterValueException: the reference has none of the forms; a number stands right of a wildcard; the
        image makes AMIs, or is not AVAILABLE; it does not exist in its private registry, or is not for this account.
    :raises ResourceNotFoundException: no image has this ARN.
    """
    if is_image_arn(reference):
        parent = resolve_image_arn(backend, reference)
        if parent.type != "DOCKER":
            raise unusable_image()
        return parent
    if means_machine(reference) or not _URI.fullmatch(reference):
        raise invalid_value(
            "parentImage", "The parent image must be an Image Builder image ARN or the URI of a container image."
        )
    private = PrivateImage.parse(reference)
    if private is not None and not private.is_visible_to(backend.account_id):
        raise unusable_image()
    return ParentImage(
        reference, reference, platform or DEFAULT_PLATFORM, os_version, ami=None, image_source="CUSTOM", type="DOCKER"
    )


def _ecr_repositories(reference: str) -> str | None:
    """The words for the registry of an image in Amazon ECR; None for other registries."""
    match = _URI.fullmatch(reference)
    if match is not None and match["host"] in _PUBLIC_HOSTS:
        return "ECR Public Repositories"
    return None if PrivateImage.parse(reference) is None else "ECR Repositories"
