"""ImportDiskImage: images from ISO disk files of Windows 11."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control, imagebuilder_backends
from mock_imagebuilder.imagebuilder.api import load_model, operations

from ..build_parts import ACCOUNT_BASE, INFRASTRUCTURE, MANAGED_BASE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..images import ami_of, client_of, create_image, get_image, output_amis, own_amis, state_of, tags_of
from ..refusals import clashing, invalid, not_found

pytestmark = pytest.mark.skipif(
    "ImportDiskImage" not in operations(), reason="the installed botocore does not know the operation"
)

IMAGE = f"{ACCOUNT_BASE}:image/windows-11"
LINKED_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"
ISO = "s3://isos/windows/Win11.iso"
NO_ROLE = "The provided role does not exist or does not have sufficient permissions"
STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "imagebuilder.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
WRONG_URI = "The URI must have the format s3://bucket/key, with a key that ends with .iso."

_MEMBERS = load_model().shape("ImportDiskImageRequest")["members"] if "ImportDiskImage" in operations() else {}
needs_options = pytest.mark.skipif(
    not {"registerImageOptions", "windowsConfiguration"} <= set(_MEMBERS),
    reason="the installed botocore does not know these settings",
)
needs_log_groups = pytest.mark.skipif(
    "loggingConfiguration" not in _MEMBERS, reason="the installed botocore does not know the log group of an import"
)


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)
    s3 = client_of("s3")
    s3.create_bucket(Bucket="isos")
    put_iso("windows/Win11.iso")


def put_iso(key: str) -> None:
    client_of("s3").put_object(Bucket="isos", Key=key, Body=b"a disk")


def create_role(iam: Any, name: str = "importer", **statement: Any) -> str:
    policy = {"Version": "2012-10-17", "Statement": [{**STATEMENT, **statement}]}
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))["Role"]["Arn"])


def import_disk(client: Any, **members: Any) -> str:
    """The ARN of an image of the ISO file, unless the members say otherwise."""
    request = {
        "name": "Windows 11",
        "semanticVersion": "1.0.0",
        "platform": "Windows",
        "osVersion": "Microsoft Windows 11",
        "infrastructureConfigurationArn": INFRASTRUCTURE,
        "uri": ISO,
        **members,
    }
    return str(client.import_disk_image(**request)["imageBuildVersionArn"])


def images(client: Any) -> Any:
    return client.list_images()["imageVersionList"]


def test_the_answer_has_no_request_id(client: Any) -> None:
    answer = client.import_disk_image(
        name="Windows 11",
        semanticVersion="1.0.0",
        platform="Windows",
        osVersion="Microsoft Windows 11",
        infrastructureConfigurationArn=INFRASTRUCTURE,
        uri=ISO,
        clientToken="the-import",
    )
    del answer["ResponseMetadata"]
    assert answer == {"clientToken": "the-import", "imageBuildVersionArn": f"{IMAGE}/1.0.0/1"}


def test_the_image_shows_what_it_was_built_with(client: Any) -> None:
    with freeze_time("2025-06-01T10:11:12.131Z"):
        arn = import_disk(client, description="From Microsoft", tags={"edition": "enterprise"})
    image = get_image(client, arn)
    infrastructure = image.pop("infrastructureConfiguration")
    assert infrastructure["arn"] == INFRASTRUCTURE
    ami_id = image["outputResources"]["amis"][0].pop("image")
    assert re.fullmatch("ami-[0-9a-f]{17}", ami_id)
    workflow = image["workflows"][0].pop("workflowArn")
    assert re.fullmatch(rf"{MANAGED_BASE}:workflow/build/build-image-from-iso/\d+\.\d+\.\d+/1", workflow)
    assert image == {
        "arn": f"{IMAGE}/1.0.0/1",
        "type": "AMI",
        "name": "Windows 11",
        "version": "1.0.0/1",
        "platform": "Windows",
        "osVersion": "Microsoft Windows 11",
        "state": {"status": "AVAILABLE"},
        "dateCreated": "2025-06-01T10:11:12.131Z",
        "outputResources": {
            "amis": [
                {
                    "region": REGION,
                    "name": "Windows 11 2025-06-01T10-11-14.131000Z",
                    "description": "From Microsoft",
                    "accountId": ACCOUNT,
                }
            ]
        },
        "tags": {"edition": "enterprise"},
        "buildType": "IMPORT_ISO",
        "imageSource": "IMPORTED",
        "executionRole": LINKED_ROLE,
        "workflows": [{}],
    }
    (summary,) = client.list_image_build_versions()["imageSummaryList"]
    assert (summary["buildType"], summary["imageSource"]) == ("IMPORT_ISO", "IMPORTED")


def test_the_infrastructure_is_that_of_the_import(client: Any) -> None:
    arn = import_disk(client)
    before = get_image(client, arn)["infrastructureConfiguration"]
    client.update_infrastructure_configuration(
        infrastructureConfigurationArn=INFRASTRUCTURE,
        instanceProfileName="EC2InstanceProfileForImageBuilder",
        instanceTypes=["m7i.large"],
    )
    assert get_image(client, arn)["infrastructureConfiguration"] == before
    assert get_image(client, import_disk(client))["infrastructureConfiguration"]["instanceTypes"] == ["m7i.large"]


@pytest.mark.parametrize("deferring", [True, False])
def test_the_ami_is_in_ec2(client: Any, deferring: bool) -> None:
    imagebuilder_backends.outbox.deferring = deferring
    try:
        with freeze_time("2025-06-01T10:11:12.131Z"):
            arn = import_disk(client, description="From Microsoft")
    finally:
        imagebuilder_backends.outbox.deferring = True
    (entry,) = output_amis(client, arn)
    (ami,) = own_amis()
    assert ami["ImageId"] == entry["image"]
    assert (ami["Name"], ami["Description"]) == (entry["name"], "From Microsoft")
    assert (ami["Platform"], ami["BootMode"], ami["Architecture"]) == ("windows", "uefi", "x86_64")
    service_tags = {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}
    assert tags_of(ami) == service_tags
    (device,) = ami["BlockDeviceMappings"]
    assert device["DeviceName"] == ami["RootDeviceName"] == "/dev/sda1"
    snapshots = client_of("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert [snapshot["SnapshotId"] for snapshot in snapshots] == [device["Ebs"]["SnapshotId"]]
    assert tags_of(snapshots[0]) == service_tags


def test_the_workflow_runs(client: Any) -> None:
    arn = import_disk(client)
    (execution,) = client.list_workflow_executions(imageBuildVersionArn=arn)["workflowExecutions"]
    assert (execution["type"], execution["status"]) == ("BUILD", "COMPLETED")
    assert execution["workflowBuildVersionArn"] == get_image(client, arn)["workflows"][0]["workflowArn"]
    steps = client.list_workflow_step_executions(workflowExecutionId=execution["workflowExecutionId"])["steps"]
    by_action = {step["action"]: json.loads(step.get("outputs") or "{}") for step in steps}
    assert {step["status"] for step in steps} == {"COMPLETED"}
    assert set(by_action) == {"LaunchInstance", "CreateImageFromIso", "RegisterImage", "TerminateInstance"}
    (entry,) = output_amis(client, arn)
    assert by_action["RegisterImage"] == {"imageId": entry["image"]}
    snapshot_id = ami_of(entry)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert by_action["CreateImageFromIso"] == {
        "amiName": entry["name"],
        "snapshotId": snapshot_id,
        "architecture": "x86_64",
    }


def test_the_stages(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = import_disk(client)
    assert state_of(client, arn) == {"status": "PENDING"}
    assert mocked.advance(arn) == "BUILDING"
    assert own_amis() == []
    assert mocked.advance(arn) == "AVAILABLE"
    assert len(own_amis()) == 1


def test_an_image_whose_step_fails(client: Any, mocked: Control) -> None:
    mocked.fail_next_build(step="RegisterOutputAMI", reason="No more AMIs.")
    arn = import_disk(client)
    state = state_of(client, arn)
    assert (state["status"], state["reason"]) == ("FAILED", "No more AMIs.")
    assert own_amis() == []
    # What was made before stays.
    (snapshot,) = client_of("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert tags_of(snapshot)["Ec2ImageBuilderArn"] == arn


@pytest.mark.skipif("RetryImage" not in operations(), reason="the installed botocore does not know the operation")
def test_an_image_without_an_ami_is_not_retried(client: Any, mocked: Control) -> None:
    mocked.fail_next_build()
    arn = import_disk(client)
    with refused(
        "InvalidRequestException",
        400,
        f"The image '{arn}' stopped in the state BUILDING, before it had an AMI, and cannot be retried.",
    ):
        client.retry_image(imageBuildVersionArn=arn)


@pytest.mark.parametrize("is_bucket_gone", [True, False])
def test_a_disk_file_that_is_gone_when_the_image_is_built(client: Any, mocked: Control, is_bucket_gone: bool) -> None:
    mocked.progress("manual", times=1000)
    arn = import_disk(client)
    client_of("s3").delete_object(Bucket="isos", Key="windows/Win11.iso")
    if is_bucket_gone:
        client_of("s3").delete_bucket(Bucket="isos")
    assert mocked.advance(arn, to="FAILED") == "FAILED"
    assert state_of(client, arn)["reason"].endswith(
        "An error occurred (404) when calling the HeadObject operation: "
        f"Not Found: {ISO} in workflow step CreateImageFromIso"
    )


def test_importing_a_version_again_makes_its_next_build(client: Any) -> None:
    arns = [import_disk(client, name=name) for name in ("Windows 11", "windows_11", "WINDOWS-11")]
    assert arns == [f"{IMAGE}/1.0.0/{number}" for number in (1, 2, 3)]


def test_the_same_request_is_performed_once(client: Any) -> None:
    assert len({import_disk(client, clientToken="once") for _ in range(3)}) == 1
    assert len(own_amis()) == 1


def test_an_imported_image_is_the_parent_of_another_one(client: Any) -> None:
    parent = import_disk(client)
    recipe = client.create_image_recipe(name="desktop", semanticVersion="1.0.0", parentImage=f"{IMAGE}/x.x.x")
    image = get_image(client, create_image(client, imageRecipeArn=recipe["imageRecipeArn"]))
    assert image["imageRecipe"]["parentImage"] == parent
    assert (image["platform"], image["osVersion"]) == ("Windows", "Microsoft Windows 11")
    assert image["imageSource"] == "IMPORTED"


# ---- refusals ----


@pytest.mark.parametrize("platform", ["Linux", "macOS", "windows", "Windows "])
def test_the_platform_is_windows(client: Any, platform: str) -> None:
    with invalid("platform", "The only supported platform is Windows."):
        import_disk(client, platform=platform)
    assert images(client) == []


@pytest.mark.parametrize("os_version", ["Microsoft Windows 10", "Microsoft Windows Server 2022", "Windows 11"])
def test_the_version_of_windows_is_11(client: Any, os_version: str) -> None:
    with invalid("osVersion", "The only supported operating system version is Microsoft Windows 11."):
        import_disk(client, osVersion=os_version)
    assert images(client) == []


@pytest.mark.parametrize("key", ["a.iso", "a.ISO", "a.Iso", "deep/er/a b.iso", ".iso"])
def test_disk_files(client: Any, key: str) -> None:
    put_iso(key)
    assert state_of(client, import_disk(client, uri=f"s3://isos/{key}")) == {"status": "AVAILABLE"}


@pytest.mark.parametrize(
    "uri",
    [
        "s3://isos/a.iSO",
        "s3://isos/a.vhdx",
        "s3://isos/iso",
        "s3://isos/",
        "s3:///a.iso",
        "s3://a.iso",
        "isos/a.iso",
        "https://isos.s3.amazonaws.com/a.iso",
        "s3://isos/a.iso ",
    ],
)
def test_uris_of_another_form(client: Any, uri: str) -> None:
    with invalid("uri", WRONG_URI):
        import_disk(client, uri=uri)
    assert images(client) == []


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("s3://isos/missing.iso", "The specified key does not exist"),
        ("s3://missing-bucket/a.iso", "The specified bucket does not exist"),
    ],
)
def test_the_disk_file_exists(client: Any, uri: str, reason: str) -> None:
    with invalid("uri", f"The object at '{uri}' cannot be read: {reason}."):
        import_disk(client, uri=uri)
    assert images(client) == []


def test_the_bucket_is_the_accounts_own(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = client_of("s3", "111111111111")
    theirs.create_bucket(Bucket="their-isos")
    theirs.put_object(Bucket="their-isos", Key="a.iso", Body=b"a disk")
    sentence = f"The bucket 'their-isos' must be owned by the account '{ACCOUNT}'."
    with invalid("uri", sentence):
        import_disk(client, uri="s3://their-isos/a.iso")
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    with invalid("uri", "The object at 's3://their-isos/a.iso' cannot be read: Access Denied."):
        import_disk(client, uri="s3://their-isos/a.iso")
    assert images(client) == []


def test_the_infrastructure_configuration_exists(client: Any) -> None:
    arn = f"{ACCOUNT_BASE}:infrastructure-configuration/missing"
    with not_found("InfrastructureConfiguration", arn):
        import_disk(client, infrastructureConfigurationArn=arn)
    assert images(client) == []


def test_roles(client: Any, iam: Any) -> None:
    arn = create_role(iam)
    for role in ("importer", arn, LINKED_ROLE, "AWSServiceRoleForImageBuilder"):
        assert get_image(client, import_disk(client, executionRole=role))["executionRole"] == role
    create_role(iam, "for-ec2", Principal={"Service": "ec2.amazonaws.com"})
    other = LINKED_ROLE.replace(ACCOUNT, "111111111111")
    before = len(client.list_image_build_versions()["imageSummaryList"])
    for role in ("missing", "for-ec2", other):
        with invalid("executionRole", NO_ROLE):
            import_disk(client, executionRole=role)
    assert len(client.list_image_build_versions()["imageSummaryList"]) == before


def test_the_numbers_of_a_version_have_a_limit(client: Any) -> None:
    assert import_disk(client, semanticVersion=f"{2**30 - 1}.0.0") == f"{IMAGE}/1073741823.0.0/1"
    with refused(
        "InvalidVersionNumberException", 400, "The supplied semantic version does not follow the required format"
    ):
        import_disk(client, semanticVersion=f"0.0.{2**30}")


@needs_log_groups
def test_other_log_groups_need_a_role(client: Any, iam: Any) -> None:
    own, other = {"logGroupName": "/aws/imagebuilder/isos"}, {"logGroupName": "/isos"}
    create_role(iam)
    for logging, role in ((own, {}), (own, {"executionRole": "importer"}), (other, {"executionRole": "importer"})):
        arn = import_disk(client, loggingConfiguration=logging, **role)
        assert get_image(client, arn)["loggingConfiguration"] == logging
    with clashing(
        "loggingConfiguration.logGroupName",
        "An execution role is required for log groups outside of /aws/imagebuilder/.",
    ):
        import_disk(client, loggingConfiguration=other)


@needs_options
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"secureBootEnabled": True},
        {"secureBootEnabled": False},
        {"uefiData": base64.b64encode(b"variables").decode()},
        {"secureBootEnabled": True, "uefiData": base64.b64encode(b"variables").decode()},
        {"uefiData": ""},
    ],
)
def test_settings_of_the_boot(client: Any, options: dict[str, Any]) -> None:
    arn = import_disk(client, registerImageOptions=options, windowsConfiguration={"imageIndex": 3})
    assert state_of(client, arn) == {"status": "AVAILABLE"}


@needs_options
def test_uefi_data_is_for_secure_boot(client: Any) -> None:
    with clashing("registerImageOptions.uefiData", "You can specify uefiData only when secureBootEnabled is true."):
        import_disk(client, registerImageOptions={"secureBootEnabled": False, "uefiData": "dmFyaWFibGVz"})
    for data in ("no base64!", "dmFyaWFibGVz=", "abc", "ä"):
        with invalid("registerImageOptions.uefiData", "The UEFI data must be Base64."):
            import_disk(client, registerImageOptions={"uefiData": data})
    assert images(client) == []


def test_no_other_image_comes_from_a_disk_file(client: Any, iam: Any) -> None:
    create_role(iam)
    recipe = create_recipe(client)
    workflow = client.create_workflow(
        name="from iso",
        semanticVersion="1.0.0",
        type="BUILD",
        data="""\
schemaVersion: 1.0
steps:
  - name: Launch
    action: LaunchInstance
    inputs: {waitFor: ssmAgent}
  - name: Convert
    action: CreateImageFromIso
    inputs: {instanceId.$: $.stepOutputs.Launch.instanceId}
""",
    )["workflowBuildVersionArn"]
    arn = create_image(client, imageRecipeArn=recipe, workflows=[{"workflowArn": workflow}], executionRole="importer")
    assert state_of(client, arn)["reason"].endswith(
        "Action CreateImageFromIso is for images that are imported from a disk file only in workflow step Convert"
    )
