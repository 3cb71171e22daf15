"""One mock for a whole module of generated cases, and the proof that a refused request has changed nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..doors import DOORS
from ..served import serving
from .doors import Door, opened
from .story import Story, told


@pytest.fixture(scope="module", params=DOORS)
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Both doors in turn, with the mock behind them for the whole module."""
    with opened(request.param) as door:
        yield door


@pytest.fixture(scope="module")
def story(door: Door) -> Story:
    """Resources of all families that exist while the module's requests come in."""
    return told(door)


@pytest.fixture
def unchanged(story: Story) -> Iterator[None]:
    """Whatever the test sends, everything that can be read is the same before and after."""
    yield
    assert not story.has_changed()


@pytest.fixture(scope="session")
def server_address() -> Iterator[str]:
    """One standalone server for all tests that need one."""
    with serving() as address:
        yield address.url
