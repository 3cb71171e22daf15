"""Resource policies of components, images and recipes: who of other accounts may read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arns import Arn
from .base import Answer, Resource, operation
from .resource_policy_document import read_policy, written_policy
from .sharing import ResourcePolicy, SharingOperations

if TYPE_CHECKING:
    from types_boto3_imagebuilder.type_defs import (
        GetComponentPolicyRequestTypeDef,
        GetContainerRecipePolicyRequestTypeDef,
        GetImagePolicyRequestTypeDef,
        GetImageRecipePolicyRequestTypeDef,
        PutComponentPolicyRequestTypeDef,
        PutContainerRecipePolicyRequestTypeDef,
        PutImagePolicyRequestTypeDef,
        PutImageRecipePolicyRequestTypeDef,
    )

    from ..store import VersionedStore


class ResourcePolicyOperations(SharingOperations):
    """Put and get the policies. There is no operation to delete one: it goes with its resource."""

    @operation("PutComponentPolicy")
    def put_component_policy(self, request: PutComponentPolicyRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: this account has no such component build version.
        :raises InvalidParameterValueException: see :func:`.resource_policy_document.read_policy`.
        """
        return self._put_policy(self.components, "componentArn", request)

    @operation("GetComponentPolicy")
    def get_component_policy(self, request: GetComponentPolicyRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: this account has no such component build version."""
        return self._get_policy(self.components, request["componentArn"])

    @operation("PutImagePolicy")
    def put_image_policy(self, request: PutImagePolicyRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: this account has no such image build version.
        :raises InvalidParameterValueException: see :func:`.resource_policy_document.read_policy`.
        """
        return self._put_policy(self.images, "imageArn", request)

    @operation("GetImagePolicy")
    def get_image_policy(self, request: GetImagePolicyRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: this account has no such image build version."""
        return self._get_policy(self.images, request["imageArn"])

    @operation("PutImageRecipePolicy")
    def put_image_recipe_policy(self, request: PutImageRecipePolicyRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: this account has no recipe with exactly this ARN.
        :raises InvalidParameterValueException: see :func:`.resource_policy_document.read_policy`.
        """
        return self._put_policy(self.image_recipes, "imageRecipeArn", request)

    @operation("GetImageRecipePolicy")
    def get_image_recipe_policy(self, request: GetImageRecipePolicyRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: this account has no recipe with exactly this ARN."""
        return self._get_policy(self.image_recipes, request["imageRecipeArn"])

    @operation("PutContainerRecipePolicy")
    def put_container_recipe_policy(self, request: PutContainerRecipePolicyRequestTypeDef) -> Answer:
        """
        :raises ResourceNotFoundException: this account has no recipe with exactly this ARN.
        :raises InvalidParameterValueException: see :func:`.resource_policy_document.read_policy`.
        """
        return self._put_policy(self.container_recipes, "containerRecipeArn", request)

    @operation("GetContainerRecipePolicy")
    def get_container_recipe_policy(self, request: GetContainerRecipePolicyRequestTypeDef) -> Answer:
        """:raises ResourceNotFoundException: this account has no recipe with exactly this ARN."""
        return self._get_policy(self.container_recipes, request["containerRecipeArn"])

    def _put_policy(self, store: VersionedStore[Any], member: str, request: Mapping[str, Any]) -> Answer:
        resource: Resource = store.get(request[member])
        grants = read_policy(request["policy"], Arn.parse(resource.arn))
        self.policy_changes += 1
        self.resource_policies[resource.arn] = ResourcePolicy(resource, request["policy"], grants)
        return {member: resource.arn}

    def _get_policy(self, store: VersionedStore[Any], arn: str) -> Answer:
        """The policy that was put; else the one that the service writes itself for what RAM shares; else an empty one."""
        resource: Resource = store.get(arn)
        policy = self.find_policy(resource)
        if policy is not None:
            return {"policy": policy.text}
        grants = [share.grant for share in self.shares(store.kind) if share.resource is resource]
        return {"policy": written_policy(grants, Arn.parse(arn)) if grants else "{}"}
