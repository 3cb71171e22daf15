"""The VM import and export tasks of EC2: what they are, how far they are, and all that there are.

EC2's own actions start them (ImportImage, ExportImage), tests describe them, builds export through them, and ImportVmImage
reads them. They are kept here and not in moto's EC2, which nobody has to import for them.

How time passes is moto's state manager's matter, under a model name for each of the two kinds: ``immediate`` (the default:
a task has ended when the call that starts it returns), ``manual`` (one phase for every ``times`` descriptions of the task)
and ``time`` (one phase every ``seconds``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Literal, TypeVar

from moto.moto_api import state_manager

IMPORT_MODEL_NAME = "imagebuilder::import-image-task"
EXPORT_MODEL_NAME = "imagebuilder::export-image-task"

for _name in (IMPORT_MODEL_NAME, EXPORT_MODEL_NAME):
    state_manager.register_default_transition(_name, {"progression": "immediate"})

TaskState = Literal["active", "completed", "deleting", "deleted"]


class TaskFailed(Exception):
    """The work of a task cannot be done; the text is its status message."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What a task that is active says of itself."""

    progress: int
    message: str


@dataclass(eq=False, kw_only=True, slots=True)
class VmTask:
    """A task of one account and Region.

    ``finish`` does its work, after the last phase. A task without it is one that a test has described: it stays as it is.
    """

    MODEL_NAME: ClassVar[str]
    PHASES: ClassVar[tuple[Phase, ...]]

    task_id: str
    account_id: str
    region: str
    entered: datetime
    finish: Callable[[datetime], None] | None = None
    state: TaskState = "active"
    #: Why it was deleted.
    reason: str | None = None
    ended: datetime | None = None
    #: What the caller has said, in the members of EC2's answers.
    given: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    phase_number: int = 0
    _observations: int = 0
    _is_at_work: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it goes on by itself."""
        return self.state == "deleting" or (self.state == "active" and self.finish is not None)

    @property
    def is_transferring(self) -> bool:
        """Whether it is too late to cancel it."""
        return self.phase_number == len(self.PHASES) - 1

    @property
    def progress(self) -> str | None:
        return str(self.PHASES[self.phase_number].progress) if self.state == "active" else None

    @property
    def status_message(self) -> str | None:
        return self.PHASES[self.phase_number].message if self.state == "active" else self.reason

    def observe(self, moment: datetime) -> None:
        """The task is described: whatever its progression makes of that happens now."""
        transition = state_manager.get_transition(self.MODEL_NAME)
        if transition["progression"] != "manual":
            self.settle(moment)
        elif self.is_running:
            self._observations += 1
            if self._observations >= transition["times"]:
                self._advance(moment)

    def settle(self, moment: datetime) -> None:
        """What happens without being looked at."""
        if self._is_at_work:
            return  # its own work reaches a neighbour, and reaching neighbours lets time pass
        transition = state_manager.get_transition(self.MODEL_NAME)
        if transition["progression"] == "immediate":
            while self.is_running:
                self._advance(moment)
        elif transition["progression"] == "time":
            duration = timedelta(seconds=transition["seconds"])
            while self.is_running and self.entered + duration <= moment:
                self._advance(self.entered + duration)

    def goes_on_at(self, moment: datetime) -> datetime | None:
        """When :meth:`settle` has something to do next, if it does until ``moment``."""
        transition = state_manager.get_transition(self.MODEL_NAME)
        if transition["progression"] == "manual":
            return None
        immediate = transition["progression"] == "immediate"
        due = moment if immediate else self.entered + timedelta(seconds=transition["seconds"])
        return due if due <= moment else None

    def cancel(self, reason: str, moment: datetime) -> None:
        self._enter("deleting", moment, reason)

    def end(self, state: Literal["completed", "deleted"], moment: datetime, reason: str | None = None) -> None:
        self._enter(state, moment, reason)
        self.ended = moment

    def _advance(self, moment: datetime) -> None:
        if self.state == "deleting":
            self.end("deleted", moment, self.reason)
        elif not self.is_transferring:
            self.phase_number += 1
            self._enter("active", moment)
        elif self.finish is not None:
            self._is_at_work = True
            try:
                self.finish(moment)
            except TaskFailed as failure:
                self.end("deleted", moment, str(failure))
            else:
                self.end("completed", moment)
            finally:
                self._is_at_work = False

    def _enter(self, state: TaskState, moment: datetime, reason: str | None = None) -> None:
        self.state, self.entered, self.reason = state, moment, reason
        self._observations = 0


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a virtual machine: in S3 as ``user_bucket`` or ``url`` say, or a snapshot of EC2."""

    snapshot_id: str
    description: str | None = None
    device_name: str | None = None
    format: str | None = None
    size: int = 0
    #: In the members of EC2's answers: UserBucket or Url. Nothing for a disk that was a snapshot before.
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(eq=False, kw_only=True, slots=True)
class ImportTask(VmTask):
    """A VM import task. Its platform is None if nobody has said it."""

    MODEL_NAME: ClassVar[str] = IMPORT_MODEL_NAME
    # As recorded from a real task.
    PHASES: ClassVar[tuple[Phase, ...]] = (
        Phase(2, "pending"),
        Phase(28, "converting"),
        Phase(34, "updating"),
        Phase(58, "booting"),
        Phase(84, "preparing ami"),
    )

    ami_id: str | None = None
    platform: str | None = None
    disks: tuple[Disk, ...] = ()


@dataclass(eq=False, kw_only=True, slots=True)
class ExportTask(VmTask):
    """An export task of an AMI."""

    MODEL_NAME: ClassVar[str] = EXPORT_MODEL_NAME
    PHASES: ClassVar[tuple[Phase, ...]] = (Phase(0, "validating"), Phase(21, "updating"), Phase(85, "converting"))

    ami_id: str


TaskT = TypeVar("TaskT", bound=VmTask)


class TaskList(Generic[TaskT]):
    """All tasks of a kind, by account and Region, in the order in which they were started."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str], dict[str, TaskT]] = {}
        self._tokens: dict[tuple[str, str, str], tuple[str, TaskT]] = {}

    def add(self, task: TaskT) -> None:
        self._tasks.setdefault((task.account_id, task.region), {})[task.task_id] = task

    def find(self, account_id: str, region: str, task_id: str) -> TaskT | None:
        return self._tasks.get((account_id, region), {}).get(task_id)

    def of(self, account_id: str, region: str) -> list[TaskT]:
        return list(self._tasks.get((account_id, region), {}).values())

    def remember(self, token: str, request: str, task: TaskT) -> None:
        """Keep the task that a request with a client token has started."""
        self._tokens[task.account_id, task.region, token] = request, task

    def started_by(self, account_id: str, region: str, token: str) -> tuple[str, TaskT] | None:
        """The request that came with a client token, and its task."""
        return self._tokens.get((account_id, region, token))

    def clear(self) -> None:
        self._tasks.clear()
        self._tokens.clear()


class VmTasks:
    """The tasks of all accounts and Regions."""

    def __init__(self) -> None:
        self.imports: TaskList[ImportTask] = TaskList()
        self.exports: TaskList[ExportTask] = TaskList()

    def clear(self) -> None:
        self.imports.clear()
        self.exports.clear()
