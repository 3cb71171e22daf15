"""What a page of every list costs in a big Region, over the same in a small one."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

from mock_imagebuilder import mock_imagebuilder

from .lists import LISTS, RETRIES, SHORT_LISTS, List, World, furnished
from .measure import Figure, ratio

MANY, FEW = 2_000, 100
SUSPICIOUS = 1.05


def figures() -> list[Figure]:
    with mock_imagebuilder():
        few, many = World("us-west-2", FEW), World("us-east-1", MANY)
        with furnished(few, many):
            # Most objects live for long: the collector's walks over them are not what is measured.
            gc.freeze()
            ratios = {name: value for each in (*LISTS, *SHORT_LISTS) for name, value in _ratios(each, many, few)}
            gc.unfreeze()
    worst = max(ratios, key=lambda name: ratios[name])
    return [Figure(f"a page of a list at {MANY:,} of everything over at {FEW}", ratios[worst], 1.1, detail=worst)]


def _ratios(each: List, many: World, few: World) -> Iterator[tuple[str, float]]:
    """Of the first page, and of one in the middle."""
    yield each.name, _steady_ratio(each.page(many), each.page(few))
    if each in LISTS:
        deep, shallow = (each.page(world, each.token_after(world, _middle(each, world))) for world in (many, few))
        yield f"{each.name}, in the middle", _steady_ratio(deep, shallow)


def _steady_ratio(action: Callable[[], object], floor: Callable[[], object]) -> float:
    """The lowest of a few measurements, if the first is suspicious: of so many lists one always meets a busy machine."""
    lowest = ratio(action, floor, times=3)
    for _ in range(5):
        if lowest > SUSPICIOUS:
            lowest = min(lowest, ratio(action, floor, times=3))
    return lowest


def _middle(each: List, world: World) -> int:
    """How many pages lead to the middle."""
    if each.operation == "list_waiting_workflow_steps":
        return 1
    return min(world.size, RETRIES) // 50 if each.operation == "list_workflow_executions" else world.size // 50
