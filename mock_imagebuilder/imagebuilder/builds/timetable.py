"""What begins by itself, and when: scheduled runs of pipelines, and the daily executions of lifecycle policies."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from .clock import is_moved


class Periodic(Protocol):
    """An image pipeline, or a lifecycle policy."""

    def next_run_after(self, moment: datetime) -> datetime | None:
        """When it begins next; None if it does not any more."""


#: Begins what is due, as of the moment when it is. Returns the ARN of the image that is built, if one is.
Begin = Callable[[datetime], "str | None"]


@dataclass(order=True, slots=True)
class _Entry:
    due: datetime
    number: int
    what: Periodic = field(compare=False)
    begin: Begin = field(compare=False)
    is_of_moved_clock: bool = field(compare=False)


class Timetable:
    """What is to begin in all accounts and Regions, in the order of time.

    What was entered while the test had moved the clock is for moved clocks: to go back to the computer's own, which may
    be months ahead, lets no time pass for it.
    """

    def __init__(self) -> None:
        self._entries: dict[Periodic, _Entry] = {}
        # Heaps, for the computer's own clock and for moved ones. What does not hold any more is in them until it is due.
        self._heaps: tuple[list[_Entry], list[_Entry]] = ([], [])
        self._numbers = count()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def enter(self, what: Periodic, begin: Begin, after: datetime) -> None:
        """Note when something begins next after a moment, in place of what has been known of it."""
        self._enter(_Entry(after, next(self._numbers), what, begin, is_moved()))

    def remove(self, what: Periodic) -> None:
        self._entries.pop(what, None)

    def due_of(self, what: Periodic) -> datetime | None:
        """When something begins next."""
        entry = self._entries.get(what)
        return None if entry is None else entry.due

    def is_due(self, moment: datetime) -> bool:
        """Whether anything may have to begin by now."""
        own, moved = self._heaps
        return bool((own and own[0].due <= moment) or (moved and moved[0].due <= moment and is_moved()))

    def run(self, until: datetime, pass_time: Callable[[datetime], None], latest: int | None = None) -> list[str]:
        """Begin what is due, each at its own time.

        :param pass_time: called with each time at which something begins, before it does.
        :param latest: for what the clock tells: how often each of them begins at most, only for the last times, and
            nothing that is for moved clocks unless this is one. None for everything.
        :returns: the ARNs of the images that are built.
        """
        heaps: Sequence[list[_Entry]] = self._heaps
        if latest is not None:
            if not self.is_due(until):
                return []
            heaps = heaps if is_moved() else heaps[:1]
            self._pass_over(heaps, until, latest)
        images = []
        reached = None
        while (heap := self._first(heaps)) is not None and heap[0].due <= until:
            entry = heap[0]
            if entry.due != reached:
                reached = entry.due
                pass_time(reached)
                continue  # what was first may have been taken out
            heapq.heappop(heap)
            self._enter(entry)
            image = entry.begin(entry.due)
            if image is not None:
                images.append(image)
        return images

    def clear(self) -> None:
        self._entries.clear()
        for heap in self._heaps:
            heap.clear()

    def _enter(self, last: _Entry) -> None:
        """Put in what comes after an entry. At the same time, what was entered first begins first."""
        due = last.what.next_run_after(last.due)
        if due is None:
            self.remove(last.what)
        else:
            self._put(replace(last, due=due))

    def _put(self, entry: _Entry) -> None:
        self._entries[entry.what] = entry
        heap = self._heaps[entry.is_of_moved_clock]
        heapq.heappush(heap, entry)
        if len(heap) > 2 * len(self._entries) + 100:
            heap[:] = sorted(each for each in heap if self._entries.get(each.what) is each)

    def _first(self, heaps: Sequence[list[_Entry]]) -> list[_Entry] | None:
        """The heap with the first entry on top."""
        for heap in heaps:
            while heap and self._entries.get(heap[0].what) is not heap[0]:
                heapq.heappop(heap)
        return min(filter(None, heaps), key=lambda heap: heap[0], default=None)

    def _pass_over(self, heaps: Sequence[list[_Entry]], until: datetime, latest: int) -> None:
        due = [entry for heap in heaps for entry in heap if entry.due <= until]
        for entry in due:
            if self._entries.get(entry.what) is not entry:
                continue
            first = _first_of_latest(entry.what, entry.due, until, latest)
            if first != entry.due:
                self._put(replace(entry, due=first))


def _first_of_latest(what: Periodic, first: datetime, until: datetime, latest: int) -> datetime:
    """The first of the latest times up to ``until``, of which there may be millions.

    :param first: the first of all times.
    """
    if not _has_more(what, first, until, latest - 1):
        return first
    # There are too many times after `early`, and not too many after `late`. No two are within a second.
    early, late = first, until
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if _has_more(what, middle, until, latest):
            early = middle
        else:
            late = middle
    return what.next_run_after(late) or first


def _has_more(what: Periodic, after: datetime, until: datetime, limit: int) -> bool:
    """Whether something begins more often than that in a time."""
    due: datetime | None = after
    for _ in range(limit + 1):
        due = what.next_run_after(due) if due is not None else None
        if due is None or due > until:
            return False
    return True
