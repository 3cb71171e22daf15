"""Runs of image pipelines, what pipelines show of them, and the list of pipelines."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder import imagebuilder_backends

from ..build_parts import (
    ACCOUNT_BASE,
    EXECUTION_ROLE,
    INFRASTRUCTURE,
    PARTS,
    RECIPE,
    create_distribution,
    create_infrastructure,
    create_pipeline,
    create_recipe,
    managed_workflow,
)
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import invalid

IMAGE = f"{ACCOUNT_BASE}:image/web-server/1.0.0"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def read(client: Any, arn: str) -> Any:
    return client.get_image_pipeline(imagePipelineArn=arn)["imagePipeline"]


def start(client: Any, arn: str, **members: Any) -> str:
    return str(client.start_image_pipeline_execution(imagePipelineArn=arn, **members)["imageBuildVersionArn"])


def run_on_schedule(arn: str) -> str:
    """What the service does when the hour of a schedule has come."""
    backend = imagebuilder_backends[ACCOUNT][REGION]
    pipeline = backend.image_pipelines.get(arn)
    settings = pipeline.build_settings(pipeline.record.get("imageTags", {}))
    return backend.start_build(settings, "SCHEDULED", arn).arn


# ---- start ----


def test_a_run_builds_an_image_from_the_settings_of_the_pipeline(client: Any) -> None:
    arn = create_pipeline(
        client,
        distributionConfigurationArn=create_distribution(client),
        enhancedImageMetadataEnabled=False,
        imageTestsConfiguration={"timeoutMinutes": 60},
        imageScanningConfiguration={"imageScanningEnabled": False},
        workflows=[{"workflowArn": managed_workflow("build/build-image")}],
        executionRole=EXECUTION_ROLE,
        loggingConfiguration={"imageLogGroupName": "/web/images", "pipelineLogGroupName": "/web/pipelines"},
        tags={"team": "web"},
        imageTags={"made-by": "schedule"},
    )
    image_arn = start(client, arn, tags={"made-by": "hand"})
    assert image_arn == f"{IMAGE}/1"
    image = client.get_image(imageBuildVersionArn=image_arn)["image"]
    assert image["sourcePipelineArn"] == arn
    assert image["buildType"] == "USER_INITIATED"
    assert image["tags"] == {"made-by": "hand"}
    assert image["imageRecipe"]["arn"] == RECIPE
    assert image["infrastructureConfiguration"]["arn"] == INFRASTRUCTURE
    assert image["distributionConfiguration"]["name"] == "web server"
    assert image["enhancedImageMetadataEnabled"] is False
    assert image["imageTestsConfiguration"] == {"imageTestsEnabled": True, "timeoutMinutes": 60}
    assert image["imageScanningConfiguration"] == {"imageScanningEnabled": False}
    assert [workflow["workflowArn"].split("/")[2] for workflow in image["workflows"]] == ["build-image"]
    assert image["executionRole"] == EXECUTION_ROLE
    assert image["loggingConfiguration"] == {"logGroupName": "/web/images"}


def test_a_log_group_for_the_pipeline_is_none_for_its_images(client: Any) -> None:
    arn = create_pipeline(client, loggingConfiguration={"pipelineLogGroupName": "/aws/imagebuilder/pipelines"})
    image = client.get_image(imageBuildVersionArn=start(client, arn))["image"]
    assert "loggingConfiguration" not in image
    assert image["tags"] == {}


def test_a_disabled_pipeline_is_started_by_hand(client: Any) -> None:
    arn = create_pipeline(client, status="DISABLED")
    assert start(client, arn) == f"{IMAGE}/1"
    assert read(client, arn)["status"] == "DISABLED"


def test_a_pipeline_shows_the_status_of_its_newest_image(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_pipeline(client)
    with freeze_time("2025-10-20T16:28:54.331Z"):
        image_arn = start(client, arn)
    pipeline = read(client, arn)
    assert (pipeline["dateLastRun"], pipeline["lastRunStatus"]) == ("2025-10-20T16:28:54.331Z", "PENDING")
    for status in ("BUILDING", "TESTING", "AVAILABLE"):
        mocked.advance(image_arn, to=status)
        assert read(client, arn)["lastRunStatus"] == status
    mocked.fail_next_build(stage="BUILDING", reason="The disk is full.")
    mocked.progress("immediate")
    start(client, arn)
    assert read(client, arn)["lastRunStatus"] == "FAILED"
    assert client.list_image_pipelines()["imagePipelineList"][0]["lastRunStatus"] == "FAILED"


def test_a_deleted_image_was_still_the_last_run(client: Any) -> None:
    arn = create_pipeline(client)
    client.delete_image(imageBuildVersionArn=start(client, arn))
    assert read(client, arn)["lastRunStatus"] == "AVAILABLE"
    assert client.list_image_pipeline_images(imagePipelineArn=arn)["imageSummaryList"] == []


def test_the_images_of_a_pipeline_are_listed_newest_first(client: Any) -> None:
    arn, other = create_pipeline(client), create_pipeline(client, "other")
    first, _, second = start(client, arn), start(client, other), start(client, arn)
    images = client.list_image_pipeline_images(imagePipelineArn=arn)["imageSummaryList"]
    assert [image["arn"] for image in images] == [second, first]


def test_a_pipeline_builds_one_image_at_a_time(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn, other = create_pipeline(client), create_pipeline(client, "other")
    image_arn = start(client, arn)
    for status in ("PENDING", "BUILDING", "TESTING"):
        mocked.advance(image_arn, to=status)
        with refused(
            "ResourceInUseException",
            400,
            f"The image pipeline '{arn}' is already building the image '{image_arn}', which is in the state {status}.",
        ):
            start(client, arn)
    assert start(client, other) == f"{IMAGE}/2"
    mocked.advance(image_arn, to="AVAILABLE")
    assert start(client, arn) == f"{IMAGE}/3"


def test_a_pipeline_is_free_when_its_build_is_cancelled(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_pipeline(client)
    client.cancel_image_creation(imageBuildVersionArn=start(client, arn))
    assert read(client, arn)["lastRunStatus"] == "CANCELLED"
    assert start(client, arn) == f"{IMAGE}/2"


def test_a_start_is_refused_when_the_settings_do_not_hold_any_more(client: Any) -> None:
    inspector = boto3.client("inspector2", region_name=REGION)
    inspector.enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    arn = create_pipeline(client, imageScanningConfiguration={"imageScanningEnabled": True})
    inspector.disable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    before = read(client, arn)
    with refused(
        "ResourceDependencyException",
        400,
        "Resource dependency error: Amazon Inspector is not enabled for 'ec2' resources in account '123456789012'.",
    ):
        start(client, arn)
    assert read(client, arn) == before
    assert client.list_images()["imageVersionList"] == []


# ---- consecutive failures ----


def test_failed_scheduled_builds_are_counted(client: Any, mocked: Control) -> None:
    arn = create_pipeline(client, imageTags={"made-by": "schedule"})

    def failures_after(*, on_schedule: bool, fails: bool) -> int | None:
        if fails:
            mocked.fail_next_build(stage="BUILDING", reason="The disk is full.")
        image_arn = run_on_schedule(arn) if on_schedule else start(client, arn)
        assert client.get_image(imageBuildVersionArn=image_arn)["image"]["tags"] == (
            {"made-by": "schedule"} if on_schedule else {}
        )
        count: int | None = read(client, arn).get("consecutiveFailures")
        return count

    assert failures_after(on_schedule=False, fails=True) is None
    assert failures_after(on_schedule=True, fails=False) == 0
    assert failures_after(on_schedule=True, fails=True) == 1
    assert failures_after(on_schedule=False, fails=True) == 1
    assert failures_after(on_schedule=True, fails=True) == 2
    assert failures_after(on_schedule=False, fails=False) == 0
    assert failures_after(on_schedule=True, fails=True) == 1
    assert failures_after(on_schedule=True, fails=False) == 0


def test_a_cancelled_build_is_no_failure_and_no_success(client: Any, mocked: Control) -> None:
    arn = create_pipeline(client)
    fail_on_schedule(mocked, arn)
    mocked.progress("manual")
    client.cancel_image_creation(imageBuildVersionArn=run_on_schedule(arn))
    assert read(client, arn)["consecutiveFailures"] == 1


def test_an_update_resets_the_count(client: Any, mocked: Control) -> None:
    arn = create_pipeline(client)
    fail_on_schedule(mocked, arn, times=2)
    client.update_image_pipeline(imagePipelineArn=arn, **PARTS)
    assert read(client, arn)["consecutiveFailures"] == 0


@pytest.mark.parametrize(("schedule", "limit"), [(None, 5), ({"autoDisablePolicy": {"failureCount": 2}}, 2)])
def test_a_pipeline_that_fails_too_often_is_disabled(
    client: Any, mocked: Control, schedule: dict[str, Any] | None, limit: int
) -> None:
    arn = create_pipeline(
        client, schedule=None if schedule is None else {"scheduleExpression": "rate(1 day)", **schedule}
    )
    fail_on_schedule(mocked, arn, times=limit - 1)
    assert read(client, arn)["status"] == "ENABLED"
    fail_on_schedule(mocked, arn)
    assert list_names(client, filters=[{"name": "status", "values": ["DISABLED"]}]) == ["nightly"]
    assert read(client, arn)["consecutiveFailures"] == limit


def fail_on_schedule(mocked: Control, arn: str, times: int = 1) -> None:
    for _ in range(times):
        mocked.fail_next_build(stage="BUILDING", reason="The disk is full.")
        run_on_schedule(arn)


# ---- list ----


def list_names(client: Any, **members: Any) -> list[str]:
    return [pipeline["name"] for pipeline in client.list_image_pipelines(**members)["imagePipelineList"]]


def test_a_list_shows_whole_pipelines_in_arn_order(client: Any) -> None:
    arns = [create_pipeline(client, name) for name in ("web B", "database", "web a")]
    pipelines = client.list_image_pipelines()["imagePipelineList"]
    assert pipelines == [read(client, arns[number]) for number in (1, 2, 0)]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([("name", ["web server"])], ["web server"]),
        ([("name", ["web-server"])], []),
        ([("name", ["web*"])], ["web portal", "web server"]),
        ([("name", ["*serv*"])], ["mail server", "web server"]),
        ([("status", ["DISABLED"])], ["mail server"]),
        ([("status", ["ENABLED", "DISABLED"])], ["mail server", "web portal", "web server"]),
        ([("description", ["Builds every Sunday"])], ["web server"]),
        ([("description", ["Builds*"])], []),
        ([("imageRecipeArn", [RECIPE])], ["mail server", "web server"]),
        ([("infrastructureConfigurationArn", [INFRASTRUCTURE])], ["mail server", "web portal"]),
        ([("distributionConfigurationArn", [f"{ACCOUNT_BASE}:distribution-configuration/web-server"])], ["web portal"]),
        ([("name", ["*server*"]), ("status", ["ENABLED"])], ["web server"]),
        ([("name", ["mail server"]), ("status", ["ENABLED"])], []),
    ],
)
def test_filters(client: Any, instance_profile: str, filters: list[tuple[str, list[str]]], names: list[str]) -> None:
    create_pipeline(
        client,
        "web server",
        description="Builds every Sunday",
        infrastructureConfigurationArn=create_infrastructure(client, instance_profile, "other"),
    )
    create_pipeline(
        client,
        "web portal",
        imageRecipeArn=create_recipe(client, version="2.0.0"),
        distributionConfigurationArn=create_distribution(client),
    )
    create_pipeline(client, "mail server", status="DISABLED")
    assert list_names(client, filters=[{"name": name, "values": values} for name, values in filters]) == names


@pytest.mark.parametrize("name", ["platform", "Name", "containerRecipeArn"])
def test_an_unknown_filter_is_refused(client: Any, name: str) -> None:
    with invalid(
        "filters[0].name",
        "Valid filter names are: description, distributionConfigurationArn, imageRecipeArn, "
        "infrastructureConfigurationArn, name, status.",
    ):
        list_names(client, filters=[{"name": name, "values": ["Linux"]}])


def test_a_filter_works_page_by_page(client: Any) -> None:
    for number in range(5):
        create_pipeline(client, f"nightly {number}", status="ENABLED" if number == 4 else "DISABLED")
    filters: Any = [{"name": "status", "values": ["ENABLED"]}]
    first = client.list_image_pipelines(filters=filters, maxResults=3)
    assert first["imagePipelineList"] == []
    second = client.list_image_pipelines(filters=filters, maxResults=3, nextToken=first["nextToken"])
    assert [pipeline["name"] for pipeline in second["imagePipelineList"]] == ["nightly 4"]
    assert "nextToken" not in second
    with refused("InvalidPaginationTokenException", 400, "The provided pagination token is not valid."):
        client.list_image_pipelines(nextToken=first["nextToken"])
