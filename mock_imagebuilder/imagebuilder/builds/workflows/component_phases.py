"""Which components of a recipe have something to do in a stage of a build.

Build workflows run the phases ``build`` and ``validate`` of components, test workflows ``test``, of container images also
``container-host-test`` ("ExecuteComponents" in the user guide's page on step actions; the AWSTOE page on phases).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ...documents.component import parse_component_document
from ...exceptions import ResourceNotFoundException

if TYPE_CHECKING:
    from ...resources.image import Image

_PHASES: Mapping[str, tuple[str, ...]] = {"BUILD": ("build", "validate"), "TEST": ("test", "container-host-test")}


@dataclass(frozen=True, slots=True)
class ComponentPhase:
    """The first phase of a component that runs in a stage, and the first step of it."""

    component_arn: str
    phase: str
    step: str | None
    action: str | None


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """A phase that has run, with the names and the actions of its steps."""

    name: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ComponentRun:
    """What has run of a component in a stage. Of a component that hides its document there are no phases to be seen."""

    component_arn: str
    #: The name of the document; None if it has none.
    document: str | None
    phases: tuple[PhaseRun, ...]


#: What has run in an image, by the type of the workflow that ran it.
ComponentRuns = Mapping[str, tuple[ComponentRun, ...]]


def runs_in(image: Image, workflow_type: str) -> Iterator[ComponentRun]:
    """All that components have to do in a workflow of this type.

    :raises ResourceNotFoundException: a component has been deleted.
    """
    for entry in phases_in(image, workflow_type):
        component = image.backend.find_component(entry.component_arn)
        record = {} if component is None else component.record
        document, phases = _runs(record["data"], record["platform"], workflow_type) if "data" in record else (None, ())
        yield ComponentRun(entry.component_arn, document, phases)


@lru_cache(maxsize=1024)
def shared_runs(*runs: tuple[str, tuple[ComponentRun, ...]]) -> ComponentRuns:
    """One mapping for all images in which the same has run. Not to be changed."""
    return dict(runs)


@lru_cache(maxsize=1024)
def _runs(data: str, platform: str, workflow_type: str) -> tuple[str | None, tuple[PhaseRun, ...]]:
    document = parse_component_document(data, platform)
    phases = (phase for phase in document.phases if phase.name in _PHASES[workflow_type])
    return document.name, tuple(
        PhaseRun(phase.name, tuple((step.name, step.action) for step in phase.steps)) for phase in phases
    )


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
