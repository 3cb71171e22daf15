"""Image recipes for the tests of them."""

from __future__ import annotations

from typing import Any

from ..build_parts import PARENT_IMAGE
from ..conftest import ACCOUNT, REGION

KIND = "ImageRecipe"
PARAMETER = "imageRecipeArn"
SUMMARIES = "imageRecipeSummaryList"
ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image-recipe/"


def ask(client: Any, name: str = "web", version: str = "1.0.0", **members: Any) -> Any:
    """The whole answer to CreateImageRecipe."""
    return client.create_image_recipe(name=name, semanticVersion=version, **{"parentImage": PARENT_IMAGE, **members})


def create(client: Any, name: str = "web", version: str = "1.0.0", **members: Any) -> str:
    arn: str = ask(client, name, version, **members)["imageRecipeArn"]
    return arn


def got(client: Any, arn: str) -> Any:
    """The whole answer to GetImageRecipe."""
    return client.get_image_recipe(imageRecipeArn=arn)


def get(client: Any, arn: str) -> Any:
    return got(client, arn)["imageRecipe"]


def delete(client: Any, arn: str) -> Any:
    return client.delete_image_recipe(imageRecipeArn=arn)


def listed(client: Any, **request: Any) -> Any:
    """The whole answer to the list operation."""
    return client.list_image_recipes(**request)


def summaries(client: Any, **request: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = listed(client, **request)[SUMMARIES]
    return entries
