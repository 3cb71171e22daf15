"""Container recipes for the tests of them, and the repositories that they name."""

from __future__ import annotations

from typing import Any

import boto3

from ..conftest import ACCOUNT, REGION

KIND = "ContainerRecipe"
PARAMETER = "containerRecipeArn"
SUMMARIES = "containerRecipeSummaryList"
ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:container-recipe/"
REPOSITORY = "web"
#: The tag of a repository in which lifecycle executions may delete.
ACCESS = [{"Key": "LifecycleExecutionAccess", "Value": "EC2 Image Builder"}]
DOCKERFILE = (
    "FROM {{{ imagebuilder:parentImage }}}\n{{{ imagebuilder:environments }}}\n{{{ imagebuilder:components }}}\n"
)

#: What a recipe is made of if a test does not say otherwise.
PARTS: dict[str, Any] = {
    "containerType": "DOCKER",
    "parentImage": "amazonlinux:latest",
    "dockerfileTemplateData": DOCKERFILE,
    "targetRepository": {"service": "ECR", "repositoryName": REPOSITORY},
}


def create_repository(name: str = REPOSITORY, region: str = REGION, **members: Any) -> str:
    """The URI of a new repository of ECR."""
    ecr = boto3.client("ecr", region_name=region)
    uri: str = ecr.create_repository(repositoryName=name, **members)["repository"]["repositoryUri"]
    return uri


def ask(client: Any, name: str = "web", version: str = "1.0.0", **members: Any) -> Any:
    """The whole answer to CreateContainerRecipe; None leaves a member out."""
    request = {"name": name, "semanticVersion": version, **PARTS, **members}
    return client.create_container_recipe(**{member: value for member, value in request.items() if value is not None})


def create(client: Any, name: str = "web", version: str = "1.0.0", **members: Any) -> str:
    arn: str = ask(client, name, version, **members)["containerRecipeArn"]
    return arn


def got(client: Any, arn: str) -> Any:
    """The whole answer to GetContainerRecipe."""
    return client.get_container_recipe(containerRecipeArn=arn)


def get(client: Any, arn: str) -> Any:
    return got(client, arn)["containerRecipe"]


def delete(client: Any, arn: str) -> Any:
    return client.delete_container_recipe(containerRecipeArn=arn)


def listed(client: Any, **request: Any) -> Any:
    """The whole answer to the list operation."""
    return client.list_container_recipes(**request)


def summaries(client: Any, **request: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = listed(client, **request)[SUMMARIES]
    return entries
