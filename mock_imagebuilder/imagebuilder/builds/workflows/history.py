"""The workflow executions of all images of one account and Region, found by their ids, and the steps that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...exceptions import ResourceNotFoundException
from ...store import Index

if TYPE_CHECKING:
    from .execution import WorkflowExecution
    from .runs import WorkflowRuns


@dataclass(frozen=True, slots=True)
class StepPlace:
    """One step of one execution of an image."""

    runs: WorkflowRuns
    execution: WorkflowExecution
    position: int

    @property
    def id(self) -> str:
        return self.runs.step_id(self.execution, self.position)


class WorkflowHistory:
    """What has run, and what waits."""

    def __init__(self) -> None:
        self._runs: dict[int, WorkflowRuns] = {}
        self._waiting: Index[int, StepPlace] = Index()
        self._waits = 0
        self._wait_numbers: dict[str, int] = {}

    def add(self, runs: WorkflowRuns) -> None:
        self._runs[runs.key] = runs

    def remove(self, runs: WorkflowRuns) -> None:
        """Forget the executions of an image."""
        self._runs.pop(runs.key, None)

    def execution(self, execution_id: str) -> tuple[WorkflowRuns, WorkflowExecution]:
        """:raises ResourceNotFoundException: there is no such execution."""
        key, number = _key_and_number_in(execution_id)
        runs = self._runs.get(key)
        execution = None if runs is None else runs.find(number)
        if runs is not None and execution is not None and runs.execution_id(execution) == execution_id:
            return runs, execution
        raise ResourceNotFoundException("WorkflowExecution", execution_id)

    def step(self, step_id: str) -> StepPlace:
        """:raises ResourceNotFoundException: there is no such step."""
        key, number = _key_and_number_in(step_id)
        runs = self._runs.get(key)
        execution = None if runs is None else runs.find(number)
        if runs is not None and execution is not None and number > execution.number:
            return StepPlace(runs, execution, number - execution.number - 1)
        raise ResourceNotFoundException("WorkflowStepExecution", step_id)

    def begins_to_wait(self, place: StepPlace) -> None:
        self._waits += 1
        self._wait_numbers[place.id] = self._waits
        self._waiting.add(self._waits, place)

    def waits_no_longer(self, step_id: str) -> None:
        number = self._wait_numbers.pop(step_id, None)
        if number is not None:
            self._waiting.remove(number)

    def is_waiting(self, step_id: str) -> bool:
        return step_id in self._wait_numbers

    def waiting_after(self, key: int | None) -> Iterator[tuple[int, StepPlace]]:
        """The steps that wait for an action, in the order in which they began to."""
        return self._waiting.after(key)


# An odd factor gives all numbers different digits, and the digits their number back.
_FACTOR = 0x9E3779B1
_INVERSE = pow(_FACTOR, -1, 2**32)


def id_of(key: int, number: int) -> str:
    """One of the ids of an image's executions and steps: a UUID, of which the number decides the last eight digits."""
    last = ((key >> 32) ^ (number * _FACTOR)) & 0xFFFFFFFF
    digits = f"{key:024x}{last:08x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _key_and_number_in(id_: str) -> tuple[int, int]:
    """What the ids of an image have in common, and which of them it is."""
    digits = id_.partition("-")[2].replace("-", "")
    key, last = int(digits[:24], 16), int(digits[24:], 16)
    return key, (last ^ (key >> 32)) * _INVERSE & 0xFFFFFFFF
