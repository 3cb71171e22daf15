"""DistributeImage: images and AMIs that are there already, in more places."""

from __future__ import annotations

import json
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import operations

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..images import (
    TASK,
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
from ..refusals import WILDCARD_NOT_LAST, invalid, not_found

pytestmark = pytest.mark.skipif(
    "DistributeImage" not in operations(), reason="the installed botocore does not know the operation"
)

OTHER_ACCOUNT = "111111111111"
DISTRIBUTION = f"{ACCOUNT_BASE}:distribution-configuration/everywhere"
LINKED_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"
SOURCE = f"{ACCOUNT_BASE}:image/my-example-source-ami/1.0.0/1"
NO_ROLE = "The provided role does not exist or does not have sufficient permissions"
NOT_AUTHORIZED = "You are not authorized to use the provided image."
EU_ONLY: dict[str, dict[str, Any]] = {"eu_west_1": {}}


@pytest.fixture(autouse=True)
def _role(client: Any, iam: Any, lets_copies_in: None) -> None:
    create_role(iam, "distributor", "imagebuilder.amazonaws.com")


def create_role(iam: Any, name: str, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"])


def configure(client: Any, **ami_by_region: dict[str, Any]) -> str:
    """A distribution configuration for these Regions: ``eu_west_1={}``."""
    distributions = [
        {"region": region.replace("_", "-"), "amiDistributionConfiguration": ami}
        for region, ami in ami_by_region.items()
    ]
    answer = client.create_distribution_configuration(name="everywhere", distributions=distributions)
    return str(answer["distributionConfigurationArn"])


def register(name: str = "golden", account_id: str = ACCOUNT) -> str:
    return str(client_of("ec2", account_id).register_image(Name=name)["ImageId"])


def distribute(client: Any, source: str, **members: Any) -> str:
    request = {"distributionConfigurationArn": DISTRIBUTION, "executionRole": "distributor", **members}
    return str(client.distribute_image(sourceImage=source, **request)["imageBuildVersionArn"])


def places(client: Any, arn: str) -> list[tuple[str, str]]:
    return [(entry["region"], entry["accountId"]) for entry in output_amis(client, arn)]


def builds(client: Any) -> int:
    return len(client.list_image_build_versions()["imageSummaryList"])


def test_the_answer_has_no_request_id(client: Any) -> None:
    answer = client.distribute_image(
        sourceImage=register("My example source AMI"),
        distributionConfigurationArn=configure(client, **EU_ONLY),
        executionRole="distributor",
        clientToken="the-distribution",
    )
    del answer["ResponseMetadata"]
    assert answer == {"clientToken": "the-distribution", "imageBuildVersionArn": SOURCE}


def test_an_image_tracks_the_distribution_of_an_ami(client: Any) -> None:
    configure(client, **EU_ONLY)
    source = register("My example source AMI")
    with freeze_time("2025-12-01T10:11:12.131Z"):
        arn = distribute(client, source, tags={"team": "web"}, loggingConfiguration={"logGroupName": "/distributions"})
    image = get_image(client, arn)
    configuration = image.pop("distributionConfiguration")
    assert configuration["arn"] == DISTRIBUTION
    (entry,) = image["outputResources"]["amis"]
    assert image == {
        "arn": SOURCE,
        "type": "AMI",
        "name": "My example source AMI",
        "version": "1.0.0/1",
        "platform": "Linux",
        "state": {"status": "AVAILABLE"},
        "dateCreated": "2025-12-01T10:11:12.131Z",
        "outputResources": {
            "amis": [
                {
                    "region": "eu-west-1",
                    "image": entry["image"],
                    "name": "My example source AMI 2025-12-01T10-11-14.131000Z",
                    "accountId": ACCOUNT,
                }
            ]
        },
        "tags": {"team": "web"},
        "buildType": "USER_INITIATED",
        "imageSource": "CUSTOM",
        "executionRole": "distributor",
        "loggingConfiguration": {"logGroupName": "/distributions"},
    }
    copy = ami_of(entry)
    assert (copy["Name"], copy["OwnerId"]) == (entry["name"], ACCOUNT)
    assert tags_of(copy) == {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}
    assert client.list_workflow_executions(imageBuildVersionArn=arn)["workflowExecutions"] == []
    assert [ami["ImageId"] for ami in own_amis()] == [source]


# ---- sources ----


def test_an_ami_in_a_parameter(client: Any) -> None:
    configure(client, **EU_ONLY)
    ami_id = register("golden")
    ssm = client_of("ssm")
    ssm.put_parameter(Name="/golden/ami", Value=ami_id, Type="String")
    for source in ("ssm:/golden/ami", f"ssm:arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/golden/ami"):
        assert places(client, distribute(client, source)) == [("eu-west-1", ACCOUNT)]
    assert builds(client) == 2
    with invalid("sourceImage", "The SSM parameter '/missing' does not exist."):
        distribute(client, "ssm:/missing")
    ssm.put_parameter(Name="/golden/name", Value="golden", Type="String")
    with invalid("sourceImage", "The value of the SSM parameter '/golden/name' is not an AMI ID."):
        distribute(client, "ssm:/golden/name")
    assert builds(client) == 2


@pytest.mark.parametrize("reference", ["2.0.1/1", "2.0.1", "2.0.x", "2.x.x", "x.x.x"])
def test_an_image_keeps_its_name_and_version(client: Any, reference: str) -> None:
    configure(client, **EU_ONLY)
    parent = import_image(client, "My Image", "2.0.1", platform="Windows", osVersion="Microsoft Windows Server 2022")
    assert parent == f"{ACCOUNT_BASE}:image/my-image/2.0.1/1"
    arn = distribute(client, f"{ACCOUNT_BASE}:image/my-image/{reference}")
    assert arn == f"{ACCOUNT_BASE}:image/my-image/2.0.1/2"
    image = get_image(client, arn)
    assert (image["name"], image["platform"]) == ("My Image", "Windows")
    assert (image["osVersion"], image["imageSource"]) == ("Microsoft Windows Server 2022", "IMPORTED")
    assert ami_of(output_amis(client, arn)[0])["Platform"] == "windows"


def test_the_newest_available_build_is_the_source(client: Any, mocked: Control) -> None:
    configure(client, us_east_1={})
    first, second = import_image(client), import_image(client, vmImportTaskId="import-ami-0fedcba9876543210")
    mocked.import_task("import-ami-00000000000000000", state="active")
    import_image(client, vmImportTaskId="import-ami-00000000000000000")
    sources = {
        reference: output_amis(client, distribute(client, f"{ACCOUNT_BASE}:image/imported/{reference}"))
        for reference in ("1.0.0/1", "1.0.0/2", "1.0.0")
    }
    assert sources["1.0.0/1"] == [
        {key: value for key, value in entry.items() if key != "description"} for entry in output_amis(client, first)
    ]
    # The second one was found as build 2, and then through build 5, which distributes it.
    assert sources["1.0.0/2"] == output_amis(client, second) == sources["1.0.0"]


def test_what_a_build_has_made(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    built = create_image(client)
    configure(client, us_east_1={"amiTags": {"stage": "prod"}}, eu_west_1={})
    arn = distribute(client, built)
    here, there = output_amis(client, arn)
    (original,) = output_amis(client, built)
    assert here["image"] == original["image"]
    assert (there["region"], there["name"].split()[:2]) == ("eu-west-1", ["web", "server"])
    # The AMI is still the one of the image that was built.
    assert tags_of(ami_of(original)) == {
        "CreatedBy": "EC2 Image Builder",
        "Ec2ImageBuilderArn": built,
        "stage": "prod",
    }
    assert tags_of(ami_of(there))["Ec2ImageBuilderArn"] == arn
    image = get_image(client, arn)
    assert {"imageRecipe", "infrastructureConfiguration", "workflows", "sourcePipelineArn"}.isdisjoint(image)


def test_an_image_of_amazon(client: Any) -> None:
    configure(client, us_east_1={"targetAccountIds": [ACCOUNT, OTHER_ACCOUNT]})
    arn = distribute(client, f"{MANAGED_BASE}:image/amazon-linux-2023-arm64/x.x.x")
    assert arn.startswith(f"{ACCOUNT_BASE}:image/amazon-linux-2023-arm64/")
    image = get_image(client, arn)
    assert (image["name"], image["imageSource"]) == ("Amazon Linux 2023 arm64", "AMAZON_MANAGED")
    here, there = image["outputResources"]["amis"]
    assert here["accountId"] != ACCOUNT
    assert there["accountId"] == OTHER_ACCOUNT
    assert ami_of(there)["Architecture"] == "arm64"


def test_an_ami_that_another_account_has_shared(client: Any) -> None:
    configure(client, **EU_ONLY)
    ami_id = register("theirs", OTHER_ACCOUNT)
    with invalid("sourceImage", NOT_AUTHORIZED):
        distribute(client, ami_id)
    client_of("ec2", OTHER_ACCOUNT).modify_image_attribute(
        ImageId=ami_id, LaunchPermission={"Add": [{"UserId": ACCOUNT}]}
    )
    assert places(client, distribute(client, ami_id)) == [("eu-west-1", ACCOUNT)]


@pytest.mark.parametrize(
    ("ami_name", "name", "slug"),
    [
        ("golden", "golden", "golden"),
        ("Golden AMI_2", "Golden AMI_2", "golden-ami-2"),
        ("amzn2-ami-hvm-2.0.20250101-x86_64-gp2", "amzn2-ami-hvm-2-0-20250101-x86_64-gp2", None),
        ("web (blue) [1] 'a'@b/c", "web -blue- -1- -a--b-c", "web--blue---1---a--b-c"),
        ("n" * 128, "n" * 128, "n" * 128),
    ],
)
def test_the_name_of_an_ami_is_made_one_of_an_image(client: Any, ami_name: str, name: str, slug: str | None) -> None:
    configure(client, **EU_ONLY)
    slug = slug or name.lower().replace("_", "-")
    arn = distribute(client, register(ami_name))
    assert arn == f"{ACCOUNT_BASE}:image/{slug}/1.0.0/1"
    assert get_image(client, arn)["name"] == name
    assert distribute(client, own_amis()[0]["ImageId"]) == f"{ACCOUNT_BASE}:image/{slug}/1.0.0/2"


@pytest.mark.parametrize(
    "source",
    ["golden", "/golden/ami", "prod-abcdefghijklm", "i-0123456789abcdef0", f"{ACCOUNT_BASE}:image-recipe/web/1.0.0"],
)
def test_sources_of_another_form(client: Any, source: str) -> None:
    configure(client, **EU_ONLY)
    with invalid(
        "sourceImage",
        "The source image must be an AMI ID, an Image Builder image ARN, or an SSM parameter prefixed by ssm:.",
    ):
        distribute(client, source)
    assert builds(client) == 0


def test_sources_that_are_not_there(client: Any, mocked: Control) -> None:
    configure(client, **EU_ONLY)
    with invalid("sourceImage", NOT_AUTHORIZED):
        distribute(client, "ami-0123456789abcdef0")
    for version in ("1.0.0/1", "1.0.0", "x.x.x"):
        with not_found("Image", f"{ACCOUNT_BASE}:image/missing/{version}"):
            distribute(client, f"{ACCOUNT_BASE}:image/missing/{version}")
    with invalid("sourceImage", WILDCARD_NOT_LAST):
        distribute(client, f"{ACCOUNT_BASE}:image/missing/x.0.0")
    mocked.import_task(TASK, state="active")
    waiting = import_image(client)
    with invalid("sourceImage", NOT_AUTHORIZED):
        distribute(client, waiting)
    assert builds(client) == 1


def image_in(client: Any, mocked: Control, instance_profile: str, status: str) -> str:
    """The ARN of an image in this state; those that have stopped did so after they had got an AMI."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    mocked.progress("manual", times=1000)
    if status == "FAILED":
        mocked.fail_next_build("TESTING")
    arn = create_image(client)
    stages = {"CANCELLED": "TESTING", "DEPRECATED": "AVAILABLE", "DISABLED": "AVAILABLE"}
    mocked.advance(arn, to=stages.get(status, status))
    if status == "CANCELLED":
        client.cancel_image_creation(imageBuildVersionArn=arn)
    elif status in stages:
        client.start_resource_state_update(resourceArn=arn, state={"status": status})
    mocked.progress("immediate")
    return arn


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "DEPRECATED", "DISABLED"])
def test_an_image_that_is_not_available_is_no_source_but_its_ami_is(
    client: Any, mocked: Control, instance_profile: str, status: str
) -> None:
    configure(client, **EU_ONLY)
    arn = image_in(client, mocked, instance_profile, status)
    assert state_of(client, arn)["status"] == status
    with invalid("sourceImage", NOT_AUTHORIZED):
        distribute(client, arn)
    version = arn.rpartition("/")[0]
    with not_found("Image", version):
        distribute(client, version)
    assert builds(client) == 1
    (ami,) = output_amis(client, arn)
    assert places(client, distribute(client, ami["image"])) == [("eu-west-1", ACCOUNT)]


@pytest.mark.parametrize("status", ["PENDING", "CREATING", "BUILDING", "TESTING"])
def test_an_image_that_is_being_built_is_no_source(
    client: Any, mocked: Control, instance_profile: str, status: str
) -> None:
    configure(client, **EU_ONLY)
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    mocked.advance(arn, to=status)
    with invalid("sourceImage", NOT_AUTHORIZED):
        distribute(client, arn)
    assert builds(client) == 1
    assert state_of(client, arn) == {"status": status}


def test_the_source_has_an_ami_in_this_region(client: Any) -> None:
    configure(client, **EU_ONLY)
    docker = f"{MANAGED_BASE}:image/amazon-linux-x86-latest/x.x.x"
    resolved = get_image(client, docker)["arn"]
    with invalid("sourceImage", f"The image '{resolved}' has no AMI in the Region 'us-east-1'."):
        distribute(client, docker)
    elsewhere = distribute(client, register("golden"))
    with invalid("sourceImage", f"The image '{elsewhere}' has no AMI in the Region 'us-east-1'."):
        distribute(client, elsewhere)
    imported = import_image(client)
    client_of("ec2").deregister_image(ImageId=output_amis(client, imported)[0]["image"])
    with invalid("sourceImage", f"The image '{imported}' has no AMI in the Region 'us-east-1'."):
        distribute(client, imported)
    assert builds(client) == 2


# ---- the other settings ----


def test_the_distribution_configuration_exists(client: Any) -> None:
    with not_found("DistributionConfiguration", DISTRIBUTION):
        distribute(client, register())
    assert builds(client) == 0


def test_the_distribution_configuration_is_as_it_was(client: Any, mocked: Control) -> None:
    configure(client, **EU_ONLY)
    mocked.progress("manual", times=1000)
    arn = distribute(client, register())
    client.update_distribution_configuration(
        distributionConfigurationArn=DISTRIBUTION,
        distributions=[{"region": "us-west-2", "amiDistributionConfiguration": {}}],
    )
    mocked.advance(arn, to="AVAILABLE")
    assert places(client, arn) == [("eu-west-1", ACCOUNT)]


def test_roles(client: Any, iam: Any) -> None:
    configure(client, **EU_ONLY)
    role_arn = f"arn:aws:iam::{ACCOUNT}:role/distributor"
    for role in ("distributor", role_arn, LINKED_ROLE):
        assert get_image(client, distribute(client, register(), executionRole=role))["executionRole"] == role
    create_role(iam, "for-ec2", "ec2.amazonaws.com")
    for role in ("missing", "for-ec2", role_arn.replace(ACCOUNT, OTHER_ACCOUNT)):
        with invalid("executionRole", NO_ROLE):
            distribute(client, register(), executionRole=role)
    assert builds(client) == 3


def test_the_same_request_is_performed_once(client: Any) -> None:
    configure(client, **EU_ONLY)
    source = register()
    assert len({distribute(client, source, clientToken="once") for _ in range(3)}) == 1
    assert len(own_amis(region="eu-west-1")) == 1


# ---- what happens ----


@pytest.mark.parametrize(
    ("ami_by_region", "expected"),
    [
        ({"us_east_1": {}}, [("us-east-1", ACCOUNT)]),
        ({"us_east_1": {"targetAccountIds": [OTHER_ACCOUNT]}}, [("us-east-1", OTHER_ACCOUNT)]),
        (
            {"eu_west_1": {}, "us_east_1": {"targetAccountIds": [OTHER_ACCOUNT, ACCOUNT]}},
            [("eu-west-1", ACCOUNT), ("us-east-1", OTHER_ACCOUNT), ("us-east-1", ACCOUNT)],
        ),
        ({"eu_west_1": {"targetAccountIds": [OTHER_ACCOUNT]}}, [("eu-west-1", OTHER_ACCOUNT)]),
    ],
)
def test_the_source_is_an_output_only_where_it_is_a_destination(
    client: Any, ami_by_region: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    configure(client, **ami_by_region)
    source = register()
    arn = distribute(client, source)
    assert places(client, arn) == expected
    here = [entry["image"] for entry in output_amis(client, arn) if entry["accountId"] == ACCOUNT]
    assert (source in here) == ((REGION, ACCOUNT) in expected)
    assert [ami["ImageId"] for ami in own_amis()] == [source]
    assert tags_of(own_amis()[0]) == {}


def test_the_stages(client: Any, mocked: Control) -> None:
    configure(client, **EU_ONLY)
    mocked.progress("manual", times=1000)
    arn = distribute(client, register())
    seen = [state_of(client, arn)["status"], *(mocked.advance(arn) for _ in range(3))]
    assert seen == ["PENDING", "DISTRIBUTING", "INTEGRATING", "AVAILABLE"]


def test_launch_permissions(client: Any) -> None:
    permission = {"userIds": [OTHER_ACCOUNT]}
    configure(client, us_east_1={"launchPermission": permission}, eu_west_1={"launchPermission": permission})
    for entry in output_amis(client, distribute(client, register())):
        attribute = client_of("ec2", region=entry["region"]).describe_image_attribute(
            ImageId=entry["image"], Attribute="launchPermission"
        )
        assert attribute["LaunchPermissions"] == [{"UserId": OTHER_ACCOUNT}]


def test_nobody_shares_an_ami_of_somebody_else(client: Any) -> None:
    configure(client, us_east_1={"launchPermission": {"userIds": [OTHER_ACCOUNT]}})
    arn = distribute(client, f"{MANAGED_BASE}:image/amazon-linux-2023-x86/x.x.x")
    image = get_image(client, arn)
    assert (image["state"]["status"], image["outputResources"]) == ("FAILED", {"amis": []})
    (failure,) = image["state"]["failureContext"]["distributionFailure"]["regionFailures"]
    assert failure["region"] == REGION
    assert failure["errorMessage"].startswith("EC2 Client Error: 'Not authorized for image:ami-")


def test_a_disk_image_of_the_source(client: Any, iam: Any) -> None:
    create_role(iam, "vmimport", "vmie.amazonaws.com")
    client_of("s3").create_bucket(Bucket="exports")
    export = {"roleName": "vmimport", "diskImageFormat": "VHD", "s3Bucket": "exports"}
    client.create_distribution_configuration(
        name="everywhere", distributions=[{"region": REGION, "s3ExportConfiguration": export}]
    )
    source = register()
    arn = distribute(client, source)
    assert get_image(client, arn)["outputResources"] == {"amis": []}
    (entry,) = client_of("s3").list_objects_v2(Bucket="exports")["Contents"]
    body = client_of("s3").get_object(Bucket="exports", Key=entry["Key"])["Body"].read()
    assert json.loads(body)["imageId"] == source


def test_a_failed_distribution_is_retried(client: Any, mocked: Control) -> None:
    configure(client, eu_west_1={}, us_east_1={})
    mocked.progress("manual", times=1000)
    source = register()
    arn = distribute(client, source)
    mocked.advance(arn, to="INTEGRATING")
    client.cancel_image_creation(imageBuildVersionArn=arn)
    client.retry_image(imageBuildVersionArn=arn)
    assert mocked.advance(arn, to="AVAILABLE") == "AVAILABLE"
    assert places(client, arn) == [("eu-west-1", ACCOUNT), (REGION, ACCOUNT)]

    mocked.fail_next_build("DISTRIBUTING", reason="Not now.")
    again = distribute(client, source)
    assert mocked.advance(again, to="FAILED") == "FAILED"
    assert state_of(client, again)["reason"] == "Not now."
    client.retry_image(imageBuildVersionArn=again)
    mocked.advance(again, to="AVAILABLE")
    assert places(client, again) == [("eu-west-1", ACCOUNT), (REGION, ACCOUNT)]


def test_a_source_that_is_gone_meanwhile(client: Any, mocked: Control) -> None:
    configure(client, **EU_ONLY)
    mocked.progress("manual", times=1000)
    source = register()
    arn = distribute(client, source)
    client_of("ec2").deregister_image(ImageId=source)
    assert mocked.advance(arn, to="FAILED") == "FAILED"
    assert f"EC2 Client Error: 'The image id '[{source}]' is no longer available'" in state_of(client, arn)["reason"]
