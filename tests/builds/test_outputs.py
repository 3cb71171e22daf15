"""The AMI that a build makes in its own account and Region: name, description, tags, hardware."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from freezegun import freeze_time
from moto.ec2.models import ec2_backends

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    EXECUTION_ROLE,
    MANAGED_BASE,
    create_distribution,
    create_infrastructure,
    create_recipe,
    managed_workflow,
)
from ..conftest import ACCOUNT, REGION
from ..images import (
    FAILURE_MEMBERS,
    ami_of,
    client_of,
    create_image,
    get_image,
    import_image,
    output_amis,
    own_amis,
    state_of,
    tags_of,
)

CREATED = "2023-05-17T21:17:21.283Z"
GOLDEN = f"{ACCOUNT_BASE}:image-recipe/golden/1.0.0"

pytestmark = pytest.mark.usefixtures("outbox")


@pytest.fixture(autouse=True)
def _infrastructure(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)


@pytest.fixture
def recipe(client: Any) -> str:
    return create_recipe(client)


def build(client: Any, **ami: Any) -> str:
    """The ARN of an image that goes to us-east-1 with these settings."""
    distributions = [{"region": REGION, "amiDistributionConfiguration": ami}]
    answer = client.create_distribution_configuration(name="here", distributions=distributions)
    return create_image(client, distributionConfigurationArn=answer["distributionConfigurationArn"])


def build_from(client: Any, parent_image: str, **members: Any) -> str:
    """The ARN of an image built from a parent image."""
    client.create_image_recipe(name="golden", semanticVersion="1.0.0", parentImage=parent_image)
    return create_image(client, imageRecipeArn=GOLDEN, **members)


def the_ami(client: Any, arn: str) -> Any:
    """What EC2 says of the only AMI of an image."""
    (entry,) = output_amis(client, arn)
    return ami_of(entry)


# ---- in EC2 ----


@pytest.mark.usefixtures("recipe")
def test_the_output_ami_is_in_ec2(client: Any) -> None:
    with freeze_time(CREATED):
        arn = create_image(client)
    (entry,) = output_amis(client, arn)
    ami = ami_of(entry)
    assert own_amis() == [ami]
    assert re.fullmatch("ami-[0-9a-f]{17}", ami["ImageId"])
    assert entry == {
        "region": REGION,
        "image": ami["ImageId"],
        "name": "web server 2023-05-17T21-17-23.283000Z",
        "accountId": ACCOUNT,
    }
    expected = {
        "Name": entry["name"],
        "OwnerId": ACCOUNT,
        "State": "available",
        "Public": False,
        "CreationDate": "2023-05-17T21:17:21.000Z",
        "Architecture": "x86_64",
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "VirtualizationType": "hvm",
        "ImageLocation": f"{ACCOUNT}/{entry['name']}",
    }
    assert {name: ami[name] for name in expected} == expected
    assert "Platform" not in ami


@pytest.mark.usefixtures("recipe")
def test_every_build_makes_its_own_ami(client: Any) -> None:
    arns = [create_image(client) for _ in range(3)]
    ids = {output_amis(client, arn)[0]["image"] for arn in arns}
    assert len(ids) == 3
    assert {ami["ImageId"] for ami in own_amis()} == ids


@pytest.mark.usefixtures("recipe")
def test_the_ami_and_its_snapshot_are_tagged(client: Any) -> None:
    arn = create_image(client, tags={"team": "the image's own"})
    ami = the_ami(client, arn)
    assert tags_of(ami) == {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}
    snapshot_id = ami["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    ec2 = boto3.client("ec2", region_name=REGION)
    (snapshot,) = ec2.describe_snapshots(Filters=[{"Name": "tag:Ec2ImageBuilderArn", "Values": [arn]}])["Snapshots"]
    assert snapshot["SnapshotId"] == snapshot_id
    assert tags_of(snapshot) == tags_of(ami)


def test_a_build_of_another_account_and_region_leaves_its_ami_there(client: Any) -> None:
    there = client_of("imagebuilder", "111111111111", "eu-west-1")
    client_of("iam", "111111111111").create_instance_profile(InstanceProfileName="profile")
    recipe_arn = there.create_image_recipe(
        name="web server",
        semanticVersion="1.0.0",
        parentImage="arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-x86/x.x.x",
    )["imageRecipeArn"]
    arn = there.create_image(
        imageRecipeArn=recipe_arn, infrastructureConfigurationArn=create_infrastructure(there, "profile")
    )["imageBuildVersionArn"]
    assert arn == "arn:aws:imagebuilder:eu-west-1:111111111111:image/web-server/1.0.0/1"
    (entry,) = output_amis(there, arn)
    assert (entry["region"], entry["accountId"]) == ("eu-west-1", "111111111111")
    assert [ami["ImageId"] for ami in own_amis("111111111111", "eu-west-1")] == [entry["image"]]
    assert own_amis() == own_amis(region="eu-west-1") == own_amis("111111111111") == []


# ---- names, descriptions, tags ----


@pytest.mark.parametrize(
    ("name", "filled"),
    [
        ("{{ imagebuilder:buildDate }}", "2023-05-17T21-17-21.283Z"),
        ("web-{{imagebuilder:buildDate}}", "web-2023-05-17T21-17-21.283Z"),
        ("My {{imagebuilder:buildVersion}} image {{ imagebuilder:buildDate }}", "My 2 image 2023-05-17T21-17-21.283Z"),
        ("{{imagebuilder:buildDate:yyyyMMdd}} {{imagebuilder:buildDate}}", "20230517 2023-05-17T21-17-21.283Z"),
        (
            "{{imagebuilder:buildDate:yyMMHHmmssSSS}} {{imagebuilder:buildDate}}",
            "2305211721283 2023-05-17T21-17-21.283Z",
        ),
        ("{{ssm:stage}} {{imagebuilder:buildDate}}", "beta 2023-05-17T21-17-21.283Z"),
        ("{{ami:name}} {{imagebuilder:buildDate}}", "{{ami:name}} 2023-05-17T21-17-21.283Z"),
    ],
)
@pytest.mark.usefixtures("recipe")
def test_the_name_of_the_ami_has_placeholders(client: Any, name: str, filled: str) -> None:
    boto3.client("ssm", region_name=REGION).put_parameter(Name="stage", Value="beta", Type="String")
    create_image(client)
    with freeze_time(CREATED):
        arn = build(client, name=name)
    (entry,) = output_amis(client, arn)
    assert entry["name"] == ami_of(entry)["Name"] == filled


@pytest.mark.parametrize(
    ("of_recipe", "of_distribution", "shown"),
    [
        (None, None, None),
        ("The recipe's", None, "The recipe's"),
        ("The recipe's", "The distribution's", "The distribution's"),
        (None, "The distribution's", "The distribution's"),
    ],
)
def test_the_description_of_the_ami(
    client: Any, of_recipe: str | None, of_distribution: str | None, shown: str | None
) -> None:
    create_recipe(client, **({} if of_recipe is None else {"description": of_recipe}))
    arn = build(client, **({} if of_distribution is None else {"description": of_distribution}))
    (entry,) = output_amis(client, arn)
    assert entry.get("description") == shown
    assert (ami_of(entry).get("Description") or None) == shown


def test_tags_of_the_ami_come_from_recipe_and_distribution(client: Any) -> None:
    create_recipe(client, amiTags={"from": "recipe", "recipe": "yes"})
    boto3.client("ssm", region_name=REGION).put_parameter(Name="/stage", Value="beta", Type="String")
    with freeze_time(CREATED):
        arn = build(
            client,
            amiTags={
                "from": "distribution",
                "built": "{{ imagebuilder:buildDate }}",
                "day": "{{imagebuilder:buildDate:dd.MM.yyyy}}",
                "number": "{{imagebuilder:buildVersion}}",
                "stage": "{{ ssm:/stage }}",
                "stage at first": "{{ssm:/stage:1}}",
                "CreatedBy": "Terraform",
            },
        )
    assert tags_of(the_ami(client, arn)) == {
        "from": "distribution",
        "recipe": "yes",
        "built": "2023-05-17T21-17-21.283Z",
        "day": "17.05.2023",
        "number": "1",
        "stage": "beta",
        "stage at first": "beta",
        "CreatedBy": "EC2 Image Builder",
        "Ec2ImageBuilderArn": arn,
    }


def test_the_name_is_there_as_soon_as_the_ami_is(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    create_recipe(client)
    with freeze_time(CREATED):
        arn = build(client, name="web {{ imagebuilder:buildDate }}", description="The distribution's")
        mocked.advance(arn, to="DISTRIBUTING")
    ami = the_ami(client, arn)
    assert (ami["Name"], ami["Description"]) == ("web 2023-05-17T21-17-21.283Z", "The distribution's")


def test_the_services_own_tags_win(client: Any) -> None:
    create_recipe(client)
    arn = build(client, amiTags={"CreatedBy": "Terraform", "Ec2ImageBuilderArn": "mine", "team": "web"})
    assert tags_of(the_ami(client, arn)) == {
        "CreatedBy": "EC2 Image Builder",
        "Ec2ImageBuilderArn": arn,
        "team": "web",
    }


def test_the_snapshot_is_as_old_as_the_ami(client: Any) -> None:
    create_recipe(client)
    with freeze_time(CREATED):
        arn = create_image(client)
    snapshot_id = the_ami(client, arn)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    ec2 = boto3.client("ec2", region_name=REGION)
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert f"{snapshot['StartTime']:%Y-%m-%dT%H:%M:%S}" == CREATED[:19]


def test_tags_of_the_distribution_come_when_the_image_is_distributed(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    create_recipe(client, amiTags={"recipe": "yes"})
    arn = build(client, amiTags={"distribution": "yes"})
    mocked.advance(arn, to="DISTRIBUTING")
    assert tags_of(the_ami(client, arn)).keys() == {"recipe", "CreatedBy", "Ec2ImageBuilderArn"}
    mocked.advance(arn, to="INTEGRATING")
    assert tags_of(the_ami(client, arn)).keys() == {"recipe", "CreatedBy", "Ec2ImageBuilderArn", "distribution"}


@pytest.mark.parametrize("parameter", ["missing", "stage:2"])
@pytest.mark.usefixtures("recipe")
def test_the_parameter_for_a_name_does_not_exist(client: Any, parameter: str) -> None:
    boto3.client("ssm", region_name=REGION).put_parameter(Name="stage", Value="beta", Type="String")
    arn = build(client, name=f"{{{{ssm:{parameter}}}}} {{{{imagebuilder:buildDate}}}}")
    state = state_of(client, arn)
    assert state["status"] == "FAILED"
    assert re.fullmatch(
        f"Workflow Execution ID: 'wf-.*' failed with reason: The SSM parameter '{parameter}' does not exist "
        "in workflow step CreateOutputAMI",
        state["reason"],
    )
    assert state["failureContext"]["imageStatus"] == "BUILDING"
    assert set(state["failureContext"]) == FAILURE_MEMBERS["BUILDING"] - {"componentFailure"}
    assert own_amis() == output_amis(client, arn) == []


# ---- hardware ----

PARENTS = [
    ("amazon-linux-2023-x86", "x86_64", None, "/dev/xvda"),
    ("amazon-linux-2023-arm64", "arm64", None, "/dev/xvda"),
    ("ubuntu-server-22-lts-x86", "x86_64", None, "/dev/sda1"),
    ("windows-server-2022-english-full-base-x86", "x86_64", "windows", "/dev/sda1"),
    ("macos-sequoia-arm64", "arm64_mac", None, "/dev/sda1"),
]


def hardware(ami: Any) -> tuple[str, str | None, str]:
    return ami["Architecture"], ami.get("Platform"), ami["RootDeviceName"]


@pytest.mark.parametrize(("parent", "architecture", "platform", "root_device"), PARENTS)
def test_an_ami_has_the_hardware_of_its_parent(
    client: Any, parent: str, architecture: str, platform: str | None, root_device: str
) -> None:
    arn = build_from(client, f"{MANAGED_BASE}:image/{parent}/x.x.x")
    (entry,) = output_amis(client, arn)
    # By image ARN while nobody has looked at EC2, and by AMI id.
    for name, parent_image in [("child", arn), ("by id", entry["image"])]:
        client.create_image_recipe(name=name, semanticVersion="1.0.0", parentImage=parent_image)
    children = [
        create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/{slug}/1.0.0") for slug in ("child", "by-id")
    ]
    for image_arn in (arn, *children):
        assert hardware(the_ami(client, image_arn)) == (architecture, platform, root_device)


def test_an_ami_has_the_hardware_of_an_ami_in_ec2(client: Any) -> None:
    ec2 = boto3.client("ec2", region_name=REGION)
    ami_id = ec2.register_image(Name="made-by-hand")["ImageId"]
    ami = ec2_backends[ACCOUNT][REGION].amis[ami_id]
    ami.architecture, ami.root_device_name = "arm64", "/dev/sdb"
    assert hardware(the_ami(client, build_from(client, ami_id))) == ("arm64", None, "/dev/sdb")


# ---- without a build workflow ----

TESTS_ALONE: dict[str, Any] = {
    "workflows": [{"workflowArn": managed_workflow("test/test-image")}],
    "executionRole": EXECUTION_ROLE,
}


def test_without_a_build_workflow_the_ami_of_the_parent_is_the_output(client: Any) -> None:
    parent = import_image(client)
    image = get_image(client, build_from(client, parent, **TESTS_ALONE))
    assert image["state"] == {"status": "AVAILABLE"}
    assert image["outputResources"] == get_image(client, parent)["outputResources"]
    assert len(own_amis()) == 1


def test_the_ami_of_the_parent_may_be_amazons(client: Any) -> None:
    parent = f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2024.4.1/1"
    distribution_arn = create_distribution(
        client, amiTags={"team": "web"}, launchPermission={"userIds": ["111111111111"]}
    )
    arn = build_from(client, parent, **TESTS_ALONE, distributionConfigurationArn=distribution_arn)
    image = get_image(client, arn)
    assert image["state"] == {"status": "AVAILABLE"}
    assert image["outputResources"] == get_image(client, parent)["outputResources"]
    assert own_amis() == []


def test_the_ami_of_the_parent_may_be_given_by_its_id(client: Any) -> None:
    ec2 = boto3.client("ec2", region_name=REGION)
    ami_id = ec2.register_image(Name="made-by-hand")["ImageId"]
    distribution_arn = create_distribution(client, amiTags={"team": "web"})
    arn = build_from(client, ami_id, **TESTS_ALONE, distributionConfigurationArn=distribution_arn)
    assert output_amis(client, arn) == [
        {"region": REGION, "image": ami_id, "name": "made-by-hand", "accountId": ACCOUNT}
    ]
    (ami,) = own_amis()
    assert tags_of(ami) == {"team": "web", "CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}


def test_a_marketplace_product_has_no_ami_to_put_out(client: Any) -> None:
    arn = build_from(client, "prod-abcdefghijklm", **TESTS_ALONE)
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": "The parent image has no AMI to distribute.",
        "failureContext": {"imageStatus": "BUILDING"},
    }


# ---- afterwards ----


@pytest.mark.usefixtures("recipe")
def test_deleting_the_image_leaves_its_ami(client: Any) -> None:
    arn = create_image(client)
    before = the_ami(client, arn)
    client.delete_image(imageBuildVersionArn=arn)
    assert own_amis() == [before]


@pytest.mark.usefixtures("recipe")
def test_the_ami_of_a_deleted_image_is_still_a_parent_image(client: Any) -> None:
    arn = create_image(client)
    (entry,) = output_amis(client, arn)
    client.delete_image(imageBuildVersionArn=arn)
    image = get_image(client, build_from(client, entry["image"]))
    assert image["imageRecipe"]["parentImage"] == entry["image"]
    assert image["osVersion"] == "Amazon Linux 2023"
    assert len(own_amis()) == 2


@pytest.mark.usefixtures("recipe")
def test_a_deregistered_ami_is_none_any_more(client: Any) -> None:
    arn = create_image(client)
    (entry,) = output_amis(client, arn)
    boto3.client("ec2", region_name=REGION).deregister_image(ImageId=entry["image"])
    assert own_amis() == []
    assert output_amis(client, arn) == [entry]
