"""What a build leaves is in its own accounts and Regions and nowhere else, and what AWS leaves alone stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mock_imagebuilder import imagebuilder_backends

from .conftest import ACCOUNT, REGION
from .images import client_of, create_image, own_amis, tags_of
from .observations import EUROPE, OTHER_ACCOUNT, PLACES, neighbours
from .outbox_stories import DISTRIBUTION, Telling, parts
from .test_outbox import beginning

HOME, ABROAD, THEIRS = (ACCOUNT, REGION), (ACCOUNT, EUROPE), (OTHER_ACCOUNT, EUROPE)
NOWHERE = (OTHER_ACCOUNT, REGION)


@pytest.fixture(params=[True, False], ids=["deferring", "at once"])
def telling(request: pytest.FixtureRequest) -> Iterator[Telling]:
    with beginning(defers=request.param, looks=False) as telling:
        yield telling


def left() -> dict[str, Any]:
    """What there is of AMIs, snapshots and disks."""
    return {name: what for name, what in neighbours(["ec2", "s3"]).items() if what and not name.endswith(": exports")}


def test_nothing_is_left_in_the_wrong_place(telling: Telling) -> None:
    image = create_image(parts(), distributionConfigurationArn=DISTRIBUTION)
    # Only those who have permission see the AMI of another account, and only in its Region.
    visible = {place: client_of("ec2", *place).describe_images(Owners=["self"])["Images"] for place in PLACES}
    assert {place: len(amis) for place, amis in visible.items()} == {HOME: 1, ABROAD: 1, THEIRS: 1, NOWHERE: 0}
    for (account, _), amis in visible.items():
        assert all(ami["OwnerId"] == account and tags_of(ami)["Ec2ImageBuilderArn"] == image for ami in amis)
    for place in PLACES:
        snapshots = client_of("ec2", *place).describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert len([each for each in snapshots if tags_of(each).get("Ec2ImageBuilderArn") == image]) == len(
            visible[place]
        )
        groups = client_of("logs", *place).describe_log_groups()["logGroups"]
        assert [group["logGroupName"] for group in groups] == (
            ["/aws/imagebuilder/web-server"] if place == HOME else []
        )
        assert (client_of("imagebuilder", *place).list_images()["imageVersionList"] != []) is (place == HOME)


def test_what_an_image_has_left_outlives_it(telling: Telling) -> None:
    """DeleteImage: "This does not delete any EC2 AMIs or ECR container images that are created during the image build." """
    client = parts()
    image = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    before = left() if not imagebuilder_backends.outbox.deferring else None
    client.delete_image(imageBuildVersionArn=image)
    after = left()
    assert before is None or before == after
    assert [len(own_amis(*place)) for place in (HOME, ABROAD, THEIRS)] == [1, 1, 1]
    assert sum("s3://exports/disks" in name for name in after if name.startswith(f"s3 of {ACCOUNT} in {REGION}")) == 1
    assert client_of("logs").describe_log_groups()["logGroups"] != []


@pytest.mark.parametrize(
    ("stage", "amis"),
    [("BUILDING", [0, 0, 0]), ("TESTING", [1, 0, 0]), ("DISTRIBUTING", [1, 0, 0]), ("INTEGRATING", [1, 1, 1])],
)
def test_a_cancelled_build_leaves_what_it_has_made(telling: Telling, stage: str, amis: list[int]) -> None:
    client = parts()
    telling.control.progress("manual", times=100)
    image = create_image(client, distributionConfigurationArn=DISTRIBUTION)
    telling.control.advance(image, to=stage)
    client.cancel_image_creation(imageBuildVersionArn=image)
    telling.wait(60)
    assert [len(own_amis(*place)) for place in (HOME, ABROAD, THEIRS)] == amis
    assert not any("s3://exports/disks" in name for name in left())


def test_a_failed_build_leaves_what_it_has_made(telling: Telling) -> None:
    client = parts()
    telling.control.fail_next_build("INTEGRATING")
    create_image(client, distributionConfigurationArn=DISTRIBUTION)
    assert [len(own_amis(*place)) for place in (HOME, ABROAD, THEIRS)] == [1, 1, 1]
    assert not any("s3://exports/disks" in name for name in left())
