"""Steps that fail: what becomes of the steps after them, of their workflow, and of the image."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    MANAGED_BASE,
    create_distribution,
    create_infrastructure,
    create_recipe,
    managed_workflow,
)
from ..conftest import REGION
from ..images import create_image, output_amis, own_amis, state_of
from ..resources.components import component_document, create_component
from .workflow_runs import (
    CREATE,
    INSTANCE,
    LAUNCH,
    TERMINATE,
    all_steps_of,
    build_with,
    create_workflow,
    executions_of,
    statuses,
    step,
    steps_of,
)

BUILD, TEST = managed_workflow("build/build-image"), managed_workflow("test/test-image")
DONE = "COMPLETED"
#: A step that fails by itself: the account has no such command document.
BREAK = step("Break", "RunCommand", {**INSTANCE, "documentName": "Company-Harden"})
BROKEN = (
    "An error occurred (InvalidDocument) when calling the SendCommand operation: "
    "Document with name Company-Harden does not exist in workflow step Break"
)


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


# ---- by themselves ----


def test_a_step_that_aborts(client: Any) -> None:
    workflow = create_workflow(client, "BUILD", LAUNCH, BREAK, CREATE, TERMINATE)
    arn = build_with(client, workflow)
    (execution,) = executions_of(client, arn)
    steps = steps_of(client, execution)
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": f"Workflow Execution ID: '{execution['workflowExecutionId']}' failed with reason: {BROKEN}",
        "failureContext": {
            "imageStatus": "BUILDING",
            "workflowExecutionId": execution["workflowExecutionId"],
            "workflowArn": workflow,
            "stepExecutionId": steps[1]["stepExecutionId"],
            "failedStep": "Break",
        },
    }
    # The instance that was launched is terminated again.
    assert statuses(client, arn) == [("BUILD", "ROLLBACK_COMPLETED", [DONE, "FAILED", "PENDING", "PENDING"])]
    assert steps[0]["rollbackStatus"] == DONE
    assert (execution["message"], execution["totalStepsFailed"]) == (BROKEN, 1)
    failed = steps[1]
    assert "rollbackStatus" not in failed
    assert failed["message"] == BROKEN
    assert json.loads(failed["outputs"]) == BROKEN
    assert json.loads(failed["inputs"])["documentName"] == "Company-Harden"
    assert own_amis() == output_amis(client, arn) == []


def test_the_reason_is_the_message_of_the_list(client: Any) -> None:
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, BREAK))
    answer = client.list_workflow_executions(imageBuildVersionArn=arn)
    assert answer["message"] == state_of(client, arn)["reason"]
    good = create_image(client)
    assert "message" not in client.list_workflow_executions(imageBuildVersionArn=good)


def test_a_step_that_continues(client: Any) -> None:
    workflow = create_workflow(client, "BUILD", LAUNCH, {**BREAK, "onFailure": "Continue"}, CREATE, TERMINATE)
    arn = build_with(client, workflow)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert statuses(client, arn) == [("BUILD", DONE, [DONE, "FAILED", DONE, DONE])]
    (execution,) = executions_of(client, arn)
    counts = [execution[f"totalSteps{name}"] for name in ("Succeeded", "Failed", "Skipped")]
    assert (counts, "message" in execution) == ([3, 1, 0], False)


def test_the_outputs_of_what_has_failed_or_was_skipped_stand_for_nothing(client: Any) -> None:
    skipped = step("Skipped", "WaitForSSMAgent", INSTANCE, if_={"numberEquals": 1, "value": 2})
    use = step(
        "Use",
        "RunCommand",
        {**INSTANCE, "documentName": "AWS-Say", "parameters": {"x": ["{{ $.stepOutputs.Skipped.status }}"]}},
    )
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, skipped, use))
    assert state_of(client, arn)["reason"].endswith(
        "The dynamic value '$.stepOutputs.Skipped.status' has no value in workflow step Use"
    )
    assert "inputs" not in all_steps_of(client, arn)["Use"]


def test_outputs_of_a_workflow_that_stand_for_nothing_are_left_out(client: Any) -> None:
    skipped = step("Skipped", "WaitForSSMAgent", INSTANCE, if_={"numberEquals": 1, "value": 2})
    outputs = [{"name": "Agent", "value": "$.stepOutputs.Skipped.status"}]
    build = create_workflow(client, "BUILD", LAUNCH, skipped, CREATE, outputs=outputs)
    use = step("Use", "RunCommand", {**INSTANCE, "documentName.$": "$.workflowOutputs.Agent"})
    arn = build_with(client, build, create_workflow(client, "TEST", LAUNCH, use, name="use"))
    assert state_of(client, arn)["failureContext"]["failedStep"] == "Use"


def test_a_condition_that_can_not_be_evaluated(client: Any) -> None:
    odd = step("Odd", "TerminateInstance", INSTANCE, if_={"numberEquals": 1, "value": "$.imagebuilder.imageName"})
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, odd))
    assert state_of(client, arn)["failureContext"]["failedStep"] == "Odd"
    assert state_of(client, arn)["reason"].endswith("'web server', which is no number in workflow step Odd")


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (
            {**INSTANCE, "documentName.$": "$.parameters.list"},
            "The input 'documentName' of action RunCommand must be text",
        ),
        (
            {**INSTANCE, "documentName": "AWS-Say", "parameters": {"a.$": "$.imagebuilder.imageName"}},
            "The input 'parameters' of action RunCommand must be a map of lists of texts",
        ),
        (
            {"instanceId.$": "$.parameters.list", "documentName": "AWS-Say"},
            "The input 'instanceId' of action RunCommand must be text",
        ),
    ],
)
def test_a_dynamic_value_of_another_type(client: Any, inputs: dict[str, Any], sentence: str) -> None:
    parameters = [{"name": "list", "type": "stringList", "default": ["one", "two"]}]
    workflow = create_workflow(client, "TEST", LAUNCH, step("Run", "RunCommand", inputs), parameters=parameters)
    arn = build_with(client, BUILD, workflow)
    assert state_of(client, arn)["reason"].endswith(f"failed with reason: {sentence} in workflow step Run")
    assert "inputs" in all_steps_of(client, arn)["Run"]


# ---- rollback ----


@pytest.mark.parametrize(
    ("members", "infrastructure", "status", "rollback"),
    [
        ({}, {}, "ROLLBACK_COMPLETED", DONE),
        ({}, {"terminateInstanceOnFailure": True}, "ROLLBACK_COMPLETED", DONE),
        ({}, {"terminateInstanceOnFailure": False}, "FAILED", "SKIPPED"),
        ({"rollbackEnabled": False}, {}, "FAILED", "SKIPPED"),
        ({"rollbackEnabled": "$.imagebuilder.terminateInstanceOnFailure"}, {}, "ROLLBACK_COMPLETED", DONE),
        ({"rollbackEnabled": "$.imagebuilder.subnetId"}, {}, "ROLLBACK_COMPLETED", DONE),
    ],
)
def test_rollback(
    client: Any,
    instance_profile: str,
    members: dict[str, Any],
    infrastructure: dict[str, Any],
    status: str,
    rollback: str,
) -> None:
    client.create_infrastructure_configuration(name="other", instanceProfileName=instance_profile, **infrastructure)
    workflow = create_workflow(client, "BUILD", {**LAUNCH, **members}, BREAK)
    arn = build_with(
        client, workflow, infrastructureConfigurationArn=f"{ACCOUNT_BASE}:infrastructure-configuration/other"
    )
    (execution,) = executions_of(client, arn)
    assert execution["status"] == status
    assert all_steps_of(client, arn)["Launch"]["rollbackStatus"] == rollback


def test_metadata_that_was_collected_is_rolled_back_too(client: Any) -> None:
    collect = step("Collect", "CollectImageMetadata", INSTANCE)
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, collect, CREATE, BREAK))
    steps = all_steps_of(client, arn)
    assert {name: step.get("rollbackStatus") for name, step in steps.items()} == {
        "Launch": DONE,
        "Collect": DONE,
        "Create": None,
        "Break": None,
    }
    # What has no rollback stays.
    assert len(own_amis()) == 1


def test_nothing_to_roll_back(client: Any) -> None:
    break_first = {**BREAK, "inputs": {"instanceId": "i-0123456789abcdef0", "documentName": "AWS-Say"}}
    arn = build_with(client, create_workflow(client, "BUILD", break_first, CREATE | {"inputs": {"instanceId": "i-1"}}))
    assert statuses(client, arn) == [("BUILD", "FAILED", ["FAILED", "PENDING"])]
    assert state_of(client, arn)["reason"].endswith(
        "An error occurred (InvalidInstanceId) when calling the SendCommand operation: Instances "
        "[[i-0123456789abcdef0]] not in a valid state for account 123456789012 in workflow step Break"
    )


# ---- test workflows ----


def test_a_test_workflow_that_is_to_continue(client: Any) -> None:
    bad = create_workflow(client, "TEST", LAUNCH, BREAK, name="bad")
    good = create_workflow(client, "TEST", LAUNCH, TERMINATE, name="good")
    arn = build_with(client, BUILD, {"workflowArn": bad, "onFailure": "CONTINUE"}, good)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert [status for _, status, _ in statuses(client, arn)] == [DONE, "ROLLBACK_COMPLETED", DONE]
    assert executions_of(client, arn)[1]["message"] == BROKEN


@pytest.mark.parametrize("entry", [{}, {"onFailure": "ABORT"}])
def test_a_test_workflow_that_ends_the_build(client: Any, entry: dict[str, str]) -> None:
    bad = create_workflow(client, "TEST", LAUNCH, BREAK, name="bad")
    arn = build_with(client, BUILD, {"workflowArn": bad, **entry}, TEST)
    assert state_of(client, arn)["failureContext"]["imageStatus"] == "TESTING"
    # The one after it has not begun.
    assert [status for _, status, _ in statuses(client, arn)] == [DONE, "ROLLBACK_COMPLETED"]
    assert len(output_amis(client, arn)) == 1


def test_the_others_of_a_group_run_nevertheless(client: Any) -> None:
    bad = create_workflow(client, "TEST", LAUNCH, BREAK, name="bad")
    good = create_workflow(client, "TEST", LAUNCH, TERMINATE, name="good")
    entries = [{"workflowArn": workflow, "parallelGroup": "Smoke"} for workflow in (bad, good)]
    arn = build_with(client, BUILD, *entries)
    assert state_of(client, arn)["status"] == "FAILED"
    assert [status for _, status, _ in statuses(client, arn)] == [DONE, "ROLLBACK_COMPLETED", DONE]


# ---- made to fail ----


def test_a_component_that_is_made_to_fail(client: Any, mocked: Control) -> None:
    mocked.fail_next_build()
    arn = create_image(client)
    (execution,) = executions_of(client, arn)
    failed = steps_of(client, execution)[1]
    component = f"{MANAGED_BASE}:component/update-linux/1.0.2/1"
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": f"Workflow Execution ID: '{execution['workflowExecutionId']}' failed with reason: "
        f"Document {component} failed!",
        "failureContext": {
            "imageStatus": "BUILDING",
            "workflowExecutionId": execution["workflowExecutionId"],
            "workflowArn": execution["workflowBuildVersionArn"],
            "stepExecutionId": failed["stepExecutionId"],
            "failedStep": "ApplyBuildComponents",
            "componentFailure": {
                "componentArn": component,
                "phaseName": "build",
                "stepName": "StandIn",
                "action": "ExecuteBash",
                "errorMessage": "exit status 1",
            },
        },
    }
    outputs = json.loads(failed["outputs"])
    assert outputs == {
        "status": "Failed",
        "output": f"Document {component} failed!",
        "runCommandId": outputs["runCommandId"],
    }
    assert [step["status"] for step in steps_of(client, execution)] == [DONE, "FAILED", *["PENDING"] * 5]


def test_the_reason_is_that_of_the_test(client: Any, mocked: Control) -> None:
    mocked.fail_next_build(reason="The disk is full.")
    arn = create_image(client)
    state = state_of(client, arn)
    assert state["reason"] == "The disk is full."
    assert state["failureContext"]["componentFailure"]["errorMessage"] == "The disk is full."
    (execution,) = executions_of(client, arn)
    assert execution["message"] == "The disk is full."


@pytest.mark.parametrize(
    ("stage", "name", "position"),
    [
        ("BUILDING", "LaunchBuildInstance", 0),
        ("BUILDING", "ApplyBuildComponents", 1),
        ("BUILDING", "CreateOutputAMI", 5),
        ("TESTING", "LaunchTestInstance", 0),
        # It has nothing to do here, and fails nevertheless.
        ("TESTING", "ApplyTestComponents", 2),
    ],
)
def test_a_step_that_is_made_to_fail(client: Any, mocked: Control, stage: str, name: str, position: int) -> None:
    mocked.fail_next_build(stage, step=name)
    arn = create_image(client)
    state = state_of(client, arn)
    execution = executions_of(client, arn)[-1]
    assert state["failureContext"]["failedStep"] == name
    assert state["failureContext"]["imageStatus"] == stage
    if "Components" not in name:
        assert state["reason"] == (
            f"Workflow Execution ID: '{execution['workflowExecutionId']}' failed with reason: "
            "The build was made to fail by the test."
        )
    assert [step["status"] for step in steps_of(client, execution)].index("FAILED") == position
    assert state_of(client, create_image(client)) == {"status": "AVAILABLE"}


def test_a_step_that_continues_is_made_to_fail(client: Any, mocked: Control) -> None:
    mocked.fail_next_build(step="TerminateBuildInstance", reason="Termination is protected.")
    arn = create_image(client)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert all_steps_of(client, arn)["TerminateBuildInstance"]["message"] == "Termination is protected."
    assert all_steps_of(client, create_image(client))["TerminateBuildInstance"]["status"] == DONE


@pytest.mark.parametrize("name", ["LaunchTestInstance", "Nothing"])
def test_a_step_that_the_stage_does_not_have_leaves_the_failure_to_the_next_build(
    client: Any, mocked: Control, name: str
) -> None:
    mocked.fail_next_build("BUILDING", step=name)
    assert state_of(client, create_image(client)) == {"status": "AVAILABLE"}
    workflow = create_workflow(
        client, "BUILD", {**LAUNCH, "name": name}, step("Create", "CreateImage", {"instanceId": "x"})
    )
    assert state_of(client, build_with(client, workflow))["failureContext"]["failedStep"] == name


def test_a_step_that_is_skipped_leaves_the_failure_to_the_next_build(client: Any, mocked: Control) -> None:
    mocked.fail_next_build(step="RunSysPrepScript")
    assert state_of(client, create_image(client)) == {"status": "AVAILABLE"}
    client.create_image_recipe(
        name="windows",
        semanticVersion="1.0.0",
        parentImage=f"{MANAGED_BASE}:image/windows-server-2022-english-full-base-x86/x.x.x",
    )
    arn = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/windows/1.0.0")
    assert state_of(client, arn)["failureContext"]["failedStep"] == "RunSysPrepScript"


def test_without_components_the_first_step_fails(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    state = state_of(client, create_image(client))
    assert state["failureContext"]["failedStep"] == "LaunchTestInstance"
    assert "componentFailure" not in state["failureContext"]


def test_of_a_test_component(client: Any, mocked: Control) -> None:
    component = create_component(client, "smoke", data=component_document(phase="test"))
    create_recipe(client, "tested", components=[{"componentArn": component}])
    mocked.fail_next_build("TESTING")
    arn = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/tested/1.0.0")
    assert state_of(client, arn)["failureContext"]["componentFailure"] == {
        "componentArn": component,
        "phaseName": "test",
        "stepName": "Run",
        "action": "ExecuteBash",
        "errorMessage": "exit status 1",
    }


def test_a_stage_without_workflow_fails_as_a_whole(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("DISTRIBUTING")
    arn = create_image(client, distributionConfigurationArn=create_distribution(client))
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": "The build was made to fail by the test.",
        "failureContext": {"imageStatus": "DISTRIBUTING"},
    }
    assert [status for _, status, _ in statuses(client, arn)] == [DONE, DONE]


# ---- long messages ----


def test_long_messages_are_cut(client: Any, mocked: Control) -> None:
    mocked.fail_next_build(step="LaunchBuildInstance", reason="x" * 2000)
    arn = create_image(client)
    answer = client.list_workflow_executions(imageBuildVersionArn=arn)
    assert answer["message"] == answer["workflowExecutions"][0]["message"] == "x" * 500
    assert all_steps_of(client, arn)["LaunchBuildInstance"]["message"] == "x" * 500
    assert state_of(client, arn)["reason"] == "x" * 1024


# ---- what has gone meanwhile ----


def test_the_output_ami_is_deregistered_before_it_is_tested(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    mocked.advance(arn, to="TESTING")
    (ami,) = output_amis(client, arn)
    ec2 = boto3.client("ec2", region_name=REGION)
    ec2.describe_images(ImageIds=[ami["image"]])
    ec2.deregister_image(ImageId=ami["image"])
    mocked.advance(arn)
    assert re.fullmatch(
        r"Workflow Execution ID: 'wf-.*' failed with reason: An error occurred \(InvalidAMIID.Unavailable\) when calling "
        rf"the RunInstances operation: The image id '\[{ami['image']}\]' is no longer available in workflow step "
        "LaunchTestInstance",
        state_of(client, arn)["reason"],
    )


def test_a_component_is_deleted_before_it_runs(client: Any, mocked: Control) -> None:
    component = create_component(client)
    recipe = create_recipe(client, "own", components=[{"componentArn": component}])
    mocked.progress("manual", times=1000)
    arn = create_image(client, imageRecipeArn=recipe)
    mocked.advance(arn, to="BUILDING")
    client.delete_image_recipe(imageRecipeArn=recipe)
    client.delete_component(componentBuildVersionArn=component)
    mocked.advance(arn)
    assert state_of(client, arn)["reason"].endswith(
        f"The following required resource 'Component' cannot be found: '{component}' "
        "in workflow step ApplyBuildComponents"
    )
