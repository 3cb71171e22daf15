"""Workflow executions, their steps and those that wait: what the operations answer, page by page, and what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mock_imagebuilder import Control, mock_imagebuilder

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, create_infrastructure, create_recipe, managed_workflow
from ..builds.workflow_runs import (
    INSTANCE,
    LAUNCH,
    WAIT,
    Step,
    all_steps_of,
    build_with,
    create_workflow,
    executions_of,
    step,
    steps_of,
)
from ..conftest import ACCOUNT
from ..errors import refused
from ..images import client_of, create_image, import_image
from ..refusals import invalid, not_found

BUILD = managed_workflow("build/build-image")
IMAGE = f"{ACCOUNT_BASE}:image/web-server/1.0.0/1"
UNKNOWN = "01234567-89ab-4cde-8f01-23456789abcd"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def without_metadata(answer: Any) -> Any:
    """An answer without what is different in every answer."""
    request_id = answer.pop("ResponseMetadata")["RequestId"]
    assert answer.pop("requestId", request_id) == request_id
    return answer


# ---- Get ----


def test_get_workflow_execution(client: Any) -> None:
    arn = create_image(client)
    for entry in executions_of(client, arn):
        answer = without_metadata(client.get_workflow_execution(workflowExecutionId=entry["workflowExecutionId"]))
        # Only lists tell of retries, only Get tells of the image.
        assert entry.pop("retried") is False
        assert answer == {**entry, "imageBuildVersionArn": arn}


def test_get_workflow_step_execution(client: Any) -> None:
    arn = create_image(client)
    build, _ = executions_of(client, arn)
    for entry in steps_of(client, build):
        answer = without_metadata(client.get_workflow_step_execution(stepExecutionId=entry["stepExecutionId"]))
        assert answer == {
            **entry,
            "workflowBuildVersionArn": f"{MANAGED_BASE}:workflow/build/build-image/1.0.3/1",
            "workflowExecutionId": build["workflowExecutionId"],
            "imageBuildVersionArn": arn,
            "onFailure": "Continue" if entry["action"] == "TerminateInstance" else "Abort",
            "timeoutSeconds": answer["timeoutSeconds"],
            "attemptNumber": 1,
            "maxAttempts": 1,
        }


@pytest.mark.parametrize(
    ("written", "on_failure", "seconds"),
    [
        (LAUNCH, "Abort", 4500),
        ({**LAUNCH, "onFailure": "Continue", "timeoutSeconds": 600}, "Continue", 600),
        (step("Launch", "WaitForAction"), "Abort", 259200),
        (step("Launch", "RegisterImage"), "Abort", 32400),
    ],
)
def test_the_settings_of_a_step(client: Any, written: Step, on_failure: str, seconds: int) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", {**written, "description": "The first step"}))
    entry = all_steps_of(client, arn)["Launch"]
    assert entry["description"] == "The first step"
    answer = client.get_workflow_step_execution(stepExecutionId=entry["stepExecutionId"])
    assert (answer["description"], answer["onFailure"], answer["timeoutSeconds"]) == (
        "The first step",
        on_failure,
        seconds,
    )


def test_a_long_description_is_cut(client: Any) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", {**LAUNCH, "description": "x" * 1024}))
    assert all_steps_of(client, arn)["Launch"]["description"] == "x" * 500


def test_inputs_are_json_as_the_service_writes_it(client: Any) -> None:
    run = step("Run", "RunCommand", {**INSTANCE, "documentName": "AWS-Say", "parameters": {"a": ["b", "ä"]}})
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, run))
    text = all_steps_of(client, arn)["Run"]["inputs"]
    assert text == json.dumps(json.loads(text))
    assert '"parameters": {"a": ["b", "\\u00e4"]}' in text


# ---- lists and their pages ----


def test_an_imported_image_has_no_executions(client: Any) -> None:
    arn = import_image(client)
    answer = without_metadata(client.list_workflow_executions(imageBuildVersionArn=arn))
    assert answer == {"workflowExecutions": [], "imageBuildVersionArn": arn}


def test_pages_of_executions(client: Any) -> None:
    tests = [create_workflow(client, "TEST", LAUNCH, name=f"test-{number}") for number in range(4)]
    arn = build_with(client, BUILD, *tests)
    everything = executions_of(client, arn)
    assert [run["workflowBuildVersionArn"] for run in everything][1:] == tests
    pages: list[list[Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = client.list_workflow_executions(imageBuildVersionArn=arn, maxResults=2, **token)
        pages.append(answer["workflowExecutions"])
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [run for page in pages for run in page] == everything


def test_pages_of_steps(client: Any) -> None:
    build, _ = executions_of(client, create_image(client))
    everything = steps_of(client, build)
    first = client.list_workflow_step_executions(workflowExecutionId=build["workflowExecutionId"], maxResults=5)
    second = client.list_workflow_step_executions(
        workflowExecutionId=build["workflowExecutionId"], maxResults=5, nextToken=first["nextToken"]
    )
    assert "nextToken" not in second
    assert first["steps"] + second["steps"] == everything
    assert {answer["workflowBuildVersionArn"] for answer in (first, second)} == {build["workflowBuildVersionArn"]}
    assert {answer["imageBuildVersionArn"] for answer in (first, second)} == {IMAGE}


def test_a_token_is_for_its_own_list(client: Any) -> None:
    arn = create_image(client)
    build, test = executions_of(client, arn)
    token = client.list_workflow_step_executions(workflowExecutionId=build["workflowExecutionId"], maxResults=1)[
        "nextToken"
    ]
    for call, request in (
        (client.list_workflow_step_executions, {"workflowExecutionId": test["workflowExecutionId"]}),
        (client.list_workflow_executions, {"imageBuildVersionArn": arn}),
        (client.list_waiting_workflow_steps, {}),
    ):
        with refused("InvalidPaginationTokenException", 400, "The provided pagination token is not valid."):
            call(**request, nextToken=token, maxResults=1)


# ---- what waits ----


def test_nothing_waits(client: Any) -> None:
    create_image(client)
    answer = client.list_waiting_workflow_steps()
    assert answer["steps"] == []
    assert "requestId" not in answer


def test_pages_of_waiting_steps(client: Any) -> None:
    workflow = create_workflow(client, "TEST", LAUNCH, WAIT)
    images = [build_with(client, BUILD, workflow) for _ in range(5)]
    first = client.list_waiting_workflow_steps(maxResults=2)
    assert [entry["imageBuildVersionArn"] for entry in first["steps"]] == images[:2]
    # A step that is answered between two pages neither hides another one nor shows it twice.
    answered = first["steps"][1]
    client.send_workflow_step_action(
        stepExecutionId=answered["stepExecutionId"], imageBuildVersionArn=images[1], action="RESUME"
    )
    second = client.list_waiting_workflow_steps(maxResults=2, nextToken=first["nextToken"])
    assert [entry["imageBuildVersionArn"] for entry in second["steps"]] == images[2:4]
    third = client.list_waiting_workflow_steps(maxResults=2, nextToken=second["nextToken"])
    assert [entry["imageBuildVersionArn"] for entry in third["steps"]] == images[4:]
    assert "nextToken" not in third


def test_waiting_steps_belong_to_an_account_and_a_region(client: Any) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    (entry,) = client.list_waiting_workflow_steps()["steps"]
    for stranger in (client_of("imagebuilder", region="eu-west-1"), client_of("imagebuilder", "111111111111")):
        assert stranger.list_waiting_workflow_steps()["steps"] == []
        with not_found("WorkflowStepExecution", entry["stepExecutionId"]):
            stranger.send_workflow_step_action(
                stepExecutionId=entry["stepExecutionId"], imageBuildVersionArn=arn, action="RESUME"
            )


def test_what_waits_is_forgotten_with_the_mock(client: Any) -> None:
    build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    mock_imagebuilder().reset()
    assert client.list_waiting_workflow_steps()["steps"] == []


# ---- refused ----


def test_unknown_ids(client: Any) -> None:
    create_image(client)
    execution, step_ = f"wf-{UNKNOWN}", f"step-{UNKNOWN}"
    for call in (client.get_workflow_execution, client.list_workflow_step_executions):
        with not_found("WorkflowExecution", execution):
            call(workflowExecutionId=execution)
    with not_found("WorkflowStepExecution", step_):
        client.get_workflow_step_execution(stepExecutionId=step_)
    with not_found("WorkflowStepExecution", step_):
        client.send_workflow_step_action(stepExecutionId=step_, imageBuildVersionArn=IMAGE, action="STOP")
    unknown = f"{ACCOUNT_BASE}:image/web-server/1.0.0/2"
    with not_found("Image", unknown):
        client.list_workflow_executions(imageBuildVersionArn=unknown)


def test_ids_that_are_nearly_right(client: Any) -> None:
    """The id of a step is none of an execution, nor the other way round."""
    build, _ = executions_of(client, create_image(client))
    step_id = steps_of(client, build)[0]["stepExecutionId"]
    with not_found("WorkflowExecution", step_id.replace("step-", "wf-")):
        client.get_workflow_execution(workflowExecutionId=step_id.replace("step-", "wf-"))
    execution_id = build["workflowExecutionId"]
    with not_found("WorkflowStepExecution", execution_id.replace("wf-", "step-")):
        client.get_workflow_step_execution(stepExecutionId=execution_id.replace("wf-", "step-"))
    upper = execution_id.removeprefix("wf-").upper()
    with not_found("WorkflowExecution", f"wf-{upper}"):
        client.get_workflow_execution(workflowExecutionId=f"wf-{upper}")


def test_malformed_ids(client: Any) -> None:
    hexadecimal = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
    with invalid("workflowExecutionId", f"workflowExecutionId must match pattern ^wf-{hexadecimal}"):
        client.get_workflow_execution(workflowExecutionId=UNKNOWN)
    with invalid("stepExecutionId", f"stepExecutionId must match pattern ^step-{hexadecimal}"):
        client.get_workflow_step_execution(stepExecutionId=f"wf-{UNKNOWN}")


def test_the_history_goes_with_the_image(client: Any) -> None:
    arn = create_image(client)
    build, _ = executions_of(client, arn)
    step_id = steps_of(client, build)[0]["stepExecutionId"]
    client.delete_image(imageBuildVersionArn=arn)
    with not_found("Image", arn):
        client.list_workflow_executions(imageBuildVersionArn=arn)
    with not_found("WorkflowExecution", build["workflowExecutionId"]):
        client.get_workflow_execution(workflowExecutionId=build["workflowExecutionId"])
    with not_found("WorkflowStepExecution", step_id):
        client.get_workflow_step_execution(stepExecutionId=step_id)


def test_the_action_is_one_of_two(client: Any) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    (entry,) = client.list_waiting_workflow_steps()["steps"]
    with invalid("action", "action must be one of: RESUME, STOP"):
        client.send_workflow_step_action(
            stepExecutionId=entry["stepExecutionId"], imageBuildVersionArn=arn, action="CONTINUE"
        )
    assert len(client.list_waiting_workflow_steps()["steps"]) == 1


def test_to_look_does_not_let_a_build_go_on(client: Any, mocked: Control) -> None:
    """Only looking at the image does."""
    mocked.progress("manual")
    arn = create_image(client)
    for _ in range(5):
        assert executions_of(client, arn) == []
        client.list_waiting_workflow_steps()
    assert ACCOUNT in arn
    assert client.get_image(imageBuildVersionArn=arn)["image"]["state"]["status"] == "CREATING"
