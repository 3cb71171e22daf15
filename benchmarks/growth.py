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

from .measure import Figure, ratio, typical

MANY, SOME, FEW = 20_000, 1_000, 100
REMEMBERED = 2_000


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
    return [*growth(), memory(), distributed_build()]


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
        workshop = Workshop.open("us-east-1")
        workshop.build(50)
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        workshop.build(REMEMBERED)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return Figure("memory of a stored image", (after - before) / REMEMBERED / 1024, 4, "KiB")


def distributed_build() -> Figure:
    with mocked():
        workshop = Workshop.open("us-east-1").distribute_to("us-east-1", "us-west-2")
        time = typical(workshop.build)
    return Figure("a build with outputs in two Regions, never read from EC2", time * 1000, 2, "ms")
