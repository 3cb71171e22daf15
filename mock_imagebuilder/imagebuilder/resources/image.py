"""Images: what builds and imports make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..arns import Arn, latest_version_references
from ..builds.ami_build import default_workflows, resolved_workflows, service_linked_role
from ..builds.announcements import announce_state, log
from ..builds.build import AVAILABLE, Build, Stage
from ..builds.outputs.build_log import leave_logs
from ..builds.outputs.outbox import living_backend
from ..builds.parent_image import find_image
from ..builds.scans.state import first_state
from ..builds.settings import check_build_settings, image_tests_configuration
from ..builds.workflows.execution import type_of
from ..builds.workflows.runs import WorkflowRuns
from ..exceptions import (
    ResourceDependencyException,
    ResourceNotFoundException,
    invalid_combination,
    invalid_value,
    misplaced_wildcard,
)
from ..store import NameFilter, VersionedStore, VersionEntry, places_after
from .base import Answer, BackendCore, Record, Resource, iso_date, now, operation, read_filters

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        CancelImageCreationRequestTypeDef,
        CreateImageRequestTypeDef,
        DeleteImageRequestTypeDef,
        GetImageRequestTypeDef,
        ListImageBuildVersionsRequestTypeDef,
        ListImagePackagesRequestTypeDef,
        ListImagePipelineImagesRequestTypeDef,
        ListImagesRequestTypeDef,
    )

    from ..builds.image_configurations import Leaving
    from ..builds.parent_image import ParentImage
    from .recipe_versions import Recipe


#: One for all images without tags; a record's members are not changed in place.
_NO_TAGS: Mapping[str, str] = {}


class Image(Resource):
    """One image build version; ``record`` in the members of the API's Image, with the ``owner`` of its summaries."""

    #: What it has left beside its output resources. The API does not show it.
    leavings: tuple[Leaving, ...] = ()

    def __init__(self, backend: BackendCore, record: Record, created: datetime, recipe: Recipe | None) -> None:
        super().__init__(record)
        self.backend = backend
        self.created = created
        self._recipe = recipe
        #: What a build has resolved the recipe's parent image to, or the source of what is only distributed. Imported
        #: images have none.
        self.parent: ParentImage | None = None
        self.build: Build
        self.workflow_runs = WorkflowRuns(self)

    @property
    def status(self) -> str:
        status: str = self.record["state"]["status"]
        return status

    @property
    def is_available(self) -> bool:
        return self.status == AVAILABLE

    @property
    def build_number(self) -> int:
        return int(self.record["version"].rpartition("/")[2])

    @property
    def recipe(self) -> Recipe:
        """The recipe that a build makes the image from.

        :raises AttributeError: the image is imported. (moto's dashboard tries every attribute, and expects this error.)
        """
        if self._recipe is None:
            raise AttributeError(f"{self.arn} has no recipe")
        return self._recipe

    def announce_state(self, previous: Mapping[str, Any], moment: datetime) -> None:
        """The image has come from a state to its present one: tell those who are to know."""
        announce_state(self, previous, moment)

    def log(self) -> None:
        """Write the log of the build up to now."""
        log(self)

    def leave_logs(self, logs: Any) -> None:
        """:param logs: moto's CloudWatch Logs of the image's account and Region."""
        leave_logs(logs, self)

    @property
    def recipe_record(self) -> Mapping[str, Any]:
        """The recipe as the image shows it; empty if it is made from something else."""
        return self.record.get("imageRecipe") or self.record.get("containerRecipe") or {}

    @property
    def infrastructure(self) -> Mapping[str, Any]:
        """The infrastructure configuration as it was when the build began; empty if nothing was built here."""
        return self.record.get("infrastructureConfiguration") or {}

    @property
    def recipe_volumes(self) -> Sequence[Mapping[str, Any]]:
        """The ``blockDeviceMappings`` of the recipe: those of a container recipe are of its instances only."""
        recipe = self.recipe_record
        mappings: Sequence[Mapping[str, Any]] = recipe.get("instanceConfiguration", recipe).get(
            "blockDeviceMappings", ()
        )
        return mappings


class ImageOperations(BackendCore):
    """Create, get, list, cancel and delete images. Imports are in :mod:`.image_import`."""

    @operation("CreateImage")
    def create_image(self, request: CreateImageRequestTypeDef) -> Answer:
        """
        :raises ImageBuilderException: a setting is refused, see :func:`~..builds.settings.check_build_settings`.
        """
        image = self.start_build(request, "USER_INITIATED")
        return {
            "imageBuildVersionArn": image.arn,
            "latestVersionReferences": latest_version_references(Arn.parse(image.arn)),
        }

    def start_build(
        self,
        settings: Mapping[str, Any],
        build_type: str,
        pipeline_arn: str | None = None,
        moment: datetime | None = None,
    ) -> Image:
        recipe = check_build_settings(self, settings)
        kind = recipe.build_kind
        tests = image_tests_configuration(settings)
        workflows = resolved_workflows(self, settings)
        distribution_arn = settings.get("distributionConfigurationArn")
        types = {"BUILD", "TEST"} if workflows is None else {type_of(entry["workflowArn"]) for entry in workflows}
        if not tests["imageTestsEnabled"]:
            types.discard("TEST")
        created = moment or now()
        record = {
            "type": kind.image_type,
            "platform": recipe.record["platform"],
            "enhancedImageMetadataEnabled": settings.get("enhancedImageMetadataEnabled", True),
            kind.recipe_member: recipe.snapshot,
            "outputResources": {kind.output_member: []},
            "sourcePipelineArn": pipeline_arn,
            "infrastructureConfiguration": self.infrastructure_configurations.get(
                settings["infrastructureConfigurationArn"]
            ).record,
            "distributionConfiguration": self.distribution_configurations.get(distribution_arn).record
            if distribution_arn
            else None,
            "imageTestsConfiguration": tests,
            "imageScanningConfiguration": settings.get("imageScanningConfiguration"),
            "scanState": first_state(settings),
            "buildType": build_type,
            "executionRole": settings.get("executionRole") or service_linked_role(self.account_id, self.region_name),
            "workflows": workflows or default_workflows(self, kind, "TEST" in types),
            "loggingConfiguration": settings.get("loggingConfiguration"),
            # What the API's Image does not show.
            "pipelineLogGroupName": settings.get("pipelineLogGroupName"),
        }
        version_arn = Arn.parse(recipe.arn)
        image = self.add_image(
            version_arn.slug, str(version_arn.version), recipe.name, record, settings.get("tags", {}), created, recipe
        )
        stages = kind.stages_of(frozenset(types), distribution_arn is not None)
        if pipeline_arn is not None:
            self.image_pipelines.get(pipeline_arn).add_image(image)
        self.run_build(image, stages)
        return image

    def add_image(
        self,
        slug: str,
        version: str,
        name: str,
        members: Mapping[str, Any],
        tags: Mapping[str, str],
        created: datetime,
        recipe: Recipe | None = None,
    ) -> Image:
        """Store the next build of an image version. Changes nothing before it does.

        :raises ServiceQuotaExceededException: as many builds are in progress as there may be.
        """
        self.require_place("Concurrent builds", len(self.builds_in_progress))
        version_arn = self.arn("image", slug, version)
        arn = version_arn.with_version(version, self.images.next_build(version_arn))
        record = {
            "arn": str(arn),
            "type": "AMI",
            "name": name,
            "version": f"{arn.version}/{arn.build}",
            "owner": self.account_id,
            "dateCreated": iso_date(created),
            "state": {"status": "PENDING"},
            "outputResources": {"amis": []},
            "tags": tags or _NO_TAGS,
            **{member: value for member, value in members.items() if value is not None},
        }
        image = Image(self, record, created, recipe)
        self.images.add(image)
        self.workflow_history.add(image.workflow_runs)
        return image

    def run_build(self, image: Image, stages: tuple[Stage, ...]) -> None:
        """Begin the build of a stored image."""
        strikes = self.steering.take_build_failures(image, (stage.status for stage in stages))
        image.build = Build(image, stages, strikes, image.created)
        self.outbox.post("logs", self.account_id, self.region_name, image.leave_logs)
        image.build.start(image.created)
        self.running_builds.add(image.build)

    @operation("GetImage")
    def get_image(self, request: GetImageRequestTypeDef) -> Answer:
        """A full build version ARN finds a build in any state, a version or wildcard ARN the newest available one.

        :raises ResourceNotFoundException: nothing matches.
        :raises InvalidParameterValueException: a number stands right of a wildcard.
        """
        arn_text = request["imageBuildVersionArn"]
        own = self.images.find(arn_text)
        if own is not None:
            own.build.observe(now())
        try:
            found = own or find_image(self, arn_text)
        except ValueError:
            raise misplaced_wildcard("imageBuildVersionArn") from None
        if found is None:
            raise ResourceNotFoundException(self.images.kind, arn_text)
        return {"image": found.record, "latestVersionReferences": latest_version_references(Arn.parse(found.arn))}

    @operation("CancelImageCreation")
    def cancel_image_creation(self, request: CancelImageCreationRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: there is no such image.
        :raises InvalidParameterValueException: its build has ended.
        """
        image = self.images.get(request["imageBuildVersionArn"])
        if not image.build.is_running:
            raise invalid_value(
                "imageBuildVersionArn",
                f"The image '{image.arn}' is in the state {image.status} and cannot be cancelled.",
            )
        image.build.cancel(now())
        return {"imageBuildVersionArn": image.arn}

    @operation("DeleteImage")
    def delete_image(self, request: DeleteImageRequestTypeDef) -> Answer:
        """Deletes the image resource; its AMIs stay.

        :raises ResourceNotFoundException: there is no such image.
        :raises ResourceDependencyException: its build is running, a recipe has it as parent image, or it is shared with
            other accounts.
        """
        image = self.images.get(request["imageBuildVersionArn"])
        if image.build.is_running or any(recipe.record["parentImage"] == image.arn for recipe in self.recipes()):
            raise ResourceDependencyException.depended_on(image.arn)
        self.require_not_shared(image)
        pipeline = self.image_pipelines.find(image.record.get("sourcePipelineArn", ""))
        if pipeline is not None:
            pipeline.remove_image(image)
        self.images.remove(image.arn).forget()
        self.workflow_history.remove(image.workflow_runs)
        self.scan_findings.remove(image)
        return {"imageBuildVersionArn": image.arn}

    @operation("ListImages")
    def list_images(self, request: ListImagesRequestTypeDef) -> Answer:
        """Versions in ARN order. Filters: ``name``, ``osVersion``, ``platform``, ``type``, ``version``.

        Deprecated images of Amazon are left out unless ``includeDeprecated``; a deprecated image of one's own is not.

        :raises InvalidParameterCombinationException: ``byName`` together with the ``version`` filter.
        """
        filters = read_filters(request, {"name", "osVersion", "platform", "type", "version"})
        by_name = request.get("byName", False)
        if by_name and "version" in filters:
            raise invalid_combination("byName", "The version filter can't be used when byName is true.")
        owner = request.get("owner", "Self")
        names = filters.pop("name", None)
        shows_deprecated = owner in ("Self", "Shared") or request.get("includeDeprecated", False)
        images: VersionedStore[Any]
        if owner == "Shared":
            images = self.shared_with_me(self.images.kind, "List")
        else:
            images = self.images if owner == "Self" else self.managed_images[owner]

        def rows_after(after: str | None) -> Iterator[tuple[str, VersionEntry[Any]]]:
            return images.name_rows(after, names) if by_name else images.version_rows(after, names)

        def keep(entry: VersionEntry[Any]) -> bool:
            record = entry.newest.record
            if not shows_deprecated and record["state"]["status"] == "DEPRECATED":
                return False
            return matches(filters, record)

        entries, token = self.list_page("ListImages", request, rows_after, keep)
        return {"imageVersionList": [_version(entry) for entry in entries], **token}

    @operation("ListImageBuildVersions")
    def list_image_build_versions(self, request: ListImageBuildVersionsRequestTypeDef) -> Answer:
        """Builds, newest first, of one version or of all. An unknown version has none.

        Filters: ``name``, ``osVersion``, ``platform``, ``type``, ``version``.
        """
        filters = read_filters(request, {"name", "osVersion", "platform", "type", "version"})
        version_arn = Arn.parse(request["imageVersionArn"]) if "imageVersionArn" in request else None
        return self._build_list(
            "ListImageBuildVersions", request, lambda before: self.images.build_rows(before, version_arn), filters
        )

    @operation("ListImagePipelineImages")
    def list_image_pipeline_images(self, request: ListImagePipelineImagesRequestTypeDef) -> Answer:
        """The builds of a pipeline, newest first; none of an unknown one. Filters: ``name``, ``version``."""
        filters = read_filters(request, {"name", "version"})
        pipeline = self.image_pipelines.find(request["imagePipelineArn"])

        def rows_before(before: int | None) -> Iterator[tuple[int, Image]]:
            return iter(()) if pipeline is None else pipeline.images.before(before)

        return self._build_list("ListImagePipelineImages", request, rows_before, filters)

    def _build_list(
        self,
        operation_name: str,
        request: Mapping[str, Any],
        rows_before: Callable[[int | None], Iterator[tuple[int, Image]]],
        filters: Mapping[str, list[str]],
    ) -> Answer:
        images, token = self.list_page(
            operation_name, request, rows_before, lambda image: matches(filters, image.record)
        )
        moment = now()
        for image in images:
            image.build.observe(moment)
        return {"imageSummaryList": [image.record for image in images], **token}

    @operation("ListImagePackages")
    def list_image_packages(self, request: ListImagePackagesRequestTypeDef) -> Answer:
        """What a test said is installed on the image, if the build collected metadata.

        :raises ResourceNotFoundException: there is no such image.
        """
        image = self.images.get(request["imageBuildVersionArn"])
        collected = image.is_available and image.record.get("enhancedImageMetadataEnabled", False)
        packages = self.steering.packages.get(image.arn, []) if collected else []
        rows, token = self.list_page("ListImagePackages", request, lambda after: places_after(packages, after))
        return {"imagePackageList": rows, **token}

    def find_output_ami(self, ami_id: str) -> Image | None:
        image = self.output_amis.get(self.region_name, {}).get(self.account_id, {}).get(ami_id)
        ec2 = living_backend("ec2", self.account_id, self.region_name)
        return None if ec2 is not None and ami_id not in ec2.amis else image

    def note_output_ami(self, region: str, account_id: str, ami_id: str, image: Image) -> None:
        self.output_amis.setdefault(region, {}).setdefault(account_id, {})[ami_id] = image


def matches(filters: Mapping[str, list[str]], record: Mapping[str, Any]) -> bool:
    """Whether an image passes filters: one of the values of each. A version counts with and without its build."""
    for name, values in filters.items():
        if name == "version":
            version = record["version"]
            if version not in values and version.partition("/")[0] not in values:
                return False
        elif name == "name":
            if not any(NameFilter(value).accepts(record["name"]) for value in values):
                return False
        elif record.get(name) not in values:
            return False
    return True


def _version(entry: VersionEntry[Any]) -> dict[str, Any]:
    return {
        **entry.newest.record,
        "arn": str(entry.arn),
        "name": entry.name,
        "version": entry.arn.version,
        "dateCreated": entry.first.record["dateCreated"],
    }
