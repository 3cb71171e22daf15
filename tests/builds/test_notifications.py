"""What the SNS topic of an infrastructure configuration hears of an image."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
import time_machine

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.builds.outputs.image_message import semver
from mock_imagebuilder.imagebuilder.versions import Version

from ..build_parts import (
    ACCOUNT_BASE,
    EXECUTION_ROLE,
    INFRASTRUCTURE,
    RECIPE,
    create_distribution,
    create_infrastructure,
    create_pipeline,
    create_recipe,
)
from ..conftest import ACCOUNT, REGION
from ..images import create_image, get_image, state_of
from .clocks import START
from .listeners import create_queue, create_topic, received, subscribe
from .workflow_runs import WAIT, build_with, create_workflow

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
AMAZONS = f"arn:aws:imagebuilder:{REGION}:627945338248"
PHASES = {"buildExecutionId", "testExecutionId", "distributionJobId", "integrationJobId"}


@pytest.fixture
def queue(client: Any, instance_profile: str) -> str:
    """A queue that hears of the images of the default recipe and infrastructure."""
    topic, queue = create_topic(), create_queue()
    subscribe(topic, queue)
    create_recipe(client, description="a web server", tags={"Team": "web"})
    create_infrastructure(client, instance_profile)
    client.update_infrastructure_configuration(
        infrastructureConfigurationArn=INFRASTRUCTURE, instanceProfileName=instance_profile, snsTopicArn=topic
    )
    return queue


def messages(queue: str) -> list[Any]:
    return [json.loads(envelope["Message"]) for envelope in received(queue)]


@pytest.mark.usefixtures("outbox")
def test_the_whole_message(client: Any, queue: str) -> None:
    with time_machine.travel(START, tick=False):
        distribution = client.create_distribution_configuration(
            name="web server",
            distributions=[
                {"region": REGION, "amiDistributionConfiguration": {"name": "web {{ imagebuilder:buildDate }}"}}
            ],
        )["distributionConfigurationArn"]
        pipeline = create_pipeline(
            client,
            distributionConfigurationArn=distribution,
            loggingConfiguration={"imageLogGroupName": "/aws/imagebuilder/x"},
        )
        arn = client.start_image_pipeline_execution(imagePipelineArn=pipeline, tags={"Stage": "test"})[
            "imageBuildVersionArn"
        ]
        image = get_image(client, arn)
        (envelope,) = received(queue)
    assert "Subject" not in envelope
    assert "MessageAttributes" not in envelope
    body = json.loads(envelope["Message"])
    assert envelope["Message"] == json.dumps(body, indent=2)
    resources = (body, body["imageRecipe"], body["infrastructureConfiguration"], body["distributionConfiguration"])
    internal_ids = {resource["tags"].pop("internalId") for resource in resources}
    assert len(internal_ids) == 4
    assert all(re.fullmatch(UUID, each) for each in internal_ids)
    ids = {name: body.pop(name) for name in PHASES}
    assert all(re.fullmatch(UUID, each) for each in ids.values())
    assert len(set(ids.values())) == 4
    infrastructure = client.get_infrastructure_configuration(infrastructureConfigurationArn=INFRASTRUCTURE)
    topic = infrastructure["infrastructureConfiguration"]["snsTopicArn"]
    recipe = body["imageRecipe"]
    assert recipe["dateCreated"]
    assert body == {
        "versionlessArn": f"{ACCOUNT_BASE}:image/web-server",
        "semver": (1 << 90) + 1,
        "arn": arn,
        "name": "web server",
        "version": "1.0.0",
        "type": "AMI",
        "buildVersion": 1,
        "state": {"status": "AVAILABLE"},
        "platform": "Linux",
        "imageRecipe": {
            "blockDeviceMappings": [],
            **{
                name: value for name, value in image["imageRecipe"].items() if name not in ("dateCreated", "components")
            },
            "components": [{"componentArn": f"{AMAZONS}:component/update-linux/1.0.2/1"}],
            "parentImage": image["imageRecipe"]["parentImage"].replace(f"{REGION}:aws:", f"{REGION}:627945338248:"),
            "dateCreated": recipe["dateCreated"],
            "tags": {"Team": "web", "resourceArn": RECIPE},
            "accountId": ACCOUNT,
        },
        "sourcePipelineArn": pipeline,
        "infrastructureConfiguration": {
            "arn": INFRASTRUCTURE,
            "name": "web server",
            "instanceProfileName": "EC2InstanceProfileForImageBuilder",
            "terminateInstanceOnFailure": True,
            "snsTopicArn": topic,
            "dateCreated": body["infrastructureConfiguration"]["dateCreated"],
            "dateUpdated": body["infrastructureConfiguration"]["dateUpdated"],
            "tags": {"resourceArn": INFRASTRUCTURE},
            "accountId": ACCOUNT,
        },
        "distributionConfiguration": {
            "arn": distribution,
            "name": "web server",
            "distributions": [
                {"region": REGION, "amiDistributionConfiguration": {"name": "web 2026-03-01T12-00-00.250Z"}}
            ],
            "dateCreated": "Mar 1, 2026 12:00:00 PM",
            "timeoutMinutes": 720,
            "tags": {"resourceArn": distribution},
            "accountId": ACCOUNT,
        },
        "imageTestsConfigurationDocument": {"imageTestsEnabled": True, "timeoutMinutes": 720},
        "dateCreated": "Mar 1, 2026 12:00:00 PM",
        "outputResources": {"amis": image["outputResources"]["amis"]},
        "accountId": ACCOUNT,
        "osVersion": "Amazon Linux 2023",
        "enhancedImageMetadataEnabled": True,
        "buildType": "USER_INITIATED",
        "imageSource": image["imageSource"],
        "executionRole": image["executionRole"],
        "loggingConfiguration": {"logGroupName": "/aws/imagebuilder/x"},
        "workflows": [
            {"workflowArn": entry["workflowArn"].replace(f"{REGION}:aws", f"{REGION}:627945338248")}
            for entry in image["workflows"]
        ],
        "tags": {"Stage": "test", "resourceArn": arn},
    }


def test_the_number_of_a_version() -> None:
    """As in the message that is on record."""
    assert semver(Version.parse("1.0.2"), 1) == 1237940039285380277046607873


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        ("2026-03-02T07:09:05Z", "Mar 2, 2026 7:09:05 AM"),
        ("2026-12-31T00:00:00Z", "Dec 31, 2026 12:00:00 AM"),
        ("2026-07-04T23:59:59Z", "Jul 4, 2026 11:59:59 PM"),
    ],
)
def test_dates(client: Any, queue: str, moment: str, written: str) -> None:
    with time_machine.travel(moment, tick=False):
        create_image(client)
        (message,) = messages(queue)
    assert message["dateCreated"] == written


def test_internal_ids_stay(client: Any, queue: str) -> None:
    create_image(client)
    create_image(client)
    first, second = messages(queue)
    assert first["imageRecipe"]["tags"] == second["imageRecipe"]["tags"]
    assert first["tags"]["internalId"] != second["tags"]["internalId"]
    assert (second["buildVersion"], second["semver"] - first["semver"]) == (2, 1)


@pytest.mark.parametrize(
    ("stage", "phases"),
    [
        ("CREATING", set()),
        ("BUILDING", {"buildExecutionId"}),
        ("TESTING", {"buildExecutionId", "testExecutionId"}),
        ("DISTRIBUTING", PHASES - {"integrationJobId"}),
        ("INTEGRATING", PHASES),
    ],
)
def test_a_failure(mocked: Control, client: Any, queue: str, stage: Any, phases: set[str]) -> None:
    mocked.fail_next_build(stage, reason="No more.")
    arn = create_image(client, distributionConfigurationArn=create_distribution(client))
    (message,) = messages(queue)
    # The failure context is the API's.
    assert message["state"] == {"status": "FAILED", "reason": "No more."}
    assert message["arn"] == arn
    assert PHASES & message.keys() == phases
    made = stage in ("TESTING", "DISTRIBUTING", "INTEGRATING")
    assert len(message["outputResources"]["amis"]) == made


def test_the_job_of_a_failed_integration(client: Any, queue: str) -> None:
    export = {"roleName": "nobody", "diskImageFormat": "RAW", "s3Bucket": "nowhere"}
    distribution = client.create_distribution_configuration(
        name="export",
        distributions=[{"region": REGION, "amiDistributionConfiguration": {}, "s3ExportConfiguration": export}],
    )["distributionConfigurationArn"]
    create_image(client, distributionConfigurationArn=distribution)
    (message,) = messages(queue)
    assert message["state"]["reason"].startswith(f"Integration failed with JobId '{message['integrationJobId']}'")


def test_no_message_of_what_is_cancelled_or_on_its_way(mocked: Control, client: Any, queue: str) -> None:
    mocked.progress("manual", times=100)
    arn = create_image(client)
    mocked.advance(arn, to="TESTING")
    client.cancel_image_creation(imageBuildVersionArn=arn)
    assert state_of(client, arn)["status"] == "CANCELLED"
    assert messages(queue) == []


def test_a_retried_image_is_told_of_again(mocked: Control, client: Any, queue: str) -> None:
    mocked.fail_next_build("TESTING", reason="No more.")
    arn = create_image(client)
    client.retry_image(imageBuildVersionArn=arn)
    assert [message["state"]["status"] for message in messages(queue)] == ["FAILED", "AVAILABLE"]


@pytest.mark.usefixtures("outbox")
def test_with_the_clock(mocked: Control, client: Any, queue: str) -> None:
    """Who polls the queue sees the message come."""
    with time_machine.travel(START, tick=False) as clock:
        mocked.progress("time", seconds=60)
        create_image(client)
        clock.shift(239)
        assert messages(queue) == []
        clock.shift(1)
        (message,) = messages(queue)
    assert message["state"] == {"status": "AVAILABLE"}


def test_container_images(client: Any, queue: str) -> None:
    boto3.client("ecr", region_name=REGION).create_repository(repositoryName="web")
    recipe = client.create_container_recipe(
        name="box",
        semanticVersion="1.2.3",
        containerType="DOCKER",
        parentImage="amazonlinux:latest",
        targetRepository={"service": "ECR", "repositoryName": "web"},
        dockerfileTemplateData="FROM {{{ imagebuilder:parentImage }}}",
        components=[{"componentArn": f"arn:aws:imagebuilder:{REGION}:aws:component/update-linux/x.x.x"}],
    )["containerRecipeArn"]
    client.create_image(containerRecipeArn=recipe, infrastructureConfigurationArn=INFRASTRUCTURE)
    (message,) = messages(queue)
    assert (message["type"], message["version"]) == ("DOCKER", "1.2.3")
    assert message["semver"] == (1 << 90) + (2 << 60) + (3 << 30) + 1
    assert "imageRecipe" not in message
    assert message["containerRecipe"]["accountId"] == ACCOUNT
    assert message["outputResources"]["containers"][0]["region"] == REGION
    assert PHASES - message.keys() == {"integrationJobId"}


def test_a_topic_that_is_gone(client: Any, queue: str) -> None:
    boto3.client("sns", region_name=REGION).delete_topic(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:builds")
    arn = create_image(client)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert received(queue) == []


def test_a_subscriber_that_is_gone(client: Any, queue: str) -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="queue")["QueueUrl"])
    arn = create_image(client)
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_a_topic_in_another_region(client: Any, instance_profile: str, queue: str) -> None:
    topic, far = create_topic(region="eu-west-1"), create_queue("far", region="eu-west-1")
    subscribe(topic, far)
    client.update_infrastructure_configuration(
        infrastructureConfigurationArn=INFRASTRUCTURE, instanceProfileName=instance_profile, snsTopicArn=topic
    )
    create_image(client)
    assert len(messages(far)) == 1
    assert received(queue) == []


# ---- steps that wait ----


def gate(client: Any, **inputs: Any) -> str:
    workflow = create_workflow(client, "TEST", {**WAIT, "inputs": inputs})
    return build_with(client, workflow)


def test_a_waiting_step_asks_its_topic(client: Any, queue: str) -> None:
    topic = create_topic("approvals")
    subscribe(topic, approvals := create_queue("approvals"))
    arn = gate(client, snsTopicArn=topic, payload="please look")
    (step,) = client.list_waiting_workflow_steps()["steps"]
    assert messages(approvals) == [
        {"imageArn": arn, "workflowStepExecutionId": step["stepExecutionId"], "customPayload": "please look"}
    ]
    assert received(queue) == []
    client.send_workflow_step_action(stepExecutionId=step["stepExecutionId"], imageBuildVersionArn=arn, action="RESUME")
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert received(approvals) == []


def test_a_waiting_step_without_payload(client: Any, queue: str) -> None:
    topic = create_topic("approvals")
    subscribe(topic, approvals := create_queue("approvals"))
    gate(client, snsTopicArn=topic)
    (message,) = messages(approvals)
    assert message.keys() == {"imageArn", "workflowStepExecutionId"}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"snsTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:nowhere"},
            "An error occurred (NotFound) when calling the Publish operation: Topic does not exist",
        ),
        (
            {"snsTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:in-order.fifo"},
            "An error occurred (InvalidParameter) when calling the Publish operation: Invalid parameter: The "
            "MessageGroupId parameter is required for FIFO topics",
        ),
        (
            {"lambdaFunctionName": "approve"},
            "An error occurred (ResourceNotFoundException) when calling the Invoke operation: Function not found: "
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:approve",
        ),
    ],
)
def test_nobody_to_ask(client: Any, queue: str, inputs: dict[str, str], message: str) -> None:
    boto3.client("sns", region_name=REGION).create_topic(Name="in-order.fifo", Attributes={"FifoTopic": "true"})
    arn = gate(client, **inputs)
    state = state_of(client, arn)
    assert state["status"] == "FAILED"
    assert state["reason"].endswith(f"failed with reason: {message} in workflow step Wait")
    assert client.list_waiting_workflow_steps()["steps"] == []


def test_the_execution_role_of_a_message(client: Any, queue: str) -> None:
    build_with(client, create_workflow(client, "TEST", WAIT))
    (step,) = client.list_waiting_workflow_steps()["steps"]
    client.send_workflow_step_action(
        stepExecutionId=step["stepExecutionId"], imageBuildVersionArn=step["imageBuildVersionArn"], action="STOP"
    )
    (message,) = messages(queue)
    assert message["executionRole"] == EXECUTION_ROLE
    assert message["state"]["status"] == "FAILED"
