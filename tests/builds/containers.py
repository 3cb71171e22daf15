"""Container images of one recipe, and what ECR has of them, for the tests of builds."""

from __future__ import annotations

from typing import Any

from ..build_parts import ACCOUNT_BASE, INFRASTRUCTURE, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..images import client_of, get_image
from ..resources.container_recipes import create, create_repository

RECIPE = f"{ACCOUNT_BASE}:container-recipe/web-server/1.0.0"
IMAGE = f"{ACCOUNT_BASE}:image/web-server/1.0.0"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def create_parts(client: Any, instance_profile: str) -> None:
    """The recipe, its repository and the infrastructure that :func:`build` builds with."""
    create_repository()
    create(client, "web server")
    create_infrastructure(client, instance_profile)


def build(client: Any, recipe: str = RECIPE, **members: Any) -> str:
    """The ARN of a new image of a container recipe."""
    settings = {"containerRecipeArn": recipe, "infrastructureConfigurationArn": INFRASTRUCTURE, **members}
    return str(client.create_image(**settings)["imageBuildVersionArn"])


def container(region: str = REGION, repository: str = "web", *tags: str) -> dict[str, Any]:
    """A distribution of the container image to a Region."""
    settings = {"targetRepository": {"service": "ECR", "repositoryName": repository}, "containerTags": list(tags)}
    return {"region": region, "containerDistributionConfiguration": settings}


def distribution(client: Any, *distributions: dict[str, Any]) -> str:
    answer = client.create_distribution_configuration(name="everywhere", distributions=list(distributions))
    return str(answer["distributionConfigurationArn"])


def containers(client: Any, arn: str) -> dict[str, list[str]]:
    """The URIs of an image's containers by Region. ECR has an image for each."""
    outputs = get_image(client, arn)["outputResources"]
    assert outputs.keys() == {"containers"}
    for entry in outputs["containers"]:
        assert entry.keys() == {"region", "imageUris"}
        for uri in entry["imageUris"]:
            repository, _, tag = uri.rpartition(":")
            assert tag in tags_in_ecr(repository.partition("/")[2], entry["region"])
    return {entry["region"]: entry["imageUris"] for entry in outputs["containers"]}


def images_in_ecr(repository: str = "web", region: str = REGION) -> list[Any]:
    details: list[Any] = client_of("ecr", region=region).describe_images(repositoryName=repository)["imageDetails"]
    return details


def tags_in_ecr(repository: str = "web", region: str = REGION) -> set[str]:
    return {tag for image in images_in_ecr(repository, region) for tag in image["imageTags"]}
