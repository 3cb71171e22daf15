"""Builds that wait for somebody to approve them: WaitForAction and SendWorkflowStepAction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mock_imagebuilder import Control

from ..build_parts import create_distribution, create_infrastructure, create_recipe, managed_workflow
from ..images import create_image, get_image, own_amis, state_of
from ..refusals import invalid
from .clocks import CLOCKS, Clock
from .workflow_runs import (
    CREATE,
    INSTANCE,
    LAUNCH,
    TERMINATE,
    WAIT,
    all_steps_of,
    build_with,
    create_workflow,
    executions_of,
    inputs_of,
    statuses,
    step,
)

BUILD, TEST = managed_workflow("build/build-image"), managed_workflow("test/test-image")
DONE = "COMPLETED"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, _parts: None) -> Iterator[Clock]:
    with request.param() as moves:
        yield moves


def waiting(client: Any) -> list[Any]:
    steps: list[Any] = client.list_waiting_workflow_steps()["steps"]
    return steps


def send(client: Any, step: Any, action: str, **members: Any) -> Any:
    """Answer a step of :func:`waiting`."""
    return client.send_workflow_step_action(
        stepExecutionId=step["stepExecutionId"],
        imageBuildVersionArn=step["imageBuildVersionArn"],
        action=action,
        **members,
    )


# ---- where a build waits ----


@pytest.mark.parametrize(
    ("type_", "steps", "status"),
    [
        ("BUILD", (LAUNCH, WAIT, CREATE), "BUILDING"),
        ("TEST", (LAUNCH, WAIT, TERMINATE), "TESTING"),
        ("DISTRIBUTION", (WAIT, step("Copy", "DistributeImage")), "DISTRIBUTING"),
    ],
)
def test_a_build_waits_until_somebody_lets_it_go_on(client: Any, type_: str, steps: Any, status: str) -> None:
    workflow = create_workflow(client, type_, *steps)
    arn = build_with(
        client,
        *([] if type_ == "BUILD" else [BUILD]),
        workflow,
        distributionConfigurationArn=create_distribution(client),
    )
    for _ in range(3):
        assert state_of(client, arn) == {"status": status}
    (step_,) = waiting(client)
    execution = executions_of(client, arn)[-1]
    assert step_ == {
        "stepExecutionId": all_steps_of(client, arn)["Wait"]["stepExecutionId"],
        "imageBuildVersionArn": arn,
        "workflowExecutionId": execution["workflowExecutionId"],
        "workflowBuildVersionArn": workflow,
        "name": "Wait",
        "action": "WaitForAction",
        "startTime": step_["startTime"],
    }
    assert execution["status"] == "RUNNING"
    assert "endTime" not in execution
    wait = all_steps_of(client, arn)["Wait"]
    assert (wait["status"], wait["inputs"], "outputs" in wait, "endTime" in wait) == ("RUNNING", "{}", False, False)
    assert len(own_amis()) == (0 if type_ == "BUILD" else 1)
    answer = send(client, step_, "RESUME", reason="Ship it", clientToken="approval")
    answer.pop("ResponseMetadata")
    assert answer == {
        "stepExecutionId": step_["stepExecutionId"],
        "imageBuildVersionArn": arn,
        "clientToken": "approval",
    }
    # Under the progression immediate the build has run on.
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert waiting(client) == []
    wait = all_steps_of(client, arn)["Wait"]
    assert (wait["status"], wait["outputs"]) == (DONE, '{"action": "RESUME", "reason": "Ship it"}')
    assert {status for _, status, _ in statuses(client, arn)} == {DONE}
    assert len(own_amis()) == 1


def test_the_reason_is_for_later_steps(client: Any) -> None:
    told = {"text": ["{{ $.stepOutputs.Wait.action }} because {{ $.stepOutputs.Wait.reason }}"]}
    tell = step("Tell", "RunCommand", {**INSTANCE, "documentName": "AWS-Say", "parameters": told})
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, WAIT, tell))
    send(client, waiting(client)[0], "RESUME", reason="it is green")
    assert inputs_of(client, arn, "Tell")["parameters"] == {"text": ["RESUME because it is green"]}


def test_without_a_reason_there_is_none(client: Any) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    send(client, waiting(client)[0], "RESUME")
    assert all_steps_of(client, arn)["Wait"]["outputs"] == '{"action": "RESUME"}'


def test_the_inputs_of_what_waits(client: Any) -> None:
    payload = json.dumps({"image": "{{ $.imagebuilder.imageName }}"})
    arn = build_with(
        client, BUILD, create_workflow(client, "TEST", step("Wait", "WaitForAction", {"payload": payload}))
    )
    assert inputs_of(client, arn, "Wait") == {"payload": '{"image": "web server"}'}


# ---- stopped ----


@pytest.mark.parametrize(
    ("members", "sentence", "outputs"),
    [
        ({"reason": "Not on a Friday."}, "Not on a Friday.", {"action": "STOP", "reason": "Not on a Friday."}),
        ({}, "The workflow was stopped.", {"action": "STOP"}),
    ],
)
def test_a_build_is_stopped(client: Any, members: dict[str, str], sentence: str, outputs: dict[str, str]) -> None:
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, WAIT, CREATE))
    send(client, waiting(client)[0], "STOP", **members)
    (execution,) = executions_of(client, arn)
    state = state_of(client, arn)
    assert (state["status"], state["failureContext"]["failedStep"]) == ("FAILED", "Wait")
    assert state["reason"] == (
        f"Workflow Execution ID: '{execution['workflowExecutionId']}' failed with reason: {sentence}"
    )
    assert statuses(client, arn) == [("BUILD", "ROLLBACK_COMPLETED", [DONE, "FAILED", "PENDING"])]
    wait = all_steps_of(client, arn)["Wait"]
    assert (wait["message"], json.loads(wait["outputs"])) == (sentence, outputs)
    assert waiting(client) == own_amis() == []


def test_a_step_is_stopped_that_continues(client: Any) -> None:
    gate = {**WAIT, "onFailure": "Continue"}
    if_stopped = {"stringEquals": "STOP", "value": "$.stepOutputs.Wait.action"}
    end = step("End", "TerminateInstance", INSTANCE, if_=if_stopped)
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, gate, end))
    send(client, waiting(client)[0], "STOP")
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert statuses(client, arn)[1] == ("TEST", DONE, [DONE, "FAILED", DONE])


# ---- refused ----


def test_actions_that_are_refused(client: Any) -> None:
    workflow = create_workflow(client, "TEST", LAUNCH, WAIT)
    arn, other = (build_with(client, BUILD, workflow) for _ in range(2))
    first, second = waiting(client)
    with invalid(
        "imageBuildVersionArn",
        f"The workflow step execution '{first['stepExecutionId']}' is not one of the image '{other}'.",
    ):
        send(client, {**first, "imageBuildVersionArn": other}, "RESUME")
    launch = all_steps_of(client, arn)["Launch"]["stepExecutionId"]
    with invalid("stepExecutionId", f"The workflow step execution '{launch}' is not waiting for an action."):
        send(client, {**first, "stepExecutionId": launch}, "RESUME")
    send(client, first, "RESUME")
    for action in ("RESUME", "STOP"):
        with invalid(
            "stepExecutionId", f"The workflow step execution '{first['stepExecutionId']}' is not waiting for an action."
        ):
            send(client, first, action)
    assert waiting(client) == [second]


def test_the_same_token_answers_once(client: Any) -> None:
    build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    (step_,) = waiting(client)
    answers = [send(client, step_, "RESUME", clientToken="once") for _ in range(2)]
    assert answers[0]["stepExecutionId"] == answers[1]["stepExecutionId"]


def test_a_build_that_is_cancelled_waits_no_longer(client: Any) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, WAIT, TERMINATE))
    (step_,) = waiting(client)
    client.cancel_image_creation(imageBuildVersionArn=arn)
    assert state_of(client, arn) == {"status": "CANCELLED"}
    assert waiting(client) == []
    assert statuses(client, arn)[1] == ("TEST", "CANCELLED", [DONE, "CANCELLED", "PENDING"])
    with invalid(
        "stepExecutionId", f"The workflow step execution '{step_['stepExecutionId']}' is not waiting for an action."
    ):
        send(client, step_, "RESUME")


# ---- several ----


def test_several_waits_in_a_row(client: Any) -> None:
    second, third = ({**WAIT, "name": f"Wait{n}"} for n in (2, 3))
    arn = build_with(client, BUILD, create_workflow(client, "TEST", WAIT, second, third))
    for name in ("Wait", "Wait2", "Wait3"):
        (step_,) = waiting(client)
        assert step_["name"] == name
        send(client, step_, "RESUME")
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_a_group_waits_for_all_of_its_own(client: Any) -> None:
    gates = [create_workflow(client, "TEST", LAUNCH, WAIT, TERMINATE, name=f"gate-{n}") for n in range(2)]
    free = create_workflow(client, "TEST", LAUNCH, TERMINATE, name="free")
    entries = [{"workflowArn": workflow, "parallelGroup": "Smoke"} for workflow in (*gates, free)]
    arn = build_with(client, BUILD, *entries, TEST)
    assert [status for _, status, _ in statuses(client, arn)] == [DONE, "RUNNING", "RUNNING", DONE]
    first, second = waiting(client)
    send(client, second, "RESUME")
    assert [status for _, status, _ in statuses(client, arn)] == [DONE, "RUNNING", DONE, DONE]
    send(client, first, "RESUME")
    assert [status for _, status, _ in statuses(client, arn)] == [DONE] * 5
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_no_more_than_five_of_a_group_run_at_a_time(client: Any) -> None:
    gates = [create_workflow(client, "TEST", WAIT, name=f"gate-{n}") for n in range(7)]
    arn = build_with(client, BUILD, *({"workflowArn": gate, "parallelGroup": "Smoke"} for gate in gates))
    assert len(waiting(client)) == len(executions_of(client, arn)) - 1 == 5
    send(client, waiting(client)[0], "RESUME")
    assert [step["workflowBuildVersionArn"] for step in waiting(client)] == gates[1:6]
    for _ in range(6):
        send(client, waiting(client)[0], "RESUME")
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_a_stop_in_a_group_cancels_what_waits_beside_it(client: Any) -> None:
    gates = [create_workflow(client, "TEST", LAUNCH, WAIT, name=f"gate-{n}") for n in range(2)]
    arn = build_with(client, BUILD, *({"workflowArn": gate, "parallelGroup": "Smoke"} for gate in gates))
    send(client, waiting(client)[1], "STOP")
    assert state_of(client, arn)["status"] == "FAILED"
    assert [status for _, status, _ in statuses(client, arn)] == [DONE, "CANCELLED", "ROLLBACK_COMPLETED"]
    assert waiting(client) == []


# ---- time ----


@pytest.mark.parametrize(
    ("members", "seconds"),
    [({"timeoutSeconds": 3600}, 3600), ({}, 3 * 24 * 3600), ({"timeoutSeconds": 604800}, 604800)],
)
@pytest.mark.parametrize("progression", ["immediate", "manual"])
def test_nobody_answers(
    client: Any, mocked: Control, clock: Clock, members: dict[str, int], seconds: int, progression: Any
) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, {**WAIT, **members}))
    mocked.progress(progression)
    (step_,) = waiting(client)
    clock(seconds - 1)
    assert waiting(client) == [step_]
    clock(1)
    assert waiting(client) == []
    with invalid(
        "stepExecutionId", f"The workflow step execution '{step_['stepExecutionId']}' is not waiting for an action."
    ):
        send(client, step_, "RESUME")
    state = get_image(client, arn)["state"]
    assert state["status"] == "FAILED"
    assert state["reason"].endswith(f"failed with reason: No action was sent to the waiting step in {seconds} seconds.")
    wait = all_steps_of(client, arn)["Wait"]
    assert (wait["status"], wait["startTime"]) == ("FAILED", step_["startTime"])
    assert wait["endTime"] > wait["startTime"]


def test_nobody_answers_and_nobody_looks(client: Any, clock: Clock) -> None:
    """What would have happened in between has happened, at its time."""
    waits = [{**WAIT, "name": f"Wait{n}", "onFailure": "Continue", "timeoutSeconds": 60} for n in range(3)]
    arn = build_with(client, BUILD, create_workflow(client, "TEST", *waits))
    clock(1000)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    times = [
        (step["startTime"][14:19], step["endTime"][14:19])
        for name, step in all_steps_of(client, arn).items()
        if name.startswith("Wait")
    ]
    assert times == [("00:00", "01:00"), ("01:00", "02:00"), ("02:00", "03:00")]


def test_a_build_goes_on_one_observation_after_its_approval(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, WAIT, CREATE), TEST)
    assert [state_of(client, arn)["status"] for _ in range(2)] == ["CREATING", "BUILDING"]
    assert waiting(client) == []
    assert [state_of(client, arn)["status"] for _ in range(3)] == ["BUILDING"] * 3
    send(client, waiting(client)[0], "RESUME")
    assert statuses(client, arn) == [("BUILD", "RUNNING", [DONE, DONE, "PENDING"])]
    assert [state_of(client, arn)["status"] for _ in range(2)] == ["TESTING", "AVAILABLE"]


def test_the_rest_of_a_stage_takes_as_long_as_a_stage(client: Any, mocked: Control, clock: Clock) -> None:
    mocked.progress("time", seconds=60)
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, WAIT, CREATE, TERMINATE))
    clock(180)
    (step_,) = waiting(client)
    assert step_["startTime"] == "2026-03-01T12:03:00.250Z"
    clock(1000)
    send(client, step_, "RESUME")
    clock(59)
    assert state_of(client, arn) == {"status": "BUILDING"}
    clock(1)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    steps = all_steps_of(client, arn)
    assert steps["Wait"]["endTime"] == steps["Create"]["startTime"] == "2026-03-01T12:19:40.250Z"
    assert steps["Create"]["endTime"] == steps["Terminate"]["startTime"] == "2026-03-01T12:20:10.250Z"


def test_a_waiting_build_is_not_advanced(client: Any, mocked: Control) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    assert mocked.advance(arn) == "TESTING"
    with pytest.raises(ValueError, match="does not come to AVAILABLE"):
        mocked.advance(arn, to="AVAILABLE")


def test_a_step_that_waits_is_made_to_fail(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING", step="Wait", reason="The topic is gone.")
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, WAIT))
    assert state_of(client, arn)["reason"] == "The topic is gone."
    assert waiting(client) == []


def test_other_builds_do_not_wait(client: Any) -> None:
    build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    assert state_of(client, create_image(client)) == {"status": "AVAILABLE"}
