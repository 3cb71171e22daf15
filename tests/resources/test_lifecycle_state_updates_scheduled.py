"""StartResourceStateUpdate: deprecations that are scheduled, and one execution at a time for an image."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..conftest import REGION
from ..errors import refused
from ..images import ami_of, get_image, output_amis, state_of, tags_of
from ..refusals import invalid
from .lifecycles import (
    NO_ROLE,
    ROLE,
    TAGS,
    WITH_AMIS,
    actions,
    create_policy,
    create_role,
    delete_role,
    deprecate_after,
    executions,
    get_execution,
    resources,
    status_of,
    update_state,
)

NOW = datetime(2036, 9, 9, 21, 42, 29, 801_000, tzinfo=timezone.utc)
LATER = datetime(2036, 9, 11, 21, 20, tzinfo=timezone.utc)
DELETED_TOO: dict[str, Any] = {"executionRole": ROLE, "includeResources": {"amis": True, "snapshots": True}}


@pytest.fixture(autouse=True)
def _role(mocked: Control) -> None:
    create_role()


@pytest.fixture
def image(mocked: Control) -> str:
    with freeze_time("2026-01-01T00:00:00Z"):
        return mocked.make_image(tags=TAGS)


# ---- scheduled ----


def schedule(client: Any, image: str, **members: Any) -> str:
    with freeze_time(NOW):
        answer = update_state(client, image, "DEPRECATED", updateAt=LATER, **members)
    return str(answer["lifecycleExecutionId"])


def test_a_scheduled_update_waits_for_its_time(client: Any, image: str) -> None:
    execution = schedule(client, image, **WITH_AMIS)
    with freeze_time(LATER - timedelta(milliseconds=1)):
        assert get_execution(client, execution) == {
            "lifecycleExecutionId": execution,
            "resourcesImpactedSummary": {"hasImpactedResources": False},
            "state": {"status": "IN_PROGRESS"},
            "startTime": NOW,
        }
        assert resources(client, execution) == []
        record = get_image(client, image)
        assert (record["state"], record["deprecationTime"]) == ({"status": "AVAILABLE"}, LATER)
        (ami,) = map(ami_of, record["outputResources"]["amis"])
        assert ami["DeprecationTime"] == "2036-09-11T21:20:00.000Z"
        assert tags_of(ami) == {}
    with freeze_time(LATER):
        assert state_of(client, image) == {"status": "DEPRECATED"}
    with freeze_time(LATER + timedelta(days=100)):
        record = get_image(client, image)
        assert (record["deprecationTime"], record["lifecycleExecutionId"]) == (LATER, execution)
        assert get_execution(client, execution)["endTime"] == LATER
        assert actions(client, execution) == {image: ("DEPRECATE", "SUCCESS")}
        assert tags_of(ami_of(record["outputResources"]["amis"][0])) == {"DeprecatedBy": "EC2 Image Builder"}


def test_the_time_has_come_for_whoever_looks_at_ec2_only(client: Any, image: str) -> None:
    (entry,) = output_amis(client, image)
    schedule(client, image, **WITH_AMIS)
    with freeze_time(LATER):
        assert tags_of(ami_of(entry)) == {"DeprecatedBy": "EC2 Image Builder"}


def test_the_image_alone_can_be_scheduled_too(client: Any, image: str) -> None:
    execution = schedule(client, image)
    with freeze_time(LATER):
        assert actions(client, execution) == {image: ("DEPRECATE", "SUCCESS")}
        assert resources(client, execution, image) == []
        (ami,) = map(ami_of, output_amis(client, image))
        assert "DeprecationTime" not in ami


def test_excluded_amis_get_no_time(client: Any, image: str) -> None:
    execution = schedule(client, image, **WITH_AMIS, exclusionRules={"amis": {"regions": [REGION]}})
    (ami,) = map(ami_of, output_amis(client, image))
    assert "DeprecationTime" not in ami
    with freeze_time(LATER):
        assert [entry["state"]["status"] for entry in resources(client, execution, image)] == ["SKIPPED"]
        assert state_of(client, image) == {"status": "DEPRECATED"}


def test_a_scheduled_update_takes_its_time_from_then_on(client: Any, image: str, slow_executions: Any) -> None:
    slow_executions("time", seconds=60)
    execution = schedule(client, image)
    with freeze_time(LATER) as clock:
        assert actions(client, execution) == {image: ("DEPRECATE", "IN_PROGRESS")}
        clock.tick(60)
        assert actions(client, execution) == {image: ("DEPRECATE", "SUCCESS")}


def test_observations_before_the_time_do_not_count(client: Any, image: str, slow_executions: Any) -> None:
    slow_executions("manual", times=1)
    execution = schedule(client, image)
    with freeze_time(NOW):
        assert [status_of(client, execution) for _ in range(5)] == ["IN_PROGRESS"] * 5
    with freeze_time(LATER):
        assert status_of(client, execution) == "SUCCESS"


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=-1), timedelta(days=-365)])
def test_the_time_must_be_in_the_future(client: Any, image: str, ahead: timedelta) -> None:
    with freeze_time(NOW.replace(microsecond=0)), invalid("updateAt", "The time of the update must be in the future."):
        update_state(client, image, "DEPRECATED", updateAt=NOW.replace(microsecond=0) + ahead)
    assert "deprecationTime" not in get_image(client, image)


def test_a_cancelled_schedule(client: Any, image: str) -> None:
    execution = schedule(client, image, **WITH_AMIS)
    with freeze_time(NOW + timedelta(hours=1)):
        client.cancel_lifecycle_execution(lifecycleExecutionId=execution)
        record = get_execution(client, execution)
        assert (record["state"], record["endTime"]) == ({"status": "CANCELLED"}, NOW + timedelta(hours=1))
        assert "deprecationTime" not in get_image(client, image)
    with freeze_time(LATER):
        assert state_of(client, image) == {"status": "AVAILABLE"}
        assert resources(client, execution) == []
        # What was done stays: EC2 has been told.
        (ami,) = map(ami_of, output_amis(client, image))
        assert ami["DeprecationTime"] == "2036-09-11T21:20:00.000Z"


def test_an_image_that_was_deprecated_before_its_time_keeps_the_time_of_that(client: Any, image: str) -> None:
    execution = schedule(client, image)
    with freeze_time(NOW + timedelta(hours=1)):
        update_state(client, image, "DEPRECATED")
        client.cancel_lifecycle_execution(lifecycleExecutionId=execution)
        assert get_image(client, image)["deprecationTime"] == NOW + timedelta(hours=1)


def test_a_schedule_for_an_image_that_is_gone_by_then(client: Any, image: str) -> None:
    execution = schedule(client, image)
    client.delete_image(imageBuildVersionArn=image)
    with freeze_time(LATER):
        assert status_of(client, execution) == "SUCCESS"
        assert actions(client, execution) == {image: ("DEPRECATE", "SUCCESS")}


def test_a_schedule_for_an_image_that_is_disabled_by_then(client: Any, image: str) -> None:
    execution = schedule(client, image)
    update_state(client, image, "DISABLED")
    with freeze_time(LATER):
        assert status_of(client, execution) == "FAILED"
        assert resources(client, execution)[0]["state"]["reason"] == "The image is in the state DISABLED."
        assert state_of(client, image) == {"status": "DISABLED"}


def test_a_schedule_whose_role_is_gone_by_then(client: Any, image: str) -> None:
    execution = schedule(client, image, **WITH_AMIS)
    delete_role()
    with freeze_time(LATER):
        assert get_execution(client, execution)["state"] == {"status": "FAILED", "reason": NO_ROLE}
        assert state_of(client, image) == {"status": "AVAILABLE"}


# ---- one execution at a time ----


def busy(arn: str) -> Any:
    return refused("ResourceInUseException", 400, f"A lifecycle execution is in progress for the image '{arn}'.")


def test_a_second_execution_for_the_image_is_refused(client: Any, image: str, mocked: Control) -> None:
    execution = schedule(client, image)
    with freeze_time(NOW):
        with busy(image):
            update_state(client, image, "DEPRECATED", updateAt=LATER)
        with busy(image):
            update_state(client, image, "DISABLED", **WITH_AMIS)
        assert len(executions(client, image)) == 1
        # What needs no execution, and what is about another image, is not refused.
        assert update_state(client, image, "DISABLED") == {"resourceArn": image}
        assert "lifecycleExecutionId" in update_state(client, mocked.make_image(), "DISABLED", **WITH_AMIS)
        client.cancel_lifecycle_execution(lifecycleExecutionId=execution)
        assert "lifecycleExecutionId" in update_state(client, image, "AVAILABLE", **WITH_AMIS)


def test_an_execution_of_a_policy_counts_until_it_has_acted_on_the_image(
    client: Any, mocked: Control, slow_executions: Any
) -> None:
    slow_executions("manual", times=1)
    with freeze_time("2026-01-01T00:00:00Z"):
        older, newer = (mocked.make_image(tags=TAGS) for _ in range(2))
    execution = mocked.run_lifecycle(create_policy(client, deprecate_after(1)))
    for arn in (older, newer):
        with busy(arn):
            update_state(client, arn, "DISABLED", **WITH_AMIS)
    assert status_of(client, execution) == "IN_PROGRESS"
    assert "lifecycleExecutionId" in update_state(client, newer, "DISABLED", **WITH_AMIS)
    with busy(older):
        update_state(client, older, "DISABLED", **WITH_AMIS)
