"""The work of the stage CREATING: what the references of a recipe mean when its build begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..exceptions import ImageBuilderException, ResourceNotFoundException
from .build import Build, StageFailed

if TYPE_CHECKING:
    from ..resources.base import BackendCore
    from .parent_image import ParentImage


def resolve_references(build: Build, resolve_parent: Callable[[BackendCore, dict[str, Any]], ParentImage]) -> None:
    """Resolve the wildcards of the recipe, as of now: GetImage shows what was used.

    :param resolve_parent: finds the parent image of a recipe, given its record.
    :raises StageFailed: the parent image or a component is gone, or no longer for this use.
    """
    image, backend = build.image, build.image.backend
    member = image.recipe.build_kind.recipe_member
    recipe = image.record[member]
    try:
        parent = resolve_parent(backend, recipe)
        components = [
            {**entry, "componentArn": _component_build(backend, entry["componentArn"])}
            for entry in recipe.get("components", ())
        ]
    except ImageBuilderException as error:
        raise StageFailed(error.message) from None
    resolved = {**recipe, "parentImage": parent.resolved}
    if components:
        resolved["components"] = components
    image.parent = parent
    image.update(**{member: image.recipe.shared_snapshot(resolved)}, imageSource=parent.image_source)


def _component_build(backend: BackendCore, reference: str) -> str:
    component = backend.find_component(reference)
    if component is None:
        raise ResourceNotFoundException("Component", reference)
    return component.arn
