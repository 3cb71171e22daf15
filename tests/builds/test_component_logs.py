"""The logs of components in the bucket of the infrastructure configuration."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
import time_machine

from mock_imagebuilder import Control

from ..build_parts import INFRASTRUCTURE, PARENT_IMAGE, create_infrastructure, create_recipe
from ..conftest import REGION
from ..images import create_image, state_of
from ..resources.components import create_component
from .clocks import START
from .workflow_runs import all_steps_of

UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"


@pytest.fixture
def bucket(mocked: Control) -> Any:
    """A bucket for logs."""
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="build-logs")
    return boto3.resource("s3", region_name=REGION).Bucket("build-logs")


@pytest.fixture
def _parts(client: Any, instance_profile: str) -> None:
    """A recipe with one component, and an infrastructure configuration that logs to a bucket."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    log_to(client, instance_profile, s3BucketName="build-logs", s3KeyPrefix="/prefix1/")


def log_to(client: Any, instance_profile: str, **s3_logs: str) -> None:
    client.update_infrastructure_configuration(
        infrastructureConfigurationArn=INFRASTRUCTURE,
        instanceProfileName=instance_profile,
        logging={"s3Logs": s3_logs},
    )


def files(bucket: Any) -> dict[str, str]:
    return {entry.key: entry.get()["Body"].read().decode() for entry in bucket.objects.all()}


@pytest.mark.usefixtures("_parts")
def test_the_files(client: Any, bucket: Any) -> None:
    with time_machine.travel(START, tick=False):
        create_image(client)
        written = files(bucket)
    folders = {name.rpartition("/")[0] for name in written}
    assert len(folders) == 1
    (folder,) = folders
    match = re.fullmatch(rf"prefix1/web-server/1\.0\.0/1/TOE_2026-03-01_12-00-00_UTC-0_({UUID})", folder)
    assert match is not None
    assert {name.removeprefix(f"{folder}/") for name in written} == {
        "application.log",
        "console.log",
        "detailedoutput.json",
    }
    lines = written[f"{folder}/console.log"].splitlines()
    assert lines[0] == (
        f"2026-03-01 12:00:00.250 Info Document arn:aws:imagebuilder:{REGION}:aws:component/update-linux/1.0.2/1"
    )
    assert lines[-1] == "2026-03-01 12:00:00.250 Info TOE has completed execution successfully"
    assert written[f"{folder}/application.log"].splitlines()[1:] == [line.replace("Info", "Debug") for line in lines]
    details = json.loads(written[f"{folder}/detailedoutput.json"])
    assert (details["executionId"], details["status"], details["failureMessage"]) == (match[1], "success", "")
    (document,) = details["documents"]
    assert document["filePath"].endswith("component/update-linux/1.0.2/1")
    assert document["phases"][0]["name"] == "build"
    assert all(step["status"] == "success" for phase in document["phases"] for step in phase["steps"])


@pytest.mark.usefixtures("_parts")
def test_a_failure(mocked: Control, client: Any, bucket: Any) -> None:
    mocked.fail_next_build(step="ApplyBuildComponents", reason="disk full")
    arn = create_image(client)
    written = files(bucket)
    assert len(written) == 3
    (details,) = (json.loads(text) for name, text in written.items() if name.endswith(".json"))
    failure = state_of(client, arn)["failureContext"]["componentFailure"]
    assert (details["status"], details["failureMessage"]) == ("failed", f"Document {failure['componentArn']} failed!")
    ((phase,),) = (document["phases"] for document in details["documents"])
    (step,) = phase["steps"]
    assert (step["name"], step["status"], step["failureMessage"]) == (failure["stepName"], "failed", "disk full")
    outputs = json.loads(all_steps_of(client, arn)["ApplyBuildComponents"]["outputs"])
    folder = next(iter(written)).rpartition("/")[0]
    assert outputs["logUrl"] == f"s3://build-logs/{folder}"


@pytest.mark.usefixtures("_parts")
def test_a_failure_behind_others(mocked: Control, client: Any, bucket: Any) -> None:
    """What is before it has succeeded, what is behind it does not run."""
    names = ("first", "second", "third")
    arns = [create_component(client, name=name) for name in names]
    recipe = create_recipe(client, name="three", components=[{"componentArn": arn} for arn in arns])
    mocked.fail_builds(component="second", reason="disk full")
    arn = create_image(client, imageRecipeArn=recipe)
    assert state_of(client, arn)["failureContext"]["componentFailure"]["componentArn"] == arns[1]
    written = files(bucket)
    (details,) = (json.loads(text) for name, text in written.items() if name.endswith(".json"))
    assert (details["status"], details["failureMessage"]) == ("failed", f"Document {arns[1]} failed!")
    documents = [(document["filePath"], document["status"]) for document in details["documents"]]
    assert documents == [(arns[0], "success"), (arns[1], "failed")]
    steps = [phase["steps"][0]["failureMessage"] for document in details["documents"] for phase in document["phases"]]
    assert steps == ["", "disk full"]
    (console,) = (text for name, text in written.items() if name.endswith("console.log"))
    assert [f"Document {each}" in console for each in arns] == [True, True, False]
    assert console.count("FINISHED EXECUTION") == 1
    assert console.count("CmdExecution: ExitCode 0") == 1
    assert f"  ComponentArn: {arns[1]}" in console
    assert "completed execution with failure" in console


@pytest.mark.usefixtures("_parts")
def test_a_failure_without_a_bucket(mocked: Control, client: Any) -> None:
    mocked.fail_next_build(step="ApplyBuildComponents", reason="disk full")
    arn = create_image(client)
    assert state_of(client, arn)["reason"] == "disk full"
    assert "logUrl" not in json.loads(all_steps_of(client, arn)["ApplyBuildComponents"]["outputs"])


@pytest.mark.usefixtures("_parts")
def test_a_bucket_that_does_not_exist(client: Any) -> None:
    arn = create_image(client)
    state = state_of(client, arn)
    assert state["status"] == "FAILED"
    assert state["failureContext"]["failedStep"] == "ApplyBuildComponents"
    assert state["reason"].endswith(
        "failed with reason: NoSuchBucket: The specified bucket does not exist status code: 404 in workflow step "
        "ApplyBuildComponents"
    )


@pytest.mark.usefixtures("_parts")
def test_no_components_no_files(client: Any, bucket: Any) -> None:
    """And no bucket is needed then."""
    recipe = client.create_image_recipe(name="bare", semanticVersion="1.0.0", parentImage=PARENT_IMAGE)[
        "imageRecipeArn"
    ]
    assert state_of(client, create_image(client, imageRecipeArn=recipe)) == {"status": "AVAILABLE"}
    assert files(bucket) == {}


@pytest.mark.usefixtures("_parts")
def test_without_a_prefix(client: Any, instance_profile: str, bucket: Any) -> None:
    log_to(client, instance_profile, s3BucketName="build-logs")
    create_image(client)
    assert all(name.startswith("web-server/1.0.0/1/TOE_") for name in files(bucket))


@pytest.mark.usefixtures("_parts")
def test_empty_settings(client: Any, instance_profile: str, bucket: Any) -> None:
    log_to(client, instance_profile)
    assert state_of(client, create_image(client)) == {"status": "AVAILABLE"}
    assert files(bucket) == {}
