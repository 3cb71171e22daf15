"""Sharing between accounts: what others let this account read, by their resource policies or through AWS RAM.

There are two ways to share ("Create an AWS RAM resource share for your Image Builder resources" in the user guide): a
resource share of RAM, as moto has it, or a resource policy. Both are good for the Region of the resource only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..arns import Arn
from ..builds.outputs.outbox import living_backend
from ..exceptions import ResourceDependencyException
from ..store import VersionedStore
from .base import BackendCore, Resource
from .principals import account_of, in_same_organization, includes, organizations_state
from .resource_policy_document import VERBS, Grant

#: The types in the ARNs of what can be shared, by the kind.
_TYPES = {
    "Component": "component",
    "ContainerRecipe": "container-recipe",
    "Image": "image",
    "ImageRecipe": "image-recipe",
}


@dataclass(frozen=True)
class ResourcePolicy:
    """A policy as it was put on a resource, and what it means."""

    resource: Resource
    text: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Share:
    """Somebody is let read a resource. ``is_internal``: only within the owner's organization."""

    resource: Resource
    grant: Grant
    is_internal: bool = False


class SharingOperations(BackendCore):
    """What this account shares, and what others share with it."""

    #: How often a policy has been put on a resource.
    policy_changes: int
    #: By kind and verb: what others share, and what it was gathered from.
    _shared_stores: dict[tuple[str, str], tuple[tuple[Any, ...], VersionedStore[Any]]]

    @property
    def _shareable(self) -> Mapping[str, VersionedStore[Any]]:
        stores: tuple[VersionedStore[Any], ...] = (
            self.components,
            self.container_recipes,
            self.images,
            self.image_recipes,
        )
        return {store.kind: store for store in stores}

    def find_policy(self, resource: Resource) -> ResourcePolicy | None:
        """The policy that was put on a resource. One that was deleted leaves none to another with the same ARN."""
        policy = self.resource_policies.get(resource.arn)
        return policy if policy is not None and policy.resource is resource else None

    def shares(self, kind: str) -> Iterator[Share]:
        store = self._shareable[kind]
        for arn, policy in self.resource_policies.items():
            if store.find(arn) is policy.resource:
                for grant in policy.grants:
                    yield Share(policy.resource, grant)
        ram = living_backend("ram", self.account_id, self.region_name)
        for resource_share in ram.resource_shares if ram is not None else ():
            grant = Grant(tuple(resource_share.principals), frozenset(VERBS))
            for arn in resource_share.resource_arns:
                resource = store.find(arn)
                if resource is not None and resource_share.status == "ACTIVE":
                    yield Share(resource, grant, not resource_share.allow_external_principals)

    def shared_with_me(self, kind: str, verb: str) -> VersionedStore[Any]:
        state = (
            *(owner.sharing_state(kind) for owner in self.other_accounts),
            *organizations_state(self.partition),
        )
        known = self._shared_stores.get((kind, verb))
        if known is None or known[0] != state:
            known = self._shared_stores[kind, verb] = state, self._gather(kind, verb)
        return known[1]

    def sharing_state(self, kind: str) -> tuple[Any, ...]:
        ram = living_backend("ram", self.account_id, self.region_name)
        return (
            self.account_id,
            self.policy_changes,
            self._shareable[kind].changes,
            *(
                (
                    share.arn,
                    share.status,
                    share.allow_external_principals,
                    len(share.principals),
                    len(share.resource_arns),
                )
                for share in (ram.resource_shares if ram is not None else ())
            ),
        )

    def _gather(self, kind: str, verb: str) -> VersionedStore[Any]:
        found = {
            share.resource.arn: share.resource
            for owner in self.other_accounts
            for share in owner.shares(kind)
            if verb in share.grant.verbs and self._is_meant(share, owner.account_id)
        }
        owners = {Arn.parse(arn).owner for arn in found} or {self.account_id}
        store = VersionedStore[Any](*(self.arn(_TYPES[kind])._replace(owner=owner) for owner in owners))
        # The builds of a version have to come in their order.
        for arn in sorted(found, key=lambda arn: Arn.parse(arn).build or 0):
            store.add(found[arn])
        return store

    def readable_store(self, arn: Arn) -> VersionedStore[Any]:
        return self._shareable[arn.kind] if arn.owner == self.account_id else self.shared_with_me(arn.kind, "Get")

    def require_not_shared(self, resource: Resource) -> None:
        for share in self.shares(Arn.parse(resource.arn).kind):
            if share.resource is resource and any(
                account_of(principal) != self.account_id for principal in share.grant.principals
            ):
                raise ResourceDependencyException.depended_on(resource.arn)

    def _is_meant(self, share: Share, owner_id: str) -> bool:
        if not any(includes(principal, self.account_id) for principal in share.grant.principals):
            return False
        return not share.is_internal or in_same_organization(owner_id, self.account_id, self.partition)
