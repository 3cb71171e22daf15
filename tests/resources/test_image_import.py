"""ImportVmImage: images from VM import tasks of EC2, which moto does not have."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from botocore.config import Config
from freezegun import freeze_time

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import ACCOUNT_BASE, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..images import TASK, ami_of, client_of, create_image, get_image, import_image, output_amis, own_amis, state_of
from ..images import tags_of as tags_in_ec2
from ..refusals import invalid

IMAGE = f"{ACCOUNT_BASE}:image/my-example-imported-image"
OTHER_TASK = "import-ami-0fedcba9876543210"

needs_log_groups = pytest.mark.skipif(
    "loggingConfiguration" not in load_model().shape("ImportVmImageRequest")["members"],
    reason="the installed botocore does not know the log group of an import",
)


def test_an_import_answers_with_an_image_build_version(client: Any) -> None:
    answer = client.import_vm_image(
        name="My Example Imported Image",
        semanticVersion="1.0.0",
        platform="Linux",
        vmImportTaskId=TASK,
        clientToken="the-import",
    )
    metadata = answer.pop("ResponseMetadata")
    assert answer == {
        "requestId": metadata["RequestId"],
        "imageArn": f"{IMAGE}/1.0.0/1",
        "clientToken": "the-import",
    }


def test_an_imported_image_has_no_recipe_and_no_build_settings(client: Any) -> None:
    with freeze_time("2021-12-20T10:11:12.131Z"):
        arn = import_image(
            client,
            "My Example Imported Image",
            "2.0.1",
            description="From the data centre",
            platform="Windows",
            osVersion="Microsoft Windows Server 2022",
            tags={"from": "vmware"},
        )
    answer = client.get_image(imageBuildVersionArn=arn)
    ami = answer["image"]["outputResources"]["amis"][0].pop("image")
    assert re.fullmatch("ami-[0-9a-f]{17}", ami)
    assert answer["image"] == {
        "arn": f"{IMAGE}/2.0.1/1",
        "type": "AMI",
        "name": "My Example Imported Image",
        "version": "2.0.1/1",
        "platform": "Windows",
        "osVersion": "Microsoft Windows Server 2022",
        "state": {"status": "AVAILABLE"},
        "dateCreated": "2021-12-20T10:11:12.131Z",
        "outputResources": {
            "amis": [
                {
                    "region": "us-east-1",
                    "name": TASK,
                    "description": "From the data centre",
                    "accountId": "123456789012",
                }
            ]
        },
        "tags": {"from": "vmware"},
        "buildType": "IMPORT",
        "imageSource": "IMPORTED",
    }
    assert answer["latestVersionReferences"] == {
        "latestVersionArn": f"{IMAGE}/x.x.x",
        "latestMajorVersionArn": f"{IMAGE}/2.x.x",
        "latestMinorVersionArn": f"{IMAGE}/2.0.x",
        "latestPatchVersionArn": f"{IMAGE}/2.0.1",
    }


def test_what_is_not_given_is_not_shown(client: Any) -> None:
    image = get_image(client, import_image(client))
    assert image["tags"] == {}
    assert {"osVersion", "loggingConfiguration", "enhancedImageMetadataEnabled"}.isdisjoint(image)
    assert "description" not in image["outputResources"]["amis"][0]


@pytest.mark.parametrize("platform", ["Linux", "Windows", "macOS"])
def test_the_platform_is_as_given(client: Any, platform: str) -> None:
    arn = import_image(client, platform=platform)
    assert get_image(client, arn)["platform"] == platform
    ami = ami_of(output_amis(client, arn)[0])
    assert ami.get("Platform") == ("windows" if platform == "Windows" else None)


@needs_log_groups
def test_the_log_group_is_one_of_the_services_own(client: Any) -> None:
    logging = {"logGroupName": "/aws/imagebuilder/imports"}
    assert get_image(client, import_image(client, loggingConfiguration=logging))["loggingConfiguration"] == logging
    for name in ("/imports", "/aws/imagebuilder", "aws/imagebuilder/imports"):
        with invalid("loggingConfiguration.logGroupName", "The log group name must start with /aws/imagebuilder/."):
            import_image(client, loggingConfiguration={"logGroupName": name})
    assert len(client.list_image_build_versions()["imageSummaryList"]) == 1


@pytest.mark.parametrize("member", ["name", "semanticVersion", "platform", "vmImportTaskId"])
def test_required_members(client: Any, member: str) -> None:
    request = {"name": "imported", "semanticVersion": "1.0.0", "platform": "Linux", "vmImportTaskId": TASK}
    without_own_checks = boto3.client("imagebuilder", region_name=REGION, config=Config(parameter_validation=False))
    with invalid(member, f"{member} is required"):
        without_own_checks.import_vm_image(**{name: value for name, value in request.items() if name != member})


@pytest.mark.parametrize("version", ["1.0", "1.0.x", "x.x.x", "1.0.0.0", "1.0.0/1", "v1.0.0"])
def test_the_version_is_exact(client: Any, version: str) -> None:
    pattern = load_model().shape("VersionNumber")["pattern"]
    with invalid("semanticVersion", f"semanticVersion must match pattern {pattern}"):
        import_image(client, version=version)


def test_the_numbers_of_a_version_have_a_limit(client: Any) -> None:
    assert import_image(client, version=f"{2**30 - 1}.0.0") == f"{ACCOUNT_BASE}:image/imported/1073741823.0.0/1"
    with refused(
        "InvalidVersionNumberException", 400, "The supplied semantic version does not follow the required format"
    ):
        import_image(client, version=f"0.0.{2**30}")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("imported", "imported"),
        ("My Image", "my-image"),
        ("my_image", "my-image"),
        ("web.example.org", "web-example-org"),
        ("Büro / Köln", "b-ro---k-ln"),
        ("a", "a"),
        ("n" * 1024, "n" * 1024),
    ],
)
def test_names_have_more_characters_than_those_of_recipes(client: Any, name: str, slug: str) -> None:
    arn = import_image(client, name)
    assert arn == f"{ACCOUNT_BASE}:image/{slug}/1.0.0/1"
    assert get_image(client, arn)["name"] == name
    assert get_image(client, f"{ACCOUNT_BASE}:image/{slug}/x.x.x")["arn"] == arn


# ---- builds ----


def test_importing_a_version_again_makes_its_next_build(client: Any) -> None:
    names = ["My Example Imported Image", "my_example_imported_image", "MY-EXAMPLE-IMPORTED-IMAGE"]
    arns = [import_image(client, name) for name in names]
    assert arns == [f"{IMAGE}/1.0.0/{number}" for number in (1, 2, 3)]
    assert [get_image(client, arn)["name"] for arn in arns] == names
    assert import_image(client, names[0], "1.0.1") == f"{IMAGE}/1.0.1/1"
    assert get_image(client, f"{IMAGE}/1.0.x")["version"] == "1.0.1/1"


def test_the_same_request_is_performed_once(client: Any) -> None:
    arns = {import_image(client, clientToken="once") for _ in range(3)}
    assert arns == {f"{ACCOUNT_BASE}:image/imported/1.0.0/1"}
    assert len(own_amis()) == 1
    with refused(
        "IdempotentParameterMismatchException",
        400,
        "The client token 'once' was used before by this operation with other parameter values.",
    ):
        import_image(client, clientToken="once", description="other")


# ---- tasks ----


@pytest.mark.parametrize(
    "task_id", ["import-ami-12345678", "import-ami-1234567890abcdef0", "import-ami-fgh5y0kb", "import-ami-" + "9" * 32]
)
def test_task_ids(client: Any, task_id: str) -> None:
    assert output_amis(client, import_image(client, vmImportTaskId=task_id))[0]["name"] == task_id


@pytest.mark.parametrize(
    "task_id",
    ["1234567890abcdef0", "import-ami-", "import-ami-1234567", "import-snap-1234567890abcdef0", "import-ami-1234 678"],
)
def test_malformed_task_ids_are_refused(client: Any, task_id: str) -> None:
    with refused("ClientException", 400, f"The VM import task id '{task_id}' is malformed."):
        import_image(client, vmImportTaskId=task_id)
    assert client.list_images()["imageVersionList"] == []


def test_the_ami_of_the_task_is_in_ec2(client: Any) -> None:
    with freeze_time("2021-12-20T10:11:12.131Z"):
        arn = import_image(client, description="From the data centre", platform="Windows")
    (entry,) = output_amis(client, arn)
    (ami,) = own_amis()
    assert ami["ImageId"] == entry["image"]
    assert (ami["Name"], ami["Description"], ami["Platform"]) == (TASK, "From the data centre", "windows")
    assert (ami["State"], ami["OwnerId"], ami["Public"]) == ("available", ACCOUNT, False)
    assert ami["CreationDate"] == "2021-12-20T10:11:12.000Z"
    # EC2 has made it, not Image Builder.
    assert tags_in_ec2(ami) == {}


def test_images_of_one_task_share_its_ami(client: Any) -> None:
    arns = [import_image(client), import_image(client), import_image(client, "other")]
    assert len({output_amis(client, arn)[0]["image"] for arn in arns}) == 1
    assert len(own_amis()) == 1
    import_image(client, vmImportTaskId=OTHER_TASK)
    assert len(own_amis()) == 2


def test_a_task_is_one_of_its_account_and_region(client: Any) -> None:
    eu_client, other_client = client_of("imagebuilder", region="eu-west-1"), client_of("imagebuilder", "111111111111")
    amis = [output_amis(each, import_image(each))[0] for each in (client, eu_client, other_client)]
    places = [(ami["accountId"], ami["region"]) for ami in amis]
    assert places == [(ACCOUNT, "us-east-1"), (ACCOUNT, "eu-west-1"), ("111111111111", "us-east-1")]
    assert len({ami["image"] for ami in amis}) == 3
    for account_id, region in places:
        assert len(own_amis(account_id, region)) == 1


def test_a_described_task_says_what_its_ami_is(client: Any, mocked: Control) -> None:
    mocked.import_task(TASK, ami_id="ami-0123456789abcdef0")
    assert output_amis(client, import_image(client))[0]["image"] == "ami-0123456789abcdef0"
    assert [ami["ImageId"] for ami in own_amis()] == ["ami-0123456789abcdef0"]


def test_the_ami_of_a_task_may_be_in_ec2_already(client: Any, mocked: Control) -> None:
    ami_id = client_of("ec2").register_image(Name="made-by-hand")["ImageId"]
    mocked.import_task(TASK, ami_id=ami_id)
    arn = import_image(client)
    assert output_amis(client, arn)[0]["image"] == ami_id
    assert [ami["Name"] for ami in own_amis()] == ["made-by-hand"]


@pytest.mark.parametrize(("task", "request_"), [("Linux", "Windows"), ("Windows", "Linux"), ("Windows", "macOS")])
def test_the_platform_is_that_of_the_described_task(client: Any, mocked: Control, task: str, request_: str) -> None:
    mocked.import_task(TASK, platform=task)
    with refused("ClientException", 400, f"The platform of the VM import task '{TASK}' is {task}."):
        import_image(client, platform=request_)
    assert client.list_images()["imageVersionList"] == []
    import_image(client, platform=task)


def test_a_task_is_described_for_its_account_and_region(client: Any) -> None:
    Control(region="eu-west-1").import_task(TASK, platform="Windows", state="deleted")
    Control(account_id="111111111111").import_task(TASK, platform="Windows", state="deleted")
    assert state_of(client, import_image(client)) == {"status": "AVAILABLE"}


def test_an_image_waits_for_its_task(client: Any, mocked: Control) -> None:
    mocked.import_task(TASK, state="active")
    arn = import_image(client)
    for _ in range(3):
        image = get_image(client, arn)
        assert image["state"] == {"status": "PENDING"}
        assert image["outputResources"] == {"amis": []}
    assert own_amis() == []
    mocked.import_task(TASK, state="completed", ami_id="ami-0123456789abcdef0")
    assert [ami["ImageId"] for ami in own_amis()] == ["ami-0123456789abcdef0"]
    image = get_image(client, arn)
    assert image["state"] == {"status": "AVAILABLE"}
    assert image["outputResources"]["amis"][0]["image"] == "ami-0123456789abcdef0"


def test_an_image_that_has_waited_is_found_by_its_version(client: Any, mocked: Control) -> None:
    mocked.import_task(TASK, state="active")
    arn = import_image(client)
    mocked.import_task(TASK, state="completed")
    assert get_image(client, f"{ACCOUNT_BASE}:image/imported/x.x.x")["arn"] == arn


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("ClientError: Disk validation failed", "ClientError: Disk validation failed"),
        (None, "The task was deleted."),
    ],
)
@pytest.mark.parametrize("waits", [True, False])
def test_a_deleted_task_fails_the_image(
    client: Any, mocked: Control, waits: bool, message: str | None, reason: str
) -> None:
    mocked.import_task(TASK, state="active" if waits else "deleted", status_message=message)
    arn = import_image(client)
    if waits:
        assert state_of(client, arn) == {"status": "PENDING"}
        mocked.import_task(TASK, state="deleted", status_message=message)
    image = get_image(client, arn)
    assert image["state"] == {
        "status": "FAILED",
        "reason": f"The VM import task '{TASK}' failed: {reason}",
        "failureContext": {"imageStatus": "PENDING"},
    }
    assert image["outputResources"] == {"amis": []}
    assert own_amis() == []
    # What becomes of the task later is no matter to the image.
    mocked.import_task(TASK, state="completed")
    assert state_of(client, arn)["status"] == "FAILED"
    assert get_image(client, arn)["outputResources"] == {"amis": []}
    assert [ami["Name"] for ami in own_amis()] == [TASK]


# ---- what an imported image is for ----


def test_an_imported_image_is_the_parent_of_another_one(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)
    parent = import_image(client, platform="Windows", osVersion="Microsoft Windows Server 2022")
    recipe_arn = client.create_image_recipe(
        name="golden", semanticVersion="1.0.0", parentImage=f"{ACCOUNT_BASE}:image/imported/x.x.x"
    )["imageRecipeArn"]
    image = get_image(client, create_image(client, imageRecipeArn=recipe_arn))
    assert image["arn"] == f"{ACCOUNT_BASE}:image/golden/1.0.0/1"
    assert (image["platform"], image["osVersion"]) == ("Windows", "Microsoft Windows Server 2022")
    assert (image["imageSource"], image["buildType"]) == ("IMPORTED", "USER_INITIATED")
    assert image["imageRecipe"]["parentImage"] == parent
    assert ami_of(image["outputResources"]["amis"][0])["Platform"] == "windows"


def test_the_imported_ami_is_a_parent_image_too(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)
    (ami,) = output_amis(client, import_image(client, platform="Windows"))
    recipe_arn = client.create_image_recipe(name="golden", semanticVersion="1.0.0", parentImage=ami["image"])[
        "imageRecipeArn"
    ]
    image = get_image(client, create_image(client, imageRecipeArn=recipe_arn))
    assert image["platform"] == "Windows"
    assert image["imageRecipe"]["parentImage"] == ami["image"]


def test_an_image_that_is_not_imported_yet_is_no_parent(client: Any, mocked: Control) -> None:
    mocked.import_task(TASK, state="active")
    arn = import_image(client)
    with invalid("parentImage", "You are not authorized to use the provided image."):
        client.create_image_recipe(name="golden", semanticVersion="1.0.0", parentImage=arn)
    mocked.import_task(TASK, state="completed")
    client.create_image_recipe(name="golden", semanticVersion="1.0.0", parentImage=arn)
