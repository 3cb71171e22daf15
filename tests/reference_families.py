"""What the operations of each kind of resource are called, and what they show: tables for the state machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .build_parts import ACCOUNT_BASE
from .reference_model import CONTENT, PIPELINE_USES, World, kind_of
from .resources.lifecycles import settings as lifecycle_settings

PROFILE = "profile"
RECIPE_KINDS = ("image-recipe", "container-recipe")
DISTRIBUTIONS = [{"region": "us-east-1", "amiDistributionConfiguration": {}}]


class Family(NamedTuple):
    """How the operations of a kind call it, and what Get shows of it that the model remembers."""

    word: str
    arn_member: str
    shown: tuple[str, ...]

    @property
    def member(self) -> str:
        """The member of the answer to Get."""
        head, *rest = self.word.split("_")
        return head + "".join(map(str.capitalize, rest))


FAMILIES = {
    "component": Family("component", "componentBuildVersionArn", ("version", *CONTENT)),
    "workflow": Family("workflow", "workflowBuildVersionArn", ("version", *CONTENT)),
    "image-recipe": Family("image_recipe", "imageRecipeArn", ("version", "description", "parentImage", "components")),
    "container-recipe": Family(
        "container_recipe", "containerRecipeArn", ("version", "description", "parentImage", "components")
    ),
    "infrastructure-configuration": Family(
        "infrastructure_configuration", "infrastructureConfigurationArn", ("description", "instanceProfileName")
    ),
    "distribution-configuration": Family(
        "distribution_configuration", "distributionConfigurationArn", ("description", "distributions")
    ),
    "image-pipeline": Family(
        "image_pipeline", "imagePipelineArn", ("description", "status", "workflows", *PIPELINE_USES)
    ),
    "lifecycle-policy": Family("lifecycle_policy", "lifecyclePolicyArn", ("description", "resourceType")),
    "image": Family("image", "imageBuildVersionArn", ("version",)),
}
#: What has policies, and the member of Put and Get that holds its ARN.
WITH_POLICIES = {
    "component": "componentArn",
    "image-recipe": "imageRecipeArn",
    "container-recipe": "containerRecipeArn",
    "image": "imageArn",
}


class List(NamedTuple):
    """A list operation: the member of the answer that holds the rows, and the ARNs that it has to show, in order."""

    method: str
    member: str
    expected: Callable[[World], list[str]]


#: The lists by what they show.
LISTS = {
    "component": (
        List("list_components", "componentVersionList", lambda world: world.versions("component")),
        List("list_component_build_versions", "componentSummaryList", lambda world: world.builds("component")),
    ),
    "workflow": (
        List("list_workflows", "workflowVersionList", lambda world: world.versions("workflow")),
        List("list_workflow_build_versions", "workflowSummaryList", lambda world: world.builds("workflow")),
    ),
    "image": (
        List("list_images", "imageVersionList", lambda world: world.versions("image")),
        List("list_image_build_versions", "imageSummaryList", lambda world: world.builds("image")),
    ),
    **{
        kind: (List(f"list_{plural}", member, lambda world, kind=kind: world.arns(kind)),)  # type: ignore[misc]
        for kind, plural, member in (
            ("image-recipe", "image_recipes", "imageRecipeSummaryList"),
            ("container-recipe", "container_recipes", "containerRecipeSummaryList"),
            (
                "infrastructure-configuration",
                "infrastructure_configurations",
                "infrastructureConfigurationSummaryList",
            ),
            ("distribution-configuration", "distribution_configurations", "distributionConfigurationSummaryList"),
            ("image-pipeline", "image_pipelines", "imagePipelineList"),
            ("lifecycle-policy", "lifecycle_policies", "lifecyclePolicySummaryList"),
        )
    },
}

NOWHERE = {
    kind: f"{kind}/{'test/' if kind == 'workflow' else ''}nowhere"
    + {"component": "/1.0.0/1", "workflow": "/1.0.0/1", "image": "/1.0.0/1"}.get(
        kind, "/1.0.0" if kind.endswith("recipe") else ""
    )
    for kind in FAMILIES
}
SETTINGS: dict[str, dict[str, Any]] = {
    "infrastructure-configuration": {"instanceProfileName": PROFILE},
    "distribution-configuration": {"distributions": DISTRIBUTIONS},
    "lifecycle-policy": lifecycle_settings(),
}
#: What makes another request of one, by the first word of its operation.
OTHERWISE: dict[str, dict[str, Any]] = {
    "create": {"tags": {"Other": "request"}},
    "import": {"tags": {"Other": "request"}},
    "start": {"tags": {"Other": "request"}},
    "update": {"description": "another request"},
    "cancel": {"imageBuildVersionArn": f"{ACCOUNT_BASE}:{NOWHERE['image']}"},
    "retry": {"imageBuildVersionArn": f"{ACCOUNT_BASE}:{NOWHERE['image']}"},
}


def kinds_of(method: str, request: Mapping[str, Any]) -> set[str]:
    """What a request is about."""
    if method.endswith(("tag_resource", "tags_for_resource")):
        return {kind_of(request["resourceArn"])}
    if method == "start_image_pipeline_execution":
        return {"image", "image-pipeline"}
    if method in ("import_vm_image", "cancel_image_creation", "retry_image"):
        return {"image"}
    word = method.split("_", 1)[1].removesuffix("_policy") if "lifecycle" not in method else "lifecycle_policy"
    return {next(kind for kind, family in FAMILIES.items() if family.word == word)}
