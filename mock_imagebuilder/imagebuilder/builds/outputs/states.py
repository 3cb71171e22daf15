"""State machines in moto's Step Functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .outbox import living_backend


class ExecutionRefused(Exception):
    """Step Functions does not start the execution; ``code`` and text are its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution that has ended."""

    arn: str
    #: SUCCEEDED or FAILED.
    status: str
    output: str


def execute(state_machine_arn: str, text: str, moment: datetime) -> Execution:
    """Run a state machine to its end.

    moto only pretends to run it: the execution succeeds without output, unless moto is set to let executions fail.

    :param text: the input, JSON.
    :raises ExecutionRefused: there is no such state machine.
    """
    *_, region, account_id, _, _ = state_machine_arn.split(":", 6)
    backend = living_backend("stepfunctions", account_id, region)
    if backend is None or not any(machine.arn == state_machine_arn for machine in backend.state_machines):
        raise ExecutionRefused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{state_machine_arn}'")
    execution = backend.start_execution(state_machine_arn, "", text)
    if execution.status == "RUNNING":
        execution.status, execution.output, execution.stop_date = "SUCCEEDED", "{}", moment
    return Execution(execution.execution_arn, execution.status, execution.output or "{}")
