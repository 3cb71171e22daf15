"""What several of these actions read from a request, or put into an answer."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from moto.ec2.exceptions import EC2ClientError, InvalidNextToken

from ..imagebuilder.builds.vm_tasks import TaskList, TaskT, VmTask
from ..imagebuilder.models import imagebuilder_backends
from ..imagebuilder.resources.base import now
from .errors import invalid_value, not_one_of, other_request

#: moto's response object of one request to EC2.
Ec2Request = Any
Parameters = Mapping[str, Any]
Answer = dict[str, Any]
RowT = TypeVar("RowT")

_STATES = ("active", "completed", "deleting", "deleted")
_NOT_OF_THE_REQUEST = ("ClientToken", "DryRun")


@contextmanager
def at_work(request: Ec2Request) -> Iterator[datetime]:
    """Nobody else changes anything in the meantime. Gives the moment at which the request is answered."""
    # First of all: reaching for the backend lets time pass.
    _ = request.ec2_backend
    with imagebuilder_backends.lock:
        yield now()


def tags_of(request: Ec2Request, resource_type: str) -> dict[str, str]:
    """The tags for a new task, :raises EC2ClientError: they are for something else."""
    return dict(request._parse_tag_specification(resource_type).get(resource_type, {}))


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def given(parameters: Parameters, *names: str) -> Answer:
    """The parameters of these names that the request has."""
    return {name: parameters[name] for name in names if parameters.get(name) not in (None, "")}


def start_once(
    request: Ec2Request, tasks: TaskList[TaskT], parameters: Parameters, start: Callable[[], TaskT]
) -> TaskT:
    """Start a task, or find the one that the same request has started before.

    :raises EC2ClientError: the client token came with another request.
    """
    account_id, region = request.current_account, request.region
    token = parameters.get("ClientToken")
    if not token:
        return _started(tasks, start())
    text = json.dumps(
        {k: v for k, v in parameters.items() if k not in _NOT_OF_THE_REQUEST}, sort_keys=True, default=str
    )
    earlier = tasks.started_by(account_id, region, token)
    if earlier is None:
        task = _started(tasks, start())
        tasks.remember(token, text, task)
        return task
    if earlier[0] != text:
        raise other_request(token)
    return earlier[1]


def _started(tasks: TaskList[TaskT], task: TaskT) -> TaskT:
    tasks.add(task)
    task.settle(task.entered)
    imagebuilder_backends.running_builds.add(task)
    return task


def in_states(tasks: Sequence[TaskT], filters: Mapping[str, Sequence[str]]) -> list[TaskT]:
    """:raises EC2ClientError: there is no such filter, or no such state."""
    for name, values in filters.items():
        if name != "task-state":
            raise not_one_of("Filter.Name", name, ("task-state",))
        for value in values:
            if value not in _STATES:
                raise not_one_of("task-state", value, _STATES)
    wanted = filters.get("task-state")
    return [task for task in tasks if wanted is None or task.state in wanted]


def page_of(
    rows: Sequence[RowT], id_of: Callable[[RowT], str], parameters: Parameters, most: int | None
) -> tuple[list[RowT], dict[str, str]]:
    """One page, and ``{"NextToken": ...}`` unless it is the last one.

    A token says which row the page before has ended with.

    :raises EC2ClientError: the size or the token is not valid.
    """
    size = parameters.get("MaxResults")
    if size is not None and not 1 <= size <= (most or size):
        limits = "at least 1" if most is None else f"between 1 and {most}"
        raise invalid_value("maxResults", size, f"Expecting a value {limits}.")
    begin = 0
    if parameters.get("NextToken"):
        begin = 1 + _position([id_of(row) for row in rows], parameters["NextToken"])
    page = list(rows[begin : None if size is None else begin + size])
    if begin + len(page) >= len(rows):
        return page, {}
    return page, {"NextToken": base64.urlsafe_b64encode(id_of(page[-1]).encode()).decode()}


def task_id_of(task: VmTask) -> str:
    return task.task_id


def _position(ids: Sequence[str], token: str) -> int:
    try:
        return ids.index(base64.b64decode(token, altchars=b"-_", validate=True).decode())
    except (binascii.Error, ValueError):
        raise InvalidNextToken(token) from None


def require_cancelable(task: VmTask, kind: str) -> None:
    """:raises EC2ClientError: the task has ended, or is about to end."""
    what: str | None = None if task.state == "active" else task.state
    if what is None and task.is_transferring:
        what = "transferring the final disk image"
    if what is not None:
        raise EC2ClientError("IncorrectState", f"The {kind} task {task.task_id} is {what} and can't be canceled.")


def is_task_id(text: str, prefix: str) -> bool:
    return re.fullmatch(rf"{prefix}[0-9A-Za-z]{{8,32}}", text) is not None
