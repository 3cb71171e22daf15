"""One call, over botocore's own floor: the same call answered by a canned response, with moto unregistered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from mock_imagebuilder import mock_imagebuilder

from .measure import Figure, ratio

DISTRIBUTIONS = [{"region": "us-east-1", "amiDistributionConfiguration": {"name": "web {{ imagebuilder:buildDate }}"}}]


def figures() -> list[Figure]:
    with mock_imagebuilder() as imagebuilder:
        imagebuilder.set_quota("Distribution configurations", None)
        client: Any = boto3.client("imagebuilder", region_name="us-east-1")
        arn = ""
        for number in range(25):
            arn = client.create_distribution_configuration(name=f"seed-{number}", distributions=DISTRIBUTIONS)[
                "distributionConfigurationArn"
            ]
        names = (f"web-{number}" for number in count())
        calls: dict[str, Callable[[Any], object]] = {
            "create": lambda api: api.create_distribution_configuration(name=next(names), distributions=DISTRIBUTIONS),
            "get": lambda api: api.get_distribution_configuration(distributionConfigurationArn=arn),
            "list(25)": lambda api: api.list_distribution_configurations(maxResults=25),
            "tag": lambda api: api.tag_resource(resourceArn=arn, tags={"Team": "web"}),
        }
        ratios = {}
        for name, call in calls.items():
            ratios[name] = ratio(partial(call, client), partial(call, _floor_client(client, call)))
    detail = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    return [Figure("one call over botocore's floor, the worst", max(ratios.values()), 1.25, detail=detail)]


def _floor_client(client: Any, call: Callable[[Any], object]) -> Any:
    """A client whose calls get the answer that ``call`` has on the mock, without anything that would make it."""
    answers: list[tuple[str, int, dict[str, str], bytes]] = []
    mocked_way: Any = botocore_stubber.process_request

    def record(request: Any) -> Any:
        status, headers, body = answer = mocked_way(request)
        answers.append((request.url, status, headers, body.encode()))
        return answer

    botocore_stubber.process_request = record  # type: ignore[method-assign]
    try:
        call(client)
    finally:
        del botocore_stubber.process_request
    url, status, headers, body = answers[-1]

    canned: Any = boto3.client("imagebuilder", region_name="us-east-1")
    canned.meta.events.unregister("before-send", botocore_stubber)
    canned.meta.events.register("before-send", lambda **_: AWSResponse(url, status, headers, MockRawResponse(body)))
    return canned
