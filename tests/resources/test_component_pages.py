"""The pages of ListComponents and ListComponentBuildVersions, and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ..conftest import ACCOUNT, REGION
from ..errors import refused
from .components import builds, component_document, create_component, versions

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:component/"
BAD_TOKEN = "The provided pagination token is not valid."


def pages_of(operation: Any, member: str, **request: Any) -> list[list[str]]:
    """The ARNs of all pages."""
    pages = []
    while True:
        answer = operation(**request)
        pages.append([entry["arn"].partition("component/")[2] for entry in answer[member]])
        if "nextToken" not in answer:
            return pages
        request["nextToken"] = answer["nextToken"]


@pytest.fixture
def many(client: ImagebuilderClient) -> ImagebuilderClient:
    """A client with 30 components, ``web-00`` to ``web-29``; every third is a test."""
    for number in range(30):
        phase = "test" if number % 3 == 0 else "build"
        create_component(client, f"web-{number:02}", data=component_document(phase=phase))
    return client


ALL = [f"web-{number:02}/1.0.0" for number in range(30)]


@pytest.mark.parametrize(("size", "pages"), [(1, 30), (7, 5), (10, 3), (25, 2), (29, 2), (30, 1), (100, 1), (None, 2)])
@pytest.mark.parametrize("by_name", [False, True])
def test_pages_show_everything_once(many: ImagebuilderClient, size: int | None, pages: int, by_name: bool) -> None:
    request = {"byName": by_name} if size is None else {"byName": by_name, "maxResults": size}
    walked = pages_of(many.list_components, "componentVersionList", **request)
    assert [len(page) for page in walked[:-1]] == [size or 25] * (pages - 1)
    assert [arn for page in walked for arn in page] == ALL
    del request["byName"]
    newest_first = pages_of(many.list_component_build_versions, "componentSummaryList", **request)
    assert len(newest_first) == pages
    assert [arn for page in newest_first for arn in page] == [f"{arn}/1" for arn in reversed(ALL)]


def test_a_page_has_at_most_a_hundred_entries(client: ImagebuilderClient) -> None:
    message = "The value supplied for parameter 'maxResults' is not valid. maxResults must be between 1 and 100"
    # botocore itself refuses 0.
    for operation in (client.list_components, client.list_component_build_versions):
        with refused("InvalidParameterValueException", 400, message):
            operation(maxResults=101)


def test_builds_of_one_version_have_pages(client: ImagebuilderClient) -> None:
    for number in range(5):
        create_component(client, description=f"build {number}")
    walked = pages_of(
        client.list_component_build_versions,
        "componentSummaryList",
        componentVersionArn=f"{ARN}install-nginx/1.0.0",
        maxResults=2,
    )
    assert walked == [["install-nginx/1.0.0/" + number for number in page] for page in ("54", "32", "1")]


def test_filters_make_pages_short(many: ImagebuilderClient) -> None:
    filters = [{"name": "type", "values": ["TEST"]}]
    walked = pages_of(many.list_components, "componentVersionList", filters=filters, maxResults=10)
    assert [len(page) for page in walked] == [4, 3, 3]
    by_name = [{"name": "name", "values": ["web-1*"]}]
    walked = pages_of(many.list_components, "componentVersionList", filters=by_name, maxResults=4)
    assert walked == [ALL[10:14], ALL[14:18], ALL[18:20]]


def test_a_token_survives_deletions_and_creations(many: ImagebuilderClient) -> None:
    token = many.list_components(maxResults=10)["nextToken"]
    builds_token = many.list_component_build_versions(maxResults=10)["nextToken"]
    for number in (3, 9, 10, 19, 20):
        many.delete_component(componentBuildVersionArn=f"{ARN}web-{number:02}/1.0.0/1")
    create_component(many, "aaa")
    create_component(many, "web-15-b")
    second = versions(many, maxResults=10, nextToken=token)
    assert second == [*ALL[11:15], "web-15-b/1.0.0", *ALL[15:19], ALL[21]]
    second_builds = builds(many, maxResults=10, nextToken=builds_token)
    assert second_builds == [f"{ALL[number]}/1" for number in (18, 17, 16, 15, 14, 13, 12, 11, 8, 7)]


def test_foreign_tokens_are_refused(many: ImagebuilderClient) -> None:
    token = many.list_components(maxResults=10)["nextToken"]
    builds_token = many.list_component_build_versions(maxResults=10)["nextToken"]
    assert versions(many, nextToken=token) == ALL[10:]  # another page size is no other list
    requests: list[dict[str, Any]] = [
        {"nextToken": "made-up"},
        {"nextToken": builds_token},
        {"nextToken": token, "owner": "Amazon"},
        {"nextToken": token, "owner": "Shared"},
        {"nextToken": token, "byName": True},
        {"nextToken": token, "filters": [{"name": "type", "values": ["TEST"]}]},
    ]
    for request in requests:
        with refused("InvalidPaginationTokenException", 400, BAD_TOKEN):
            many.list_components(**request)
    for token_, arn in ((token, None), (builds_token, f"{ARN}web-00/1.0.0")):
        of_version: dict[str, Any] = {} if arn is None else {"componentVersionArn": arn}
        with refused("InvalidPaginationTokenException", 400, BAD_TOKEN):
            many.list_component_build_versions(nextToken=token_, **of_version)
