"""Schedules fire: when the test says so, and when it moves the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from freezegun import freeze_time
from moto.core.base_backend import BackendDict

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.builds.running import LATEST_RUNS

from .build_parts import PARTS, create_infrastructure, create_pipeline, create_recipe
from .builds.clocks import CLOCKS, START, Clock
from .images import client_of, get_image, output_amis, own_amis, state_of
from .schedules import DAY, create_scheduled, dates_of, images_of, night, read_pipeline, schedule, update_pipeline
from .served import serving

HOUR = 3600
OTHER_ACCOUNT = "210987654321"
NEVER_BUILT = {"dateLastRun", "lastRunStatus", "dateNextRun", "consecutiveFailures"}


@pytest.fixture
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, _parts: None) -> Iterator[Clock]:
    """A clock that stands at :data:`START`. What pipelines are made of is older, or younger."""
    make: Callable[[], AbstractContextManager[Clock]] = request.param
    with make() as clock:
        yield clock


@pytest.fixture
def frozen(_parts: None) -> Iterator[None]:
    """The clock stands still."""
    with freeze_time(START):
        yield


def create_named_distribution(client: Any) -> str:
    """A distribution configuration that puts the build date into the names of AMIs."""
    ami = {"name": "web {{ imagebuilder:buildDate }}"}
    answer = client.create_distribution_configuration(
        name="dated", distributions=[{"region": "us-east-1", "amiDistributionConfiguration": ami}]
    )
    return str(answer["distributionConfigurationArn"])


# ---- run_schedules ----


@pytest.mark.usefixtures("frozen")
def test_every_run_happens_at_its_own_time(client: Any, mocked: Control) -> None:
    arn = create_scheduled(
        client,
        imageTags={"made-by": "schedule"},
        distributionConfigurationArn=create_named_distribution(client),
    )
    built = mocked.run_schedules(until=START + 3 * DAY)
    assert built == [image["arn"] for image in images_of(client, arn)]
    assert dates_of(client, arn) == [night(2), night(3), night(4)]
    image = get_image(client, built[1])
    assert (image["buildType"], image["sourcePipelineArn"]) == ("SCHEDULED", arn)
    assert (image["state"]["status"], image["tags"]) == ("AVAILABLE", {"made-by": "schedule"})
    assert [ami["name"] for ami in output_amis(client, built[1])] == ["web 2026-03-03T02-00-00.000Z"]
    assert sorted(ami["CreationDate"] for ami in own_amis()) == [night(2), night(3), night(4)]
    (workflow, _) = client.list_workflow_executions(imageBuildVersionArn=built[1])["workflowExecutions"]
    assert workflow["startTime"] == night(3)
    pipeline = read_pipeline(client, arn)
    assert (pipeline["dateLastRun"], pipeline["dateNextRun"]) == (night(4), night(5))
    assert (pipeline["lastRunStatus"], pipeline["consecutiveFailures"]) == ("AVAILABLE", 0)


@pytest.mark.usefixtures("frozen")
def test_no_run_happens_twice(client: Any, mocked: Control) -> None:
    arn = create_scheduled(client)
    at = datetime(2026, 3, 3, 2, tzinfo=timezone.utc)
    assert mocked.run_schedules(until=at - timedelta(microseconds=1)) == [images_of(client, arn)[0]["arn"]]
    assert len(mocked.run_schedules(until=at)) == 1
    assert mocked.run_schedules(until=at) == []
    assert mocked.run_schedules(until=at - DAY) == []
    assert dates_of(client, arn) == [night(2), night(3)]


@pytest.mark.usefixtures("frozen")
def test_until_may_be_of_any_time_zone_but_has_one(client: Any, mocked: Control) -> None:
    arn = create_scheduled(client)
    ahead = timezone(timedelta(hours=9))
    assert mocked.run_schedules(until=datetime(2026, 3, 2, 10, 59, tzinfo=ahead)) == []
    assert len(mocked.run_schedules(until=datetime(2026, 3, 2, 11, tzinfo=ahead))) == 1
    with pytest.raises(ValueError, match="until must have a time zone, unlike 2026-03-04T00:00:00"):
        mocked.run_schedules(until=datetime(2026, 3, 4))  # noqa: DTZ001
    assert dates_of(client, arn) == [night(2)]


@pytest.mark.usefixtures("frozen")
def test_runs_of_several_pipelines_happen_in_the_order_of_time(client: Any, mocked: Control) -> None:
    create_scheduled(client)
    create_scheduled(client, "often", schedule=schedule("rate(9 hours)"))
    built = mocked.run_schedules(until=START + DAY)
    images = [get_image(client, arn) for arn in built]
    assert [(image["sourcePipelineArn"].rpartition("/")[2], image["dateCreated"]) for image in images] == [
        ("often", "2026-03-01T21:00:00.250Z"),
        ("nightly", night(2)),
        ("often", "2026-03-02T06:00:00.250Z"),
    ]


def test_all_accounts_and_regions_run(mocked: Control) -> None:
    places = [("123456789012", "eu-west-1"), (OTHER_ACCOUNT, "us-east-1")]
    pipelines = []
    with freeze_time(START):
        for account_id, region in places:
            client_of("iam", account_id).create_instance_profile(InstanceProfileName="builder")
            client = client_of("imagebuilder", account_id, region)
            base = f"arn:aws:imagebuilder:{region}"
            recipe = client.create_image_recipe(
                name="web", semanticVersion="1.0.0", parentImage=f"{base}:aws:image/amazon-linux-2023-x86/x.x.x"
            )
            arn = create_pipeline(
                client,
                imageRecipeArn=recipe["imageRecipeArn"],
                infrastructureConfigurationArn=create_infrastructure(client, "builder"),
                schedule=schedule(),
            )
            pipelines.append((client, arn))
        built = mocked.run_schedules(until=START + DAY)
        assert [arn.split(":")[3:5] for arn in built] == [[region, account_id] for account_id, region in places]
        for client, arn in pipelines:
            assert dates_of(client, arn) == [night(2)]


@pytest.mark.usefixtures("frozen")
def test_schedules_have_time_zones_with_daylight_saving_time(client: Any, mocked: Control) -> None:
    arn = create_scheduled(client, schedule=schedule("cron(30 1 ? * SUN *)", timezone="Europe/London"))
    mocked.run_schedules(until=datetime(2026, 4, 6, tzinfo=timezone.utc))
    # On 29 March the clocks go from 01:00 to 02:00.
    assert dates_of(client, arn) == [
        *(f"2026-03-{day:02}T01:30:00.000Z" for day in (8, 15, 22)),
        "2026-04-05T00:30:00.000Z",
    ]


@pytest.mark.usefixtures("frozen")
def test_reset_forgets_schedules(client: Any, mocked: Control) -> None:
    create_scheduled(client)
    assert len(mocked.run_schedules(until=START + DAY)) == 1
    BackendDict.reset()
    assert mocked.run_schedules(until=START + 3 * DAY) == []


# ---- by the clock ----


def test_the_clock_lets_runs_happen(client: Any, clock: Clock) -> None:
    arn = create_scheduled(client)
    assert read_pipeline(client, arn).keys().isdisjoint(NEVER_BUILT)
    clock(13 * HOUR)
    assert dates_of(client, arn) == []
    clock(2 * HOUR)
    assert dates_of(client, arn) == [night(2)]
    clock(48 * HOUR)
    pipeline = read_pipeline(client, arn)
    assert (pipeline["dateLastRun"], pipeline["dateNextRun"]) == (night(4), night(5))
    assert dates_of(client, arn) == [night(2), night(3), night(4)]


def test_who_only_looks_at_ec2_sees_the_ami(client: Any, clock: Clock) -> None:
    create_scheduled(client)
    ec2 = boto3.client("ec2", region_name="us-east-1")
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    clock(24 * HOUR)
    assert [ami["CreationDate"] for ami in ec2.describe_images(Owners=["self"])["Images"]] == [night(2)]


def test_a_clock_that_goes_back_undoes_nothing_and_repeats_nothing(client: Any, clock: Clock) -> None:
    arn = create_scheduled(client)
    clock(24 * HOUR)
    assert dates_of(client, arn) == [night(2)]
    for hours in (-36, 36):  # from before the pipeline was created, to where the clock was
        clock(hours * HOUR)
        assert dates_of(client, arn) == [night(2)]
        assert read_pipeline(client, arn)["dateNextRun"] == night(3)
    clock(24 * HOUR)
    assert dates_of(client, arn) == [night(2), night(3)]


@pytest.mark.parametrize("expression", ["rate(1 minute)", "cron(* * * * ? *)"])
def test_a_jump_makes_up_for_the_latest_runs_only(client: Any, clock: Clock, expression: str) -> None:
    arn = create_scheduled(client, schedule=schedule(expression))
    other = create_scheduled(client, "nightly 2")
    clock(10 * 365 * 24 * HOUR)
    dates = dates_of(client, arn)
    assert len(dates) == len(dates_of(client, other)) == LATEST_RUNS
    # Ten years are 3650 days, with leap days in 2028 and 2032.
    last = "2036-02-27T12:00:00.250Z" if expression == "rate(1 minute)" else "2036-02-27T12:00:00.000Z"
    assert (dates[0], dates[-1]) == (last.replace("T12:00", "T10:21"), last)
    assert dates_of(client, other)[-1] == "2036-02-27T02:00:00.000Z"


def test_a_jump_makes_up_for_runs_of_long_ago(client: Any, clock: Clock) -> None:
    """They are few, but there were more of them than are made up for."""
    arn = create_scheduled(client, schedule=schedule("cron(* 3-4 2 3 ? 2026)"))
    clock(3650 * 24 * HOUR)
    dates = dates_of(client, arn)
    assert (len(dates), dates[0], dates[-1]) == (LATEST_RUNS, "2026-03-02T03:20:00.000Z", "2026-03-02T04:59:00.000Z")
    assert "dateNextRun" not in read_pipeline(client, arn)


def test_run_schedules_makes_up_for_all(client: Any, mocked: Control, clock: Clock) -> None:
    arn = create_scheduled(client, schedule=schedule("rate(1 hour)"))
    clock(200 * HOUR)
    assert len(mocked.run_schedules(until=START + timedelta(hours=200))) == 200
    assert len(images_of(client, arn)) == 200


def test_leaving_a_frozen_clock_is_no_passing_of_time(client: Any, mocked: Control, _parts: None) -> None:
    for number, make in enumerate(CLOCKS):
        with make():
            arn = create_scheduled(client, f"nightly {number}")
        # The computer's own clock is later than START.
        assert dates_of(client, arn) == []
        with make() as clock:
            clock(24 * HOUR)
            assert dates_of(client, arn) == [night(2)]
        assert dates_of(client, arn) == [night(2)]
        assert len(mocked.run_schedules(until=START + 2 * DAY)) == 1


def test_a_pipeline_that_is_older_than_the_freeze_runs_under_it(client: Any, _parts: None) -> None:
    arn = create_scheduled(client)
    now = datetime.now(timezone.utc)
    with freeze_time(now + 2 * DAY):
        assert len(dates_of(client, arn)) in (1, 2)
    with freeze_time(now - 2 * DAY):
        assert len(dates_of(client, arn)) in (1, 2)


# ---- progressions ----


def test_builds_take_their_time(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("time", seconds=600)
    arn = create_scheduled(client)
    clock(14 * HOUR + 15 * 60)
    (image,) = images_of(client, arn)
    assert (image["dateCreated"], image["state"]["status"]) == (night(2), "CREATING")
    clock(25 * 60)
    assert state_of(client, image["arn"])["status"] == "AVAILABLE"
    assert read_pipeline(client, arn)["lastRunStatus"] == "AVAILABLE"


@pytest.mark.usefixtures("frozen")
def test_builds_take_their_time_while_schedules_run(client: Any, mocked: Control) -> None:
    mocked.progress("time", seconds=600)
    create_scheduled(client)
    first, second = mocked.run_schedules(until=datetime(2026, 3, 3, 2, 15, tzinfo=timezone.utc))
    assert (state_of(client, first)["status"], state_of(client, second)["status"]) == ("AVAILABLE", "CREATING")
    assert mocked.run_schedules(until=datetime(2026, 3, 3, 3, tzinfo=timezone.utc)) == []
    assert state_of(client, second)["status"] == "AVAILABLE"


def test_a_run_is_left_out_while_the_last_image_is_being_built(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("time", seconds=8 * HOUR)  # four stages of a build, and more than a day
    arn = create_scheduled(client)
    clock(4 * 24 * HOUR)
    assert dates_of(client, arn) == [night(2), night(4)]
    pipeline = read_pipeline(client, arn)
    assert (pipeline["dateLastRun"], pipeline["dateNextRun"]) == (night(4), night(6))
    assert pipeline["consecutiveFailures"] == 0


@pytest.mark.usefixtures("frozen")
def test_builds_wait_to_be_looked_at(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=2)
    arn = create_scheduled(client)
    (image,) = mocked.run_schedules(until=START + DAY)
    assert mocked.run_schedules(until=START + 2 * DAY) == []
    statuses = [state_of(client, image)["status"] for _ in range(8)]
    assert statuses[0] == "PENDING"
    assert statuses[-1] == "AVAILABLE"
    assert len(mocked.run_schedules(until=START + 3 * DAY)) == 1
    assert [entry["state"]["status"] for entry in images_of(client, arn)] == ["AVAILABLE", "PENDING"]


# ---- updates ----


@pytest.mark.usefixtures("frozen")
def test_a_disabled_pipeline_does_not_run_until_it_is_enabled(client: Any, mocked: Control) -> None:
    arn = create_scheduled(client, status="DISABLED")
    assert mocked.run_schedules(until=START + DAY) == []
    with freeze_time(START + DAY):
        update_pipeline(client, arn)
        assert len(mocked.run_schedules(until=START + 3 * DAY)) == 2
        update_pipeline(client, arn, status="DISABLED")
        assert mocked.run_schedules(until=START + 5 * DAY) == []
    assert dates_of(client, arn) == [night(3), night(4)]


@pytest.mark.usefixtures("frozen")
def test_an_update_changes_the_schedule(client: Any, mocked: Control) -> None:
    arn = create_scheduled(client)
    with freeze_time(START + timedelta(hours=1)):
        update_pipeline(client, arn, schedule=schedule("rate(12 hours)"))
        assert len(mocked.run_schedules(until=START + DAY)) == 1
        assert dates_of(client, arn) == ["2026-03-02T01:00:00.250Z"]
        client.update_image_pipeline(imagePipelineArn=arn, **PARTS)
        assert mocked.run_schedules(until=START + 9 * DAY) == []


@pytest.mark.usefixtures("frozen")
def test_a_deleted_pipeline_does_not_run(client: Any, mocked: Control) -> None:
    arn = create_scheduled(client)
    client.delete_image_pipeline(imagePipelineArn=arn)
    assert mocked.run_schedules(until=START + DAY) == []
    create_scheduled(client)
    assert len(mocked.run_schedules(until=START + DAY)) == 1


# ---- over HTTP ----


def test_the_control_route() -> None:
    with serving() as address, freeze_time(START, ignore=["threading"]):
        client = address.client("imagebuilder")
        address.client("iam").create_instance_profile(InstanceProfileName="builder")
        create_recipe(client)
        create_infrastructure(client, "builder")
        arn = create_scheduled(client)
        answer = address.steer("run-schedules", until="2026-03-03T02:00:00Z")
        assert (answer.status_code, answer.json()) == (200, {"result": [i["arn"] for i in images_of(client, arn)]})
        assert dates_of(client, arn) == [night(2), night(3)]
        assert address.steer("run-schedules", until="2026-03-04T03:30:00.500+02:00").json() == {"result": []}
        for until, message in [
            ("tomorrow", 'until is not a date and time of ISO 8601: "tomorrow".'),
            ("2026-03-04T03:30:00", "until must have a time zone, unlike 2026-03-04T03:30:00"),
            (5, "until is not valid: 5."),
        ]:
            answer = address.steer("run-schedules", until=until)
            assert (answer.status_code, answer.json()) == (400, {"message": message})
        answer = address.steer("run-schedules")
        assert answer.status_code == 400
        assert "until" in answer.json()["message"]
