"""Image recipes: a parent image and the components that turn it into another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arns import Arn, latest_version_references, slug
from ..builds.ami_build import AMI_BUILD
from ..builds.block_devices import check_block_devices
from ..builds.parent_image import ParentImage, resolve_parent_image, unusable_image
from ..builds.recipe_components import check_components
from ..exceptions import invalid_value
from .base import Answer, Record, iso_date, now, operation
from .recipe_versions import Recipe, RecipeOperations

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateImageRecipeRequestTypeDef,
        DeleteImageRecipeRequestTypeDef,
        GetImageRecipeRequestTypeDef,
        ListImageRecipesRequestTypeDef,
    )

_RESERVED_AMI_TAGS = ("CreatedBy", "Ec2ImageBuilderArn")
_WORKING_DIRECTORY = {"Windows": "C:/"}
_DEFAULT_WORKING_DIRECTORY = "/tmp"  # noqa: S108 - on the instance that is built, not here
#: What a recipe keeps as it was sent.
_AS_SENT = (
    "description",
    "components",
    "parentImage",
    "blockDeviceMappings",
    "additionalInstanceConfiguration",
    "amiTags",
    "amiWatermarks",
)


class ImageRecipe(Recipe):
    """One version of an image recipe; ``record`` in the members of the API's ImageRecipe, without ``type``."""

    build_kind = AMI_BUILD


class ImageRecipeOperations(RecipeOperations):
    """Create, get, delete and list image recipes. A recipe is never changed: there is no update."""

    @operation("CreateImageRecipe")
    def create_image_recipe(self, request: CreateImageRecipeRequestTypeDef) -> Answer:
        """The platform is the parent image's; one ``x`` in the version takes the next number in its place.

        :raises InvalidVersionNumberException: more than one ``x``, or a number that is too large.
        :raises InvalidParameterValueException: the parent image, a component or another setting is refused, see
            :func:`~..builds.parent_image.resolve_parent_image` and :func:`~..builds.recipe_components.check_components`.
        :raises InvalidParameterCombinationException: two settings clash.
        :raises ResourceNotFoundException: the parent image or a component does not exist.
        :raises ServiceQuotaExceededException: there are too many components, or as many recipes as there may be.
        :raises ResourceAlreadyExistsException: the name has this version already, whatever is in it.
        """
        family = self.arn("image-recipe", slug(request["name"]))
        arn = self._new_recipe_arn(self.image_recipes, family, request["semanticVersion"])
        parent = resolve_parent_image(self, request["parentImage"])
        if parent.type != "AMI":
            raise unusable_image()
        check_components(self, request.get("components", ()), parent)
        _check_settings(request, parent)
        self._require_new_recipe(self.image_recipes, arn)
        self.require_place("Image recipes", len(self.image_recipes))
        self.stop_dry_run(request)
        recipe = ImageRecipe(
            {
                "arn": str(arn),
                "name": request["name"],
                "platform": parent.platform,
                "owner": self.account_id,
                "version": arn.version,
                "dateCreated": iso_date(now()),
                "tags": request.get("tags", {}),
                "workingDirectory": request.get("workingDirectory")
                or _WORKING_DIRECTORY.get(parent.platform, _DEFAULT_WORKING_DIRECTORY),
            }
        )
        recipe.update(**_as_sent(request))
        self.image_recipes.add(recipe)
        return {"imageRecipeArn": recipe.arn, "latestVersionReferences": latest_version_references(arn)}

    @operation("GetImageRecipe")
    def get_image_recipe(self, request: GetImageRecipeRequestTypeDef) -> Answer:
        """A wildcard ARN means the highest version that matches.

        :raises ResourceNotFoundException: nothing matches.
        :raises InvalidParameterValueException: a number stands right of a wildcard.
        """
        recipe = self.require_recipe(request["imageRecipeArn"], "imageRecipeArn")
        return {
            "imageRecipe": recipe.record,
            "latestVersionReferences": latest_version_references(Arn.parse(recipe.arn)),
        }

    @operation("DeleteImageRecipe")
    def delete_image_recipe(self, request: DeleteImageRecipeRequestTypeDef) -> Answer:
        """Deletes one version. Images that were built from it stay, and do not keep it from being deleted.

        :raises InvalidParameterValueException: the ARN has a wildcard.
        :raises ResourceNotFoundException: there is no such recipe.
        :raises ResourceDependencyException: a pipeline refers to it, or needs it to resolve its wildcard ARN.
        """
        self._delete_recipe(self.image_recipes, request["imageRecipeArn"], "imageRecipeArn")
        return {"imageRecipeArn": request["imageRecipeArn"]}

    @operation("ListImageRecipes")
    def list_image_recipes(self, request: ListImageRecipesRequestTypeDef) -> Answer:
        """Summaries in ARN order. Filters: ``name``, ``parentImage``, ``platform``.

        Amazon and others publish no recipes, and other accounts share none here: only ``Self`` has any.
        """
        filters = {"name", "parentImage", "platform"}
        records, token = self._recipe_page("ListImageRecipes", self.image_recipes, request, filters)
        return {"imageRecipeSummaryList": records, **token}


def _as_sent(request: Mapping[str, Any]) -> Record:
    return {name: request.get(name) for name in _AS_SENT}


def _check_settings(request: Mapping[str, Any], parent: ParentImage) -> None:
    check_block_devices(request.get("blockDeviceMappings", ()), "blockDeviceMappings")
    if parent.platform == "Windows":
        if "systemsManagerAgent" in request.get("additionalInstanceConfiguration", {}):
            raise invalid_value(
                "additionalInstanceConfiguration.systemsManagerAgent",
                "Image Builder does not support configuring the SSM Agent on Windows",
            )
        if '"' in request.get("workingDirectory", ""):
            raise invalid_value("workingDirectory", "The working directory on Windows can't contain a double quote.")
    for key in request.get("amiTags", {}):
        if key in _RESERVED_AMI_TAGS:
            raise invalid_value(
                "amiTags", f"The tag key '{key}' is reserved. Reserved keys: {', '.join(_RESERVED_AMI_TAGS)}."
            )
    watermarks = request.get("amiWatermarks", ())
    if len(set(watermarks)) < len(watermarks):
        raise invalid_value("amiWatermarks", "The names of watermarks must be unique.")
