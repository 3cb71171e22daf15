"""How things are timed here: both sides in turn, in pairs of small batches."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parent.parent
BATCHES = 60


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, what came out, and what it must not exceed."""

    name: str
    value: float
    target: float
    unit: str = "x"
    detail: str = ""

    @property
    def is_met(self) -> bool:
        return self.value <= self.target

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        return f"{self.name:<64} {self.value:>8.3f} {self.unit:<4} <= {self.target:<6g} {verdict:<6} {self.detail}"


def seconds(action: Callable[[], object], times: int) -> float:
    """The mean time of one call in a batch."""
    start = perf_counter()
    for _ in range(times):
        action()
    return (perf_counter() - start) / times


def ratio(action: Callable[[], object], floor: Callable[[], object], times: int = 20) -> float:
    """What a call costs over what another costs: the median over pairs of batches that run one after the other.

    A machine that drifts, or stumbles, hits both sides of a pair alike.
    """
    seconds(action, times), seconds(floor, times)
    gc.collect()
    return median(seconds(action, times) / seconds(floor, times) for _ in range(BATCHES))


def difference(action: Callable[[], object], floor: Callable[[], object], times: int = 5) -> float:
    """What a call costs more than another, in seconds: the median over pairs as in :func:`ratio`."""
    seconds(action, times), seconds(floor, times)
    gc.collect()
    return median(seconds(action, times) - seconds(floor, times) for _ in range(BATCHES))


def typical(action: Callable[[], object], times: int = 5) -> float:
    """The median time per call, in seconds."""
    seconds(action, times)
    gc.collect()
    return median(seconds(action, times) for _ in range(BATCHES))


def in_processes(*modules: str, rounds: int = 5) -> list[float]:
    """The median of what each module prints when run as a program of its own, the programs taking turns."""
    samples: list[list[float]] = [[] for _ in modules]
    for _ in range(rounds):
        for number, module in enumerate(modules):
            command = [sys.executable, "-m", *module.split()]
            output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
            samples[number].append(float(output.split()[-1]))
    return [median(values) for values in samples]
