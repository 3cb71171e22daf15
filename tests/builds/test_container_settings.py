"""What builds and pipelines of container recipes need: the recipe itself, and a place for what is scanned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import ACCOUNT_BASE, INFRASTRUCTURE, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..images import client_of, get_image
from ..refusals import WILDCARD_NOT_LAST, clashing, invalid, not_found
from ..resources.container_recipes import create, create_repository

IMAGE_RECIPE = f"{ACCOUNT_BASE}:image-recipe/web-server/1.0.0"
RECIPE = f"{ACCOUNT_BASE}:container-recipe/web-server/1.0.0"
WINDOWS = {"platformOverride": "Windows", "imageOsVersionOverride": "Microsoft Windows Server 2022"}
OTHER_KIND = "The recipe type of an image pipeline can't be changed."
SCAN_PATH = "imageScanningConfiguration"

Ask = Callable[..., Any]

needs_on_demand_scans = pytest.mark.skipif(
    "imageScanningTypes" not in load_model().shape("ImageScanningConfiguration")["members"],
    reason="the installed botocore does not know imageScanningTypes",
)


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_repository()
    create(client, "web server")
    create_recipe(client)
    create_infrastructure(client, instance_profile)


@pytest.fixture(params=["CreateImage", "CreateImagePipeline"])
def ask(request: pytest.FixtureRequest, client: Any, _parts: None) -> Ask:
    """Asks for a build of the container recipe with more or other settings."""

    def perform(**settings: Any) -> Any:
        members = {"containerRecipeArn": RECIPE, "infrastructureConfigurationArn": INFRASTRUCTURE, **settings}
        if request.param == "CreateImage":
            return client.create_image(**members)
        return client.create_image_pipeline(name="other", **members)

    return perform


# ---- the recipe ----


@pytest.mark.parametrize("version", ["1.0.0", "1.0.x", "1.x.x", "x.x.x"])
def test_a_wildcard_selects_a_recipe_version(ask: Ask, version: str) -> None:
    ask(containerRecipeArn=RECIPE.replace("1.0.0", version))


@pytest.mark.parametrize("reference", ["mail-server/x.x.x", "web-server/1.0.1", "web-server/2.x.x"])
def test_the_recipe_exists(ask: Ask, reference: str) -> None:
    arn = f"{ACCOUNT_BASE}:container-recipe/{reference}"
    with not_found("ContainerRecipe", arn):
        ask(containerRecipeArn=arn)


@pytest.mark.parametrize("version", ["x.0.0", "1.x.0"])
def test_right_of_a_wildcard_there_are_wildcards(ask: Ask, version: str) -> None:
    with invalid("containerRecipeArn", WILDCARD_NOT_LAST):
        ask(containerRecipeArn=RECIPE.replace("1.0.0", version))


# ---- scans ----


@pytest.mark.parametrize("resource_types", [["EC2"], []])
def test_a_scan_needs_inspector_for_ecr(client: Any, ask: Ask, resource_types: list[str]) -> None:
    inspector = client_of("inspector2")
    if resource_types:
        inspector.enable(accountIds=[ACCOUNT], resourceTypes=resource_types)
    message = f"Resource dependency error: Amazon Inspector is not enabled for 'ecr' resources in account '{ACCOUNT}'."
    with refused("ResourceDependencyException", 400, message):
        ask(imageScanningConfiguration={"imageScanningEnabled": True})
    inspector.enable(accountIds=[ACCOUNT], resourceTypes=["ECR"])
    ask(imageScanningConfiguration={"imageScanningEnabled": True})


def test_a_scan_needs_tests(ask: Ask) -> None:
    with clashing(f"{SCAN_PATH}.imageScanningEnabled", "Image scanning requires image tests to be enabled."):
        ask(
            imageScanningConfiguration={"imageScanningEnabled": True},
            imageTestsConfiguration={"imageTestsEnabled": False},
        )


def test_the_repository_for_scans_exists(client: Any, ask: Ask) -> None:
    client_of("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["ECR"])
    scanning = {"imageScanningEnabled": True, "ecrConfiguration": {"repositoryName": "scans"}}
    with invalid(
        f"{SCAN_PATH}.ecrConfiguration.repositoryName",
        f"The repository with name 'scans' does not exist in the registry with id '{ACCOUNT}'.",
    ):
        ask(imageScanningConfiguration=scanning)
    create_repository("scans")
    ask(imageScanningConfiguration=scanning)


@pytest.mark.parametrize("name", ["scans", "image-builder-image-scanning-repository"])
def test_without_a_scan_no_repository_is_missing(client: Any, ask: Ask, name: str) -> None:
    is_default = name != "scans"
    if is_default:  # Image Builder creates it itself
        client_of("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["ECR"])
    ask(imageScanningConfiguration={"imageScanningEnabled": is_default, "ecrConfiguration": {"repositoryName": name}})


@needs_on_demand_scans
@pytest.mark.parametrize("is_enabled", [True, False])
def test_only_amis_are_scanned_on_demand(ask: Ask, is_enabled: bool) -> None:
    scanning = {"imageScanningEnabled": is_enabled, "imageScanningTypes": ["ON_DEMAND_AMI_CVE"]}
    with clashing(f"{SCAN_PATH}.imageScanningTypes", "The scan type ON_DEMAND_AMI_CVE requires an image recipe."):
        ask(imageScanningConfiguration=scanning)


# ---- pipelines ----


def create_pipeline(client: Any, name: str, **members: Any) -> str:
    settings = {"name": name, "infrastructureConfigurationArn": INFRASTRUCTURE, **members}
    return str(client.create_image_pipeline(**settings)["imagePipelineArn"])


def update(client: Any, pipeline: str, **members: Any) -> None:
    settings = {"imagePipelineArn": pipeline, "infrastructureConfigurationArn": INFRASTRUCTURE, **members}
    client.update_image_pipeline(**settings)


def get_pipeline(client: Any, arn: str) -> Any:
    return client.get_image_pipeline(imagePipelineArn=arn)["imagePipeline"]


def test_the_recipe_of_a_pipeline_stays_of_its_kind(client: Any) -> None:
    containers = create_pipeline(client, "containers", containerRecipeArn=RECIPE)
    amis = create_pipeline(client, "amis", imageRecipeArn=IMAGE_RECIPE)
    with invalid("imageRecipeArn", OTHER_KIND):
        update(client, containers, imageRecipeArn=IMAGE_RECIPE)
    with invalid("containerRecipeArn", OTHER_KIND):
        update(client, amis, containerRecipeArn=RECIPE)
    assert get_pipeline(client, containers)["containerRecipeArn"] == RECIPE
    assert "imageRecipeArn" not in get_pipeline(client, containers)
    assert get_pipeline(client, amis)["imageRecipeArn"] == IMAGE_RECIPE


def test_the_platform_of_a_pipeline_is_its_recipes(client: Any) -> None:
    windows = create(client, "windows", **WINDOWS)
    pipeline = create_pipeline(client, "containers", containerRecipeArn=RECIPE)
    assert get_pipeline(client, pipeline)["platform"] == "Linux"
    update(client, pipeline, containerRecipeArn=windows)
    assert get_pipeline(client, pipeline)["platform"] == "Windows"


def test_a_pipeline_makes_container_images(client: Any) -> None:
    pipeline = create_pipeline(client, "containers", containerRecipeArn=f"{RECIPE.removesuffix('1.0.0')}x.x.x")
    create(client, "web server", "1.1.0", **WINDOWS)
    arn = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
    image = get_image(client, arn)
    assert (image["type"], image["platform"], image["version"]) == ("DOCKER", "Windows", "1.1.0/1")
    assert image["sourcePipelineArn"] == pipeline
    assert image["containerRecipe"]["arn"] == RECIPE.replace("1.0.0", "1.1.0")
    (summary,) = client.list_image_pipeline_images(imagePipelineArn=pipeline)["imageSummaryList"]
    assert summary["outputResources"]["containers"][0]["region"] == REGION
    assert get_pipeline(client, pipeline)["lastRunStatus"] == "AVAILABLE"
