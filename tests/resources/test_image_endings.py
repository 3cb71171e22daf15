"""CancelImageCreation and DeleteImage."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, create_infrastructure, create_pipeline, create_recipe
from ..images import create_image, get_image, import_image, run_on_schedule, state_of
from ..refusals import depended_on, invalid, not_found

IMAGE = f"{ACCOUNT_BASE}:image/web-server"
#: Well-formed build versions that are not this account's to change.
STRANGERS = [
    f"{IMAGE}/1.0.0/9",
    f"{ACCOUNT_BASE}:image/mail-server/1.0.0/1",
    "arn:aws:imagebuilder:eu-west-1:123456789012:image/web-server/1.0.0/1",
    "arn:aws:imagebuilder:us-east-1:111111111111:image/web-server/1.0.0/1",
    f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2024.4.1/1",
]


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def cancel(client: Any, arn: str, **members: Any) -> Any:
    return client.cancel_image_creation(imageBuildVersionArn=arn, **members)


def delete(client: Any, arn: str) -> Any:
    return client.delete_image(imageBuildVersionArn=arn)


def child_recipe(client: Any, parent_image: str) -> str:
    """The ARN of a recipe with this parent image."""
    answer = client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=parent_image)
    return str(answer["imageRecipeArn"])


# ---- cancel ----


def test_a_running_build_is_cancelled(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_image(client)
    answer = cancel(client, arn, clientToken="stop")
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"requestId": metadata["RequestId"], "clientToken": "stop", "imageBuildVersionArn": arn}
    assert state_of(client, arn) == {"status": "CANCELLED"}


def test_a_waiting_import_is_cancelled(client: Any, mocked: Control) -> None:
    mocked.import_task("import-ami-12345678", state="active")
    arn = import_image(client, vmImportTaskId="import-ami-12345678")
    cancel(client, arn)
    mocked.import_task("import-ami-12345678", state="completed")
    image = get_image(client, arn)
    assert (image["state"], image["outputResources"]) == ({"status": "CANCELLED"}, {"amis": []})


def test_the_same_cancellation_is_performed_once(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_image(client)
    assert [cancel(client, arn, clientToken="stop")["imageBuildVersionArn"] for _ in range(2)] == [arn, arn]


@pytest.mark.parametrize("status", ["AVAILABLE", "FAILED", "CANCELLED"])
def test_a_build_that_has_ended_is_not_cancelled(client: Any, mocked: Control, status: str) -> None:
    arn = ended(client, mocked, status)
    before = get_image(client, arn)
    with invalid("imageBuildVersionArn", f"The image '{arn}' is in the state {status} and cannot be cancelled."):
        cancel(client, arn)
    assert get_image(client, arn) == before


@pytest.mark.parametrize("arn", STRANGERS)
def test_unknown_images_are_not_cancelled(client: Any, arn: str) -> None:
    with not_found("Image", arn):
        cancel(client, arn)


@pytest.mark.parametrize("version", ["1.0.0", "x.x.x"])
@pytest.mark.parametrize("operation", [cancel, delete])
def test_only_one_build_is_cancelled_or_deleted(client: Any, operation: Any, version: str) -> None:
    create_image(client)
    pattern = load_model().shape("ImageBuildVersionArn")["pattern"]
    with invalid("imageBuildVersionArn", f"imageBuildVersionArn must match pattern {pattern}"):
        operation(client, f"{IMAGE}/{version}")


def ended(client: Any, mocked: Control, status: str) -> str:
    """An image whose build has ended this way."""
    if status == "FAILED":
        mocked.fail_next_build()
    elif status == "CANCELLED":
        mocked.progress("manual")
        arn = create_image(client)
        cancel(client, arn)
        return arn
    return create_image(client)


# ---- delete ----


@pytest.mark.parametrize("status", ["AVAILABLE", "FAILED", "CANCELLED"])
def test_a_build_that_has_ended_is_deleted(client: Any, mocked: Control, status: str) -> None:
    arn = ended(client, mocked, status)
    answer = delete(client, arn)
    metadata = answer.pop("ResponseMetadata")
    assert answer == {"requestId": metadata["RequestId"], "imageBuildVersionArn": arn}
    for read in (get_image, delete):
        with not_found("Image", arn):
            read(client, arn)
    with not_found("Image", arn):
        client.list_image_packages(imageBuildVersionArn=arn)
    with not_found("Image", arn):
        client.list_tags_for_resource(resourceArn=arn)
    assert client.list_images()["imageVersionList"] == []
    assert client.list_image_build_versions()["imageSummaryList"] == []


def test_the_other_builds_of_the_version_stay(client: Any) -> None:
    arns = [create_image(client) for _ in range(3)]
    delete(client, arns[1])
    delete(client, arns[2])
    assert get_image(client, f"{IMAGE}/1.0.0")["arn"] == arns[0]
    summaries = client.list_image_build_versions(imageVersionArn=f"{IMAGE}/1.0.0")["imageSummaryList"]
    assert [summary["arn"] for summary in summaries] == [arns[0]]


@pytest.mark.parametrize("status", ["PENDING", "CREATING", "BUILDING", "TESTING"])
def test_a_running_build_is_not_deleted(client: Any, mocked: Control, status: str) -> None:
    mocked.progress("manual", times=100)
    arn = create_image(client)
    mocked.advance(arn, to=status)
    with depended_on(arn):
        delete(client, arn)
    assert state_of(client, arn) == {"status": status}
    cancel(client, arn)
    delete(client, arn)


@pytest.mark.parametrize("arn", STRANGERS)
def test_unknown_images_are_not_deleted(client: Any, arn: str) -> None:
    with not_found("Image", arn):
        delete(client, arn)


def test_the_parent_image_of_a_recipe_is_not_deleted(client: Any) -> None:
    arn, other = create_image(client), create_image(client)
    recipe_arn = child_recipe(client, arn)
    with depended_on(arn):
        delete(client, arn)
    assert get_image(client, arn)["arn"] == arn
    delete(client, other)
    client.delete_image_recipe(imageRecipeArn=recipe_arn)
    delete(client, arn)


@pytest.mark.parametrize("version", ["1.0.0", "1.0.x", "x.x.x"])
def test_a_recipe_depends_on_a_build_only_if_it_names_it(client: Any, version: str) -> None:
    arn = create_image(client)
    child_recipe(client, f"{IMAGE}/{version}")
    delete(client, arn)
    with not_found("Image", arn):
        get_image(client, arn)


def test_images_do_not_depend_on_their_parent_image(client: Any) -> None:
    parent = create_image(client)
    recipe_arn = child_recipe(client, parent)
    child = create_image(client, imageRecipeArn=recipe_arn)
    client.delete_image_recipe(imageRecipeArn=recipe_arn)
    delete(client, parent)
    assert get_image(client, child)["imageRecipe"]["parentImage"] == parent


def test_a_deleted_image_is_no_image_of_its_pipeline(client: Any) -> None:
    pipeline_arn = create_pipeline(client)
    arns = [run_on_schedule(pipeline_arn) for _ in range(3)]
    delete(client, arns[1])
    images = client.list_image_pipeline_images(imagePipelineArn=pipeline_arn)["imageSummaryList"]
    assert [image["arn"] for image in images] == [arns[2], arns[0]]
    client.delete_image_pipeline(imagePipelineArn=pipeline_arn)
    delete(client, arns[0])
    assert [image["arn"] for image in client.list_image_build_versions()["imageSummaryList"]] == [arns[2]]
