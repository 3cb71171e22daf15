"""The timeline of an image as text, for terminals and reports of failed tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .timeline import ImageTimeline, Output, Stage, Step, Workflow

#: How a state of a stage is called in the column of statuses.
_STATES = {"done": "COMPLETED", "running": "RUNNING", "failed": "FAILED", "cancelled": "CANCELLED", "ahead": "-"}


def describe(image: ImageTimeline, moment: datetime | None, is_brief: bool = False) -> str:
    """Several lines: the image, why it failed, its stages with their workflows and steps, what it has left.

    :param moment: until when that which has not ended has taken; without it, no word of that.
    :param is_brief: leave out the stages.
    """
    stages = () if is_brief else _stage_lines(image, moment)
    return "\n".join(line.rstrip() for line in (*_head_lines(image), *stages, *_output_lines(image)))


def duration(start: datetime | None, end: datetime | None) -> str:
    """``0 ms``, ``1.5 s``, ``2 min 5 s``, ``3 h 0 min``; empty if one of the times is not known."""
    if start is None or end is None:
        return ""
    seconds = max((end - start).total_seconds(), 0)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _head_lines(image: ImageTimeline) -> Iterator[str]:
    yield f"{_one_line(image['name'])} {image['version']}  {image['status']}"
    yield f"  {image['arn']}"
    if image["pipeline_arn"] is not None:
        yield f"  pipeline: {image['pipeline_arn']}"
    if image["reason"] is not None:
        yield f"  reason: {_one_line(image['reason'])}"
    for sentence in image["failure"]:
        yield f"  {_one_line(sentence)}"


def _stage_lines(image: ImageTimeline, moment: datetime | None) -> Iterator[str]:
    attempt = 1
    rows = [row for stage in image["stages"] for row in _stage_rows(stage, moment)]
    width = max((len(name) for _, name, *_ in rows), default=0)
    for row_attempt, name, status, took, message in rows:
        if row_attempt != attempt:
            attempt = row_attempt
            yield f"  attempt {attempt}:"
        yield f"  {name:{width}}  {status:<18}  {took:>11}  {_one_line(message or '')}"


def _output_lines(image: ImageTimeline) -> Iterator[str]:
    for number, output in enumerate(image["outputs"]):
        yield f"  {'outputs:' if number == 0 else '        '} {_output(output)}"


Row = tuple[int, str, str, str, str | None]


def _stage_rows(stage: Stage, moment: datetime | None) -> Iterator[Row]:
    took = duration(stage["started"], stage["ended"] or moment)
    yield stage["attempt"], stage["status"], _STATES[stage["state"]], took, None
    for workflow in stage["workflows"]:
        yield from _workflow_rows(workflow, stage["attempt"], moment)


def _workflow_rows(workflow: Workflow, attempt: int, moment: datetime | None) -> Iterator[Row]:
    took = duration(workflow["started"], workflow["ended"] or moment)
    yield attempt, f"  {workflow['name']}", workflow["status"], took, None
    for step in workflow["steps"]:
        took = duration(step["started"], step["ended"] or moment)
        yield attempt, f"    {step['name']}", _status(step), took, step["message"]


def _status(step: Step) -> str:
    if step["waits"]:
        return "WAITS FOR ACTION"
    return "-" if step["status"] == "PENDING" else step["status"]


def _output(output: Output) -> str:
    name = "" if output["name"] is None else f"  {_one_line(output['name'])}"
    return f"{output['kind']}  {output['region']}  {output['account_id']}  {output['id']}{name}"


def _one_line(text: str) -> str:
    """Names and messages are what users wrote: no line breaks, nothing that steers a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
