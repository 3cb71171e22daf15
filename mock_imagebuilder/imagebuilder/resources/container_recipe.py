"""Container recipes: a container image to start from, a Dockerfile and components, and the repository for the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arns import Arn, latest_version_references, slug
from ..builds.block_devices import check_block_devices
from ..builds.container_build import CONTAINER_BUILD
from ..builds.outputs import ecr
from ..builds.parent_container import check_overrides, resolve_parent_container
from ..builds.parent_image import resolve_ami
from ..builds.recipe_components import check_components
from ..documents.yaml_loader import MAX_DOCUMENT_BYTES
from ..exceptions import invalid_value
from .base import Answer, iso_date, now, operation
from .recipe_versions import Recipe, RecipeOperations
from .s3_document import read_s3_document

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateContainerRecipeRequestTypeDef,
        DeleteContainerRecipeRequestTypeDef,
        GetContainerRecipeRequestTypeDef,
        ListContainerRecipesRequestTypeDef,
    )

#: What a recipe keeps as it was sent.
_AS_SENT = (
    "containerType",
    "name",
    "description",
    "components",
    "instanceConfiguration",
    "kmsKeyId",
    "parentImage",
    "workingDirectory",
    "targetRepository",
)
_OWNERS = ("Self", "Shared", "Amazon")


class ContainerRecipe(Recipe):
    """One version of a container recipe; ``record`` in the members of the API's ContainerRecipe."""

    build_kind = CONTAINER_BUILD


class ContainerRecipeOperations(RecipeOperations):
    """Create, get, delete and list container recipes. A recipe is never changed: there is no update."""

    @operation("CreateContainerRecipe")
    def create_container_recipe(self, request: CreateContainerRecipeRequestTypeDef) -> Answer:
        """The platform is that of the parent image, or for an image in a registry that of the override.

        :raises InvalidVersionNumberException: more than one ``x`` in the version, or a number that is too large.
        :raises InvalidParameterValueException: the parent image or the overrides, a component, the Dockerfile template,
            the instance configuration or the target repository is refused, see :mod:`~..builds.parent_container` and
            :func:`~..builds.recipe_components.check_components`.
        :raises InvalidParameterCombinationException: two settings clash.
        :raises ResourceNotFoundException: the parent image or a component does not exist.
        :raises ServiceQuotaExceededException: there are too many components, or as many recipes as there may be.
        :raises ResourceAlreadyExistsException: the name has this version already, whatever is in it.
        """
        family = self.arn("container-recipe", slug(request["name"]))
        arn = self._new_recipe_arn(self.container_recipes, family, request["semanticVersion"])
        overrides = request.get("platformOverride"), request.get("imageOsVersionOverride")
        check_overrides(request["parentImage"], *overrides)
        parent = resolve_parent_container(self, request["parentImage"], *overrides)
        check_components(self, request.get("components", ()), parent)
        dockerfile_template = self._dockerfile_template(request)
        self._check_instance(request.get("instanceConfiguration", {}))
        self._check_target(request["targetRepository"]["repositoryName"])
        self._require_new_recipe(self.container_recipes, arn)
        self.require_place("Container recipes", len(self.container_recipes))
        self.stop_dry_run(request)
        recipe = ContainerRecipe(
            {
                "arn": str(arn),
                "platform": parent.platform,
                "owner": self.account_id,
                "version": arn.version,
                "dockerfileTemplateData": dockerfile_template,
                "encrypted": True,
                "dateCreated": iso_date(now()),
                "tags": request.get("tags", {}),
            }
        )
        recipe.update(**{name: request.get(name) for name in _AS_SENT})
        self.container_recipes.add(recipe)
        return {"containerRecipeArn": recipe.arn, "latestVersionReferences": latest_version_references(arn)}

    @operation("GetContainerRecipe")
    def get_container_recipe(self, request: GetContainerRecipeRequestTypeDef) -> Answer:
        """A recipe of this account or one that is shared with it; a wildcard ARN means the highest version that matches.

        :raises ResourceNotFoundException: nothing matches.
        :raises InvalidParameterValueException: a number stands right of a wildcard.
        """
        recipe = self.require_recipe(request["containerRecipeArn"], "containerRecipeArn")
        references = latest_version_references(Arn.parse(recipe.arn))
        return {"containerRecipe": recipe.record, "latestVersionReferences": references}

    @operation("DeleteContainerRecipe")
    def delete_container_recipe(self, request: DeleteContainerRecipeRequestTypeDef) -> Answer:
        """Deletes one version. Images that were built from it stay, and do not keep it from being deleted.

        :raises InvalidParameterValueException: the ARN has a wildcard.
        :raises ResourceNotFoundException: there is no such recipe.
        :raises ResourceDependencyException: a pipeline refers to it, or needs it to resolve its wildcard ARN; or it is
            shared with other accounts.
        """
        self._delete_recipe(self.container_recipes, request["containerRecipeArn"], "containerRecipeArn")
        return {"containerRecipeArn": request["containerRecipeArn"]}

    @operation("ListContainerRecipes")
    def list_container_recipes(self, request: ListContainerRecipesRequestTypeDef) -> Answer:
        """Summaries in ARN order. Filters: ``containerType``, ``name``, ``parentImage``, ``platform``.

        Amazon publishes no recipes: only ``Self`` and ``Shared`` can have any.

        :raises InvalidParameterValueException: the owner is none of these three.
        """
        if request.get("owner", "Self") not in _OWNERS:
            raise invalid_value("owner", f"Valid owners of container recipes are: {', '.join(_OWNERS)}.")
        filters = {"containerType", "name", "parentImage", "platform"}
        records, token = self._recipe_page("ListContainerRecipes", self.container_recipes, request, filters)
        summaries = [
            {**record, "instanceImage": record.get("instanceConfiguration", {}).get("image")} for record in records
        ]
        return {"containerRecipeSummaryList": summaries, **token}

    def _dockerfile_template(self, request: Mapping[str, Any]) -> str:
        """The template itself, read from S3 if it is there. What is in it does not matter.

        :raises InvalidParameterValueException: it is not given in exactly one way, or cannot be read.
        """
        member, uri_member = "dockerfileTemplateData", "dockerfileTemplateUri"
        if (member in request) == (uri_member in request):
            raise invalid_value(member, f"You must specify either {member} or a {uri_member}")
        if member in request:
            template: str = request[member]
            return template
        uri = request[uri_member]
        template = read_s3_document(uri, uri_member, MAX_DOCUMENT_BYTES, self.account_id, self.partition)
        if not template or "\0" in template:
            raise invalid_value(uri_member, f"The object at '{uri}' is not a Dockerfile template.")
        return template

    def _check_instance(self, configuration: Mapping[str, Any]) -> None:
        """:raises InvalidParameterValueException: the image is not an AMI that this account can use."""
        path = "instanceConfiguration"
        check_block_devices(configuration.get("blockDeviceMappings", ()), f"{path}.blockDeviceMappings")
        if "image" in configuration and resolve_ami(self, configuration["image"], f"{path}.image") is None:
            raise invalid_value(
                f"{path}.image", "The image must be an AMI ID, or an SSM parameter prefixed by ssm: that holds one."
            )

    def _check_target(self, repository_name: str) -> None:
        """:raises InvalidParameterValueException: ECR has no such repository in this account and Region."""
        if ecr.find_repository(self.account_id, self.region_name, repository_name) is None:
            sentence = f"{ecr.no_repository(self.account_id, repository_name)}."
            raise invalid_value("targetRepository.repositoryName", sentence)
