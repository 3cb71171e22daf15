"""Which components of a recipe have something to do in a stage of a build.

Build workflows run the phases ``build`` and ``validate`` of components, test workflows ``test``, of container images also
``container-host-test`` ("ExecuteComponents" in the user guide's page on step actions; the AWSTOE page on phases).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..documents.component import parse_component_document
from ..exceptions import ResourceNotFoundException

if TYPE_CHECKING:
    from ..resources.image import Image

_PHASES: Mapping[str, tuple[str, ...]] = {"BUILD": ("build", "validate"), "TEST": ("test", "container-host-test")}


@dataclass(frozen=True, slots=True)
class ComponentPhase:
    """The first phase of a component that runs in a stage, and the first step of it."""

    component_arn: str
    phase: str
    step: str | None
    action: str | None


def phases_in(image: Image, workflow_type: str) -> Iterator[ComponentPhase]:
    """What components have to do in a workflow of this type, in the order of the recipe.

    :param workflow_type: BUILD, TEST or DISTRIBUTION, in which they have nothing to do.

    :raises ResourceNotFoundException: a component has been deleted.
    """
    for entry in image.recipe_record.get("components", ()):
        component = image.backend.find_component(entry["componentArn"])
        if component is None:
            raise ResourceNotFoundException("Component", entry["componentArn"])
        record = component.record
        phases = (
            _phases(record["data"], record["platform"])
            # What others sell hides its document; its type says which phases it has.
            if "data" in record
            else ((record["type"].lower(), None, None),)
        )
        for name, step, action in phases:
            if name in _PHASES.get(workflow_type, ()):
                yield ComponentPhase(component.arn, name, step, action)
                break


@lru_cache(maxsize=1024)
def _phases(data: str, platform: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """The phases of a component document, each with its first step and that step's action."""
    document = parse_component_document(data, platform)
    return tuple((phase.name, phase.steps[0].name, phase.steps[0].action) for phase in document.phases)
