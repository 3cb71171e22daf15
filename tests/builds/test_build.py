"""How a build goes on, and how a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import WaiterError
from moto.ec2.models import ec2_backends
from moto.moto_api import state_manager

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    EXECUTION_ROLE,
    create_distribution,
    create_infrastructure,
    create_recipe,
    managed_workflow,
)
from ..conftest import ACCOUNT, REGION
from ..images import ALL_STATUSES, TASK, create_image, get_image, import_image, own_amis, state_of
from .clocks import CLOCKS, Clock

DISTRIBUTION = f"{ACCOUNT_BASE}:distribution-configuration/web-server"
WITH_DISTRIBUTION = {"distributionConfigurationArn": DISTRIBUTION}
WITHOUT_TESTS = {"imageTestsConfiguration": {"imageTestsEnabled": False}}
BUILD, TEST = managed_workflow("build/build-image"), managed_workflow("test/test-image")
DISTRIBUTE = managed_workflow("distribution/distribute-image")

needs_the_waiter = pytest.mark.skipif(
    "image_available" not in boto3.client("imagebuilder", region_name=REGION).waiter_names,
    reason="the installed botocore does not know the waiter",
)


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    create_distribution(client)


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, _parts: None) -> Iterator[Clock]:
    with request.param() as moves:
        yield moves


def with_workflows(*arns: str) -> dict[str, Any]:
    return {"workflows": [{"workflowArn": arn} for arn in arns], "executionRole": EXECUTION_ROLE}


SETTINGS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["PENDING", "CREATING", "BUILDING", "TESTING", "AVAILABLE"]),
    (WITH_DISTRIBUTION, ALL_STATUSES),
    (WITHOUT_TESTS, ["PENDING", "CREATING", "BUILDING", "AVAILABLE"]),
    ({**WITHOUT_TESTS, **WITH_DISTRIBUTION}, [status for status in ALL_STATUSES if status != "TESTING"]),
    (with_workflows(BUILD), ["PENDING", "CREATING", "BUILDING", "AVAILABLE"]),
    (with_workflows(BUILD, TEST, TEST), ["PENDING", "CREATING", "BUILDING", "TESTING", "AVAILABLE"]),
    (with_workflows(TEST), ["PENDING", "CREATING", "BUILDING", "TESTING", "AVAILABLE"]),
    ({**with_workflows(BUILD, TEST, DISTRIBUTE), **WITH_DISTRIBUTION}, ALL_STATUSES),
    ({**with_workflows(BUILD, TEST), **WITHOUT_TESTS}, ["PENDING", "CREATING", "BUILDING", "AVAILABLE"]),
]


# ---- progressions ----


@pytest.mark.parametrize("settings", [settings for settings, _ in SETTINGS])
def test_at_once(client: Any, settings: dict[str, Any]) -> None:
    assert state_of(client, create_image(client, **settings)) == {"status": "AVAILABLE"}


@pytest.mark.parametrize(("settings", "statuses"), SETTINGS)
def test_one_status_for_every_observation(
    client: Any, mocked: Control, settings: dict[str, Any], statuses: list[str]
) -> None:
    mocked.progress("manual")
    arn = create_image(client, **settings)
    assert [state_of(client, arn) for _ in statuses[1:]] == [{"status": status} for status in statuses[1:]]
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_one_status_for_every_third_observation(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=3)
    arn = create_image(client, **WITH_DISTRIBUTION)
    seen = [state_of(client, arn)["status"] for _ in range(20)]
    assert seen == [*ALL_STATUSES[:1] * 2, *(status for status in ALL_STATUSES[1:] for _ in range(3))]


def test_every_image_counts_its_own_observations(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=2)
    first, second = create_image(client), create_image(client)
    state_of(client, first)
    # A list of builds looks at both.
    summaries = client.list_image_build_versions()["imageSummaryList"]
    assert [summary["state"]["status"] for summary in summaries] == ["PENDING", "CREATING"]
    assert state_of(client, second)["status"] == "CREATING"
    assert state_of(client, first)["status"] == "CREATING"


@pytest.mark.parametrize(("settings", "statuses"), SETTINGS)
def test_one_status_after_every_minute(
    client: Any, mocked: Control, clock: Clock, settings: dict[str, Any], statuses: list[str]
) -> None:
    mocked.progress("time", seconds=60)
    arn = create_image(client, **settings)
    for status in statuses[:-1]:
        assert state_of(client, arn) == {"status": status}
        clock(59)
        assert state_of(client, arn) == {"status": status}
        clock(1)
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_several_stages_pass_between_two_looks(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("time", seconds=60)
    arn = create_image(client, **WITH_DISTRIBUTION)
    clock(250)
    assert state_of(client, arn)["status"] == "DISTRIBUTING"
    clock(49)
    assert state_of(client, arn)["status"] == "DISTRIBUTING"
    clock(1)
    assert state_of(client, arn)["status"] == "INTEGRATING"
    (ami,) = own_amis()
    # The AMI was made when BUILDING ended, not when somebody looked.
    assert ami["CreationDate"] == "2026-03-01T12:03:00.000Z"


@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
def test_what_a_build_leaves_does_not_depend_on_how_it_went_on(
    client: Any, mocked: Control, clock: Clock, progression: Any
) -> None:
    mocked.progress(progression, seconds=60 if progression == "time" else None)
    arn = create_image(client, **WITH_DISTRIBUTION, tags={"team": "web"})
    for _ in ALL_STATUSES:
        clock(60)
        image = get_image(client, arn)
    (entry,) = image["outputResources"]["amis"]
    (ami,) = own_amis()
    assert entry.pop("image") == ami["ImageId"]
    assert entry == {
        "region": "us-east-1",
        "name": "web server 2026-03-01T12-00-02.250000Z",
        "accountId": "123456789012",
    }
    assert image["dateCreated"] == "2026-03-01T12:00:00.250Z"
    assert image["state"] == {"status": "AVAILABLE"}
    assert (image["imageSource"], image["osVersion"]) == ("AMAZON_MANAGED", "Amazon Linux 2023")
    assert image["imageRecipe"]["parentImage"].endswith("/amazon-linux-2023-x86/2024.4.1/1")


def test_motos_state_manager_is_the_same(client: Any) -> None:
    try:
        state_manager.set_transition("imagebuilder::image", {"progression": "manual", "times": 1})
        arn = create_image(client)
        assert state_of(client, arn)["status"] == "CREATING"
    finally:
        state_manager.unset_transition("imagebuilder::image")
    assert state_of(client, arn)["status"] == "AVAILABLE"


# ---- changed in the middle ----


def test_a_build_goes_on_in_another_way(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("manual")
    arn = create_image(client, **WITH_DISTRIBUTION)
    assert state_of(client, arn)["status"] == "CREATING"
    mocked.progress("time", seconds=60)
    assert state_of(client, arn)["status"] == "CREATING"
    clock(130)
    assert state_of(client, arn)["status"] == "TESTING"
    mocked.progress("manual", times=2)
    clock(600)
    assert [state_of(client, arn)["status"] for _ in range(2)] == ["TESTING", "DISTRIBUTING"]
    mocked.progress("immediate")
    assert state_of(client, arn)["status"] == "AVAILABLE"
    assert len(own_amis()) == 1


def test_at_once_holds_for_builds_that_have_begun(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_image(client)
    assert own_amis() == []
    mocked.progress("immediate")
    (ami,) = own_amis()
    image = client.get_image(imageBuildVersionArn=f"{ACCOUNT_BASE}:image/web-server/x.x.x")["image"]
    assert (image["arn"], image["outputResources"]["amis"][0]["image"]) == (arn, ami["ImageId"])


# ---- advance ----


def test_advance_goes_one_stage_on(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=100)
    arn = create_image(client, **WITH_DISTRIBUTION)
    assert state_of(client, arn)["status"] == "PENDING"
    for status in ALL_STATUSES[1:]:
        assert mocked.advance(arn) == status
        assert state_of(client, arn) == {"status": status}
    assert mocked.advance(arn) == "AVAILABLE"


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_advance_stops_at_a_status(client: Any, mocked: Control, status: str) -> None:
    mocked.progress("manual", times=100)
    arn = create_image(client, **WITH_DISTRIBUTION)
    assert mocked.advance(arn, to=status) == status
    assert mocked.advance(arn, to=status) == status
    assert state_of(client, arn) == {"status": status}


@pytest.mark.parametrize("to", ["PENDING", "CREATING", "DISTRIBUTING", "BUILD"])
def test_advance_does_not_go_back_or_to_where_the_build_never_comes(client: Any, mocked: Control, to: str) -> None:
    mocked.progress("manual", times=100)
    arn = create_image(client)
    mocked.advance(arn, to="BUILDING")
    with pytest.raises(ValueError, match=f"the image is BUILDING and does not come to {to}"):
        mocked.advance(arn, to=to)
    assert state_of(client, arn) == {"status": "BUILDING"}


def test_advance_stops_at_a_failure(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=100)
    mocked.fail_next_build("TESTING", reason="The smoke test has failed.")
    arn = create_image(client)
    with pytest.raises(ValueError, match=r"the image is FAILED .*The smoke test has failed"):
        mocked.advance(arn, to="AVAILABLE")
    assert mocked.advance(arn) == mocked.advance(arn, to="FAILED") == "FAILED"
    with pytest.raises(ValueError, match="the image is FAILED and does not come to AVAILABLE"):
        mocked.advance(arn, to="AVAILABLE")


def test_advance_does_not_get_a_waiting_import_on(client: Any, mocked: Control) -> None:
    mocked.import_task(TASK, state="active")
    arn = import_image(client)
    assert mocked.advance(arn) == "PENDING"
    with pytest.raises(ValueError, match="the image is PENDING and does not come to AVAILABLE"):
        mocked.advance(arn, to="AVAILABLE")
    mocked.import_task(TASK)
    assert mocked.advance(arn, to="AVAILABLE") == "AVAILABLE"


@pytest.mark.parametrize(
    "arn",
    [
        f"{ACCOUNT_BASE}:image/web-server/1.0.0/1",
        f"{ACCOUNT_BASE}:image/web-server/x.x.x",
        "arn:aws:imagebuilder:eu-west-1:111111111111:image/web-server/1.0.0/1",
    ],
)
def test_advance_needs_an_image(mocked: Control, arn: str) -> None:
    with pytest.raises(LookupError, match="there is no image"):
        mocked.advance(arn)


def test_advance_does_the_work_of_a_stage_once(client: Any, mocked: Control, clock: Clock) -> None:
    own_amis()
    mocked.progress("time", seconds=60)
    arn = create_image(client, **WITH_DISTRIBUTION)
    clock(600)
    assert mocked.advance(arn, to="TESTING") == "TESTING"
    assert len(get_image(client, arn)["outputResources"]["amis"]) == 1
    assert len(own_amis()) == 1


# ---- pollers ----


@needs_the_waiter
@pytest.mark.parametrize("times", [1, 3])
def test_the_waiter_waits(client: Any, mocked: Control, times: int) -> None:
    mocked.progress("manual", times=times)
    arn = create_image(client, **WITH_DISTRIBUTION)
    client.get_waiter("image_available").wait(
        imageBuildVersionArn=arn, WaiterConfig={"Delay": 0, "MaxAttempts": times * 6}
    )
    assert state_of(client, arn) == {"status": "AVAILABLE"}


@needs_the_waiter
def test_the_waiter_waits_by_the_clock(
    client: Any, mocked: Control, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mocked.progress("time", seconds=600)
    arn = create_image(client)
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock(seconds)

    monkeypatch.setattr("botocore.waiter.time.sleep", sleep)
    client.get_waiter("image_available").wait(imageBuildVersionArn=arn)
    assert naps == [60] * 40


@needs_the_waiter
def test_the_waiter_gives_up_on_a_failure(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    mocked.fail_next_build()
    failing, cancelled = create_image(client), create_image(client)
    client.cancel_image_creation(imageBuildVersionArn=cancelled)
    for arn, status in [(failing, "FAILED"), (cancelled, "CANCELLED")]:
        with pytest.raises(WaiterError) as raised:
            client.get_waiter("image_available").wait(imageBuildVersionArn=arn, WaiterConfig={"Delay": 0})
        assert raised.value.last_response["image"]["state"]["status"] == status


def test_who_looks_at_ec2_alone_sees_the_ami_come(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("time", seconds=60)
    ec2 = boto3.client("ec2", region_name=REGION)
    arn = create_image(client)
    filters = [{"Name": "tag:Ec2ImageBuilderArn", "Values": [arn]}]
    for _ in range(3):
        assert ec2.describe_images(Owners=["self"], Filters=filters)["Images"] == []
        clock(60)
    assert len(ec2.describe_images(Owners=["self"], Filters=filters)["Images"]) == 1


def test_who_reaches_for_motos_backend_sees_the_ami_come(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("time", seconds=60)
    create_image(client)

    def own() -> list[Any]:
        return ec2_backends[ACCOUNT][REGION].describe_images(owners=["self"])

    assert own() == []
    clock(179)
    assert own() == []
    clock(1)
    assert len(own()) == 1
