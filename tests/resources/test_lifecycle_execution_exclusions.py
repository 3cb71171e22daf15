"""Which AMIs the exclusion rules of a lifecycle policy keep from its actions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..conftest import ACCOUNT, REGION
from ..images import ami_of, client_of, get_image, output_amis, own_amis, state_of
from ..refusals import not_found
from .lifecycle_images import ABROAD, DELETION, NOW, OTHER_ACCOUNT, SUCCESS, distributed, run, states
from .lifecycles import TAGS, create_role, deprecate_after, get_execution, resources, snapshots_of


@pytest.fixture(autouse=True)
def _today(mocked: Control) -> Iterator[None]:
    create_role()
    with freeze_time(NOW):
        yield


@pytest.fixture
def image(client: Any, instance_profile: str) -> str:
    """The ARN of a month-old image with an AMI here and a copy abroad."""
    return distributed(client, instance_profile, {"region": REGION}, {"region": ABROAD})


def exclude(client: Any, control: Control, image: str, **rules: Any) -> dict[tuple[str, str], Any]:
    """The states of an image's AMIs after an execution with these exclusion rules for AMIs."""
    detail = {**DELETION, "exclusionRules": {"amis": rules}}
    return states(client, run(control, client, detail), image)


def here(state: Any) -> dict[tuple[str, str], Any]:
    return {(ACCOUNT, REGION): state}


def skipped(reason: str) -> dict[str, str]:
    return {"status": "SKIPPED", "reason": reason}


def test_excluded_regions(client: Any, mocked: Control, image: str) -> None:
    found = exclude(client, mocked, image, regions=["us-west-2", ABROAD])
    assert found == {
        (ACCOUNT, REGION): SUCCESS,
        (ACCOUNT, ABROAD): skipped(f"The AMI is in the excluded Region {ABROAD}."),
    }
    assert own_amis() == []
    assert len(own_amis(region=ABROAD)) == len(snapshots_of(ABROAD)) == 1
    # The exclusion protects the AMI alone.
    with not_found("Image", image):
        get_image(client, image)


def test_the_snapshots_of_an_excluded_ami_are_skipped_too(client: Any, mocked: Control, image: str) -> None:
    execution = run(mocked, client, {**DELETION, "exclusionRules": {"amis": {"regions": [REGION, ABROAD]}}})
    for entry in resources(client, execution, image):
        (snapshot,) = entry["snapshots"]
        assert snapshot["state"] == entry["state"]
        assert entry["state"]["status"] == "SKIPPED"
    assert get_execution(client, execution)["state"] == SUCCESS


@pytest.mark.parametrize("is_public", [True, False])
@pytest.mark.parametrize("is_excluded", [True, False])
def test_public_amis(client: Any, mocked: Control, instance_profile: str, is_public: bool, is_excluded: bool) -> None:
    permission = {"userGroups": ["all"]} if is_public else {"userIds": [OTHER_ACCOUNT]}
    image = distributed(client, instance_profile, {"region": REGION, "permission": permission})
    expected = skipped("The AMI is public.") if is_public and is_excluded else SUCCESS
    assert exclude(client, mocked, image, isPublic=is_excluded) == here(expected)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Pin": "yes"}, skipped("The AMI has the excluded tag Pin: yes.")),
        ({"Stage": "prod", "Pin": "yes"}, skipped("The AMI has the excluded tag Pin: yes.")),
        ({"Pin": "no"}, SUCCESS),
        ({"yes": "Pin"}, SUCCESS),
        ({}, SUCCESS),
    ],
)
def test_tags_of_amis(
    client: Any, mocked: Control, instance_profile: str, tags: dict[str, str], expected: dict[str, str]
) -> None:
    image = distributed(client, instance_profile, {"region": REGION})
    if tags:
        boto3.client("ec2", region_name=REGION).create_tags(
            Resources=[output_amis(client, image)[0]["image"]],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
    assert exclude(client, mocked, image, tagMap={"Stage": "prod", "Pin": "yes"}) == here(expected)


def test_tags_of_images_are_not_tags_of_amis(client: Any, mocked: Control, image: str) -> None:
    assert set(map(str, exclude(client, mocked, image, tagMap=TAGS).values())) == {str(SUCCESS)}


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        (["222222222222", OTHER_ACCOUNT], skipped(f"The AMI is shared with the excluded account {OTHER_ACCOUNT}.")),
        (["222222222222"], SUCCESS),
        ([ACCOUNT], SUCCESS),
    ],
)
def test_shared_amis(
    client: Any, mocked: Control, instance_profile: str, accounts: list[str], expected: dict[str, str]
) -> None:
    place = {"region": REGION, "permission": {"userIds": [OTHER_ACCOUNT]}}
    image = distributed(client, instance_profile, place)
    assert exclude(client, mocked, image, sharedAccounts=accounts) == here(expected)


LAUNCHED = skipped("The AMI launched an instance within the last 2 WEEKS.")


@pytest.mark.parametrize(
    ("age", "expected"), [(None, SUCCESS), (0, LAUNCHED), (13.9, LAUNCHED), (14, SUCCESS), (20, SUCCESS)]
)
def test_launched_amis(
    client: Any, mocked: Control, instance_profile: str, age: float | None, expected: dict[str, str]
) -> None:
    image = distributed(client, instance_profile, {"region": REGION})
    ami_id = output_amis(client, image)[0]["image"]
    if age is not None:
        launch(ami_id, age)
        launch(ami_id, 25)
    assert exclude(client, mocked, image, lastLaunched={"value": 2, "unit": "WEEKS"}) == here(expected)


def launch(ami_id: str, age: float, account_id: str = ACCOUNT, region: str = REGION) -> None:
    """An instance of this age in days, that has been terminated since."""
    ec2 = client_of("ec2", account_id, region)
    with freeze_time(NOW - timedelta(days=age)):
        instance = ec2.run_instances(ImageId=ami_id, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        ec2.terminate_instances(InstanceIds=[instance])


def test_launches_of_other_amis_and_in_other_accounts(client: Any, mocked: Control, image: str) -> None:
    local, copy = (entry["image"] for entry in output_amis(client, image))
    launch(boto3.client("ec2", region_name=REGION).register_image(Name="other")["ImageId"], 1)
    launch(copy, 1, region=ABROAD, account_id=OTHER_ACCOUNT)
    found = exclude(client, mocked, image, lastLaunched={"value": 14, "unit": "DAYS"})
    assert found[ACCOUNT, REGION] == SUCCESS
    assert found[ACCOUNT, ABROAD] == skipped("The AMI launched an instance within the last 14 DAYS.")
    assert local != copy


def test_the_first_reason_is_told(client: Any, mocked: Control, image: str) -> None:
    entry = output_amis(client, image)[0]
    launch(entry["image"], 1)
    every = {
        "regions": [ABROAD],
        "tagMap": {"CreatedBy": "EC2 Image Builder"},
        "lastLaunched": {"value": 2, "unit": "DAYS"},
    }
    assert exclude(client, mocked, image, **every) == {
        (ACCOUNT, REGION): skipped("The AMI has the excluded tag CreatedBy: EC2 Image Builder."),
        (ACCOUNT, ABROAD): skipped(f"The AMI is in the excluded Region {ABROAD}."),
    }


def test_excluded_amis_do_not_hold_the_image_back(client: Any, mocked: Control, image: str) -> None:
    execution = run(mocked, client, deprecate_after(1, include=["amis"], exclude={"amis": {"regions": [ABROAD]}}))
    assert state_of(client, image) == {"status": "DEPRECATED"}
    local, copy = map(ami_of, output_amis(client, image))
    assert "DeprecationTime" in local
    assert "DeprecationTime" not in copy
    assert get_execution(client, execution)["resourcesImpactedSummary"] == {"hasImpactedResources": True}
