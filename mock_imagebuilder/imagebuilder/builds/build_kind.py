"""What the kind of a recipe decides about the builds that are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .build import Stage

if TYPE_CHECKING:
    from ..resources.base import BackendCore, Record
    from ..resources.image import Image
    from .parent_image import ParentImage


@dataclass(frozen=True)
class BuildKind:
    """Builds of AMIs, or builds of container images."""

    #: A value of the API's ImageType.
    image_type: str
    #: The member of the API's Image that shows the recipe.
    recipe_member: str
    #: The member of the API's OutputResources that shows what the build has made.
    output_member: str
    #: Amazon's workflows, by type and slug, of an image that names none: for the build, and for tests.
    build_workflow: str
    test_workflow: str
    #: Finds the parent image of a recipe, given its record.
    resolve_parent: Callable[[BackendCore, Record], ParentImage]
    #: The stages before AVAILABLE. The arguments are the types of the workflows that run (BUILD, TEST, DISTRIBUTION), and
    #: whether the image has a distribution configuration.
    stages_of: Callable[[frozenset[str], bool], tuple[Stage, ...]]
    #: What distributes a container image; None for AMIs.
    push: Callable[[Image, datetime], None] | None = None
