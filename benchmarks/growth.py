"""What 20,000 images cost: pages, creation and memory stay what they are at the beginning."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from mock_imagebuilder import mock_imagebuilder

from .measure import Figure, difference, ratio, typical

MANY, SOME, FEW = 20_000, 1_000, 100
REMEMBERED = 2_000
TWO_REGIONS = ("us-east-1", "us-west-2")


@dataclass(frozen=True)
class Workshop:
    """A client in a Region that has what an image is built from."""

    client: Any
    settings: dict[str, str]

    @classmethod
    def open(cls, region: str) -> Workshop:
        client: Any = boto3.client("imagebuilder", region_name=region)
        recipe = client.create_image_recipe(
            name="web",
            semanticVersion="1.0.0",
            parentImage=f"arn:aws:imagebuilder:{region}:aws:image/amazon-linux-2023-x86/x.x.x",
            components=[{"componentArn": f"arn:aws:imagebuilder:{region}:aws:component/update-linux/x.x.x"}],
        )
        infrastructure = client.create_infrastructure_configuration(name="web", instanceProfileName="builder")
        settings = {
            "imageRecipeArn": recipe["imageRecipeArn"],
            "infrastructureConfigurationArn": infrastructure["infrastructureConfigurationArn"],
        }
        return cls(client, settings)

    def distribute_to(self, *regions: str) -> Workshop:
        distributions = [{"region": region, "amiDistributionConfiguration": {}} for region in regions]
        arn = self.client.create_distribution_configuration(name="all", distributions=distributions)[
            "distributionConfigurationArn"
        ]
        return Workshop(self.client, {**self.settings, "distributionConfigurationArn": arn})

    def build(self, times: int = 1) -> None:
        for _ in range(times):
            self.client.create_image(**self.settings)

    def page(self) -> None:
        self.client.list_image_build_versions(maxResults=25)


@contextmanager
def mocked() -> Iterator[None]:
    with mock_imagebuilder():
        boto3.client("iam").create_instance_profile(InstanceProfileName="builder")
        yield


def figures() -> list[Figure]:
    return [*growth(), memory(), distributed_build(), build_in_living_ec2(), *distributed_growth()]


def growth() -> list[Figure]:
    with mocked():
        many, some, few = Workshop.open("us-east-1"), Workshop.open("us-west-2"), Workshop.open("eu-west-1")
        many.build(MANY)
        some.build(SOME)
        few.build(FEW)
        # Most of a million objects live for long: the collector's walks over them are not what is measured.
        gc.freeze()
        page = ratio(many.page, few.page)
        creation = ratio(many.build, some.build, times=5)
        gc.unfreeze()
    return [
        Figure(f"a page of 25 at {MANY:,} images over at {FEW}", page, 1.1),
        Figure(f"creation of the {MANY:,}th image over the {SOME:,}th", creation, 1.1),
    ]


def memory() -> Figure:
    with mocked():
        size = memory_of_builds(Workshop.open("us-east-1"), REMEMBERED)
    return Figure("memory of a stored image", size / 1024, 4, "KiB")


def memory_of_builds(workshop: Workshop, times: int) -> float:
    """Of one of so many, in bytes."""
    workshop.build(50)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    workshop.build(times)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / times


def distributed_build() -> Figure:
    with mocked():
        workshop = Workshop.open("us-east-1").distribute_to(*TWO_REGIONS)
        time = typical(workshop.build)
    return Figure("a build with outputs in two Regions, never read from EC2", time * 1000, 2, "ms")


def build_in_living_ec2() -> Figure:
    """What the same build costs more than its AMIs cost moto, where EC2 is used.

    The floor is moto's own work without a request: its backends register an AMI in one Region and copy it to the other,
    with the same tags.
    """
    with mocked():
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.ec2.models import ec2_backends

        home, abroad = (ec2_backends[DEFAULT_ACCOUNT_ID][region] for region in TWO_REGIONS)
        workshop = Workshop.open(TWO_REGIONS[0]).distribute_to(*TWO_REGIONS)
        tags = {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": workshop.settings["imageRecipeArn"]}

        def register() -> None:
            ami = home.register_image("web")
            ami.add_tags(tags)
            abroad.copy_image(ami.id, TWO_REGIONS[0], "web").add_tags(tags)

        before = len(home.amis), len(abroad.amis)
        workshop.build()
        if (len(home.amis), len(abroad.amis)) != (before[0] + 1, before[1] + 1):
            raise RuntimeError("a build does not leave its AMIs at once")
        time = difference(workshop.build, register)
    return Figure("the same where EC2 is used, more than the AMIs cost moto", time * 1000, 2, "ms")


def distributed_growth() -> list[Figure]:
    """A thousand builds with outputs in two Regions: what the last costs over the hundredth, and what they leave."""
    with mocked():
        many, few = (Workshop.open(region).distribute_to(*TWO_REGIONS) for region in TWO_REGIONS)
        size = memory_of_builds(many, SOME - 50)
        few.build(FEW)
        (image, *_) = many.client.list_image_build_versions(maxResults=1)["imageSummaryList"]
        steps = count_steps(many.client, image["arn"])
        time = ratio(many.build, few.build, times=1)
    return [
        Figure(f"the {SOME:,}th build with outputs in two Regions over the {FEW}th", time, 1.1),
        Figure("memory of such a build for each of its steps", size / steps / 1024, 1, "KiB", f"{steps} steps"),
    ]


def count_steps(client: Any, image_arn: str) -> int:
    executions = client.list_workflow_executions(imageBuildVersionArn=image_arn)["workflowExecutions"]
    ids = [execution["workflowExecutionId"] for execution in executions]
    return sum(len(client.list_workflow_step_executions(workflowExecutionId=id_)["steps"]) for id_ in ids)
