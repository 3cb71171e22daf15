"""Images and AMIs, for the tests of whatever builds or imports them."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3

from mock_imagebuilder import imagebuilder_backends

from .build_parts import PARTS
from .conftest import ACCOUNT, REGION

TASK = "import-ami-1234567890abcdef0"

#: Every status on the way to AVAILABLE of an image with tests and a distribution configuration.
ALL_STATUSES = ["PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING", "AVAILABLE"]


def create_image(client: Any, **members: Any) -> str:
    """The ARN of a new image of the default recipe and infrastructure, unless the members say otherwise."""
    return str(client.create_image(**{**PARTS, **members})["imageBuildVersionArn"])


def import_image(client: Any, name: str = "imported", version: str = "1.0.0", **members: Any) -> str:
    """The ARN of an image that is imported from a completed task for Linux, unless the members say otherwise."""
    request = {"name": name, "semanticVersion": version, "platform": "Linux", "vmImportTaskId": TASK, **members}
    return str(client.import_vm_image(**request)["imageArn"])


def run_on_schedule(pipeline_arn: str) -> str:
    """What the service does when the hour of a schedule has come."""
    backend = imagebuilder_backends[ACCOUNT][REGION]
    pipeline = backend.image_pipelines.get(pipeline_arn)
    settings = pipeline.build_settings(pipeline.record.get("imageTags", {}))
    return backend.start_build(settings, "SCHEDULED", pipeline_arn).arn


def get_image(client: Any, arn: str) -> Any:
    """The image that an ARN means."""
    return client.get_image(imageBuildVersionArn=arn)["image"]


def state_of(client: Any, arn: str) -> Any:
    return get_image(client, arn)["state"]


def output_amis(client: Any, arn: str) -> Any:
    return get_image(client, arn)["outputResources"]["amis"]


@cache
def client_of(service: Any, account_id: str = ACCOUNT, region: str = REGION) -> Any:
    """A client of an account. It outlives the test: to make one takes longer than most tests."""
    client: Any = boto3.client(service, region_name=region, aws_access_key_id="any", aws_secret_access_key="any")

    def name_account(params: Any, **_: Any) -> None:
        params["headers"]["x-moto-account-id"] = account_id

    client.meta.events.register("before-call", name_account)
    return client


def own_amis(account_id: str = ACCOUNT, region: str = REGION) -> list[Any]:
    """The AMIs that EC2 shows as an account's own in a Region."""
    images: list[Any] = client_of("ec2", account_id, region).describe_images(Owners=["self"])["Images"]
    return images


def ami_of(entry: Any) -> Any:
    """What EC2 says of an entry of an image's output resources."""
    ec2 = client_of("ec2", entry["accountId"], entry["region"])
    return ec2.describe_images(ImageIds=[entry["image"]])["Images"][0]


def tags_of(resource: Any) -> dict[str, str]:
    """The tags of an AMI or a snapshot of EC2."""
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", ())}


#: The members of ``failureContext`` by the stage that failed, where a test makes it fail.
FAILURE_MEMBERS = {stage: {"imageStatus"} for stage in ("PENDING", "CREATING", "DISTRIBUTING", "INTEGRATING")}
FAILURE_MEMBERS["TESTING"] = {"imageStatus", "workflowExecutionId", "workflowArn", "stepExecutionId", "failedStep"}
FAILURE_MEMBERS["BUILDING"] = {*FAILURE_MEMBERS["TESTING"], "componentFailure"}
