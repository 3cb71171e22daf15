"""Image recipes for the tests of them."""

from __future__ import annotations

from typing import Any

from ..build_parts import PARENT_IMAGE
from ..conftest import ACCOUNT, REGION

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image-recipe/"
BAD_VERSION = "The supplied semantic version does not follow the required format"


def create(client: Any, name: str = "web", version: str = "1.0.0", **members: Any) -> str:
    members = {"parentImage": PARENT_IMAGE, **members}
    arn: str = client.create_image_recipe(name=name, semanticVersion=version, **members)["imageRecipeArn"]
    return arn


def get(client: Any, arn: str) -> Any:
    return client.get_image_recipe(imageRecipeArn=arn)["imageRecipe"]


def summaries(client: Any, **request: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.list_image_recipes(**request)["imageRecipeSummaryList"]
    return entries


def references(slug: str, *versions: str) -> dict[str, str]:
    names = ("latestVersionArn", "latestMajorVersionArn", "latestMinorVersionArn", "latestPatchVersionArn")
    return {name: f"{ARN}{slug}/{version}" for name, version in zip(names, versions, strict=True)}
