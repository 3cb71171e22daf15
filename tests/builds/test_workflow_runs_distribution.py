"""DISTRIBUTION workflows: copies, who may launch them, exports, container images, and what goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, create_infrastructure, create_recipe, managed_workflow
from ..conftest import ACCOUNT, REGION
from ..images import ami_of, client_of, output_amis, own_amis, state_of, tags_of
from ..resources.container_recipes import create as create_container_recipe
from ..resources.container_recipes import create_repository
from ..vm_roles import create_vm_role
from .containers import build as build_container
from .containers import containers
from .integration import create_template, parameter, template_versions
from .workflow_runs import (
    Step,
    all_steps_of,
    build_with,
    create_workflow,
    executions_of,
    inputs_of,
    outputs_of,
    statuses,
    step,
)

BUILD = managed_workflow("build/build-image")
DISTRIBUTE = managed_workflow("distribution/distribute-image")
PARTNER = "111111111111"
DONE = "COMPLETED"
CREATED = "2023-05-17T21:17:21.283Z"
DEFAULT_NAME = "web server 2023-05-17T21-17-23.283000Z"
LICENSE = f"arn:aws:license-manager:{REGION}:{ACCOUNT}:license-configuration:lic-{7:032x}"
COPIES = {"distributedImages.$": "$.stepOutputs.Copy.distributedImages"}

pytestmark = pytest.mark.usefixtures("outbox", "lets_copies_in")


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> Iterator[None]:
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    with freeze_time(CREATED):
        yield


def copy(*distributions: dict[str, Any], name: str = "Copy", **members: Any) -> Step:
    """A step that distributes: as it says itself, or as the configuration of the image says."""
    return step(name, "DistributeImage", {"distributions": list(distributions)} if distributions else None, **members)


def share(*attributes: dict[str, Any]) -> Step:
    return step(
        "Share", "ModifyImageAttributes", {**COPIES, **({"attributes": list(attributes)} if attributes else {})}
    )


def publish(*configurations: dict[str, Any]) -> Step:
    given = {"configurations": list(configurations)} if configurations else {}
    return step("Publish", "ApplyImageConfigurations", {**COPIES, **given})


def distribute(client: Any, *steps: Step, configured: list[dict[str, Any]] | None = None) -> str:
    """The ARN of an image that is built as usual and distributed in these steps."""
    members = {}
    if configured is not None:
        answer = client.create_distribution_configuration(name="everywhere", distributions=configured)
        members["distributionConfigurationArn"] = answer["distributionConfigurationArn"]
    workflow = create_workflow(client, "DISTRIBUTION", *steps)
    return build_with(client, BUILD, workflow, **members)


def launch_permissions(account_id: str, region: str, ami_id: str) -> list[Any]:
    answer = client_of("ec2", account_id, region).describe_image_attribute(ImageId=ami_id, Attribute="launchPermission")
    permissions: list[Any] = answer["LaunchPermissions"]
    return permissions


# ---- copies ----


def test_where_the_step_says(client: Any) -> None:
    arn = distribute(
        client,
        copy(
            {"region": REGION, "amiTags": {"release": "{{ imagebuilder:buildVersion }}"}},
            {
                "region": "eu-west-1",
                "name": "golden {{ imagebuilder:buildDate }}",
                "description": "The copy's",
                "targetAccountIds": [ACCOUNT, PARTNER],
            },
        ),
    )
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    here, there, partners = output_amis(client, arn)
    assert [(ami["region"], ami["accountId"], ami["name"]) for ami in (here, there, partners)] == [
        (REGION, ACCOUNT, DEFAULT_NAME),
        ("eu-west-1", ACCOUNT, "golden 2023-05-17T21-17-21.283Z"),
        ("eu-west-1", PARTNER, "golden 2023-05-17T21-17-21.283Z"),
    ]
    ended = {"dateStarted": CREATED, "dateStopped": CREATED, "status": "Completed", "step": "Completed"}
    assert outputs_of(client, arn, "Copy") == {
        "distributedImages": [
            {
                "region": ami["region"],
                "name": ami["name"],
                "amiId": ami["image"],
                "accountId": ami["accountId"],
                **ended,
            }
            for ami in (here, there, partners)
        ]
    }
    assert tags_of(ami_of(here))["release"] == "1"
    assert ami_of(partners)["Description"] == "The copy's"
    assert executions_of(client, arn)[-1]["type"] == "DISTRIBUTION"


def test_where_the_configuration_says(client: Any) -> None:
    configured = [
        {"region": "eu-west-1", "amiDistributionConfiguration": {"name": "configured {{ imagebuilder:buildDate }}"}}
    ]
    arn = distribute(client, copy(), configured=configured)
    assert [ami["region"] for ami in output_amis(client, arn)] == [REGION, "eu-west-1"]
    assert inputs_of(client, arn, "Copy") == {}


def test_the_step_comes_before_the_configuration(client: Any) -> None:
    configured = [{"region": "eu-west-1", "amiDistributionConfiguration": {}}]
    arn = distribute(client, copy({"region": "us-west-2"}), configured=configured)
    assert [ami["region"] for ami in output_amis(client, arn)] == [REGION, "us-west-2"]


def test_nothing_says_where(client: Any) -> None:
    arn = distribute(client, copy())
    assert state_of(client, arn)["reason"].endswith(
        "The image has no distribution configuration, and the step has no input in its place in workflow step Copy"
    )


def test_a_workflow_takes_the_place_of_the_default(client: Any) -> None:
    """What no step does is not done."""
    configured = [{"region": "eu-west-1", "amiDistributionConfiguration": {}}]
    arn = distribute(client, step("Wait", "WaitForAction"), configured=configured)
    (waiting,) = client.list_waiting_workflow_steps()["steps"]
    client.send_workflow_step_action(
        stepExecutionId=waiting["stepExecutionId"], imageBuildVersionArn=arn, action="RESUME"
    )
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert [ami["region"] for ami in output_amis(client, arn)] == [REGION]


def test_what_is_empty_is_not_there(client: Any) -> None:
    empty = {"region": "us-west-2", "name": None, "targetAccountIds": None, "amiTags": None}
    arn = distribute(client, copy(empty), share({"region": "us-west-2", "launchPermission": {"userIds": None}}))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert output_amis(client, arn)[1]["accountId"] == ACCOUNT


def test_in_several_steps(client: Any) -> None:
    first = copy({"region": "us-west-2"})
    second = copy({"region.$": "$.stepOutputs.Copy.distributedImages[0].region", "name": "again"}, name="Again")
    arn = distribute(client, first, second)
    assert [(ami["region"], ami["name"]) for ami in output_amis(client, arn)] == [
        (REGION, DEFAULT_NAME),
        ("us-west-2", DEFAULT_NAME),
        ("us-west-2", "again"),
    ]


@pytest.mark.parametrize("status", ["DISTRIBUTING", "INTEGRATING", "AVAILABLE"])
def test_what_a_workflow_distributes_is_there_when_the_stage_is_over(client: Any, mocked: Control, status: str) -> None:
    mocked.progress("manual", times=1000)
    arn = distribute(client, copy({"region": "us-west-2"}))
    mocked.advance(arn, to=status)
    assert len(own_amis(region="us-west-2")) == (0 if status == "DISTRIBUTING" else 1)


@pytest.mark.parametrize(
    ("distribution", "sentence"),
    [
        ({"region": "mars-north-1"}, "The Region 'mars-north-1' does not exist"),
        (
            {"region": "us-west-2", "targetAccountIds": ["{{ $.imagebuilder.platform }}"]},
            "The account ID 'Linux' is not valid",
        ),
    ],
)
def test_a_place_that_does_not_exist(client: Any, distribution: dict[str, Any], sentence: str) -> None:
    arn = distribute(client, copy(distribution))
    assert state_of(client, arn)["reason"].endswith(f"failed with reason: {sentence} in workflow step Copy")


def test_a_copy_fails(client: Any) -> None:
    arn = distribute(
        client,
        copy({"region": "us-west-2"}, {"region": "eu-west-1", "name": "{{ ssm:missing }}"}, {"region": "us-east-2"}),
    )
    state = state_of(client, arn)
    sentence = (
        "1) The SSM parameter 'missing' does not exist. when distributing the image from the source account "
        f"(ID: {ACCOUNT}) to the destination account (ID: {ACCOUNT}) in Region eu-west-1."
    )
    assert state["reason"].endswith(f"failed with reason: {sentence.rstrip('.')} in workflow step Copy")
    assert state["failureContext"]["distributionFailure"] == {
        "errorMessage": sentence,
        "regionFailures": [
            {"region": "eu-west-1", "errorMessage": "The SSM parameter 'missing' does not exist.", "status": "FAILED"}
        ],
    }
    # What was copied stays, and the step tells which.
    entries = outputs_of(client, arn, "Copy")["distributedImages"]
    assert [(entry["region"], entry["status"], entry["step"]) for entry in entries] == [
        ("us-west-2", "Completed", "Completed"),
        ("eu-west-1", "Failed", "CopyAmiRunning"),
        ("us-east-2", "Completed", "Completed"),
    ]
    assert entries[1]["errorMessage"] == "The SSM parameter 'missing' does not exist."
    assert [ami["region"] for ami in output_amis(client, arn)] == [REGION, "us-west-2", "us-east-2"]


def test_what_was_copied_goes_on(client: Any) -> None:
    first = copy({"region": "us-west-2"}, {"region": "eu-west-1", "name": "{{ ssm:missing }}"}, onFailure="Continue")
    permission = {"launchPermission": {"userIds": [PARTNER]}}
    arn = distribute(client, first, share({"region": "us-west-2", **permission}, {"region": "eu-west-1", **permission}))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert [entry["region"] for entry in outputs_of(client, arn, "Share")["modifiedImages"]] == ["us-west-2"]


def test_the_ami_is_gone(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = distribute(client, copy({"region": "us-west-2"}))
    mocked.advance(arn, to="DISTRIBUTING")
    (ami,) = output_amis(client, arn)
    client_of("ec2").deregister_image(ImageId=ami["image"])
    mocked.advance(arn)
    message = outputs_of(client, arn, "Copy")["distributedImages"][0]["errorMessage"]
    assert message == f"EC2 Client Error: 'The image id '[{ami['image']}]' is no longer available'"


# ---- launch permissions ----


def test_who_may_launch(client: Any) -> None:
    permission = {"userIds": [PARTNER]}
    arn = distribute(
        client,
        copy({"region": REGION}, {"region": "us-west-2"}),
        share({"region": "us-west-2", "launchPermission": permission}, {"region": "eu-west-1"}),
    )
    here, there = output_amis(client, arn)
    assert launch_permissions(ACCOUNT, "us-west-2", there["image"]) == [{"UserId": PARTNER}]
    assert launch_permissions(ACCOUNT, REGION, here["image"]) == []
    (entry,) = outputs_of(client, arn, "Share")["modifiedImages"]
    assert (entry["amiId"], entry["status"], entry["step"]) == (there["image"], "Completed", "Completed")


def test_who_may_launch_by_the_configuration(client: Any) -> None:
    settings = {"launchPermission": {"userGroups": ["all"]}}
    configured = [{"region": region, "amiDistributionConfiguration": settings} for region in (REGION, "us-west-2")]
    arn = distribute(client, copy(), configured=configured)
    assert all(launch_permissions(ACCOUNT, ami["region"], ami["image"]) == [] for ami in output_amis(client, arn))
    client.delete_workflow(workflowBuildVersionArn=executions_of(client, arn)[-1]["workflowBuildVersionArn"])
    arn = build_with(
        client,
        BUILD,
        create_workflow(client, "DISTRIBUTION", copy(), share(), name="shares"),
        distributionConfigurationArn=f"{ACCOUNT_BASE}:distribution-configuration/everywhere",
    )
    for ami in output_amis(client, arn):
        assert launch_permissions(ACCOUNT, ami["region"], ami["image"]) == [{"Group": "all"}]


def test_a_copy_is_gone_before_it_is_shared(client: Any) -> None:
    arn = distribute(
        client, copy({"region": "us-west-2"}), step("Wait", "WaitForAction"), share({"region": "us-west-2"})
    )
    _, there = output_amis(client, arn)
    ec2 = client_of("ec2", region="us-west-2")
    ec2.deregister_image(ImageId=there["image"])
    (waiting,) = client.list_waiting_workflow_steps()["steps"]
    client.send_workflow_step_action(
        stepExecutionId=waiting["stepExecutionId"], imageBuildVersionArn=arn, action="RESUME"
    )
    (entry,) = outputs_of(client, arn, "Share")["modifiedImages"]
    assert (entry["status"], entry["step"]) == ("Failed", "ModifyAmiRunning")
    assert state_of(client, arn)["failureContext"]["failedStep"] == "Share"


# ---- exports ----


@pytest.fixture
def bucket(iam: Any) -> Any:
    """A bucket for disk images, and the role to write there."""
    create_vm_role(iam)
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="disks")
    return s3


def export_to(bucket: str) -> dict[str, Any]:
    return {"roleName": "vmimport", "diskImageFormat": "VMDK", "s3Bucket": bucket}


@pytest.mark.parametrize(
    ("exports", "count"), [(export_to("disks"), 1), ([export_to("disks"), export_to("disks")], 2), (None, 0)]
)
def test_disk_images(client: Any, bucket: Any, exports: Any, count: int) -> None:
    settings = {} if exports is None else {"s3ExportConfiguration": exports}
    arn = distribute(client, copy({"region": REGION}, {"region": "us-west-2"}), publish({"region": REGION, **settings}))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    keys = [entry["Key"] for entry in bucket.list_objects_v2(Bucket="disks").get("Contents", ())]
    assert len(keys) == count
    ami = output_amis(client, arn)[0]["image"]
    assert all(json.loads(bucket.get_object(Bucket="disks", Key=key)["Body"].read())["imageId"] == ami for key in keys)
    (entry,) = outputs_of(client, arn, "Publish")["configuredImages"]
    assert (entry["amiId"], entry["status"]) == (ami, "Completed")


def test_copies_of_others_are_not_configured(client: Any, bucket: Any) -> None:
    theirs = {"region": REGION, "targetAccountIds": [PARTNER]}
    arn = distribute(client, copy(theirs), publish({"region": REGION, "s3ExportConfiguration": export_to("disks")}))
    assert outputs_of(client, arn, "Publish") == {"configuredImages": []}
    assert "Contents" not in bucket.list_objects_v2(Bucket="disks")


def test_disk_images_by_the_configuration(client: Any, bucket: Any) -> None:
    configured = [
        {"region": REGION, "amiDistributionConfiguration": {}, "s3ExportConfiguration": export_to("disks")},
    ]
    answer = client.create_distribution_configuration(name="exports", distributions=configured)
    arn = build_with(client, BUILD, DISTRIBUTE, distributionConfigurationArn=answer["distributionConfigurationArn"])
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert statuses(client, arn)[-1] == ("DISTRIBUTION", DONE, [DONE, DONE, DONE])
    assert len(bucket.list_objects_v2(Bucket="disks")["Contents"]) == 1


@pytest.mark.usefixtures("bucket")
def test_an_export_fails(client: Any) -> None:
    arn = distribute(
        client,
        copy({"region": REGION}),
        publish({"region": REGION, "s3ExportConfiguration": export_to("no-such-bucket")}),
    )
    message = "EC2 Client Error: 'The specified bucket does not exist: no-such-bucket'"
    state = state_of(client, arn)
    assert re.fullmatch(
        f"Workflow Execution ID: 'wf-.*' failed with reason: In region '{REGION}' - '{message}' in workflow step Publish",
        state["reason"],
    )
    assert state["failureContext"]["imageStatus"] == "DISTRIBUTING"
    assert state["failureContext"]["distributionFailure"]["regionFailures"] == [
        {"region": REGION, "imageConfigurationStep": "EXPORT_AMI", "errorMessage": message, "status": "FAILED"}
    ]
    (entry,) = outputs_of(client, arn, "Publish")["configuredImages"]
    assert (entry["status"], entry["step"], entry["errorMessage"]) == ("Failed", "ExportAmiRunning", message)
    assert all_steps_of(client, arn)["Copy"]["status"] == DONE


# ---- encryption ----


def test_a_copy_is_encrypted(client: Any) -> None:
    key = client_of("kms", region="us-west-2").create_key()["KeyMetadata"]["Arn"]
    arn = distribute(client, copy({"region": "us-west-2", "kmsKeyId": key}))
    (mapping,) = ami_of(output_amis(client, arn)[1])["BlockDeviceMappings"]
    (snapshot,) = client_of("ec2", region="us-west-2").describe_snapshots(SnapshotIds=[mapping["Ebs"]["SnapshotId"]])[
        "Snapshots"
    ]
    assert (snapshot["Encrypted"], snapshot["KmsKeyId"]) == (True, key)


def test_a_copy_cannot_be_encrypted(client: Any) -> None:
    arn = distribute(client, copy({"region": "us-west-2", "kmsKeyId": "alias/missing"}))
    (entry,) = outputs_of(client, arn, "Copy")["distributedImages"]
    assert (entry["status"], entry["step"]) == ("Failed", "CopyAmiRunning")
    assert re.fullmatch("AMI Copy Reported Failure For ami-[0-9a-f]{17}", entry["errorMessage"])


def test_an_encrypted_copy_is_not_shared(client: Any) -> None:
    arn = distribute(
        client,
        copy({"region": "us-west-2", "kmsKeyId": "alias/aws/ebs"}, {"region": "eu-west-1"}),
        share(
            *({"region": region, "launchPermission": {"userIds": [PARTNER]}} for region in ("us-west-2", "eu-west-1"))
        ),
    )
    failed, shared = outputs_of(client, arn, "Share")["modifiedImages"]
    assert (failed["status"], failed["step"]) == ("Failed", "ModifyAmiRunning")
    assert failed["errorMessage"] == (
        "EC2 Client Error: 'Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.'"
    )
    assert shared["status"] == "Completed"
    assert state_of(client, arn)["failureContext"]["failedStep"] == "Share"


# ---- what uses the AMIs ----


def test_everything_that_uses_an_ami(client: Any, mocked: Control, bucket: Any) -> None:
    template_id = create_template()
    arn = distribute(
        client,
        copy({"region": REGION}),
        publish(
            {
                "region": REGION,
                "licenseConfigurationArns": [LICENSE],
                "launchTemplateConfigurations": [{"launchTemplateId": template_id, "setDefaultVersion": False}],
                "ssmParameterConfigurations": {"parameterName": "/web/ami", "dataType": "aws:ec2:image"},
                "fastLaunchConfigurations": [{"enabled": False}],
                "s3ExportConfiguration": [export_to("disks")],
            }
        ),
    )
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    ami_id = output_amis(client, arn)[0]["image"]
    assert [version["DefaultVersion"] for version in template_versions(template_id)] == [True, False]
    assert template_versions(template_id)[1]["LaunchTemplateData"]["ImageId"] == ami_id
    # Workflows come with a role of their own, which may put any parameter.
    assert (parameter("/web/ami")["Value"], parameter("/web/ami")["DataType"]) == (ami_id, "aws:ec2:image")
    assert [request["service"] for request in mocked.unserved_requests(arn)] == ["license-manager"]
    assert len(bucket.list_objects_v2(Bucket="disks")["Contents"]) == 1
    (entry,) = outputs_of(client, arn, "Publish")["configuredImages"]
    assert (entry["amiId"], entry["status"], entry["step"]) == (ami_id, "Completed", "Completed")


def test_everything_by_the_configuration(client: Any) -> None:
    template_id = create_template()
    configured = {
        "region": REGION,
        "amiDistributionConfiguration": {"targetAccountIds": [ACCOUNT, PARTNER]},
        "launchTemplateConfigurations": [{"launchTemplateId": template_id}],
        "ssmParameterConfigurations": [
            {"parameterName": "/web/ami", "amiAccountId": account_id} for account_id in (ACCOUNT, PARTNER)
        ],
    }
    answer = client.create_distribution_configuration(name="everything", distributions=[configured])
    arn = build_with(client, BUILD, DISTRIBUTE, distributionConfigurationArn=answer["distributionConfigurationArn"])
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    here, partners = output_amis(client, arn)
    assert template_versions(template_id)[1]["LaunchTemplateData"]["ImageId"] == here["image"]
    # Parameters alone are for the copies of other accounts, too.
    assert parameter("/web/ami")["Value"] == here["image"]
    assert parameter("/web/ami", PARTNER)["Value"] == partners["image"]


def test_templates_of_others_are_not_configured(client: Any) -> None:
    template_id = create_template(account_id=PARTNER)
    configuration = {"launchTemplateId": template_id, "accountId": PARTNER}
    arn = distribute(
        client,
        copy({"region": REGION, "targetAccountIds": [ACCOUNT, PARTNER]}),
        publish({"region": REGION, "launchTemplateConfigurations": [configuration]}),
    )
    assert len(template_versions(template_id, PARTNER)) == 1
    assert [entry["accountId"] for entry in outputs_of(client, arn, "Publish")["configuredImages"]] == [ACCOUNT]


@pytest.mark.parametrize(
    ("settings", "step", "running", "message"),
    [
        (
            {"licenseConfigurationArns": ["lic-1"]},
            "ASSOCIATE_LICENSES",
            "AssociateLicensesRunning",
            f"License Manager Client Error: 'License configuration lic-1 does not exist in Region {REGION}'",
        ),
        (
            {"launchTemplateConfigurations": [{"launchTemplateId": "lt-1"}]},
            "UPDATE_LAUNCH_TEMPLATES",
            "UpdateLaunchTemplateRunning",
            "EC2 Client Error: 'The launch-template ID 'lt-1' does not exist'",
        ),
        (
            {"ssmParameterConfigurations": [{"parameterName": "a/b"}]},
            "PUT_SSM_PARAMETERS",
            "PutSsmParametersRunning",
            "SSM Client Error: 'Parameter name must be a fully qualified name.'",
        ),
        (
            {"fastLaunchConfigurations": [{"enabled": True, "maxParallelLaunches": 5}]},
            "UPDATE_FAST_LAUNCH_CONFIGURATIONS",
            "UpdateFastLaunchConfiguration",
            "EC2 Client Error: 'The image {ami} is not a Windows image'",
        ),
    ],
)
def test_a_configuration_fails(client: Any, settings: dict[str, Any], step: str, running: str, message: str) -> None:
    arn = distribute(client, copy({"region": REGION}), publish({"region": REGION, **settings}))
    message = message.format(ami=output_amis(client, arn)[0]["image"])
    state = state_of(client, arn)
    assert state["reason"].endswith(f"In region '{REGION}' - '{message}' in workflow step Publish")
    assert state["failureContext"]["distributionFailure"]["regionFailures"] == [
        {"region": REGION, "imageConfigurationStep": step, "errorMessage": message, "status": "FAILED"}
    ]
    (entry,) = outputs_of(client, arn, "Publish")["configuredImages"]
    assert (entry["status"], entry["step"], entry["errorMessage"]) == ("Failed", running, message)


# ---- containers ----


def distribute_container(client: Any, repository: str = "web") -> str:
    create_repository()
    settings = {"targetRepository": {"service": "ECR", "repositoryName": repository}}
    answer = client.create_distribution_configuration(
        name="containers", distributions=[{"region": "eu-west-1", "containerDistributionConfiguration": settings}]
    )
    create_container_recipe(client, "web server")
    kinds = ("build/build-container", "test/test-container", "distribution/distribute-container")
    return build_container(
        client,
        workflows=[{"workflowArn": managed_workflow(kind)} for kind in kinds],
        executionRole="builder",
        distributionConfigurationArn=answer["distributionConfigurationArn"],
    )


def test_a_container_image(client: Any) -> None:
    client_of("ecr", region="eu-west-1").create_repository(repositoryName="european")
    arn = distribute_container(client, "european")
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert containers(client, arn).keys() == {REGION, "eu-west-1"}
    assert outputs_of(client, arn, "DistributeContainerImage") == {
        "status": "Success",
        "succeededRegions": [REGION, "eu-west-1"],
        "failedRegions": [],
    }


def test_a_repository_of_a_container_image_is_missing(client: Any) -> None:
    arn = distribute_container(client, "missing")
    state = state_of(client, arn)
    assert state["failureContext"]["failedStep"] == "DistributeContainerImage"
    assert state["failureContext"]["distributionFailure"]["regionFailures"][0]["region"] == "eu-west-1"
    assert outputs_of(client, arn, "DistributeContainerImage") == {
        "status": "Failed",
        "succeededRegions": [REGION],
        "failedRegions": ["eu-west-1"],
    }
    assert containers(client, arn).keys() == {REGION}
