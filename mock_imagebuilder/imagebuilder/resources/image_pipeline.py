"""Image pipelines: the settings of builds that run again and again, by hand or on a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..arns import slug
from ..builds.build import CANCELLED, FAILED
from ..builds.settings import check_build_settings, image_tests_configuration, recipe_member
from ..exceptions import ResourceAlreadyExistsException, ResourceInUseException, invalid_value
from ..schedules import ScheduleExpressionError, parse_schedule
from ..store import Index
from .base import Answer, BackendCore, Record, Resource, iso_date, now, operation, read_filters

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CreateImagePipelineRequestTypeDef,
        DeleteImagePipelineRequestTypeDef,
        GetImagePipelineRequestTypeDef,
        ListImagePipelinesRequestTypeDef,
        StartImagePipelineExecutionRequestTypeDef,
        UpdateImagePipelineRequestTypeDef,
    )

    from .image import Image

DEFAULT_START_CONDITION = "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE"
#: After so many consecutive failures a pipeline without an auto-disable policy is disabled.
DEFAULT_FAILURE_COUNT = 5

#: What a pipeline and CreateImage call the same.
_BUILD_SETTINGS = (
    "imageRecipeArn",
    "containerRecipeArn",
    "infrastructureConfigurationArn",
    "distributionConfigurationArn",
    "imageTestsConfiguration",
    "enhancedImageMetadataEnabled",
    "imageScanningConfiguration",
    "workflows",
    "executionRole",
)
_OTHER_SETTINGS = ("description", "loggingConfiguration", "imageTags")
#: Runs that follow each other are found with the same schedule.
_parsed_schedule = lru_cache(maxsize=256)(parse_schedule)

_FILTERS = (
    "description",
    "distributionConfigurationArn",
    "imageRecipeArn",
    "infrastructureConfigurationArn",
    "name",
    "status",
)


class ImagePipeline(Resource):
    """An image pipeline; ``record`` in the members of the API's ImagePipeline.

    ``lastRunStatus`` and ``dateNextRun`` are not in the record but follow from its builds and the timetable, see
    :meth:`description`. ``consecutiveFailures`` comes into the record when the first scheduled run has ended.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        #: The images that this pipeline's builds made, in the order in which the builds began.
        self.images: Index[int, Image] = Index()
        self._numbers: dict[str, int] = {}
        self._runs = 0
        #: The image of the last build. It stays the last one when it is deleted.
        self.newest_image: Image | None = None
        #: The image of the last build that has succeeded, likewise.
        self.last_success: Image | None = None
        self._end_is_counted = True

    def add_image(self, image: Image) -> None:
        """A build of this pipeline begins. The one before it has ended."""
        self._runs += 1
        self._numbers[image.arn] = self._runs
        self.images.add(self._runs, image)
        self.newest_image = image
        self._end_is_counted = False

    def remove_image(self, image: Image) -> None:
        """An image of this pipeline is deleted. One of an earlier pipeline of the same name is none of this one."""
        number = self._numbers.pop(image.arn, None)
        if number is not None:
            self.images.remove(number)

    def note_end(self, image: Image) -> bool:
        """Draw the consequences of a build's end, once: a retry is no run.

        A failed scheduled build is counted. A successful build resets the count. A failed manual build and a cancelled
        one leave it (ImagePipeline.consecutiveFailures and Schedule.autoDisablePolicy in the API model).

        :param image: of a build that has ended, of this pipeline or an earlier one of the same name.
        :returns: whether the pipeline is to be disabled.
        """
        if image is not self.newest_image:
            return False
        is_first_end, self._end_is_counted = not self._end_is_counted, True
        is_scheduled = image.record["buildType"] == "SCHEDULED"
        if image.status == FAILED:
            return is_first_end and is_scheduled and self.count_failure()
        if image.status != CANCELLED:
            self.last_success = image
            if is_first_end and (is_scheduled or "consecutiveFailures" in self.record):
                self.update(consecutiveFailures=0)
        return False

    def count_failure(self) -> bool:
        """A scheduled run has failed. Returns whether that is as often as the auto-disable policy allows."""
        failures = self.record.get("consecutiveFailures", 0) + 1
        self.update(consecutiveFailures=failures)
        policy = self.record.get("schedule", {}).get("autoDisablePolicy", {})
        is_enabled = self.record["status"] != "DISABLED"
        return is_enabled and bool(failures >= policy.get("failureCount", DEFAULT_FAILURE_COUNT))

    def next_run_after(self, moment: datetime) -> datetime | None:
        """The next run on schedule after ``moment``. None without a schedule, and while the pipeline is disabled."""
        schedule = self.record.get("schedule")
        if schedule is None or self.record["status"] == "DISABLED":
            return None
        # A rate counts from when the schedule was set.
        began = datetime.fromisoformat(self.record["dateUpdated"].replace("Z", "+00:00"))
        return _parsed_schedule(schedule["scheduleExpression"], schedule.get("timezone")).next_after(moment, began)

    def description(self, next_run: datetime | None) -> Record:
        """The whole ImagePipeline of the API. As recorded answers show it, there is no next run before the first.

        :param next_run: when it runs next on its schedule.
        """
        if "dateLastRun" not in self.record:
            next_run = None
        return {
            **self.record,
            "lastRunStatus": None if self.newest_image is None else self.newest_image.status,
            "dateNextRun": None if next_run is None else iso_date(next_run),
        }

    def build_settings(self, tags: Mapping[str, str]) -> Record:
        """What a build of this pipeline is made from, in the members of CreateImage.

        :param tags: of the image: ``imageTags`` for a scheduled build, those of the request for a manual one.
        """
        settings = {member: self.record[member] for member in _BUILD_SETTINGS if member in self.record}
        logging: Mapping[str, str] = self.record.get("loggingConfiguration", {})
        if "imageLogGroupName" in logging:
            settings["loggingConfiguration"] = {"logGroupName": logging["imageLogGroupName"]}
        if "pipelineLogGroupName" in logging:
            settings["pipelineLogGroupName"] = logging["pipelineLogGroupName"]
        return {**settings, "tags": tags}


class ImagePipelineOperations(BackendCore):
    """Create, get, update, delete, list and start image pipelines."""

    @operation("CreateImagePipeline")
    def create_image_pipeline(self, request: CreateImagePipelineRequestTypeDef) -> Answer:
        """
        :raises InvalidParameterValueException: the schedule or a build setting breaks a rule, see
            :func:`~..builds.settings.check_build_settings` for these and for its other errors.
        :raises ResourceAlreadyExistsException: the name is taken in this account and Region.
        :raises ServiceQuotaExceededException: there are as many as there may be.
        """
        members = self._checked_members(request)
        arn = str(self.arn("image-pipeline", slug(request["name"])))
        if self.image_pipelines.find(arn):
            raise ResourceAlreadyExistsException(self.image_pipelines.kind, arn)
        self.require_place("Image pipelines", len(self.image_pipelines))
        self.stop_dry_run(request)
        created = iso_date(now())
        pipeline = ImagePipeline({"arn": arn, "name": request["name"], "tags": request.get("tags", {})})
        pipeline.update(**members, dateCreated=created, dateUpdated=created)
        self.image_pipelines.add(pipeline)
        self.follow_schedule(pipeline)
        return {"imagePipelineArn": arn}

    @operation("GetImagePipeline")
    def get_image_pipeline(self, request: GetImagePipelineRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such pipeline."""
        return {"imagePipeline": self._description(self.image_pipelines.get(request["imagePipelineArn"]))}

    @operation("UpdateImagePipeline")
    def update_image_pipeline(self, request: UpdateImagePipelineRequestTypeDef) -> Answer:
        """Replaces everything but name and tags; what is left out is removed, or back at its default.

        :raises ResourceNotFoundException: there is no such pipeline, or it refers to something that does not exist.
        :raises InvalidParameterValueException: the recipe is of another kind than the pipeline's, or as for create.
        """
        pipeline = self.image_pipelines.get(request["imagePipelineArn"])
        if recipe_member(request) not in pipeline.record:
            raise invalid_value(recipe_member(request), "The recipe type of an image pipeline can't be changed.")
        members = self._checked_members(request)
        if "consecutiveFailures" in pipeline.record:
            members["consecutiveFailures"] = 0
        pipeline.update(**members, dateUpdated=iso_date(now()))
        self.follow_schedule(pipeline)
        return {"imagePipelineArn": pipeline.arn}

    @operation("DeleteImagePipeline")
    def delete_image_pipeline(self, request: DeleteImagePipelineRequestTypeDef) -> Answer:
        """Its images stay, and a running build goes on.

        :raises ResourceNotFoundException: there is no such pipeline.
        """
        pipeline = self.image_pipelines.remove(request["imagePipelineArn"])
        pipeline.forget()
        self.running_builds.timetable.remove(pipeline)
        return {"imagePipelineArn": pipeline.arn}

    @operation("ListImagePipelines")
    def list_image_pipelines(self, request: ListImagePipelinesRequestTypeDef) -> Answer:
        """Whole pipelines in ARN order. Filters: all that :data:`_FILTERS` names; but for ``name`` they match exactly."""
        filters = read_filters(request, _FILTERS)
        names = filters.pop("name", None)

        def keep(pipeline: ImagePipeline) -> bool:
            return all(pipeline.record.get(member) in values for member, values in filters.items())

        rows, token = self.list_page(
            "ListImagePipelines", request, lambda after: self.image_pipelines.rows(after, names), keep
        )
        return {"imagePipelineList": [self._description(row) for row in rows], **token}

    @operation("StartImagePipelineExecution")
    def start_image_pipeline_execution(self, request: StartImagePipelineExecutionRequestTypeDef) -> Answer:
        """Starts a build, also of a disabled pipeline.

        :raises ResourceNotFoundException: there is no such pipeline.
        :raises ResourceInUseException: the pipeline's last build has not ended.
        :raises ImageBuilderException: what the pipeline refers to has changed, and CreateImage would refuse it now.
        """
        pipeline = self.image_pipelines.get(request["imagePipelineArn"])
        image = pipeline.newest_image
        if image is not None and image.build.is_running:
            raise ResourceInUseException(
                f"The image pipeline '{pipeline.arn}' is already building the image '{image.arn}', "
                f"which is in the state {image.status}."
            )
        image = self.start_build(pipeline.build_settings(request.get("tags", {})), "USER_INITIATED", pipeline.arn)
        pipeline.update(dateLastRun=iso_date(now()))
        return {"imageBuildVersionArn": image.arn}

    def _description(self, pipeline: ImagePipeline) -> Record:
        return pipeline.description(self.running_builds.timetable.due_of(pipeline))

    def _checked_members(self, settings: Mapping[str, Any]) -> Record:
        """What a create or update request says of the pipeline, with defaults; None for what it leaves out."""
        recipe = check_build_settings(self, settings)
        return {
            **{member: settings.get(member) for member in (*_BUILD_SETTINGS, *_OTHER_SETTINGS)},
            "platform": recipe.record["platform"],
            "enhancedImageMetadataEnabled": settings.get("enhancedImageMetadataEnabled", True),
            "imageTestsConfiguration": image_tests_configuration(settings),
            "schedule": _checked_schedule(settings.get("schedule")),
            "status": settings.get("status", "ENABLED"),
            "workflows": settings.get("workflows") or None,
        }


def _checked_schedule(schedule: Mapping[str, Any] | None) -> Record | None:
    """A schedule with its default start condition; the time zone is UTC without being named.

    :raises InvalidParameterValueException: no schedule expression, or one that the service does not understand, or an
        unknown time zone.
    """
    if schedule is None:
        return None
    if "scheduleExpression" not in schedule:
        raise invalid_value(ScheduleExpressionError.parameter, "A schedule requires a schedule expression.")
    try:
        parse_schedule(schedule["scheduleExpression"], schedule.get("timezone"))
    except ScheduleExpressionError as error:
        raise invalid_value(error.parameter, str(error)) from None
    return {"pipelineExecutionStartCondition": DEFAULT_START_CONDITION, **schedule}
