"""Deleting recipes: one version at a time, unless a pipeline needs it."""

from __future__ import annotations

from typing import Any

import pytest

from ..build_parts import create_infrastructure
from ..refusals import depended_on, invalid, not_found
from .recipes import Recipes


def create_pipeline(client: Any, instance_profile: str, recipes: Recipes, recipe_arn: str) -> str:
    infrastructure = create_infrastructure(client, instance_profile)
    parts = {recipes.PARAMETER: recipe_arn, "infrastructureConfigurationArn": infrastructure}
    arn: str = client.create_image_pipeline(name="web", **parts)["imagePipelineArn"]
    return arn


def test_a_deleted_version_is_gone_and_the_others_stay(client: Any, recipes: Recipes) -> None:
    first, second = recipes.create(client), recipes.create(client, version="1.0.1")
    answer = recipes.delete(client, second)
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"requestId": metadata["RequestId"], recipes.PARAMETER: second}
    with not_found(recipes.KIND, second):
        recipes.get(client, second)
    with not_found(recipes.KIND, second):
        recipes.delete(client, second)
    assert recipes.get(client, f"{recipes.ARN}web/x.x.x")["arn"] == first
    assert recipes.create(client, version="1.0.1") == second


def test_a_recipe_is_deleted_by_its_version(client: Any, recipes: Recipes) -> None:
    recipes.create(client)
    with invalid(recipes.PARAMETER, "The version of a recipe to delete can't have a wildcard."):
        recipes.delete(client, f"{recipes.ARN}web/x.x.x")
    assert len(recipes.summaries(client)) == 1


def test_what_a_pipeline_uses_cannot_be_deleted(client: Any, recipes: Recipes, instance_profile: str) -> None:
    used, unused = recipes.create(client, "used"), recipes.create(client, "unused")
    pipeline = create_pipeline(client, instance_profile, recipes, used)
    with depended_on(used):
        recipes.delete(client, used)
    assert recipes.get(client, used)["name"] == "used"
    recipes.delete(client, unused)
    client.delete_image_pipeline(imagePipelineArn=pipeline)
    recipes.delete(client, used)
    assert recipes.summaries(client) == []


@pytest.mark.parametrize("reference", ["x.x.x", "1.x.x", "1.0.x"])
def test_the_last_version_for_the_wildcard_of_a_pipeline_cannot_be_deleted(
    client: Any, recipes: Recipes, instance_profile: str, reference: str
) -> None:
    first, second = recipes.create(client), recipes.create(client, version="1.0.1")
    create_pipeline(client, instance_profile, recipes, f"{recipes.ARN}web/{reference}")
    recipes.delete(client, second)
    with depended_on(first):
        recipes.delete(client, first)


@pytest.mark.parametrize("reference", ["1.0.0", "01.0.0", "1.0.x", "01.x.x"])
def test_a_version_is_kept_however_its_numbers_are_written(
    client: Any, recipes: Recipes, instance_profile: str, reference: str
) -> None:
    used = recipes.create(client, version="01.0.0")
    pipeline = create_pipeline(client, instance_profile, recipes, f"{recipes.ARN}web/{reference}")
    with depended_on(used):
        recipes.delete(client, used)
    assert recipes.get(client, used)["version"] == "01.0.0"
    client.delete_image_pipeline(imagePipelineArn=pipeline)
    recipes.delete(client, used)


def test_the_wildcard_of_a_pipeline_keeps_no_other_version(
    client: Any, recipes: Recipes, instance_profile: str
) -> None:
    recipes.create(client)
    other = recipes.create(client, version="2.0.0")
    create_pipeline(client, instance_profile, recipes, f"{recipes.ARN}web/1.x.x")
    recipes.delete(client, other)


def test_images_do_not_keep_their_recipe(client: Any, recipes: Recipes, instance_profile: str) -> None:
    recipe = recipes.create(client, tags={"Team": "web"})
    infrastructure = create_infrastructure(client, instance_profile)
    parts = {recipes.PARAMETER: recipe, "infrastructureConfigurationArn": infrastructure}
    image = client.create_image(**parts)["imageBuildVersionArn"]
    recipes.delete(client, recipe)
    shown = client.get_image(imageBuildVersionArn=image)["image"][recipes.PARAMETER.removesuffix("Arn")]
    assert (shown["arn"], shown["tags"]) == (recipe, {"Team": "web"})
    assert "owner" not in shown
