"""Pages of the lists of images, and ListImagePackages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, create_infrastructure, create_pipeline, create_recipe
from ..errors import refused
from ..images import create_image, import_image, run_on_schedule
from ..refusals import not_found

BAD_TOKEN = ("InvalidPaginationTokenException", 400, "The provided pagination token is not valid.")
PIPELINE = f"{ACCOUNT_BASE}:image-pipeline/nightly"
#: 100, and 25 in the models of early 2026.
LARGEST_PAGE: int = load_model().shape("RestrictedInteger")["max"]
Page = Callable[..., Any]


@pytest.fixture
def parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def of_versions(client: Any) -> Page:
    for number in range(7):
        import_image(client, f"web {number}")
    return client.list_images  # type: ignore[no-any-return]


def of_names(client: Any) -> Page:
    for number in range(7):
        import_image(client, f"web {number}", "1.0.0")
        import_image(client, f"web {number}", "1.1.0")
    return lambda **request: client.list_images(byName=True, **request)


def of_builds(client: Any) -> Page:
    for number in range(7):
        import_image(client, f"web {number}")
    return client.list_image_build_versions  # type: ignore[no-any-return]


def of_builds_of_one_version(client: Any) -> Page:
    for number in range(7):
        import_image(client, "web")
        import_image(client, f"app {number}")
    return lambda **request: client.list_image_build_versions(
        imageVersionArn=f"{ACCOUNT_BASE}:image/web/1.0.0", **request
    )


def of_pipeline_images(client: Any) -> Page:
    create_pipeline(client)
    for _ in range(7):
        run_on_schedule(PIPELINE)
    return lambda **request: client.list_image_pipeline_images(imagePipelineArn=PIPELINE, **request)


def of_packages(client: Any) -> Page:
    arn = create_image(client)
    Control().set_packages(arn, {f"package-{number}": f"{number}.0" for number in range(7)})
    return lambda **request: client.list_image_packages(imageBuildVersionArn=arn, **request)


ALL = [of_versions, of_names, of_builds, of_builds_of_one_version, of_pipeline_images, of_packages]


@pytest.fixture(params=ALL)
def page(request: pytest.FixtureRequest, client: Any, parts: None) -> Page:
    """Asks one of the lists, which has seven entries, for a page."""
    asks: Page = request.param(client)
    return asks


def rows_of(answer: Any) -> list[Any]:
    rows: list[Any] = next(value for name, value in answer.items() if name.endswith("List"))
    return rows


def test_pages_make_up_the_list(page: Page) -> None:
    whole = page()
    assert len(rows_of(whole)) == 7
    assert "nextToken" not in whole
    rows: list[Any] = []
    request: dict[str, Any] = {}
    for length in (3, 3, 1):
        answer = page(maxResults=3, **request)
        assert len(rows_of(answer)) == length
        rows += rows_of(answer)
        request = {"nextToken": answer.get("nextToken")}
    assert request == {"nextToken": None}
    assert rows == rows_of(whole)


def test_the_last_full_page_has_no_token(page: Page) -> None:
    assert "nextToken" not in page(maxResults=7)
    assert "nextToken" in page(maxResults=6)


def test_the_size_of_a_page_may_change(page: Page) -> None:
    first = page(maxResults=1)
    assert len(rows_of(page(maxResults=4, nextToken=first["nextToken"]))) == 4


@pytest.mark.parametrize("token", ["x", "bm90IGEgdG9rZW4="])
def test_broken_tokens_are_refused(page: Page, token: str) -> None:
    with refused(*BAD_TOKEN):
        page(nextToken=token)


def test_a_token_of_another_list_is_refused(client: Any, page: Page) -> None:
    token = client.list_images(owner="Amazon", maxResults=2)["nextToken"]
    with refused(*BAD_TOKEN):
        page(nextToken=token)


def test_pages_have_a_limit(page: Page) -> None:
    with refused(
        "InvalidParameterValueException",
        400,
        f"The value supplied for parameter 'maxResults' is not valid. maxResults must be between 1 and {LARGEST_PAGE}",
    ):
        page(maxResults=LARGEST_PAGE + 1)


def test_a_page_has_25_entries_unless_asked_otherwise(client: Any) -> None:
    for number in range(26):
        import_image(client, f"web {number:02}")
    assert len(client.list_images()["imageVersionList"]) == 25
    assert len(client.list_image_build_versions()["imageSummaryList"]) == 25
    assert len(client.list_images(maxResults=LARGEST_PAGE)["imageVersionList"]) == min(26, LARGEST_PAGE)


def test_a_filter_works_page_by_page(client: Any) -> None:
    for number in range(5):
        import_image(client, f"web {number}", platform="Windows" if number == 4 else "Linux")
    filters: Any = [{"name": "platform", "values": ["Windows"]}]
    first = client.list_images(filters=filters, maxResults=3)
    assert first["imageVersionList"] == []
    second = client.list_images(filters=filters, maxResults=3, nextToken=first["nextToken"])
    assert [entry["name"] for entry in second["imageVersionList"]] == ["web 4"]
    with refused(*BAD_TOKEN):
        client.list_images(nextToken=first["nextToken"])
    with refused(*BAD_TOKEN):
        client.list_image_build_versions(filters=filters, nextToken=first["nextToken"])


@pytest.mark.parametrize("request_", [{"owner": "Amazon"}, {"byName": True}, {"includeDeprecated": True}])
def test_a_token_belongs_to_the_parameters_of_its_list(client: Any, request_: dict[str, Any]) -> None:
    of_versions(client)
    token = client.list_images(maxResults=2)["nextToken"]
    with refused(*BAD_TOKEN):
        client.list_images(maxResults=2, nextToken=token, **request_)


def test_images_come_and_go_between_two_pages(client: Any) -> None:
    of_builds(client)
    first = client.list_image_build_versions(maxResults=3)
    newest = import_image(client, "web 9")
    for summary in first["imageSummaryList"]:
        client.delete_image(imageBuildVersionArn=summary["arn"])
    rest = client.list_image_build_versions(nextToken=first["nextToken"])["imageSummaryList"]
    assert [summary["name"] for summary in rest] == ["web 3", "web 2", "web 1", "web 0"]
    assert client.list_image_build_versions(maxResults=1)["imageSummaryList"][0]["arn"] == newest


def test_the_paginator_of_amazons_images(client: Any) -> None:
    pages = list(client.get_paginator("list_images").paginate(owner="Amazon", includeDeprecated=True))
    arns = [entry["arn"] for page in pages for entry in page["imageVersionList"]]
    assert len(pages) == 3
    assert len(arns) == len(set(arns)) == 64
    assert arns == sorted(arns)


# ---- packages ----


@pytest.mark.usefixtures("parts")
def test_packages_are_what_the_test_says(client: Any, mocked: Control) -> None:
    arn, other = create_image(client), create_image(client)
    answer = client.list_image_packages(imageBuildVersionArn=arn)
    assert answer["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert answer["imagePackageList"] == []
    mocked.set_packages(arn, {"openssl": "3.0.8-1.amzn2023.0.11", "bash": "5.2.15-1.amzn2023.0.2"})
    assert client.list_image_packages(imageBuildVersionArn=arn)["imagePackageList"] == [
        {"packageName": "openssl", "packageVersion": "3.0.8-1.amzn2023.0.11"},
        {"packageName": "bash", "packageVersion": "5.2.15-1.amzn2023.0.2"},
    ]
    assert client.list_image_packages(imageBuildVersionArn=other)["imagePackageList"] == []


@pytest.mark.usefixtures("parts")
def test_packages_are_metadata(client: Any, mocked: Control) -> None:
    arn = create_image(client, enhancedImageMetadataEnabled=False)
    mocked.set_packages(arn, {"bash": "5.2.15"})
    assert client.list_image_packages(imageBuildVersionArn=arn)["imagePackageList"] == []


@pytest.mark.usefixtures("parts")
def test_packages_are_known_when_the_image_is_available(client: Any, mocked: Control) -> None:
    mocked.progress("manual")
    arn = create_image(client)
    mocked.set_packages(arn, {"bash": "5.2.15"})
    mocked.advance(arn, to="TESTING")
    assert client.list_image_packages(imageBuildVersionArn=arn)["imagePackageList"] == []
    mocked.advance(arn, to="AVAILABLE")
    assert len(client.list_image_packages(imageBuildVersionArn=arn)["imagePackageList"]) == 1


@pytest.mark.parametrize(
    "arn",
    [f"{ACCOUNT_BASE}:image/web-server/1.0.0/1", f"{MANAGED_BASE}:image/amazon-linux-2023-x86/2024.4.1/1"],
)
def test_unknown_images_have_no_packages(client: Any, arn: str) -> None:
    with not_found("Image", arn):
        client.list_image_packages(imageBuildVersionArn=arn)
