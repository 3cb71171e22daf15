"""Enabled lifecycle policies act once a day, at the time of day at which they were enabled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.builds.running import LATEST_RUNS

from ..builds.clocks import CLOCKS, Clock
from ..images import get_image, own_amis, state_of
from ..schedules import DAY, START
from .lifecycles import (
    TAGS,
    create_policy,
    create_role,
    delete_after,
    deprecate_after,
    disable_after,
    executions,
    get_policy,
    keep,
    make_images,
    update_policy,
    update_state,
)

A_DAY = 86400
WITH_AMIS = ["amis", "snapshots"]


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, client: Any) -> Iterator[Clock]:
    create_role()
    make: Callable[[], AbstractContextManager[Clock]] = request.param
    with make() as clock:
        yield clock


def starts(client: Any, arn: str) -> list[Any]:
    """When the executions of a policy began, in days after START, oldest first."""
    return [(execution["startTime"] - START) / DAY for execution in reversed(executions(client, arn))]


def test_the_clock_lets_a_policy_act(client: Any, mocked: Control, clock: Clock) -> None:
    arn = create_policy(client, disable_after(2), deprecate_after(1), delete_after(4, include=WITH_AMIS))
    (image,) = make_images(mocked, 1)
    assert "dateLastRun" not in get_policy(client, arn)
    seen = []
    for _ in range(5):
        clock(A_DAY)
        seen.append(state_of(client, image)["status"] if len(own_amis()) else "gone")
    # An image that is exactly as old as a rule says is old enough.
    assert seen == ["DEPRECATED", "DISABLED", "DISABLED", "gone", "gone"]
    assert starts(client, arn) == [1, 2, 3, 4, 5]
    assert get_policy(client, arn)["dateLastRun"] == START + 5 * DAY
    assert client.list_images()["imageVersionList"] == []


def test_not_before_a_day_has_passed(client: Any, mocked: Control, clock: Clock) -> None:
    arn = create_policy(client, keep(1))
    make_images(mocked, 2)
    clock(A_DAY - 1)
    assert executions(client, arn) == []
    clock(1)
    assert starts(client, arn) == [1]


def test_run_schedules_lets_policies_act(client: Any, mocked: Control, clock: Clock) -> None:
    arn = create_policy(client, keep(1))
    excluding = create_policy(
        client,
        keep(1, exclude={"tagMap": {"Keep": "yes"}}),
        name="others",
        resourceSelection={"tagMap": {"Team": "ops"}},
    )
    oldest, newest = make_images(mocked, 2)
    kept = mocked.make_image("ops", tags={"Team": "ops", "Keep": "yes"})
    dropped = mocked.make_image("ops", tags={"Team": "ops"})
    last = mocked.make_image("ops", tags={"Team": "ops"})
    assert mocked.run_schedules(until=START + 3 * DAY) == []
    assert starts(client, arn) == starts(client, excluding) == [1, 2, 3]
    left = [image["arn"] for image in client.list_image_build_versions()["imageSummaryList"]]
    assert (oldest in left, dropped in left) == (False, False)
    assert sorted(left) == sorted([newest, kept, last])


def test_a_jump_makes_up_for_the_latest_days_only(client: Any, clock: Clock) -> None:
    arn = create_policy(client, keep(1))
    clock(3650 * A_DAY)
    found = 0
    token: dict[str, str] = {}
    while True:
        page = client.list_lifecycle_executions(resourceArn=arn, maxResults=25, **token)
        found += len(page["lifecycleExecutions"])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert found == LATEST_RUNS
    assert get_policy(client, arn)["dateLastRun"] == START + 3650 * DAY


def test_only_enabled_policies_act(client: Any, clock: Clock) -> None:
    arn = create_policy(client, status="DISABLED")
    clock(2.25 * A_DAY)
    assert executions(client, arn) == []
    update_policy(client, arn)
    clock(1.25 * A_DAY)
    assert starts(client, arn) == [3.25]
    update_policy(client, arn, keep(2))  # still enabled: the time of day stays
    clock(A_DAY)
    assert starts(client, arn) == [3.25, 4.25]
    update_policy(client, arn, status="DISABLED")
    clock(5 * A_DAY)
    assert starts(client, arn) == [3.25, 4.25]


def test_a_deleted_policy_acts_no_more(client: Any, clock: Clock) -> None:
    arn = create_policy(client)
    clock(A_DAY)
    client.delete_lifecycle_policy(lifecyclePolicyArn=arn)
    clock(A_DAY)
    assert starts(client, arn) == [1]


def test_an_execution_that_runs_is_continued(client: Any, mocked: Control, clock: Clock, slow_executions: Any) -> None:
    slow_executions("time", seconds=A_DAY)
    arn = create_policy(client, keep(1))
    make_images(mocked, 3)
    clock(3 * A_DAY)
    # The first one acts on two images, one a day, and has ended when the third day begins.
    assert starts(client, arn) == [1, 3]


def test_an_image_of_a_schedule_is_as_old_as_its_run(client: Any, mocked: Control, clock: Clock) -> None:
    image = mocked.make_image(tags=TAGS)
    create_policy(client, deprecate_after(10))
    mocked.run_schedules(until=START + timedelta(days=9, hours=23))
    assert state_of(client, image)["status"] == "AVAILABLE"
    mocked.run_schedules(until=START + 10 * DAY)
    found = get_image(client, image)
    assert (found["state"]["status"], found["deprecationTime"]) == ("DEPRECATED", START + 10 * DAY)


def test_a_scheduled_deprecation_comes_with_run_schedules(client: Any, mocked: Control, clock: Clock) -> None:
    image = mocked.make_image()
    update_state(client, image, "DEPRECATED", updateAt=START + DAY)
    mocked.run_schedules(until=START + DAY - timedelta(seconds=1))
    assert state_of(client, image)["status"] == "AVAILABLE"
    mocked.run_schedules(until=START + DAY)
    assert state_of(client, image)["status"] == "DEPRECATED"
    assert get_image(client, image)["deprecationTime"] == START + DAY


def test_leaving_a_frozen_clock_is_no_passing_of_time(client: Any) -> None:
    create_role()
    with freeze_time(START):
        arn = create_policy(client)
    assert executions(client, arn) == []
    with freeze_time(START + DAY):
        assert starts(client, arn) == [1]
