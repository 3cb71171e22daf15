"""What the step actions do: on instances, in other services, and what is for other images."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, create_infrastructure, create_recipe, managed_workflow
from ..conftest import ACCOUNT, REGION
from ..images import ami_of, get_image, output_amis, own_amis, state_of, tags_of
from ..resources.container_recipes import create as create_container_recipe
from ..resources.container_recipes import create_repository
from .containers import build as build_container
from .workflow_runs import (
    CREATE,
    INSTANCE,
    LAUNCH,
    TERMINATE,
    Step,
    all_steps_of,
    build_with,
    create_workflow,
    outputs_of,
    statuses,
    step,
)

BUILD, TEST = managed_workflow("build/build-image"), managed_workflow("test/test-image")
DONE = "COMPLETED"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:validate"

pytestmark = pytest.mark.usefixtures("outbox")


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client, description="The recipe's")
    create_infrastructure(client, instance_profile)


def build_and_run(client: Any, *steps: Step) -> str:
    """The ARN of an image that is built as usual and then tested in these steps."""
    return build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, *steps))


def failure_of(client: Any, arn: str) -> str:
    """The message of the step that has ended the build."""
    state = state_of(client, arn)
    assert state["status"] == "FAILED", state
    message: str = all_steps_of(client, arn)[state["failureContext"]["failedStep"]]["message"]
    assert state["reason"].endswith(f"failed with reason: {message}")
    return message


# ---- instances ----


NOT_FOUND = "The instance ID '{}' does not exist"
NOT_VALID = f"Instances [[{{}}]] not in a valid state for account {ACCOUNT}"
COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("RunCommand", {"documentName": "AWS-RunShellScript"}),
    ("SanitizeInstance", {}),
    ("RunSysPrep", {}),
    ("CollectImageMetadata", {}),
    ("CollectImageScanFindings", {}),
    ("WaitForSSMAgent", {}),
    ("BootstrapInstanceForContainer", {}),
]
REFUSED = [
    ("CreateImage", {}, "InvalidInstanceID.NotFound", "CreateImage", NOT_FOUND),
    *((action, inputs, "InvalidInstanceId", "SendCommand", NOT_VALID) for action, inputs in COMMANDS),
]
NO_INSTANCE = "i-0123456789abcdef0"


@pytest.mark.parametrize(
    ("action", "inputs", "code", "operation", "sentence"),
    [("TerminateInstance", {}, "InvalidInstanceID.NotFound", "TerminateInstances", NOT_FOUND), *REFUSED],
)
def test_an_instance_that_does_not_exist(
    client: Any, action: str, inputs: dict[str, Any], code: str, operation: str, sentence: str
) -> None:
    arn = build_and_run(client, step("Act", action, {"instanceId": NO_INSTANCE, **inputs}))
    assert failure_of(client, arn) == (
        f"An error occurred ({code}) when calling the {operation} operation: {sentence.format(NO_INSTANCE)} "
        "in workflow step Act"
    )


@pytest.mark.parametrize(("action", "inputs", "code", "operation", "sentence"), REFUSED)
def test_an_instance_that_is_terminated(
    client: Any, action: str, inputs: dict[str, Any], code: str, operation: str, sentence: str
) -> None:
    arn = build_and_run(client, TERMINATE, step("Act", action, {**INSTANCE, **inputs}))
    id_ = outputs_of(client, arn, "Launch")["instanceId"]
    assert failure_of(client, arn) == (
        f"An error occurred ({code}) when calling the {operation} operation: {sentence.format(id_)} in workflow step Act"
    )


def test_an_instance_of_the_account(client: Any) -> None:
    ec2 = boto3.client("ec2", region_name=REGION)
    ami = ec2.register_image(Name="by-hand")["ImageId"]
    instance = ec2.run_instances(ImageId=ami, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    arn = build_and_run(client, step("Act", "WaitForSSMAgent", {"instanceId": instance}))
    assert outputs_of(client, arn, "Act") == {"status": "Success"}


def test_another_image_to_launch(client: Any) -> None:
    ami = boto3.client("ec2", region_name=REGION).register_image(Name="by-hand")["ImageId"]
    launch = step("Again", "LaunchInstance", {"waitFor": "ssmAgent", "imageIdOverride": ami})
    assert state_of(client, build_and_run(client, launch)) == {"status": "AVAILABLE"}


def test_another_image_to_launch_that_does_not_exist(client: Any) -> None:
    launch = step("Again", "LaunchInstance", {"waitFor": "ssmAgent", "imageIdOverride": "ami-0123456789abcdef0"})
    assert failure_of(client, build_and_run(client, launch)) == (
        "An error occurred (InvalidAMIID.NotFound) when calling the RunInstances operation: "
        "The image id '[ami-0123456789abcdef0]' does not exist in workflow step Again"
    )


@pytest.mark.parametrize(
    ("name", "version", "exists"),
    [
        ("AWS-RunShellScript", None, True),
        ("arn:aws:ssm:us-east-1:222222222222:document/Shared", None, True),
        ("Company-Harden", None, True),
        ("Company-Harden", "$LATEST", True),
        ("Company-Harden", "1", True),
        ("Company-Harden", "2", False),
        ("Company-Soften", None, False),
    ],
)
def test_a_command_document(client: Any, name: str, version: str | None, exists: bool) -> None:
    content = {"schemaVersion": "2.2", "description": "Harden", "mainSteps": []}
    boto3.client("ssm", region_name=REGION).create_document(
        Name="Company-Harden", Content=json.dumps(content), DocumentType="Command"
    )
    inputs = {**INSTANCE, "documentName": name, **({} if version is None else {"documentVersion": version})}
    arn = build_and_run(client, step("Act", "RunCommand", inputs))
    assert all_steps_of(client, arn)["Act"]["status"] == (DONE if exists else "FAILED")


# ---- AMIs ----


def test_an_ami_is_registered(client: Any) -> None:
    inputs = {
        "architecture": "arm64",
        "rootDeviceName": "/dev/sda1",
        "description": "From a snapshot",
        "blockDeviceMapping": [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-1"}}],
    }
    arn = build_with(client, create_workflow(client, "BUILD", step("Register", "RegisterImage", inputs)))
    (entry,) = output_amis(client, arn)
    assert outputs_of(client, arn, "Register") == {"imageId": entry["image"]}
    assert entry["description"] == "From a snapshot"
    ami = ami_of(entry)
    assert (ami["Architecture"], ami["RootDeviceName"], ami["Description"]) == ("arm64", "/dev/sda1", "From a snapshot")
    assert tags_of(ami) == {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}


def test_an_ami_of_the_tests_is_no_output(client: Any) -> None:
    arn = build_and_run(client, CREATE)
    (entry,) = output_amis(client, arn)
    other = outputs_of(client, arn, "Create")["imageId"]
    assert {ami["ImageId"] for ami in own_amis()} == {entry["image"], other}


def test_metadata_of_an_ami_that_nobody_knows(client: Any) -> None:
    ami = boto3.client("ec2", region_name=REGION).register_image(Name="by-hand")["ImageId"]
    client.create_image_recipe(name="golden", semanticVersion="1.0.0", parentImage=ami)
    arn = build_with(client, BUILD, TEST, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/golden/1.0.0")
    assert outputs_of(client, arn, "InventoryCollection").keys() == {"associationId"}
    assert "osVersion" not in get_image(client, arn)


# ---- state machines ----


@pytest.fixture
def machine(mocked: Control) -> str:
    answer = boto3.client("stepfunctions", region_name=REGION).create_state_machine(
        name="validate", definition="{}", roleArn=f"arn:aws:iam::{ACCOUNT}:role/any"
    )
    return str(answer["stateMachineArn"])


def run_machine(client: Any, **inputs: Any) -> str:
    return build_and_run(client, step("Validate", "ExecuteStateMachine", {"stateMachineArn": MACHINE, **inputs}))


def test_a_state_machine(client: Any, machine: str) -> None:
    arn = run_machine(client, input='{"image": "{{ $.imagebuilder.imageName }}"}')
    outputs = outputs_of(client, arn, "Validate")
    execution = boto3.client("stepfunctions", region_name=REGION).describe_execution(
        executionArn=outputs["executionArn"]
    )
    assert outputs == {"executionArn": execution["executionArn"], "output": "{}", "status": "SUCCEEDED"}
    assert (execution["stateMachineArn"], execution["status"]) == (machine, "SUCCEEDED")
    assert json.loads(execution["input"]) == {"image": "web server"}


def test_a_state_machine_that_fails(client: Any, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_EXECUTION_HISTORY_TYPE", "FAILURE")
    arn = run_machine(client)
    outputs = outputs_of(client, arn, "Validate")
    assert (outputs["status"], outputs["output"]) == ("FAILED", "{}")
    assert failure_of(client, arn) == (
        f"The execution '{outputs['executionArn']}' ended with the status FAILED in workflow step Validate"
    )


@pytest.mark.usefixtures("machine")
def test_the_input_of_a_state_machine_is_not_json(client: Any) -> None:
    arn = run_machine(client, input='{"image": {{ $.imagebuilder.imageName }}}')
    assert failure_of(client, arn) == (
        "The input 'input' of action ExecuteStateMachine must be a JSON text in workflow step Validate"
    )


def test_a_state_machine_that_does_not_exist(client: Any) -> None:
    assert failure_of(client, run_machine(client)) == (
        "An error occurred (StateMachineDoesNotExist) when calling the StartExecution operation: "
        f"State Machine Does Not Exist: '{MACHINE}' in workflow step Validate"
    )


# ---- containers ----


@pytest.fixture
def container_recipe(client: Any) -> None:
    create_repository()
    create_container_recipe(client, "web server")


@pytest.mark.usefixtures("container_recipe")
def test_the_workflows_of_a_container_image(client: Any) -> None:
    arn = build_container(client)
    assert statuses(client, arn) == [("BUILD", DONE, [DONE, DONE, "SKIPPED"]), ("TEST", DONE, ["SKIPPED", "SKIPPED"])]


# ---- what is for other images ----


def test_an_action_for_disk_files_in_a_build_from_a_recipe(client: Any) -> None:
    iso = step("Iso", "CreateImageFromIso", INSTANCE)
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, iso))
    assert failure_of(client, arn) == (
        "Action CreateImageFromIso is for images that are imported from a disk file only in workflow step Iso"
    )


@pytest.mark.usefixtures("container_recipe")
@pytest.mark.parametrize("action", ["CreateImage", "CollectImageMetadata", "SanitizeInstance", "RunSysPrep"])
def test_an_action_for_amis_in_a_container_build(client: Any, action: str) -> None:
    workflow = create_workflow(client, "BUILD", LAUNCH, step("Act", action, INSTANCE))
    arn = build_container(client, workflows=[{"workflowArn": workflow}], executionRole="builder")
    assert failure_of(client, arn) == f"Action {action} is for images that create AMIs only in workflow step Act"


def test_an_action_for_containers_in_an_ami_build(client: Any) -> None:
    push = step("Push", "DistributeContainerImage", {"instanceId": "i-0123456789abcdef0"})
    arn = build_with(client, BUILD, create_workflow(client, "DISTRIBUTION", push))
    assert failure_of(client, arn) == (
        "Action DistributeContainerImage is for images that create container images only in workflow step Push"
    )
