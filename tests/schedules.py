"""Pipelines with schedules, and the moments at which they run."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from .build_parts import PARTS, create_pipeline

#: When the clocks of :mod:`tests.builds.clocks` start: a Sunday.
START = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)
NIGHTLY = "cron(0 2 * * ? *)"
DAY = timedelta(days=1)


def schedule(expression: str = NIGHTLY, *, always: bool = True, **members: Any) -> dict[str, Any]:
    """A schedule on which a pipeline builds ``always``, or only if its dependencies have updates."""
    condition = {"pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY"} if always else {}
    return {"scheduleExpression": expression, **condition, **members}


def create_scheduled(client: Any, name: str = "nightly", **members: Any) -> str:
    """A pipeline that builds every night at two, unless the members say otherwise."""
    return create_pipeline(client, name, **{"schedule": schedule(), **members})


def update_pipeline(client: Any, arn: str, **members: Any) -> None:
    client.update_image_pipeline(imagePipelineArn=arn, **{**PARTS, "schedule": schedule(), **members})


def read_pipeline(client: Any, arn: str) -> Any:
    return client.get_image_pipeline(imagePipelineArn=arn)["imagePipeline"]


def night(day: int, hour: int = 2) -> str:
    """A date of March 2026 as the service writes it."""
    return f"2026-03-{day:02}T{hour:02}:00:00.000Z"


def images_of(client: Any, pipeline_arn: str) -> list[Any]:
    """All images of a pipeline, oldest first."""
    images: list[Any] = []
    request: dict[str, Any] = {"imagePipelineArn": pipeline_arn, "maxResults": 25}
    while "nextToken" not in request or request["nextToken"]:
        answer = client.list_image_pipeline_images(**request)
        images += answer["imageSummaryList"]
        request["nextToken"] = answer.get("nextToken")
    return images[::-1]


def dates_of(client: Any, pipeline_arn: str) -> list[str]:
    """When the images of a pipeline were created, oldest first."""
    return [image["dateCreated"] for image in images_of(client, pipeline_arn)]
