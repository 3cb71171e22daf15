"""Build numbers of images, what the ARN of a version means, Amazon's images, and client tokens."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, PARTS, RECIPE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT
from ..errors import refused
from ..images import client_of, create_image, get_image, import_image, state_of
from ..refusals import WILDCARD_NOT_LAST, invalid, not_found

IMAGE = f"{ACCOUNT_BASE}:image/web-server"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


# ---- build numbers ----


def test_every_build_of_a_version_gets_the_next_number(client: Any) -> None:
    assert [create_image(client) for _ in range(3)] == [f"{IMAGE}/1.0.0/{number}" for number in (1, 2, 3)]
    create_recipe(client, version="1.1.0")
    newest = f"{ACCOUNT_BASE}:image-recipe/web-server/x.x.x"
    assert create_image(client, imageRecipeArn=newest) == f"{IMAGE}/1.1.0/1"
    assert create_image(client) == f"{IMAGE}/1.0.0/4"
    assert import_image(client, "Web_Server", "1.1.0") == f"{IMAGE}/1.1.0/2"


def test_numbers_of_deleted_builds_are_not_given_again(client: Any) -> None:
    for _ in range(3):
        create_image(client)
    client.delete_image(imageBuildVersionArn=f"{IMAGE}/1.0.0/2")
    assert create_image(client) == f"{IMAGE}/1.0.0/4"
    client.delete_image(imageBuildVersionArn=f"{IMAGE}/1.0.0/4")
    assert create_image(client) == f"{IMAGE}/1.0.0/5"
    for build in client.list_image_build_versions()["imageSummaryList"]:
        client.delete_image(imageBuildVersionArn=build["arn"])
    client.delete_image_recipe(imageRecipeArn=RECIPE)
    create_recipe(client)
    assert create_image(client) == f"{IMAGE}/1.0.0/6"


def test_numbers_count_for_themselves_in_every_account_and_region(client: Any) -> None:
    import_image(client)
    for account_id, region in [(ACCOUNT, "eu-west-1"), ("111111111111", "us-east-1")]:
        elsewhere = client_of("imagebuilder", account_id, region)
        arn = f"arn:aws:imagebuilder:{region}:{account_id}:image/imported/1.0.0/1"
        assert import_image(elsewhere) == arn
        with not_found("Image", arn):
            get_image(client, arn)


# ---- what an ARN means ----


@pytest.fixture
def builds(client: Any, mocked: Control) -> None:
    """Builds in all states: of 1.0.0 one that failed, of 1.2.0 one that was cancelled, of 2.0.0 none but a running one."""
    create_image(client)
    create_image(client)
    mocked.fail_next_build()
    create_image(client)
    for version in ("1.2.0", "2.0.0", "1.10.0"):
        create_recipe(client, version=version)
    create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/1.2.0")
    create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/1.10.0")
    mocked.progress("manual", times=100)
    client.cancel_image_creation(
        imageBuildVersionArn=create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/1.2.0")
    )
    create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/2.0.0")


@pytest.mark.parametrize(
    ("version", "meant"),
    [
        ("x.x.x", "1.10.0/1"),
        ("1.x.x", "1.10.0/1"),
        ("1.0.x", "1.0.0/2"),
        ("1.0.0", "1.0.0/2"),
        ("1.2.0", "1.2.0/1"),
        ("1.2.x", "1.2.0/1"),
        ("1.10.0", "1.10.0/1"),
    ],
)
@pytest.mark.usefixtures("builds")
def test_a_version_means_its_newest_available_build(client: Any, version: str, meant: str) -> None:
    answer = client.get_image(imageBuildVersionArn=f"{IMAGE}/{version}")
    assert answer["image"]["version"] == meant
    assert answer["image"]["state"] == {"status": "AVAILABLE"}
    exact = meant.partition("/")[0]
    assert answer["latestVersionReferences"]["latestPatchVersionArn"] == f"{IMAGE}/{exact}"


@pytest.mark.parametrize("version", ["2.0.0", "2.x.x", "2.0.x", "3.x.x", "1.0.1", "1.1.x", "1.0.0/4", "3.0.0/1"])
@pytest.mark.usefixtures("builds")
def test_without_an_available_build_a_version_means_nothing(client: Any, version: str) -> None:
    with not_found("Image", f"{IMAGE}/{version}"):
        get_image(client, f"{IMAGE}/{version}")


@pytest.mark.parametrize(
    ("build", "status"),
    [("1.0.0/1", "AVAILABLE"), ("1.0.0/3", "FAILED"), ("1.2.0/2", "CANCELLED"), ("2.0.0/1", "PENDING")],
)
@pytest.mark.usefixtures("builds")
def test_a_build_is_found_in_any_state(client: Any, build: str, status: str) -> None:
    assert state_of(client, f"{IMAGE}/{build}")["status"] == status


@pytest.mark.parametrize("version", ["x.0.0", "x.x.0", "1.x.0", "x.0.x"])
def test_right_of_a_wildcard_there_are_wildcards(client: Any, version: str) -> None:
    with invalid("imageBuildVersionArn", WILDCARD_NOT_LAST):
        get_image(client, f"{IMAGE}/{version}")


@pytest.mark.parametrize(
    "arn",
    [
        "web-server",
        f"{IMAGE}/1.0",
        f"{IMAGE}/1.0.0/x",
        f"{IMAGE}/x.x.x/1",
        f"{ACCOUNT_BASE}:image/Web-Server/1.0.0",
        f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.0",
    ],
)
def test_other_texts_are_no_image(client: Any, arn: str) -> None:
    pattern = load_model().shape("ImageVersionArnOrBuildVersionArn")["pattern"]
    with invalid("imageBuildVersionArn", f"imageBuildVersionArn must match pattern {pattern}"):
        get_image(client, arn)


# ---- Amazon's images ----


def test_amazons_images_are_read_by_wildcard(client: Any) -> None:
    answer = client.get_image(imageBuildVersionArn=f"{MANAGED_BASE}:image/amazon-linux-2-x86/x.x.x")
    image = answer["image"]
    assert answer["latestVersionReferences"]["latestVersionArn"] == f"{MANAGED_BASE}:image/amazon-linux-2-x86/x.x.x"
    assert (image["name"], image["platform"], image["osVersion"]) == ("Amazon Linux 2 x86", "Linux", "Amazon Linux 2")
    assert (image["state"], image["imageSource"], image["tags"]) == ({"status": "AVAILABLE"}, "AMAZON_MANAGED", {})
    assert {"imageRecipe", "infrastructureConfiguration", "buildType", "owner"}.isdisjoint(image)
    assert get_image(client, image["arn"]) == image


def test_amazons_deprecated_images_are_found_by_their_build_alone(client: Any) -> None:
    arn = f"{MANAGED_BASE}:image/centos-linux-8-x86/2021.3.4/1"
    assert state_of(client, arn) == {"status": "DEPRECATED"}
    for version in ("x.x.x", "2021.3.4"):
        with not_found("Image", f"{MANAGED_BASE}:image/centos-linux-8-x86/{version}"):
            get_image(client, f"{MANAGED_BASE}:image/centos-linux-8-x86/{version}")


def test_amazons_images_are_those_of_the_region(client: Any) -> None:
    arn = "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2-x86/x.x.x"
    with not_found("Image", arn):
        get_image(client, arn)
    assert get_image(boto3.client("imagebuilder", region_name="eu-west-1"), arn)["name"] == "Amazon Linux 2 x86"


# ---- client tokens ----


def test_the_same_request_is_performed_once(client: Any) -> None:
    answers = [client.create_image(**PARTS, tags={"a": "b"}, clientToken="once") for _ in range(3)]
    assert {answer["imageBuildVersionArn"] for answer in answers} == {f"{IMAGE}/1.0.0/1"}
    assert len({answer["requestId"] for answer in answers}) == 3
    assert len(client.list_image_build_versions()["imageSummaryList"]) == 1
    assert create_image(client, clientToken="twice") == f"{IMAGE}/1.0.0/2"


def test_a_token_belongs_to_the_parameters_of_its_first_request(client: Any) -> None:
    create_image(client, clientToken="once")
    with refused(
        "IdempotentParameterMismatchException",
        400,
        "The client token 'once' was used before by this operation with other parameter values.",
    ):
        create_image(client, clientToken="once", tags={"a": "b"})
    assert len(client.list_image_build_versions()["imageSummaryList"]) == 1


def test_a_refused_request_does_not_use_its_token(client: Any) -> None:
    recipe = f"{ACCOUNT_BASE}:image-recipe/mail-server/1.0.0"
    with not_found("ImageRecipe", recipe):
        create_image(client, imageRecipeArn=recipe, clientToken="once")
    create_recipe(client, "mail server")
    arn = create_image(client, imageRecipeArn=recipe, clientToken="once")
    assert arn == f"{ACCOUNT_BASE}:image/mail-server/1.0.0/1"


def test_the_answer_stays_when_the_image_is_deleted(client: Any) -> None:
    arn = create_image(client, clientToken="once")
    client.delete_image(imageBuildVersionArn=arn)
    assert create_image(client, clientToken="once") == arn
    with not_found("Image", arn):
        get_image(client, arn)
