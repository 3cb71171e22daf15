"""Images and image pipelines in stacks: a stack waits for the builds that it starts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from moto.core.common_models import CloudFormationModel

from ..exceptions import ImageBuilderException, ResourceNotFoundException, invalid_combination, invalid_value
from ..models import imagebuilder_backends
from .failures import HandlerFailure
from .properties import as_boolean
from .resources import Properties, StackResource
from .types import TYPES

_EXECUTION = "ImagePipelineExecutionSettings"
_DELETION = "DeletionSettings"
#: In these an image has outputs that can be deleted with it.
_WITH_OUTPUTS = ("AVAILABLE", "DEPRECATED", "DISABLED")
#: What a pipeline's record has besides its configuration.
_OF_RUNS = ("dateUpdated", "dateLastRun", "dateNextRun", "lastRunStatus", "consecutiveFailures", "tags")


def deployment_id(record: Mapping[str, Any]) -> str:
    """Another one for every configuration of every pipeline, in the form of a UUID."""
    configuration = {name: value for name, value in record.items() if name not in _OF_RUNS}
    digits = hashlib.md5(json.dumps(configuration, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class ImagePipeline(StackResource, CloudFormationModel):
    TYPE = TYPES["ImagePipeline"]

    def attribute(self, _name: str, record: Mapping[str, Any]) -> Any:
        return deployment_id(record)


class Image(StackResource, CloudFormationModel):
    TYPE = TYPES["Image"]

    def create(self, properties: Properties) -> str:
        members = self.members(properties)
        settings = properties.get(_EXECUTION)
        if settings is None:
            return super().create(properties)
        if members.keys() - {"tags"}:
            raise invalid_combination(_EXECUTION, f"{_EXECUTION} can only be provided together with Tags.")
        tags = {"tags": members["tags"]} if "tags" in members else {}
        answer = self.call(
            "StartImagePipelineExecution", {"imagePipelineArn": self._pipeline_of(settings.get("DeploymentId")), **tags}
        )
        arn: str = answer["imageBuildVersionArn"]
        return arn

    def _pipeline_of(self, wanted: object) -> str:
        """:raises InvalidParameterValueException: no image pipeline of the account and Region is deployed as this."""
        backend = imagebuilder_backends.of(self.account_id, self.region_name)
        for pipeline in backend.image_pipelines:
            if (
                deployment_id(self.call("GetImagePipeline", {"imagePipelineArn": pipeline.arn})["imagePipeline"])
                == wanted
            ):
                return pipeline.arn
        raise invalid_value(f"{_EXECUTION}.DeploymentId", f"No image pipeline has the deployment ID '{wanted}'.")

    def is_replaced_by(self, changed: set[str], properties: Properties) -> bool:
        settings = properties.get(_EXECUTION, {})
        runs_again = _EXECUTION in changed and as_boolean(settings.get("OnUpdate", False)) is True
        return runs_again or super().is_replaced_by(changed, properties)

    def is_created(self) -> bool:
        """Whether the build has come to a good end. To ask is to look at the image, as the handler in AWS polls it."""
        with suppress(ImageBuilderException):  # the handler asks again
            image = self._record()
            return not self._is_running(image) and _failure(image) is None
        return False

    def failure(self) -> str | None:
        try:
            image = imagebuilder_backends.of(self.account_id, self.region_name).images.get(self.arn)
        except ResourceNotFoundException as error:
            return error.message
        return _failure(image.record)

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
        if self._is_running(image):
            self.call("CancelImageCreation", {"imageBuildVersionArn": self.arn})
        role = self.properties.get(_DELETION, {}).get("ExecutionRole")
        if role is not None and image["state"]["status"] in _WITH_OUTPUTS:
            self._remove_with_outputs(image, role)
        else:
            super().remove()

    def _remove_with_outputs(self, image: Mapping[str, Any], role: str) -> None:
        """:raises HandlerFailure: the lifecycle execution could not delete all of them."""
        kinds = ("containers",) if image["type"] == "DOCKER" else ("amis", "snapshots")
        request = {
            "resourceArn": self.arn,
            "state": {"status": "DELETED"},
            "executionRole": role,
            "includeResources": dict.fromkeys(kinds, True),
        }
        execution = self.call("StartResourceStateUpdate", request)["lifecycleExecutionId"]
        answer = self.call("GetLifecycleExecution", {"lifecycleExecutionId": execution})
        state = answer["lifecycleExecution"]["state"]
        if state["status"] == "FAILED":
            raise HandlerFailure(state["reason"], "NotStabilized")

    def _record(self) -> Mapping[str, Any]:
        record: Mapping[str, Any] = self.call("GetImage", {"imageBuildVersionArn": self.arn})["image"]
        return record

    def _is_running(self, record: Mapping[str, Any]) -> bool:
        backend = imagebuilder_backends.of(self.account_id, self.region_name)
        return backend.images.get(record["arn"]).build.is_running


def _failure(record: Mapping[str, Any]) -> str | None:
    state: Mapping[str, str] = record["state"]
    if state["status"] == "CANCELLED":
        return "Image creation is cancelled."
    return state["reason"] if state["status"] == "FAILED" else None


def _last(values: Any) -> str | None:
    return next(iter([*values][::-1]), None)
