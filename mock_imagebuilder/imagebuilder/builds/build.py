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

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.moto_api import state_manager

from .failure_rules import Strike, to_the_letter
from .scans import state as scans
from .steering import MODEL_NAME

if TYPE_CHECKING:
    from ..resources.image import Image

AVAILABLE = "AVAILABLE"
CANCELLED = "CANCELLED"
FAILED = "FAILED"

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

#: A state in the members of the API's ImageState, and when the image came to it.
Passed = tuple[datetime, dict[str, Any]]


class StageFailed(Exception):
    """The work of a stage cannot be done. ``context`` holds members of ``state.failureContext``."""

    def __init__(self, reason: str, **context: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.context = context


class NotYet(Exception):
    """The work of a stage waits for something outside: the image stays where it is.

    :param until: when it will have waited for long enough, and is to be tried again.
    """

    def __init__(self, until: datetime | None = None) -> None:
        super().__init__()
        self.until = until


Work = Callable[["Build", datetime], None]


@dataclass(frozen=True)
class Stage:
    """One status on the way to AVAILABLE, and the work that is done before the image leaves it.

    The image's workflows for this stage begin when it enters the stage, and run before the work is done.
    """

    status: str
    work: Work | None = None


class Build:
    """A running or finished build of one image build version."""

    __slots__ = (
        "_earlier",
        "_entered",
        "_first",
        "_is_at_work",
        "_moments",
        "_observations",
        "_position",
        "_stopped_at",
        "_waits_until",
        "image",
        "stages",
        "strikes",
    )

    def __init__(self, image: Image, stages: tuple[Stage, ...], strikes: tuple[Strike, ...], moment: datetime) -> None:
        """
        :param stages: all stages before AVAILABLE, in order.
        :param strikes: what a test wants to go wrong.
        """
        self.image = image
        self.stages = stages
        self.strikes = strikes
        self._position = 0
        self._observations = 0
        self._is_at_work = False
        self._stopped_at: int | None = None
        self._waits_until: datetime | None = None
        #: The states that attempts before the last retry have come to.
        self._earlier: tuple[Passed, ...] = ()
        #: The position of the first stage whose beginning this attempt has to tell of.
        self._first = 1
        #: When this attempt came to its stages and its end, in microseconds; None while all was when the image was made.
        self._moments: array[int] | None = None
        self._enter(0, moment)

    @property
    def is_running(self) -> bool:
        return self._position < len(self.stages)

    @property
    def status(self) -> str:
        status: str = self.image.record["state"]["status"]
        return status

    @property
    def _has_to_wait(self) -> bool:
        return self._waits_until is not None

    @property
    def stopped_in(self) -> str | None:
        """The status in which the build has failed or was cancelled."""
        return None if self._stopped_at is None else self.stages[self._stopped_at].status

    def has_entered(self, status: str) -> bool:
        """Whether the build has come to the stage of this status."""
        return any(stage.status == status for stage in self.stages[: self._reached + 1])

    def history(self) -> Iterator[Passed]:
        """The states that the image has come to by its build, PENDING excepted, and when."""
        yield from self._earlier
        states = [_state_of(stage.status) for stage in self.stages[self._first : self._reached + 1]]
        if self._stopped_at is not None:
            states.append(self.image.record["state"])
        elif not self.is_running:
            states.append(_state_of(AVAILABLE))
        for number, state in enumerate(states):
            moment = self.image.created
            if self._moments is not None:
                moment = _EPOCH + self._moments[number] * _MICROSECOND
            yield moment, state

    @property
    def stages_ahead(self) -> list[str]:
        """The statuses of the stages that a running build has not come to."""
        return [stage.status for stage in self.stages[self._position + 1 :]]

    @property
    def _reached(self) -> int:
        """The position of the last stage that the build has come to."""
        position = self._position if self._stopped_at is None else self._stopped_at
        return min(position, len(self.stages) - 1)

    def start(self, moment: datetime) -> None:
        """To be called once, when the image is stored: under ``immediate`` the build runs to its end."""
        if state_manager.get_transition(MODEL_NAME)["progression"] == "immediate":
            self.run(moment)

    def resume(self, moment: datetime) -> None:
        """What the build waited for has come: the present stage goes on, as if it had begun now."""
        self._entered = moment
        self._observations = 0
        self._waits_until = None
        self.start(moment)

    def retry(self, strikes: tuple[Strike, ...], moment: datetime) -> None:
        """Go on with the stage in which the build has failed or was cancelled.

        :param strikes: what a test wants to go wrong this time.
        """
        if self._stopped_at is None:
            raise LookupError("the build has not stopped")
        self._earlier = tuple(self.history())
        position, self._stopped_at, self.strikes = self._stopped_at, None, strikes
        self._first, self._moments = position, array("q")
        self.image.workflow_runs.reopen(self.stages[position].status)
        self._enter(position, moment)
        self.start(moment)

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
        self._let_waits_end(moment)
        if self._has_to_wait:
            return  # nothing but an action ends this wait before its time
        transition = state_manager.get_transition(MODEL_NAME)
        if transition["progression"] == "immediate":
            self.run(moment)
        if transition["progression"] != "time":
            return
        duration = timedelta(seconds=transition["seconds"])
        while self.is_running and self._entered + duration <= moment:
            if not self.advance(self._entered + duration):
                if self._waits_until is None or self._waits_until > moment:
                    return
                self._let_waits_end(moment)

    def goes_on_at(self, moment: datetime) -> datetime | None:
        """When :meth:`settle` has something to do next, if it does until ``moment``."""
        due = self._waits_until
        if due is None:
            transition = state_manager.get_transition(MODEL_NAME)
            if transition["progression"] == "manual":
                return None
            immediate = transition["progression"] == "immediate"
            due = moment if immediate else self._entered + timedelta(seconds=transition["seconds"])
        return due if due <= moment else None

    def run(self, moment: datetime, until: str | None = None) -> None:
        """Advance to the end, to the status ``until``, or to where the build has to wait."""
        while self.is_running and self.status != until:
            if not self.advance(moment):
                return

    def advance(self, moment: datetime) -> bool:
        """Do the work of the present stage and enter the next. False if the work waits for something."""
        stage = self.stages[self._position]
        self._waits_until = None
        self._is_at_work = True
        try:
            self._do_work_of(stage, moment)
        except NotYet as wait:
            self._waits_until = wait.until
            self.image.log()
            return False
        except StageFailed as failure:
            reason = to_the_letter(self.strikes, failure.reason)
            self._stop(FAILED, moment, reason, {"imageStatus": stage.status, **failure.context})
            return True
        finally:
            self._is_at_work = False
        self._enter(self._position + 1, moment)
        return True

    def will_come_to(self, status: str) -> bool:
        """Whether the status lies ahead of the build, or is its present one."""
        ahead = [stage.status for stage in self.stages[self._position :]]
        return status == self.status or (self.is_running and status in (*ahead, AVAILABLE, FAILED))

    def cancel(self, moment: datetime) -> None:
        """End a running build. What it has produced stays."""
        self._stop(CANCELLED, moment)

    def _do_work_of(self, stage: Stage, moment: datetime) -> None:
        strikes = [strike for strike in self.strikes if strike.is_ahead and stage.status in strike.rule.stages]
        if self.image.workflow_runs.has_workflows(stage.status):
            self.image.workflow_runs.run_stage(moment, strikes)
        else:
            for strike in strikes:
                if strike.is_for_the_stage:
                    raise StageFailed(strike.strike())
        if stage.work is not None:
            stage.work(self, moment)

    def _let_waits_end(self, moment: datetime) -> None:
        """Try again what has waited for long enough, whatever the progression, at the times at which it had."""
        while self._waits_until is not None and self._waits_until <= moment:
            self.advance(self._waits_until)

    def _enter(self, position: int, moment: datetime) -> None:
        previous = self.image.record["state"]
        self._position = position
        self._observations = 0
        self._entered = moment
        self._count()
        if self.is_running:
            status = self.stages[position].status
            self.image.update(state=_state_of(status))
            self.image.workflow_runs.begin_stage(status, moment)
        else:
            self.image.update(state=_state_of(AVAILABLE))
            self.image.workflow_runs.end(moment)
        self._has_changed()
        if position >= self._first:
            self._announce(previous, moment)
        if not self.is_running:
            self.image.backend.build_has_ended(self.image, moment)

    def _count(self) -> None:
        in_progress = self.image.backend.builds_in_progress
        if self.is_running:
            in_progress.add(self)
        else:
            in_progress.discard(self)

    def _stop(
        self, status: str, moment: datetime, reason: str | None = None, context: dict[str, Any] | None = None
    ) -> None:
        previous = self.image.record["state"]
        self._stopped_at = self._position
        self._position = len(self.stages)
        self._waits_until = None
        self._count()
        state: dict[str, Any] = _state_of(status)
        if reason is not None:
            state = {**state, "reason": reason}
        if context is not None:
            state = {**state, "failureContext": context}
        self.image.update(state=state)
        self.image.workflow_runs.end(moment)
        self._has_changed()
        self._announce(previous, moment)
        self.image.backend.build_has_ended(self.image, moment)

    def _has_changed(self) -> None:
        """The image has another status."""
        if self.strikes:
            self._give_strikes_back()
        if scans.STATE in self.image.record:
            scans.follow(self.image)

    def _give_strikes_back(self) -> None:
        """What has not struck, and can't any more, is for the next build."""
        ahead = {stage.status for stage in self.stages[self._position :]}
        past = [strike for strike in self.strikes if strike.is_ahead and not strike.rule.stages & ahead]
        for strike in past:
            self.image.backend.steering.give_back(strike.rule)
        self.strikes = tuple(strike for strike in self.strikes if strike not in past)

    def _announce(self, previous: dict[str, Any], moment: datetime) -> None:
        """The image has come to a state of which others are to know."""
        self._remember(moment)
        # Whoever is told is a neighbour: see settle.
        was_at_work, self._is_at_work = self._is_at_work, True
        try:
            self.image.announce_state(previous, moment)
        finally:
            self._is_at_work = was_at_work

    def _remember(self, moment: datetime) -> None:
        if self._moments is None:
            if moment == self.image.created:
                return
            before = self._reached - self._first + (not self.is_running)
            self._moments = array("q", [_microseconds(self.image.created)] * before)
        self._moments.append(_microseconds(moment))


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


@cache
def _state_of(status: str) -> dict[str, Any]:
    """A state without anything else: one for all images."""
    return {"status": status}
