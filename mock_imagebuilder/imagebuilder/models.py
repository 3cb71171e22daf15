"""The backend of EC2 Image Builder: one per account and Region, composed of the families of resources."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.models import DEFAULT_ACCOUNT_ID

from .api import Operation
from .builds.outputs.outbox import Outbox
from .builds.running import RunningBuilds
from .builds.steering import Steering
from .exceptions import IdempotentParameterMismatchException, OperationNotImplemented
from .managed.catalogue import Catalogue
from .regions import all_regions, partition_of
from .resources.base import now
from .resources.component import ComponentOperations
from .resources.distribution_configuration import DistributionConfigurationOperations
from .resources.image_import import ImageImportOperations, VmImportLink
from .resources.image_pipeline import ImagePipelineOperations
from .resources.image_recipe import ImageRecipeOperations
from .resources.infrastructure_configuration import InfrastructureConfigurationOperations
from .resources.tagging import TaggingOperations
from .store import Store, VersionedStore

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .managed.catalogue import ManagedComponent, ManagedImage
    from .resources.image import Image


class ImageBuilderBackend(
    ComponentOperations,
    DistributionConfigurationOperations,
    ImageImportOperations,
    ImagePipelineOperations,
    ImageRecipeOperations,
    InfrastructureConfigurationOperations,
    TaggingOperations,
):
    """EC2 Image Builder of one account in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.partition = partition_of(region_name)
        self.components = VersionedStore(self.arn("component"))
        self.image_recipes = VersionedStore(self.arn("image-recipe"))
        self.images = VersionedStore(self.arn("image"))
        self.distribution_configurations = Store(self.arn("distribution-configuration"))
        self.infrastructure_configurations = Store(self.arn("infrastructure-configuration"))
        self.image_pipelines = Store(self.arn("image-pipeline"))
        self.vm_import_links: dict[str, VmImportLink] = {}
        self._answers: dict[tuple[str, str], tuple[bytes, Mapping[str, Any]]] = {}

    @property
    def lock(self) -> AbstractContextManager[Any]:
        return imagebuilder_backends.lock

    @property
    def steering(self) -> Steering:
        return imagebuilder_backends.steering

    @property
    def outbox(self) -> Outbox:
        return imagebuilder_backends.outbox

    @property
    def output_amis(self) -> dict[tuple[str, str, str], Image]:
        return imagebuilder_backends.output_amis

    @property
    def running_builds(self) -> RunningBuilds:
        return imagebuilder_backends.running_builds

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.partition, self.region_name, imagebuilder_backends.extra_catalogue)

    def perform(self, operation: Operation, request: dict[str, Any]) -> Mapping[str, Any]:
        """Perform an operation on a request that the model has accepted.

        A request with a client token is performed once: the same request again gets the answer of the first time.

        :returns: the members of the answer, ``requestId`` excepted.
        :raises OperationNotImplemented: the model has the operation, this backend has not.
        :raises IdempotentParameterMismatchException: the token came with other parameters before.
        """
        handler = self.OPERATIONS.get(operation.name)
        if handler is None:
            raise OperationNotImplemented(operation.name)
        with imagebuilder_backends.lock:
            self.running_builds.settle(now())
            token = request.get("clientToken")
            if token is None:
                return handler(self, request)
            fingerprint = hashlib.blake2b(
                json.dumps(request, sort_keys=True, default=str).encode(), digest_size=16
            ).digest()
            known, answer = self._answers.get((operation.name, token), (fingerprint, None))
            if known != fingerprint:
                raise IdempotentParameterMismatchException(token)
            if answer is None:
                answer = handler(self, request)
                if "clientToken" in operation.output_members:
                    answer = {**answer, "clientToken": token}
                self._answers[operation.name, token] = fingerprint, answer
            return answer


class ImageBuilderBackends(BackendDict[ImageBuilderBackend]):
    """The backends of all accounts and Regions, and what they share."""

    def __init__(self) -> None:
        # botocore lists no Region for this service, so the Regions are EC2's.
        super().__init__(ImageBuilderBackend, "imagebuilder", use_boto3_regions=False, additional_regions=[])
        # One lock for the whole service: a build reaches several accounts and Regions.
        self.lock = RLock()
        self.outbox = Outbox()
        self.running_builds = RunningBuilds()
        self.extra_catalogue: list[ManagedImage | ManagedComponent] = []
        self.output_amis: dict[tuple[str, str, str], Image] = {}
        self._steering = Steering()

    def __getitem__(self, account_id: str) -> AccountSpecificBackend[ImageBuilderBackend]:
        if not self._additional_regions:
            self._additional_regions = all_regions()
        return super().__getitem__(account_id)

    @property
    def steering(self) -> Steering:
        return self._steering

    def steer(self) -> Steering:
        """The same, to be changed: from now on moto knows that there is something to reset."""
        self[DEFAULT_ACCOUNT_ID]
        return self._steering

    def clear(self) -> None:
        """Called by moto's reset."""
        super().clear()
        self.forget_builds()
        self.extra_catalogue.clear()
        self._steering.clear()

    def forget_builds(self) -> None:
        """Forget what is on its way, and what has been left for others."""
        self.outbox.clear()
        self.running_builds.clear()
        self.output_amis.clear()

    def let_time_pass(self) -> None:
        """Bring builds to where they are now, but for those with the progression ``manual``.

        Does not wait: who holds the lock is performing an operation, and has let time pass at its beginning.
        """
        if self.running_builds and self.lock.acquire(blocking=False):
            try:
                self.running_builds.settle(now())
            finally:
                self.lock.release()

    def living(self) -> Iterator[ImageBuilderBackend]:
        """The backends that have been used."""
        for of_account in list(self.values()):
            yield from list(of_account.values())


imagebuilder_backends = ImageBuilderBackends()
