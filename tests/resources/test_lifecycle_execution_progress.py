"""Lifecycle executions that take their time, and how they are cancelled."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from freezegun import freeze_time

from mock_imagebuilder import Control, imagebuilder_backends

from ..images import own_amis, state_of
from ..refusals import invalid, not_found
from .lifecycles import (
    TAGS,
    actions,
    cancel,
    create_policy,
    create_role,
    delete_after,
    delete_role,
    deprecate_after,
    executions,
    get_execution,
    keep,
    make_images,
    resources,
    status_of,
    update_policy,
)

START = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _role(mocked: Control) -> None:
    create_role()


# ---- executions that take their time ----


def test_manual(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=2)
    first, second, third = make_images(mocked)
    execution = mocked.run_lifecycle(create_policy(client, keep(1)))
    assert status_of(client, execution) == "IN_PROGRESS"
    record = client.list_lifecycle_execution_resources(lifecycleExecutionId=execution)
    assert record["lifecycleExecutionState"] == {"status": "IN_PROGRESS"}
    # That was the second observation, and what follows is the third.
    assert actions(client, execution) == {second: ("DELETE", "SUCCESS"), first: ("DELETE", "IN_PROGRESS")}
    with not_found("Image", second):
        state_of(client, second)
    assert status_of(client, execution) == "SUCCESS"
    with not_found("Image", first):
        state_of(client, first)
    assert state_of(client, third) == {"status": "AVAILABLE"}


def test_a_running_execution_has_no_end(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=100)
    make_images(mocked)
    execution = mocked.run_lifecycle(create_policy(client, keep(1)))
    record = get_execution(client, execution)
    assert record["resourcesImpactedSummary"] == {"hasImpactedResources": True}
    assert "endTime" not in record
    assert all("endTime" not in entry for entry in resources(client, execution))


@pytest.mark.parametrize("observe", ["get", "list", "resources"])
def test_what_counts_as_an_observation(client: Any, mocked: Control, slow_executions: Any, observe: str) -> None:
    slow_executions("manual", times=1)
    arn = create_policy(client)
    execution = mocked.run_lifecycle(arn)
    if observe == "get":
        assert status_of(client, execution) == "SUCCESS"
    elif observe == "list":
        assert executions(client, arn)[0]["state"] == {"status": "SUCCESS"}
    else:
        answer = client.list_lifecycle_execution_resources(lifecycleExecutionId=execution)
        assert answer["lifecycleExecutionState"] == {"status": "SUCCESS"}


def test_time(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("time", seconds=60)
    with freeze_time(START) as clock:
        first, second, _ = make_images(mocked)
        execution = mocked.run_lifecycle(create_policy(client, keep(1)))
        clock.tick(59)
        assert actions(client, execution) == {second: ("DELETE", "IN_PROGRESS"), first: ("DELETE", "IN_PROGRESS")}
        clock.tick(1)
        assert actions(client, execution) == {second: ("DELETE", "SUCCESS"), first: ("DELETE", "IN_PROGRESS")}
        clock.tick(600)
        record = get_execution(client, execution)
    assert record["state"] == {"status": "SUCCESS"}
    assert record["endTime"] == START.replace(minute=2)


def test_time_passes_for_whoever_looks_at_ec2_only(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("time", seconds=60)
    with freeze_time(START) as clock:
        make_images(mocked)
        mocked.run_lifecycle(create_policy(client, keep(1, include=["amis"])))
        assert len(own_amis()) == 3
        clock.tick(60)
        assert len(own_amis()) == 2
        clock.tick(60)
        assert len(own_amis()) == 1


def test_what_an_execution_does_is_fixed_when_it_begins(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=1)
    first, second, third = make_images(mocked)
    arn = create_policy(client, keep(1))
    execution = mocked.run_lifecycle(arn)
    make_images(mocked, 2)
    client.untag_resource(resourceArn=first, tagKeys=list(TAGS))
    client.tag_resource(resourceArn=third, tags={"Other": "1"})
    update_policy(client, arn, delete_after(1))
    assert list(actions(client, execution)) == [second, first]
    assert status_of(client, execution) == "SUCCESS"
    assert actions(client, execution) == {second: ("DELETE", "SUCCESS"), first: ("DELETE", "SUCCESS")}


def test_an_image_that_is_deleted_in_between_counts_as_done(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=1)
    first, second, _ = make_images(mocked)
    execution = mocked.run_lifecycle(create_policy(client, keep(1)))
    client.delete_image(imageBuildVersionArn=second)
    client.delete_image(imageBuildVersionArn=first)
    assert status_of(client, execution) == "IN_PROGRESS"
    assert status_of(client, execution) == "SUCCESS"
    assert actions(client, execution) == {second: ("DELETE", "SUCCESS"), first: ("DELETE", "SUCCESS")}


def test_an_image_that_is_in_the_state_already_counts_as_done(
    client: Any, mocked: Control, slow_executions: Any
) -> None:
    slow_executions("manual", times=1)
    with freeze_time("2026-01-01T00:00:00Z"):
        done, disabled = make_images(mocked, 2)
    execution = mocked.run_lifecycle(create_policy(client, deprecate_after(1)))
    client.start_resource_state_update(resourceArn=done, state={"status": "DEPRECATED"})
    client.start_resource_state_update(resourceArn=disabled, state={"status": "DISABLED"})
    get_execution(client, execution)
    assert status_of(client, execution) == "FAILED"
    assert actions(client, execution) == {disabled: ("DEPRECATE", "FAILED"), done: ("DEPRECATE", "SUCCESS")}
    assert resources(client, execution)[0]["state"]["reason"] == "The image is in the state DISABLED."
    assert state_of(client, disabled) == {"status": "DISABLED"}


def test_a_policy_runs_once_at_a_time(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=100)
    arn = create_policy(client)
    execution = mocked.run_lifecycle(arn)
    assert mocked.run_lifecycle(arn) == execution
    slow_executions("immediate")
    assert mocked.run_lifecycle(arn) != execution
    assert [entry["state"] for entry in executions(client, arn)] == [{"status": "SUCCESS"}] * 2


def test_running_executions_are_forgotten_with_a_reset(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=100)
    execution = mocked.run_lifecycle(create_policy(client))
    assert imagebuilder_backends.running_builds
    requests.post("http://motoapi.amazonaws.com/moto-api/reset", timeout=10)
    assert not imagebuilder_backends.running_builds
    with not_found("LifecycleExecution", execution):
        get_execution(client, execution)


# ---- cancel ----


def test_a_cancelled_execution_ends(client: Any, mocked: Control, slow_executions: Any) -> None:
    slow_executions("manual", times=1)
    first, second, third, _ = make_images(mocked, 4)
    execution = mocked.run_lifecycle(create_policy(client, keep(1)))
    assert status_of(client, execution) == "IN_PROGRESS"
    answer = cancel(client, execution)
    answer.pop("ResponseMetadata")
    assert answer == {"lifecycleExecutionId": execution}
    slow_executions("manual", times=2)
    assert get_execution(client, execution)["state"] == {"status": "CANCELLING"}
    record = get_execution(client, execution)
    assert record["state"] == {"status": "CANCELLED"}
    assert record["endTime"] >= record["startTime"]
    assert actions(client, execution) == {
        third: ("DELETE", "SUCCESS"),
        second: ("DELETE", "SKIPPED"),
        first: ("DELETE", "SKIPPED"),
    }
    assert resources(client, execution)[1]["state"]["reason"] == "The lifecycle execution was cancelled."
    assert state_of(client, second) == {"status": "AVAILABLE"}


def test_an_execution_can_be_cancelled_again_until_it_has_ended(
    client: Any, mocked: Control, slow_executions: Any
) -> None:
    slow_executions("time", seconds=60)
    with freeze_time(START) as clock:
        execution = mocked.run_lifecycle(create_policy(client))
        clock.tick(30)
        cancel(client, execution, clientToken="once")
        clock.tick(30)
        cancel(client, execution, clientToken="twice")
        assert status_of(client, execution) == "CANCELLING"
        clock.tick(30)
        assert status_of(client, execution) == "CANCELLED"
        assert cancel(client, execution, clientToken="once")["lifecycleExecutionId"] == execution
        with invalid(
            "lifecycleExecutionId",
            f"The lifecycle execution '{execution}' is in the state CANCELLED and cannot be cancelled.",
        ):
            cancel(client, execution)


@pytest.mark.parametrize("status", ["SUCCESS", "FAILED"])
def test_an_execution_that_has_ended_is_not_cancelled(client: Any, mocked: Control, status: str) -> None:
    arn = create_policy(client)
    if status == "FAILED":
        delete_role()
    execution = mocked.run_lifecycle(arn)
    before = get_execution(client, execution)
    sentence = f"The lifecycle execution '{execution}' is in the state {status} and cannot be cancelled."
    with invalid("lifecycleExecutionId", sentence):
        cancel(client, execution)
    assert get_execution(client, execution) == before
