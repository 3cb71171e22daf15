"""What builds have done and when, as one tree of plain values: images, their stages, workflows, steps and outputs.

The page ``/moto-api/imagebuilder/timeline`` and :meth:`.Control.describe` show the same tree. To make it does not look at
the images as the API does: under the progression ``manual`` no build goes on because of it. Nor does it make a backend.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .imagebuilder.arns import Arn
from .imagebuilder.builds.build import AVAILABLE, CANCELLED, FAILED
from .imagebuilder.builds.workflows.execution import WorkflowExecution
from .imagebuilder.builds.workflows.runs import WorkflowRuns
from .imagebuilder.models import imagebuilder_backends

if TYPE_CHECKING:
    from .imagebuilder.models import ImageBuilderBackend
    from .imagebuilder.resources.image import Image
    from .imagebuilder.resources.image_pipeline import ImagePipeline

#: How many images a timeline has if nothing else is said.
DEFAULT_LIMIT = 30

StageState = Literal["done", "running", "failed", "cancelled", "ahead"]

_WORKFLOW_TYPES = {"BUILDING": "BUILD", "TESTING": "TEST", "DISTRIBUTING": "DISTRIBUTION"}
_STOPPED: Mapping[str, StageState] = {FAILED: "failed", CANCELLED: "cancelled"}


class Step(TypedDict):
    """A step of a workflow. ``waits``: for an action of the user, until ``waits_until`` at the latest."""

    id: str
    name: str
    description: str | None
    action: str
    status: str
    rollback_status: str | None
    started: datetime | None
    ended: datetime | None
    message: str | None
    waits: bool
    waits_until: datetime | None


class Workflow(TypedDict):
    """A workflow execution. ``name`` is that of the workflow with its version, ``retried`` says that it ran again."""

    id: str
    arn: str
    name: str
    type: str
    status: str
    started: datetime | None
    ended: datetime | None
    message: str | None
    retried: bool
    parallel_group: str | None
    steps: list[Step]


class Stage(TypedDict):
    """A status on the way to AVAILABLE. A retried build comes to one again, in its next attempt."""

    status: str
    state: StageState
    attempt: int
    started: datetime | None
    ended: datetime | None
    workflows: list[Workflow]


OutputKind = Literal["AMI", "container", "launch template", "SSM parameter", "S3 export"]


class Output(TypedDict):
    """What a build has left: an AMI, a version of a launch template, an SSM parameter, the URI of an image elsewhere."""

    kind: OutputKind
    account_id: str
    region: str
    id: str
    name: str | None
    description: str | None


class ImageTimeline(TypedDict):
    """One image. ``failure`` is its ``state.failureContext`` in sentences; ``ended`` is None while it is built."""

    arn: str
    name: str
    version: str
    account_id: str
    region: str
    type: str
    platform: str | None
    pipeline_arn: str | None
    build_type: str | None
    status: str
    reason: str | None
    failure: list[str]
    failure_context: Mapping[str, Any] | None
    attempts: int
    created: datetime
    ended: datetime | None
    stages: list[Stage]
    outputs: list[Output]


class Pipeline(TypedDict):
    """A pipeline. ``last_run_status`` is the status of the newest image, ``images`` the number of all."""

    arn: str
    name: str
    description: str | None
    account_id: str
    region: str
    status: str
    last_run_status: str | None
    images: int


class Place(TypedDict):
    """An account and Region that has been used, and how many images it has."""

    account_id: str
    region: str
    images: int


class Timeline(TypedDict):
    """``images`` are the newest ones, newest first; ``total`` counts all that fit. ``places`` are there unfiltered."""

    places: list[Place]
    pipelines: list[Pipeline]
    images: list[ImageTimeline]
    total: int


def timeline(
    account_id: str | None = None,
    region: str | None = None,
    pipeline_arn: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Timeline:
    """What has been built, as it is now: running builds are where the clock has brought them.

    :param account_id: only of this account.
    :param region: only of this Region.
    :param pipeline_arn: only the images of this pipeline.
    :param limit: so many images at most, the newest.
    """
    with imagebuilder_backends.lock:
        imagebuilder_backends.let_time_pass()
        living = sorted(imagebuilder_backends.living(), key=lambda backend: (backend.account_id, backend.region_name))
        backends = [
            backend
            for backend in living
            if account_id in (None, backend.account_id) and region in (None, backend.region_name)
        ]
        pipelines = [pipeline for backend in backends for pipeline in backend.image_pipelines]
        images: Iterator[Image]
        if pipeline_arn is None:
            total = sum(len(backend.images) for backend in backends)
            images = newest_images(backends)
        else:
            chosen = [pipeline for pipeline in pipelines if pipeline.arn == pipeline_arn]
            total = sum(len(pipeline.images) for pipeline in chosen)
            images = (image for pipeline in chosen for _, image in pipeline.images.before(None))
        return {
            "places": [
                {"account_id": each.account_id, "region": each.region_name, "images": len(each.images)}
                for each in living
            ],
            "pipelines": [_pipeline(pipeline) for pipeline in pipelines],
            "images": [image_timeline(image) for image in islice(images, limit)],
            "total": total,
        }


def newest_images(backends: Sequence[ImageBuilderBackend]) -> Iterator[Image]:
    """The images of several accounts and Regions, newest first."""
    rows = [(image for _, image in backend.images.build_rows(None)) for backend in backends]
    return heapq.merge(*rows, key=lambda image: image.created, reverse=True)


def find_image(image_arn: str) -> Image:
    """The image with an image build version ARN, as it is now.

    :raises ValueError: it is no ARN of Image Builder.
    :raises LookupError: there is no such image.
    """
    arn = Arn.parse(image_arn)
    imagebuilder_backends.let_time_pass()
    of_account = imagebuilder_backends.get(arn.owner)
    backend = None if of_account is None else of_account.get(arn.region)
    image = None if backend is None else backend.images.find(image_arn)
    if image is None:
        raise LookupError(f"there is no image {image_arn}")
    return image


def image_timeline(image: Image) -> ImageTimeline:
    record, history = image.record, _history(image)
    state = record["state"]
    has_ended = not image.build.is_running
    stages = list(_stages(image, history))
    return {
        "arn": image.arn,
        "name": image.name,
        "version": record["version"],
        "account_id": image.backend.account_id,
        "region": image.backend.region_name,
        "type": record["type"],
        "platform": record.get("platform"),
        "pipeline_arn": record.get("sourcePipelineArn"),
        "build_type": record.get("buildType"),
        "status": state["status"],
        "reason": state.get("reason"),
        "failure": _failure(state.get("failureContext")),
        "failure_context": state.get("failureContext"),
        "attempts": max((stage["attempt"] for stage in stages), default=1),
        "created": image.created,
        "ended": history[-1][1] if has_ended else None,
        "stages": stages,
        "outputs": list(_outputs(image)),
    }


def name_in(arn_text: str) -> str:
    """The name and version of a component or workflow: ``update-linux 1.0.2/1``."""
    arn = Arn.parse(arn_text)
    version = "" if arn.version is None else f" {arn.version}"
    return f"{arn.slug}{version}" if arn.build is None else f"{arn.slug}{version}/{arn.build}"


def _pipeline(pipeline: ImagePipeline) -> Pipeline:
    record, arn = pipeline.record, Arn.parse(pipeline.arn)
    newest = pipeline.newest_image
    return {
        "arn": pipeline.arn,
        "name": pipeline.name,
        "description": record.get("description"),
        "account_id": arn.owner,
        "region": arn.region,
        "status": record["status"],
        "last_run_status": None if newest is None else newest.status,
        "images": len(pipeline.images),
    }


def _history(image: Image) -> list[tuple[str, datetime]]:
    """The statuses that the image has had while it was built, the present one or that of the end last, and since when."""
    later = [(state["status"], moment) for moment, state in image.build.history()]
    if image.build.stopped_in is not None and later[-1][0] not in _STOPPED:
        later[-1] = FAILED, later[-1][1]  # a lifecycle policy has given the image another status since
    return [(image.build.stages[0].status, image.created), *later]


def _stages(image: Image, history: Sequence[tuple[str, datetime]]) -> Iterator[Stage]:
    attempt, visits = 1, dict.fromkeys(_WORKFLOW_TYPES, 0)
    runs = {status: _runs_of(image.workflow_runs, type_) for status, type_ in _WORKFLOW_TYPES.items()}
    for place, (status, started) in enumerate(history):
        if status in (AVAILABLE, *_STOPPED):
            attempt += 1
            continue
        following = history[place + 1] if place + 1 < len(history) else None
        workflows: list[Workflow] = []
        if status in visits:
            visit, visits[status] = visits[status], visits[status] + 1
            workflows = runs[status][visit] if visit < len(runs[status]) else []
        yield {
            "status": status,
            "state": "running" if following is None else _STOPPED.get(following[0], "done"),
            "attempt": attempt,
            "started": started,
            "ended": None if following is None else following[1],
            "workflows": workflows,
        }
    for status in image.build.stages_ahead if image.build.is_running else ():
        yield {
            "status": status,
            "state": "ahead",
            "attempt": attempt,
            "started": None,
            "ended": None,
            "workflows": [],
        }


def _runs_of(runs: WorkflowRuns, type_: str) -> list[list[Workflow]]:
    """The workflow executions of one type, by the visit to their stage. Each visit begins with the same workflow."""
    visits: list[list[Workflow]] = []
    seen: list[Mapping[str, Any]] = []
    for execution in runs.executions:
        if execution.type != type_:
            continue
        if not visits or execution.use in seen:
            visits.append([])
            seen.clear()
        seen.append(execution.use)
        visits[-1].append(_workflow(runs, execution))
    return visits


def _workflow(runs: WorkflowRuns, execution: WorkflowExecution) -> Workflow:
    arn = execution.use["workflowArn"]
    return {
        "id": runs.execution_id(execution),
        "arn": arn,
        "name": name_in(arn),
        "type": execution.type,
        "status": execution.status,
        "started": execution.started,
        "ended": execution.ended,
        "message": execution.message,
        "retried": execution.retried,
        "parallel_group": execution.use.get("parallelGroup"),
        "steps": [_step(runs, execution, position) for position in range(len(execution.steps))],
    }


def _step(runs: WorkflowRuns, execution: WorkflowExecution, position: int) -> Step:
    record, step = execution.steps[position], execution.document.steps[position]
    waits = execution.waiting == position
    return {
        "id": runs.step_id(execution, position),
        "name": step.name,
        "description": step.description,
        "action": step.action,
        "status": record.status,
        "rollback_status": record.rollback_status,
        "started": record.started,
        "ended": record.ended,
        "message": record.message,
        "waits": waits,
        "waits_until": execution.deadline(position) if waits else None,
    }


def _outputs(image: Image) -> Iterator[Output]:
    resources, account_id = image.record.get("outputResources", {}), image.backend.account_id
    for ami in resources.get("amis", ()):
        yield {
            "kind": "AMI",
            "account_id": ami.get("accountId", account_id),
            "region": ami["region"],
            "id": ami["image"],
            "name": ami.get("name"),
            "description": ami.get("description"),
        }
    for container in resources.get("containers", ()):
        for uri in container["imageUris"]:
            yield _output("container", account_id, container["region"], uri)
    for leaving in image.leavings:
        yield _output(leaving.kind, leaving.account_id, leaving.region, leaving.id, leaving.name)


def _output(kind: OutputKind, account_id: str, region: str, id_: str, name: str | None = None) -> Output:
    return {"kind": kind, "account_id": account_id, "region": region, "id": id_, "name": name, "description": None}


def _failure(context: Mapping[str, Any] | None) -> list[str]:
    """A failure context in sentences: where, which component, which Regions."""
    if context is None:
        return []
    step = context.get("failedStep")
    sentences = [f"failed in {context['imageStatus']}" + (f", step {step}" if step else "")]
    component: Mapping[str, Any] = context.get("componentFailure", {})
    if component:
        place = [
            f"{word} {component[member]}"
            for word, member in (("phase", "phaseName"), ("step", "stepName"), ("action", "action"))
            if member in component
        ]
        where = ", ".join((f"component {name_in(component['componentArn'])}", *place))
        sentences.append(f"{where}: {component['errorMessage']}")
    for region in context.get("distributionFailure", {}).get("regionFailures", ()):
        job = region.get("imageConfigurationStep")
        sentences.append(f"{region['region']}{f' {job}' if job else ''}: {region['errorMessage']}")
    return sentences
