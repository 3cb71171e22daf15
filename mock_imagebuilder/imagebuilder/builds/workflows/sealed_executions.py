"""Workflow executions of a build that has ended, in a tenth of their space: there can be tens of thousands of builds."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, overload

from ...documents.workflow import WorkflowDocument
from .execution import StepExecution, WorkflowExecution

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)

#: What most executions look like: zlib writes only what is different.
_TYPICAL = (
    b'[[0,0,"ROLLBACK_COMPLETED",0,0,null,false,{},[["FAILED",0,0,{"instanceId":"i-"},"An error occurred ("],'
    b'["SKIPPED",0,0,null,null,null,null],["PENDING",null,null,null,null,null,null]]],'
    b'[0,0,"COMPLETED",0,0,null,false,{"ImageId":"ami-"},[["COMPLETED",0,0,{"waitFor":"ssmAgent"},{"instanceId":"i-"},null,'
    b'null],["COMPLETED",0,0,{"instanceId":"i-"},{"status":"Success","output":"","runCommandId":"'
    b'"},null,null],["COMPLETED",0,0,{"instanceId":"i-"},{"osVersion":"Amazon Linux 2023","associationId":"'
    b'"},null,null],["COMPLETED",0,0,{"instanceId":"i-"},{"status":"Success","output":"Skipping cleanup\\n","runCommandId":"'
    b'"},null,null],["SKIPPED",0,0,null,null,null,null],["COMPLETED",0,0,{"instanceId":"i-"},{"imageId":"ami-'
    b'"},null,null],["COMPLETED",0,0,{"instanceId":"i-"},{},null,null]]],'
    b'[8,1,"COMPLETED",0,0,null,false,{},[["COMPLETED",0,0,{"waitFor":"ssmAgent"},{"instanceId":"i-'
    b'"},null,null],["SKIPPED",0,0,null,null,null,null],["SKIPPED",0,0,null,null,null,null],["COMPLETED",0,0,{"instanceId":"i-'
    b'"},{},null,null]]]]'
)


def seal(executions: Iterable[WorkflowExecution], uses: Sequence[Mapping[str, Any]]) -> bytes:
    """
    :param uses: the workflows of the image, among which are those of the executions.
    """
    rows = [
        [
            execution.number,
            uses.index(execution.use),
            execution.status,
            _milliseconds(execution.started),
            _offset(execution.ended, execution.started),
            execution.message,
            execution.retried,
            execution.outputs,
            [
                [
                    step.status,
                    _offset(step.started, execution.started),
                    _offset(step.ended, execution.started),
                    step.inputs,
                    step.outputs,
                    step.message,
                    step.rollback_status,
                ]
                for step in execution.steps
            ],
        ]
        for execution in executions
    ]
    compressor = zlib.compressobj(9, wbits=-15, zdict=_TYPICAL)
    text = json.dumps(rows, separators=(",", ":"))
    return compressor.compress(text.encode()) + compressor.flush()


class Attempts:
    """The sealed executions of a build that was retried, by attempt: until it ended, and from each retry to its end."""

    __slots__ = ("_documents", "_firsts", "_numbers", "_sealed", "superseded")

    def __init__(self) -> None:
        self._sealed: list[bytes] = []
        self._documents: list[Sequence[WorkflowDocument]] = []
        #: The place of each attempt's first execution among those of the image, and its number.
        self._firsts: list[int] = []
        self._numbers: list[int] = []
        #: By the ARN of a workflow, how many of the image's first executions are retried if they are its.
        self.superseded: dict[str, int] = {}

    def __len__(self) -> int:
        """How many executions there are."""
        return self._firsts[-1] + len(self._documents[-1]) if self._firsts else 0

    def add(self, sealed: bytes, documents: Sequence[WorkflowDocument], number: int) -> None:
        """
        :param documents: those of the executions, in their order.
        :param number: that of the first execution.
        """
        if documents:
            self._firsts.append(len(self))
            self._numbers.append(number)
            self._sealed.append(sealed)
            self._documents.append(documents)

    def attempt_at(self, place: int) -> int:
        return bisect_right(self._firsts, place) - 1

    def attempt_with(self, number: int) -> int:
        """The attempt whose executions and steps have this number among theirs; -1 for none."""
        return bisect_right(self._numbers, number) - 1

    def open(self, attempt: int, uses: Sequence[Mapping[str, Any]]) -> tuple[int, list[WorkflowExecution]]:
        """Copies of the executions of an attempt, and the place of the first.

        :param uses: the workflows of the image.
        """
        first = self._firsts[attempt]
        executions = unseal(self._sealed[attempt], uses, self._documents[attempt])
        for place, execution in enumerate(executions, start=first):
            execution.retried = place < self.superseded.get(execution.use["workflowArn"], 0)
        return first, executions


class SealedExecutions(Sequence[WorkflowExecution]):
    """The executions of a build that was retried, in the order in which they began. What is looked at is a copy."""

    def __init__(self, attempts: Attempts, uses: Sequence[Mapping[str, Any]]) -> None:
        self._attempts = attempts
        self._uses = uses
        self._first = 0
        self._opened: list[WorkflowExecution] = []

    def __len__(self) -> int:
        return len(self._attempts)

    @overload
    def __getitem__(self, place: int) -> WorkflowExecution: ...
    @overload
    def __getitem__(self, place: slice) -> list[WorkflowExecution]: ...
    def __getitem__(self, place: int | slice) -> WorkflowExecution | list[WorkflowExecution]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        if not self._first <= place < self._first + len(self._opened):
            self._first, self._opened = self._attempts.open(self._attempts.attempt_at(place), self._uses)
        return self._opened[place - self._first]


def unseal(
    sealed: bytes, uses: Sequence[Mapping[str, Any]], documents: Sequence[WorkflowDocument]
) -> list[WorkflowExecution]:
    """
    :param documents: those of the executions, in their order.
    """
    decompressor = zlib.decompressobj(wbits=-15, zdict=_TYPICAL)
    rows = json.loads(decompressor.decompress(sealed) + decompressor.flush())
    return [_execution(row, uses, document) for row, document in zip(rows, documents, strict=True)]


def _execution(row: Sequence[Any], uses: Sequence[Mapping[str, Any]], document: WorkflowDocument) -> WorkflowExecution:
    number, use, status, started, ended, message, retried, outputs, steps = row
    return WorkflowExecution(
        number=number,
        use=uses[use],
        document=document,
        status=status,
        started=_moment(0, started),
        ended=_moment(ended, started),
        message=message,
        retried=retried,
        outputs=outputs,
        steps=[
            StepExecution(step, _moment(begin, started), _moment(end, started), *content)
            for step, begin, end, *content in steps
        ],
    )


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


def _offset(moment: datetime | None, start: datetime | None) -> int | None:
    """Milliseconds from one time to another, each rounded as the API shows it."""
    late, early = _milliseconds(moment), _milliseconds(start)
    return None if late is None or early is None else late - early


def _moment(offset: int | None, start: int | None) -> datetime | None:
    return None if offset is None or start is None else _EPOCH + (start + offset) * _MILLISECOND
