"""Watermarks: the recipe's and those of the parent image, on the AMI, its copies and its children."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from freezegun import freeze_time

from ..build_parts import PARENT_IMAGE, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..images import ami_of, create_image, get_image, output_amis, own_amis, state_of
from ..refusals import clashing
from .integration import build, create_configuration

pytestmark = pytest.mark.usefixtures("outbox", "lets_copies_in")


@pytest.fixture(autouse=True)
def _infrastructure(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)


def marked(client: Any, *watermarks: str, name: str = "marked", parent_image: str = PARENT_IMAGE) -> dict[str, str]:
    """A recipe with watermarks."""
    members = {"amiWatermarks": list(watermarks)} if watermarks else {}
    answer = client.create_image_recipe(name=name, semanticVersion="1.0.0", parentImage=parent_image, **members)
    return {"imageRecipeArn": answer["imageRecipeArn"]}


def watermarks(entry: Any) -> list[str]:
    return [each["WatermarkKey"] for each in ami_of(entry).get("ImageWatermarks", ())]


def test_the_ami_has_the_watermarks_of_the_recipe(client: Any) -> None:
    with freeze_time("2026-01-02T03:04:05Z"):
        image = create_image(client, **marked(client, "approved", "team web"))
    (entry,) = output_amis(client, image)
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert ami_of(entry)["ImageWatermarks"] == [
        {
            "WatermarkKey": f"{ACCOUNT}:{name}",
            "SourceImageRegion": REGION,
            "SourceImageId": entry["image"],
            "SourceImageCreationTime": moment,
            "WatermarkCreationTime": moment,
        }
        for name in ("approved", "team web")
    ]
    assert get_image(client, image)["imageRecipe"]["amiWatermarks"] == ["approved", "team web"]
    assert "Encrypted" not in ami_of(entry)["BlockDeviceMappings"][0]["Ebs"]


def test_copies_have_them(client: Any) -> None:
    elsewhere = {"region": "eu-west-1", "amiDistributionConfiguration": {"targetAccountIds": ["111111111111"]}}
    here, copy = output_amis(client, build(client, elsewhere, **marked(client, "approved")))
    assert ami_of(copy)["ImageWatermarks"] == ami_of(here)["ImageWatermarks"]


@pytest.mark.parametrize("by_id", [False, True])
def test_children_have_them_and_their_own(client: Any, by_id: bool) -> None:
    parent = create_image(client, **marked(client, "approved", "base"))
    reference = output_amis(client, parent)[0]["image"] if by_id else parent
    child = create_image(client, **marked(client, "child", "base", name="child", parent_image=reference))
    assert watermarks(output_amis(client, child)[0]) == [f"{ACCOUNT}:{name}" for name in ("approved", "base", "child")]
    grandchild = create_image(client, **marked(client, name="grandchild", parent_image=child))
    assert len(watermarks(output_amis(client, grandchild)[0])) == 3


@pytest.mark.parametrize("count", [2, 3])
def test_an_ami_has_five_at_most(client: Any, count: int) -> None:
    parent = create_image(client, **marked(client, "one", "two", "three"))
    names = ["four", "five", "six"][:count]
    child = create_image(client, **marked(client, *names, name="child", parent_image=parent))
    state = state_of(client, child)
    if count == 2:
        assert state == {"status": "AVAILABLE"}
        assert len(watermarks(output_amis(client, child)[0])) == 5
    else:
        assert state["status"] == "FAILED"
        assert state["reason"].endswith(
            "failed with reason: The AMI would have 6 watermarks with those of its parent image, and can have at most 5 in "
            "workflow step CreateOutputAMI"
        )
        assert len(own_amis()) == 1


def test_an_ami_with_watermarks_is_not_made_public(client: Any) -> None:
    public = {"amiDistributionConfiguration": {"launchPermission": {"userGroups": ["all"]}}}
    configuration = create_configuration(client, public)
    recipe = marked(client, "approved")
    with clashing(
        "distributionConfigurationArn",
        "The recipe adds watermarks to its AMIs, and AMIs with watermarks can't be public: in the Region 'us-east-1' "
        "everyone has launch permission.",
    ):
        create_image(client, **recipe, distributionConfigurationArn=configuration)
    parent = create_image(client, **recipe)
    child = create_image(
        client,
        **marked(client, name="child", parent_image=parent),
        distributionConfigurationArn=configuration,
    )
    (failure,) = state_of(client, child)["failureContext"]["distributionFailure"]["regionFailures"]
    assert failure == {
        "region": REGION,
        "status": "FAILED",
        "errorMessage": "EC2 Client Error: 'AMIs with watermarks can't be made public.'",
    }


def test_an_ami_without_watermarks(client: Any) -> None:
    (entry,) = output_amis(client, create_image(client, **marked(client)))
    assert "ImageWatermarks" not in ami_of(entry)
