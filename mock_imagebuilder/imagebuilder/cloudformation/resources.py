"""The resources of stacks: what moto's CloudFormation makes, updates and deletes, each by calls to this service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from moto.core.common_models import CloudFormationModel
from moto.moto_api._internal import mock_random

from .. import api
from ..exceptions import ImageBuilderException, OperationNotImplemented, ResourceNotFoundException, invalid_value
from ..models import imagebuilder_backends
from .failures import HandlerFailure, PropertiesRefused, TypeChangeRefused, extraneous, not_an_object
from .properties import member_name, members_of
from .types import LATEST_VERSIONS, TYPES, ResourceType
from .updates import current_update

Properties = Mapping[str, Any]


class StackResource:
    """A resource of a stack: where it is, and the properties that it has been given.

    moto's dashboard shows the service's own resource, not this, so moto does not keep a list of these.
    """

    #: That of the class's name.
    TYPE: ClassVar[ResourceType]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.TYPE = TYPES[cls.__name__]

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, account_id: str, region_name: str, logical_id: str) -> None:
        self.account_id = account_id
        self.region_name = region_name
        self.logical_id = logical_id
        self.arn = ""
        self.properties: Properties = {}
        self.is_retained = False
        self._attributes: dict[str, Any] = {}

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.TYPE.full_name

    @staticmethod
    def cloudformation_name_type() -> str:
        """None: moto is to make up no name. A resource without one is refused."""
        return ""

    @property
    def physical_resource_id(self) -> str:
        """What ``Ref`` gives: the ARN."""
        return self.arn

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: dict[str, Any], account_id: str, region_name: str, **kwargs: Any
    ) -> StackResource:
        """:raises StackFailure: the properties are not right, or the service refuses them."""
        resource = cls(account_id, region_name, kwargs.get("LogicalId", resource_name))
        resource.take(cloudformation_json)
        return resource

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,  # noqa: ARG003 - moto gives it by this name
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> StackResource:
        """The same resource, updated, or another one that takes its place.

        :raises StackFailure: as above. Then nothing has changed.
        """
        if not isinstance(original_resource, cls):
            raise TypeChangeRefused(original_resource.logical_resource_id)
        properties = original_resource.properties_of(cloudformation_json)
        changed = original_resource.changed(properties)
        if not original_resource.is_replaced_by(changed, properties):
            original_resource.update(properties, changed)
            original_resource.remember(cloudformation_json)
            return original_resource
        resource = cls(account_id, region_name, original_resource.logical_id)
        resource.take(cloudformation_json)
        if cloudformation_json.get("UpdateReplacePolicy") != "Retain":
            original_resource.go()
        return resource

    @classmethod
    def delete_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],  # noqa: ARG003 - moto gives it
        account_id: str,
        region_name: str,
    ) -> None:
        """For a resource of which nothing but the physical id is known. Errors: as :meth:`delete`."""
        resource = cls(account_id, region_name, resource_name)
        resource.arn = resource_name
        resource.go()

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return cls.TYPE.has_attribute(attr)

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """What ``Fn::GetAtt`` gives."""
        if not self.TYPE.has_attribute(attribute_name):
            from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

            raise UnformattedGetAttTemplateException
        if attribute_name == "Arn":
            return self.arn
        # moto reads outputs when somebody asks for them, AWS when the stack is made: what is gone has what it had.
        with suppress(ImageBuilderException):
            self._attributes[attribute_name] = self._attribute_now(attribute_name)
        return self._attributes.get(attribute_name)

    def _attribute_now(self, name: str) -> Any:
        answer = self.call(f"Get{self.TYPE.name}", {self.TYPE.arn: self.arn})
        if name in LATEST_VERSIONS:
            return answer["latestVersionReferences"][LATEST_VERSIONS[name]]
        return self.attribute(name, answer[self.TYPE.record])

    def is_created(self) -> bool:
        return True

    def failure(self) -> str | None:
        """Why what was made has not become what it should, if it has not."""
        return None

    def delete(self, _account_id: str, _region_name: str) -> None:
        """
        :raises HandlerFailure: as below.
        """
        # moto asks for the policy when it deletes a stack, not when an update takes a resource out of one.
        if current_update() is None or not self.is_retained:
            self.go()

    def go(self) -> None:
        """Delete what this stands for: at the end of an update, because what refers to it may be on its way to another.

        :raises HandlerFailure: the service refuses it, because something depends on it.
        """
        update = current_update()
        if update is not None:
            update.left_over.append(self)
            return
        # A resource that is gone already is no failure to a stack that deletes it.
        with self.handled(self.arn), suppress(ResourceNotFoundException):
            self.remove()

    # ---- what the types of resources do in their own ways ----

    def create(self, members: Mapping[str, Any], _properties: Properties) -> str:
        """:returns: the ARN."""
        arn: str = self.call(f"Create{self.TYPE.name}", members)[self.TYPE.arn]
        return arn

    def remove(self) -> None:
        self.call(f"Delete{self.TYPE.name}", {self.TYPE.arn: self.arn})

    def attribute(self, name: str, record: Mapping[str, Any]) -> Any:
        """An attribute of the type's own, from the record of the resource as Get has it."""
        return record[member_name(name)]

    def is_replaced_by(self, changed: set[str], _properties: Properties) -> bool:
        """:param changed: the names of the properties that differ from these new ones."""
        return self.TYPE.is_replaced_by(changed)

    # ---- what they have in common ----

    def properties_of(self, definition: Mapping[str, Any]) -> Properties:
        """:raises PropertiesRefused: there are none."""
        properties = definition.get("Properties", {})
        if not isinstance(properties, Mapping):
            raise PropertiesRefused(self.logical_id, [not_an_object("#", properties)])
        return properties

    def take(self, definition: Mapping[str, Any]) -> None:
        """Make the resource."""
        properties = self.properties_of(definition)
        identifier = str(properties.get("Name", self.logical_id))
        with self.handled(identifier):
            self.arn = self.create(self.members(properties), properties)
        self.remember(definition)
        update = current_update()
        if update is not None:
            update.made.append(self)

    def changed(self, properties: Properties) -> set[str]:
        """The names of the properties that are not as they were."""
        names = self.properties.keys() | properties.keys()
        return {name for name in names if self.properties.get(name) != properties.get(name)}

    def update(self, properties: Properties, changed: set[str]) -> None:
        with self.handled(self.arn):
            members = self.members(properties)
            if self.TYPE.has_update and changed - {"Tags"}:
                operation = f"Update{self.TYPE.name}"
                known = {member.name for member in api.operations()[operation].members}
                given = {name: value for name, value in members.items() if name in known}
                self.call(operation, {**given, self.TYPE.arn: self.arn})
            if "Tags" in changed:
                self._update_tags(members.get("tags", {}))

    def _update_tags(self, tags: Any) -> None:
        if not isinstance(tags, Mapping):
            raise invalid_value("tags", "tags must be an object")
        if surplus := sorted(self.properties.get("Tags", {}).keys() - tags.keys()):
            self.call("UntagResource", {"resourceArn": self.arn, "tagKeys": surplus})
        if tags:
            self.call("TagResource", {"resourceArn": self.arn, "tags": tags})

    def remember(self, definition: Mapping[str, Any]) -> None:
        self.properties = self.properties_of(definition)
        self.is_retained = definition.get("DeletionPolicy") == "Retain"

    def members(self, properties: Properties) -> dict[str, Any]:
        """:raises PropertiesRefused: a property is missing, or there is no such property."""
        rules = [f"#: required key [{name}] not found" for name in self.TYPE.required if name not in properties]
        for name, known in self.TYPE.own.items():
            value = properties.get(name, {})
            if not isinstance(value, Mapping):
                rules.append(not_an_object(f"#/{name}", value))
            else:
                rules += [extraneous(f"#/{name}", key) for key in value if key not in known]
        of_requests = {name: value for name, value in properties.items() if name not in self.TYPE.own}
        members = members_of(f"Create{self.TYPE.name}", of_requests, rules)
        if rules:
            raise PropertiesRefused(self.logical_id, rules)
        return members

    def call(self, operation_name: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call the service, as the resource's handler in AWS does.

        :raises ImageBuilderException: as the operation does.
        """
        operation = api.operations().get(operation_name)
        if operation is None:
            raise OperationNotImplemented(operation_name)
        token = {"clientToken": str(mock_random.uuid4())}
        imagebuilder_backends.steering.raise_operation_failure(operation_name)
        request = api.check_request(operation, {**members, **token})
        return imagebuilder_backends.of(self.account_id, self.region_name).perform(operation, request)

    @contextmanager
    def handled(self, identifier: str) -> Iterator[None]:
        """:raises HandlerFailure: a call was refused."""
        try:
            yield
        except ImageBuilderException as error:
            raise HandlerFailure.of(error, self.TYPE.full_name, identifier) from None


# moto finds its types among the direct subclasses of its model.


class Component(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::Component``."""


class ContainerRecipe(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::ContainerRecipe``."""


class ImageRecipe(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::ImageRecipe``."""


class InfrastructureConfiguration(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::InfrastructureConfiguration``."""


class DistributionConfiguration(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::DistributionConfiguration``."""


class LifecyclePolicy(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::LifecyclePolicy``."""


class Workflow(StackResource, CloudFormationModel):
    """``AWS::ImageBuilder::Workflow``."""
