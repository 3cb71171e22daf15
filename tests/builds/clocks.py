"""The two ways in which tests move the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone

import time_machine
from freezegun import freeze_time

#: When the clocks start.
START = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)

#: Lets so many seconds pass.
Clock = Callable[[float], None]


@contextmanager
def freezegun_clock() -> Iterator[Clock]:
    with freeze_time(START) as frozen:
        yield lambda seconds: frozen.move_to(frozen() + timedelta(seconds=seconds))


@contextmanager
def time_machine_clock() -> Iterator[Clock]:
    with time_machine.travel(START, tick=False) as traveller:
        yield lambda seconds: traveller.shift(timedelta(seconds=seconds))


CLOCKS: list[Callable[[], AbstractContextManager[Clock]]] = [freezegun_clock, time_machine_clock]
