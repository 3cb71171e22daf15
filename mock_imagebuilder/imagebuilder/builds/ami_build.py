"""What happens in the stages of a build that makes an AMI from an image recipe.

CREATING resolves the recipe's references. The BUILD workflow makes the output AMI in the build's own Region while the
image is BUILDING. DISTRIBUTING copies and shares it as the distribution configuration says, INTEGRATING configures what uses
it, unless a DISTRIBUTION workflow does. The last two exist only with a distribution configuration or such a workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from ..exceptions import ResourceNotFoundException
from ..regions import partition_of
from .ami_outputs import distribute, source_ami
from .build import Build, Stage, StageFailed
from .build_kind import BuildKind
from .execution_role import SERVICE_LINKED_ROLE
from .image_configurations import integrate
from .parent_image import resolve_parent_image
from .references import resolve_references
from .workflows.scan_actions import end_scan_of_output_ami

if TYPE_CHECKING:
    from ..resources.base import BackendCore


@cache
def stages_of(workflow_types: frozenset[str], distributes: bool) -> tuple[Stage, ...]:
    """The stages before AVAILABLE.

    :param workflow_types: the types of the workflows that run. Without a BUILD workflow the output is the parent image
        itself; a DISTRIBUTION workflow does what is otherwise done in the last two stages.
    :param distributes: whether the image has a distribution configuration.
    """
    stages = [Stage("PENDING"), Stage("CREATING", resolve_references)]
    stages.append(Stage("BUILDING", _require_output_ami if "BUILD" in workflow_types else _take_parent_ami))
    if "TEST" in workflow_types:
        stages.append(Stage("TESTING", end_scan_of_output_ami))
    if "DISTRIBUTION" in workflow_types:
        stages += [Stage("DISTRIBUTING"), Stage("INTEGRATING")]
    elif distributes:
        stages += [Stage("DISTRIBUTING", _distribute), Stage("INTEGRATING", _integrate)]
    return tuple(stages)


def _distribute(build: Build, moment: datetime) -> None:
    distribute(build.image, moment)


def _integrate(build: Build, moment: datetime) -> None:
    integrate(build.image, moment)


#: The stages of an image that is not built, but only distributed.
DISTRIBUTION_STAGES = (Stage("PENDING"), Stage("DISTRIBUTING", _distribute), Stage("INTEGRATING", _integrate))


def _take_parent_ami(build: Build, _moment: datetime) -> None:
    image = build.image
    ami = None if image.parent is None else image.parent.ami
    if ami is None:
        raise StageFailed("The parent image has no AMI to distribute.")
    entry = {"region": image.backend.region_name, "image": ami.ami_id, "name": ami.name, "accountId": ami.owner_id}
    image.update(outputResources={"amis": [entry]})


def _require_output_ami(build: Build, _moment: datetime) -> None:
    if source_ami(build.image) is None:
        raise StageFailed("No step of the BUILD workflow has created an image.")


def default_workflows(backend: BackendCore, kind: BuildKind, tests: bool) -> list[dict[str, str]]:
    """The workflows of an image that names none: Amazon's own, in their newest versions. Such images share the list."""
    keys = (kind.build_workflow, kind.test_workflow) if tests else (kind.build_workflow,)
    return _shared_list(*map(backend.catalogue.newest_workflow, keys))


@lru_cache(maxsize=1024)
def _shared_list(*arns: str) -> list[dict[str, str]]:
    return [{"workflowArn": arn} for arn in arns]


def resolved_workflows(backend: BackendCore, settings: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The workflows that the settings name, each as the build version that is used; None if they name none.

    :param settings: as :func:`~.settings.check_build_settings` has accepted them.
    """
    if not settings.get("workflows"):
        return None
    return [{**entry, "workflowArn": _workflow_build(backend, entry["workflowArn"])} for entry in settings["workflows"]]


def _workflow_build(backend: BackendCore, reference: str) -> str:
    workflow = backend.find_workflow(reference)
    if workflow is None:
        raise ResourceNotFoundException("Workflow", reference)
    return workflow.arn


@lru_cache(maxsize=1024)
def service_linked_role(account_id: str, region: str) -> str:
    """The role of a build that names none."""
    return f"arn:{partition_of(region)}:iam::{account_id}:role/{SERVICE_LINKED_ROLE}"


AMI_BUILD = BuildKind(
    image_type="AMI",
    recipe_member="imageRecipe",
    output_member="amis",
    build_workflow="build/build-image",
    test_workflow="test/test-image",
    resolve_parent=lambda backend, recipe: resolve_parent_image(backend, recipe["parentImage"]),
    stages_of=stages_of,
)
