"""The timetable: order, and the latest of many times; and whose clock it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
import time_machine
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.builds.clock import is_moved
from mock_imagebuilder.imagebuilder.builds.timetable import Timetable

from .clocks import CLOCKS, START, Clock

MINUTE = timedelta(minutes=1)


@dataclass(eq=False)
class Train:
    """Leaves at these minutes after START."""

    name: str
    minutes: list[int]

    def next_run_after(self, moment: datetime) -> datetime | None:
        times = (START + minute * MINUTE for minute in sorted(self.minutes))
        return next((time for time in times if time > moment), None)


class Station:
    """A timetable, and which trains have left at which minutes."""

    def __init__(self, *trains: Train) -> None:
        self.timetable = Timetable()
        self.left: list[tuple[str, int]] = []
        self.passed: list[int] = []
        for train in trains:
            self.enter(train)

    def enter(self, train: Train, minute: int = -1) -> None:
        def leave(moment: datetime) -> str:
            self.left.append((train.name, (moment - START) // MINUTE))
            return train.name

        self.timetable.enter(train, leave, START + minute * MINUTE)

    def run(self, minute: int, latest: int | None = None) -> list[str]:
        return self.timetable.run(
            START + minute * MINUTE, lambda moment: self.passed.append((moment - START) // MINUTE), latest
        )


def test_all_leave_in_the_order_of_time() -> None:
    station = Station(Train("a", [5, 7, 20]), Train("b", [3, 7, 30]))
    assert station.run(7) == ["b", "a", "a", "b"]
    assert station.left == [("b", 3), ("a", 5), ("a", 7), ("b", 7)]
    assert station.passed == [3, 5, 7]
    assert station.run(6) == []
    assert station.run(25) == ["a"]


def test_what_is_removed_or_entered_anew_does_not_leave_as_before() -> None:
    early, late = Train("early", [1, 2]), Train("late", [1, 2])
    station = Station(early, late)
    station.timetable.remove(early)
    station.enter(late, 1)
    assert station.timetable.due_of(early) is None
    assert station.timetable.due_of(late) == START + 2 * MINUTE
    station.run(9)
    assert station.left == [("late", 2)]
    assert not station.timetable


def test_what_is_entered_again_and_again_takes_no_room() -> None:
    train = Train("a", [5])
    station = Station(train)
    for _ in range(10_000):
        station.enter(train)
    assert sum(map(len, station.timetable._heaps)) < 200
    assert station.run(5) == ["a"]


def test_what_happens_before_may_take_it_out() -> None:
    train = Train("a", [5])
    station = Station(train)
    assert station.timetable.run(START + 9 * MINUTE, lambda _: station.timetable.remove(train)) == []
    assert station.left == []


def test_a_failure_is_not_repeated() -> None:
    timetable = Timetable()

    def derail(_: datetime) -> str:
        raise OSError("derailed")

    timetable.enter(Train("a", [5]), derail, START)
    with pytest.raises(OSError, match="derailed"):
        timetable.run(START + 9 * MINUTE, lambda _: None)
    assert timetable.run(START + 9 * MINUTE, lambda _: None) == []


@given(
    st.lists(st.integers(0, 3000), min_size=1, unique=True),
    st.integers(0, 3000),
    st.integers(1, 30),
)
def test_the_latest(minutes: list[int], until: int, latest: int) -> None:
    station = Station(Train("a", minutes))
    station.run(until, latest)
    assert station.left == [("a", minute) for minute in sorted(minutes) if minute <= until][-latest:]


# ---- whose clock it is ----


def test_clocks_that_a_test_has_moved() -> None:
    assert not is_moved()
    with freeze_time("2020-01-01"):
        assert is_moved()
    assert not is_moved()
    with freeze_time("2020-01-01", tick=True):
        assert is_moved()
    with time_machine.travel("2020-01-01T00:00:00Z"):
        assert is_moved()
    assert not is_moved()


@pytest.mark.parametrize("make", CLOCKS)
def test_what_was_entered_under_a_moved_clock_is_for_moved_clocks(
    make: Callable[[], AbstractContextManager[Clock]],
) -> None:
    own = Station(Train("a", [5]))
    with make():
        moved = Station(Train("a", [5]))
        moment = START + 9 * MINUTE
        assert own.timetable.is_due(moment)
        assert moved.timetable.is_due(moment)
    assert own.timetable.is_due(moment)
    assert not moved.timetable.is_due(moment)
    assert own.run(9, latest=100) == ["a"]
    assert moved.run(9, latest=100) == []
    assert moved.run(9) == ["a"]


def test_it_stays_for_moved_clocks() -> None:
    with freeze_time(START):
        station = Station(Train("a", [5, 10, 15]))
        assert station.run(5, latest=100) == ["a"]
    assert station.run(10, latest=100) == []
    with freeze_time(datetime(2026, 3, 1, 13, tzinfo=timezone.utc)):
        assert station.run(12, latest=100) == ["a"]
