"""Images and image pipelines in stacks: a stack waits for the builds that it starts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from moto.core.common_models import CloudFormationModel

from ..exceptions import ImageBuilderException, ResourceNotFoundException, invalid_combination, invalid_value
from ..ids import derived_uuid
from ..models import imagebuilder_backends
from ..resources.lifecycle_rules import INCLUDABLE
from ..resources.resource_state import RESOURCE_TYPES
from .failures import HandlerFailure
from .properties import as_boolean
from .resources import Properties, StackResource

if TYPE_CHECKING:
    from ..resources.image import Image as BuiltImage

_EXECUTION = "ImagePipelineExecutionSettings"
_DELETION = "DeletionSettings"
#: In these an image has outputs that can be deleted with it.
_WITH_OUTPUTS = ("AVAILABLE", "DEPRECATED", "DISABLED")
#: What a pipeline's record has besides its configuration.
_OF_RUNS = ("dateUpdated", "dateLastRun", "dateNextRun", "lastRunStatus", "consecutiveFailures", "tags")


def deployment_id(record: Mapping[str, Any]) -> str:
    """Another one for every configuration of every pipeline, in the form of a UUID."""
    configuration = {name: value for name, value in record.items() if name not in _OF_RUNS}
    return derived_uuid(json.dumps(configuration, sort_keys=True))


class ImagePipeline(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::ImagePipeline``."""

    def attribute(self, _name: str, record: Mapping[str, Any]) -> Any:
        return deployment_id(record)


class Image(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::Image``."""

    def create(self, members: Mapping[str, Any], properties: Properties) -> str:
        settings = properties.get(_EXECUTION)
        if settings is None:
            return super().create(members, properties)
        if members.keys() - {"tags"}:
            raise invalid_combination(_EXECUTION, f"{_EXECUTION} can only be provided together with Tags.")
        pipeline = self._pipeline_of(settings.get("DeploymentId"))
        answer = self.call("StartImagePipelineExecution", {"imagePipelineArn": pipeline, **members})
        arn: str = answer["imageBuildVersionArn"]
        return arn

    def _pipeline_of(self, wanted: object) -> str:
        """:raises InvalidParameterValueException: no image pipeline of the account and Region is deployed as this."""
        backend = imagebuilder_backends.of(self.account_id, self.region_name)
        for pipeline in backend.image_pipelines:
            if deployment_id(pipeline.record) == wanted:
                return pipeline.arn
        raise invalid_value(f"{_EXECUTION}.DeploymentId", f"No image pipeline has the deployment ID '{wanted}'.")

    def is_replaced_by(self, changed: set[str], properties: Properties) -> bool:
        settings = properties.get(_EXECUTION, {})
        runs_again = _EXECUTION in changed and as_boolean(settings.get("OnUpdate", False)) is True
        return runs_again or super().is_replaced_by(changed, properties)

    def is_created(self) -> bool:
        """Whether the build has come to a good end. To ask is to look at the image, as the handler in AWS polls it."""
        with suppress(ImageBuilderException):  # the handler asks again
            self._record()
            return not self._image().build.is_running and self.failure() is None
        return False

    def failure(self) -> str | None:
        try:
            state = self._image().record["state"]
        except ResourceNotFoundException as error:
            return error.message
        if state["status"] == "CANCELLED":
            return "Image creation is cancelled."
        reason: str | None = state["reason"] if state["status"] == "FAILED" else None
        return reason

    def attribute(self, name: str, record: Mapping[str, Any]) -> Any:
        """``ImageId`` and ``ImageUri`` are those of the stack's Region; None while there is none."""
        if name == "Name":
            return record["name"]
        outputs = record["outputResources"]
        if name == "ImageId":
            return _last(ami["image"] for ami in outputs.get("amis", ()) if ami["region"] == self.region_name)
        uris = (
            uri
            for entry in outputs.get("containers", ())
            if entry["region"] == self.region_name
            for uri in entry["imageUris"]
        )
        version = record["version"].replace("/", "-")
        return _last(uri for uri in uris if uri.endswith(f":{version}"))

    def remove(self) -> None:
        """Its build is cancelled if it is running. Outputs stay, unless ``DeletionSettings`` has a role to delete them."""
        image = self._record()
        if self._image().build.is_running:
            self.call("CancelImageCreation", {"imageBuildVersionArn": self.arn})
        role = self.properties.get(_DELETION, {}).get("ExecutionRole")
        if role is not None and image["state"]["status"] in _WITH_OUTPUTS:
            self._remove_with_outputs(image, role)
        else:
            super().remove()

    def _remove_with_outputs(self, image: Mapping[str, Any], role: str) -> None:
        """:raises HandlerFailure: the lifecycle execution could not delete all of them."""
        request = {
            "resourceArn": self.arn,
            "state": {"status": "DELETED"},
            "executionRole": role,
            "includeResources": dict.fromkeys(INCLUDABLE[RESOURCE_TYPES[image["type"]]], True),
        }
        execution = self.call("StartResourceStateUpdate", request)["lifecycleExecutionId"]
        answer = self.call("GetLifecycleExecution", {"lifecycleExecutionId": execution})
        state = answer["lifecycleExecution"]["state"]
        if state["status"] == "FAILED":
            raise HandlerFailure(state["reason"], "NotStabilized")

    def _record(self) -> Mapping[str, Any]:
        """To ask for it is to look at the image: a build that waits to be looked at goes on."""
        record: Mapping[str, Any] = self.call("GetImage", {"imageBuildVersionArn": self.arn})["image"]
        return record

    def _image(self) -> BuiltImage:
        """:raises ResourceNotFoundException: it is gone."""
        return imagebuilder_backends.of(self.account_id, self.region_name).images.get(self.arn)


def _last(values: Iterable[str]) -> str | None:
    return next(reversed([*values]), None)
