"""The types, as their schemas describe them: what makes them, what replaces them, what ``Fn::GetAtt`` may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..api import operations
from .properties import member_name


@dataclass(frozen=True)
class ResourceType:
    """``AWS::ImageBuilder::<name>``.

    ``arn``: the member that has the ARN, in requests and answers. ``required``: properties. ``updated``: the properties
    whose change does not replace a resource of a type that has no Update operation.
    ``own``: the properties that no member of a request stands for, with the properties that they have.
    ``attributes``: what ``Fn::GetAtt`` knows besides ``Arn``. ``is_versioned``: has the attributes ``LatestVersion.*``.
    """

    name: str
    arn: str
    required: tuple[str, ...] = ()
    updated: frozenset[str] = frozenset({"Tags"})
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    is_versioned: bool = False

    @property
    def full_name(self) -> str:
        return f"AWS::ImageBuilder::{self.name}"

    @property
    def record(self) -> str:
        """The member of a Get answer that has the resource."""
        return member_name(self.name)

    @property
    def has_update(self) -> bool:
        return f"Update{self.name}" in operations()

    def has_attribute(self, name: str) -> bool:
        return name == "Arn" or name in self.attributes or (self.is_versioned and name in LATEST_VERSIONS)

    def is_replaced_by(self, changed: set[str]) -> bool:
        """Whether these properties cannot be updated in place."""
        return "Name" in changed if self.has_update else bool(changed - self.updated)


#: The attributes of a version, by the member of ``latestVersionReferences`` that has their value.
LATEST_VERSIONS: Mapping[str, str] = {
    "LatestVersion.Arn": "latestVersionArn",
    "LatestVersion.Major": "latestMajorVersionArn",
    "LatestVersion.Minor": "latestMinorVersionArn",
    "LatestVersion.Patch": "latestPatchVersionArn",
}

_ALL: tuple[ResourceType, ...] = (
    ResourceType(
        "Component",
        "componentBuildVersionArn",
        required=("Name", "Platform", "Version"),
        attributes=("Type", "Encrypted"),
        is_versioned=True,
    ),
    ResourceType("ContainerRecipe", "containerRecipeArn", is_versioned=True),
    ResourceType(
        "ImageRecipe",
        "imageRecipeArn",
        required=("Name", "ParentImage", "Version"),
        is_versioned=True,
    ),
    ResourceType(
        "InfrastructureConfiguration",
        "infrastructureConfigurationArn",
        required=("InstanceProfileName", "Name"),
    ),
    ResourceType("DistributionConfiguration", "distributionConfigurationArn", required=("Distributions", "Name")),
    ResourceType("ImagePipeline", "imagePipelineArn", attributes=("DeploymentId",)),
    ResourceType(
        "Image",
        "imageBuildVersionArn",
        updated=frozenset({"Tags", "DeletionSettings", "ImagePipelineExecutionSettings"}),
        own={"DeletionSettings": ("ExecutionRole",), "ImagePipelineExecutionSettings": ("DeploymentId", "OnUpdate")},
        attributes=("Name", "ImageId", "ImageUri"),
        is_versioned=True,
    ),
    ResourceType(
        "LifecyclePolicy",
        "lifecyclePolicyArn",
        required=("ExecutionRole", "Name", "PolicyDetails", "ResourceSelection", "ResourceType"),
    ),
    ResourceType("Workflow", "workflowBuildVersionArn", required=("Name", "Type", "Version"), is_versioned=True),
)

TYPES: Mapping[str, ResourceType] = {type_.name: type_ for type_ in _ALL}
