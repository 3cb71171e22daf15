"""Image pipelines, from their creation to their runs."""

from __future__ import annotations

from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control

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
from ..refusals import already_there, depended_on, dry_run, invalid, not_found

CREATED = "2026-09-09T19:52:05.146Z"
UNKNOWN = f"{ACCOUNT_BASE}:image-pipeline/unknown"
SCHEDULE = {"scheduleExpression": "cron(0 9 ? * SUN *)"}


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def read(client: Any, arn: str) -> Any:
    return client.get_image_pipeline(imagePipelineArn=arn)["imagePipeline"]


# ---- create and get ----


def test_a_pipeline_gets_its_defaults(client: Any) -> None:
    with freeze_time(CREATED):
        arn = create_pipeline(client, "My nightly_Pipeline")
    assert arn == f"{ACCOUNT_BASE}:image-pipeline/my-nightly-pipeline"
    assert read(client, arn) == {
        "arn": arn,
        "name": "My nightly_Pipeline",
        "platform": "Linux",
        "enhancedImageMetadataEnabled": True,
        "imageRecipeArn": RECIPE,
        "infrastructureConfigurationArn": INFRASTRUCTURE,
        "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 720},
        "status": "ENABLED",
        "dateCreated": CREATED,
        "dateUpdated": CREATED,
        "tags": {},
    }


def test_a_pipeline_is_kept_as_it_is_given(client: Any) -> None:
    members: dict[str, Any] = {
        "description": "Builds every Sunday",
        "distributionConfigurationArn": create_distribution(client),
        "enhancedImageMetadataEnabled": False,
        "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 60},
        "imageScanningConfiguration": {"imageScanningEnabled": False, "ecrConfiguration": {"containerTags": ["scan"]}},
        "schedule": {
            "scheduleExpression": "rate(1 day)",
            "timezone": "Europe/Berlin",
            "pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY",
            "autoDisablePolicy": {"failureCount": 3},
        },
        "status": "DISABLED",
        "workflows": [
            {
                "workflowArn": managed_workflow("test/test-image"),
                "onFailure": "CONTINUE",
                "parallelGroup": "group-1",
            }
        ],
        "executionRole": EXECUTION_ROLE,
        "loggingConfiguration": {"imageLogGroupName": "/web/images", "pipelineLogGroupName": "/web/pipelines"},
        "tags": {"team": "web"},
        "imageTags": {"made-by": "schedule"},
    }
    pipeline = read(client, create_pipeline(client, **members))
    assert {member: pipeline[member] for member in members} == members


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {"imageTestsEnabled": True, "timeoutMinutes": 720}),
        ({"timeoutMinutes": 1440}, {"imageTestsEnabled": True, "timeoutMinutes": 1440}),
        ({"imageTestsEnabled": False}, {"imageTestsEnabled": False, "timeoutMinutes": 720}),
    ],
)
def test_test_settings_have_defaults(client: Any, given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert read(client, create_pipeline(client, imageTestsConfiguration=given))["imageTestsConfiguration"] == kept


def test_an_empty_list_of_workflows_is_none(client: Any) -> None:
    assert "workflows" not in read(client, create_pipeline(client, workflows=[]))


def test_a_wildcard_for_the_recipe_is_kept_and_means_the_newest_version(client: Any) -> None:
    wildcard = f"{ACCOUNT_BASE}:image-recipe/web-server/x.x.x"
    arn = create_pipeline(client, imageRecipeArn=wildcard)
    create_recipe(client, version="1.1.0")
    assert read(client, arn)["imageRecipeArn"] == wildcard
    image_arn = client.start_image_pipeline_execution(imagePipelineArn=arn)["imageBuildVersionArn"]
    assert image_arn == f"{ACCOUNT_BASE}:image/web-server/1.1.0/1"


@pytest.mark.parametrize("name", ["nightly build", "Nightly Build", "nightly_build", "NIGHTLY-BUILD"])
def test_names_that_differ_in_case_spaces_or_underscores_are_the_same(client: Any, name: str) -> None:
    arn = create_pipeline(client, "nightly build")
    with already_there("ImagePipeline", arn):
        create_pipeline(client, name)
    assert create_pipeline(client, "nightly build 2") != arn


def test_a_dry_run_creates_nothing(client: Any) -> None:
    with dry_run():
        create_pipeline(client, dryRun=True)
    assert client.list_image_pipelines()["imagePipelineList"] == []
    create_pipeline(client)
    with already_there("ImagePipeline", f"{ACCOUNT_BASE}:image-pipeline/nightly"):
        create_pipeline(client, dryRun=True)


# ---- schedules ----

BY_DEFAULT = {"pipelineExecutionStartCondition": "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE"}
MATCH_ONLY = {"pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (SCHEDULE, SCHEDULE | BY_DEFAULT),
        (SCHEDULE | BY_DEFAULT, SCHEDULE | BY_DEFAULT),
        (SCHEDULE | MATCH_ONLY, SCHEDULE | MATCH_ONLY),
        (SCHEDULE | {"timezone": "Etc/UTC"}, SCHEDULE | BY_DEFAULT | {"timezone": "Etc/UTC"}),
        ({"scheduleExpression": "cron(0 8 ? * sun#3 *)"}, {"scheduleExpression": "cron(0 8 ? * sun#3 *)"} | BY_DEFAULT),
    ],
)
def test_a_schedule_gets_its_start_condition_and_no_time_zone(
    client: Any, given: dict[str, Any], kept: dict[str, Any]
) -> None:
    pipeline = read(client, create_pipeline(client, schedule=given))
    assert pipeline["schedule"] == kept
    assert pipeline.keys().isdisjoint({"dateLastRun", "lastRunStatus", "dateNextRun", "consecutiveFailures"})


REFUSED_SCHEDULES = [
    (
        {"scheduleExpression": "cron(0 0 * * *)"},
        "schedule.scheduleExpression",
        "Invalid schedule expression. Details: Invalid CRON expression: error at position 9, "
        "details: Unexpected end of expression.",
    ),
    (
        SCHEDULE | {"timezone": "Mars/Olympus_Mons"},
        "schedule.timezone",
        "Invalid timezone. Details: 'Mars/Olympus_Mons' is not the name of an IANA time zone.",
    ),
    ({"timezone": "Etc/UTC"}, "schedule.scheduleExpression", "A schedule requires a schedule expression."),
]


@pytest.mark.parametrize(("schedule", "parameter", "sentence"), REFUSED_SCHEDULES)
def test_a_schedule_that_cannot_be_read_is_refused(
    client: Any, schedule: dict[str, Any], parameter: str, sentence: str
) -> None:
    with invalid(parameter, sentence):
        create_pipeline(client, schedule=schedule)
    arn = create_pipeline(client)
    before = read(client, arn)
    with invalid(parameter, sentence):
        client.update_image_pipeline(imagePipelineArn=arn, **PARTS, schedule=schedule)
    assert read(client, arn) == before


def next_run(client: Any, arn: str, moment: str) -> str | None:
    with freeze_time(moment):
        date: str | None = read(client, arn).get("dateNextRun")
        return date


@pytest.mark.parametrize(
    ("schedule", "first", "second"),
    [
        ({"scheduleExpression": "cron(0 22 ? * 2#2 *)"}, "2025-11-10T22:00:00.000Z", "2025-12-08T22:00:00.000Z"),
        (
            {"scheduleExpression": "cron(0 22 ? * 2#2 *)", "timezone": "America/Los_Angeles"},
            "2025-11-11T06:00:00.000Z",
            "2025-12-09T06:00:00.000Z",
        ),
        # A rate counts from the creation of the pipeline.
        ({"scheduleExpression": "rate(30 days)"}, "2025-11-13T08:00:00.500Z", "2025-12-13T08:00:00.500Z"),
        ({"scheduleExpression": "cron(0 22 10 11 ? 2025)"}, "2025-11-10T22:00:00.000Z", None),
    ],
)
def test_the_next_run_is_known_after_the_first(
    client: Any, schedule: dict[str, Any], first: str, second: str | None
) -> None:
    with freeze_time("2025-10-14T08:00:00.500Z"):
        arn = create_pipeline(client, schedule=schedule)
    assert next_run(client, arn, "2025-10-20T16:00:00Z") is None
    with freeze_time("2025-10-20T16:28:54.331Z"):
        client.start_image_pipeline_execution(imagePipelineArn=arn)
        pipeline = read(client, arn)
    assert (pipeline["dateLastRun"], pipeline["dateNextRun"]) == ("2025-10-20T16:28:54.331Z", first)
    assert next_run(client, arn, "2025-11-14T00:00:00Z") == second


@pytest.mark.parametrize("members", [{}, {"schedule": SCHEDULE, "status": "DISABLED"}])
def test_without_a_schedule_or_disabled_there_is_no_next_run(client: Any, members: dict[str, Any]) -> None:
    arn = create_pipeline(client, **members)
    client.start_image_pipeline_execution(imagePipelineArn=arn)
    assert "dateNextRun" not in read(client, arn)


# ---- update and delete ----


def test_an_update_replaces_everything_but_name_and_tags(client: Any, instance_profile: str) -> None:
    with freeze_time(CREATED):
        arn = create_pipeline(
            client,
            description="Builds every Sunday",
            distributionConfigurationArn=create_distribution(client),
            enhancedImageMetadataEnabled=False,
            imageTestsConfiguration={"imageTestsEnabled": False},
            imageScanningConfiguration={"imageScanningEnabled": False},
            schedule=SCHEDULE,
            status="DISABLED",
            workflows=[{"workflowArn": managed_workflow("build/build-image")}],
            executionRole=EXECUTION_ROLE,
            loggingConfiguration={"imageLogGroupName": "/web/images"},
            tags={"team": "web"},
            imageTags={"made-by": "schedule"},
        )
    other = create_infrastructure(client, instance_profile, "other")
    with freeze_time("2026-09-10T08:00:00.000Z"):
        answer = client.update_image_pipeline(
            imagePipelineArn=arn, imageRecipeArn=RECIPE, infrastructureConfigurationArn=other
        )
    assert answer["imagePipelineArn"] == arn
    assert read(client, arn) == {
        "arn": arn,
        "name": "nightly",
        "platform": "Linux",
        "enhancedImageMetadataEnabled": True,
        "imageRecipeArn": RECIPE,
        "infrastructureConfigurationArn": other,
        "imageTestsConfiguration": {"imageTestsEnabled": True, "timeoutMinutes": 720},
        "status": "ENABLED",
        "dateCreated": CREATED,
        "dateUpdated": "2026-09-10T08:00:00.000Z",
        "tags": {"team": "web"},
    }


def test_the_kind_of_recipe_cannot_change(client: Any) -> None:
    arn = create_pipeline(client)
    with invalid("containerRecipeArn", "The recipe type of an image pipeline can't be changed."):
        client.update_image_pipeline(
            imagePipelineArn=arn,
            containerRecipeArn=f"{ACCOUNT_BASE}:container-recipe/web-server/1.0.0",
            infrastructureConfigurationArn=INFRASTRUCTURE,
        )


def test_a_container_recipe_has_to_exist(client: Any) -> None:
    arn = f"{ACCOUNT_BASE}:container-recipe/web-server/1.0.0"
    with not_found("ContainerRecipe", arn):
        create_pipeline(client, imageRecipeArn=None, containerRecipeArn=arn)


def test_what_a_pipeline_uses_cannot_be_deleted(client: Any) -> None:
    arn = create_pipeline(client)
    with depended_on(INFRASTRUCTURE):
        client.delete_infrastructure_configuration(infrastructureConfigurationArn=INFRASTRUCTURE)
    client.delete_image_pipeline(imagePipelineArn=arn)
    client.delete_infrastructure_configuration(infrastructureConfigurationArn=INFRASTRUCTURE)


def test_a_running_build_goes_on_without_its_pipeline(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_pipeline(client)
    image_arn = client.start_image_pipeline_execution(imagePipelineArn=arn)["imageBuildVersionArn"]
    assert client.delete_image_pipeline(imagePipelineArn=arn)["imagePipelineArn"] == arn
    with not_found("ImagePipeline", arn):
        client.get_image_pipeline(imagePipelineArn=arn)
    assert mocked.advance(image_arn, to="AVAILABLE") == "AVAILABLE"
    assert client.get_image(imageBuildVersionArn=image_arn)["image"]["sourcePipelineArn"] == arn


def test_a_pipeline_of_the_same_name_starts_afresh(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_pipeline(client)
    first = client.start_image_pipeline_execution(imagePipelineArn=arn)["imageBuildVersionArn"]
    client.delete_image_pipeline(imagePipelineArn=arn)
    assert create_pipeline(client) == arn
    assert "lastRunStatus" not in read(client, arn)
    second = client.start_image_pipeline_execution(imagePipelineArn=arn)["imageBuildVersionArn"]
    mocked.advance(first, to="AVAILABLE")
    client.delete_image(imageBuildVersionArn=first)
    images = client.list_image_pipeline_images(imagePipelineArn=arn)["imageSummaryList"]
    assert [image["arn"] for image in images] == [second]


def test_an_unknown_pipeline_is_not_found(client: Any) -> None:
    with not_found("ImagePipeline", UNKNOWN):
        client.get_image_pipeline(imagePipelineArn=UNKNOWN)
    with not_found("ImagePipeline", UNKNOWN):
        client.update_image_pipeline(imagePipelineArn=UNKNOWN, **PARTS)
    with not_found("ImagePipeline", UNKNOWN):
        client.delete_image_pipeline(imagePipelineArn=UNKNOWN)
    with not_found("ImagePipeline", UNKNOWN):
        client.start_image_pipeline_execution(imagePipelineArn=UNKNOWN)
