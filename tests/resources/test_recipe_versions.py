"""The versions of a recipe: each exists once, new ones take the next number, wildcards read the newest."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..conftest import ACCOUNT, REGION
from ..errors import refused
from ..refusals import WILDCARD_NOT_LAST, already_there, dry_run, invalid, not_found
from .recipes import BAD_VERSION, Recipes, references

OTHER_ACCOUNT = "210987654321"


@pytest.mark.parametrize("name", ["web server", "Web Server", "web_server"])
def test_a_version_of_a_name_exists_once_whatever_is_in_it(client: Any, recipes: Recipes, name: str) -> None:
    recipes.create(client, "Web-Server", "0.0.2", description="the first")
    with already_there(recipes.KIND, f"{recipes.ARN}web-server/0.0.2"):
        recipes.create(client, name, "0.0.2", description="another one")
    with already_there(recipes.KIND, f"{recipes.ARN}web-server/0.0.2"):
        recipes.create(client, name, "0.00.2")
    assert recipes.get(client, f"{recipes.ARN}web-server/0.0.2")["description"] == "the first"
    assert recipes.create(client, name, "0.0.3") == f"{recipes.ARN}web-server/0.0.3"


def test_leading_zeros_stay(client: Any, recipes: Recipes) -> None:
    arn = recipes.create(client, version="2019.12.03")
    assert arn == f"{recipes.ARN}web/2019.12.03"
    assert recipes.get(client, arn)["version"] == "2019.12.03"
    assert recipes.get(client, f"{recipes.ARN}web/x.x.x")["arn"] == arn


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("1.0.x", ["1.0.1", "1.0.2", "1.0.3"]),
        ("1.x.0", ["1.1.0", "1.2.0", "1.3.0"]),
        ("x.0.0", ["1.0.0", "2.0.0", "3.0.0"]),
        ("2026.09.x", ["2026.09.1", "2026.09.2", "2026.09.3"]),
    ],
)
def test_one_wildcard_takes_the_next_number(client: Any, recipes: Recipes, asked: str, given: list[str]) -> None:
    assert [recipes.create(client, version=asked) for _ in given] == [
        f"{recipes.ARN}web/{version}" for version in given
    ]


def test_the_next_number_follows_the_highest_one_of_its_line(client: Any, recipes: Recipes) -> None:
    for version in ("1.0.7", "1.0.9", "1.2.30"):
        recipes.create(client, version=version)
    answer = recipes.ask(client, version="1.0.x")
    assert answer[recipes.PARAMETER] == f"{recipes.ARN}web/1.0.10"
    assert answer["latestVersionReferences"] == references(f"{recipes.ARN}web", "x.x.x", "1.x.x", "1.0.x", "1.0.10")
    recipes.delete(client, f"{recipes.ARN}web/1.0.7")
    assert recipes.create(client, version="1.0.x") == f"{recipes.ARN}web/1.0.11"


@pytest.mark.parametrize("version", ["1.x.x", "x.x.x", "x.1.x", "1.0.1073741824", "99999999999.0.0"])
def test_versions_that_are_refused(client: Any, recipes: Recipes, version: str) -> None:
    with refused("InvalidVersionNumberException", 400, BAD_VERSION):
        recipes.create(client, version=version)
    assert recipes.summaries(client) == []


def test_the_numbers_of_a_line_can_be_used_up(client: Any, recipes: Recipes) -> None:
    assert recipes.create(client, version="1.0.1073741823") == f"{recipes.ARN}web/1.0.1073741823"
    with refused("InvalidVersionNumberException", 400, BAD_VERSION):
        recipes.create(client, version="1.0.x")


@pytest.mark.parametrize("version", ["1.0", "1.0.0.0", "1.0.0/1", "v1.0.0", "1.0.X"])
def test_texts_that_are_no_versions(client: Any, recipes: Recipes, version: str) -> None:
    pattern = load_model().shape("WildcardVersionNumber")["pattern"]
    with invalid("semanticVersion", f"semanticVersion must match pattern {pattern}"):
        recipes.create(client, version=version)


@pytest.mark.parametrize(
    ("reference", "version"),
    [("x.x.x", "2.2.4"), ("2.x.x", "2.2.4"), ("1.x.x", "1.10.0"), ("1.7.x", "1.7.8"), ("1.7.8", "1.7.8")],
)
def test_a_wildcard_reads_the_newest_version(client: Any, recipes: Recipes, reference: str, version: str) -> None:
    for each in ("1.7.8", "1.10.0", "2.2.4", "1.6.8"):
        recipes.create(client, version=each)
    assert recipes.get(client, f"{recipes.ARN}web/{reference}")["version"] == version
    got = recipes.got(client, f"{recipes.ARN}web/{reference}")
    assert got["latestVersionReferences"]["latestPatchVersionArn"] == f"{recipes.ARN}web/{version}"


@pytest.mark.parametrize("version", ["x.0.0", "x.0.x", "1.x.0"])
def test_a_number_right_of_a_wildcard_reads_nothing(client: Any, recipes: Recipes, version: str) -> None:
    recipes.create(client)
    with invalid(recipes.PARAMETER, WILDCARD_NOT_LAST):
        recipes.get(client, f"{recipes.ARN}web/{version}")


@pytest.mark.parametrize(
    ("reference", "region", "account_id"),
    [
        ("web/1.0.1", REGION, ACCOUNT),
        ("web/2.x.x", REGION, ACCOUNT),
        ("mail/x.x.x", REGION, ACCOUNT),
        ("web/1.0.0", "eu-west-1", ACCOUNT),
        ("web/1.0.0", REGION, OTHER_ACCOUNT),
        ("web/x.x.x", REGION, "aws"),
    ],
)
def test_an_unknown_recipe_is_not_found(
    client: Any, recipes: Recipes, reference: str, region: str, account_id: str
) -> None:
    recipes.create(client)
    arn = recipes.ARN.replace(REGION, region).replace(ACCOUNT, account_id) + reference
    with not_found(recipes.KIND, arn):
        recipes.get(client, arn)


def test_a_dry_run_creates_nothing_and_finds_every_mistake(client: Any, recipes: Recipes) -> None:
    with dry_run():
        recipes.create(client, dryRun=True)
    assert recipes.summaries(client) == []
    with refused("InvalidVersionNumberException", 400, BAD_VERSION):
        recipes.create(client, version="1.x.x", dryRun=True)
    recipes.create(client)
    with already_there(recipes.KIND, f"{recipes.ARN}web/1.0.0"):
        recipes.create(client, dryRun=True)


def test_the_same_token_gets_the_same_version(client: Any, recipes: Recipes) -> None:
    arn = recipes.create(client, version="1.0.x", clientToken="token")
    assert recipes.create(client, version="1.0.x", clientToken="token") == arn
    assert len(recipes.summaries(client)) == 1
    with refused("IdempotentParameterMismatchException", 400, re.compile(".*'token'.*")):
        recipes.create(client, version="1.1.x", clientToken="token")
