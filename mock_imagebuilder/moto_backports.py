"""What the oldest supported moto (5.2.0) lacks of the interface that the newest one gives to its services.

A backend takes part in the Resource Groups Tagging API by a mixin, which the newest moto asks of every backend in use. The
old tagging API knows its services by name. So the mixin is supplied here, and the old tagging API learns to ask for it:
when the first of its backends is born, because importing it imports two dozen services.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict

_MODULE = "moto.core.resource_tagging"
_TAGGING_API = "resourcegroupstaggingapi"


def supply() -> None:
    """Put substitutes in place for the modules that this moto does not have."""
    if importlib.util.find_spec(_MODULE) is None:
        module = ModuleType(_MODULE, __doc__)
        module.__spec__ = ModuleSpec(_MODULE, loader=None)
        vars(module).update(TaggableResourcesMixin=TaggableResourcesMixin, TaggedResource=TaggedResource)
        sys.modules[_MODULE] = module


def backend_is_born(service: str, backend: Any) -> None:
    """To be told of every new backend of moto."""
    if service == _TAGGING_API and sys.modules[_MODULE].TaggableResourcesMixin is TaggableResourcesMixin:
        class_of_backends: Any = type(backend)
        _teach(class_of_backends)


@dataclass
class TaggedResource:
    """A resource as the tagging API sees it; ``resource_type`` such as ``imagebuilder:image``."""

    arn: str
    tags: dict[str, str]
    resource_type: str
    extra: dict[str, Any] = field(default_factory=dict)


class TaggableResourcesMixin:
    """Makes a backend take part in the tagging API."""

    SERVICE_NAMESPACE: ClassVar[str] = ""

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """All resources that can have tags."""
        raise NotImplementedError

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags to a resource."""
        raise NotImplementedError

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Remove tags from a resource."""
        raise NotImplementedError


def _taggable_backends(tagging_api: Any) -> Iterator[Any]:
    """The backends with the mixin that somebody has used, in the account and Region of a tagging API backend."""
    account_id, region = tagging_api.account_id, tagging_api.region_name
    of_all_services: Any = BackendDict
    for backends in list(of_all_services._instances):
        takes_part = isinstance(backends.backend, type) and issubclass(backends.backend, TaggableResourcesMixin)
        if takes_part and account_id in list(backends) and region in list(backends[account_id]):
            yield backends[account_id][region]


def _tagged_resources(tagging_api: Any) -> Iterator[TaggedResource]:
    for backend in _taggable_backends(tagging_api):
        for resource in backend.iter_tagged_resources():
            if resource.tags:
                yield resource


def _passes(resource: TaggedResource, tag_filters: Sequence[Mapping[str, Any]], types: Sequence[str]) -> bool:
    """The rules of GetResources: all tag filters, each by key and any of its values; any type, ``service`` or in full."""
    service = resource.resource_type.partition(":")[0]
    if types and service not in types and resource.resource_type not in types:
        return False
    for tag_filter in tag_filters:
        value, accepted = resource.tags.get(tag_filter["Key"]), tag_filter.get("Values")
        if value is None or (accepted and value not in accepted):
            return False
    return True


@cache
def _teach(api: Any) -> None:
    """Make the class of the old tagging API's backends ask the backends that have the mixin too."""
    resources, keys, values = api._get_resources_generator, api._get_tag_keys_generator, api._get_tag_values_generator
    tag, untag = api.tag_resources, api.untag_resources

    def get_resources(
        self: Any,
        tag_filters: Sequence[Mapping[str, Any]] | None = None,
        resource_type_filters: Sequence[str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        # The old generator lists a service when its own name is among the types: full types find nothing there.
        yield from resources(self, tag_filters=tag_filters, resource_type_filters=resource_type_filters)
        for resource in _tagged_resources(self):
            if _passes(resource, tag_filters or (), resource_type_filters or ()):
                tags = [{"Key": key, "Value": value} for key, value in resource.tags.items()]
                yield {"ResourceARN": resource.arn, "Tags": tags}

    def get_tag_keys(self: Any) -> Iterator[str]:
        yield from keys(self)
        for resource in _tagged_resources(self):
            yield from resource.tags

    def get_tag_values(self: Any, tag_key: str) -> Iterator[str]:
        yield from values(self, tag_key)
        for resource in _tagged_resources(self):
            if tag_key in resource.tags:
                yield resource.tags[tag_key]

    def tag_resources(self: Any, resource_arns: list[str], tags: dict[str, str]) -> Any:
        others = _for_each_of_ours(self, resource_arns, lambda backend, arn: backend.tag_resource(arn, tags))
        return tag(self, others, tags)

    def untag_resources(self: Any, resource_arn_list: list[str], tag_keys: list[str]) -> Any:
        others = _for_each_of_ours(self, resource_arn_list, lambda backend, arn: backend.untag_resource(arn, tag_keys))
        return untag(self, others, tag_keys)

    api._get_resources_generator = get_resources
    api._get_tag_keys_generator = get_tag_keys
    api._get_tag_values_generator = get_tag_values
    api.tag_resources = tag_resources
    api.untag_resources = untag_resources


def _for_each_of_ours(tagging_api: Any, arns: Sequence[str], change: Callable[[Any, str], None]) -> list[str]:
    """Change the resources whose service has the mixin. The ARNs of all others are returned."""
    others = []
    for arn in arns:
        for backend in _taggable_backends(tagging_api):
            if arn.startswith(f"arn:{backend.partition}:{backend.SERVICE_NAMESPACE}:"):
                change(backend, arn)
                break
        else:
            others.append(arn)
    return others
