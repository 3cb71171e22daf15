"""Every value that breaks the model is refused, by name, with the model's code and status, and changes nothing."""

from __future__ import annotations

import pytest

from .doors import Door, Request
from .model import OPERATIONS, refusal_code, status_of
from .wrong_values import KINDS, WrongValue, wrong_values


def fault_of(door: Door, case: WrongValue) -> str | None:
    """What is wrong with the answer to a case, if anything is."""
    code = refusal_code(case.operation)
    answer = door.send(Request.of(case.operation, case.values))
    if answer.code != code or answer.status != status_of(code):
        return f"{case}: {answer.status} {answer.code} {answer.body!r:.200}"
    frame = f"The value supplied for parameter '{case.parameter}' is not valid. {case.parameter} "
    message = answer.message_of_refusal()
    return None if message.startswith(frame) else f"{case}: {message}"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_is_refused(door: Door, operation: str) -> None:
    cases = [case for kind in KINDS for case in wrong_values(operation)[kind]]
    faults = [fault for case in cases if (fault := fault_of(door, case))]
    assert not faults, f"{len(faults)} of {len(cases)}"


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_cases_of_every_kind(kind: str) -> None:
    assert sum(len(wrong_values(operation)[kind]) for operation in OPERATIONS) >= 50
