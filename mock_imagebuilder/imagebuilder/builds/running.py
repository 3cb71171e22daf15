"""The builds that are on their way, for whoever has to let time pass."""

from __future__ import annotations

from datetime import datetime

from .build import Build


class RunningBuilds:
    """Builds of all accounts and Regions that have not ended, in the order in which they began."""

    def __init__(self) -> None:
        self._builds: dict[str, Build] = {}
        self._is_settling = False

    def __bool__(self) -> bool:
        return bool(self._builds)

    def add(self, build: Build) -> None:
        if build.is_running:
            self._builds[build.image.arn] = build

    def settle(self, moment: datetime) -> None:
        """Bring all builds to where they are at ``moment`` without being looked at, see :meth:`.Build.settle`."""
        # The work of a build reaches neighbours, and reaching them lets time pass: no settling within settling.
        if not self._builds or self._is_settling:
            return
        self._is_settling = True
        try:
            for arn, build in list(self._builds.items()):
                build.settle(moment)
                if not build.is_running:
                    self._builds.pop(arn, None)
        finally:
            self._is_settling = False

    def clear(self) -> None:
        self._builds.clear()
