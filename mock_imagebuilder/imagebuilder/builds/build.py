"""The life of one image: the stages that it goes through, and how far it is.

A stage is a status of the image and the work that is done in it. To advance is to do the work of the present stage and to
enter the next one: what a stage produces (an AMI, a copy, an export) exists as soon as the image has left it, exactly
once, and does not depend on how time passes. Work that cannot be done raises :class:`StageFailed`: the image is FAILED,
what earlier stages produced stays.

How time passes is moto's state manager's matter, model name ``imagebuilder::image``: ``immediate`` (the default: the build
has run when the call that starts it returns), ``manual`` (one stage for every ``times`` observations of the image) and
``time`` (one stage every ``seconds``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.moto_api import state_manager

from .steering import MODEL_NAME, BuildFailure

if TYPE_CHECKING:
    from ..resources.image import Image

AVAILABLE = "AVAILABLE"
CANCELLED = "CANCELLED"
FAILED = "FAILED"


class StageFailed(Exception):
    """The work of a stage cannot be done. ``context`` holds members of ``state.failureContext``."""

    def __init__(self, reason: str, **context: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.context = context


class NotYet(Exception):
    """The work of a stage waits for something outside: the image stays where it is."""


Work = Callable[["Build", datetime], None]


@dataclass(frozen=True)
class Stage:
    """One status on the way to AVAILABLE, and the work that is done before the image leaves it."""

    status: str
    work: Work | None = None


class Build:
    """A running or finished build of one image build version."""

    __slots__ = ("_entered", "_failure", "_is_at_work", "_observations", "_position", "image", "stages")

    def __init__(self, image: Image, stages: tuple[Stage, ...], failure: BuildFailure | None, moment: datetime) -> None:
        """
        :param stages: all stages before AVAILABLE, in order.
        :param failure: what a test wants to go wrong.
        """
        self.image = image
        self.stages = stages
        self._failure = failure
        self._position = 0
        self._observations = 0
        self._is_at_work = False
        self._entered = moment
        self._set_status(stages[0].status)

    @property
    def is_running(self) -> bool:
        return self._position < len(self.stages)

    @property
    def status(self) -> str:
        status: str = self.image.record["state"]["status"]
        return status

    def start(self, moment: datetime) -> None:
        """To be called once, when the image is stored: under ``immediate`` the build runs to its end."""
        if state_manager.get_transition(MODEL_NAME)["progression"] == "immediate":
            self.run(moment)

    def observe(self, moment: datetime) -> None:
        """The image is looked at: whatever its progression makes of that happens now."""
        if not self.is_running:
            return
        transition = state_manager.get_transition(MODEL_NAME)
        if transition["progression"] == "manual":
            self._observations += 1
            if self._observations >= transition["times"]:
                self.advance(moment)
        else:
            self.settle(moment)

    def settle(self, moment: datetime) -> None:
        """What happens without being looked at.

        Under ``time`` the build enters every stage whose hour has come, each at its own time. Under ``immediate`` one that
        began under another progression, or had to wait, runs to its end.
        """
        if self._is_at_work:
            return  # its own work reaches a neighbour, and reaching neighbours lets time pass
        transition = state_manager.get_transition(MODEL_NAME)
        if transition["progression"] == "immediate":
            self.run(moment)
        if transition["progression"] != "time":
            return
        duration = timedelta(seconds=transition["seconds"])
        while self.is_running and self._entered + duration <= moment:
            if not self.advance(self._entered + duration):
                return

    def run(self, moment: datetime, until: str | None = None) -> None:
        """Advance to the end, to the status ``until``, or to where the build has to wait."""
        while self.is_running and self.status != until:
            if not self.advance(moment):
                return

    def advance(self, moment: datetime) -> bool:
        """Do the work of the present stage and enter the next. False if the work waits for something."""
        stage = self.stages[self._position]
        self._is_at_work = True
        try:
            if self._failure is not None and self._failure.stage == stage.status:
                raise StageFailed(self._failure.reason)
            if stage.work is not None:
                stage.work(self, moment)
        except NotYet:
            return False
        except StageFailed as failure:
            self._finish(FAILED, failure.reason, {"imageStatus": stage.status, **failure.context})
            return True
        finally:
            self._is_at_work = False
        self._position += 1
        self._observations = 0
        self._entered = moment
        self._set_status(self.stages[self._position].status if self.is_running else AVAILABLE)
        return True

    def will_come_to(self, status: str) -> bool:
        """Whether the status lies ahead of the build, or is its present one."""
        ahead = [stage.status for stage in self.stages[self._position :]]
        return status == self.status or (self.is_running and status in (*ahead, AVAILABLE, FAILED))

    def cancel(self, reason: str | None = None) -> None:
        """End a running build. What it has produced stays."""
        self._finish(CANCELLED, reason, None)

    def _finish(self, status: str, reason: str | None, context: dict[str, Any] | None) -> None:
        self._position = len(self.stages)
        self._set_status(status, reason, context)

    def _set_status(self, status: str, reason: str | None = None, context: dict[str, Any] | None = None) -> None:
        state: dict[str, Any] = {"status": status}
        if reason is not None:
            state["reason"] = reason
        if context is not None:
            state["failureContext"] = context
        self.image.update(state=state)
