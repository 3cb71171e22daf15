"""Two doors, one hall: the short way and moto's own way give the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from freezegun import freeze_time
from moto.moto_api._internal import mock_random

from mock_imagebuilder import Control, mock_imagebuilder, moto_seam

from .conformance.doors import Answer, opened
from .conformance.model import OPERATIONS, members
from .conformance.story import told
from .conftest import ACCOUNT, REGION
from .doors import MOTOS_WAY, SHORT_WAY, config_of

#: Status, headers and body of an answer.
Seen = tuple[int, dict[str, str], bytes]
DISTRIBUTIONS = [{"region": REGION, "amiDistributionConfiguration": {"name": "web {{ imagebuilder:buildDate }}"}}]


def configurations(call: Callable[..., Any]) -> None:
    """A story with answers and refusals of every kind that a family has."""
    create = "create_distribution_configuration"
    for number in range(4):
        call(
            create, name=f"Web {number}", distributions=DISTRIBUTIONS, tags={"N": str(number)}, clientToken=f"t{number}"
        )
    call(create, name="Web 0", distributions=DISTRIBUTIONS, tags={"N": "0"}, clientToken="t0")
    call(create, name="Web 0", distributions=DISTRIBUTIONS, clientToken="t0")
    call(create, name="Web 0", distributions=DISTRIBUTIONS)
    if any(member.name == "dryRun" for member in members("CreateDistributionConfiguration")):
        call(create, name="Web 9", distributions=DISTRIBUTIONS, dryRun=True)
    call(create, name="\u00e9", distributions=DISTRIBUTIONS)
    call(create, name="Web 9", distributions=[{"region": "nowhere"}])
    call(create, name="Web 9", distributions=[{}])
    call(create, distributions=DISTRIBUTIONS)
    arn = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:distribution-configuration/web-"
    call("get_distribution_configuration", distributionConfigurationArn=f"{arn}1")
    call("get_distribution_configuration", distributionConfigurationArn=f"{arn}9")
    call("get_distribution_configuration", distributionConfigurationArn="arn")
    description = "Gr\u00fc\u00dfe \U0001f600"
    call(
        "update_distribution_configuration",
        distributionConfigurationArn=f"{arn}1",
        description=description,
        distributions=DISTRIBUTIONS,
        clientToken="u",
    )
    call("get_distribution_configuration", distributionConfigurationArn=f"{arn}1")
    page = call("list_distribution_configurations", maxResults=3)
    call("list_distribution_configurations", maxResults=3, nextToken=page["nextToken"])
    call("list_distribution_configurations", maxResults=3, nextToken="x")
    call("list_distribution_configurations", filters=[{"name": "name", "values": ["*2*"]}])
    call("list_distribution_configurations", filters=[{"name": "color", "values": ["red"]}])
    call("list_distribution_configurations", maxResults=0)
    call("list_tags_for_resource", resourceArn=f"{arn}1")
    call("tag_resource", resourceArn=f"{arn}1", tags={"A b": "c/d"})
    call("untag_resource", resourceArn=f"{arn}1", tagKeys=["A b", "N"])
    call("list_tags_for_resource", resourceArn=f"{arn}1")
    call("delete_distribution_configuration", distributionConfigurationArn=f"{arn}1")
    call("delete_distribution_configuration", distributionConfigurationArn=f"{arn}1")


def seen_by_boto3(way: str) -> list[Seen]:
    """What boto3 gets through a door, from the wire."""
    seen: list[Seen] = []

    def record(response_dict: dict[str, Any], **_: Any) -> None:
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        seen.append((response_dict["status_code"], headers, response_dict["body"]))

    with freeze_time("2026-01-01T12:34:56.789Z"), mock_imagebuilder(config=config_of(way)):
        mock_random.seed(7)
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        client: Any = boto3.client("imagebuilder", region_name=REGION, config=config)
        client.meta.events.register("response-received.imagebuilder", record)

        def call(method: str, /, **values: Any) -> Any:
            try:
                return getattr(client, method)(**values)
            except ClientError as error:
                return error.response

        configurations(call)
    return seen


def test_boto3_gets_the_same_bytes() -> None:
    short, motos = seen_by_boto3(SHORT_WAY), seen_by_boto3(MOTOS_WAY)
    assert len(short) > 25
    assert {status for status, _, _ in short} >= {200, 400, 404}
    assert short == motos


@freeze_time("2026-01-01T12:34:56.789Z")
def heard(way: str) -> dict[str, list[Answer]]:
    with opened(way) as door:
        mock_random.seed(7)
        return told(door).answers


def test_the_story_of_all_families_is_the_same() -> None:
    short, motos = heard(SHORT_WAY), heard(MOTOS_WAY)
    assert short.keys() == motos.keys()
    for operation in OPERATIONS:
        assert short.get(operation) == motos.get(operation), operation


@pytest.mark.parametrize(("way", "is_short"), [(SHORT_WAY, True), (MOTOS_WAY, False)])
def test_the_doors_are_two(way: str, is_short: bool) -> None:
    request = requests.Request("POST", f"https://imagebuilder.{REGION}.amazonaws.com/ListImages", data="{}").prepare()
    with opened(way):
        assert (moto_seam.short_way(request) is not None) is is_short


def test_the_same_parameters_in_another_order_are_the_same_request(mocked: Control) -> None:
    url = "https://imagebuilder.us-east-1.amazonaws.com/CreateDistributionConfiguration"
    ami = '"amiDistributionConfiguration": {"description": "d", "amiTags": {"a": "1", "b": "2"}}'
    other = '"amiDistributionConfiguration": {"amiTags": {"b": "2", "a": "1"}, "description": "d"}'
    bodies = [
        f'{{"name": "web", "clientToken": "t", "distributions": [{{"region": "us-east-1", {ami}}}]}}',
        f'{{"distributions": [{{{other}, "region": "us-east-1"}}], "clientToken": "t", "name": "web"}}',
    ]
    answers = [requests.put(url, data=body, timeout=5).json() for body in bodies]
    assert answers[0]["distributionConfigurationArn"] == answers[1]["distributionConfigurationArn"]
