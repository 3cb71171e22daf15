"""Disk images in S3: what ``s3ExportConfiguration`` leaves, and how it fails."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import create_infrastructure, create_recipe
from ..conftest import REGION
from ..images import create_image, get_image, output_amis, own_amis, state_of
from ..vm_roles import create_vm_role
from .clocks import CLOCKS

BUCKETS = {"disks": "us-east-1", "european-disks": "eu-west-1"}
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

pytestmark = pytest.mark.usefixtures("outbox")


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str, iam: Any) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    create_vm_role(iam)
    for bucket, region in BUCKETS.items():
        create_bucket(bucket, region)


def create_bucket(bucket: str, region: str) -> None:
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    boto3.client("s3", region_name=region).create_bucket(Bucket=bucket, **location)


def export_to(bucket: str = "disks", **members: Any) -> dict[str, Any]:
    """An ``s3ExportConfiguration``."""
    return {"roleName": "vmimport", "diskImageFormat": "VMDK", "s3Bucket": bucket, **members}


def build(client: Any, *distributions: dict[str, Any]) -> str:
    """The ARN of an image with these distributions."""
    answer = client.create_distribution_configuration(name="exports", distributions=list(distributions))
    return create_image(client, distributionConfigurationArn=answer["distributionConfigurationArn"])


def keys(bucket: str = "disks") -> list[str]:
    listed = boto3.client("s3", region_name=BUCKETS[bucket]).list_objects_v2(Bucket=bucket)
    return [entry["Key"] for entry in listed.get("Contents", ())]


# ---- what is left ----


@pytest.mark.parametrize("disk_format", ["VMDK", "RAW", "VHD"])
def test_a_disk_image_in_every_format(client: Any, disk_format: str) -> None:
    arn = build(client, {"region": REGION, "s3ExportConfiguration": export_to(diskImageFormat=disk_format)})
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    (key,) = keys()
    assert re.fullmatch(rf"export-ami-[0-9a-f]{{17}}\.{disk_format.lower()}", key)
    text = boto3.client("s3", region_name=REGION).get_object(Bucket="disks", Key=key)["Body"].read()
    assert json.loads(text) == {
        "imageId": output_amis(client, arn)[0]["image"],
        "diskImageFormat": disk_format,
        "region": REGION,
    }


@pytest.mark.parametrize("prefix", ["exports/", "exports", "a/b/c-", "/"])
def test_the_prefix_is_taken_to_the_letter(client: Any, prefix: str) -> None:
    build(client, {"region": REGION, "s3ExportConfiguration": export_to(s3Prefix=prefix)})
    (key,) = keys()
    assert re.fullmatch(re.escape(prefix) + r"export-ami-[0-9a-f]{17}\.vmdk", key)


def test_every_region_exports_its_own_ami(client: Any) -> None:
    arn = build(
        client,
        {"region": REGION, "amiDistributionConfiguration": {}, "s3ExportConfiguration": export_to()},
        {
            "region": "eu-west-1",
            "amiDistributionConfiguration": {},
            "s3ExportConfiguration": export_to("european-disks"),
        },
    )
    exported = {}
    for bucket, region in BUCKETS.items():
        (key,) = keys(bucket)
        body = boto3.client("s3", region_name=region).get_object(Bucket=bucket, Key=key)["Body"].read()
        exported[region] = json.loads(body)["imageId"]
    assert exported == {entry["region"]: entry["image"] for entry in output_amis(client, arn)}


def test_every_build_exports_its_own_disk_image(client: Any) -> None:
    arn = build(client, {"region": REGION, "s3ExportConfiguration": export_to()})
    distribution_arn = get_image(client, arn)["distributionConfiguration"]["arn"]
    create_image(client, distributionConfigurationArn=distribution_arn)
    assert len(keys()) == 2
    client.delete_image(imageBuildVersionArn=arn)
    assert len(keys()) == 2


def test_the_disk_image_comes_when_the_image_is_integrated(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = build(client, {"region": REGION, "s3ExportConfiguration": export_to()})
    mocked.advance(arn, to="INTEGRATING")
    assert keys() == []
    mocked.advance(arn)
    assert len(keys()) == 1


@pytest.mark.parametrize("clock", CLOCKS)
def test_who_looks_at_s3_alone_sees_the_disk_image_come(client: Any, mocked: Control, clock: Any) -> None:
    with clock() as let_pass:
        mocked.progress("time", seconds=60)
        build(client, {"region": REGION, "s3ExportConfiguration": export_to()})
        let_pass(359)
        assert keys() == []
        let_pass(1)
        assert len(keys()) == 1


def test_exports_in_another_partition(mocked: Control) -> None:
    region = "cn-north-1"
    iam = boto3.client("iam", region_name=region)
    iam.create_instance_profile(InstanceProfileName="profile")
    create_vm_role(iam)
    create_bucket("chinese-disks", region)
    client = boto3.client("imagebuilder", region_name=region)
    infrastructure_arn = create_infrastructure(client, "profile")
    assert infrastructure_arn.startswith("arn:aws-cn:imagebuilder:cn-north-1:")
    recipe_arn = client.create_image_recipe(
        name="web server",
        semanticVersion="1.0.0",
        parentImage="arn:aws-cn:imagebuilder:cn-north-1:aws:image/amazon-linux-2-x86/x.x.x",
    )["imageRecipeArn"]
    distribution_arn = client.create_distribution_configuration(
        name="exports", distributions=[{"region": region, "s3ExportConfiguration": export_to("chinese-disks")}]
    )["distributionConfigurationArn"]
    arn = client.create_image(
        imageRecipeArn=recipe_arn,
        infrastructureConfigurationArn=infrastructure_arn,
        distributionConfigurationArn=distribution_arn,
    )["imageBuildVersionArn"]
    image = get_image(client, arn)
    assert image["state"] == {"status": "AVAILABLE"}
    assert image["executionRole"].startswith("arn:aws-cn:iam::123456789012:role/aws-service-role/")
    listed = boto3.client("s3", region_name=region).list_objects_v2(Bucket="chinese-disks")
    assert listed["KeyCount"] == 1


# ---- failures ----


def assert_integration_failed(state: Any, arn: str, failures: dict[str, str]) -> None:
    """The state of an image that could not be exported: what EC2 says, by Region."""
    errors = {region: f"EC2 Client Error: '{message}'" for region, message in failures.items()}
    message = " ".join(f"In region '{region}' - '{error}'" for region, error in errors.items())
    reason = (
        f"Integration failed with JobId '{UUID}', status = 'Failed' for ARN '{re.escape(arn)}'. {re.escape(message)}"
    )
    assert re.fullmatch(reason, state.pop("reason"))
    assert state == {
        "status": "FAILED",
        "failureContext": {
            "imageStatus": "INTEGRATING",
            "distributionFailure": {
                "errorMessage": message,
                "regionFailures": [
                    {
                        "region": region,
                        "status": "FAILED",
                        "imageConfigurationStep": "EXPORT_AMI",
                        "errorMessage": error,
                    }
                    for region, error in errors.items()
                ],
            },
        },
    }


@pytest.mark.parametrize(
    ("export", "message"),
    [
        (export_to("no-such-bucket"), "The specified bucket does not exist: no-such-bucket"),
        (export_to("european-disks"), "The given S3 object is not local to the region."),
        (
            export_to(roleName="other"),
            "The service role other provided does not exist or does not have sufficient permissions",
        ),
    ],
)
def test_an_export_fails(client: Any, export: dict[str, str], message: str) -> None:
    arn = build(client, {"region": REGION, "amiDistributionConfiguration": {}, "s3ExportConfiguration": export})
    assert_integration_failed(state_of(client, arn), arn, {REGION: message})
    assert keys() == keys("european-disks") == []
    # The AMI was made and distributed before.
    assert [ami["ImageId"] for ami in own_amis()] == [entry["image"] for entry in output_amis(client, arn)]


def test_only_the_regions_that_failed_are_named(client: Any) -> None:
    arn = build(
        client,
        {
            "region": "us-east-2",
            "amiDistributionConfiguration": {},
            "s3ExportConfiguration": export_to("no-such-bucket"),
        },
        {"region": REGION, "s3ExportConfiguration": export_to()},
        {"region": "eu-west-1", "amiDistributionConfiguration": {}, "s3ExportConfiguration": export_to()},
    )
    failures = {
        "us-east-2": "The specified bucket does not exist: no-such-bucket",
        "eu-west-1": "The given S3 object is not local to the region.",
    }
    assert_integration_failed(state_of(client, arn), arn, failures)
    assert len(keys()) == 1


def test_the_ami_is_deregistered_before_it_is_exported(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = build(client, {"region": REGION, "s3ExportConfiguration": export_to()})
    mocked.advance(arn, to="INTEGRATING")
    (entry,) = output_amis(client, arn)
    boto3.client("ec2", region_name=REGION).deregister_image(ImageId=entry["image"])
    mocked.advance(arn)
    message = f"The image id '[{entry['image']}]' is no longer available"
    assert_integration_failed(state_of(client, arn), arn, {REGION: message})
    assert keys() == []


def test_the_failure_is_shown_in_the_list_of_builds(client: Any) -> None:
    arn = build(client, {"region": REGION, "s3ExportConfiguration": export_to("no-such-bucket")})
    (summary,) = client.list_image_build_versions()["imageSummaryList"]
    assert summary["state"] == state_of(client, arn)
