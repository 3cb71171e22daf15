"""Builds of every kind that are cancelled, fail, are deleted and are retried, in each of their stages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mock_imagebuilder import Control

from ..errors import refused
from ..images import get_image, state_of
from ..refusals import depended_on, invalid, not_found
from .clocks import Clock, time_machine_clock
from .kinds import ALL_STAGES, KINDS, arrange, everything_left, regions_of_outputs, runs_of
from .listeners import create_queue, create_rule, create_topic, received, states_in, subscribe
from .workflow_runs import executions_of, steps_of

#: Stages to which a build can return.
RETRIED = ("TESTING", "DISTRIBUTING", "INTEGRATING")
#: What of ``failureContext`` there is if a step of a workflow has failed.
OF_WORKFLOW = {"imageStatus", "workflowExecutionId", "workflowArn", "stepExecutionId", "failedStep"}

STAGES = [(name, stage) for name, stage in ALL_STAGES if KINDS[name].is_known]

every_stage = pytest.mark.parametrize(("name", "stage"), STAGES)


def is_retried(name: str, stage: str) -> bool:
    """Whether a build of this kind can return to the stage in which it has stopped."""
    return stage in RETRIED and not KINDS[name].is_container


@dataclass
class Ears:
    """Who hears of builds: the queues behind a rule of EventBridge and behind the topic."""

    events: str
    topic: str

    def changes(self) -> list[tuple[str, str]]:
        """The changes of state that were told of since somebody last asked."""
        return states_in(received(self.events))

    def messages(self) -> list[str]:
        """The statuses in messages to the topic since somebody last asked."""
        bodies = [json.loads(notification["Message"]) for notification in received(self.topic)]
        return [body["state"]["status"] for body in bodies]


@pytest.fixture
def clock(mocked: Control) -> Iterator[Clock]:
    with time_machine_clock() as moves:
        yield moves


@pytest.fixture
def ears(client: Any, instance_profile: str, clock: Clock) -> Ears:
    ears, topic = Ears(create_queue("events"), create_queue("messages")), create_topic()
    create_rule({"Arn": ears.events})
    subscribe(topic, ears.topic)
    arrange(client, instance_profile, topic)
    return ears


def begin(client: Any, mocked: Control, name: str, stage: str) -> str:
    """The ARN of an image of a kind that is in a stage and stays there."""
    mocked.progress("manual", times=1000)
    arn = KINDS[name].begin(client)
    assert mocked.advance(arn, to=stage) == stage
    return arn


def stop(client: Any, mocked: Control, name: str, stage: str, status: str) -> str:
    """The ARN of an image of a kind that was cancelled or has failed in a stage."""
    if status == "CANCELLED":
        arn = begin(client, mocked, name, stage)
        client.cancel_image_creation(imageBuildVersionArn=arn)
        return arn
    mocked.fail_next_build(stage)
    return KINDS[name].begin(client)


@every_stage
def test_a_build_is_cancelled(client: Any, mocked: Control, clock: Clock, ears: Ears, name: str, stage: str) -> None:
    kind = KINDS[name]
    arn = begin(client, mocked, name, stage)
    left = everything_left()
    with depended_on(arn):
        client.delete_image(imageBuildVersionArn=arn)
    with refused("ResourceInUseException", 400, f"The image '{arn}' is in the state {stage} and cannot be retried."):
        client.retry_image(imageBuildVersionArn=arn)
    assert state_of(client, arn) == {"status": stage}

    client.cancel_image_creation(imageBuildVersionArn=arn)
    assert state_of(client, arn) == {"status": "CANCELLED"}
    # Nothing of it goes on, however time passes.
    mocked.progress("time", seconds=1)
    clock(3600)
    mocked.progress("immediate")
    assert state_of(client, arn) == {"status": "CANCELLED"}
    assert everything_left() == left
    assert regions_of_outputs(client, arn) == kind.leaves_before(stage)
    assert ears.changes() == kind.changes("CANCELLED", stage)
    assert ears.messages() == []

    begun = kind.workflows_until(stage)
    statuses = ["COMPLETED"] * len(begun)
    if stage in kind.workflows:
        statuses[-1] = "CANCELLED"
        first, *others = (step["status"] for step in steps_of(client, executions_of(client, arn)[-1]))
        # Whether a step with a condition runs is not known before.
        assert first == ("PENDING" if kind.is_container and stage == "TESTING" else "CANCELLED")
        assert set(others) <= {"PENDING"}
    assert runs_of(client, arn) == [(type_, status, False) for type_, status in zip(begun, statuses, strict=True)]

    with invalid("imageBuildVersionArn", f"The image '{arn}' is in the state CANCELLED and cannot be cancelled."):
        client.cancel_image_creation(imageBuildVersionArn=arn)
    assert_not_retried_but_deleted(client, ears, name, stage, arn)


@every_stage
def test_a_build_fails(client: Any, mocked: Control, ears: Ears, name: str, stage: str) -> None:
    kind = KINDS[name]
    arn = stop(client, mocked, name, stage, "FAILED")
    state = state_of(client, arn)
    context = state["failureContext"]
    begun = kind.workflows_until(stage)
    runs = runs_of(client, arn)
    assert (state["status"], context["imageStatus"]) == ("FAILED", stage)
    assert [type_ for type_, _, _ in runs] == begun
    if stage in kind.workflows:
        execution = executions_of(client, arn)[-1]
        step = next(step for step in steps_of(client, execution) if step["status"] == "FAILED")
        assert {status for _, status, _ in runs[:-1]} <= {"COMPLETED"}
        assert runs[-1][1] in ("FAILED", "ROLLBACK_COMPLETED")
        assert context.keys() - {"componentFailure"} == OF_WORKFLOW
        assert context["workflowExecutionId"] == execution["workflowExecutionId"]
        assert context["workflowArn"] == execution["workflowBuildVersionArn"]
        assert (context["stepExecutionId"], context["failedStep"]) == (step["stepExecutionId"], step["name"])
        assert ("componentFailure" in context) == (step["name"] == "ApplyBuildComponents")
        prefix = f"Workflow Execution ID: '{execution['workflowExecutionId']}' failed with reason: "
        assert state["reason"] == prefix + step["message"]
    else:
        assert {status for _, status, _ in runs} <= {"COMPLETED"}
        assert context == {"imageStatus": stage}
        assert state["reason"] == "The build was made to fail by the test."
    assert ears.changes() == kind.changes("FAILED", stage)
    assert ears.messages() == (["FAILED"] if kind.has_topic else [])
    assert regions_of_outputs(client, arn) == kind.leaves_before(stage)
    with invalid("imageBuildVersionArn", f"The image '{arn}' is in the state FAILED and cannot be cancelled."):
        client.cancel_image_creation(imageBuildVersionArn=arn)
    assert_not_retried_but_deleted(client, ears, name, stage, arn)


def assert_not_retried_but_deleted(client: Any, ears: Ears, name: str, stage: str, arn: str) -> None:
    """A build that has stopped in a stage to which it can't return stays as it is; and all are deleted."""
    executions, left = executions_of(client, arn), everything_left()
    if not is_retried(name, stage):
        before = get_image(client, arn)
        why = f"stopped in the state {stage}, before it had an AMI, and"
        if KINDS[name].is_container:
            why = "is a container image and"
        with refused("InvalidRequestException", 400, f"The image '{arn}' {why} cannot be retried."):
            client.retry_image(imageBuildVersionArn=arn)
        assert get_image(client, arn) == before
        assert executions_of(client, arn) == executions

    client.delete_image(imageBuildVersionArn=arn)
    with not_found("Image", arn):
        get_image(client, arn)
    with not_found("Image", arn):
        client.list_workflow_executions(imageBuildVersionArn=arn)
    for execution in executions:
        id_ = execution["workflowExecutionId"]
        with not_found("WorkflowExecution", id_):
            client.get_workflow_execution(workflowExecutionId=id_)
    # What the build has made is no image's any more, but it is there.
    assert everything_left() == left
    assert ears.changes() == []
    assert ears.messages() == []


@pytest.mark.parametrize("status", ["CANCELLED", "FAILED"])
@pytest.mark.parametrize(("name", "stage"), [each for each in STAGES if is_retried(*each)])
def test_a_build_is_retried(client: Any, mocked: Control, ears: Ears, name: str, stage: str, status: str) -> None:
    kind = KINDS[name]
    arn = stop(client, mocked, name, stage, status)
    runs = runs_of(client, arn)
    ears.changes(), ears.messages()
    mocked.progress("immediate")
    client.retry_image(imageBuildVersionArn=arn)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    later = kind.stages[kind.stages.index(stage) :]
    assert ears.changes() == [(status, stage), *zip(later, [*later[1:], "AVAILABLE"], strict=True)]
    assert ears.messages() == (["AVAILABLE"] if kind.has_topic else [])
    assert regions_of_outputs(client, arn) == kind.leaves_before("AVAILABLE")
    # The stage's workflows run again, and those of later stages for the first time.
    superseded = kind.workflows.get(stage)
    assert runs_of(client, arn) == [
        *((type_, ended, type_ == superseded) for type_, ended, _ in runs),
        *((kind.workflows[each], "COMPLETED", False) for each in later if each in kind.workflows),
    ]
    with refused("InvalidRequestException", 400, f"The image '{arn}' is in the state AVAILABLE and cannot be retried."):
        client.retry_image(imageBuildVersionArn=arn)
