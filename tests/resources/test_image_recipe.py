"""Image recipes: versions that follow each other, settings that fit the platform, and what keeps a recipe alive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import imagebuilder_backends
from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import MANAGED_BASE, PARENT_IMAGE, UPDATE_LINUX, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import already_there, depended_on, dry_run, invalid, not_found
from .image_recipes import ARN, BAD_VERSION, create, get, references, summaries

if TYPE_CHECKING:
    from mock_imagebuilder import Control

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
    latest = references("my-app-1", "x.x.x", "1.x.x", "1.2.x", "1.2.3")
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


def test_a_dry_run_creates_nothing_and_finds_every_mistake(client: Any) -> None:
    with dry_run():
        create(client, dryRun=True)
    assert summaries(client) == []
    with refused("InvalidVersionNumberException", 400, BAD_VERSION):
        create(client, version="1.x.x", dryRun=True)
    create(client)
    with already_there("ImageRecipe", f"{ARN}web/1.0.0"):
        create(client, dryRun=True)


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


# ---- delete ----


def test_a_deleted_version_is_gone_and_the_others_stay(client: Any) -> None:
    first, second = create(client), create(client, version="1.0.1")
    answer = client.delete_image_recipe(imageRecipeArn=second)
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"requestId": metadata["RequestId"], "imageRecipeArn": second}
    with not_found("ImageRecipe", second):
        get(client, second)
    with not_found("ImageRecipe", second):
        client.delete_image_recipe(imageRecipeArn=second)
    assert get(client, f"{ARN}web/x.x.x")["arn"] == first
    assert create(client, version="1.0.1") == second


def test_a_recipe_is_deleted_by_its_version(client: Any) -> None:
    create(client)
    with invalid("imageRecipeArn", "The version of a recipe to delete can't have a wildcard."):
        client.delete_image_recipe(imageRecipeArn=f"{ARN}web/x.x.x")
    assert len(summaries(client)) == 1


def test_what_a_pipeline_uses_cannot_be_deleted(client: Any, instance_profile: str) -> None:
    used, unused = create(client, "used"), create(client, "unused")
    pipeline = create_pipeline(client, instance_profile, used)
    with depended_on(used):
        client.delete_image_recipe(imageRecipeArn=used)
    assert get(client, used)["name"] == "used"
    client.delete_image_recipe(imageRecipeArn=unused)
    client.delete_image_pipeline(imagePipelineArn=pipeline)
    client.delete_image_recipe(imageRecipeArn=used)
    assert summaries(client) == []


@pytest.mark.parametrize("reference", ["x.x.x", "1.x.x", "1.0.x"])
def test_the_last_version_for_the_wildcard_of_a_pipeline_cannot_be_deleted(
    client: Any, instance_profile: str, reference: str
) -> None:
    first, second = create(client), create(client, version="1.0.1")
    create_pipeline(client, instance_profile, f"{ARN}web/{reference}")
    client.delete_image_recipe(imageRecipeArn=second)
    with depended_on(first):
        client.delete_image_recipe(imageRecipeArn=first)


def test_the_wildcard_of_a_pipeline_keeps_no_other_version(client: Any, instance_profile: str) -> None:
    create(client)
    other = create(client, version="2.0.0")
    create_pipeline(client, instance_profile, f"{ARN}web/1.x.x")
    client.delete_image_recipe(imageRecipeArn=other)


def test_images_do_not_keep_their_recipe(client: Any, instance_profile: str) -> None:
    recipe = create(client, tags={"Team": "web"})
    image = client.create_image(
        imageRecipeArn=recipe, infrastructureConfigurationArn=create_infrastructure(client, instance_profile)
    )["imageBuildVersionArn"]
    client.delete_image_recipe(imageRecipeArn=recipe)
    shown = client.get_image(imageBuildVersionArn=image)["image"]["imageRecipe"]
    assert (shown["arn"], shown["tags"]) == (recipe, {"Team": "web"})
    assert "owner" not in shown


def test_images_that_show_the_same_of_a_recipe_share_it(client: Any, instance_profile: str) -> None:
    create(client)
    recipe = imagebuilder_backends[ACCOUNT][REGION].image_recipes.get(f"{ARN}web/1.0.0")
    before = recipe.snapshot
    resolved = recipe.shared_snapshot({**before, "parentImage": "resolved"})
    assert recipe.snapshot is before
    assert recipe.shared_snapshot({**before, "parentImage": "resolved"}) is resolved
    client.tag_resource(resourceArn=recipe.arn, tags={"Team": "web"})
    assert recipe.snapshot["tags"] == {"Team": "web"}
    assert before["tags"] == {}


def create_pipeline(client: Any, instance_profile: str, recipe_arn: str) -> str:
    arn: str = client.create_image_pipeline(
        name="web",
        imageRecipeArn=recipe_arn,
        infrastructureConfigurationArn=create_infrastructure(client, instance_profile),
    )["imagePipelineArn"]
    return arn


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


def test_recipes_are_listed_in_the_order_of_their_arns(several: Any) -> None:
    arns = [entry["arn"].removeprefix(ARN) for entry in summaries(several)]
    assert arns == ["my-web/1.0.0", "web-1/1.10.0", "web-1/1.9.0", "web-2/1.0.0"]


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


def test_pages_continue_where_they_ended(several: Any) -> None:
    first = several.list_image_recipes(maxResults=3)
    paginator = several.get_paginator("list_image_recipes")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 3}))
    assert [[entry["arn"].removeprefix(ARN) for entry in page["imageRecipeSummaryList"]] for page in pages] == [
        ["my-web/1.0.0", "web-1/1.10.0", "web-1/1.9.0"],
        ["web-2/1.0.0"],
    ]
    with refused("InvalidPaginationTokenException", 400, "The provided pagination token is not valid."):
        several.list_image_recipes(owner="Amazon", nextToken=first["nextToken"])


def test_another_region_has_recipes_of_its_own(client: Any) -> None:
    create(client)
    elsewhere = boto3.client("imagebuilder", region_name="eu-west-1")
    assert summaries(elsewhere) == []
    parent = PARENT_IMAGE.replace(REGION, "eu-west-1")
    assert create(elsewhere, parentImage=parent) == f"{ARN}web/1.0.0".replace(REGION, "eu-west-1")


def test_the_same_token_gets_the_same_version(mocked: Control, client: Any) -> None:
    arn = create(client, version="1.0.x", clientToken="token")
    assert create(client, version="1.0.x", clientToken="token") == arn
    assert len(summaries(client)) == 1
    with refused("IdempotentParameterMismatchException", 400, re.compile(".*'token'.*")):
        create(client, version="1.1.x", clientToken="token")
