"""Deleting workflows: one build at a time, unless a pipeline needs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ..build_parts import EXECUTION_ROLE, create_infrastructure, create_pipeline, create_recipe
from ..errors import refused
from ..refusals import depended_on, not_found
from .workflows import AMAZON, ARN, create_workflow, get_workflow

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient


def test_a_deleted_build_is_gone_and_the_others_stay(client: ImagebuilderClient) -> None:
    first, second = create_workflow(client), create_workflow(client, description="second")
    answer = client.delete_workflow(workflowBuildVersionArn=second)
    assert answer.keys() == {"workflowBuildVersionArn", "ResponseMetadata"}
    assert answer["workflowBuildVersionArn"] == second
    assert get_workflow(client, f"{ARN}build/golden/1.0.0")["arn"] == first
    for refused_call in (client.delete_workflow, client.get_workflow):
        with not_found("Workflow", second):
            refused_call(workflowBuildVersionArn=second)
    client.delete_workflow(workflowBuildVersionArn=first)
    assert client.list_workflows()["workflowVersionList"] == []


def test_only_own_builds_can_be_deleted(client: ImagebuilderClient) -> None:
    arn = f"{AMAZON}build/build-image/1.0.3/1"
    with not_found("Workflow", arn):
        client.delete_workflow(workflowBuildVersionArn=arn)
    frame = "The value supplied for parameter 'workflowBuildVersionArn' is not valid. "
    message = re.compile(re.escape(frame) + r"workflowBuildVersionArn must match pattern \^arn:.*\$")
    with refused("InvalidParameterValueException", 400, message):
        client.delete_workflow(workflowBuildVersionArn=f"{ARN}build/golden/1.0.0")


@pytest.mark.parametrize(
    ("reference", "is_needed"),
    [
        ("build/golden/1.2.0/1", True),
        ("build/golden/1.2.0/2", False),
        ("build/golden/1.2.0", True),
        ("build/golden/1.2.x", True),  # nothing else matches
        ("build/golden/1.x.x", False),  # 1.1.0 matches too
        ("build/golden/x.x.x", False),
        ("build/golden/1.1.0/1", False),
        ("build/golden/1.1.0", False),
        ("build/golden/2.x.x", False),
        ("test/golden/1.2.0/1", False),
        ("build/golden-plus/1.2.0/1", False),
    ],
)
def test_what_a_pipeline_needs_cannot_be_deleted(
    client: ImagebuilderClient, instance_profile: str, reference: str, is_needed: bool
) -> None:
    for version in ("1.1.0", "1.2.0", "2.0.0"):
        create_workflow(client, semanticVersion=version)
    create_workflow(client, semanticVersion="1.2.0", description="second")
    create_workflow(client, "golden-plus", semanticVersion="1.2.0")
    create_workflow(client, type="TEST", semanticVersion="1.2.0")
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    create_pipeline(client, "without workflows")
    workflows = [{"workflowArn": f"{AMAZON}distribution/distribute-image/x.x.x"}, {"workflowArn": f"{ARN}{reference}"}]
    pipeline = create_pipeline(client, workflows=workflows, executionRole=EXECUTION_ROLE)
    build = f"{ARN}build/golden/1.2.0/1"
    if is_needed:
        with depended_on(build):
            client.delete_workflow(workflowBuildVersionArn=build)
        assert get_workflow(client, build)["arn"] == build
        client.delete_image_pipeline(imagePipelineArn=pipeline)
    client.delete_workflow(workflowBuildVersionArn=build)
    with not_found("Workflow", build):
        get_workflow(client, build)
