"""``scanState`` of GetImage: how far the scan of an image is."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import EXECUTION_ROLE, create_infrastructure, create_recipe, managed_workflow
from ..conftest import ACCOUNT, REGION
from ..images import create_image, get_image

SCANNING = {"imageScanningConfiguration": {"imageScanningEnabled": True}}
BUILD_ALONE: dict[str, Any] = {
    "workflows": [{"workflowArn": managed_workflow("build/build-image")}],
    "executionRole": EXECUTION_ROLE,
}


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    inspector: Any = boto3.client("inspector2", region_name=REGION)
    inspector.enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])


def scan_state(client: Any, arn: str) -> Any:
    return get_image(client, arn).get("scanState")


def test_the_scan_comes_with_the_tests(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client, **SCANNING)
    seen = []
    for status in ("PENDING", "CREATING", "BUILDING", "TESTING", "AVAILABLE"):
        mocked.advance(arn, to=status)
        seen.append(scan_state(client, arn))
    assert seen == [{"status": each} for each in ("PENDING", "PENDING", "PENDING", "SCANNING", "COMPLETED")]


@pytest.mark.parametrize(
    ("stage", "scan"),
    [("CREATING", "ABANDONED"), ("BUILDING", "ABANDONED"), ("TESTING", "ABANDONED"), ("DISTRIBUTING", "COMPLETED")],
)
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_an_image_that_ends_before_its_scan(
    client: Any, mocked: Control, stage: str, scan: str, is_cancelled: bool
) -> None:
    distribution = client.create_distribution_configuration(
        name="here", distributions=[{"region": REGION, "amiDistributionConfiguration": {}}]
    )["distributionConfigurationArn"]
    if is_cancelled:
        mocked.progress("manual", times=1000)
    else:
        mocked.fail_next_build(stage)
    arn = create_image(client, **SCANNING, distributionConfigurationArn=distribution)
    if is_cancelled:
        mocked.advance(arn, to=stage)
        client.cancel_image_creation(imageBuildVersionArn=arn)
    image = get_image(client, arn)
    assert image["state"]["status"] == ("CANCELLED" if is_cancelled else "FAILED")
    assert image["scanState"] == {"status": scan}


def test_a_retried_image_is_scanned_again(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    arn = create_image(client, **SCANNING)
    client.retry_image(imageBuildVersionArn=arn)
    assert scan_state(client, arn) == {"status": "COMPLETED"}


def test_without_tests_there_is_no_scan(client: Any) -> None:
    assert scan_state(client, create_image(client, **SCANNING, **BUILD_ALONE)) == {"status": "ABANDONED"}


@pytest.mark.parametrize(
    "scanning",
    [
        {},
        {"imageScanningConfiguration": {"imageScanningEnabled": False}},
    ],
)
def test_images_without_a_scan(client: Any, scanning: dict[str, Any]) -> None:
    assert scan_state(client, create_image(client, **scanning)) is None
