"""The logs of builds in CloudWatch Logs."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
import time_machine

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    EXECUTION_ROLE,
    UPDATE_LINUX,
    create_distribution,
    create_pipeline,
    create_recipe,
    managed_workflow,
)
from ..conftest import REGION
from ..images import client_of, create_image, import_image, state_of
from .clocks import START
from .listeners import lines_of, log_of
from .workflow_runs import CREATE, LAUNCH, WAIT, all_steps_of, build_with, create_workflow, executions_of, step

pytestmark = pytest.mark.usefixtures("build_parts")

GROUP = "/aws/imagebuilder/web-server"
IMAGE = f"{ACCOUNT_BASE}:image/web-server/1.0.0/1"
AMAZONS = f"arn:aws:imagebuilder:{REGION}:627945338248"


def groups() -> list[str]:
    return [group["logGroupName"] for group in client_of("logs").describe_log_groups()["logGroups"]]


def transition(status: str) -> str:
    return f"Image transitioned to {status} state for Image ARN: {IMAGE}"


def outputs(client: Any, name: str) -> Any:
    return json.loads(all_steps_of(client, IMAGE)[name]["outputs"])


@pytest.mark.usefixtures("outbox")
def test_the_whole_log(client: Any) -> None:
    create_image(client)
    build, test = (
        execution["workflowBuildVersionArn"].replace(f"{REGION}:aws", f"{REGION}:627945338248")
        for execution in executions_of(client, IMAGE)
    )
    builder = outputs(client, "LaunchBuildInstance")["instanceId"]
    tester = outputs(client, "LaunchTestInstance")["instanceId"]
    parent = client.get_image(
        imageBuildVersionArn=f"{ACCOUNT_BASE.replace('123456789012', 'aws')}:image/amazon-linux-2023-x86/x.x.x"
    )
    lines = lines_of(GROUP)
    resolution = lines.pop(2)
    assert re.fullmatch(
        f"Resolved Image Recipe parent image {AMAZONS}:image/amazon-linux-2023-x86/x.x.x to AMI ami-[0-9a-f]+",
        resolution,
    )
    assert parent["image"]["outputResources"]["amis"][0]["image"] in resolution

    def launch(name: str, instance: str) -> list[str]:
        return [
            f"No 'if' conditions to evaluate for step: {name}",
            f"Started step {name} with action LaunchInstance",
            "Launching instance",
            f"Launched instance (instance id: {instance})",
            f"Waiting for instance availability (id: {instance}, expected state: ['passed']). Attempt number: 1.",
            f"Completed step {name}",
        ]

    assert lines == [
        transition("CREATING"),
        transition("BUILDING"),
        f"Started BUILD workflow {build}",
        f"Total 7 steps to run for workflow {build}",
        *launch("LaunchBuildInstance", builder),
        "No 'if' conditions to evaluate for step: ApplyBuildComponents",
        "Started step ApplyBuildComponents with action ExecuteComponents",
        f"Document {ACCOUNT_BASE.replace('123456789012', 'aws')}:component/update-linux/1.0.2/1",
        *component_lines(client),
        "Executor: FINISHED EXECUTION OF ALL DOCUMENTS",
        "TOE has completed execution successfully",
        f"Command completed (command id: {outputs(client, 'ApplyBuildComponents')['runCommandId']}, state: Success)",
        "Completed step ApplyBuildComponents",
        "Started step InventoryCollection with action CollectImageMetadata",
        "Completed step InventoryCollection",
        "Started step RunSanitizeScript with action SanitizeInstance",
        f"Command completed (command id: {outputs(client, 'RunSanitizeScript')['runCommandId']}, state: Success)",
        "Completed step RunSanitizeScript",
        "Skipped step RunSysPrepScript",
        "Started step CreateOutputAMI with action CreateImage",
        "Completed step CreateOutputAMI",
        "No 'if' conditions to evaluate for step: TerminateBuildInstance",
        "Started step TerminateBuildInstance with action TerminateInstance",
        "Completed step TerminateBuildInstance",
        f"Workflow {build} ended with status COMPLETED",
        transition("TESTING"),
        f"Started TEST workflow {test}",
        f"Total 4 steps to run for workflow {test}",
        *launch("LaunchTestInstance", tester),
        "Skipped step CollectImageScanFindings",
        "No 'if' conditions to evaluate for step: ApplyTestComponents",
        "Skipped step ApplyTestComponents",
        "No 'if' conditions to evaluate for step: TerminateTestInstance",
        "Started step TerminateTestInstance with action TerminateInstance",
        "Completed step TerminateTestInstance",
        f"Workflow {test} ended with status COMPLETED",
        transition("AVAILABLE"),
    ]


def component_lines(client: Any) -> list[str]:
    """The phases of the component update-linux that a BUILD workflow runs."""
    import yaml

    component = client.get_component(componentBuildVersionArn=UPDATE_LINUX)["component"]
    lines = []
    for phase in yaml.safe_load(component["data"])["phases"]:
        if phase["name"] in ("build", "validate"):
            lines.append(f"Phase {phase['name']}")
            for each in phase["steps"]:
                lines += [f"Step {each['name']}"]
                lines += ["CmdExecution: ExitCode 0"] if each["action"].startswith("Execute") else []
                lines += [f"{each['action']}: FINISHED EXECUTION"]
    assert lines
    return lines


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize("progression", ["manual", "time"])
def test_the_log_grows_with_the_build(mocked: Control, client: Any, progression: Any) -> None:
    with time_machine.travel(START, tick=False) as clock:
        mocked.progress(progression, seconds=60 if progression == "time" else None)
        create_image(client)
        for expected in ([], ["CREATING"], ["CREATING", "BUILDING"], ["CREATING", "BUILDING", "TESTING"]):
            assert (GROUP in groups()) == bool(expected)
            transitions = [line for line in (lines_of(GROUP) if expected else []) if line.startswith("Image trans")]
            assert transitions == [transition(status) for status in expected]
            clock.shift(60)
            state_of(client, IMAGE)
        log = log_of(GROUP)
    assert log[-1]["message"] == transition("AVAILABLE")
    times = [event["timestamp"] for event in log]
    assert times == sorted(times)
    at = {event["message"]: datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc) for event in log}
    for number, status in enumerate(("CREATING", "BUILDING", "TESTING", "AVAILABLE"), start=1):
        assert at[transition(status)] == START + timedelta(minutes=number)
    execution = executions_of(client, IMAGE)[0]
    began = [time for text, time in at.items() if text.startswith("Started BUILD workflow")]
    assert [f"{time:%Y-%m-%dT%H:%M:%S}.250Z" for time in began] == [execution["startTime"]]
    assert all(event["ingestionTime"] == event["timestamp"] for event in log)


def test_the_same_log_whenever_somebody_looks(mocked: Control, client: Any) -> None:
    """A log that was never looked at until long after the build has nothing else in it, and no other times."""
    logs = []
    for looks in (True, False):
        with time_machine.travel(START, tick=False) as clock:
            mocked.progress("time", seconds=60)
            arn = create_image(client)
            for _ in range(5):
                if looks:
                    groups()
                clock.shift(60)
            clock.shift(timedelta(days=30))
            log = log_of(GROUP, arn.rpartition("web-server/")[2])
            logs.append([(event["timestamp"], event["ingestionTime"]) for event in log])
            boto3.client("logs", region_name=REGION).delete_log_group(logGroupName=GROUP)
    assert logs[0] == logs[1]
    assert len(logs[0]) > 40


def test_a_failed_component(mocked: Control, client: Any) -> None:
    mocked.fail_next_build(step="ApplyBuildComponents")
    create_image(client)
    lines = lines_of(GROUP)
    component = client.get_component(componentBuildVersionArn=UPDATE_LINUX)["component"]
    failure = state_of(client, IMAGE)["failureContext"]["componentFailure"]
    block = [
        f"  Document: {component_document(component)}",
        f"  ComponentArn: {failure['componentArn']}",
        f"  Phase: {failure['phaseName']}",
        f"  Step: {failure['stepName']}",
        f"  Action: {failure['action']}",
        "  ErrorMessage: exit status 1",
    ]
    begin = lines.index("Started step ApplyBuildComponents with action ExecuteComponents")
    end = lines.index("Action failed for step ApplyBuildComponents. Failing step")
    assert lines[begin + 1 : end + 1] == [
        f"Document {failure['componentArn']}",
        f"Phase {failure['phaseName']}",
        f"Step {failure['stepName']}",
        "CmdExecution: ExitCode 1",
        "\n".join(block),
        "TOE has completed execution with failure - Execution failed!",
        f"Command failed (command id: {outputs(client, 'ApplyBuildComponents')['runCommandId']}, state: Failed)",
        f"Document {failure['componentArn']} failed!",
        "Action failed for step ApplyBuildComponents. Failing step",
    ]
    assert lines[-2:] == [transition("FAILED"), f"Reason: {state_of(client, IMAGE)['reason']}"]
    assert "Rolled back step LaunchBuildInstance" in lines


def component_document(component: Any) -> str:
    import yaml

    return str(yaml.safe_load(component["data"])["name"])


def test_the_reason_of_a_failed_component(mocked: Control, client: Any) -> None:
    mocked.fail_next_build(step="ApplyBuildComponents", reason="disk full")
    create_image(client)
    lines = lines_of(GROUP)
    assert "CmdExecution: Stderr: disk full" in lines
    assert any(line.endswith("  ErrorMessage: disk full\n  Stderr: disk full") for line in lines)


def test_a_step_that_fails_without_components(client: Any) -> None:
    gone = step("Gone", "RunCommand", {"instanceId": "i-0", "documentName": "AWS-RunShellScript"}, onFailure="Continue")
    build_with(client, create_workflow(client, "BUILD", LAUNCH, gone, CREATE))
    lines = lines_of(GROUP)
    assert "Action failed for step Gone. Continuing with the next step" in lines
    assert lines[-1] == transition("AVAILABLE")


@pytest.mark.usefixtures("outbox")
def test_a_step_that_waits(client: Any) -> None:
    build_with(client, create_workflow(client, "TEST", WAIT))
    (waiting,) = client.list_waiting_workflow_steps()["steps"]
    asked = f"Waiting for an action (step execution id: {waiting['stepExecutionId']})"
    assert lines_of(GROUP)[-1] == asked
    client.send_workflow_step_action(
        stepExecutionId=waiting["stepExecutionId"], imageBuildVersionArn=IMAGE, action="RESUME", reason="fine"
    )
    lines = lines_of(GROUP)
    assert "Received action for step Wait (action: RESUME, reason: fine)" in lines
    assert lines.count(asked) == 1
    assert lines[-1] == transition("AVAILABLE")


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize("looks", [True, False])
def test_a_cancelled_and_retried_build(mocked: Control, client: Any, looks: bool) -> None:
    mocked.progress("manual", times=100)
    create_image(client)
    mocked.advance(IMAGE, to="TESTING")
    client.cancel_image_creation(imageBuildVersionArn=IMAGE)
    if looks:
        assert lines_of(GROUP)[-1] == transition("CANCELLED")
    client.retry_image(imageBuildVersionArn=IMAGE)
    mocked.advance(IMAGE, to="AVAILABLE")
    lines = lines_of(GROUP)
    expected = ("CREATING", "BUILDING", "TESTING", "CANCELLED", "TESTING", "AVAILABLE")
    assert [line for line in lines if line.startswith("Image trans")] == [transition(status) for status in expected]
    assert sum(line.startswith("Started TEST workflow") for line in lines) == 2
    assert "Cancelled step LaunchTestInstance" in lines
    assert lines[-1] == transition("AVAILABLE")


def test_a_deleted_image_leaves_its_log(client: Any) -> None:
    create_image(client)
    client.delete_image(imageBuildVersionArn=IMAGE)
    assert lines_of(GROUP)[-1] == transition("AVAILABLE")


def test_streams_of_one_group(client: Any) -> None:
    for _ in range(2):
        create_image(client)
    create_recipe(client, version="1.0.1")
    create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.1")
    streams = client_of("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["1.0.0/1", "1.0.0/2", "1.0.1/1"]
    (group,) = client_of("logs").describe_log_groups()["logGroups"]
    assert "retentionInDays" not in group


@pytest.mark.parametrize(("name", "role"), [("/aws/imagebuilder/team/web", None), ("/team/web", EXECUTION_ROLE)])
def test_the_log_group_of_the_settings(client: Any, name: str, role: str | None) -> None:
    more = {} if role is None else {"executionRole": role}
    create_image(client, loggingConfiguration={"logGroupName": name}, **more)
    assert groups() == [name]
    assert lines_of(name)[-1] == transition("AVAILABLE")


def test_an_import(client: Any) -> None:
    arn = import_image(client, loggingConfiguration={"logGroupName": "/aws/imagebuilder/imports"})
    assert lines_of("/aws/imagebuilder/imports") == [f"Image transitioned to AVAILABLE state for Image ARN: {arn}"]


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize(
    ("logging", "group", "image_group"),
    [
        (None, "/aws/imagebuilder/pipeline/nightly", GROUP),
        (
            {"pipelineLogGroupName": "/aws/imagebuilder/a", "imageLogGroupName": "/aws/imagebuilder/b"},
            "/aws/imagebuilder/a",
            "/aws/imagebuilder/b",
        ),
    ],
)
def test_the_log_of_a_pipeline(client: Any, logging: Any, group: str, image_group: str) -> None:
    pipeline = create_pipeline(client, name="Nightly", loggingConfiguration=logging)
    with time_machine.travel(START, tick=False):
        images = [
            client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"] for _ in range(2)
        ]
        # What is logged does not change with the pipeline.
        client.delete_image_pipeline(imagePipelineArn=pipeline)
        assert lines_of(group, "2026/03/01") == [
            f"Started execution of Image Pipeline ARN: {pipeline} for Image ARN: {image}" for image in images
        ]
        assert groups() == sorted((group, image_group))


def test_a_distribution_workflow(client: Any) -> None:
    distribution = create_distribution(client)
    build_with(
        client,
        managed_workflow("build/build-image"),
        create_workflow(client, "DISTRIBUTION", step("Distribute", "DistributeImage", {})),
        distributionConfigurationArn=distribution,
    )
    lines = lines_of(GROUP)
    assert (
        lines.index(transition("DISTRIBUTING"))
        < lines.index("Started step Distribute with action DistributeImage")
        < lines.index(transition("INTEGRATING"))
    )


def test_a_subscription_filter_hears_of_lines(client: Any) -> None:
    """What CloudWatch Logs makes of the lines is moto's matter."""
    logs = boto3.client("logs", region_name=REGION)
    for name in (GROUP, "/copy"):
        logs.create_log_group(logGroupName=name)
    logs.put_subscription_filter(
        logGroupName=GROUP,
        filterName="copy",
        filterPattern="",
        destinationArn=f"arn:aws:logs:{REGION}:123456789012:log-group:/copy",
    )
    create_image(client)
    assert lines_of(GROUP)[-1] == transition("AVAILABLE")
