"""Log groups and streams in moto's CloudWatch Logs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ...resources.image import Image

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NOT_IN_GROUP_NAME = re.compile(r"[^A-Za-z0-9\-_/.#]")


class Line(NamedTuple):
    """One event of a log."""

    moment: datetime
    text: str


def log_group_of(image: Image) -> str:
    """The log group of a build: that of its settings, or else that of the image's name.

    What a log group's name can't have, such as the spaces of an image's name, becomes hyphens.
    """
    name: str | None = image.record.get("loggingConfiguration", {}).get("logGroupName")
    return name or _NOT_IN_GROUP_NAME.sub("-", f"/aws/imagebuilder/{image.name}")


def write(logs: Any, group: str, stream: str, lines: Iterable[Line]) -> None:
    """Write the lines of a log that are not there yet, whatever the time is now.

    CloudWatch Logs takes nothing that is older than two weeks: these lines came in when they were written.

    :param logs: moto's backend.
    :param lines: all of the log so far, in the order of time.
    """
    new = _unwritten(logs, group, stream, lines)
    if not new:
        return
    started = new[0].moment
    if group not in logs.groups:
        logs.ensure_log_group(group)
        _set_time(logs.groups[group], "creation_time", started)
    streams = logs.groups[group].streams
    if stream not in streams:
        logs.groups[group].create_log_stream(stream)
        _set_time(streams[stream], "creation_time", started)
    written = streams[stream]
    # Where a filter sends them, and whether it can, does not concern the build.
    with suppress(Exception):
        written.put_log_events([{"timestamp": milliseconds(line.moment), "message": line.text} for line in new])
    for event in written.events[-len(new) :]:
        event.ingestion_time = event.timestamp
    _set_time(written, "last_ingestion_time", new[-1].moment)
    written.upload_sequence_token = len(written.events)


def _unwritten(logs: Any, group: str, stream: str, lines: Iterable[Line]) -> Sequence[Line]:
    written = logs.groups[group].streams.get(stream) if group in logs.groups else None
    known = Counter((event.timestamp, event.message) for event in written.events) if written is not None else Counter()
    new = []
    for line in lines:
        key = milliseconds(line.moment), line.text
        if known[key]:
            known[key] -= 1
        else:
            new.append(line)
    return new


def _set_time(thing: Any, name: str, moment: datetime) -> None:
    """The oldest moto has numbers here, the newest has times without a zone."""
    is_time = isinstance(getattr(thing, name), datetime)
    setattr(thing, name, moment.replace(tzinfo=None) if is_time else milliseconds(moment))


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as CloudWatch Logs counts time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
