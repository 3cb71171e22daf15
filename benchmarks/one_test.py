"""A program: the time of one unit test, in milliseconds, of a service in a process of its own.

``python -m benchmarks.one_test codebuild`` is moto alone, without this package; ``imagebuilder`` the same test with
``mock_imagebuilder``; ``fixtures`` with the fixtures of the pytest plugin, as pytest calls them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import boto3

ROUNDS = 15


def codebuild() -> None:
    from moto import mock_aws

    with mock_aws():
        client: Any = boto3.client("codebuild", region_name="us-east-1")
        client.create_project(
            name="my-project",
            source={"type": "S3", "location": "bucketname/path/file.zip"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "contents_not_validated",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole="arn:aws:iam::123456789012:role/service-role/my-role",
        )
        client.batch_get_projects(names=["my-project"])
        client.list_projects()


def use(client: Any) -> None:
    arn = client.create_distribution_configuration(
        name="my-distribution", distributions=[{"region": "us-east-1", "amiDistributionConfiguration": {}}]
    )["distributionConfigurationArn"]
    client.get_distribution_configuration(distributionConfigurationArn=arn)
    client.list_distribution_configurations()


def imagebuilder() -> None:
    from mock_imagebuilder import mock_imagebuilder

    with mock_imagebuilder():
        use(boto3.client("imagebuilder", region_name="us-east-1"))


def timed(action: Callable[[], object]) -> float:
    """Milliseconds, in the middle of many rounds."""
    action()
    samples = []
    for _ in range(ROUNDS):
        start = perf_counter()
        action()
        samples.append((perf_counter() - start) * 1000)
    return median(samples)


if __name__ == "__main__":
    print(timed({"codebuild": codebuild, "imagebuilder": imagebuilder}[sys.argv[1]]))
