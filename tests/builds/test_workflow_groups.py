"""TEST workflows in parallel groups, and what becomes of a build whose tests fail, wait, are stopped or run out of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mock_imagebuilder import Control

from ..build_parts import create_infrastructure, create_recipe, managed_workflow
from ..images import output_amis, state_of
from .clocks import Clock, time_machine_clock
from .workflow_runs import (
    LAUNCH,
    TERMINATE,
    WAIT,
    build_with,
    create_workflow,
    executions_of,
    step,
    steps_of,
)

BUILD = managed_workflow("build/build-image")
DONE, RUNNING, CANCELLED, BACK = "COMPLETED", "RUNNING", "CANCELLED", "ROLLBACK_COMPLETED"
BREAK = step("Break", "TerminateInstance", {"instanceId": "i-0123456789abcdef0"})
SECONDS = 3600

Entry = dict[str, Any]


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


@pytest.fixture
def clock(_parts: None) -> Iterator[Clock]:
    with time_machine_clock() as moves:
        yield moves


@pytest.fixture
def entry(client: Any) -> Callable[..., Entry]:
    """Makes a TEST workflow with these steps, and the entry of a build's workflows for it."""

    def make(name: str, *steps: Any, group: str | None = None, on_failure: str | None = None) -> Entry:
        arn = create_workflow(client, "TEST", *steps, name=name)
        members = {"workflowArn": arn, "parallelGroup": group, "onFailure": on_failure}
        return {member: value for member, value in members.items() if value is not None}

    return make


def workflows_of(client: Any, arn: str) -> dict[str, str]:
    """The statuses of the TEST workflows that have begun, by the names of the workflows."""
    return {
        run["workflowBuildVersionArn"].split("/")[2]: run["status"]
        for run in executions_of(client, arn)
        if run["type"] == "TEST"
    }


def step_statuses(client: Any, arn: str, name: str) -> list[str]:
    """The statuses of the steps of a TEST workflow."""
    (run,) = (run for run in executions_of(client, arn) if f"/test/{name}/" in run["workflowBuildVersionArn"])
    return [each["status"] for each in steps_of(client, run)]


def waiting(client: Any) -> dict[str, Any]:
    """The steps that wait, by the names of their workflows."""
    steps = client.list_waiting_workflow_steps()["steps"]
    return {each["workflowBuildVersionArn"].split("/")[2]: each for each in steps}


def send(client: Any, name: str, action: str) -> None:
    """Answer the step of this workflow that waits."""
    each = waiting(client)[name]
    client.send_workflow_step_action(
        stepExecutionId=each["stepExecutionId"], imageBuildVersionArn=each["imageBuildVersionArn"], action=action
    )


def let(client: Any, mocked: Control, clock: Clock, arn: str, progression: str) -> None:
    """Let a build run as far as it comes without waiting for anybody."""
    for _ in range(10):
        if progression == "time":
            clock(10)
        state_of(client, arn)


# ---- one workflow: how its step ends, and what that means for the step, the workflow and the image ----


@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
@pytest.mark.parametrize("of_workflow", [None, "ABORT", "CONTINUE"])
@pytest.mark.parametrize("of_step", ["Abort", "Continue"])
@pytest.mark.parametrize("ending", ["RESUME", "STOP", "timeout", "cancel", "failure"])
def test_how_a_step_ends(
    client: Any,
    mocked: Control,
    clock: Clock,
    entry: Any,
    ending: str,
    of_step: str,
    of_workflow: str | None,
    progression: Any,
) -> None:
    breaks = {**(BREAK if ending == "failure" else WAIT), "onFailure": of_step}
    if ending != "failure":
        breaks["timeoutSeconds"] = SECONDS
    mocked.progress(progression, seconds=10 if progression == "time" else None)
    arn = build_with(
        client,
        BUILD,
        entry("gate", LAUNCH, breaks, TERMINATE, on_failure=of_workflow),
        entry("after", LAUNCH, TERMINATE),
    )
    let(client, mocked, clock, arn, progression)
    if ending != "failure":
        assert state_of(client, arn) == {"status": "TESTING"}
        assert workflows_of(client, arn) == {"gate": RUNNING}
        assert step_statuses(client, arn, "gate") == [DONE, RUNNING, "PENDING"]
    if ending in ("RESUME", "STOP"):
        send(client, "gate", ending)
    elif ending == "timeout":
        clock(SECONDS)
    elif ending == "cancel":
        client.cancel_image_creation(imageBuildVersionArn=arn)
    let(client, mocked, clock, arn, progression)

    assert waiting(client) == {}
    state = state_of(client, arn)
    if ending == "cancel":
        assert state == {"status": "CANCELLED"}
        assert workflows_of(client, arn) == {"gate": CANCELLED}
        assert step_statuses(client, arn, "gate") == [DONE, CANCELLED, "PENDING"]
    elif ending == "RESUME":
        assert state == {"status": "AVAILABLE"}
        assert workflows_of(client, arn) == {"gate": DONE, "after": DONE}
        assert step_statuses(client, arn, "gate") == [DONE] * 3
    elif of_step == "Continue":
        assert state == {"status": "AVAILABLE"}
        assert workflows_of(client, arn) == {"gate": DONE, "after": DONE}
        assert step_statuses(client, arn, "gate") == [DONE, "FAILED", DONE]
    elif of_workflow == "CONTINUE":
        assert state == {"status": "AVAILABLE"}
        assert workflows_of(client, arn) == {"gate": BACK, "after": DONE}
        assert step_statuses(client, arn, "gate") == [DONE, "FAILED", "PENDING"]
    else:
        assert (state["status"], state["failureContext"]["failedStep"]) == ("FAILED", breaks["name"])
        assert workflows_of(client, arn) == {"gate": BACK}
        assert step_statuses(client, arn, "gate") == [DONE, "FAILED", "PENDING"]
    assert len(output_amis(client, arn)) == 1


# ---- two groups ----


@pytest.fixture
def two_groups(client: Any, entry: Any) -> Callable[..., str]:
    """Builds with the groups First and Second, each of a gate and a workflow without; members are of the first gate."""

    def build(waits_in: str, on_failure: str | None = None) -> str:
        entries = []
        # In the order of the request members of the two groups take turns.
        for kind in ("gate", "free"):
            for group in ("First", "Second"):
                has_gate = kind == "gate" and group in waits_in
                steps = (LAUNCH, {**WAIT, "timeoutSeconds": SECONDS}, TERMINATE) if has_gate else (LAUNCH, TERMINATE)
                name = f"{kind}-{group.lower()}"
                entries.append(entry(name, *steps, group=group, on_failure=on_failure if has_gate else None))
        return build_with(client, BUILD, *entries)

    return build


FIRST, SECOND = {"gate-first": DONE, "free-first": DONE}, {"gate-second": DONE, "free-second": DONE}


@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
def test_the_second_group_begins_when_the_first_has_waited(
    client: Any, mocked: Control, clock: Clock, two_groups: Any, progression: Any
) -> None:
    mocked.progress(progression, seconds=10 if progression == "time" else None)
    arn = two_groups("First")
    let(client, mocked, clock, arn, progression)
    assert workflows_of(client, arn) == {"gate-first": RUNNING, "free-first": DONE}
    assert state_of(client, arn) == {"status": "TESTING"}
    send(client, "gate-first", "RESUME")
    let(client, mocked, clock, arn, progression)
    assert workflows_of(client, arn) == {**FIRST, **SECOND}
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    ended = [run["endTime"] for run in executions_of(client, arn) if run.get("parallelGroup") == "First"]
    begun = [run["startTime"] for run in executions_of(client, arn) if run.get("parallelGroup") == "Second"]
    assert max(ended) <= min(begun)


@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
def test_the_second_group_waits_when_the_first_is_over(
    client: Any, mocked: Control, clock: Clock, two_groups: Any, progression: Any
) -> None:
    mocked.progress(progression, seconds=10 if progression == "time" else None)
    arn = two_groups("Second")
    let(client, mocked, clock, arn, progression)
    assert workflows_of(client, arn) == {**FIRST, "gate-second": RUNNING, "free-second": DONE}
    send(client, "gate-second", "RESUME")
    let(client, mocked, clock, arn, progression)
    assert workflows_of(client, arn) == {**FIRST, **SECOND}
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_both_groups_wait_one_after_the_other(client: Any, two_groups: Any) -> None:
    arn = two_groups("First, Second")
    for name in ("gate-first", "gate-second"):
        assert list(waiting(client)) == [name]
        send(client, name, "RESUME")
    assert workflows_of(client, arn) == {**FIRST, **SECOND}


@pytest.mark.parametrize("ending", ["STOP", "timeout"])
@pytest.mark.parametrize(
    ("waits_in", "on_failure", "status", "tests"),
    [
        ("First", None, "FAILED", {**FIRST, "gate-first": BACK}),
        ("First", "ABORT", "FAILED", {**FIRST, "gate-first": BACK}),
        ("First", "CONTINUE", "AVAILABLE", {**FIRST, "gate-first": BACK, **SECOND}),
        ("Second", "ABORT", "FAILED", {**FIRST, **SECOND, "gate-second": BACK}),
        ("Second", "CONTINUE", "AVAILABLE", {**FIRST, **SECOND, "gate-second": BACK}),
    ],
)
def test_a_group_ends_badly(
    client: Any,
    clock: Clock,
    two_groups: Any,
    waits_in: str,
    on_failure: str | None,
    status: str,
    tests: dict[str, str],
    ending: str,
) -> None:
    arn = two_groups(waits_in, on_failure)
    if ending == "STOP":
        send(client, f"gate-{waits_in.lower()}", "STOP")
    else:
        clock(SECONDS - 1)
        assert state_of(client, arn) == {"status": "TESTING"}
        clock(1)
    assert state_of(client, arn)["status"] == status
    assert workflows_of(client, arn) == tests


# ---- in one group ----


def test_one_fails_while_another_waits(client: Any, entry: Any) -> None:
    """The image fails at once, and nobody is asked any more."""
    arn = build_with(
        client,
        BUILD,
        entry("gate", LAUNCH, WAIT, group="Smoke"),
        entry("bad", LAUNCH, BREAK, group="Smoke"),
        entry("free", LAUNCH, TERMINATE, group="Smoke"),
    )
    assert state_of(client, arn)["failureContext"]["failedStep"] == "Break"
    assert workflows_of(client, arn) == {"gate": CANCELLED, "bad": BACK, "free": DONE}
    assert waiting(client) == {}


def test_one_fails_and_goes_on_while_another_waits(client: Any, entry: Any) -> None:
    arn = build_with(
        client,
        BUILD,
        entry("gate", LAUNCH, WAIT, group="Smoke"),
        entry("bad", LAUNCH, BREAK, group="Smoke", on_failure="CONTINUE"),
    )
    assert state_of(client, arn) == {"status": "TESTING"}
    assert workflows_of(client, arn) == {"gate": RUNNING, "bad": BACK}
    send(client, "gate", "RESUME")
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert workflows_of(client, arn) == {"gate": DONE, "bad": BACK}


def test_the_first_of_two_that_fail_is_the_reason(client: Any, entry: Any) -> None:
    worse = {**BREAK, "name": "Worse"}
    arn = build_with(
        client,
        BUILD,
        entry("bad", LAUNCH, BREAK, group="Smoke"),
        entry("worse", LAUNCH, worse, group="Smoke"),
    )
    assert state_of(client, arn)["failureContext"]["failedStep"] == "Break"
    assert workflows_of(client, arn) == {"bad": BACK, "worse": BACK}


@pytest.mark.parametrize("progression", ["immediate", "manual", "time"])
def test_each_gate_of_a_group_has_its_own_time(
    client: Any, mocked: Control, clock: Clock, entry: Any, progression: Any
) -> None:
    mocked.progress(progression, seconds=10 if progression == "time" else None)
    long, short = ({**WAIT, "timeoutSeconds": seconds} for seconds in (2 * SECONDS, SECONDS))
    arn = build_with(
        client,
        BUILD,
        entry("long", LAUNCH, long, group="Smoke", on_failure="CONTINUE"),
        entry("short", LAUNCH, short, group="Smoke", on_failure="CONTINUE"),
    )
    let(client, mocked, clock, arn, progression)
    clock(SECONDS)
    assert workflows_of(client, arn) == {"long": RUNNING, "short": BACK}
    assert list(waiting(client)) == ["long"]
    clock(SECONDS)
    assert workflows_of(client, arn) == {"long": BACK, "short": BACK}
    let(client, mocked, clock, arn, progression)
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_a_group_is_retried_as_a_whole(client: Any, two_groups: Any) -> None:
    arn = two_groups("First")
    send(client, "gate-first", "STOP")
    assert state_of(client, arn)["status"] == "FAILED"
    client.retry_image(imageBuildVersionArn=arn)
    assert list(waiting(client)) == ["gate-first"]
    send(client, "gate-first", "RESUME")
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    runs = [run for run in executions_of(client, arn) if run["type"] == "TEST"]
    assert [(run["status"], run["retried"]) for run in runs] == [
        (BACK, True),
        (DONE, True),
        *[(DONE, False)] * 4,
    ]
