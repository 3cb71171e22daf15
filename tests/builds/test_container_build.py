"""Builds from container recipes: what the image shows, the stages, and what is in ECR."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, EXECUTION_ROLE, MANAGED_BASE, UPDATE_LINUX, managed_workflow
from ..conftest import ACCOUNT, REGION
from ..images import FAILURE_MEMBERS, client_of, create_image, get_image, state_of
from ..refusals import depended_on
from ..resources.components import create_component
from ..resources.container_recipes import create, delete, get
from .containers import (
    IMAGE,
    RECIPE,
    REGISTRY,
    build,
    container,
    containers,
    create_parts,
    distribution,
    images_in_ecr,
    tags_in_ecr,
)

WORKFLOWS = [
    {"workflowArn": managed_workflow("build/build-container", "1.0.1/1")},
    {"workflowArn": managed_workflow("test/test-container", "1.0.0/1")},
]


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_parts(client, instance_profile)


# ---- the image ----


def test_an_image_without_further_settings(client: Any) -> None:
    with freeze_time("2026-09-09T19:30:21.183Z"):
        arn = build(client)
    assert arn == f"{IMAGE}/1"
    image = get_image(client, arn)
    recipe = get(client, RECIPE)
    del recipe["owner"]
    infrastructure = image.pop("infrastructureConfiguration")
    assert infrastructure["name"] == "web server"
    assert image == {
        "arn": arn,
        "type": "DOCKER",
        "name": "web server",
        "version": "1.0.0/1",
        "platform": "Linux",
        "enhancedImageMetadataEnabled": True,
        "state": {"status": "AVAILABLE"},
        "containerRecipe": recipe,
        "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 720},
        "dateCreated": "2026-09-09T19:30:21.183Z",
        "outputResources": {
            "containers": [
                {
                    "region": REGION,
                    "imageUris": [f"{REGISTRY}/web:1.0.0-1", f"{REGISTRY}/web:web-server-1.0.0-1"],
                }
            ]
        },
        "tags": {},
        "buildType": "USER_INITIATED",
        "imageSource": "CUSTOM",
        "executionRole": (
            f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"
        ),
        "workflows": WORKFLOWS,
    }


def test_lists_show_container_images(client: Any) -> None:
    arn = build(client)
    docker = [{"name": "type", "values": ["DOCKER"]}]
    (version,) = client.list_images(filters=docker)["imageVersionList"]
    assert (version["arn"], version["type"], version["platform"]) == (IMAGE, "DOCKER", "Linux")
    (summary,) = client.list_image_build_versions(filters=docker)["imageSummaryList"]
    assert (summary["arn"], summary["outputResources"]) == (arn, get_image(client, arn)["outputResources"])
    assert client.list_images(filters=[{"name": "type", "values": ["AMI"]}])["imageVersionList"] == []


def test_references_are_resolved_when_the_build_begins(client: Any, mocked: Control) -> None:
    component = create_component(client)
    parent = f"{MANAGED_BASE}:image/amazon-linux-x86-2/x.x.x"
    entries = [{"componentArn": component.removesuffix("1.0.0/1") + "x.x.x"}, {"componentArn": UPDATE_LINUX}]
    recipe = create(client, "mail", parentImage=parent, components=entries)
    mocked.progress("manual")
    arn = build(client, recipe)
    mocked.advance(arn, to="CREATING")
    newest = create_component(client, description="newer")
    mocked.advance(arn, to="AVAILABLE")
    image = get_image(client, arn)
    shown = image["containerRecipe"]
    assert re.fullmatch(re.escape(parent.removesuffix("x.x.x")) + r"\d+\.\d+\.\d+/1", shown["parentImage"])
    resolved = [entry["componentArn"] for entry in shown["components"]]
    assert resolved == [newest, f"{MANAGED_BASE}:component/update-linux/1.0.2/1"]
    assert image["imageSource"] == "AMAZON_MANAGED"
    assert get(client, recipe)["components"] == entries
    assert get(client, recipe)["parentImage"] == parent


def test_builds_of_both_kinds_of_recipes_share_names_and_numbers(client: Any) -> None:
    ami_recipe = client.create_image_recipe(
        name="Web Server", semanticVersion="1.0.0", parentImage=f"{MANAGED_BASE}:image/amazon-linux-2023-x86/x.x.x"
    )["imageRecipeArn"]
    arns = [build(client), create_image(client, imageRecipeArn=ami_recipe), build(client)]
    assert arns == [f"{IMAGE}/1", f"{IMAGE}/2", f"{IMAGE}/3"]
    assert [get_image(client, arn)["type"] for arn in arns] == ["DOCKER", "AMI", "DOCKER"]
    assert tags_in_ecr() == {"1.0.0-1", "web-server-1.0.0-1", "1.0.0-3", "web-server-1.0.0-3"}


def test_a_wildcard_builds_the_newest_recipe(client: Any) -> None:
    create(client, "web server", "1.1.0")
    assert build(client, RECIPE.replace("1.0.0", "1.x.x")) == f"{ACCOUNT_BASE}:image/web-server/1.1.0/1"


def test_a_container_image_is_the_parent_of_the_next(client: Any) -> None:
    base = build(client)
    recipe = create(client, "app", parentImage=f"{IMAGE.removesuffix('1.0.0')}x.x.x")
    shown = get_image(client, build(client, recipe))
    assert shown["containerRecipe"]["parentImage"] == base


def test_a_recipe_with_the_build_as_its_parent_keeps_the_image(client: Any) -> None:
    base = build(client)
    recipe = create(client, "app", parentImage=base)
    with depended_on(base):
        client.delete_image(imageBuildVersionArn=base)
    delete(client, recipe)
    client.delete_image(imageBuildVersionArn=base)
    # The container images stay.
    assert tags_in_ecr() == {"1.0.0-1", "web-server-1.0.0-1"}


# ---- stages ----


@pytest.mark.parametrize(
    ("members", "distributes", "expected"),
    [
        ({}, False, ["PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "AVAILABLE"]),
        (
            {},
            True,
            ["PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING", "AVAILABLE"],
        ),
        (
            {"imageTestsConfiguration": {"imageTestsEnabled": False}},
            False,
            ["PENDING", "CREATING", "BUILDING", "DISTRIBUTING", "AVAILABLE"],
        ),
        (
            {
                "workflows": [{"workflowArn": managed_workflow("build/express-build-container")}],
                "executionRole": EXECUTION_ROLE,
            },
            False,
            ["PENDING", "CREATING", "BUILDING", "DISTRIBUTING", "AVAILABLE"],
        ),
    ],
)
def test_the_stages(
    client: Any, mocked: Control, members: dict[str, Any], distributes: bool, expected: list[str]
) -> None:
    if distributes:
        members = {**members, "distributionConfigurationArn": distribution(client, container())}
    mocked.progress("manual")
    arn = build(client, **members)
    statuses = ["PENDING"]
    while statuses[-1] != "AVAILABLE":
        image = get_image(client, arn)
        statuses.append(image["state"]["status"])
        is_pushed = statuses[-1] in ("INTEGRATING", "AVAILABLE")
        assert bool(image["outputResources"]["containers"]) is bool(images_in_ecr()) is is_pushed
    assert statuses == expected


def test_a_failed_test_pushes_nothing(client: Any, mocked: Control) -> None:
    mocked.fail_next_build(stage="TESTING", reason="The container does not start.")
    arn = build(client)
    state = state_of(client, arn)
    assert (state["status"], state["reason"]) == ("FAILED", "The container does not start.")
    assert state["failureContext"]["imageStatus"] == "TESTING"
    assert set(state["failureContext"]) == FAILURE_MEMBERS["TESTING"]
    assert images_in_ecr() == []
    assert containers(client, arn) == {}


def test_what_has_gone_before_the_build_begins(client: Any, mocked: Control) -> None:
    base = build(client)
    recipe = create(client, "app", parentImage=f"{IMAGE}")
    mocked.progress("manual")
    arn = build(client, recipe)
    client.delete_image(imageBuildVersionArn=base)
    mocked.advance(arn, to="FAILED")
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": f"The following required resource 'Image' cannot be found: '{IMAGE}'.",
        "failureContext": {"imageStatus": "CREATING"},
    }


def test_without_a_build_workflow_there_is_no_image(client: Any) -> None:
    workflows = [{"workflowArn": managed_workflow("test/test-container")}]
    arn = build(client, workflows=workflows, executionRole=EXECUTION_ROLE)
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": "No workflow builds a container image.",
        "failureContext": {"imageStatus": "BUILDING"},
    }


# ---- what is in ECR ----


def test_every_build_is_an_image_of_its_own(client: Any) -> None:
    with freeze_time("2026-09-09T19:30:21.183Z"):
        first, second = build(client), build(client)
    by_digest = {image["imageDigest"]: set(image["imageTags"]) for image in images_in_ecr()}
    assert sorted(map(sorted, by_digest.values())) == [
        ["1.0.0-1", "web-server-1.0.0-1"],
        ["1.0.0-2", "web-server-1.0.0-2"],
    ]
    assert {image["imagePushedAt"].isoformat()[:19] for image in images_in_ecr()} == {"2026-09-09T19:30:21"}
    assert first != second


def test_ecr_has_a_manifest_and_its_digest(client: Any) -> None:
    build(client)
    (image,) = client_of("ecr").batch_get_image(repositoryName="web", imageIds=[{"imageTag": "1.0.0-1"}])["images"]
    manifest = json.loads(image["imageManifest"])
    assert manifest["mediaType"] == image["imageManifestMediaType"]
    assert manifest["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    for blob in (manifest["config"], *manifest["layers"]):
        assert re.fullmatch("sha256:[0-9a-f]{64}", blob["digest"])
        assert blob["size"] > 0
    assert len(manifest["layers"]) == 2
    (details,) = images_in_ecr()
    assert details["imageDigest"] == image["imageId"]["imageDigest"]
    assert details["imageSizeInBytes"] > 0


def test_a_moving_tag_moves(client: Any) -> None:
    arn = distribution(client, container(REGION, "web", "latest", "stable"))
    for number in (1, 2):
        uris = containers(client, build(client, distributionConfigurationArn=arn))[REGION]
        assert uris == [
            f"{REGISTRY}/web:{tag}" for tag in (f"1.0.0-{number}", f"web-server-1.0.0-{number}", "latest", "stable")
        ]
    tags = {tuple(sorted(image["imageTags"])) for image in images_in_ecr()}
    assert tags == {("1.0.0-1", "web-server-1.0.0-1"), ("1.0.0-2", "latest", "stable", "web-server-1.0.0-2")}
