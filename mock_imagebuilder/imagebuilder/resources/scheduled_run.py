"""What image pipelines do by themselves: run on schedule, and stop when they keep failing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ..builds.outputs.events import pipeline_disabled
from ..builds.references import has_dependency_updates
from ..builds.settings import recipe_member
from ..exceptions import ImageBuilderException
from .base import BackendCore, iso_date, now

if TYPE_CHECKING:
    from .image import Image
    from .image_pipeline import ImagePipeline

MATCH_ONLY = "EXPRESSION_MATCH_ONLY"


class ScheduledRunOperations(BackendCore):
    """Run image pipelines on schedule."""

    def follow_schedule(self, pipeline: ImagePipeline) -> None:
        self.running_builds.timetable.enter(pipeline, partial(self._run_on_schedule, pipeline), now())

    def build_has_ended(self, image: Image, moment: datetime) -> None:
        pipeline = self.image_pipelines.find(image.record.get("sourcePipelineArn", ""))
        if pipeline is not None and pipeline.note_end(image):
            self._disable_failing(pipeline, moment)

    def _run_on_schedule(self, pipeline: ImagePipeline, moment: datetime) -> str | None:
        """The hour of a pipeline has come. Returns the ARN of the image, if one is built.

        None is built while the last one is being built, and if the pipeline waits for dependency updates. If none can
        be built, because the settings do not hold any more, the run has failed.
        """
        if self.image_pipelines.find(pipeline.arn) is not pipeline:  # this backend was reset
            self.running_builds.timetable.remove(pipeline)
            return None
        if pipeline.newest_image is not None and pipeline.newest_image.build.is_running:
            return None
        settings = pipeline.build_settings(pipeline.record.get("imageTags", {}))
        try:
            if not self._may_build(pipeline, settings):
                return None
            image = self.start_build(settings, "SCHEDULED", pipeline.arn, moment)
        except ImageBuilderException:
            if pipeline.count_failure():
                self._disable_failing(pipeline, moment)
            return None
        pipeline.update(dateLastRun=iso_date(moment))
        return image.arn

    def _may_build(self, pipeline: ImagePipeline, settings: Mapping[str, Any]) -> bool:
        """Whether the start condition of the schedule is met. A pipeline that has never built an image builds one.

        :raises ImageBuilderException: there is no such recipe any more.
        """
        if pipeline.record["schedule"]["pipelineExecutionStartCondition"] == MATCH_ONLY:
            return True
        if pipeline.last_success is None:
            return True
        member = recipe_member(settings)
        recipe = self.require_recipe(settings[member], member)
        return has_dependency_updates(self, recipe, pipeline.last_success)

    def _disable_failing(self, pipeline: ImagePipeline, moment: datetime) -> None:
        """Too many scheduled runs in a row have failed. Whoever is to hear of it is told."""
        pipeline.update(status="DISABLED")
        self.running_builds.timetable.remove(pipeline)
        pipeline_disabled(self, pipeline.arn, pipeline.record["consecutiveFailures"], moment)
