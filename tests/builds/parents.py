"""Parent images for the tests of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.builds.parent_image import resolve_parent_image

from ..build_parts import MANAGED_BASE
from ..conftest import ACCOUNT, REGION

OWN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image"
AMAZON = f"{MANAGED_BASE}:image"
OTHER_ACCOUNT = "210987654321"
UNUSABLE = "You are not authorized to use the provided image."


def platform_of(client: Any, parent: str) -> str:
    """The platform of a new recipe with this parent image, which it keeps as it was given."""
    arn = client.create_image_recipe(name="web", semanticVersion="1.0.x", parentImage=parent)["imageRecipeArn"]
    recipe = client.get_image_recipe(imageRecipeArn=arn)["imageRecipe"]
    assert recipe["parentImage"] == parent
    platform: str = recipe["platform"]
    return platform


class Meaning(NamedTuple):
    """What a reference to a parent image means."""

    resolved: str
    platform: str
    os_version: str | None
    ami_id: str | None
    image_source: str


def meaning_of(parent: str) -> Meaning:
    image = resolve_parent_image(imagebuilder_backends[ACCOUNT][REGION], parent)
    assert image.reference == parent
    ami_id = None if image.ami is None else image.ami.ami_id
    return Meaning(image.resolved, image.platform, image.os_version, ami_id, image.image_source)


def ami_of(client: Any, image: str) -> str:
    image = client.get_image(imageBuildVersionArn=image)["image"]
    ami: str = image["outputResources"]["amis"][0]["image"]  # type: ignore[index]
    return ami
