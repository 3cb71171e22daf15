"""What the references of a recipe mean: when a build begins, and whether that has changed since another one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..arns import Arn
from ..exceptions import ImageBuilderException, ResourceNotFoundException
from ..versions import Version
from .build import Build, StageFailed

if TYPE_CHECKING:
    from ..resources.base import BackendCore
    from ..resources.image import Image
    from ..resources.recipe_versions import Recipe


def resolve_references(build: Build, _moment: datetime) -> None:
    """The work of the stage CREATING: resolve the wildcards of the recipe, as of now. GetImage shows what was used.

    :raises StageFailed: the parent image or a component is gone, or no longer for this use.
    """
    image, backend = build.image, build.image.backend
    kind = image.recipe.build_kind
    recipe = image.record[kind.recipe_member]
    try:
        parent = kind.resolve_parent(backend, recipe)
        components = [
            {**entry, "componentArn": _component_build(backend, entry["componentArn"])}
            for entry in recipe.get("components", ())
        ]
    except ImageBuilderException as error:
        raise StageFailed(error.message) from None
    resolved = {**recipe, "parentImage": parent.resolved}
    if components:
        resolved["components"] = components
    image.parent = image.recipe.shared_parent(parent)
    image.update(**{kind.recipe_member: image.recipe.shared_snapshot(resolved)}, imageSource=parent.image_source)


def has_dependency_updates(backend: BackendCore, recipe: Recipe, image: Image) -> bool:
    """Whether a recipe means newer components or another parent image by now than were used for an image.

    A lower version than before, because the higher one is gone, is no update, and neither is what can't be resolved any
    more (Schedule.pipelineExecutionStartCondition in the API model: "when there are new versions").

    :param image: of a build that has succeeded, from this recipe or another one of its kind.
    """
    used = image.recipe_record
    try:
        parent = recipe.build_kind.resolve_parent(backend, recipe.record).resolved
        components = [_component_build(backend, entry["componentArn"]) for entry in recipe.record.get("components", ())]
    except ImageBuilderException:
        return False
    before = {Arn.parse(entry["componentArn"]).family: entry["componentArn"] for entry in used.get("components", ())}
    return _is_update(parent, used["parentImage"]) or any(
        _is_update(component, before.get(Arn.parse(component).family)) for component in components
    )


def _is_update(resolved: str, used: str | None) -> bool:
    """Whether a reference means something newer than before, or something else. AMIs have no age."""
    if resolved == used or used is None:
        return used is None
    if not (resolved.startswith("arn:") and used.startswith("arn:")):
        return True
    new, old = Arn.parse(resolved), Arn.parse(used)
    return new.family != old.family or _age(new) > _age(old)


def _age(arn: Arn) -> tuple[Version, int]:
    return Version.parse(str(arn.version)), arn.build or 0


def _component_build(backend: BackendCore, reference: str) -> str:
    component = backend.find_component(reference)
    if component is None:
        raise ResourceNotFoundException("Component", reference)
    return component.arn
