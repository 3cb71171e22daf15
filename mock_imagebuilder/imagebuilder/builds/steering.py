"""What a test has decided about builds and errors. Reset with the backends; empty in the ordinary case."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import ServiceException
from moto.moto_api import state_manager

#: The state manager's name for the progression of image builds.
MODEL_NAME = "imagebuilder::image"

state_manager.register_default_transition(MODEL_NAME, {"progression": "immediate"})

#: Why a build fails that was made to fail, where the service would not say it in other words.
DEFAULT_REASON = "The build was made to fail by the test."

#: The names of the steps of workflows that may run in a stage.
StepNames = Callable[[str], Collection[str]]


@dataclass
class BuildFailure:
    """The next build whose image name ``match`` accepts fails in ``stage``.

    ``reason`` is to be its ``state.reason``, None for what the service would say. ``step`` is the name of a step in a
    workflow of the stage; without it, it is the first step that runs components, or else the first.
    """

    stage: str
    reason: str | None
    match: str
    step: str | None = None
    has_struck: bool = False

    def accepts(self, image_name: str, stages: tuple[str, ...], step_names: StepNames) -> bool:
        return (
            self.stage in stages
            and fnmatchcase(image_name, self.match)
            and (self.step is None or self.step in step_names(self.stage))
        )


@dataclass
class OperationFailure:
    """The next ``times`` calls of an operation (all for None) end with ``error``."""

    operation: str
    error: ServiceException
    times: int | None


@dataclass
class Steering:
    """The decisions, for all accounts and Regions."""

    build_failures: list[BuildFailure] = field(default_factory=list)
    operation_failures: list[OperationFailure] = field(default_factory=list)
    packages: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    #: By account, Region and name: the quotas that are not AWS's defaults. None is no limit.
    quotas: dict[tuple[str, str, str], int | None] = field(default_factory=dict)
    _sets_progression: bool = False

    def take_build_failure(
        self, image_name: str, stages: tuple[str, ...], step_names: StepNames
    ) -> BuildFailure | None:
        """The failure that waits for a build of this image going through these stages; it waits no longer then."""
        for number, failure in enumerate(self.build_failures):
            if failure.accepts(image_name, stages, step_names):
                return self.build_failures.pop(number)
        return None

    def give_back(self, failure: BuildFailure) -> None:
        """The build that took a failure has come past it: it waits for the next build again, before all others."""
        self.build_failures.insert(0, failure)

    def raise_operation_failure(self, operation: str) -> None:
        """:raises ServiceException: the error that this call of the operation has to end with, if there is one."""
        for failure in self.operation_failures:
            if failure.operation == operation:
                if failure.times is not None:
                    failure.times -= 1
                    if failure.times == 0:
                        self.operation_failures.remove(failure)
                raise failure.error

    def set_progression(self, transition: dict[str, Any]) -> None:
        """The same as moto's ``state_manager.set_transition`` for image builds, but gone after a reset."""
        state_manager.set_transition(MODEL_NAME, transition)
        self._sets_progression = True

    def clear(self) -> None:
        self.build_failures.clear()
        self.operation_failures.clear()
        self.packages.clear()
        self.quotas.clear()
        if self._sets_progression:
            state_manager.unset_transition(MODEL_NAME)
            self._sets_progression = False
