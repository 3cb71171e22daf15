"""What lifecycle actions do to AMIs and snapshots in EC2, in all Regions and accounts of the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..conftest import ACCOUNT, REGION
from ..images import ami_of, create_image, get_image, output_amis, own_amis, state_of, tags_of
from ..refusals import not_found
from .lifecycle_images import ABROAD, DELETION, NOW, OTHER_ACCOUNT, SUCCESS, distributed, run, states
from .lifecycles import (
    CROSS_ACCOUNT_ROLE,
    TAGS,
    actions,
    create_policy,
    create_role,
    deprecate_after,
    disable_after,
    get_execution,
    keep,
    resources,
    snapshots_of,
    trust,
)


@pytest.fixture(autouse=True)
def _today(mocked: Control) -> Iterator[None]:
    create_role()
    with freeze_time(NOW):
        yield


@pytest.fixture
def image(client: Any, instance_profile: str) -> str:
    """The ARN of a month-old image with an AMI here and a copy abroad."""
    return distributed(client, instance_profile, {"region": REGION}, {"region": ABROAD})


# ---- delete ----


def test_amis_and_snapshots_are_deleted_everywhere(client: Any, mocked: Control, image: str) -> None:
    amis = output_amis(client, image)
    ids = {entry["region"]: ami_of(entry)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] for entry in amis}
    execution = run(mocked, client, DELETION)
    assert actions(client, execution) == {image: ("DELETE", "SUCCESS")}
    assert resources(client, execution, image) == [
        {
            "accountId": ACCOUNT,
            "resourceId": entry["image"],
            "region": entry["region"],
            "action": {"name": "DELETE", "reason": "The image is older than 1 DAYS."},
            "state": {"status": "SUCCESS"},
            "snapshots": [{"snapshotId": ids[entry["region"]], "state": {"status": "SUCCESS"}}],
            "startTime": NOW,
            "endTime": NOW,
        }
        for entry in amis
    ]
    with not_found("Image", image):
        get_image(client, image)
    for region in (REGION, ABROAD):
        assert own_amis(region=region) == []
        assert snapshots_of(region) == []


def test_snapshots_stay_unless_they_are_included(client: Any, mocked: Control, image: str) -> None:
    create_image(client, tags=TAGS)
    execution = run(mocked, client, keep(1, include=["amis"]))
    assert all("snapshots" not in entry for entry in resources(client, execution, image))
    assert own_amis(region=ABROAD) == []
    assert len(snapshots_of(ABROAD)) == 1


def test_nothing_but_the_image_unless_it_is_included(client: Any, mocked: Control, image: str) -> None:
    create_image(client, tags=TAGS)
    execution = run(mocked, client, keep(1))
    assert actions(client, execution) == {image: ("DELETE", "SUCCESS")}
    assert resources(client, execution, image) == []
    assert len(own_amis(region=ABROAD)) == 1


def test_amis_that_are_gone_count_as_deleted(client: Any, mocked: Control, image: str) -> None:
    for entry in output_amis(client, image):
        boto3.client("ec2", region_name=entry["region"]).deregister_image(ImageId=entry["image"])
    execution = run(mocked, client, DELETION)
    assert actions(client, execution) == {image: ("DELETE", "SUCCESS")}
    assert set(map(str, states(client, execution, image).values())) == {"{'status': 'SUCCESS'}"}


def test_a_failed_image_leaves_the_amis_of_its_earlier_stages(
    client: Any, mocked: Control, instance_profile: str
) -> None:
    mocked.fail_next_build("INTEGRATING")
    image = distributed(client, instance_profile, {"region": REGION})
    assert len(own_amis()) == 1
    run(mocked, client, DELETION)
    assert own_amis() == []
    with not_found("Image", image):
        get_image(client, image)


# ---- deprecate and disable ----


def test_amis_are_deprecated(client: Any, mocked: Control, image: str) -> None:
    execution = run(mocked, client, deprecate_after(1, include=["amis"]))
    assert state_of(client, image) == {"status": "DEPRECATED"}
    assert set(states(client, execution, image)) == {(ACCOUNT, REGION), (ACCOUNT, ABROAD)}
    for entry in output_amis(client, image):
        ami = ami_of(entry)
        # EC2 keeps minutes, and half a minute counts as one.
        assert ami["DeprecationTime"] == "2026-05-31T12:01:00.000Z"
        assert tags_of(ami)["DeprecatedBy"] == "EC2 Image Builder"
        assert ami["State"] == "available"


def test_amis_are_disabled_and_become_private(client: Any, mocked: Control, instance_profile: str) -> None:
    permission = {"userGroups": ["all"], "userIds": [OTHER_ACCOUNT]}
    image = distributed(client, instance_profile, {"region": REGION, "permission": permission})
    (entry,) = output_amis(client, image)
    arn = create_policy(client, deprecate_after(1, include=["amis"]), disable_after(2, include=["amis"]))
    mocked.run_lifecycle(arn)
    assert ami_of(entry)["Public"] is True
    mocked.run_lifecycle(arn)
    assert state_of(client, image) == {"status": "DISABLED"}
    ami = ami_of(entry)
    assert (ami["State"], ami["Public"]) == ("disabled", False)
    assert "DeprecatedBy" not in tags_of(ami)
    permissions = boto3.client("ec2", region_name=REGION).describe_image_attribute(
        ImageId=entry["image"], Attribute="launchPermission"
    )
    assert permissions["LaunchPermissions"] == []


@pytest.mark.parametrize("rules", [deprecate_after(1), disable_after(1)])
def test_amis_stay_as_they_are_unless_they_are_included(
    client: Any, mocked: Control, image: str, rules: dict[str, Any]
) -> None:
    before = [ami_of(entry) for entry in output_amis(client, image)]
    run(mocked, client, rules)
    assert state_of(client, image)["status"] != "AVAILABLE"
    assert [ami_of(entry) for entry in output_amis(client, image)] == before


# ---- AMIs of other accounts ----


@pytest.fixture
def shared(client: Any, instance_profile: str) -> str:
    """The ARN of a month-old image with an AMI of its own and one of another account."""
    return distributed(client, instance_profile, {"region": REGION, "accounts": [ACCOUNT, OTHER_ACCOUNT]})


def test_copies_of_other_accounts_need_a_role_there(client: Any, mocked: Control, shared: str) -> None:
    create_role(CROSS_ACCOUNT_ROLE, account_id=OTHER_ACCOUNT)
    execution = run(mocked, client, DELETION)
    assert states(client, execution, shared) == {(ACCOUNT, REGION): SUCCESS, (OTHER_ACCOUNT, REGION): SUCCESS}
    assert own_amis() == own_amis(OTHER_ACCOUNT) == []


@pytest.mark.parametrize("statement", [None, trust(Principal={"Service": "ec2.amazonaws.com"})])
def test_without_it_the_action_fails(client: Any, mocked: Control, shared: str, statement: Any) -> None:
    if statement is not None:
        create_role(CROSS_ACCOUNT_ROLE, statement, account_id=OTHER_ACCOUNT)
    create_role(CROSS_ACCOUNT_ROLE)
    execution = run(mocked, client, disable_after(1, include=["amis"]))
    assert states(client, execution, shared) == {
        (ACCOUNT, REGION): SUCCESS,
        (OTHER_ACCOUNT, REGION): {
            "status": "FAILED",
            "reason": f"The account {OTHER_ACCOUNT} has no role {CROSS_ACCOUNT_ROLE} that Image Builder can assume.",
        },
    }
    (entry,) = resources(client, execution)
    assert entry["state"] == {"status": "FAILED", "reason": "The action failed for an output resource of the image."}
    assert get_execution(client, execution)["state"]["status"] == "FAILED"
    assert state_of(client, shared) == {"status": "AVAILABLE"}
    assert [ami["State"] for ami in own_amis(OTHER_ACCOUNT)] == ["available"]
