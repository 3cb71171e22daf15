"""The rules for what a build is made from hold for CreateImage, CreateImagePipeline and UpdateImagePipeline alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import (
    ACCOUNT_BASE,
    EXECUTION_ROLE,
    MANAGED_BASE,
    PARTS,
    create_distribution,
    create_infrastructure,
    create_pipeline,
    create_recipe,
    managed_workflow,
)
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid, not_found

Ask = Callable[..., Any]

BUILD = {"workflowArn": managed_workflow("build/build-image")}
EXPRESS_BUILD = {"workflowArn": managed_workflow("build/express-build-image")}
TEST = {"workflowArn": managed_workflow("test/test-image")}
DISTRIBUTE = {"workflowArn": managed_workflow("distribution/distribute-image")}

needs_on_demand_scans = pytest.mark.skipif(
    "imageScanningTypes" not in load_model().shape("ImageScanningConfiguration")["members"],
    reason="the installed botocore does not know imageScanningTypes",
)
needs_watermarks = pytest.mark.skipif(
    "amiWatermarks" not in load_model().shape("CreateImageRecipeRequest")["members"],
    reason="the installed botocore does not know amiWatermarks",
)


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


@pytest.fixture(params=["CreateImage", "CreateImagePipeline", "UpdateImagePipeline"])
def ask(request: pytest.FixtureRequest, client: Any, _parts: None) -> Iterator[Ask]:
    """Asks for a build of the recipe with more or other settings; None takes one out. A refusal changes nothing."""
    more: dict[str, Any] = {"CreateImage": {}, "CreateImagePipeline": {"name": "other"}}.get(request.param, {})
    pipeline_arn = create_pipeline(client)
    if request.param == "UpdateImagePipeline":
        more = {"imagePipelineArn": pipeline_arn}
    operations: dict[str, Ask] = {
        "CreateImage": client.create_image,
        "CreateImagePipeline": client.create_image_pipeline,
        "UpdateImagePipeline": client.update_image_pipeline,
    }

    def state() -> tuple[Any, Any]:
        return client.list_image_pipelines()["imagePipelineList"], client.list_images()["imageVersionList"]

    before, was_accepted = state(), False

    def perform(**settings: Any) -> None:
        nonlocal was_accepted
        members = {**PARTS, **more, **settings}
        operations[request.param](**{member: value for member, value in members.items() if value is not None})
        was_accepted = True

    yield perform
    assert was_accepted or state() == before


# ---- references ----

ONE_RECIPE = "You must specify either an imageRecipeArn or a containerRecipeArn, but not both."
CONTAINER_RECIPE = f"{ACCOUNT_BASE}:container-recipe/web-server/1.0.0"


def test_a_build_needs_a_recipe(ask: Ask) -> None:
    with clashing("imageRecipeArn", ONE_RECIPE):
        ask(imageRecipeArn=None)


def test_a_build_has_one_recipe(ask: Ask) -> None:
    with clashing("containerRecipeArn", ONE_RECIPE):
        ask(containerRecipeArn=CONTAINER_RECIPE)


@pytest.mark.parametrize(
    ("member", "kind", "arn"),
    [
        ("imageRecipeArn", "ImageRecipe", f"{ACCOUNT_BASE}:image-recipe/mail-server/1.0.0"),
        ("imageRecipeArn", "ImageRecipe", f"{ACCOUNT_BASE}:image-recipe/mail-server/x.x.x"),
        ("imageRecipeArn", "ImageRecipe", f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.1"),
        ("imageRecipeArn", "ImageRecipe", f"{ACCOUNT_BASE}:image-recipe/web-server/2.x.x"),
        ("imageRecipeArn", "ImageRecipe", "arn:aws:imagebuilder:us-west-2:123456789012:image-recipe/web-server/1.0.0"),
        (
            "infrastructureConfigurationArn",
            "InfrastructureConfiguration",
            f"{ACCOUNT_BASE}:infrastructure-configuration/mail-server",
        ),
        (
            "distributionConfigurationArn",
            "DistributionConfiguration",
            f"{ACCOUNT_BASE}:distribution-configuration/mail-server",
        ),
    ],
)
def test_what_a_build_refers_to_exists(ask: Ask, member: str, kind: str, arn: str) -> None:
    with not_found(kind, arn):
        ask(**{member: arn})


@pytest.mark.parametrize("version", ["1.0.0", "1.0.x", "1.x.x", "x.x.x"])
def test_a_wildcard_selects_a_recipe_version(ask: Ask, version: str) -> None:
    ask(imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/{version}")


@pytest.mark.parametrize("version", ["x.0.0", "1.x.0", "x.x.0", "x.0.x"])
def test_right_of_a_wildcard_there_are_wildcards(ask: Ask, version: str) -> None:
    with invalid("imageRecipeArn", WILDCARD_NOT_LAST):
        ask(imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/{version}")


# ---- workflows ----


@pytest.mark.parametrize(
    "workflows",
    [
        [],
        [BUILD],
        [TEST],
        [EXPRESS_BUILD, TEST, DISTRIBUTE],
        [{"workflowArn": managed_workflow("build/build-image-with-update-ssm-agent")}],
        [BUILD, {**TEST, "onFailure": "CONTINUE", "parallelGroup": "group-1"}, {**TEST, "onFailure": "ABORT"}],
        [BUILD] + [TEST] * 9,
    ],
)
def test_workflows_with_an_execution_role_are_accepted(ask: Ask, workflows: list[dict[str, str]]) -> None:
    ask(workflows=workflows, executionRole=EXECUTION_ROLE)


def test_workflows_need_an_execution_role(ask: Ask) -> None:
    with clashing("workflows", "An execution role is required to provide workflows"):
        ask(workflows=[BUILD])


def test_an_empty_list_of_workflows_needs_no_execution_role(ask: Ask) -> None:
    ask(workflows=[])


@pytest.mark.parametrize(
    ("workflows", "sentence"),
    [
        ([BUILD] + [TEST] * 10, "You can specify at most 10 workflows."),
        ([BUILD, BUILD], "You can specify at most one BUILD workflow."),
        ([BUILD, TEST, EXPRESS_BUILD], "You can specify at most one BUILD workflow."),
        ([DISTRIBUTE, DISTRIBUTE], "You can specify at most one DISTRIBUTION workflow."),
    ],
)
def test_a_list_of_workflows_has_limits(ask: Ask, workflows: list[dict[str, str]], sentence: str) -> None:
    with invalid("workflows", sentence):
        ask(workflows=workflows, executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize(
    ("workflow", "name", "type_"),
    [
        (BUILD, "onFailure", "BUILD"),
        (BUILD, "parallelGroup", "BUILD"),
        (DISTRIBUTE, "onFailure", "DISTRIBUTION"),
        (DISTRIBUTE, "parallelGroup", "DISTRIBUTION"),
    ],
)
def test_only_test_workflows_have_groups_and_failure_actions(
    ask: Ask, workflow: dict[str, str], name: str, type_: str
) -> None:
    with clashing(f"workflows[1].{name}", f"{name} applies to TEST workflows only, and this is a {type_} workflow."):
        ask(workflows=[TEST, {**workflow, name: "ABORT"}], executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize("version", ["1.0.3/1", "1.0.3", "1.0.x", "1.x.x", "x.0.0"])
def test_managed_workflows_are_taken_in_their_latest_version(ask: Ask, version: str) -> None:
    with invalid("workflows", "AWS managed workflows must have latest version 'x.x.x' for '{workflow_arn_str}'"):
        ask(workflows=[{"workflowArn": managed_workflow("build/build-image", version)}], executionRole=EXECUTION_ROLE)


@pytest.mark.parametrize(
    "arn",
    [
        f"{MANAGED_BASE}:workflow/build/bake-image/x.x.x",
        f"{MANAGED_BASE}:workflow/test/build-image/x.x.x",
        "arn:aws:imagebuilder:us-west-2:aws:workflow/build/build-image/x.x.x",
        "arn:aws-cn:imagebuilder:us-east-1:aws:workflow/build/build-image/x.x.x",
        f"{MANAGED_BASE}-marketplace:workflow/build/build-image/x.x.x",
        f"{ACCOUNT_BASE}:workflow/build/build-image/x.x.x",
        f"{ACCOUNT_BASE}:workflow/test/smoke-test/1.0.0/1",
    ],
)
def test_a_workflow_exists(ask: Ask, arn: str) -> None:
    with not_found("Workflow", arn):
        ask(workflows=[{"workflowArn": arn}], executionRole=EXECUTION_ROLE)


# ---- log groups ----

GROUPS = [
    ("CreateImage", "logGroupName"),
    ("CreateImagePipeline", "imageLogGroupName"),
    ("CreateImagePipeline", "pipelineLogGroupName"),
]


@pytest.mark.parametrize(("name", "role"), [("/aws/imagebuilder/web", None), ("/web/builds", EXECUTION_ROLE)])
@pytest.mark.parametrize(("operation", "member"), GROUPS)
def test_log_groups_are_the_services_own_or_have_a_role(
    client: Any, operation: str, member: str, name: str, role: str
) -> None:
    ask_for(client, operation, {member: name}, role)


@pytest.mark.parametrize("name", ["/web/builds", "/aws/imagebuilder", "aws/imagebuilder/web"])
@pytest.mark.parametrize(("operation", "member"), GROUPS)
def test_other_log_groups_need_a_role(client: Any, operation: str, member: str, name: str) -> None:
    with clashing(
        f"loggingConfiguration.{member}", "An execution role is required for log groups outside of /aws/imagebuilder/."
    ):
        ask_for(client, operation, {member: name}, None)


def ask_for(client: Any, operation: str, logging: dict[str, str], role: str | None) -> None:
    settings: dict[str, Any] = {
        **PARTS,
        "loggingConfiguration": logging,
    }
    if role is not None:
        settings["executionRole"] = role
    if operation == "CreateImage":
        client.create_image(**settings)
    else:
        client.create_image_pipeline(name="nightly", **settings)


# ---- scans ----


def inspect(*resource_types: Any) -> None:
    boto3.client("inspector2", region_name=REGION).enable(accountIds=[ACCOUNT], resourceTypes=resource_types)


def without_inspector() -> Any:
    return refused(
        "ResourceDependencyException",
        400,
        "Resource dependency error: Amazon Inspector is not enabled for 'ec2' resources in account '123456789012'.",
    )


def test_a_scan_needs_an_active_inspector(ask: Ask) -> None:
    with without_inspector():
        ask(imageScanningConfiguration={"imageScanningEnabled": True})


def test_a_scan_of_an_ami_needs_inspector_for_ec2(ask: Ask) -> None:
    inspect("ECR")
    with without_inspector():
        ask(imageScanningConfiguration={"imageScanningEnabled": True})
    inspect("EC2")
    ask(imageScanningConfiguration={"imageScanningEnabled": True})


def test_inspector_is_active_in_one_region(ask: Ask) -> None:
    boto3.client("inspector2", region_name="us-west-2").enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    with without_inspector():
        ask(imageScanningConfiguration={"imageScanningEnabled": True})


def test_a_scan_that_is_switched_off_needs_nothing(ask: Ask) -> None:
    ask(
        imageScanningConfiguration={"imageScanningEnabled": False},
        imageTestsConfiguration={"imageTestsEnabled": False},
    )


def test_a_scan_needs_image_tests(ask: Ask) -> None:
    inspect("EC2")
    with clashing(
        "imageScanningConfiguration.imageScanningEnabled", "Image scanning requires image tests to be enabled."
    ):
        ask(
            imageScanningConfiguration={"imageScanningEnabled": True},
            imageTestsConfiguration={"imageTestsEnabled": False},
        )


@needs_on_demand_scans
@pytest.mark.parametrize("condition", [{}, {"scanResultCondition": {"maximumSeverityLabel": "HIGH"}}])
def test_a_scan_of_the_output_ami_needs_no_inspector(ask: Ask, condition: dict[str, Any]) -> None:
    ask(
        imageScanningConfiguration={
            "imageScanningEnabled": True,
            "imageScanningTypes": ["ON_DEMAND_AMI_CVE"],
            **condition,
        }
    )


@needs_on_demand_scans
@pytest.mark.parametrize("types", [{}, {"imageScanningTypes": ["TEST_INSTANCE_CVE"]}])
def test_only_scans_of_the_output_ami_have_a_condition(ask: Ask, types: dict[str, Any]) -> None:
    inspect("EC2")
    with clashing(
        "imageScanningConfiguration.scanResultCondition",
        "A scan result condition can only be set when imageScanningTypes is ON_DEMAND_AMI_CVE.",
    ):
        ask(
            imageScanningConfiguration={
                "imageScanningEnabled": True,
                "scanResultCondition": {"maximumSeverityLabel": "HIGH"},
                **types,
            }
        )


# ---- watermarks ----


@needs_watermarks
def test_amis_with_watermarks_are_not_public(client: Any, ask: Ask) -> None:
    marked = create_recipe(client, "marked server", amiWatermarks=["approved"])
    public = create_distribution(client, launchPermission={"userGroups": ["all"]})
    with clashing(
        "distributionConfigurationArn",
        "The recipe adds watermarks to its AMIs, and AMIs with watermarks can't be public: "
        "in the Region 'us-east-1' everyone has launch permission.",
    ):
        ask(imageRecipeArn=marked, distributionConfigurationArn=public)


@needs_watermarks
@pytest.mark.parametrize(
    ("watermarks", "permission"),
    [({"amiWatermarks": ["approved"]}, {"userIds": ["111111111111"]}), ({}, {"userGroups": ["all"]})],
)
def test_amis_have_watermarks_or_are_public(
    client: Any, ask: Ask, watermarks: dict[str, Any], permission: dict[str, Any]
) -> None:
    recipe = create_recipe(client, "other server", **watermarks)
    ask(imageRecipeArn=recipe, distributionConfigurationArn=create_distribution(client, launchPermission=permission))
