"""What scheduled runs cost: the ten-thousandth in a row what the thousandth does, and calls without schedules nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from time import perf_counter

from mock_imagebuilder import Control, imagebuilder_backends
from mock_imagebuilder.imagebuilder.builds.timetable import Timetable

from .growth import Workshop, mocked
from .measure import Figure, ratio

MANY, FEW = 10_000, 1_000
ROUNDS = 3


def figures() -> list[Figure]:
    return [runs(), calls()]


def runs() -> Figure:
    """One ``run_schedules`` over many runs, and over few, per run."""
    many, few = zip(*((seconds_per_run(MANY), seconds_per_run(FEW)) for _ in range(ROUNDS)), strict=True)
    value = sorted(many)[ROUNDS // 2] / sorted(few)[ROUNDS // 2]
    detail = f"{sorted(many)[ROUNDS // 2] * 1000:.2f} ms per run"
    return Figure(f"a scheduled run among {MANY:,} over one among {FEW:,}", value, 1.25, detail=detail)


def seconds_per_run(times: int) -> float:
    with mocked():
        schedule(Workshop.open("us-east-1"), "rate(1 minute)")
        until = datetime.now(timezone.utc) + timedelta(minutes=times, seconds=1)
        start = perf_counter()
        built = len(Control().run_schedules(until=until))
        spent = perf_counter() - start
    if built != times:
        raise RuntimeError(f"{built} images were built, not {times}")
    return spent / times


def calls() -> Figure:
    """A page while a thousand pipelines wait for their hour, over the same without schedules."""
    waiting = imagebuilder_backends.running_builds
    with mocked():
        workshop = Workshop.open("us-east-1")
        workshop.build(25)
        Control().set_quota("Image pipelines", None)
        for number in range(FEW):
            schedule(workshop, "rate(100 days)", f"pipeline {number}")

        def without_schedules() -> None:
            waiting.timetable, kept = Timetable(), waiting.timetable
            workshop.page()
            waiting.timetable = kept

        value = ratio(workshop.page, without_schedules)
    return Figure(f"a page of 25 while {FEW:,} pipelines have schedules, over without", value, 1.05)


def schedule(workshop: Workshop, expression: str, name: str = "web") -> None:
    workshop.client.create_image_pipeline(
        name=name,
        **workshop.settings,
        schedule={
            "scheduleExpression": expression,
            "pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY",
        },
    )
