"""Builds that are cancelled, made to fail, or miss what they need."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    create_infrastructure,
    create_pipeline,
    create_recipe,
)
from ..conftest import REGION
from ..images import (
    ALL_STATUSES,
    FAILURE_MEMBERS,
    create_image,
    get_image,
    import_image,
    output_amis,
    own_amis,
    run_on_schedule,
    state_of,
)
from ..resources.components import create_component
from ..vm_roles import create_vm_role

RUNNING = ALL_STATUSES[:-1]
BUCKET = "disks"


@pytest.fixture
def everywhere(client: Any, instance_profile: str, iam: Any) -> dict[str, str]:
    """The setting for a build that leaves an AMI in each of two Regions, and a disk image."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    create_vm_role(iam)
    boto3.client("s3", region_name=REGION).create_bucket(Bucket=BUCKET)
    export = {"roleName": "vmimport", "diskImageFormat": "RAW", "s3Bucket": BUCKET}
    answer = client.create_distribution_configuration(
        name="everywhere",
        distributions=[
            {"region": "us-east-1", "amiDistributionConfiguration": {}, "s3ExportConfiguration": export},
            {"region": "eu-west-1", "amiDistributionConfiguration": {}},
        ],
    )
    return {"distributionConfigurationArn": answer["distributionConfigurationArn"]}


def left_behind(client: Any, arn: str) -> tuple[int, int, int]:
    """How many AMIs there are in us-east-1 and in eu-west-1, and how many disk images in S3.

    The output resources of the image are the AMIs that EC2 shows.
    """
    here, there = own_amis(), own_amis(region="eu-west-1")
    in_ec2 = {(region, ami["ImageId"]) for region, amis in [("us-east-1", here), ("eu-west-1", there)] for ami in amis}
    assert {(entry["region"], entry["image"]) for entry in output_amis(client, arn)} == in_ec2
    exported = boto3.client("s3", region_name=REGION).list_objects_v2(Bucket=BUCKET)["KeyCount"]
    return len(here), len(there), exported


#: What is there when a build is in a status, that is before the work of it is done.
LEFT = {
    "PENDING": (0, 0, 0),
    "CREATING": (0, 0, 0),
    "BUILDING": (0, 0, 0),
    "TESTING": (1, 0, 0),
    "DISTRIBUTING": (1, 0, 0),
    "INTEGRATING": (1, 1, 0),
    "AVAILABLE": (1, 1, 1),
}


# ---- stage by stage ----


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_what_a_stage_makes_is_there_when_it_is_over(
    client: Any, mocked: Control, everywhere: dict[str, str], status: str
) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client, **everywhere)
    mocked.advance(arn, to=status)
    assert left_behind(client, arn) == LEFT[status]


@pytest.mark.parametrize("status", RUNNING)
def test_a_build_is_cancelled_at_any_stage(
    client: Any, mocked: Control, everywhere: dict[str, str], status: str
) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client, **everywhere)
    mocked.advance(arn, to=status)
    client.cancel_image_creation(imageBuildVersionArn=arn)
    mocked.progress("immediate")
    assert state_of(client, arn) == {"status": "CANCELLED"}
    assert left_behind(client, arn) == LEFT[status]
    client.delete_image(imageBuildVersionArn=arn)


@pytest.mark.parametrize("progression", ["immediate", "manual"])
@pytest.mark.parametrize("stage", RUNNING)
def test_a_build_is_made_to_fail_at_any_stage(
    client: Any, mocked: Control, everywhere: dict[str, str], stage: str, progression: Any
) -> None:
    mocked.progress(progression)
    mocked.fail_next_build(stage, reason=f"Something went wrong while {stage}.")
    arn = create_image(client, **everywhere)
    for _ in ALL_STATUSES:
        state_of(client, arn)
    state = state_of(client, arn)
    assert (state["status"], state["reason"]) == ("FAILED", f"Something went wrong while {stage}.")
    assert state["failureContext"]["imageStatus"] == stage
    assert set(state["failureContext"]) == FAILURE_MEMBERS[stage]
    assert left_behind(client, arn) == LEFT[stage]
    assert ("osVersion" in get_image(client, arn)) == (RUNNING.index(stage) > RUNNING.index("BUILDING"))


# ---- made to fail ----


def test_a_failure_is_shown_in_the_lists_of_builds_as_well(
    client: Any, mocked: Control, everywhere: dict[str, str]
) -> None:
    pipeline_arn = create_pipeline(client)
    mocked.fail_next_build()
    state = state_of(client, run_on_schedule(pipeline_arn))
    assert state["status"] == "FAILED"
    assert state["reason"].endswith("failed!")
    assert state["failureContext"]["failedStep"] == "ApplyBuildComponents"
    assert client.list_image_build_versions()["imageSummaryList"][0]["state"] == state
    of_pipeline = client.list_image_pipeline_images(imagePipelineArn=pipeline_arn)["imageSummaryList"]
    assert of_pipeline[0]["state"] == state


def test_a_failure_is_for_one_build(client: Any, mocked: Control, everywhere: dict[str, str]) -> None:
    mocked.fail_next_build("TESTING", reason="first")
    mocked.fail_next_build("BUILDING", reason="second")
    states = [state_of(client, create_image(client)) for _ in range(3)]
    assert [state.get("reason") for state in states] == ["first", "second", None]
    assert [state["status"] for state in states] == ["FAILED", "FAILED", "AVAILABLE"]


def test_a_failure_waits_for_a_build_with_its_stage(client: Any, mocked: Control, everywhere: dict[str, str]) -> None:
    mocked.fail_next_build("DISTRIBUTING")
    assert state_of(client, create_image(client))["status"] == "AVAILABLE"
    assert state_of(client, import_image(client))["status"] == "AVAILABLE"
    assert state_of(client, create_image(client, **everywhere))["failureContext"] == {"imageStatus": "DISTRIBUTING"}
    assert state_of(client, create_image(client, **everywhere))["status"] == "AVAILABLE"


@pytest.mark.parametrize(
    ("match", "fails"), [("web*", True), ("web server", True), ("*", True), ("mail*", False), ("web-server", False)]
)
def test_a_failure_waits_for_an_image_of_its_name(
    client: Any, mocked: Control, everywhere: dict[str, str], match: str, fails: bool
) -> None:
    mocked.fail_next_build(match=match)
    assert (state_of(client, create_image(client))["status"] == "FAILED") is fails


def test_an_import_is_made_to_fail(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("PENDING", match="imported")
    assert state_of(client, import_image(client))["failureContext"] == {"imageStatus": "PENDING"}
    assert own_amis() == []


def test_builds_fail_in_known_stages(mocked: Control) -> None:
    message = "stage must be one of PENDING, CREATING, BUILDING, TESTING, DISTRIBUTING, INTEGRATING, not 'AVAILABLE'"
    with pytest.raises(ValueError, match=message):
        mocked.fail_next_build("AVAILABLE")


# ---- what a recipe refers to is gone when its build begins ----


@pytest.fixture
def parts(client: Any, instance_profile: str, mocked: Control) -> None:
    create_infrastructure(client, instance_profile)
    mocked.progress("manual", times=1000)


def begin_build(client: Any, parent_image: str, **members: Any) -> str:
    """The ARN of an image that is PENDING."""
    client.create_image_recipe(name="golden", semanticVersion="1.0.0", parentImage=parent_image, **members)
    return create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/golden/1.0.0")


def own_image(client: Any, mocked: Control) -> str:
    arn = import_image(client)
    mocked.advance(arn, to="AVAILABLE")
    return arn


def failed_while_creating(client: Any, mocked: Control, arn: str) -> str:
    """The reason of a failure that has no other context than its stage."""
    assert mocked.advance(arn, to="CREATING") == "CREATING"
    assert mocked.advance(arn) == "FAILED"
    image = get_image(client, arn)
    assert image["state"]["failureContext"] == {"imageStatus": "CREATING"}
    assert image["outputResources"] == {"amis": []}
    assert "imageSource" not in image
    return str(image["state"]["reason"])


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("version", ["1.0.0/1", "1.0.0", "1.x.x", "x.x.x"])
def test_the_parent_image_is_deleted(client: Any, mocked: Control, version: str) -> None:
    parent = own_image(client, mocked)
    reference = f"{ACCOUNT_BASE}:image/imported/{version}"
    arn = begin_build(client, reference)
    client.delete_image_recipe(imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/golden/1.0.0")
    client.delete_image(imageBuildVersionArn=parent)
    reason = failed_while_creating(client, mocked, arn)
    assert reason == f"The following required resource 'Image' cannot be found: '{reference}'."


@pytest.mark.usefixtures("parts")
def test_the_parent_ami_is_deregistered(client: Any, mocked: Control) -> None:
    ec2 = boto3.client("ec2", region_name=REGION)
    ami_id = ec2.register_image(Name="made-by-hand")["ImageId"]
    arn = begin_build(client, ami_id)
    ec2.deregister_image(ImageId=ami_id)
    assert failed_while_creating(client, mocked, arn) == (
        "The value supplied for parameter 'parentImage' is not valid. You are not authorized to use the provided image."
    )


@pytest.mark.usefixtures("parts")
def test_the_parameter_of_the_parent_ami_is_deleted(client: Any, mocked: Control) -> None:
    ec2, ssm = boto3.client("ec2", region_name=REGION), boto3.client("ssm", region_name=REGION)
    ami_id = ec2.register_image(Name="made-by-hand")["ImageId"]
    ssm.put_parameter(Name="/golden/parent", Value=ami_id, Type="String")
    arn = begin_build(client, "ssm:/golden/parent")
    ssm.delete_parameter(Name="/golden/parent")
    assert failed_while_creating(client, mocked, arn) == (
        "The value supplied for parameter 'parentImage' is not valid. "
        "The SSM parameter '/golden/parent' does not exist."
    )


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("version", ["1.0.0/1", "x.x.x"])
def test_a_component_is_deleted(client: Any, mocked: Control, version: str) -> None:
    parent = own_image(client, mocked)
    component = create_component(client, "install-nginx")
    reference = f"{ACCOUNT_BASE}:component/install-nginx/{version}"
    arn = begin_build(client, parent, components=[{"componentArn": reference}])
    client.delete_image_recipe(imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/golden/1.0.0")
    client.delete_component(componentBuildVersionArn=component)
    reason = failed_while_creating(client, mocked, arn)
    assert reason == f"The following required resource 'Component' cannot be found: '{reference}'."


@pytest.mark.usefixtures("parts")
def test_references_mean_what_they_mean_when_the_build_begins(client: Any, mocked: Control) -> None:
    own_image(client, mocked)
    create_component(client, "install-nginx")
    arn = begin_build(
        client,
        f"{ACCOUNT_BASE}:image/imported/x.x.x",
        components=[{"componentArn": f"{ACCOUNT_BASE}:component/install-nginx/1.x.x"}],
    )
    newer = own_image(client, mocked)
    component = create_component(client, "install-nginx", semanticVersion="1.2.0")
    mocked.advance(arn, to="BUILDING")
    latest = own_image(client, mocked)
    mocked.advance(arn, to="AVAILABLE")
    recipe = get_image(client, arn)["imageRecipe"]
    assert newer != latest
    assert recipe["parentImage"] == newer
    assert recipe["components"] == [{"componentArn": component}]
