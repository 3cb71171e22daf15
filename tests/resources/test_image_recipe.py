"""Image recipes: what is kept of them, settings that fit the platform, and lists."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import MANAGED_BASE, PARENT_IMAGE, UPDATE_LINUX
from ..conftest import ACCOUNT, REGION
from ..refusals import invalid
from .image_recipes import ARN, create, get, summaries
from .recipes import references

WINDOWS = f"{MANAGED_BASE}:image/windows-server-2022-english-full-base-x86/x.x.x"
MACOS = f"{MANAGED_BASE}:image/macos-sequoia-arm64/x.x.x"

needs_watermarks = pytest.mark.skipif(
    "amiWatermarks" not in load_model().shape("CreateImageRecipeRequest")["members"],
    reason="the installed botocore does not know amiWatermarks",
)
needs_ami_tags = pytest.mark.skipif(
    "amiTags" not in load_model().shape("CreateImageRecipeRequest")["members"],
    reason="the installed botocore does not know amiTags",
)


def listed(client: Any, **filters: list[str]) -> list[str]:
    """The ends of the ARNs that these filters find."""
    given = [{"name": name, "values": values} for name, values in filters.items()]
    return [entry["arn"].removeprefix(ARN) for entry in summaries(client, filters=given)]


# ---- create and get ----


def test_a_plain_recipe_is_answered_and_got_back(client: Any) -> None:
    with freeze_time("2026-09-09T19:30:21.183Z"):
        answer = client.create_image_recipe(
            name="My_App 1", semanticVersion="1.2.3", parentImage=PARENT_IMAGE, clientToken="token"
        )
    latest = references(f"{ARN}my-app-1", "x.x.x", "1.x.x", "1.2.x", "1.2.3")
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "clientToken": "token",
        "imageRecipeArn": f"{ARN}my-app-1/1.2.3",
        "latestVersionReferences": latest,
    }
    got = client.get_image_recipe(imageRecipeArn=f"{ARN}my-app-1/1.2.3")
    assert got["latestVersionReferences"] == latest
    assert got["imageRecipe"] == {
        "arn": f"{ARN}my-app-1/1.2.3",
        "name": "My_App 1",
        "platform": "Linux",
        "owner": ACCOUNT,
        "version": "1.2.3",
        "parentImage": PARENT_IMAGE,
        "dateCreated": "2026-09-09T19:30:21.183Z",
        "tags": {},
        "workingDirectory": "/tmp",
    }


FULL: dict[str, Any] = {
    "description": "A web server",
    "components": [{"componentArn": UPDATE_LINUX}],
    "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20, "encrypted": True}}],
    "workingDirectory": "/var/build",
    "additionalInstanceConfiguration": {
        "systemsManagerAgent": {"uninstallAfterBuild": True},
        "userDataOverride": "IyEvYmluL2Jhc2gK",
    },
    "tags": {"Team": "web"},
}


def test_every_member_comes_back(client: Any) -> None:
    recipe = get(client, create(client, **FULL))
    assert {member: recipe[member] for member in FULL} == FULL


def test_an_empty_list_of_block_devices_stays_one(client: Any) -> None:
    assert get(client, create(client, blockDeviceMappings=[]))["blockDeviceMappings"] == []


@pytest.mark.parametrize(
    ("parent", "platform", "working_directory"),
    [(PARENT_IMAGE, "Linux", "/tmp"), (WINDOWS, "Windows", "C:/"), (MACOS, "macOS", "/tmp")],
)
def test_the_parent_image_decides_on_platform_and_working_directory(
    client: Any, parent: str, platform: str, working_directory: str
) -> None:
    recipe = get(client, create(client, parentImage=parent))
    assert (recipe["platform"], recipe["workingDirectory"]) == (platform, working_directory)


# ---- settings ----


def test_the_ssm_agent_is_not_configured_on_windows(client: Any) -> None:
    agent = {"systemsManagerAgent": {"uninstallAfterBuild": False}}
    with invalid(
        "additionalInstanceConfiguration.systemsManagerAgent",
        "Image Builder does not support configuring the SSM Agent on Windows",
    ):
        create(client, parentImage=WINDOWS, additionalInstanceConfiguration=agent)
    assert summaries(client) == []
    for number, parent in enumerate((PARENT_IMAGE, MACOS)):
        recipe = get(client, create(client, f"web {number}", parentImage=parent, additionalInstanceConfiguration=agent))
        assert recipe["additionalInstanceConfiguration"] == agent


def test_user_data_is_for_every_platform(client: Any) -> None:
    given = {"userDataOverride": "IyEvYmluL2Jhc2gK"}
    for number, parent in enumerate((PARENT_IMAGE, WINDOWS, MACOS)):
        recipe = get(client, create(client, f"web {number}", parentImage=parent, additionalInstanceConfiguration=given))
        assert recipe["additionalInstanceConfiguration"] == given


@pytest.mark.parametrize("user_data", ["#!/bin/bash", "IyEvYmluL2Jhc2gK="])
def test_user_data_is_base_64(client: Any, user_data: str) -> None:
    path = "additionalInstanceConfiguration.userDataOverride"
    pattern = load_model().shape("UserDataOverride")["pattern"]
    with invalid(path, f"{path} must match pattern {pattern}"):
        create(client, additionalInstanceConfiguration={"userDataOverride": user_data})


def test_user_data_has_a_longest_length(client: Any) -> None:
    path = "additionalInstanceConfiguration.userDataOverride"
    create(client, additionalInstanceConfiguration={"userDataOverride": "A" * 21844})
    with invalid(path, f"{path} must have between 1 and 21847 characters"):
        create(client, version="1.0.1", additionalInstanceConfiguration={"userDataOverride": "A" * 21848})


def test_a_windows_directory_has_no_quotes(client: Any) -> None:
    with invalid("workingDirectory", "The working directory on Windows can't contain a double quote."):
        create(client, parentImage=WINDOWS, workingDirectory='C:/"Program Files"')
    assert summaries(client) == []
    arn = create(client, parentImage=WINDOWS, workingDirectory="C:/Program Files")
    assert get(client, arn)["workingDirectory"] == "C:/Program Files"
    arn = create(client, version="1.0.1", workingDirectory='/tmp/"quoted"')
    assert get(client, arn)["workingDirectory"] == '/tmp/"quoted"'


@needs_ami_tags
@pytest.mark.parametrize("key", ["CreatedBy", "Ec2ImageBuilderArn"])
def test_ami_tags_that_the_service_sets_itself(client: Any, key: str) -> None:
    with invalid("amiTags", f"The tag key '{key}' is reserved. Reserved keys: CreatedBy, Ec2ImageBuilderArn."):
        create(client, amiTags={"Team": "web", key: "mine"})
    assert summaries(client) == []
    assert get(client, create(client, amiTags={key.lower(): "mine"}))["amiTags"] == {key.lower(): "mine"}


@needs_watermarks
def test_watermarks_are_unique(client: Any) -> None:
    with invalid("amiWatermarks", "The names of watermarks must be unique."):
        create(client, amiWatermarks=["golden", "hardened", "golden"])
    assert summaries(client) == []
    watermarks = ["golden", "hardened", "Golden"]
    assert get(client, create(client, amiWatermarks=watermarks))["amiWatermarks"] == watermarks


@needs_watermarks
def test_watermarks_are_five_at_most(client: Any) -> None:
    with invalid("amiWatermarks", "amiWatermarks must have between 1 and 5 entries"):
        create(client, amiWatermarks=[f"watermark-{number}" for number in range(6)])


# ---- snapshots ----


def test_images_that_show_the_same_of_a_recipe_share_it(client: Any) -> None:
    create(client)
    recipe = imagebuilder_backends[ACCOUNT][REGION].image_recipes.get(f"{ARN}web/1.0.0")
    before = recipe.snapshot
    resolved = recipe.shared_snapshot({**before, "parentImage": "resolved"})
    assert recipe.snapshot is before
    assert recipe.shared_snapshot({**before, "parentImage": "resolved"}) is resolved
    client.tag_resource(resourceArn=recipe.arn, tags={"Team": "web"})
    assert recipe.snapshot["tags"] == {"Team": "web"}
    assert before["tags"] == {}


# ---- list ----


def test_a_summary_has_what_the_service_shows_in_lists(client: Any) -> None:
    with freeze_time("2026-09-09T19:30:21.183Z"):
        arn = create(client, "Web 1", **FULL)
    assert summaries(client) == [
        {
            "arn": arn,
            "name": "Web 1",
            "platform": "Linux",
            "owner": ACCOUNT,
            "parentImage": PARENT_IMAGE,
            "dateCreated": "2026-09-09T19:30:21.183Z",
            "tags": {"Team": "web"},
        }
    ]


@pytest.fixture
def several(client: Any) -> Any:
    create(client, "web_2", "1.0.0")
    create(client, "Web 1", "1.10.0", parentImage=WINDOWS)
    create(client, "Web 1", "1.9.0")
    create(client, "my web", "1.0.0", parentImage=MACOS)
    return client


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": ["Web 1"]}, ["web-1/1.10.0", "web-1/1.9.0"]),
        ({"name": ["web-1"]}, []),
        ({"name": ["web*"]}, ["web-2/1.0.0"]),
        ({"name": ["*web*"]}, ["my-web/1.0.0", "web-2/1.0.0"]),
        ({"platform": ["Linux"]}, ["web-1/1.9.0", "web-2/1.0.0"]),
        ({"platform": ["Windows", "macOS"]}, ["my-web/1.0.0", "web-1/1.10.0"]),
        ({"platform": ["linux"]}, []),
        ({"platform": ["Lin*"]}, []),
        ({"parentImage": [PARENT_IMAGE]}, ["web-1/1.9.0", "web-2/1.0.0"]),
        ({"parentImage": [PARENT_IMAGE, MACOS]}, ["my-web/1.0.0", "web-1/1.9.0", "web-2/1.0.0"]),
        ({"name": ["Web 1"], "platform": ["Linux"]}, ["web-1/1.9.0"]),
    ],
)
def test_filters(several: Any, filters: dict[str, list[str]], found: list[str]) -> None:
    assert listed(several, **filters) == found


@pytest.mark.parametrize("name", ["version", "Platform", "owner"])
def test_there_is_no_other_filter(client: Any, name: str) -> None:
    with invalid("filters[0].name", "Valid filter names are: name, parentImage, platform."):
        listed(client, **{name: ["x"]})


@pytest.mark.parametrize("owner", ["Shared", "Amazon", "ThirdParty", "AWSMarketplace"])
def test_nobody_else_has_recipes(several: Any, owner: str) -> None:
    answer = several.list_image_recipes(owner=owner)
    assert answer["imageRecipeSummaryList"] == []
    assert "nextToken" not in answer
    assert len(summaries(several, owner="Self")) == 4


def test_another_region_has_recipes_of_its_own(client: Any) -> None:
    create(client)
    elsewhere = boto3.client("imagebuilder", region_name="eu-west-1")
    assert summaries(elsewhere) == []
    parent = PARENT_IMAGE.replace(REGION, "eu-west-1")
    assert create(elsewhere, parentImage=parent) == f"{ARN}web/1.0.0".replace(REGION, "eu-west-1")
