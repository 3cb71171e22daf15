"""What is on its way, for whoever has to let time pass."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Running(Protocol):
    """A build of an image, or a lifecycle execution."""

    @property
    def is_running(self) -> bool: ...
    def settle(self, moment: datetime) -> None: ...


class RunningBuilds:
    """Builds and lifecycle executions of all accounts and Regions that have not ended, in the order of their beginnings."""

    def __init__(self) -> None:
        self._builds: dict[Running, None] = {}
        self._is_settling = False

    def __bool__(self) -> bool:
        return bool(self._builds)

    def add(self, build: Running) -> None:
        if build.is_running:
            self._builds[build] = None

    def settle(self, moment: datetime) -> None:
        """Bring all of them to where they are at ``moment`` without being looked at, see :meth:`.Build.settle`."""
        # Their work reaches neighbours, and reaching them lets time pass: no settling within settling.
        if not self._builds or self._is_settling:
            return
        self._is_settling = True
        try:
            for build in list(self._builds):
                build.settle(moment)
                if not build.is_running:
                    self._builds.pop(build, None)
        finally:
            self._is_settling = False

    def clear(self) -> None:
        self._builds.clear()
