"""add_managed: more images, components and workflows that Amazon and others publish."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control, imagebuilder_backends, mock_imagebuilder
from mock_imagebuilder.imagebuilder.managed.catalogue import (
    ManagedComponent,
    ManagedImage,
    ManagedVersion,
    ManagedWorkflow,
)
from tests.build_parts import MANAGED_BASE, create_infrastructure
from tests.conftest import REGION
from tests.errors import refused
from tests.images import get_image
from tests.refusals import not_found
from tests.served import Address

DATE = "2026-01-01T00:00:00.000Z"
WORKFLOW = "schemaVersion: 1.0\nsteps: [{name: Wait, action: WaitForAction}]\n"
IMAGE = ManagedImage("Team Base x86", "team-base-x86", "Linux", "AMI", (ManagedVersion("2026.1.1", DATE),))
COMPONENT = ManagedComponent("team-agent", "team-agent", "Linux", "BUILD", (ManagedVersion("1.0.0", DATE),))
GATE = ManagedWorkflow("team-gate", "team-gate", "TEST", (ManagedVersion("1.0.0", DATE),), WORKFLOW)
IMAGE_ARN = f"{MANAGED_BASE}:image/team-base-x86/2026.1.1/1"
COMPONENT_ARN = f"{MANAGED_BASE}:component/team-agent/1.0.0/1"
GATE_ARN = f"{MANAGED_BASE}:workflow/test/team-gate/1.0.0/1"
DOCUMENT = {
    "images": [
        {
            "slug": "team-base-x86",
            "name": "Team Base x86",
            "platform": "Linux",
            "type": "AMI",
            "versions": [{"version": "2026.1.1", "dateCreated": DATE}],
        }
    ],
    "components": [
        {
            "slug": "team-agent",
            "name": "team-agent",
            "platform": "Linux",
            "type": "BUILD",
            "versions": [{"version": "1.0.0", "dateCreated": DATE}],
        }
    ],
    "workflows": [
        {
            "slug": "team-gate",
            "name": "team-gate",
            "type": "TEST",
            "data": WORKFLOW,
            "versions": [{"version": "1.0.0", "dateCreated": DATE}],
        }
    ],
}


def names(client: Any) -> tuple[set[str], set[str], set[str]]:
    """What Amazon publishes: images, components and workflows."""
    listed = []
    for operation, member in (
        ("list_images", "imageVersionList"),
        ("list_components", "componentVersionList"),
        ("list_workflows", "workflowVersionList"),
    ):
        pages = client.get_paginator(operation).paginate(owner="Amazon")
        listed.append({entry["name"] for page in pages for entry in page[member]})
    return listed[0], listed[1], listed[2]


def assert_everything_is_there(client: Any) -> None:
    for found, name in zip(names(client), ("Team Base x86", "team-agent", "team-gate"), strict=True):
        assert name in found
        assert len(found) > 1
    assert get_image(client, f"{MANAGED_BASE}:image/team-base-x86/x.x.x")["arn"] == IMAGE_ARN
    component = client.get_component(componentBuildVersionArn=f"{MANAGED_BASE}:component/team-agent/x.x.x")
    assert component["component"]["arn"] == COMPONENT_ARN
    workflow = client.get_workflow(workflowBuildVersionArn=GATE_ARN)["workflow"]
    assert (workflow["data"], workflow["owner"]) == (WORKFLOW, "Amazon")


def assert_nothing_is_there(client: Any) -> None:
    for found, name in zip(names(client), ("Team Base x86", "team-agent", "team-gate"), strict=True):
        assert name not in found
    with not_found("Image", IMAGE_ARN):
        client.get_image(imageBuildVersionArn=IMAGE_ARN)
    with not_found("Component", COMPONENT_ARN):
        client.get_component(componentBuildVersionArn=COMPONENT_ARN)
    with not_found("Workflow", GATE_ARN):
        client.get_workflow(workflowBuildVersionArn=GATE_ARN)


def test_entries_of_all_kinds(mocked: Control, client: Any) -> None:
    mocked.add_managed(IMAGE, COMPONENT, GATE)
    assert_everything_is_there(client)


def test_whoever_has_looked_before_sees_them(mocked: Control, client: Any) -> None:
    assert_nothing_is_there(client)
    mocked.add_managed(IMAGE)
    mocked.add_managed(COMPONENT)
    mocked.add_managed(GATE)
    assert_everything_is_there(client)


def test_they_are_in_all_regions_and_accounts(mocked: Control) -> None:
    eu_client = boto3.client("imagebuilder", region_name="eu-west-1")
    assert eu_client.list_workflows(owner="Amazon")["workflowVersionList"]
    mocked.add_managed(GATE)
    for region in ("eu-west-1", "cn-north-1"):
        client = boto3.client("imagebuilder", region_name=region)
        partition = "aws-cn" if region == "cn-north-1" else "aws"
        arn = f"arn:{partition}:imagebuilder:{region}:aws:workflow/test/team-gate/1.0.0/1"
        assert client.get_workflow(workflowBuildVersionArn=arn)["workflow"]["arn"] == arn


def test_a_file(mocked: Control, client: Any, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps(DOCUMENT))
    mocked.add_managed(path)
    assert_everything_is_there(client)


def test_a_file_among_entries(mocked: Control, client: Any, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"images": DOCUMENT["images"]}))
    mocked.add_managed(COMPONENT, str(path), GATE)
    assert_everything_is_there(client)


def test_they_are_parts_of_images(mocked: Control, client: Any, instance_profile: str) -> None:
    mocked.add_managed(IMAGE, COMPONENT)
    recipe = client.create_image_recipe(
        name="web",
        semanticVersion="1.0.0",
        parentImage=f"{MANAGED_BASE}:image/team-base-x86/x.x.x",
        components=[{"componentArn": f"{MANAGED_BASE}:component/team-agent/x.x.x"}],
    )["imageRecipeArn"]
    settings = {
        "imageRecipeArn": recipe,
        "infrastructureConfigurationArn": create_infrastructure(client, instance_profile),
    }
    first = get_image(client, client.create_image(**settings)["imageBuildVersionArn"])
    assert first["imageRecipe"]["parentImage"] == IMAGE_ARN
    # Amazon publishes a new version.
    mocked.add_managed(replace(IMAGE, versions=(*IMAGE.versions, ManagedVersion("2026.2.1", DATE))))
    second = get_image(client, client.create_image(**settings)["imageBuildVersionArn"])
    assert second["imageRecipe"]["parentImage"] == IMAGE_ARN.replace("2026.1.1", "2026.2.1")
    assert get_image(client, IMAGE_ARN)["arn"] == IMAGE_ARN


def test_a_shipped_entry_is_replaced(mocked: Control, client: Any) -> None:
    newer = f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2030.1.1/1"
    base = f"{MANAGED_BASE}:image/amazon-linux-2023-x86/x.x.x"
    assert get_image(client, base)["arn"] != newer
    entry = replace(IMAGE, name="Amazon Linux 2023 x86", slug="amazon-linux-2023-x86")
    mocked.add_managed(replace(entry, versions=(ManagedVersion("2030.1.1", DATE),)))
    assert get_image(client, base)["arn"] == newer


def test_nothing_is_added_when_an_entry_is_not_right(mocked: Control, client: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="component 'team-agent' is added twice"):
        mocked.add_managed(IMAGE, COMPONENT, COMPONENT)
    with pytest.raises(ValueError, match="the slug belongs to an entry of owner Amazon"):
        mocked.add_managed(GATE, replace(COMPONENT, name="update-linux", slug="update-linux", owner="ThirdParty"))
    with pytest.raises(ValueError, match="is no workflow document"):
        mocked.add_managed(IMAGE, replace(GATE, data="schemaVersion: 1.0"))
    path = tmp_path / "catalogue.json"
    path.write_text('{"recipes": []}')
    with pytest.raises(ValueError, match="unknown member 'recipes'"):
        mocked.add_managed(IMAGE, path)
    with pytest.raises(FileNotFoundError):
        mocked.add_managed(IMAGE, tmp_path / "missing.json")
    assert_nothing_is_there(client)


def test_the_slug_of_another_owner_that_was_added(mocked: Control, client: Any) -> None:
    mocked.add_managed(COMPONENT)
    with pytest.raises(ValueError, match="is added twice"):
        mocked.add_managed(replace(COMPONENT, owner="ThirdParty"))
    assert client.get_component(componentBuildVersionArn=COMPONENT_ARN)["component"]["owner"] == "Amazon"


def test_a_reset_forgets_them(mocked: Control, client: Any) -> None:
    mocked.add_managed(IMAGE, COMPONENT, GATE)
    assert_everything_is_there(client)
    imagebuilder_backends.reset()
    assert_nothing_is_there(client)


def test_they_are_forgotten_with_the_mock() -> None:
    with mock_imagebuilder() as imagebuilder:
        imagebuilder.add_managed(IMAGE, COMPONENT, GATE)
    with mock_imagebuilder():
        assert_nothing_is_there(boto3.client("imagebuilder", region_name=REGION))


# ---- over HTTP ----


def test_over_http_it_takes_the_content_of_a_file(address: Address) -> None:
    client = address.client("imagebuilder")
    assert_nothing_is_there(client)
    answer = address.steer("add-managed", **DOCUMENT)
    assert (answer.status_code, answer.json()) == (200, {"result": None})
    assert_everything_is_there(client)
    address.reset()
    assert_nothing_is_there(client)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"entries": ["catalogue.json"]}, "The body does not fit: got an unexpected keyword argument 'entries'."),
        ({"handle": 1}, "The body does not fit: multiple values for argument 'handle'."),
        ({"images": "catalogue.json"}, 'images is not valid: "catalogue.json".'),
        ({"images": [{}]}, "images[0]: 'slug' is missing"),
        ({"images": [DOCUMENT["images"][0]] * 2}, "image 'team-base-x86' is added twice"),
    ],
)
def test_over_http_the_content_is_checked(address: Address, body: dict[str, Any], message: str) -> None:
    answer = address.steer("add-managed", **body)
    assert (answer.status_code, answer.json()) == (400, {"message": message})
    with refused(
        "ResourceNotFoundException", 404, f"The following required resource 'Image' cannot be found: '{IMAGE_ARN}'."
    ):
        address.client("imagebuilder").get_image(imageBuildVersionArn=IMAGE_ARN)
