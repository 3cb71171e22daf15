"""Sixteen clients at once: nothing is lost, nothing is seen twice, build numbers have no gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from mock_imagebuilder import mock_imagebuilder

from .conftest import REGION
from .served import serving

THREADS = 16
ROUNDS = 4


@pytest.fixture(params=["the server", "in process"])
def new_client(request: pytest.FixtureRequest) -> Iterator[Callable[[], Any]]:
    if request.param == "the server":
        with serving() as address:
            yield lambda: address.client("imagebuilder")
    else:
        with mock_imagebuilder():
            yield lambda: boto3.Session().client("imagebuilder", region_name=REGION)


def at_once(work: Callable[[Any, int], Any], clients: list[Any]) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(work, clients, range(THREADS)))


def import_image(client: Any, number: int) -> str:
    arn: str = client.import_vm_image(
        name="web", semanticVersion="1.0.0", platform="Linux", vmImportTaskId=f"import-ami-{number:08d}"
    )["imageArn"]
    return arn


def names(client: Any) -> list[str]:
    pages = client.get_paginator("list_distribution_configurations").paginate(PaginationConfig={"PageSize": 7})
    return [row["name"] for page in pages for row in page["distributionConfigurationSummaryList"]]


def test_builds_of_one_version_are_numbered_without_gaps(new_client: Callable[[], Any]) -> None:
    clients = [new_client() for _ in range(THREADS)]
    arns = at_once(lambda client, number: [import_image(client, number * 10 + turn) for turn in range(ROUNDS)], clients)
    builds = sorted(int(arn.rpartition("/")[2]) for of_thread in arns for arn in of_thread)
    assert builds == list(range(1, THREADS * ROUNDS + 1))


def test_creating_listing_and_deleting_at_once(new_client: Callable[[], Any]) -> None:
    clients = [new_client() for _ in range(THREADS)]
    distributions = [{"region": REGION, "amiDistributionConfiguration": {}}]

    def work(client: Any, number: int) -> None:
        for turn in range(ROUNDS):
            arn = client.create_distribution_configuration(name=f"web-{number}-{turn}", distributions=distributions)[
                "distributionConfigurationArn"
            ]
            seen = names(client)
            # What this thread has made and not deleted is in every walk, and nothing is in it twice.
            assert f"web-{number}-{turn}" in seen
            assert len(seen) == len(set(seen))
            if turn % 2:
                client.delete_distribution_configuration(distributionConfigurationArn=arn)

    at_once(work, clients)
    assert sorted(names(clients[0])) == sorted(f"web-{number}-{turn}" for number in range(THREADS) for turn in (0, 2))


def test_one_token_makes_one_resource(new_client: Callable[[], Any]) -> None:
    clients = [new_client() for _ in range(THREADS)]
    request = {"name": "web", "semanticVersion": "1.0.0", "platform": "Linux", "clientToken": "the same"}
    answers = at_once(
        lambda client, _: client.import_vm_image(**request, vmImportTaskId="import-ami-00000001")["imageArn"], clients
    )
    assert len(set(answers)) == 1
    assert len(clients[0].list_image_build_versions()["imageSummaryList"]) == 1
