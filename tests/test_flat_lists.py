"""A page costs the page: what a list operation does for it does not grow with what there is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from botocore import xform_name

import mock_imagebuilder as package
from benchmarks.lists import LISTS, SHORT_LISTS, WAIT, List, World, furnished
from mock_imagebuilder import mock_imagebuilder
from mock_imagebuilder.control import CatalogueEntry
from mock_imagebuilder.imagebuilder.api import operations
from mock_imagebuilder.imagebuilder.managed.entries import (
    ManagedComponent,
    ManagedImage,
    ManagedVersion,
    ManagedWorkflow,
)

SOURCES = str(Path(package.__file__).parent / "imagebuilder")
SMALL, BIG = 60, 240
#: A search by halves may look at two more rows for twice as many; each is a line.
SEARCHES = 12


def lines_of(act: Callable[[], Any], handler: str) -> int:
    """How many lines of the service run while a handler does; lines in comprehensions once for every row."""
    inside, lines = 0, 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal inside, lines
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        is_handler = frame.f_code.co_name == handler
        if event == "call":
            inside += is_handler
        elif event == "return":
            inside -= is_handler
        elif inside:
            lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return lines


def rows_in(answer: Any) -> int:
    """How many entries a page shows."""
    return max(len(value) for value in answer.values() if isinstance(value, list))


def cost(each: List, world: World) -> list[tuple[int, int]]:
    """Of the first page and of one in the middle: its rows, and the lines that run for it."""
    # The first look at a list may have to gather what it lists.
    each.page(world)()
    calls = [each.page(world)]
    if each in LISTS:
        # There are as few waiting builds in a big Region as in a small one.
        pages = 1 if each.operation == "list_waiting_workflow_steps" else world.size // 50
        calls.append(each.page(world, each.token_after(world, pages)))
    return [(rows_in(call()), lines_of(call, each.operation)) for call in calls]


def assert_flat(small: list[tuple[int, int]], big: list[tuple[int, int]]) -> None:
    for (few, before), (many, after) in zip(small, big, strict=True):
        assert few == many
        assert 0 < after <= before + SEARCHES


@pytest.fixture(scope="module")
def worlds() -> Iterator[tuple[World, World]]:
    """Two Regions, with few and with many of everything."""
    with mock_imagebuilder():
        small, big = World("us-east-1", SMALL), World("us-west-2", BIG)
        with furnished(small, big):
            yield small, big


@pytest.mark.parametrize("each", [*LISTS, *SHORT_LISTS], ids=lambda each: each.name)
def test_a_page_costs_the_page(worlds: tuple[World, World], each: List) -> None:
    small, big = worlds
    assert_flat(cost(each, small), cost(each, big))


def test_more_rows_are_more_lines(worlds: tuple[World, World]) -> None:
    """What is counted is what is looked at."""
    small, _ = worlds

    def lines(size: int) -> int:
        return lines_of(lambda: small.client.list_images(maxResults=size), "list_images")

    assert lines(20) - lines(10) == lines(15) - lines(5) > 10


def test_all_lists_are_there() -> None:
    paged = {
        name
        for name, operation in operations().items()
        if name.startswith("List") and "nextToken" in operation.output_members
    }
    assert {xform_name(name) for name in paged} == {each.operation for each in (*LISTS, *SHORT_LISTS)}


class TestOfOthers:
    """What Amazon publishes is the same in all Regions."""

    VERSIONS = (ManagedVersion("1.0.0", "2026-01-01T00:00:00.000Z"),)
    LISTS = tuple(
        List(f"list_{noun}", request)
        for noun in ("components", "images", "workflows")
        for request in (lambda _: {"owner": "Amazon"}, lambda _: {"owner": "Amazon", "byName": True})
    )

    def costs(self, size: int) -> list[list[tuple[int, int]]]:
        entries: list[CatalogueEntry] = []
        with mock_imagebuilder() as control:
            data = json.dumps({"schemaVersion": 1.0, "steps": [WAIT]})
            for name in [f"team-{number:05}" for number in range(size)]:
                entries += [
                    ManagedComponent(name, name, "Linux", "BUILD", self.VERSIONS),
                    ManagedImage(name, name, "Linux", "AMI", self.VERSIONS),
                    ManagedWorkflow(name, name, "BUILD", self.VERSIONS, data),
                ]
            control.add_managed(*entries)
            world = World("us-east-1", size)
            return [cost(each, world) for each in self.LISTS]

    def test_a_page_costs_the_page(self) -> None:
        for small, big in zip(self.costs(SMALL), self.costs(BIG), strict=True):
            assert_flat(small, big)
