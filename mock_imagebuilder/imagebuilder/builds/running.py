"""What is on its way and what is to come, for whoever has to let time pass."""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Protocol

from .timetable import Timetable

#: How many runs of one pipeline or policy the clock makes up for at most when it jumps.
LATEST_RUNS = 100


class Running(Protocol):
    """A build of an image, or a lifecycle execution."""

    @property
    def is_running(self) -> bool: ...
    def settle(self, moment: datetime) -> None: ...
    def goes_on_at(self, moment: datetime) -> datetime | None:
        """When it goes on without being looked at, if it does until ``moment``."""
        ...


class RunningBuilds:
    """Builds and lifecycle executions of all accounts and Regions that have not ended, in the order of their beginnings.

    Those that begin by themselves are in the :attr:`timetable` before.
    """

    def __init__(self) -> None:
        self.timetable = Timetable()
        self._builds: dict[Running, None] = {}
        self._is_settling = False

    def __bool__(self) -> bool:
        return bool(self._builds or self.timetable)

    def add(self, build: Running) -> None:
        if build.is_running:
            self._builds[build] = None

    def settle(self, moment: datetime) -> None:
        """Bring all of them to where they are at ``moment`` without being looked at, see :meth:`.Build.settle`.

        Of what the timetable has for the time since it was last looked at, the latest :data:`LATEST_RUNS` runs of each
        pipeline and policy happen: a test that jumps ahead by years must end.
        """
        if self._builds or self.timetable.is_due(moment):
            self._pass(moment, LATEST_RUNS)

    def run_until(self, moment: datetime) -> list[str]:
        """The same, and everything on the timetable happens.

        :returns: the ARNs of the images that pipelines have built.
        """
        return self._pass(moment, None)

    def _pass(self, moment: datetime, latest: int | None) -> list[str]:
        # Their work reaches neighbours, and reaching them lets time pass: no settling within settling.
        if self._is_settling:
            return []
        self._is_settling = True
        try:
            images = self.timetable.run(moment, self._settle_builds, latest)
            self._settle_builds(moment)
            return images
        finally:
            self._is_settling = False

    def _settle_builds(self, moment: datetime) -> None:
        """What happens first is done first, whichever of them does it: they may leave things in the same place."""
        builds = list(self._builds)
        queue = [(due, number) for number, build in enumerate(builds) if (due := build.goes_on_at(moment)) is not None]
        heapify(queue)
        while queue:
            due, number = heappop(queue)
            build = builds[number]
            build.settle(due)
            following = build.goes_on_at(moment) if build.is_running else None
            if following is not None and following > due:
                heappush(queue, (following, number))
        for build in builds:
            build.settle(moment)  # it may have waited for another one
            if not build.is_running:
                self._builds.pop(build, None)

    def clear(self) -> None:
        self._builds.clear()
        self.timetable.clear()
