"""Tags of all families: the three tag operations, and the part that the Resource Groups Tagging API needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource

from .. import api
from ..arns import Arn
from ..exceptions import ImageBuilderException, InvalidParameterException, ResourceNotFoundException, not_valid
from ..store import Store, VersionedStore
from .base import Answer, BackendCore, Resource, operation

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        ListTagsForResourceRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

MAX_TAGS = 50


class TaggingOperations(TaggableResourcesMixin, BackendCore):
    """Tag and untag resources, and list their tags.

    What has tags is what a store holds: configurations, pipelines and policies, recipe versions, and builds of components,
    images and workflows. The ARN of a version of those, or with a wildcard, has none, nor has what others publish.
    """

    SERVICE_NAMESPACE = "imagebuilder"

    @property
    def _taggable(self) -> Mapping[str, Store[Any] | VersionedStore[Any]]:
        """The stores by the resource type in their ARNs, which is the resource type of the tagging API too."""
        return {
            "component": self.components,
            "container-recipe": self.container_recipes,
            "distribution-configuration": self.distribution_configurations,
            "image": self.images,
            "image-pipeline": self.image_pipelines,
            "image-recipe": self.image_recipes,
            "infrastructure-configuration": self.infrastructure_configurations,
            "lifecycle-policy": self.lifecycle_policies,
            "workflow": self.workflows,
        }

    def _find_taggable(self, arn_text: str) -> Resource:
        """:raises ResourceNotFoundException: no resource of this account and Region has exactly this ARN."""
        arn = Arn.parse(arn_text)
        store = self._taggable.get(arn.type.split("/")[0])
        resource: Resource | None = None if store is None else store.find(arn_text)
        if resource is None:
            raise ResourceNotFoundException(arn.kind, arn_text)
        return resource

    # The names `tag_resource` and `untag_resource` belong to moto's tagging API, see below.

    @operation("TagResource")
    def tag_resource_operation(self, request: TagResourceRequestTypeDef) -> Answer:
        """Adds tags; the value of a key that is there already is replaced.

        :raises ResourceNotFoundException: there is no such resource.
        :raises InvalidParameterException: the resource would have too many tags.
        """
        resource = self._find_taggable(request["resourceArn"])
        tags = {**resource.tags, **request["tags"]}
        if len(tags) > MAX_TAGS:
            raise InvalidParameterException(not_valid("tags", f"A resource can have at most {MAX_TAGS} tags."))
        resource.update(tags=tags)
        return {}

    @operation("UntagResource")
    def untag_resource_operation(self, request: UntagResourceRequestTypeDef) -> Answer:
        """Removes tags; keys that are not there do not matter.

        :raises ResourceNotFoundException: there is no such resource.
        """
        resource = self._find_taggable(request["resourceArn"])
        keys = set(request["tagKeys"])
        resource.update(tags={key: value for key, value in resource.tags.items() if key not in keys})
        return {}

    @operation("ListTagsForResource")
    def list_tags_for_resource_operation(self, request: ListTagsForResourceRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: there is no such resource."""
        return {"tags": self._find_taggable(request["resourceArn"]).tags}

    # ---- the interface of moto's Resource Groups Tagging API ----

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """All resources that can have tags, as they are now. Types are those of ARNs: ``imagebuilder:image-recipe``."""
        with self.lock:
            resources = [
                TaggedResource(resource.arn, dict(resource.tags), f"{self.SERVICE_NAMESPACE}:{type_}")
                for type_, store in self._taggable.items()
                for resource in store
            ]
        return iter(resources)

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """:raises InvalidParameterException: TagResource would refuse this."""
        self._perform_checked("TagResource", {"resourceArn": arn, "tags": tags})

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """:raises InvalidParameterException: UntagResource would refuse this."""
        self._perform_checked("UntagResource", {"resourceArn": arn, "tagKeys": tag_keys})

    def _perform_checked(self, operation_name: str, members: Mapping[str, Any]) -> None:
        operation = api.operations()[operation_name]
        try:
            self.perform(operation, api.check_request(operation, members))
        except ImageBuilderException as refusal:
            # The tagging API has no other error for what a service refuses.
            raise InvalidParameterException(refusal.message) from None
