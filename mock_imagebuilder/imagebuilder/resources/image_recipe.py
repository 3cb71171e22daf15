"""Image recipes: a parent image and the components that turn it into another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..arns import Arn, latest_version_references, slug
from ..builds.block_devices import check_block_devices
from ..builds.parent_image import ParentImage, resolve_parent_image, unusable_parent
from ..builds.recipe_components import check_components
from ..exceptions import (
    InvalidVersionNumberException,
    ResourceAlreadyExistsException,
    ResourceDependencyException,
    ResourceNotFoundException,
    invalid_value,
    misplaced_wildcard,
)
from ..store import VersionEntry
from ..versions import WILDCARD, Version, VersionPattern, next_version
from .base import Answer, BackendCore, Record, Resource, iso_date, now, operation, read_filters

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
_SNAPSHOTS_KEPT = 4


class ImageRecipe(Resource):
    """One version of an image recipe; ``record`` in the members of the API's ImageRecipe, without ``type``."""

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self._snapshots: tuple[Record, ...] = ()

    @property
    def snapshot(self) -> Record:
        """The recipe as images show it: without its owner."""
        return self.shared_snapshot({name: value for name, value in self.record.items() if name != "owner"})

    def shared_snapshot(self, members: Record) -> Record:
        """One object for all images that show the same of this recipe: there can be thousands of them.

        :param members: what an image shows of it; not to be changed afterwards.
        """
        for snapshot in self._snapshots:
            if snapshot == members:
                return snapshot
        self._snapshots = (*self._snapshots, members)[-_SNAPSHOTS_KEPT:]
        return members


class ImageRecipeOperations(BackendCore):
    """Create, get, delete and list image recipes. A recipe is never changed: there is no update."""

    @operation("CreateImageRecipe")
    def create_image_recipe(self, request: CreateImageRecipeRequestTypeDef) -> Answer:
        """The platform is the parent image's; one ``x`` in the version takes the next number in its place.

        :raises InvalidVersionNumberException: more than one ``x``, or a number that is too large.
        :raises InvalidParameterValueException: the parent image, a component or another setting is refused, see
            :func:`~..builds.parent_image.resolve_parent_image` and :func:`~..builds.recipe_components.check_components`.
        :raises InvalidParameterCombinationException: two settings clash.
        :raises ResourceNotFoundException: the parent image or a component does not exist.
        :raises ServiceQuotaExceededException: there are too many components.
        :raises ResourceAlreadyExistsException: the name has this version already, whatever is in it.
        """
        arn = self._new_recipe_arn(request["name"], request["semanticVersion"])
        parent = resolve_parent_image(self, request["parentImage"])
        if parent.type != "AMI":
            raise unusable_parent()
        check_components(self, request.get("components", ()), parent)
        _check_settings(request, parent)
        existing = self.image_recipes.entry_of(arn)
        if existing:
            raise ResourceAlreadyExistsException(self.image_recipes.kind, str(existing.arn))
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
        arn = request["imageRecipeArn"]
        try:
            recipe = self.image_recipes.resolve(Arn.parse(arn))
        except ValueError:
            raise misplaced_wildcard("imageRecipeArn") from None
        if recipe is None:
            raise ResourceNotFoundException(self.image_recipes.kind, arn)
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
        arn_text = request["imageRecipeArn"]
        if WILDCARD in str(Arn.parse(arn_text).version):
            raise invalid_value("imageRecipeArn", "The version of a recipe to delete can't have a wildcard.")
        recipe = self.image_recipes.get(arn_text)
        try:
            for reference in self._references_to(Arn.parse(arn_text)):
                self.require_no_pipeline_uses(reference)
        except ResourceDependencyException:
            raise ResourceDependencyException.depended_on(recipe.arn) from None
        self.image_recipes.remove(recipe.arn).forget()
        return {"imageRecipeArn": recipe.arn}

    @operation("ListImageRecipes")
    def list_image_recipes(self, request: ListImageRecipesRequestTypeDef) -> Answer:
        """Summaries in ARN order. Filters: ``name``, ``parentImage``, ``platform``.

        Amazon and others publish no recipes, and other accounts share none here: only ``Self`` has any.
        """
        filters = read_filters(request, {"name", "parentImage", "platform"})
        names = filters.pop("name", None)

        def rows_after(after: str | None) -> Iterator[tuple[str, VersionEntry[ImageRecipe]]]:
            if request.get("owner", "Self") != "Self":
                return iter(())
            return self.image_recipes.version_rows(after, names)

        rows, token = self.list_page(
            "ListImageRecipes",
            request,
            rows_after,
            lambda row: all(row.newest.record[name] in values for name, values in filters.items()),
        )
        summaries = [row.newest.record for row in rows]
        return {"imageRecipeSummaryList": summaries, **token}

    def _new_recipe_arn(self, name: str, semantic_version: str) -> Arn:
        family = self.arn("image-recipe", slug(name))
        try:
            version = next_version(semantic_version, self.image_recipes.versions_of(str(family)))
        except ValueError:
            raise InvalidVersionNumberException from None
        return family.with_version(_spelled_like(semantic_version, version))

    def _references_to(self, arn: Arn) -> list[str]:
        """The ARNs, with and without wildcards, that mean this version and no other one."""
        others = self.image_recipes.versions_of(arn.family).keys() - {Version.parse(str(arn.version))}
        wildcards = [
            reference
            for reference in latest_version_references(arn).values()
            if not any(map(VersionPattern(str(Arn.parse(reference).version)).matches, others))
        ]
        return [str(arn), *wildcards]


def _spelled_like(text: str, version: Version) -> str:
    """``version``, with the nodes that ``text`` has as they are written there: the service keeps leading zeros."""
    nodes = zip(text.split("."), version, strict=True)
    return ".".join(str(number) if given == WILDCARD else given for given, number in nodes)


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
