"""EC2's actions for the import of virtual machines, and Image Builder's import of what they make."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder import Control, mock_imagebuilder

from .build_parts import ACCOUNT_BASE, create_infrastructure
from .builds.clocks import CLOCKS
from .conftest import ACCOUNT, REGION
from .errors import refused
from .images import client_of, create_image, get_image, import_image, output_amis, own_amis, state_of
from .served import Address
from .vm_machines import (
    BUCKET,
    IMPORTS,
    KEY,
    disk,
    ec2_refuses,
    import_machine,
    import_tasks,
    is_task_id,
    prepare,
    progression,
)
from .vm_roles import create_vm_role, trust

OTHER_ACCOUNT = "210987654321"
MISSING = "import-ami-0123456789abcdef0"


@pytest.fixture
def ec2(mocked: Control) -> Any:
    """A client of EC2, in an account that has a disk and the role."""
    prepare()
    return client_of("ec2")


# ---- the task and what it leaves ----


def test_an_import_is_complete_when_the_call_returns(ec2: Any) -> None:
    task = import_machine(ec2, Description="From the data centre", LicenseType="BYOL")
    assert is_task_id(task["ImportTaskId"])
    snapshot_id = task["SnapshotDetails"][0]["SnapshotId"]
    assert task == {
        "ImportTaskId": task["ImportTaskId"],
        "ImageId": task["ImageId"],
        "Status": "completed",
        "Architecture": "x86_64",
        "Platform": "Linux",
        "Description": "From the data centre",
        "LicenseType": "BYOL",
        "SnapshotDetails": [
            {
                "DeviceName": "/dev/sda1",
                "DiskImageSize": 1000.0,
                "Format": "VMDK",
                "SnapshotId": snapshot_id,
                "Status": "completed",
                "UserBucket": {"S3Bucket": BUCKET, "S3Key": KEY},
            }
        ],
        "Tags": [],
    }
    assert import_tasks(ec2) == [task]
    (ami,) = own_amis()
    assert (ami["ImageId"], ami["Name"]) == (task["ImageId"], task["ImportTaskId"])
    assert (ami["Description"], ami["RootDeviceName"]) == ("AWS-VMImport service: Linux", "/dev/sda1")
    assert (ami["Architecture"], ami["OwnerId"], ami["Public"]) == ("x86_64", ACCOUNT, False)
    assert {"Platform", "BootMode"}.isdisjoint(ami)
    assert ami["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == snapshot_id
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert snapshot["Description"] == f"Created by AWS-VMImport service for {task['ImportTaskId']}"
    assert (snapshot["VolumeSize"], snapshot["Encrypted"]) == (1, False)


def test_what_the_request_says_of_the_machine(ec2: Any) -> None:
    arn = f"arn:aws:license-manager:us-east-1:{ACCOUNT}:license-configuration:lic-0123456789abcdef"
    given = {
        "Architecture": "i386",
        "Hypervisor": "xen",
        "LicenseSpecifications": [{"LicenseConfigurationArn": arn}],
        "Platform": "Windows",
        "UsageOperation": "RunInstances:0800",
    }
    task = import_machine(ec2, disk(Format="vhd", Description="C:", DeviceName="/dev/xvda"), BootMode="uefi", **given)
    assert {name: task[name] for name in given} == given
    (details,) = task["SnapshotDetails"]
    assert (details["Format"], details["Description"], details["DeviceName"]) == ("VHD", "C:", "/dev/xvda")
    # The model has it in the tasks that are described only.
    assert import_tasks(ec2) == [{**task, "BootMode": "uefi"}]
    (ami,) = own_amis()
    assert (ami["Platform"], ami["Architecture"], ami["BootMode"]) == ("windows", "i386", "uefi")
    assert ami["RootDeviceName"] == "/dev/xvda"


@pytest.mark.parametrize(("usage", "platform"), [("RunInstances:0002", "Windows"), ("RunInstances:0010", "Linux")])
def test_the_usage_operation_tells_the_platform(ec2: Any, usage: str, platform: str) -> None:
    assert import_machine(ec2, UsageOperation=usage)["Platform"] == platform


def test_several_disks(ec2: Any) -> None:
    disks = [disk(Format="VMDK"), disk(Format="RAW")]
    details = import_machine(ec2, *disks)["SnapshotDetails"]
    assert [(each["DeviceName"], each["Format"]) for each in details] == [("/dev/sda1", "VMDK"), ("/dev/sdb", "RAW")]
    snapshots = [each["SnapshotId"] for each in details]
    assert len(ec2.describe_snapshots(SnapshotIds=snapshots)["Snapshots"]) == 2
    (ami,) = own_amis()
    assert ami["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == snapshots[0]


@pytest.mark.parametrize(
    "url",
    [
        f"s3://{BUCKET}/{KEY}",
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/machines/web%20server.ova?X-Amz-Expires=1",
        f"https://s3.amazonaws.com/{BUCKET}/machines/web%20server.ova",
    ],
)
def test_a_disk_at_a_url(ec2: Any, url: str) -> None:
    (details,) = import_machine(ec2, {"Url": url})["SnapshotDetails"]
    assert (details["Url"], details["DiskImageSize"]) == (url, 1000.0)
    assert "UserBucket" not in details


def test_a_disk_that_is_a_snapshot_already(ec2: Any) -> None:
    volume = ec2.create_volume(Size=5, AvailabilityZone="us-east-1a")["VolumeId"]
    snapshot_id = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    before = len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"])
    task = import_machine(ec2, {"SnapshotId": snapshot_id}, BootMode="uefi", Platform="Linux")
    assert task["SnapshotDetails"] == [{"SnapshotId": snapshot_id, "DeviceName": "/dev/sda1", "Status": "completed"}]
    assert own_amis()[0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == snapshot_id
    assert len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == before


def test_encryption(ec2: Any) -> None:
    key_id = client_of("kms").create_key()["KeyMetadata"]["KeyId"]
    task = import_machine(ec2, Encrypted=True, KmsKeyId=key_id)
    assert (task["Encrypted"], task["KmsKeyId"]) == (True, key_id)
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[task["SnapshotDetails"][0]["SnapshotId"]])["Snapshots"]
    assert (snapshot["Encrypted"], snapshot["KmsKeyId"]) == (True, key_id)
    default = import_machine(ec2, Encrypted=True)["SnapshotDetails"][0]["SnapshotId"]
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[default])["Snapshots"]
    assert snapshot["Encrypted"] is True


def test_tags_are_those_of_the_task(ec2: Any) -> None:
    tags = [{"Key": "Team", "Value": "a"}, {"Key": "Empty", "Value": ""}]
    task = import_machine(ec2, TagSpecifications=[{"ResourceType": "import-image-task", "Tags": tags}])
    assert task["Tags"] == import_tasks(ec2)[0]["Tags"] == tags
    assert own_amis()[0]["Tags"] == []
    with ec2_refuses("InvalidParameter", "'image' is not a valid taggable resource type for this operation."):
        import_machine(ec2, TagSpecifications=[{"ResourceType": "image", "Tags": tags}])


def test_another_role(ec2: Any) -> None:
    create_vm_role(client_of("iam"), "importer")
    assert import_machine(ec2, RoleName="importer")["Status"] == "completed"


def test_an_account_and_a_region_have_their_own_tasks(ec2: Any) -> None:
    task = import_machine(ec2)
    others = [client_of("ec2", OTHER_ACCOUNT), client_of("ec2", region="eu-west-1")]
    for other in others:
        assert import_tasks(other) == []
        with ec2_refuses("InvalidConversionTaskId", f"The conversion task ID '{task['ImportTaskId']}' does not exist"):
            import_tasks(other, ImportTaskIds=[task["ImportTaskId"]])
    create_vm_role(client_of("iam", OTHER_ACCOUNT))
    # The disk is in another account's bucket.
    with ec2_refuses("InvalidParameter", "Invalid S3 source location"):
        import_machine(others[0])
    assert own_amis(OTHER_ACCOUNT) == []


# ---- refusals ----


@pytest.mark.parametrize(
    ("disks", "code", "message"),
    [
        ([{"Description": "C:"}], "MissingParameter", "The request must contain the parameter UserBucket"),
        (
            [{"UserBucket": {"S3Bucket": BUCKET}}],
            "MissingParameter",
            "The request must contain the parameter UserBucket.S3Key",
        ),
        (
            [{"UserBucket": {"S3Key": KEY}}],
            "MissingParameter",
            "The request must contain the parameter UserBucket.S3Bucket",
        ),
        (
            [disk(Url="s3://a/b.ova")],
            "InvalidParameterCombination",
            "The parameters Url and UserBucket cannot be used together",
        ),
        (
            [{"SnapshotId": "snap-1", "Format": "RAW"}],
            "InvalidParameterCombination",
            "The parameters SnapshotId and Format cannot be used together",
        ),
        (
            [disk(Format="ISO")],
            "InvalidParameterValue",
            "Value (ISO) for parameter Format is invalid. Valid values: OVA, VHD, VHDX, VMDK, RAW.",
        ),
        (
            [disk("disk.iso")],
            "InvalidParameterValue",
            "Value (iso) for parameter Format is invalid. Valid values: OVA, VHD, VHDX, VMDK, RAW.",
        ),
        ([disk("nothing.ova")], "InvalidParameter", "Invalid S3 source location"),
        ([disk(bucket="no-such-bucket")], "InvalidParameter", "Invalid S3 source location"),
        ([{"Url": "https://example.org/disk.ova"}], "InvalidParameter", "Invalid S3 source location"),
        ([{"Url": f"s3://{BUCKET}"}], "InvalidParameter", "Invalid S3 source location"),
        (
            [{"SnapshotId": "snap-0123456789abcdef0"}],
            "InvalidSnapshot.NotFound",
            "The snapshot 'snap-0123456789abcdef0' does not exist.",
        ),
        ([disk(), disk("nothing.ova")], "InvalidParameter", "Invalid S3 source location"),
    ],
)
def test_disks_that_are_refused(ec2: Any, disks: list[dict[str, Any]], code: str, message: str) -> None:
    with ec2_refuses(code, message):
        import_machine(ec2, *disks)
    assert import_tasks(ec2) == own_amis() == []


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        (
            {"Architecture": "arm64"},
            "InvalidParameterValue",
            "Value (arm64) for parameter Architecture is invalid. Valid values: i386, x86_64.",
        ),
        (
            {"BootMode": "uefi-preferred"},
            "InvalidParameterValue",
            "Value (uefi-preferred) for parameter BootMode is invalid. Valid values: legacy-bios, uefi.",
        ),
        (
            {"Hypervisor": "kvm"},
            "InvalidParameterValue",
            "Value (kvm) for parameter Hypervisor is invalid. Valid values: xen.",
        ),
        (
            {"LicenseType": "Auto"},
            "InvalidParameterValue",
            "Value (Auto) for parameter LicenseType is invalid. Valid values: AWS, BYOL.",
        ),
        (
            {"Platform": "macOS"},
            "InvalidParameterValue",
            "Value (macOS) for parameter Platform is invalid. Valid values: Windows, Linux.",
        ),
        (
            {"UsageOperation": "StartInstances"},
            "InvalidParameterValue",
            "Value (StartInstances) for parameter UsageOperation is invalid.",
        ),
        (
            {"UsageOperation": "RunInstances", "LicenseType": "BYOL"},
            "InvalidParameterCombination",
            "The parameters LicenseType and UsageOperation cannot be used together",
        ),
        (
            {"KmsKeyId": "alias/aws/ebs"},
            "InvalidParameterDependency",
            "The parameter [KmsKeyId] requires the parameter Encrypted to be set.",
        ),
        (
            {"LicenseSpecifications": [{"LicenseConfigurationArn": "lic-1"}]},
            "InvalidParameterValue",
            "Value (lic-1) for parameter LicenseConfigurationArn is invalid.",
        ),
        (
            {"RoleName": "other"},
            "InvalidParameter",
            "The service role other provided does not exist or does not have sufficient permissions",
        ),
    ],
)
def test_machines_that_are_refused(ec2: Any, members: dict[str, Any], code: str, message: str) -> None:
    with ec2_refuses(code, message):
        import_machine(ec2, **members)
    assert import_tasks(ec2) == own_amis() == []


def test_an_import_has_disks(ec2: Any) -> None:
    with ec2_refuses("MissingParameter", "The request must contain the parameter DiskContainers"):
        ec2.import_image(DiskContainers=[])


def test_a_snapshot_with_uefi_needs_the_platform(ec2: Any) -> None:
    with ec2_refuses("MissingParameter", "The request must contain the parameter Platform"):
        import_machine(ec2, {"SnapshotId": "snap-0123456789abcdef0"}, BootMode="uefi")


def test_the_role_has_to_be_there_and_to_trust_the_service(mocked: Control) -> None:
    s3, ec2, iam = client_of("s3"), client_of("ec2"), client_of("iam")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"")
    text = "The service role vmimport provided does not exist or does not have sufficient permissions"
    with ec2_refuses("InvalidParameter", text):
        import_machine(ec2)
    create_vm_role(iam, service="ec2.amazonaws.com")
    with ec2_refuses("InvalidParameter", text):
        import_machine(ec2)
    iam.update_assume_role_policy(RoleName="vmimport", PolicyDocument=trust())
    assert import_machine(ec2)["Status"] == "completed"


def test_the_disk_is_in_the_region_of_the_import(ec2: Any) -> None:
    with ec2_refuses("InvalidParameter", "The given S3 object is not local to the region"):
        import_machine(client_of("ec2", region="eu-west-1"))


def test_a_dry_run(ec2: Any) -> None:
    text = "Request would have succeeded, but DryRun flag is set."
    with ec2_refuses("DryRunOperation", text):
        import_machine(ec2, DryRun=True)
    with ec2_refuses("DryRunOperation", text):
        import_tasks(ec2, DryRun=True)
    with ec2_refuses("DryRunOperation", text):
        ec2.cancel_import_task(ImportTaskId=MISSING, DryRun=True)
    assert import_tasks(ec2) == []


# ---- the same request again ----


def test_the_same_request_starts_one_task(ec2: Any) -> None:
    tasks = [import_machine(ec2, ClientToken="once", Description="web") for _ in range(3)]
    assert tasks[0] == tasks[1] == tasks[2]
    assert len(import_tasks(ec2)) == len(own_amis()) == 1
    with ec2_refuses(
        "IdempotentParameterMismatch",
        "The client token 'once' was used before by this operation with other parameter values.",
    ):
        import_machine(ec2, ClientToken="once", Description="other")
    import_machine(ec2, ClientToken="twice", Description="web")
    import_machine(ec2, Description="web")
    import_machine(ec2, Description="web")
    assert len(import_tasks(ec2)) == 4


# ---- how far a task is ----


def test_a_task_goes_on_when_it_is_described(ec2: Any) -> None:
    source = {"UserBucket": {"S3Bucket": BUCKET, "S3Key": KEY}}
    with progression(IMPORTS, progression="manual", times=1):
        begun = import_machine(ec2)
        assert begun == {
            "ImportTaskId": begun["ImportTaskId"],
            "Status": "active",
            "Progress": "2",
            "StatusMessage": "pending",
            "SnapshotDetails": [{"DiskImageSize": 0.0, "Format": "OVA", **source}],
            "Tags": [],
        }
        seen = [import_tasks(ec2)[0] for _ in range(4)]
        assert [(each["Progress"], each["StatusMessage"]) for each in seen] == [
            ("28", "converting"),
            ("34", "updating"),
            ("58", "booting"),
            ("84", "preparing ami"),
        ]
        assert [each["SnapshotDetails"][0]["Status"] for each in seen] == ["active"] + 3 * ["completed"]
        assert ["Platform" in each for each in seen] == [False, False, True, True]
        assert ["SnapshotId" in each["SnapshotDetails"][0] for each in seen] == [False, False, False, True]
        assert own_amis() == []
        (ended,) = import_tasks(ec2)
    assert ended["Status"] == "completed"
    assert {"Progress", "StatusMessage"}.isdisjoint(ended)
    assert [ami["ImageId"] for ami in own_amis()] == [ended["ImageId"]]


def test_a_task_is_described_several_times(ec2: Any) -> None:
    with progression(IMPORTS, progression="manual", times=2):
        task_id = import_machine(ec2)["ImportTaskId"]
        messages = [import_tasks(ec2, ImportTaskIds=[task_id])[0].get("StatusMessage") for _ in range(4)]
    assert messages == ["pending", "converting", "converting", "updating"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_task_goes_on_with_the_clock(ec2: Any, clock: Any) -> None:
    with clock() as let_pass, progression(IMPORTS, progression="time", seconds=60):
        import_machine(ec2)
        let_pass(119)
        assert import_tasks(ec2)[0]["StatusMessage"] == "converting"
        let_pass(180)
        assert own_amis() == []
        let_pass(1)
        # Nobody has described the task.
        (ami,) = own_amis()
        assert import_tasks(ec2)[0]["ImageId"] == ami["ImageId"]


def test_a_key_that_does_not_exist_fails_the_task_later(ec2: Any) -> None:
    key_id = "01234567-89ab-cdef-0123-456789abcdef"
    task = import_machine(ec2, Encrypted=True, KmsKeyId=key_id)
    assert (task["Status"], task["StatusMessage"]) == ("deleted", f"ClientError: The KMS key {key_id} does not exist")
    assert "ImageId" not in task
    assert own_amis() == []


def test_a_machine_with_too_many_disks(ec2: Any) -> None:
    assert import_machine(ec2, *21 * [disk()])["Status"] == "completed"
    task = import_machine(ec2, *22 * [disk()])
    assert task["StatusMessage"] == "ClientError: VMs with more than 21 volumes are not supported"
    assert len(own_amis()) == 1


def test_ended_tasks_are_listed_for_seven_days(ec2: Any) -> None:
    with CLOCKS[1]() as let_pass:
        ended = import_machine(ec2)["ImportTaskId"]
        with progression(IMPORTS, progression="manual", times=100):
            active = import_machine(ec2)["ImportTaskId"]
            let_pass(7 * 86400 - 1)
            assert [task["ImportTaskId"] for task in import_tasks(ec2)] == [ended, active]
            let_pass(1)
            assert [task["ImportTaskId"] for task in import_tasks(ec2)] == [active]


# ---- cancelling ----


def test_an_active_task_is_canceled(ec2: Any) -> None:
    with progression(IMPORTS, progression="manual", times=2):
        task_id = import_machine(ec2)["ImportTaskId"]
        answer = ec2.cancel_import_task(ImportTaskId=task_id, CancelReason="wrong disk")
        assert (answer["ImportTaskId"], answer["PreviousState"], answer["State"]) == (task_id, "active", "deleting")
        seen = [(task["Status"], task["StatusMessage"]) for task in (import_tasks(ec2)[0] for _ in range(3))]
        assert seen == [("deleting", "wrong disk"), ("deleted", "wrong disk"), ("deleted", "wrong disk")]
        for state in ("deleted",):
            with ec2_refuses("IncorrectState", f"The import task {task_id} is {state} and can't be canceled."):
                ec2.cancel_import_task(ImportTaskId=task_id)
    assert own_amis() == []


def test_a_described_task_is_canceled(ec2: Any, mocked: Control) -> None:
    mocked.import_task(MISSING, state="active")
    assert ec2.cancel_import_task(ImportTaskId=MISSING)["State"] == "deleting"
    (task,) = import_tasks(ec2)
    assert (task["Status"], task["StatusMessage"]) == ("deleted", "The task was canceled.")


def test_tasks_that_cannot_be_canceled(ec2: Any) -> None:
    task_id = import_machine(ec2)["ImportTaskId"]
    with ec2_refuses("IncorrectState", f"The import task {task_id} is completed and can't be canceled."):
        ec2.cancel_import_task(ImportTaskId=task_id)
    with progression(IMPORTS, progression="manual", times=1):
        task_id = import_machine(ec2)["ImportTaskId"]
        for _ in range(4):
            import_tasks(ec2)
        with ec2_refuses(
            "IncorrectState",
            f"The import task {task_id} is transferring the final disk image and can't be canceled.",
        ):
            ec2.cancel_import_task(ImportTaskId=task_id)
    with ec2_refuses("InvalidConversionTaskId", f"The conversion task ID '{MISSING}' does not exist"):
        ec2.cancel_import_task(ImportTaskId=MISSING)
    with ec2_refuses("InvalidConversionTaskId.Malformed", 'Invalid id: "mine" (expecting "import-ami-...")'):
        ec2.cancel_import_task(ImportTaskId="mine")
    with ec2_refuses("MissingParameter", "The request must contain the parameter ImportTaskId"):
        ec2.cancel_import_task()


# ---- lists ----


def test_tasks_are_described_by_their_ids(ec2: Any) -> None:
    ids = [import_machine(ec2)["ImportTaskId"] for _ in range(3)]
    found = import_tasks(ec2, ImportTaskIds=[ids[2], ids[0], ids[2]])
    assert [task["ImportTaskId"] for task in found] == [ids[2], ids[0]]
    with ec2_refuses("InvalidConversionTaskId", f"The conversion task ID '{MISSING}' does not exist"):
        import_tasks(ec2, ImportTaskIds=[ids[0], MISSING])
    with ec2_refuses("InvalidConversionTaskId.Malformed", 'Invalid id: "ami-1" (expecting "import-ami-...")'):
        import_tasks(ec2, ImportTaskIds=["ami-1"])


def test_tasks_are_filtered_by_their_states(ec2: Any, mocked: Control) -> None:
    completed = import_machine(ec2)["ImportTaskId"]
    mocked.import_task("import-ami-aaaaaaaa", state="active")
    mocked.import_task("import-ami-bbbbbbbb", state="deleted", status_message="no")

    def in_state(*values: str) -> list[str]:
        filters = [{"Name": "task-state", "Values": list(values)}]
        return [task["ImportTaskId"] for task in import_tasks(ec2, Filters=filters)]

    assert in_state("completed") == [completed]
    assert in_state("active", "deleted") == ["import-ami-aaaaaaaa", "import-ami-bbbbbbbb"]
    assert in_state("deleting") == []
    with ec2_refuses(
        "InvalidParameterValue",
        "Value (failed) for parameter task-state is invalid. Valid values: active, completed, deleting, deleted.",
    ):
        in_state("failed")
    with ec2_refuses(
        "InvalidParameterValue", "Value (state) for parameter Filter.Name is invalid. Valid values: task-state."
    ):
        import_tasks(ec2, Filters=[{"Name": "state", "Values": ["active"]}])


def test_tasks_come_in_pages(ec2: Any) -> None:
    ids = [import_machine(ec2)["ImportTaskId"] for _ in range(5)]
    pages = list(ec2.get_paginator("describe_import_image_tasks").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["ImportImageTasks"]) for page in pages] == [2, 2, 1]
    assert [task["ImportTaskId"] for page in pages for task in page["ImportImageTasks"]] == ids
    assert "NextToken" not in ec2.describe_import_image_tasks(MaxResults=5)
    with ec2_refuses("InvalidNextToken", "The token 'bad' is invalid"):
        import_tasks(ec2, NextToken="bad")
    with ec2_refuses(
        "InvalidParameterValue", "Value (0) for parameter maxResults is invalid. Expecting a value at least 1."
    ):
        import_tasks(ec2, MaxResults=0)


# ---- tasks and Image Builder ----


def test_the_image_of_a_task(ec2: Any, client: Any) -> None:
    task = import_machine(ec2, Platform="Windows")
    arn = import_image(client, platform="Windows", vmImportTaskId=task["ImportTaskId"], description="Legacy")
    assert output_amis(client, arn) == [
        {
            "region": REGION,
            "image": task["ImageId"],
            "name": task["ImportTaskId"],
            "accountId": ACCOUNT,
            "description": "Legacy",
        }
    ]
    assert [ami["ImageId"] for ami in own_amis()] == [task["ImageId"]]
    assert own_amis()[0]["Description"] == "AWS-VMImport service: Windows"
    with refused("ClientException", 400, f"The platform of the VM import task '{task['ImportTaskId']}' is Windows."):
        import_image(client, vmImportTaskId=task["ImportTaskId"])


def test_an_image_waits_for_the_task(ec2: Any, client: Any) -> None:
    with progression(IMPORTS, progression="manual", times=1):
        task_id = import_machine(ec2)["ImportTaskId"]
        arn = import_image(client, vmImportTaskId=task_id)
        for _ in range(4):
            import_tasks(ec2)
            # Looking at the image is no look at the task.
            assert state_of(client, arn) == state_of(client, arn) == {"status": "PENDING"}
        (task,) = import_tasks(ec2)
    image = get_image(client, arn)
    assert image["state"] == {"status": "AVAILABLE"}
    assert image["outputResources"]["amis"][0]["image"] == task["ImageId"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_time_brings_task_and_image(ec2: Any, client: Any, clock: Any) -> None:
    with clock() as let_pass, progression(IMPORTS, progression="time", seconds=60):
        arn = import_image(client, vmImportTaskId=import_machine(ec2)["ImportTaskId"])
        let_pass(299)
        assert state_of(client, arn) == {"status": "PENDING"}
        let_pass(1)
        assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_children_have_the_hardware_of_the_machine(ec2: Any, client: Any, instance_profile: str) -> None:
    of_machine = {"UserBucket": {"S3Bucket": BUCKET, "S3Key": KEY}, "DeviceName": "/dev/xvda"}
    machine = import_machine(ec2, of_machine, Architecture="i386")
    parent = import_image(client, vmImportTaskId=machine["ImportTaskId"])
    client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=parent)
    create_infrastructure(client, instance_profile)
    arn = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/child/1.0.0")
    (child,) = (ami for ami in own_amis() if ami["ImageId"] == output_amis(client, arn)[0]["image"])
    assert (child["Architecture"], child["RootDeviceName"]) == ("i386", "/dev/xvda")


def test_a_canceled_task_fails_the_image(ec2: Any, client: Any) -> None:
    with progression(IMPORTS, progression="manual", times=1):
        task_id = import_machine(ec2)["ImportTaskId"]
        arn = import_image(client, vmImportTaskId=task_id)
        ec2.cancel_import_task(ImportTaskId=task_id, CancelReason="wrong disk")
        assert state_of(client, arn) == {"status": "PENDING"}
        import_tasks(ec2)
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": f"The VM import task '{task_id}' failed: wrong disk",
        "failureContext": {"imageStatus": "PENDING"},
    }


def test_a_test_lets_a_task_fail(ec2: Any, client: Any, mocked: Control) -> None:
    with progression(IMPORTS, progression="manual", times=1):
        task_id = import_machine(ec2, Platform="Windows")["ImportTaskId"]
        message = "ClientError: Unknown OS / Missing OS files"
        mocked.import_task(task_id, state="deleted", status_message=message)
        (task,) = import_tasks(ec2)
        assert (task["Status"], task["StatusMessage"], task["Platform"]) == ("deleted", message, "Windows")
    arn = import_image(client, platform="Windows", vmImportTaskId=task_id)
    assert state_of(client, arn)["reason"] == f"The VM import task '{task_id}' failed: {message}"
    assert own_amis() == []


def test_a_test_lets_a_task_complete(ec2: Any, client: Any, mocked: Control) -> None:
    with progression(IMPORTS, progression="manual", times=1):
        task_id = import_machine(ec2)["ImportTaskId"]
        arn = import_image(client, vmImportTaskId=task_id)
        for _ in range(2):
            mocked.import_task(task_id, ami_id="ami-0123456789abcdef0")
        (task,) = import_tasks(ec2)
    assert (task["Status"], task["ImageId"]) == ("completed", "ami-0123456789abcdef0")
    assert output_amis(client, arn)[0]["image"] == task["ImageId"]
    (ami,) = own_amis()
    snapshot_id = ami["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert task["SnapshotDetails"][0]["SnapshotId"] == snapshot_id
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert snapshot["Description"] == f"Created by AWS-VMImport service for {task_id}"


def test_described_tasks_are_tasks_of_ec2(ec2: Any, mocked: Control) -> None:
    mocked.import_task(MISSING, state="active", platform="Windows")
    (task,) = import_tasks(ec2)
    assert (task["ImportTaskId"], task["Status"], task["Platform"]) == (MISSING, "active", "Windows")
    assert import_tasks(ec2) == [task], "a described task stays as it is"
    mocked.import_task(MISSING, ami_id="ami-0123456789abcdef0")
    (task,) = import_tasks(ec2)
    assert (task["Status"], task["ImageId"], task["Platform"]) == ("completed", "ami-0123456789abcdef0", "Windows")
    (ami,) = own_amis()
    assert (ami["ImageId"], ami["Name"], ami["Platform"]) == ("ami-0123456789abcdef0", MISSING, "windows")


def test_a_task_that_nobody_knows_is_one_of_ec2_when_it_is_imported(ec2: Any, client: Any) -> None:
    arn = import_image(client, vmImportTaskId=MISSING)
    (task,) = import_tasks(ec2, ImportTaskIds=[MISSING])
    assert (task["Status"], task["ImageId"]) == ("completed", output_amis(client, arn)[0]["image"])


def test_nothing_is_left_after_a_reset() -> None:
    for _ in range(2):
        with mock_imagebuilder():
            prepare()
            assert import_tasks(client_of("ec2")) == []
            import_machine(client_of("ec2"), ClientToken="once")
            assert len(import_tasks(client_of("ec2"))) == 1


# ---- the server ----


def test_the_server_imports_too(address: Address) -> None:
    s3, ec2 = address.client("s3"), address.client("ec2")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"disk")
    with ec2_refuses(
        "InvalidParameter",
        "The service role vmimport provided does not exist or does not have sufficient permissions",
    ):
        import_machine(ec2)
    address.client("iam").create_role(RoleName="vmimport", AssumeRolePolicyDocument=trust())
    tags = [{"Key": "a", "Value": "b"}]
    task = import_machine(ec2, TagSpecifications=[{"ResourceType": "import-image-task", "Tags": tags}])
    assert import_tasks(ec2, ImportTaskIds=[task["ImportTaskId"]]) == [task]
    assert task["Tags"] == tags
    assert [ami["Name"] for ami in ec2.describe_images(Owners=["self"])["Images"]] == [task["ImportTaskId"]]
    client = address.client("imagebuilder")
    arn = import_image(client, vmImportTaskId=task["ImportTaskId"])
    assert output_amis(client, arn)[0]["image"] == task["ImageId"]
    assert address.steer("import-task", task_id=MISSING, state="active").json() == {"result": None}
    assert [each["Status"] for each in import_tasks(ec2)] == ["completed", "active"]
