"""EC2's actions for the export of AMIs, and the tasks in which Image Builder's distributions export."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import boto3
import pytest
from moto.ec2.models import ec2_backends

from mock_imagebuilder import Control, imagebuilder_backends, mock_imagebuilder

from .build_parts import create_infrastructure, create_recipe
from .builds.clocks import CLOCKS
from .conftest import ACCOUNT, REGION
from .images import client_of, create_image, get_image, import_image, output_amis, state_of
from .served import serving
from .vm_machines import (
    BUCKET,
    EXPORTS,
    IMPORTS,
    KEY,
    disk,
    ec2_refuses,
    export_tasks,
    import_machine,
    import_tasks,
    prepare,
    progression,
)
from .vm_roles import create_vm_role, trust

OTHER_ACCOUNT = "210987654321"
MISSING = "export-ami-0123456789abcdef0"


@pytest.fixture
def ec2(mocked: Control) -> Any:
    """A client of EC2, in an account that has a bucket and the role."""
    prepare()
    return client_of("ec2")


@pytest.fixture
def ami_id(ec2: Any) -> str:
    return str(ec2.register_image(Name="web")["ImageId"])


def export(ec2: Any, ami_id: str, bucket: str = BUCKET, prefix: str | None = None, **members: Any) -> Any:
    """What ExportImage answers, without what comes with every answer."""
    location = {"S3Bucket": bucket} if prefix is None else {"S3Bucket": bucket, "S3Prefix": prefix}
    request = {"ImageId": ami_id, "DiskImageFormat": "VMDK", "S3ExportLocation": location, **members}
    answer = ec2.export_image(**request)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def disks(bucket: str = BUCKET) -> list[str]:
    """The keys of what has been exported."""
    listed = client_of("s3").list_objects_v2(Bucket=bucket)
    return [entry["Key"] for entry in listed.get("Contents", ()) if "export-ami-" in entry["Key"]]


# ---- the task and what it leaves ----


def test_an_export_is_complete_when_the_call_returns(ec2: Any, ami_id: str) -> None:
    task = export(ec2, ami_id, prefix="disks/", Description="For the data centre")
    task_id = task["ExportImageTaskId"]
    assert re.fullmatch("export-ami-[0-9a-f]{17}", task_id)
    described = {
        "ExportImageTaskId": task_id,
        "ImageId": ami_id,
        "Status": "completed",
        "Description": "For the data centre",
        "S3ExportLocation": {"S3Bucket": BUCKET, "S3Prefix": "disks/"},
        "Tags": [],
    }
    assert task == {**described, "DiskImageFormat": "VMDK", "RoleName": "vmimport"}
    assert export_tasks(ec2) == [described]
    assert disks() == [f"disks/{task_id}.vmdk"]
    body = client_of("s3").get_object(Bucket=BUCKET, Key=disks()[0])["Body"].read()
    assert json.loads(body) == {"imageId": ami_id, "diskImageFormat": "VMDK", "region": REGION}


@pytest.mark.parametrize(("prefix", "beginning"), [(None, ""), ("exports", "exports"), ("a/b-", "a/b-")])
@pytest.mark.parametrize("disk_format", ["VMDK", "RAW", "VHD"])
def test_the_name_of_the_object(ec2: Any, ami_id: str, prefix: str | None, beginning: str, disk_format: str) -> None:
    task = export(ec2, ami_id, prefix=prefix, DiskImageFormat=disk_format)
    assert disks() == [f"{beginning}{task['ExportImageTaskId']}.{disk_format.lower()}"]


def test_tags_and_another_role(ec2: Any, ami_id: str) -> None:
    create_vm_role(client_of("iam"), "exporter")
    tags = [{"Key": "Team", "Value": "a"}]
    specifications = [{"ResourceType": "export-image-task", "Tags": tags}]
    task = export(ec2, ami_id, RoleName="exporter", TagSpecifications=specifications)
    assert (task["RoleName"], task["Tags"]) == ("exporter", tags)
    assert export_tasks(ec2)[0]["Tags"] == tags
    with ec2_refuses("InvalidParameter", "'image' is not a valid taggable resource type for this operation."):
        export(ec2, ami_id, TagSpecifications=[{"ResourceType": "image", "Tags": tags}])


# ---- refusals ----


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        (
            {"DiskImageFormat": "OVA"},
            "InvalidParameterValue",
            "Value (OVA) for parameter DiskImageFormat is invalid. Valid values: VMDK, RAW, VHD.",
        ),
        (
            {"Description": 256 * "x"},
            "InvalidParameterValue",
            f"Value ({256 * 'x'}) for parameter Description is invalid. It can have 255 characters.",
        ),
        (
            {"ImageId": "ami-0123456789abcdef0"},
            "InvalidAMIID.NotFound",
            "The image id '[ami-0123456789abcdef0]' does not exist",
        ),
        ({"ImageId": "web"}, "InvalidAMIID.Malformed", 'Invalid id: "web" (expecting "ami-...")'),
        (
            {"RoleName": "other"},
            "InvalidParameter",
            "The service role other provided does not exist or does not have sufficient permissions",
        ),
        ({"bucket": "no-such-bucket"}, "InvalidParameter", "The specified bucket does not exist: no-such-bucket"),
        ({"bucket": ""}, "MissingParameter", "The request must contain the parameter S3ExportLocation.S3Bucket"),
        ({"ImageId": ""}, "MissingParameter", "The request must contain the parameter ImageId"),
    ],
)
def test_exports_that_are_refused(ec2: Any, ami_id: str, members: dict[str, Any], code: str, message: str) -> None:
    with ec2_refuses(code, message):
        export(ec2, ami_id, **members)
    assert export_tasks(ec2) == disks() == []


def test_the_longest_description(ec2: Any, ami_id: str) -> None:
    assert export(ec2, ami_id, Description=255 * "x")["Description"] == 255 * "x"


def test_an_ami_that_was_deregistered(ec2: Any, ami_id: str) -> None:
    ec2.deregister_image(ImageId=ami_id)
    with ec2_refuses("InvalidAMIID.NotFound", f"The image id '[{ami_id}]' does not exist"):
        export(ec2, ami_id)


def test_an_ami_of_somebody_else(ec2: Any, ami_id: str) -> None:
    ec2_backends[ACCOUNT][REGION].amis[ami_id].owner_id = "801119661308"
    text = f"The image ID ({ami_id}) provided does not belong to this account and is not exportable."
    with ec2_refuses("InvalidParameter", text):
        export(ec2, ami_id)


def test_an_encrypted_ami(ec2: Any) -> None:
    encrypted = import_machine(ec2, Encrypted=True)["ImageId"]
    text = f"The image ID ({encrypted}) provided has encrypted EBS block devices and is not exportable."
    with ec2_refuses("InvalidParameter", text):
        export(ec2, encrypted)


def test_the_bucket_is_in_the_region_of_the_export(ec2: Any) -> None:
    elsewhere = client_of("ec2", region="eu-west-1")
    ami_id = elsewhere.register_image(Name="web")["ImageId"]
    with ec2_refuses("InvalidParameter", "The given S3 object is not local to the region."):
        export(elsewhere, ami_id)


def test_one_export_of_an_ami_at_a_time(ec2: Any, ami_id: str) -> None:
    with progression(EXPORTS, progression="manual", times=1):
        export(ec2, ami_id)
        with ec2_refuses("InvalidParameter", f"The image ID ({ami_id}) provided has an export task in progress."):
            export(ec2, ami_id)
        export(ec2, ec2.register_image(Name="other")["ImageId"])
        for _ in range(3):
            export_tasks(ec2)
        export(ec2, ami_id)


def test_a_dry_run(ec2: Any, ami_id: str) -> None:
    text = "Request would have succeeded, but DryRun flag is set."
    with ec2_refuses("DryRunOperation", text):
        export(ec2, ami_id, DryRun=True)
    with ec2_refuses("DryRunOperation", text):
        export_tasks(ec2, DryRun=True)
    assert export_tasks(ec2) == disks() == []


def test_the_same_request_starts_one_task(ec2: Any, ami_id: str) -> None:
    tasks = [export(ec2, ami_id, ClientToken="once") for _ in range(3)]
    assert tasks[0] == tasks[1] == tasks[2]
    assert len(export_tasks(ec2)) == len(disks()) == 1
    with ec2_refuses(
        "IdempotentParameterMismatch",
        "The client token 'once' was used before by this operation with other parameter values.",
    ):
        export(ec2, ami_id, ClientToken="once", DiskImageFormat="RAW")


# ---- how far a task is ----


def test_a_task_goes_on_when_it_is_described(ec2: Any, ami_id: str) -> None:
    with progression(EXPORTS, progression="manual", times=1):
        begun = export(ec2, ami_id)
        assert (begun["Status"], begun["Progress"], begun["StatusMessage"]) == ("active", "0", "validating")
        seen = [export_tasks(ec2)[0] for _ in range(2)]
        assert [(task["Progress"], task["StatusMessage"]) for task in seen] == [
            ("21", "updating"),
            ("85", "converting"),
        ]
        assert disks() == []
        (ended,) = export_tasks(ec2)
    assert ended["Status"] == "completed"
    assert {"Progress", "StatusMessage"}.isdisjoint(ended)
    assert len(disks()) == 1


@pytest.mark.parametrize("clock", CLOCKS)
def test_who_looks_at_s3_alone_sees_the_disk_come(ec2: Any, ami_id: str, clock: Any) -> None:
    with clock() as let_pass, progression(EXPORTS, progression="time", seconds=60):
        export(ec2, ami_id)
        let_pass(179)
        assert disks() == []
        let_pass(1)
        assert len(disks()) == 1


def test_a_bucket_that_goes_away_fails_the_task(ec2: Any, ami_id: str) -> None:
    client_of("s3").create_bucket(Bucket="short-lived")
    with progression(EXPORTS, progression="manual", times=3):
        export(ec2, ami_id, "short-lived")
        client_of("s3").delete_bucket(Bucket="short-lived")
        for _ in range(9):
            (task,) = export_tasks(ec2)
    text = "ClientError: The specified bucket does not exist: short-lived"
    assert (task["Status"], task["StatusMessage"]) == ("deleted", text)


# ---- cancelling ----


def test_an_active_task_is_canceled(ec2: Any, ami_id: str) -> None:
    with progression(EXPORTS, progression="manual", times=2):
        task_id = export(ec2, ami_id)["ExportImageTaskId"]
        assert "ExportImageTaskId" not in ec2.cancel_export_task(ExportTaskId=task_id)
        seen = [(task["Status"], task["StatusMessage"]) for task in (export_tasks(ec2)[0] for _ in range(2))]
        assert seen == [("deleting", "The task was canceled."), ("deleted", "The task was canceled.")]
        with ec2_refuses("IncorrectState", f"The export task {task_id} is deleted and can't be canceled."):
            ec2.cancel_export_task(ExportTaskId=task_id)
        assert disks() == []
        # The AMI can be exported again.
        other = export(ec2, ami_id)["ExportImageTaskId"]
    assert [task["Status"] for task in export_tasks(ec2)] == ["deleted", "completed"]
    assert disks() == [f"{other}.vmdk"]


def test_tasks_that_cannot_be_canceled(ec2: Any, ami_id: str) -> None:
    task_id = export(ec2, ami_id)["ExportImageTaskId"]
    with ec2_refuses("IncorrectState", f"The export task {task_id} is completed and can't be canceled."):
        ec2.cancel_export_task(ExportTaskId=task_id)
    with progression(EXPORTS, progression="manual", times=1):
        task_id = export(ec2, ami_id)["ExportImageTaskId"]
        for _ in range(2):
            export_tasks(ec2)
        with ec2_refuses(
            "IncorrectState",
            f"The export task {task_id} is transferring the final disk image and can't be canceled.",
        ):
            ec2.cancel_export_task(ExportTaskId=task_id)
    with ec2_refuses("InvalidExportTaskID.NotFound", f"The export task ID '{MISSING}' does not exist"):
        ec2.cancel_export_task(ExportTaskId=MISSING)
    with ec2_refuses("MissingParameter", "The request must contain the parameter ExportTaskId"):
        ec2.cancel_export_task(ExportTaskId="")


# ---- lists ----


def test_tasks_are_described_by_their_ids(ec2: Any, ami_id: str) -> None:
    ids = [export(ec2, ami_id)["ExportImageTaskId"] for _ in range(3)]
    found = export_tasks(ec2, ExportImageTaskIds=[ids[2], ids[0]])
    assert [task["ExportImageTaskId"] for task in found] == [ids[2], ids[0]]
    with ec2_refuses("InvalidExportTaskID.NotFound", f"The export task ID '{MISSING}' does not exist"):
        export_tasks(ec2, ExportImageTaskIds=[MISSING])
    with ec2_refuses("InvalidExportTaskID.Malformed", 'Invalid id: "export-i-1" (expecting "export-ami-...")'):
        export_tasks(ec2, ExportImageTaskIds=["export-i-1"])
    for other in (client_of("ec2", OTHER_ACCOUNT), client_of("ec2", region="eu-west-1")):
        assert export_tasks(other) == []


def test_tasks_are_filtered_by_their_states(ec2: Any, ami_id: str) -> None:
    export(ec2, ami_id)
    for state, number in (("completed", 1), ("active", 0)):
        assert len(export_tasks(ec2, Filters=[{"Name": "task-state", "Values": [state]}])) == number
    with ec2_refuses(
        "InvalidParameterValue", "Value (image-id) for parameter Filter.Name is invalid. Valid values: task-state."
    ):
        export_tasks(ec2, Filters=[{"Name": "image-id", "Values": [ami_id]}])


def test_tasks_come_in_pages(ec2: Any, ami_id: str) -> None:
    ids = [export(ec2, ami_id)["ExportImageTaskId"] for _ in range(3)]
    pages = list(ec2.get_paginator("describe_export_image_tasks").paginate(PaginationConfig={"PageSize": 2}))
    assert [[task["ExportImageTaskId"] for task in page["ExportImageTasks"]] for page in pages] == [ids[:2], ids[2:]]
    text = "Value (501) for parameter maxResults is invalid. Expecting a value between 1 and 500."
    assert len(export_tasks(ec2, MaxResults=500)) == 3
    with ec2_refuses("InvalidParameterValue", text):
        export_tasks(ec2, MaxResults=501)
    import_machine(ec2)
    import_machine(ec2)
    token = ec2.describe_import_image_tasks(MaxResults=1)["NextToken"]
    with ec2_refuses("InvalidNextToken", f"The token '{token}' is invalid"):
        export_tasks(ec2, NextToken=token)


# ---- exports of distributions ----


@pytest.fixture
def parts(client: Any, instance_profile: str) -> Any:
    """An Image Builder client, in an account that has what builds and exports need."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    prepare()
    return client


def exporting(region: str = REGION, **members: Any) -> dict[str, Any]:
    """A distribution."""
    settings = {"roleName": "vmimport", "diskImageFormat": "VHD", "s3Bucket": BUCKET, **members}
    return {"region": region, "amiDistributionConfiguration": {}, "s3ExportConfiguration": settings}


def build(client: Any, *distributions: dict[str, Any]) -> str:
    arn = client.create_distribution_configuration(name="exports", distributions=list(distributions))
    return create_image(client, distributionConfigurationArn=arn["distributionConfigurationArn"])


def test_a_distribution_exports_in_a_task_of_ec2(parts: Any) -> None:
    arn = build(parts, exporting(s3Prefix="disks/"))
    (task,) = export_tasks(client_of("ec2"))
    assert task == {
        "ExportImageTaskId": task["ExportImageTaskId"],
        "ImageId": output_amis(parts, arn)[0]["image"],
        "Status": "completed",
        "S3ExportLocation": {"S3Bucket": BUCKET, "S3Prefix": "disks/"},
        "Tags": [],
    }
    assert disks() == [f"disks/{task['ExportImageTaskId']}.vhd"]
    assert export_tasks(client_of("ec2"), ExportImageTaskIds=[task["ExportImageTaskId"]]) == [task]


def test_the_task_is_one_of_the_region_of_the_distribution(parts: Any) -> None:
    s3 = client_of("s3", region="eu-west-1")
    s3.create_bucket(Bucket="european-disks", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    arn = build(parts, exporting("eu-west-1", s3Bucket="european-disks"))
    assert export_tasks(client_of("ec2")) == []
    (task,) = export_tasks(client_of("ec2", region="eu-west-1"))
    assert task["ImageId"] in {ami["image"] for ami in output_amis(parts, arn) if ami["region"] == "eu-west-1"}


def test_an_export_that_fails_has_no_task(parts: Any) -> None:
    arn = build(parts, exporting(s3Bucket="no-such-bucket"))
    assert state_of(parts, arn)["status"] == "FAILED"
    assert export_tasks(client_of("ec2")) == []


def test_the_role_of_a_distribution_has_to_trust_vm_import(parts: Any) -> None:
    create_vm_role(client_of("iam"), "other", service="imagebuilder.amazonaws.com")
    arn = build(parts, exporting(roleName="other"))
    text = "The service role other provided does not exist or does not have sufficient permissions"
    failure = state_of(parts, arn)["failureContext"]["distributionFailure"]["regionFailures"][0]
    assert failure["errorMessage"] == f"EC2 Client Error: '{text}'"
    client_of("iam").update_assume_role_policy(RoleName="other", PolicyDocument=trust())
    assert state_of(parts, create_image(parts, **configuration_of(parts, arn)))["status"] == "AVAILABLE"


def configuration_of(client: Any, arn: str) -> dict[str, str]:
    return {"distributionConfigurationArn": get_image(client, arn)["distributionConfiguration"]["arn"]}


NOBODY_LOOKS = """
import json, sys
import boto3
from mock_imagebuilder import mock_imagebuilder

with mock_imagebuilder() as control:
    iam = boto3.client("iam", region_name="us-east-1")
    statement = {"Effect": "Allow", "Principal": {"Service": "vmie.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="vmimport", AssumeRolePolicyDocument=policy)
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="vm-disks")
    client = boto3.client("imagebuilder", region_name="us-east-1")
    control.import_task("import-ami-0123456789abcdef0", state="completed")
    arn = control.make_image()
    export = {"roleName": "vmimport", "diskImageFormat": "RAW", "s3Bucket": "vm-disks"}
    configuration = client.create_distribution_configuration(
        name="exports", distributions=[{"region": "us-east-1", "s3ExportConfiguration": export}]
    )["distributionConfigurationArn"]
    answer = client.distribute_image(
        sourceImage=arn, distributionConfigurationArn=configuration, executionRole="AWSServiceRoleForImageBuilder"
    )
    image = client.get_image(imageBuildVersionArn=answer["imageBuildVersionArn"])["image"]
    assert image["state"] == {"status": "AVAILABLE"}, image["state"]
    assert "moto.ec2" not in sys.modules and "mock_imagebuilder.ec2_actions" not in sys.modules
    ec2 = boto3.client("ec2", region_name="us-east-1")
    assert len(ec2.describe_export_image_tasks()["ExportImageTasks"]) == 1
    assert len(ec2.describe_import_image_tasks()["ImportImageTasks"]) == 2
    assert "mock_imagebuilder.ec2_actions" in sys.modules
print("the end")
"""


def test_nobody_imports_ec2_for_a_task_at_which_nobody_looks() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", NOBODY_LOOKS], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "the end\n"), ended.stderr


def test_tasks_do_not_depend_on_the_outbox(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagebuilder_backends.outbox, "deferring", False)
    arn = build(parts, exporting())
    assert [task["ImageId"] for task in export_tasks(client_of("ec2"))] == [output_amis(parts, arn)[0]["image"]]


# ---- the whole story ----


def tell_the_story(client: Any) -> None:
    """From a disk in S3 to a disk in S3.

    :param client: makes the clients.
    """
    s3, iam, ec2, imagebuilder = client("s3"), client("iam"), client("ec2"), client("imagebuilder")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"a disk")
    create_vm_role(iam)
    iam.create_instance_profile(InstanceProfileName="profile")

    task_id = ec2.import_image(DiskContainers=[disk()], Platform="Linux")["ImportTaskId"]
    arn = import_image(imagebuilder, "Legacy base", vmImportTaskId=task_id)
    assert state_of(imagebuilder, arn) == {"status": "PENDING"}
    polls = 1
    while (task := import_tasks(ec2, ImportTaskIds=[task_id])[0])["Status"] == "active":
        polls += 1
    assert (task["Status"], polls) == ("completed", 5)
    assert state_of(imagebuilder, arn) == {"status": "AVAILABLE"}

    recipe = imagebuilder.create_image_recipe(name="Golden", semanticVersion="1.0.0", parentImage=arn)
    infrastructure = imagebuilder.create_infrastructure_configuration(name="here", instanceProfileName="profile")
    distribution = imagebuilder.create_distribution_configuration(name="disk", distributions=[exporting()])
    built = imagebuilder.create_image(
        imageRecipeArn=recipe["imageRecipeArn"],
        infrastructureConfigurationArn=infrastructure["infrastructureConfigurationArn"],
        distributionConfigurationArn=distribution["distributionConfigurationArn"],
    )["imageBuildVersionArn"]
    assert state_of(imagebuilder, built) == {"status": "AVAILABLE"}
    (ami,) = output_amis(imagebuilder, built)
    assert ami["image"] != task["ImageId"]
    (exported,) = export_tasks(ec2)
    assert (exported["Status"], exported["ImageId"]) == ("completed", ami["image"])
    body = s3.get_object(Bucket=BUCKET, Key=f"{exported['ExportImageTaskId']}.vhd")["Body"].read()
    assert json.loads(body)["imageId"] == ami["image"]


def test_the_story_in_the_process() -> None:
    with mock_imagebuilder(), progression(IMPORTS, progression="manual", times=1):
        tell_the_story(lambda service: boto3.client(service, region_name=REGION))


def test_the_story_through_the_server() -> None:
    with serving() as address, progression(IMPORTS, progression="manual", times=1):
        tell_the_story(address.client)
