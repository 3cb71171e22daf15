"""Lists of recipes: their order, and pages of them."""

from __future__ import annotations

from typing import Any

import pytest

from ..errors import refused
from .recipes import Recipes

IN_ORDER = ["my-web/1.0.0", "web-1/1.10.0", "web-1/1.9.0", "web-2/1.0.0"]


@pytest.fixture
def several(client: Any, recipes: Recipes) -> Any:
    for name, version in (("web_2", "1.0.0"), ("Web 1", "1.10.0"), ("Web 1", "1.9.0"), ("my web", "1.0.0")):
        recipes.create(client, name, version)
    return client


def ends(recipes: Recipes, entries: list[dict[str, Any]]) -> list[str]:
    return [entry["arn"].removeprefix(recipes.ARN) for entry in entries]


def test_recipes_are_listed_in_the_order_of_their_arns(several: Any, recipes: Recipes) -> None:
    assert ends(recipes, recipes.summaries(several)) == IN_ORDER


def test_pages_continue_where_they_ended(several: Any, recipes: Recipes) -> None:
    first = recipes.listed(several, maxResults=3)
    assert ends(recipes, first[recipes.SUMMARIES]) == IN_ORDER[:3]
    last = recipes.listed(several, maxResults=3, nextToken=first["nextToken"])
    assert ends(recipes, last[recipes.SUMMARIES]) == IN_ORDER[3:]
    assert "nextToken" not in last
    bad_token = ("InvalidPaginationTokenException", 400, "The provided pagination token is not valid.")
    with refused(*bad_token):
        recipes.listed(several, owner="Amazon", nextToken=first["nextToken"])
    with refused(*bad_token):
        several.list_images(nextToken=first["nextToken"])
