"""The backend of EC2 Image Builder: one per account and Region, composed of the families of resources."""

from __future__ import annotations

import hashlib
import json
import marshal
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.models import DEFAULT_ACCOUNT_ID

from .api import Operation
from .builds.lifecycle.execution import LifecycleHistory
from .builds.outputs.outbox import Outbox
from .builds.running import RunningBuilds
from .builds.scans.history import ScanHistory
from .builds.steering import Steering
from .builds.vm_tasks import VmTasks
from .builds.workflows.history import WorkflowHistory
from .exceptions import IdempotentParameterMismatchException, OperationNotImplemented
from .managed.catalogue import Catalogue
from .regions import all_regions, partition_of
from .resources.base import now
from .resources.component_import import ComponentImportOperations
from .resources.container_recipe import ContainerRecipeOperations
from .resources.disk_import import DiskImportOperations
from .resources.distribution_configuration import DistributionConfigurationOperations
from .resources.image_distribution import ImageDistributionOperations
from .resources.image_import import ImageImportOperations
from .resources.image_pipeline import ImagePipelineOperations
from .resources.image_recipe import ImageRecipeOperations
from .resources.image_retry import ImageRetryOperations
from .resources.infrastructure_configuration import InfrastructureConfigurationOperations
from .resources.lifecycle_execution import LifecycleExecutionOperations
from .resources.lifecycle_policy import LifecyclePolicyOperations
from .resources.marketplace import MarketplaceOperations
from .resources.published import WORKFLOW_ARN_TYPES
from .resources.resource_policy import ResourcePolicyOperations
from .resources.resource_state import ResourceStateOperations
from .resources.scan_finding import ScanFindingOperations
from .resources.scheduled_run import ScheduledRunOperations
from .resources.tagging import TaggingOperations
from .resources.workflow import WorkflowOperations
from .resources.workflow_execution import WorkflowExecutionOperations
from .store import Store, VersionedStore

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .builds.outputs.ami_contents import AmiContents
    from .builds.outputs.unserved import UnservedRequest
    from .managed.catalogue import ManagedComponent, ManagedImage, ManagedWorkflow
    from .resources.image import Image
    from .resources.sharing import ResourcePolicy


def _fingerprint(request: dict[str, Any]) -> bytes:
    """Short, and the same for the same parameters. The members of a request that was read are in the model's order."""
    try:
        text = marshal.dumps(request, 0)  # the first version of the format knows no references within it
    except ValueError:  # a date
        text = json.dumps(request, default=str).encode()
    return hashlib.blake2b(text, digest_size=16).digest()


class ImageBuilderBackend(
    ComponentImportOperations,
    ContainerRecipeOperations,
    DiskImportOperations,
    DistributionConfigurationOperations,
    ImageDistributionOperations,
    ImageImportOperations,
    ImagePipelineOperations,
    ImageRecipeOperations,
    ImageRetryOperations,
    InfrastructureConfigurationOperations,
    LifecycleExecutionOperations,
    LifecyclePolicyOperations,
    MarketplaceOperations,
    ResourcePolicyOperations,
    ResourceStateOperations,
    ScanFindingOperations,
    ScheduledRunOperations,
    TaggingOperations,
    WorkflowExecutionOperations,
    WorkflowOperations,
):
    """EC2 Image Builder of one account in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.partition = partition_of(region_name)
        self.components = VersionedStore(self.arn("component"))
        self.container_recipes = VersionedStore(self.arn("container-recipe"))
        self.image_recipes = VersionedStore(self.arn("image-recipe"))
        self.images = VersionedStore(self.arn("image"))
        self.workflows = VersionedStore(*(self.arn(type_) for type_ in WORKFLOW_ARN_TYPES))
        self.distribution_configurations = Store(self.arn("distribution-configuration"))
        self.infrastructure_configurations = Store(self.arn("infrastructure-configuration"))
        self.image_pipelines = Store(self.arn("image-pipeline"))
        self.lifecycle_policies = Store(self.arn("lifecycle-policy"))
        self.lifecycle_history = LifecycleHistory()
        self.workflow_history = WorkflowHistory()
        self.builds_in_progress = set()
        self.scan_findings = ScanHistory()
        self.resource_policies: dict[str, ResourcePolicy] = {}
        self.policy_changes = 0
        self._shared_stores = {}
        self._answers: defaultdict[str, dict[str, tuple[bytes, Mapping[str, Any]]]] = defaultdict(dict)

    @property
    def lock(self) -> AbstractContextManager[Any]:
        return imagebuilder_backends.lock

    @property
    def other_accounts(self) -> Iterator[ImageBuilderBackend]:
        return (
            backend
            for backend in imagebuilder_backends.living()
            if backend.region_name == self.region_name and backend.account_id != self.account_id
        )

    @property
    def steering(self) -> Steering:
        return imagebuilder_backends.steering

    @property
    def outbox(self) -> Outbox:
        return imagebuilder_backends.outbox

    @property
    def vm_tasks(self) -> VmTasks:
        return imagebuilder_backends.vm_tasks

    @property
    def output_amis(self) -> dict[str, dict[str, dict[str, Image]]]:
        return imagebuilder_backends.output_amis

    @property
    def ami_contents(self) -> dict[str, AmiContents]:
        return imagebuilder_backends.ami_contents

    def note_unserved(self, image_arn: str, request: UnservedRequest) -> None:
        imagebuilder_backends.unserved.setdefault(image_arn, []).append(request)

    @property
    def running_builds(self) -> RunningBuilds:
        return imagebuilder_backends.running_builds

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.partition, self.region_name, imagebuilder_backends.extra_catalogue)

    def forget_catalogue(self) -> None:
        """The catalogue has changed: what has been made of it is made anew when it is needed."""
        for name in ("catalogue", "managed_images", "_published_components", "_published_workflows"):
            vars(self).pop(name, None)

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
            if self.running_builds:
                self.running_builds.settle(now())
            token = request.get("clientToken")
            if token is None:
                return handler(self, request)
            fingerprint = _fingerprint(request)
            answers = self._answers[operation.name]
            known, answer = answers.get(token, (fingerprint, None))
            if known != fingerprint:
                raise IdempotentParameterMismatchException(token)
            if answer is None:
                answer = handler(self, request)
                if "clientToken" in operation.output_members:
                    answer = {**answer, "clientToken": token}
                answers[token] = fingerprint, answer
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
        self.extra_catalogue: list[ManagedImage | ManagedComponent | ManagedWorkflow] = []
        #: By Region, account and id.
        self.output_amis: dict[str, dict[str, dict[str, Image]]] = {}
        self.vm_tasks = VmTasks()
        self.ami_contents: dict[str, AmiContents] = {}
        self.unserved: dict[str, list[UnservedRequest]] = {}
        #: To be called before the images are forgotten.
        self.before_forgetting: Callable[[], None] | None = None
        self._steering = Steering()

    def __getitem__(self, account_id: str) -> AccountSpecificBackend[ImageBuilderBackend]:
        if not self._additional_regions:
            self._additional_regions = all_regions()
        return super().__getitem__(account_id)

    def of(self, account_id: str, region: str) -> ImageBuilderBackend:
        """The same as ``self[account_id][region]``, and cheap if it exists. KeyError if there is no such Region."""
        of_account = self.get(account_id)
        living = None if of_account is None else of_account.get(region)
        return living or self[account_id][region]

    @property
    def steering(self) -> Steering:
        return self._steering

    def steer(self) -> Steering:
        """The same, to be changed: from now on moto knows that there is something to reset."""
        self[DEFAULT_ACCOUNT_ID]
        return self._steering

    def add_managed(self, entries: Sequence[ManagedImage | ManagedComponent | ManagedWorkflow]) -> None:
        """Add entries to the catalogues of all Regions. They take the place of those with the same owner and slug.

        :raises ValueError: an entry is given twice or has the slug of another owner's, or a workflow's document is not
            right. Nothing is added then.
        """
        with self.lock:
            new = {(type(entry), entry.owner, entry.key) for entry in entries}
            kept = [entry for entry in self.extra_catalogue if (type(entry), entry.owner, entry.key) not in new]
            Catalogue("aws", "us-east-1", [*kept, *entries])
            self[DEFAULT_ACCOUNT_ID]  # from now on moto knows that there is something to reset
            self.extra_catalogue[:] = [*kept, *entries]
            for backend in self.living():
                backend.forget_catalogue()

    def clear(self) -> None:
        """Called by moto's reset."""
        super().clear()
        self.forget_builds()
        self.extra_catalogue.clear()
        self._steering.clear()

    def forget_builds(self) -> None:
        """Forget what is on its way, and what has been left for others."""
        if self.before_forgetting is not None:
            self.before_forgetting()
        self.outbox.clear()
        self.running_builds.clear()
        self.output_amis.clear()
        self.vm_tasks.clear()
        self.ami_contents.clear()
        self.unserved.clear()

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
