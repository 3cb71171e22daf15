"""Fixtures for the tests of several families."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.moto_api import state_manager

from mock_imagebuilder import Control

from . import container_recipes, image_recipes
from .recipes import Recipes

LIFECYCLE_EXECUTIONS = "imagebuilder::lifecycle-execution"


@pytest.fixture
def slow_executions() -> Iterator[Callable[..., None]]:
    """Lets lifecycle executions take their time until the test ends: ``slow_executions("time", seconds=60)``."""

    def set_progression(progression: str, **members: Any) -> None:
        state_manager.set_transition(LIFECYCLE_EXECUTIONS, {"progression": progression, **members})

    yield set_progression
    state_manager.unset_transition(LIFECYCLE_EXECUTIONS)


@pytest.fixture(params=[image_recipes, container_recipes], ids=["image recipes", "container recipes"])
def recipes(request: pytest.FixtureRequest, mocked: Control) -> Recipes:
    """Both kinds of recipes, for rules that do not tell them apart. A repository for the containers exists."""
    container_recipes.create_repository()
    family: Recipes = request.param
    return family
