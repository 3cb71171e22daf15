"""What AWSTOE, which runs the components on an instance, writes about them: to its console, and to the bucket for logs.

Nothing runs here, so there is no output of commands. The lines are those of published logs, the files those of the page
"AWSTOE component document framework" in the user guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from ...arns import Arn
from .outbox import living_backend
from .s3 import put

if TYPE_CHECKING:
    from ...resources.image import Image
    from ..workflows.component_phases import ComponentRun

#: How a step fails of which nothing else is known.
EXIT_STATUS = "exit status 1"
_SUCCEEDED = "TOE has completed execution successfully"
_FAILED = "TOE has completed execution with failure - Execution failed!"


class LogsRefused(Exception):
    """The logs can't be written to their bucket; the text is that of the S3 client."""


def console(runs: Sequence[ComponentRun], error: str | None = None) -> Iterator[str]:
    """The lines of the console.

    :param error: why the first step of the last component fails; None if all succeed.
    """
    for run in runs:
        fails = error is not None and run is runs[-1]
        yield f"Document {run.component_arn}"
        for phase in run.phases:
            yield f"Phase {phase.name}"
            for name, action in phase.steps:
                yield f"Step {name}"
                if fails:
                    break
                if action.startswith("Execute"):
                    yield "CmdExecution: ExitCode 0"
                yield f"{action}: FINISHED EXECUTION"
            if fails:
                break
        if error is not None and fails:
            yield from _failure(run, error)
            return
    yield "Executor: FINISHED EXECUTION OF ALL DOCUMENTS"
    yield _SUCCEEDED


def _failure(run: ComponentRun, error: str) -> Iterator[str]:
    if error != EXIT_STATUS:
        yield f"CmdExecution: Stderr: {error}"
    yield "CmdExecution: ExitCode 1"
    block: dict[str, str | None] = {"Document": run.document, "ComponentArn": run.component_arn}
    for phase in run.phases[:1]:
        step, action = phase.steps[0]
        block |= {"Phase": phase.name, "Step": step, "Action": action}
    block |= {"ErrorMessage": error, "Stderr": None if error == EXIT_STATUS else error}
    yield "\n".join(f"  {name}: {value}" for name, value in block.items() if value is not None)
    yield _FAILED


def write_files(
    image: Image, runs: Sequence[ComponentRun], begin: datetime, end: datetime, error: str | None = None
) -> str | None:
    """Write the logs to the bucket that the infrastructure configuration names.

    :returns: where they are, ``s3://...``; None if there is no such bucket to write to in the configuration.
    :raises LogsRefused: the bucket does not exist.
    """
    settings = image.infrastructure.get("logging", {}).get("s3Logs", {})
    bucket = settings.get("s3BucketName")
    if bucket is None:
        return None
    backend = image.backend
    s3 = living_backend("s3", backend.account_id, backend.partition)
    if s3 is None or bucket not in s3.buckets:
        raise LogsRefused("NoSuchBucket: The specified bucket does not exist status code: 404")
    execution_id = str(mock_random.uuid4())
    arn = Arn.parse(image.arn)
    folder = f"TOE_{begin:%Y-%m-%d_%H-%M-%S}_UTC-0_{execution_id}"
    nodes = (settings.get("s3KeyPrefix", "").strip("/"), arn.slug, str(arn.version), str(arn.build), folder)
    path = "/".join(node for node in nodes if node)
    lines = list(console(runs, error))
    files = {
        "application.log": [f"{_stamp(end)} Debug {line}" for line in (f"ExecutionId {execution_id}", *lines)],
        "console.log": [f"{_stamp(end)} Info {line}" for line in lines],
        "detailedoutput.json": [json.dumps(_details(execution_id, runs, begin, end, error), indent=2)],
    }
    for name, texts in files.items():
        put(s3, bucket, f"{path}/{name}", "".join(f"{text}\n" for text in texts), end)
    return f"s3://{bucket}/{path}"


def _details(
    execution_id: str, runs: Sequence[ComponentRun], begin: datetime, end: datetime, error: str | None
) -> Mapping[str, Any]:
    """The last component is the one that fails. After that nothing runs."""
    times = {"startTime": _iso(begin), "endTime": _iso(end)}
    success = {"status": "success", **times, "failureMessage": ""}
    if error is None:
        return {"executionId": execution_id, **success, "documents": [_document(run, success, success) for run in runs]}
    failure = {"status": "failed", **times, "failureMessage": f"Document {runs[-1].component_arn} failed!"}
    documents = [_document(run, success, success) for run in runs[:-1]]
    documents.append(_document(runs[-1], failure, {**failure, "failureMessage": error}, end_of=1))
    return {"executionId": execution_id, **failure, "documents": documents}


def _document(
    run: ComponentRun, outcome: Mapping[str, str], of_step: Mapping[str, str], end_of: int | None = None
) -> dict[str, Any]:
    """
    :param end_of: how many phases, and how many steps of each, have run; None for all.
    """
    return {
        "name": run.document or "",
        "filePath": run.component_arn,
        **outcome,
        "phases": [
            {
                "name": phase.name,
                **outcome,
                "steps": [{"name": name, "action": action, **of_step} for name, action in phase.steps[:end_of]],
            }
            for phase in run.phases[:end_of]
        ],
    }


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
