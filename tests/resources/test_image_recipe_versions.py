"""The versions of an image recipe: each exists once, new ones take the next number, wildcards read the newest."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..build_parts import PARENT_IMAGE
from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import WILDCARD_NOT_LAST, already_there, invalid, not_found
from .image_recipes import ARN, BAD_VERSION, create, get, references, summaries

OTHER_ACCOUNT = "210987654321"


@pytest.mark.parametrize("name", ["web server", "Web Server", "web_server"])
def test_a_version_of_a_name_exists_once_whatever_is_in_it(client: Any, name: str) -> None:
    create(client, "Web-Server", "0.0.2", description="the first")
    with already_there("ImageRecipe", f"{ARN}web-server/0.0.2"):
        create(client, name, "0.0.2", description="another one")
    with already_there("ImageRecipe", f"{ARN}web-server/0.0.2"):
        create(client, name, "0.00.2")
    assert get(client, f"{ARN}web-server/0.0.2")["description"] == "the first"
    assert create(client, name, "0.0.3") == f"{ARN}web-server/0.0.3"


def test_leading_zeros_stay(client: Any) -> None:
    arn = create(client, version="2019.12.03")
    assert arn == f"{ARN}web/2019.12.03"
    assert get(client, arn)["version"] == "2019.12.03"
    assert get(client, f"{ARN}web/x.x.x")["arn"] == arn


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("1.0.x", ["1.0.1", "1.0.2", "1.0.3"]),
        ("1.x.0", ["1.1.0", "1.2.0", "1.3.0"]),
        ("x.0.0", ["1.0.0", "2.0.0", "3.0.0"]),
        ("2026.09.x", ["2026.09.1", "2026.09.2", "2026.09.3"]),
    ],
)
def test_one_wildcard_takes_the_next_number(client: Any, asked: str, given: list[str]) -> None:
    assert [create(client, version=asked) for _ in given] == [f"{ARN}web/{version}" for version in given]


def test_the_next_number_follows_the_highest_one_of_its_line(client: Any) -> None:
    for version in ("1.0.7", "1.0.9", "1.2.30"):
        create(client, version=version)
    answer = client.create_image_recipe(name="web", semanticVersion="1.0.x", parentImage=PARENT_IMAGE)
    assert answer["imageRecipeArn"] == f"{ARN}web/1.0.10"
    assert answer["latestVersionReferences"] == references("web", "x.x.x", "1.x.x", "1.0.x", "1.0.10")
    client.delete_image_recipe(imageRecipeArn=f"{ARN}web/1.0.7")
    assert create(client, version="1.0.x") == f"{ARN}web/1.0.11"


@pytest.mark.parametrize("version", ["1.x.x", "x.x.x", "x.1.x", "1.0.1073741824", "99999999999.0.0"])
def test_versions_that_are_refused(client: Any, version: str) -> None:
    with refused("InvalidVersionNumberException", 400, BAD_VERSION):
        create(client, version=version)
    assert summaries(client) == []


def test_the_numbers_of_a_line_can_be_used_up(client: Any) -> None:
    assert create(client, version="1.0.1073741823") == f"{ARN}web/1.0.1073741823"
    with refused("InvalidVersionNumberException", 400, BAD_VERSION):
        create(client, version="1.0.x")


@pytest.mark.parametrize("version", ["1.0", "1.0.0.0", "1.0.0/1", "v1.0.0", "1.0.X"])
def test_texts_that_are_no_versions(client: Any, version: str) -> None:
    pattern = load_model().shape("WildcardVersionNumber")["pattern"]
    with invalid("semanticVersion", f"semanticVersion must match pattern {pattern}"):
        create(client, version=version)


@pytest.mark.parametrize(
    ("reference", "version"),
    [("x.x.x", "2.2.4"), ("2.x.x", "2.2.4"), ("1.x.x", "1.10.0"), ("1.7.x", "1.7.8"), ("1.7.8", "1.7.8")],
)
def test_a_wildcard_reads_the_newest_version(client: Any, reference: str, version: str) -> None:
    for each in ("1.7.8", "1.10.0", "2.2.4", "1.6.8"):
        create(client, version=each)
    got = client.get_image_recipe(imageRecipeArn=f"{ARN}web/{reference}")
    assert got["imageRecipe"]["version"] == version
    assert got["latestVersionReferences"]["latestPatchVersionArn"] == f"{ARN}web/{version}"


@pytest.mark.parametrize("version", ["x.0.0", "x.0.x", "1.x.0"])
def test_a_number_right_of_a_wildcard_reads_nothing(client: Any, version: str) -> None:
    create(client)
    with invalid("imageRecipeArn", WILDCARD_NOT_LAST):
        get(client, f"{ARN}web/{version}")


@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}web/1.0.1",
        f"{ARN}web/2.x.x",
        f"{ARN}mail/x.x.x",
        f"{ARN}web/1.0.0".replace(REGION, "eu-west-1"),
        f"{ARN}web/1.0.0".replace(ACCOUNT, OTHER_ACCOUNT),
        f"{ARN}web/x.x.x".replace(ACCOUNT, "aws"),
    ],
)
def test_an_unknown_recipe_is_not_found(client: Any, arn: str) -> None:
    create(client)
    with not_found("ImageRecipe", arn):
        get(client, arn)
