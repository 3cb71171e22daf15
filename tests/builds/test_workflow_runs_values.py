"""Documents of one's own: conditions, parameters, dynamic values, and what they stand for."""

from __future__ import annotations

import json
import re
from typing import Any
from unittest.mock import ANY

import boto3
import pytest

from ..build_parts import ACCOUNT_BASE, create_infrastructure, create_recipe, managed_workflow
from ..conftest import REGION
from ..images import get_image, output_amis, state_of
from .workflow_runs import (
    CREATE,
    INSTANCE,
    LAUNCH,
    TERMINATE,
    all_steps_of,
    build_with,
    create_workflow,
    executions_of,
    inputs_of,
    outputs_of,
    statuses,
    step,
    steps_of,
)

DONE = "COMPLETED"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def test_a_build_workflow_that_creates_no_image(client: Any) -> None:
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, TERMINATE))
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": "No step of the BUILD workflow has created an image.",
        "failureContext": {"imageStatus": "BUILDING"},
    }
    assert statuses(client, arn) == [("BUILD", DONE, [DONE, DONE])]


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ({"booleanEquals": True, "value": "$.parameters.flag"}, True),
        ({"booleanEquals": False, "value": "$.parameters.flag"}, False),
        ({"numberGreaterThan": 3, "value": "$.parameters.number"}, False),
        ({"numberGreaterThanEquals": 3, "value": "$.parameters.number"}, True),
        ({"stringEquals": "Linux", "value": "$.imagebuilder.platform"}, True),
        ({"not": {"stringEquals": "Test", "value": "$.imagebuilder.workflowPhase"}}, False),
        (
            {
                "or": [
                    {"stringEquals": "web", "value": "$.imagebuilder.imageName"},
                    {"numberEquals": 1, "value": "$.imagebuilder.imageBuildNumber"},
                ]
            },
            True,
        ),
        ({"stringEquals": "Success", "value": "$.stepOutputs.Probe.status"}, True),
    ],
)
def test_conditions(client: Any, condition: dict[str, Any], runs: bool) -> None:
    workflow = create_workflow(
        client,
        "TEST",
        LAUNCH,
        step("Probe", "RunCommand", {**INSTANCE, "documentName": "AWS-RunShellScript"}),
        step("Perhaps", "TerminateInstance", INSTANCE, if_=condition),
        parameters=[{"name": "flag", "type": "boolean"}, {"name": "number", "type": "integer", "default": 7}],
    )
    values = [{"name": "flag", "value": ["true"]}, {"name": "number", "value": ["3"]}]
    arn = build_with(client, managed_workflow("build/build-image"), {"workflowArn": workflow, "parameters": values})
    perhaps = all_steps_of(client, arn)["Perhaps"]
    assert perhaps["status"] == (DONE if runs else "SKIPPED")
    assert ("$." in perhaps["inputs"]) == (not runs)


def test_parameters_and_outputs_of_steps_and_workflows(client: Any) -> None:
    build = create_workflow(
        client,
        "BUILD",
        LAUNCH,
        CREATE,
        TERMINATE,
        outputs=[
            {"name": "Ami", "value": "$.stepOutputs.Create.imageId"},
            {"name": "Note", "value": "made from {{ $.imagebuilder.imageId }}"},
        ],
    )
    test = create_workflow(
        client,
        "TEST",
        LAUNCH,
        step(
            "Look",
            "RunCommand",
            {
                **INSTANCE,
                "documentName.$": "$.parameters.document",
                "parameters": {
                    "commands": ["look {{ $.workflowOutputs.Ami }} {{ $.workflowOutputs.Note }}"],
                    "hosts.$": "$.parameters.hosts",
                },
            },
        ),
        parameters=[
            {"name": "document", "type": "string", "default": "AWS-RunShellScript"},
            {"name": "hosts", "type": "stringList"},
        ],
    )
    hosts = [{"name": "hosts", "value": ["one", "two"]}]
    arn = build_with(client, build, {"workflowArn": test, "parameters": hosts})
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    (ami,) = output_amis(client, arn)
    inputs = inputs_of(client, arn, "Look")
    command, *_ = inputs["parameters"]["commands"]
    assert re.fullmatch(f"look {ami['image']} made from ami-[0-9a-f]+", command)
    assert inputs == {
        # The instance of the workflow itself, not that of the one before.
        "instanceId": json.loads(steps_of(client, executions_of(client, arn)[1])[0]["outputs"])["instanceId"],
        "documentName": "AWS-RunShellScript",
        "parameters": {"commands": [command], "hosts": ["one", "two"]},
    }
    look = json.loads(all_steps_of(client, arn)["Look"]["outputs"])
    assert look == {"status": "Success", "output": [""], "runCommandId": look["runCommandId"]}


def system_variables(client: Any, *names: str, **members: Any) -> dict[str, str]:
    """What system variables stand for in a TEST workflow, as text."""
    text = "\n".join(f"{name}={{{{ $.imagebuilder.{name} }}}}" for name in names)
    run = step("Tell", "RunCommand", {**INSTANCE, "documentName": "AWS-Say", "parameters": {"text": [text]}})
    workflow = create_workflow(client, "TEST", LAUNCH, run)
    arn = build_with(client, managed_workflow("build/build-image"), workflow, **members)
    (told,) = inputs_of(client, arn, "Tell")["parameters"]["text"]
    return dict(line.split("=", 1) for line in told.splitlines())


def test_system_variables(client: Any, instance_profile: str) -> None:
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="build-logs")
    ec2 = boto3.client("ec2", region_name=REGION)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    groups = [
        ec2.create_security_group(GroupName=name, Description="-")["GroupId"] for name in ("for builds", "for tests")
    ]
    client.create_infrastructure_configuration(
        name="full",
        instanceProfileName=instance_profile,
        instanceTypes=["m7i.large"],
        subnetId=subnet,
        securityGroupIds=groups,
        logging={"s3Logs": {"s3BucketName": "build-logs"}},
        terminateInstanceOnFailure=False,
    )
    arn = f"{ACCOUNT_BASE}:infrastructure-configuration/full"
    image = f"{ACCOUNT_BASE}:image/web-server/1.0.0/1"
    expected = {
        "cloudWatchLogGroup": "/aws/imagebuilder/web-server",
        "cloudWatchLogStream": "1.0.0/1",
        "collectImageMetadata": "true",
        "collectImageScanFindings": "false",
        "dateTime": ANY,
        "imageBuildNumber": "1",
        "imageId": ANY,
        "imageName": "web server",
        "imageType": "AMI",
        "imageVersionNumber": "1.0.0",
        "instanceProfileName": instance_profile,
        "platform": "Linux",
        "s3Logs": '{"s3Logs": {"s3BucketName": "build-logs"}}',
        "securityGroups": json.dumps(groups),
        "sourceImageARN": image,
        "subnetId": subnet,
        "terminateInstanceOnFailure": "false",
        "workflowPhase": "Test",
        "workingDirectory": "/tmp",
    }
    values = system_variables(client, *expected, infrastructureConfigurationArn=arn)
    assert values == expected
    assert values["dateTime"] == get_image(client, image)["dateCreated"]
    assert re.fullmatch("ami-[0-9a-f]+", values["imageId"])
    assert values["imageId"] != output_amis(client, image)[0]["image"]


def test_the_log_group_of_the_image(client: Any) -> None:
    values = system_variables(
        client, "cloudWatchLogGroup", loggingConfiguration={"logGroupName": "/aws/imagebuilder/team/web"}
    )
    assert values == {"cloudWatchLogGroup": "/aws/imagebuilder/team/web"}


@pytest.mark.parametrize(
    ("types", "override", "expected"),
    [
        ([], None, "m5.large"),
        (["m7i.large", "m7a.large"], None, "m7i.large"),
        (["m7i.large"], ["c7i.large", "c7a.large"], "c7i.large"),
    ],
)
def test_the_type_of_the_instance(
    client: Any, instance_profile: str, types: list[str], override: list[str] | None, expected: str
) -> None:
    members = {"instanceTypes": types} if types else {}
    client.create_infrastructure_configuration(name="typed", instanceProfileName=instance_profile, **members)
    inputs = {"waitFor": "ssmAgent", **({"instanceTypesOverride": override} if override else {})}
    told = {"commands": ["{{ $.stepOutputs.Launch.instanceType }}"]}
    workflow = create_workflow(
        client,
        "TEST",
        step("Launch", "LaunchInstance", inputs),
        step("Tell", "RunCommand", {**INSTANCE, "documentName": "AWS-Say", "parameters": told}),
    )
    arn = build_with(
        client,
        managed_workflow("build/build-image"),
        workflow,
        infrastructureConfigurationArn=f"{ACCOUNT_BASE}:infrastructure-configuration/typed",
    )
    assert inputs_of(client, arn, "Tell")["parameters"] == {"commands": [expected]}
    assert outputs_of(client, arn, "Launch").keys() == {"instanceId"}
