"""Licenses, Fast Launch, and the order in which the AMIs of a Region are configured."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import boto3
import pytest
from moto.core.base_backend import BackendDict

from mock_imagebuilder import Control, imagebuilder_backends

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..images import client_of, create_image, get_image, output_amis, state_of
from ..vm_roles import create_vm_role
from .integration import (
    NO_TEMPLATE,
    assert_integration_failed,
    build,
    create_template,
    parameter_names,
    template_versions,
)

PARTNER = "111111111111"
WINDOWS = f"{ACCOUNT_BASE}:image-recipe/windows/1.0.0"
FAST_LAUNCH = "UPDATE_FAST_LAUNCH_CONFIGURATIONS"

pytestmark = pytest.mark.usefixtures("outbox")


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    parent = f"{MANAGED_BASE}:image/windows-server-2022-english-full-base-x86/x.x.x"
    client.create_image_recipe(name="windows", semanticVersion="1.0.0", parentImage=parent)
    create_infrastructure(client, instance_profile)


def license_arn(region: str = REGION, number: int = 7) -> str:
    return f"arn:aws:license-manager:{region}:{ACCOUNT}:license-configuration:lic-{number:032x}"


# ---- licenses ----


def test_licenses_are_associated(client: Any, mocked: Control) -> None:
    arns = [license_arn(number=1), license_arn(number=2)]
    arn = build(client, {"amiDistributionConfiguration": {}, "licenseConfigurationArns": arns})
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    ami_id = output_amis(client, arn)[0]["image"]
    assert mocked.unserved_requests(arn) == [
        {
            "service": "license-manager",
            "operation": "UpdateLicenseSpecificationsForResource",
            "accountId": ACCOUNT,
            "region": REGION,
            "parameters": {
                "ResourceArn": f"arn:aws:ec2:{REGION}::image/{ami_id}",
                "AddLicenseSpecifications": [{"LicenseConfigurationArn": each} for each in arns],
            },
        }
    ]
    (shown,) = get_image(client, arn)["distributionConfiguration"]["distributions"]
    assert shown["licenseConfigurationArns"] == arns


def test_a_license_of_another_region(client: Any, mocked: Control) -> None:
    elsewhere = license_arn("eu-west-1")
    arn = build(client, {"amiDistributionConfiguration": {}, "licenseConfigurationArns": [elsewhere]})
    message = f"License Manager Client Error: 'License configuration {elsewhere} does not exist in Region {REGION}'"
    assert_integration_failed(client, arn, (REGION, "ASSOCIATE_LICENSES", message))
    assert mocked.unserved_requests(arn) == []


def test_a_build_that_asks_nobody(client: Any, mocked: Control) -> None:
    arn = create_image(client)
    assert mocked.unserved_requests(arn) == []
    with pytest.raises(LookupError, match="there is no image"):
        mocked.unserved_requests(arn.replace("/1.0.0/1", "/1.0.0/2"))


def test_requests_are_forgotten_with_the_mock(client: Any, mocked: Control) -> None:
    arn = build(client, {"amiDistributionConfiguration": {}, "licenseConfigurationArns": [license_arn()]})
    assert len(mocked.unserved_requests(arn)) == 1
    BackendDict.reset()
    assert imagebuilder_backends.unserved == {}
    assert imagebuilder_backends.ami_contents == {}


# ---- Fast Launch ----


def fast(*configurations: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"amiDistributionConfiguration": {}, "fastLaunchConfigurations": list(configurations), **members}


def fast_launches() -> list[Any]:
    """What EC2 has set up, in the order in which it was."""
    rows: list[Any] = client_of("ec2").describe_fast_launch_images()["FastLaunchImages"]
    return rows


def test_fast_launch_is_enabled(client: Any, mocked: Control) -> None:
    template_id = create_template()
    configuration = {
        "enabled": True,
        "accountId": ACCOUNT,
        "maxParallelLaunches": 8,
        "snapshotConfiguration": {"targetResourceCount": 4},
        "launchTemplate": {"launchTemplateName": "web", "launchTemplateVersion": "1"},
    }
    arn = build(client, fast(configuration), imageRecipeArn=WINDOWS)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    (row,) = fast_launches()
    assert row == {
        "ImageId": output_amis(client, arn)[0]["image"],
        "ResourceType": "snapshot",
        "SnapshotConfiguration": {"TargetResourceCount": 4},
        "LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"},
        "MaxParallelLaunches": 8,
        "OwnerId": ACCOUNT,
        "State": "enabled",
        "StateTransitionReason": "Client.UserInitiated",
        "StateTransitionTime": ANY,
    }
    assert mocked.unserved_requests(arn) == []
    assert len(template_versions(template_id)) == 1


def test_fast_launch_without_settings(client: Any) -> None:
    build(client, fast({"enabled": True}), imageRecipeArn=WINDOWS)
    (row,) = fast_launches()
    assert (row["MaxParallelLaunches"], row["SnapshotConfiguration"]) == (6, {"TargetResourceCount": 5})
    assert "LaunchTemplate" not in row


def test_fast_launch_with_the_default_version_of_a_template(client: Any) -> None:
    template_id = create_template()
    build(client, fast({"enabled": True, "launchTemplate": {"launchTemplateId": template_id}}), imageRecipeArn=WINDOWS)
    (row,) = fast_launches()
    assert row["LaunchTemplate"] == {"LaunchTemplateId": template_id, "Version": "$Default"}


def test_fast_launch_is_not_wanted(client: Any, mocked: Control) -> None:
    template = {"launchTemplateId": NO_TEMPLATE}
    arn = build(client, fast({"enabled": False, "launchTemplate": template}))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert fast_launches() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"launchTemplate": {"launchTemplateId": NO_TEMPLATE}},
            f"EC2 Client Error: 'The launch-template ID '{NO_TEMPLATE}' does not exist'",
        ),
        (
            {"launchTemplate": {"launchTemplateName": "other"}},
            "EC2 Client Error: 'The launch-template name 'other' does not exist'",
        ),
        (
            {"maxParallelLaunches": 5},
            "EC2 Client Error: 'The value 5 for MaxParallelLaunches must be 6 or greater'",
        ),
        (
            {"accountId": PARTNER},
            f"The image was not distributed to the account (ID: {PARTNER}) in Region {REGION}.",
        ),
    ],
)
def test_fast_launch_fails(client: Any, mocked: Control, settings: dict[str, Any], message: str) -> None:
    create_template()
    arn = build(client, fast({"enabled": True, **settings}), imageRecipeArn=WINDOWS)
    assert_integration_failed(client, arn, (REGION, FAST_LAUNCH, message))
    assert fast_launches() == []


def test_fast_launch_with_a_version_that_does_not_exist(client: Any) -> None:
    template_id = create_template()
    template = {"launchTemplateId": template_id, "launchTemplateVersion": "2"}
    arn = build(client, fast({"enabled": True, "launchTemplate": template}), imageRecipeArn=WINDOWS)
    message = f"EC2 Client Error: 'Could not find the specified version 2 for the launch template {template_id}.'"
    assert_integration_failed(client, arn, (REGION, FAST_LAUNCH, message))


def test_fast_launch_is_for_windows(client: Any) -> None:
    arn = build(client, fast({"enabled": True}))
    ami_id = output_amis(client, arn)[0]["image"]
    message = f"EC2 Client Error: 'The image {ami_id} is not a Windows image'"
    assert_integration_failed(client, arn, (REGION, FAST_LAUNCH, message))


# ---- the order ----


@pytest.fixture
def bucket(iam: Any) -> Any:
    create_vm_role(iam)
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="disks")
    return s3


#: What makes each of the steps fail.
BROKEN: dict[str, dict[str, Any]] = {
    "ASSOCIATE_LICENSES": {"licenseConfigurationArns": [license_arn("eu-west-1")]},
    "UPDATE_LAUNCH_TEMPLATES": {"launchTemplateConfigurations": [{"launchTemplateId": NO_TEMPLATE}]},
    "PUT_SSM_PARAMETERS": {"ssmParameterConfigurations": [{"parameterName": "/web/ami"}]},
    "UPDATE_FAST_LAUNCH_CONFIGURATIONS": {"fastLaunchConfigurations": [{"enabled": True, "maxParallelLaunches": 1}]},
    "EXPORT_AMI": {
        "s3ExportConfiguration": {"roleName": "vmimport", "diskImageFormat": "RAW", "s3Bucket": "no-such-bucket"}
    },
}


@pytest.mark.parametrize("broken", [*BROKEN, None])
def test_what_comes_before_a_failure_stays(client: Any, mocked: Control, bucket: Any, broken: str | None) -> None:
    template_id = create_template()
    whole: dict[str, Any] = {
        "s3ExportConfiguration": {"roleName": "vmimport", "diskImageFormat": "RAW", "s3Bucket": "disks"},
        "fastLaunchConfigurations": [{"enabled": True}],
        "ssmParameterConfigurations": [{"parameterName": "/imagebuilder/web"}],
        "launchTemplateConfigurations": [{"launchTemplateId": template_id}],
        "licenseConfigurationArns": [license_arn()],
    }
    arn = build(client, {**whole, **BROKEN.get(broken or "", {})}, imageRecipeArn=WINDOWS)
    operations = [request["operation"] for request in mocked.unserved_requests(arn)]
    done = [
        "UpdateLicenseSpecificationsForResource" in operations,
        len(template_versions(template_id)) == 2,
        parameter_names() == ["/imagebuilder/web"],
        len(fast_launches()) == 1,
        "Contents" in bucket.list_objects_v2(Bucket="disks"),
    ]
    count = 5 if broken is None else list(BROKEN).index(broken)
    assert done == [True] * count + [False] * (5 - count)
    state = state_of(client, arn)
    if broken is None:
        assert state == {"status": "AVAILABLE"}
    else:
        (failure,) = state["failureContext"]["distributionFailure"]["regionFailures"]
        assert failure["imageConfigurationStep"] == broken


def test_every_region_fails_on_its_own(client: Any) -> None:
    message = f"EC2 Client Error: 'The launch-template ID '{NO_TEMPLATE}' does not exist'"
    elsewhere = license_arn()
    arn = build(
        client,
        {"amiDistributionConfiguration": {}, **BROKEN["UPDATE_LAUNCH_TEMPLATES"]},
        {
            "region": "us-west-2",
            "amiDistributionConfiguration": {},
            "ssmParameterConfigurations": [{"parameterName": "/imagebuilder/web"}],
        },
        {
            "region": "eu-west-1",
            "amiDistributionConfiguration": {},
            "licenseConfigurationArns": [elsewhere],
            **BROKEN["UPDATE_LAUNCH_TEMPLATES"],
        },
    )
    license_message = (
        f"License Manager Client Error: 'License configuration {elsewhere} does not exist in Region eu-west-1'"
    )
    assert_integration_failed(
        client,
        arn,
        (REGION, "UPDATE_LAUNCH_TEMPLATES", message),
        ("eu-west-1", "ASSOCIATE_LICENSES", license_message),
    )
    assert parameter_names(region="us-west-2") == ["/imagebuilder/web"]


def test_an_image_that_is_only_distributed(client: Any, mocked: Control) -> None:
    template_id = create_template()
    source = mocked.make_image("golden")
    configuration = client.create_distribution_configuration(
        name="everywhere",
        distributions=[
            {
                "region": REGION,
                "amiDistributionConfiguration": {},
                "launchTemplateConfigurations": [{"launchTemplateId": template_id}],
                "ssmParameterConfigurations": [{"parameterName": "/imagebuilder/golden"}],
            }
        ],
    )["distributionConfigurationArn"]
    arn = client.distribute_image(
        sourceImage=source,
        distributionConfigurationArn=configuration,
        executionRole="AWSServiceRoleForImageBuilder",
    )["imageBuildVersionArn"]
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    ami_id = output_amis(client, source)[0]["image"]
    assert template_versions(template_id)[1]["LaunchTemplateData"]["ImageId"] == ami_id
    assert client_of("ssm").get_parameter(Name="/imagebuilder/golden")["Parameter"]["Value"] == ami_id
