"""What happens in the stages of a build that makes a container image from a container recipe.

CREATING resolves the recipe's references. The image that BUILDING makes is on the build instance alone: TESTING pushes a
copy of it if it is to be scanned, DISTRIBUTING pushes it to its repositories, with a distribution configuration or without
("DistributeContainerImage" in the user guide's page on step actions of workflow documents). INTEGRATING, which only a
distribution configuration brings along, has nothing to do for container images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from ..arns import Arn
from .build import Build, Stage, StageFailed
from .build_kind import BuildKind
from .distribution_failures import DistributionRefused, distribution_failed
from .failure_rules import refusal_of
from .outputs import ecr
from .outputs.naming import names_of
from .parent_container import resolve_parent_container
from .references import resolve_references
from .scans import state as scans

if TYPE_CHECKING:
    from ..resources.image import Image

#: Where images are pushed for a scan if the configuration names no repository.
SCAN_REPOSITORY = "image-builder-image-scanning-repository"


@cache
def stages_of(workflow_types: frozenset[str], distributes: bool) -> tuple[Stage, ...]:
    """The stages before AVAILABLE.

    :param workflow_types: the types of the workflows that run. Without a BUILD workflow there is no image to distribute;
        a DISTRIBUTION workflow distributes it with a step of its own.
    :param distributes: whether the image has a distribution configuration.
    """
    stages = [Stage("PENDING"), Stage("CREATING", resolve_references)]
    stages.append(Stage("BUILDING", None if "BUILD" in workflow_types else _refuse_to_build_nothing))
    if "TEST" in workflow_types:
        stages.append(Stage("TESTING", _push_for_scan))
    stages.append(Stage("DISTRIBUTING", None if "DISTRIBUTION" in workflow_types else _distribute))
    if distributes:
        stages.append(Stage("INTEGRATING"))
    return tuple(stages)


def _refuse_to_build_nothing(_build: Build, _moment: datetime) -> None:
    raise StageFailed("No workflow builds a container image.")


def _push_for_scan(build: Build, moment: datetime) -> None:
    image = build.image
    scanning: Mapping[str, Any] = image.record.get("imageScanningConfiguration", {})
    if not scanning.get("imageScanningEnabled"):
        return
    place = image.backend.account_id, image.backend.region_name
    configuration: Mapping[str, Any] = scanning.get("ecrConfiguration", {})
    repository = configuration.get("repositoryName", SCAN_REPOSITORY)
    if repository == SCAN_REPOSITORY:
        ecr.ensure_repository(*place, repository)
    # Images of many recipes are scanned in one repository: the tag without a name would not tell them apart.
    tags = _distinct(_fixed_tags(image)[1], *configuration.get("containerTags", ()))
    try:
        ecr.push(*place, repository, _manifest(image), tags, moment)
    except ecr.PushRefused as refusal:
        # There was nothing to scan.
        scans.end_badly(image, "FAILED", _client_error(refusal))
        raise StageFailed(_client_error(refusal)) from None


def _distribute(build: Build, moment: datetime) -> None:
    push(build.image, moment)


def push(image: Image, moment: datetime) -> None:
    """Push the image to its repositories.

    :raises StageFailed: a repository does not get it. Those that do keep it.
    """
    names, account_id = names_of(image), image.backend.account_id
    containers: list[dict[str, Any]] = []
    refusals = []
    for region, settings in _targets(image):
        repository = settings["targetRepository"]["repositoryName"]
        refusal_wanted = refusal_of(image, "DISTRIBUTING", region)
        if refusal_wanted is not None:
            refusals.append(DistributionRefused(region, account_id, refusal_wanted))
            continue
        try:
            tags = _distinct(*_fixed_tags(image), *map(names.fill, settings.get("containerTags", ())))
            uris = ecr.push(account_id, region, repository, _manifest(image), tags, moment)
        except ecr.PushRefused as refusal:
            refusals.append(DistributionRefused(region, account_id, _client_error(refusal)))
        except LookupError as error:
            refusals.append(DistributionRefused(region, account_id, str(error)))
        else:
            containers.append({"region": region, "imageUris": uris})
    image.update(outputResources={"containers": containers})
    if refusals:
        raise distribution_failed(image, refusals)


def _targets(image: Image) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Regions, and where the image goes there in the members of the API's ContainerDistributionConfiguration.

    The build's own Region comes first: the recipe has a repository for it, unless the configuration has another.
    """
    own_region, record = image.backend.region_name, image.record
    distributions = record.get("distributionConfiguration", {}).get("distributions", ())
    settings = {
        distribution["region"]: distribution["containerDistributionConfiguration"]
        for distribution in distributions
        if "containerDistributionConfiguration" in distribution
    }
    yield own_region, settings.pop(own_region, {"targetRepository": record["containerRecipe"]["targetRepository"]})
    yield from settings.items()


def _fixed_tags(image: Image) -> tuple[str, str]:
    """The tags that every image has: ``1.0.0-1`` and ``web-server-1.0.0-1``."""
    arn = Arn.parse(image.arn)
    tag = f"{arn.version}-{arn.build}"
    return tag, f"{arn.slug}-{tag}"


def _distinct(*tags: str) -> Sequence[str]:
    return list(dict.fromkeys(tags))


def _manifest(image: Image) -> str:
    return ecr.manifest_of((image.record["containerRecipe"]["parentImage"], f"{image.arn} {image.created}"))


def _client_error(refusal: ecr.PushRefused) -> str:
    return f"ECR Client Error: '{refusal}'"


CONTAINER_BUILD = BuildKind(
    image_type="DOCKER",
    recipe_member="containerRecipe",
    output_member="containers",
    build_workflow="build/build-container",
    test_workflow="test/test-container",
    resolve_parent=lambda backend, recipe: resolve_parent_container(backend, recipe["parentImage"], recipe["platform"]),
    stages_of=stages_of,
    push=push,
)
