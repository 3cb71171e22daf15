"""Deleting components: one build at a time, unless a recipe needs the version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from ..conftest import ACCOUNT, REGION
from ..errors import refused
from .components import create_component, get_component, not_found

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/"
AMAZON = f"arn:aws:imagebuilder:{REGION}:aws:component/"


def test_a_deleted_build_is_gone_and_the_others_stay(client: ImagebuilderClient) -> None:
    first, second = create_component(client), create_component(client, description="second")
    answer = client.delete_component(componentBuildVersionArn=second)
    assert answer["componentBuildVersionArn"] == second
    assert answer["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert get_component(client, f"{ARN}install-nginx/1.0.0")["arn"] == first
    for refused_call in (client.delete_component, client.get_component):
        with refused("ResourceNotFoundException", 404, not_found(second)):
            refused_call(componentBuildVersionArn=second)
    client.delete_component(componentBuildVersionArn=first)
    assert client.list_components()["componentVersionList"] == []


def test_only_own_builds_can_be_deleted(client: ImagebuilderClient) -> None:
    arn = f"{AMAZON}update-linux/1.0.2/1"
    with refused("ResourceNotFoundException", 404, not_found(arn)):
        client.delete_component(componentBuildVersionArn=arn)
    frame = "The value supplied for parameter 'componentBuildVersionArn' is not valid. "
    message = re.compile(re.escape(frame) + r"componentBuildVersionArn must match pattern \^arn:.*\$")
    with refused("InvalidParameterValueException", 400, message):
        client.delete_component(componentBuildVersionArn=f"{ARN}install-nginx/1.0.0")


def create_recipe(client: ImagebuilderClient, *references: str) -> str:
    """The ARN of an image recipe that refers to these components."""
    request: dict[str, Any] = {
        "name": "web",
        "semanticVersion": "1.0.0",
        "parentImage": f"arn:aws:imagebuilder:{REGION}:aws:image/amazon-linux-2023-x86/x.x.x",
    }
    if references:
        request["components"] = [{"componentArn": reference} for reference in references]
    return client.create_image_recipe(**request)["imageRecipeArn"]


@pytest.mark.parametrize(
    ("reference", "is_needed"),
    [
        ("install-nginx/1.2.0/1", True),
        ("install-nginx/1.2.0", True),
        ("install-nginx/1.2.x", True),  # nothing else matches
        ("install-nginx/1.x.x", False),  # 1.1.0 matches too
        ("install-nginx/x.x.x", False),
        ("install-nginx/1.1.0/1", False),
        ("install-nginx/1.1.0", False),
        ("install-nginx/2.x.x", False),
        ("install-nginx-plus/1.2.0/1", False),
        ("nginx/1.2.0/1", False),
    ],
)
def test_what_a_recipe_needs_cannot_be_deleted(client: ImagebuilderClient, reference: str, is_needed: bool) -> None:
    for version in ("1.1.0", "1.2.0", "2.0.0"):
        create_component(client, semanticVersion=version)
    for name in ("install-nginx-plus", "nginx"):
        create_component(client, name, semanticVersion="1.2.0")
    recipe = create_recipe(client, f"{AMAZON}update-linux/x.x.x", f"{ARN}{reference}")
    build = f"{ARN}install-nginx/1.2.0/1"
    if is_needed:
        message = f"Resource dependency error: The resource ARN '{build}' has other resources depended on it."
        with refused("ResourceDependencyException", 400, message):
            client.delete_component(componentBuildVersionArn=build)
        assert get_component(client, build)["arn"] == build
        client.delete_image_recipe(imageRecipeArn=recipe)
    client.delete_component(componentBuildVersionArn=build)
    with refused("ResourceNotFoundException", 404, not_found(build)):
        get_component(client, build)


def test_a_recipe_needs_the_version_whatever_the_build(client: ImagebuilderClient) -> None:
    first, second = create_component(client), create_component(client, description="second")
    create_recipe(client, first)
    message = f"Resource dependency error: The resource ARN '{second}' has other resources depended on it."
    with refused("ResourceDependencyException", 400, message):
        client.delete_component(componentBuildVersionArn=second)


def test_recipes_without_components_need_none(client: ImagebuilderClient) -> None:
    arn = create_component(client)
    create_recipe(client)
    client.delete_component(componentBuildVersionArn=arn)
