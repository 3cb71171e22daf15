"""Fixtures for tests of stacks."""

from __future__ import annotations

from typing import Any

import pytest

from ..resources.container_recipes import create_repository
from ..resources.lifecycles import create_role
from .templates import Stacks


@pytest.fixture
def stacks(client: Any, instance_profile: str) -> Stacks:
    """CloudFormation, and what resources of the templates need that no stack makes."""
    create_repository()
    return Stacks()


@pytest.fixture
def lifecycle_role(stacks: Stacks) -> None:
    create_role()
