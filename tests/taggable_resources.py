"""One resource of every family that has tags, arranged through boto3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .build_parts import PARENT_IMAGE, UPDATE_LINUX
from .resources.components import component_document
from .resources.container_recipes import create as create_container_recipe
from .resources.container_recipes import create_repository
from .resources.lifecycles import create_policy, create_role
from .resources.workflows import create_workflow

#: The resource types, as in ARNs and in the Resource Groups Tagging API, and the word for each in error messages.
KINDS = {
    "component": "Component",
    "container-recipe": "ContainerRecipe",
    "distribution-configuration": "DistributionConfiguration",
    "image": "Image",
    "image-pipeline": "ImagePipeline",
    "image-recipe": "ImageRecipe",
    "infrastructure-configuration": "InfrastructureConfiguration",
    "lifecycle-policy": "LifecyclePolicy",
    "workflow": "Workflow",
}


def create_taggable(client: Any, instance_profile: str, tags: Mapping[str, str] | None = None) -> dict[str, str]:
    """The ARNs of new resources by type, all with the same tags; none of them has tags if ``tags`` is left out."""
    common: dict[str, Any] = {"name": "web"} if tags is None else {"name": "web", "tags": dict(tags)}
    version = {**common, "semanticVersion": "1.0.0"}
    create_role()
    create_repository(region=client.meta.region_name)
    recipe = client.create_image_recipe(
        parentImage=PARENT_IMAGE, components=[{"componentArn": UPDATE_LINUX}], **version
    )["imageRecipeArn"]
    infrastructure = client.create_infrastructure_configuration(instanceProfileName=instance_profile, **common)[
        "infrastructureConfigurationArn"
    ]
    return {
        "component": client.create_component(platform="Linux", data=component_document(), **version)[
            "componentBuildVersionArn"
        ],
        "container-recipe": create_container_recipe(client, **common),
        "distribution-configuration": create_distribution_configuration(client, **common),
        "image": client.import_vm_image(platform="Linux", vmImportTaskId="import-ami-0123456789abcdef0", **version)[
            "imageArn"
        ],
        "image-pipeline": client.create_image_pipeline(
            imageRecipeArn=recipe, infrastructureConfigurationArn=infrastructure, **common
        )["imagePipelineArn"],
        "image-recipe": recipe,
        "infrastructure-configuration": infrastructure,
        "lifecycle-policy": create_policy(client, **common),
        "workflow": create_workflow(client, **version),
    }


def create_distribution_configuration(client: Any, name: str = "web", **members: Any) -> str:
    distributions = [{"region": client.meta.region_name, "amiDistributionConfiguration": {}}]
    answer = client.create_distribution_configuration(name=name, distributions=distributions, **members)
    return str(answer["distributionConfigurationArn"])
