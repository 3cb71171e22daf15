"""The rules for what a build is made from hold for CreateImage, CreateImagePipeline and UpdateImagePipeline alike."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import ACCOUNT_BASE, EXECUTION_ROLE, PARTS, create_distribution, create_recipe
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid, not_found
from .conftest import Ask

pytestmark = pytest.mark.usefixtures("build_parts")

needs_on_demand_scans = pytest.mark.skipif(
    "imageScanningTypes" not in load_model().shape("ImageScanningConfiguration")["members"],
    reason="the installed botocore does not know imageScanningTypes",
)
needs_watermarks = pytest.mark.skipif(
    "amiWatermarks" not in load_model().shape("CreateImageRecipeRequest")["members"],
    reason="the installed botocore does not know amiWatermarks",
)


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
