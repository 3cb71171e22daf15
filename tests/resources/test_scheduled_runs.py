"""Which scheduled runs build an image, and what comes of those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import boto3
import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.managed.catalogue import ManagedComponent, ManagedImage, ManagedVersion

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, create_distribution, create_infrastructure, create_recipe
from ..conftest import ACCOUNT, REGION
from ..images import get_image
from ..schedules import (
    DAY,
    START,
    create_scheduled,
    dates_of,
    images_of,
    night,
    read_pipeline,
    schedule,
    update_pipeline,
)
from .components import component_document, create_component
from .container_recipes import create as create_container_recipe
from .container_recipes import create_repository

DATE = "2026-01-01T00:00:00.000Z"
OWN = f"{ACCOUNT_BASE}:image/imported"
AGENT = f"{MANAGED_BASE}:component/team-agent"
BASE = f"{MANAGED_BASE}:image/team-base-x86"


class World(NamedTuple):
    """A client, the handle, and a pipeline that builds only if its dependencies have updates."""

    client: Any
    control: Control

    def pipeline(self, **recipe: Any) -> str:
        return create_scheduled(
            self.client, imageRecipeArn=self.recipe(**recipe), schedule=schedule(always=False, timezone="Etc/UTC")
        )

    def recipe(self, version: str = "1.0.0", **members: Any) -> str:
        return (
            create_recipe(self.client, version=version, **members)
            if "parentImage" not in members
            else str(
                self.client.create_image_recipe(name="web server", semanticVersion=version, **members)["imageRecipeArn"]
            )
        )

    def run_until(self, day: int) -> int:
        """How many images the pipelines build until noon of a day of March."""
        return len(self.control.run_schedules(until=START + (day - 1) * DAY))

    def publish(self, *versions: str) -> None:
        """Amazon has an image and a component in these versions."""
        managed = tuple(ManagedVersion(version, DATE) for version in versions)
        self.control.add_managed(
            ManagedImage("Team Base x86", "team-base-x86", "Linux", "AMI", managed),
            ManagedImage("Team Base Container", "team-base-container", "Linux", "DOCKER", managed),
            ManagedComponent("team-agent", "team-agent", "Linux", "BUILD", managed),
        )


@pytest.fixture
def world(client: Any, mocked: Control, instance_profile: str) -> Iterator[World]:
    with freeze_time(START):
        create_infrastructure(client, instance_profile)
        world = World(client, mocked)
        world.publish("1.0.0")
        yield world


# ---- dependency updates ----


def components(*arns: str) -> list[dict[str, str]]:
    return [{"componentArn": arn} for arn in arns]


def own_component(world: World, version: str, text: str = "uptime") -> str:
    return create_component(world.client, semanticVersion=version, data=component_document(text))


Change = Callable[[World], object]
OWN_COMPONENT = f"{ACCOUNT_BASE}:component/install-nginx"


@pytest.mark.parametrize(
    ("recipe", "change"),
    [
        ({"components": components(f"{AGENT}/x.x.x")}, lambda world: world.publish("1.0.0", "1.0.1")),
        ({"components": components(f"{AGENT}/1.x.x")}, lambda world: world.publish("1.0.0", "1.10.0")),
        ({"components": components(f"{OWN_COMPONENT}/1.0.x")}, lambda world: own_component(world, "1.0.1")),
        (
            {"components": components(f"{OWN_COMPONENT}/1.0.0")},
            lambda world: own_component(world, "1.0.0", "hostname"),
        ),
        ({"parentImage": f"{BASE}/x.x.x"}, lambda world: world.publish("1.0.0", "2.0.0")),
        ({"parentImage": f"{OWN}/x.x.x"}, lambda world: world.control.make_image("imported", "1.0.1")),
        ({"parentImage": f"{OWN}/1.0.0"}, lambda world: world.control.make_image("imported", "1.0.0")),
    ],
    ids=["managed", "managed 1.x.x", "component", "component build", "parent", "own parent", "own parent build"],
)
def test_an_update_of_a_dependency_builds_one_image(world: World, recipe: dict[str, Any], change: Change) -> None:
    world.control.make_image("imported", "1.0.0")
    own_component(world, "1.0.0")
    arn = world.pipeline(**recipe)
    assert world.run_until(4) == 1
    change(world)
    assert world.run_until(7) == 1
    assert world.run_until(9) == 0
    assert dates_of(world.client, arn) == [night(2), night(5)]
    pipeline = read_pipeline(world.client, arn)
    assert (pipeline["dateLastRun"], pipeline["dateNextRun"]) == (night(5), night(10))


@pytest.mark.parametrize(
    ("recipe", "change"),
    [
        ({"components": components(f"{AGENT}/1.0.x")}, lambda world: world.publish("1.0.0", "1.1.0")),
        ({"components": components(f"{AGENT}/1.0.0/1")}, lambda world: world.publish("1.0.0", "1.0.1")),
        ({"components": components(f"{AGENT}/x.x.x")}, lambda world: own_component(world, "2.0.0")),
        ({"parentImage": f"{BASE}/1.0.x"}, lambda world: world.publish("1.0.0", "1.1.0")),
        ({"parentImage": f"{OWN}/1.0.0/1"}, lambda world: world.control.make_image("imported", "1.0.0")),
    ],
    ids=["out of the wildcard", "pinned component", "another component", "parent", "pinned parent"],
)
def test_what_is_no_dependency_or_pinned_has_no_updates(world: World, recipe: dict[str, Any], change: Change) -> None:
    world.control.make_image("imported", "1.0.0")
    world.pipeline(**recipe)
    assert world.run_until(3) == 1
    change(world)
    assert world.run_until(9) == 0


def test_a_lower_version_than_before_is_no_update(world: World) -> None:
    own_component(world, "1.0.0")
    newest = own_component(world, "1.0.1")
    world.control.make_image("imported", "1.0.0")
    parent = world.control.make_image("imported", "1.0.1")
    world.pipeline(parentImage=f"{OWN}/x.x.x", components=components(f"{OWN_COMPONENT}/x.x.x"))
    assert world.run_until(2) == 1
    world.client.delete_component(componentBuildVersionArn=newest)
    world.client.delete_image(imageBuildVersionArn=parent)
    assert world.run_until(5) == 0
    own_component(world, "1.0.2")
    assert world.run_until(9) == 1


def test_a_changed_parameter_is_an_update(world: World) -> None:
    ssm = boto3.client("ssm", region_name=REGION)

    def put(image: str) -> None:
        ami = get_image(world.client, image)["outputResources"]["amis"][0]["image"]
        ssm.put_parameter(Name="/web/ami", Value=ami, Type="String", Overwrite=True)

    first, second = world.control.make_image("imported"), world.control.make_image("imported")
    put(first)
    arn = world.pipeline(parentImage="ssm:/web/ami")
    assert world.run_until(4) == 1
    put(first)
    assert world.run_until(5) == 0
    put(second)
    assert world.run_until(7) == 1
    put(first)
    assert world.run_until(9) == 1
    assert dates_of(world.client, arn) == [night(2), night(6), night(8)]
    ssm.delete_parameter(Name="/web/ami")
    assert world.run_until(12) == 0  # what can't be resolved has no update


def test_the_parent_of_a_container_recipe(world: World) -> None:
    create_repository()
    parents = {"managed": f"{MANAGED_BASE}:image/team-base-container/x.x.x", "hub": "amazonlinux:latest"}
    for name, parent in parents.items():
        recipe = create_container_recipe(world.client, name, parentImage=parent)
        create_scheduled(
            world.client, name, imageRecipeArn=None, containerRecipeArn=recipe, schedule=schedule(always=False)
        )
    assert world.run_until(3) == 2
    world.publish("1.0.0", "1.0.1")
    assert world.run_until(5) == 1
    (first, second) = images_of(world.client, f"{ACCOUNT_BASE}:image-pipeline/managed")
    assert (first["dateCreated"], second["dateCreated"]) == (night(2), night(4))


def test_the_last_build_may_have_been_manual(world: World) -> None:
    arn = world.pipeline(components=components(f"{AGENT}/x.x.x"))
    world.client.start_image_pipeline_execution(imagePipelineArn=arn)
    assert world.run_until(3) == 0
    world.publish("1.0.1")
    world.client.start_image_pipeline_execution(imagePipelineArn=arn)
    assert world.run_until(5) == 0


def test_the_last_image_may_be_gone(world: World) -> None:
    arn = world.pipeline()
    assert world.run_until(3) == 1
    (image,) = images_of(world.client, arn)
    world.client.delete_image(imageBuildVersionArn=image["arn"])
    assert world.run_until(5) == 0


@pytest.mark.parametrize("end", ["FAILED", "CANCELLED"])
def test_a_build_without_success_has_used_no_update(world: World, end: str) -> None:
    arn = world.pipeline(components=components(f"{AGENT}/x.x.x"))
    assert world.run_until(2) == 1
    world.publish("1.0.1")
    if end == "FAILED":
        world.control.fail_next_build(reason="The disk is full.")
        assert world.run_until(3) == 1
    else:
        world.control.progress("manual", times=100)
        (image,) = world.control.run_schedules(until=START + 2 * DAY)
        world.client.cancel_image_creation(imageBuildVersionArn=image)
        world.control.progress("immediate")
    assert world.run_until(6) == 1
    assert [image["state"]["status"] for image in images_of(world.client, arn)] == ["AVAILABLE", end, "AVAILABLE"]


def test_another_recipe_counts_by_its_dependencies(world: World) -> None:
    arn = world.pipeline(components=components(f"{AGENT}/x.x.x"))
    assert world.run_until(2) == 1

    def use(recipe: str) -> int:
        """How many images the pipeline builds from a recipe in two weeks. The clock stands still: so do its nights."""
        update_pipeline(world.client, arn, imageRecipeArn=recipe, schedule=schedule(always=False))
        return world.run_until(14)

    agent = components(f"{AGENT}/x.x.x")
    assert use(world.recipe("1.0.1", components=agent, description="new")) == 0
    own_component(world, "1.0.0")
    assert use(world.recipe("1.0.2", components=[*agent, *components(f"{OWN_COMPONENT}/x.x.x")])) == 1
    assert use(world.recipe("1.0.3", components=agent)) == 0
    assert use(world.recipe("1.0.4", components=agent, parentImage=f"{BASE}/x.x.x")) == 1


# ---- failures ----


def fail(control: Control, times: int) -> None:
    for _ in range(times):
        control.fail_next_build(reason="The disk is full.")


def test_a_pipeline_that_keeps_failing_is_disabled(world: World) -> None:
    world.recipe()
    arn = create_scheduled(world.client)
    fail(world.control, 20)
    assert world.run_until(31) == 5
    pipeline = read_pipeline(world.client, arn)
    assert (pipeline["status"], pipeline["consecutiveFailures"], pipeline["lastRunStatus"]) == ("DISABLED", 5, "FAILED")
    assert pipeline["dateLastRun"] == night(6)
    assert "dateNextRun" not in pipeline
    update_pipeline(world.client, arn)
    pipeline = read_pipeline(world.client, arn)
    assert (pipeline["status"], pipeline["consecutiveFailures"]) == ("ENABLED", 0)
    assert pipeline["dateNextRun"] == night(2)


def test_the_policy_says_how_often(world: World) -> None:
    world.recipe()
    arn = create_scheduled(world.client, schedule=schedule(autoDisablePolicy={"failureCount": 2}))
    fail(world.control, 1)
    assert world.run_until(3) == 2
    assert read_pipeline(world.client, arn)["consecutiveFailures"] == 0
    fail(world.control, 2)
    assert world.run_until(9) == 2
    assert read_pipeline(world.client, arn)["status"] == "DISABLED"


def test_a_build_that_ends_before_the_next_run_disables_in_time(world: World) -> None:
    """The failure is known when the build ends, whoever looks."""
    world.control.progress("time", seconds=1200)
    world.recipe()
    arn = create_scheduled(world.client, schedule=schedule("rate(2 hours)", autoDisablePolicy={"failureCount": 1}))
    fail(world.control, 2)
    assert len(world.control.run_schedules(until=START + DAY)) == 1
    assert read_pipeline(world.client, arn)["status"] == "DISABLED"


def test_a_run_that_cannot_begin_has_failed(world: World) -> None:
    inspector = boto3.client("inspector2", region_name=REGION)
    inspector.enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    world.recipe()
    arn = create_scheduled(world.client, imageScanningConfiguration={"imageScanningEnabled": True})
    assert world.run_until(2) == 1
    inspector.disable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    assert world.run_until(6) == 0
    pipeline = read_pipeline(world.client, arn)
    assert (pipeline["status"], pipeline["consecutiveFailures"]) == ("ENABLED", 4)
    assert (pipeline["dateLastRun"], pipeline["lastRunStatus"]) == (night(2), "AVAILABLE")
    assert world.run_until(31) == 0
    pipeline = read_pipeline(world.client, arn)
    assert (pipeline["status"], pipeline["consecutiveFailures"]) == ("DISABLED", 5)


def test_the_newest_recipe_of_a_wildcard_is_built(world: World) -> None:
    world.recipe("1.0.0")
    arn = create_scheduled(world.client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/web-server/x.x.x")
    assert world.run_until(2) == 1
    world.recipe("1.1.0")
    assert world.run_until(3) == 1
    assert [image["version"] for image in images_of(world.client, arn)] == ["1.0.0/1", "1.1.0/1"]


def test_a_distribution_is_that_of_the_day(world: World) -> None:
    world.recipe()
    distribution = create_distribution(world.client)
    arn = create_scheduled(world.client, distributionConfigurationArn=distribution)
    with freeze_time(datetime(2026, 3, 3)) as frozen:  # noqa: DTZ001 - freezegun's way to say UTC
        (image,) = images_of(world.client, arn)
        frozen.tick(DAY)
        world.client.update_distribution_configuration(
            distributionConfigurationArn=distribution,
            distributions=[
                {"region": REGION, "amiDistributionConfiguration": {"name": "{{ imagebuilder:buildDate }}"}}
            ],
        )
        frozen.tick(DAY)
        names = [image["outputResources"]["amis"][0]["name"] for image in images_of(world.client, arn)]
    assert image["outputResources"]["amis"][0]["name"] == names[0]
    assert names[0].startswith("web server 2026-03-02")
    assert names[1].startswith("web server 2026-03-03")
    assert names[2] == "2026-03-04T02-00-00.000Z"
