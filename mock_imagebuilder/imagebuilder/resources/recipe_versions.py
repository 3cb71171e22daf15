"""What image recipes and container recipes have in common.

A recipe is never changed. Its versions are created once, in order if the service picks the number, read by wildcard, and
kept from being deleted by the pipelines that refer to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..arns import Arn
from ..builds.build_kind import BuildKind
from ..exceptions import (
    InvalidVersionNumberException,
    ResourceAlreadyExistsException,
    ResourceDependencyException,
    invalid_value,
)
from ..store import VersionedStore, VersionEntry
from ..versions import WILDCARD, Version, VersionPattern, next_version
from .base import BackendCore, Record, Resource, read_filters

if TYPE_CHECKING:
    from ..builds.parent_image import ParentImage

_SNAPSHOTS_KEPT = 4


class Recipe(Resource):
    """One version of a recipe."""

    #: What builds of this kind of recipe are like.
    build_kind: ClassVar[BuildKind]

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self._snapshots: tuple[Record, ...] = ()
        self._parent: ParentImage | None = None

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

    def shared_parent(self, parent: ParentImage) -> ParentImage:
        """One object for all images in a row for which the recipe's parent image means the same."""
        if self._parent is None or self._parent != parent:
            self._parent = parent
        return self._parent


R = TypeVar("R", bound=Recipe)


class RecipeOperations(BackendCore):
    """What the operations of both families are written with. ``recipes`` is the family's store."""

    def _new_recipe_arn(self, recipes: VersionedStore[R], family: Arn, semantic_version: str) -> Arn:
        """The ARN that a new version gets: one ``x`` in the version takes the next number in its place.

        :raises InvalidVersionNumberException: more than one ``x``, or a number that is too large.
        """
        try:
            version = next_version(semantic_version, recipes.versions_of(str(family)))
        except ValueError:
            raise InvalidVersionNumberException from None
        return family.with_version(_spelled_like(semantic_version, version))

    def _require_new_recipe(self, recipes: VersionedStore[R], arn: Arn) -> None:
        """:raises ResourceAlreadyExistsException: the name has this version already, whatever is in it."""
        existing = recipes.entry_of(arn)
        if existing:
            raise ResourceAlreadyExistsException(recipes.kind, str(existing.arn))

    def _delete_recipe(self, recipes: VersionedStore[R], arn_text: str, parameter: str) -> None:
        """
        :raises InvalidParameterValueException: the ARN has a wildcard.
        :raises ResourceNotFoundException: there is no such recipe.
        :raises ResourceDependencyException: a pipeline refers to it, or needs it to resolve its wildcard ARN; or it is
            shared with other accounts.
        """
        arn = Arn.parse(arn_text)
        if WILDCARD in str(arn.version):
            raise invalid_value(parameter, "The version of a recipe to delete can't have a wildcard.")
        recipe = recipes.get(arn_text)
        uses = (pipeline.record.get(parameter) for pipeline in self.image_pipelines)
        if any(use is not None and _needs(Arn.parse(use), arn, recipes) for use in uses):
            raise ResourceDependencyException.depended_on(recipe.arn)
        self.require_not_shared(recipe)
        recipes.remove(recipe.arn).forget()

    def _recipe_page(
        self, operation_name: str, recipes: VersionedStore[R], request: Mapping[str, Any], filter_names: set[str]
    ) -> tuple[list[Record], dict[str, str]]:
        """Records of recipes in ARN order, and the token. Filters match exactly, but for ``name``.

        Amazon and others publish no recipes: only ``Self`` and ``Shared`` can have any.
        """
        filters = read_filters(request, filter_names)
        names = filters.pop("name", None)
        owner = request.get("owner", "Self")
        if owner == "Shared":
            recipes = self.shared_with_me(recipes.kind, "List")

        def rows_after(after: str | None) -> Iterator[tuple[str, VersionEntry[R]]]:
            return recipes.version_rows(after, names) if owner in ("Self", "Shared") else iter(())

        rows, token = self.list_page(
            operation_name,
            request,
            rows_after,
            lambda row: all(row.newest.record[name] in values for name, values in filters.items()),
        )
        return [row.newest.record for row in rows], token


def _needs(reference: Arn, arn: Arn, recipes: VersionedStore[R]) -> bool:
    """Whether a pipeline's reference means this version and no other one. Numbers count, not how they are written."""
    pattern = VersionPattern(str(reference.version))
    version = Version.parse(str(arn.version))
    if reference.family != arn.family or not pattern.matches(version):
        return False
    return not any(pattern.matches(other) for other in recipes.versions_of(arn.family) if other != version)


def _spelled_like(text: str, version: Version) -> str:
    """``version``, with the nodes that ``text`` has as they are written there: the service keeps leading zeros."""
    nodes = zip(text.split("."), version, strict=True)
    return ".".join(str(number) if given == WILDCARD else given for given, number in nodes)
