"""What the families have of each other: they do not import each other's modules, they meet in the backend.

Everything here is done by one of the families, or by the backend that is composed of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BaseBackend

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from types_boto3_imagebuilder.type_defs import DeleteImageRequestTypeDef

    from .. import api
    from ..arns import Arn
    from ..builds.build import Build
    from ..builds.lifecycle.execution import LifecycleExecution, LifecycleHistory
    from ..builds.outputs.ami_contents import AmiContents
    from ..builds.outputs.outbox import Outbox
    from ..builds.outputs.unserved import UnservedRequest
    from ..builds.running import RunningBuilds
    from ..builds.scans.history import ScanHistory
    from ..builds.steering import Steering
    from ..builds.vm_tasks import VmTasks
    from ..builds.workflows.history import WorkflowHistory
    from ..managed.catalogue import Catalogue
    from ..store import Store, VersionedStore
    from .base import Answer, BackendCore, HasRecord, HasWorkflow, Resource
    from .component import Component
    from .container_recipe import ContainerRecipe
    from .distribution_configuration import DistributionConfiguration
    from .image import Image
    from .image_pipeline import ImagePipeline
    from .image_recipe import ImageRecipe
    from .infrastructure_configuration import InfrastructureConfiguration
    from .lifecycle_policy import LifecyclePolicy
    from .sharing import ResourcePolicy, Share
    from .workflow import Workflow


class BackendInterface(BaseBackend):
    """The state of one account in one Region, and what the families do for each other."""

    distribution_configurations: Store[DistributionConfiguration]
    infrastructure_configurations: Store[InfrastructureConfiguration]
    image_pipelines: Store[ImagePipeline]
    lifecycle_policies: Store[LifecyclePolicy]
    lifecycle_history: LifecycleHistory
    components: VersionedStore[Component]
    container_recipes: VersionedStore[ContainerRecipe]
    image_recipes: VersionedStore[ImageRecipe]
    images: VersionedStore[Image]
    workflows: VersionedStore[Workflow]
    workflow_history: WorkflowHistory
    #: The builds and imports of this account and Region that have not ended.
    builds_in_progress: set[Build]
    scan_findings: ScanHistory
    #: By the ARN of the resource.
    resource_policies: dict[str, ResourcePolicy]

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """To be held by whoever reads or changes resources other than by performing an operation."""
        raise NotImplementedError

    def perform(self, operation: api.Operation, request: dict[str, Any]) -> Answer:
        """Perform an operation on a request that the model has accepted."""
        raise NotImplementedError

    @property
    def steering(self) -> Steering:
        """What a test has decided about builds, time and errors."""
        raise NotImplementedError

    @property
    def outbox(self) -> Outbox:
        """Where builds leave what neighbouring services have to show."""
        raise NotImplementedError

    @property
    def output_amis(self) -> dict[str, dict[str, dict[str, Image]]]:
        """The images that AMIs come from, by Region, account and AMI id."""
        raise NotImplementedError

    @property
    def vm_tasks(self) -> VmTasks:
        """The VM import and export tasks of EC2, of all accounts and Regions."""
        raise NotImplementedError

    @property
    def ami_contents(self) -> dict[str, AmiContents]:
        """What AMIs consist of that builds have made, by id, where it is not the ordinary."""
        raise NotImplementedError

    def note_unserved(self, image_arn: str, request: UnservedRequest) -> None:
        """Keep what the build of an image has asked of a neighbour that does not exist."""
        raise NotImplementedError

    @property
    def running_builds(self) -> RunningBuilds:
        """The builds and lifecycle executions that have not ended."""
        raise NotImplementedError

    @cached_property
    def catalogue(self) -> Catalogue:
        """Amazon's own images, components and workflows in this Region."""
        raise NotImplementedError

    def start_build(
        self,
        settings: Mapping[str, Any],
        build_type: str,
        pipeline_arn: str | None = None,
        moment: datetime | None = None,
    ) -> Image:
        """Create an image build version and start its build.

        :param settings: what it is built from, in the members of CreateImage.
        :param build_type: ``USER_INITIATED`` or ``SCHEDULED``.
        :param moment: when it begins, if not now.
        :raises ImageBuilderException: a setting is refused, see :func:`~..builds.settings.check_build_settings`.
        """
        raise NotImplementedError

    def follow_schedule(self, pipeline: ImagePipeline) -> None:
        """A pipeline runs on its schedule from now on; not at all without one, and while it is disabled."""
        raise NotImplementedError

    def build_has_ended(self, image: Image, moment: datetime) -> None:
        """To be called whenever the build of an image ends, for its pipeline's sake."""
        raise NotImplementedError

    def add_scan_findings(self, image: Image, findings: Sequence[Mapping[str, Any]]) -> None:
        """Remember what the scan of an image has found, to be seen when the scan is complete."""
        raise NotImplementedError

    def note_output_ami(self, region: str, account_id: str, ami_id: str, image: Image) -> None:
        """Remember which image an AMI comes from."""
        raise NotImplementedError

    def find_output_ami(self, ami_id: str) -> Image | None:
        """The image that an AMI of this account and Region comes from; None for other AMIs, and if it is gone from EC2."""
        raise NotImplementedError

    def severity_counts_of(self, image: Image) -> Mapping[str, int] | None:
        """What the scan of an image has found: ``all``, ``critical``, ``high``, ``medium``. None if it has found nothing."""
        raise NotImplementedError

    def delete_image(self, request: DeleteImageRequestTypeDef) -> Answer:
        """Perform DeleteImage.

        :raises ResourceNotFoundException: there is no such image.
        :raises ResourceDependencyException: its build is running, or a resource depends on it.
        """
        raise NotImplementedError

    def require_lifecycle_role(self, role: str) -> None:
        """
        :param role: the ``executionRole`` of a request, a name or an ARN.
        :raises InvalidParameterValueException: the account has no such role, or Image Builder can't assume it.
        """
        raise NotImplementedError

    def run_lifecycle_policy(self, policy: LifecyclePolicy, moment: datetime) -> LifecycleExecution:
        """What the service does once a day for an enabled policy. While an execution of the policy runs, it is that one."""
        raise NotImplementedError

    def start_lifecycle_execution(self, execution: LifecycleExecution, moment: datetime) -> LifecycleExecution:
        """Remember an execution, and let it begin as its progression has it."""
        raise NotImplementedError

    def find_component(self, arn: str) -> HasRecord | None:
        """The component that an ARN means, of this account or published by others; None if there is none.

        A build ARN means that build, whatever its state. A version ARN, with wildcards or without, means the newest build
        of the highest version that matches; builds that are DEPRECATED or DISABLED are passed over.

        :param arn: an ARN that the API model accepts as a component version or build version.
        :raises ValueError: a node right of a wildcard is not a wildcard.
        """
        raise NotImplementedError

    @property
    def other_accounts(self) -> Iterator[BackendCore]:
        """The backends of other accounts in this Region, as far as they have been used."""
        raise NotImplementedError

    def shares(self, kind: str) -> Iterator[Share]:
        """What this account lets others read of a kind, such as ``ImageRecipe``."""
        raise NotImplementedError

    def sharing_state(self, kind: str) -> tuple[Any, ...]:
        """What :meth:`shares` depends on, to be compared with an earlier one. It does not grow with what is shared."""
        raise NotImplementedError

    def shared_with_me(self, kind: str, verb: str) -> VersionedStore[Any]:
        """What other accounts let this one read, in a store like those of own resources. It is for reading only.

        :param kind: ``Component``, ``ContainerRecipe``, ``Image`` or ``ImageRecipe``.
        :param verb: ``Get`` or ``List``.
        """
        raise NotImplementedError

    def readable_store(self, arn: Arn) -> VersionedStore[Any]:
        """Where to look for what an account's ARN means: the own store, or what others let this account get."""
        raise NotImplementedError

    def require_not_shared(self, resource: Resource) -> None:
        """:raises ResourceDependencyException: a policy or a resource share lets somebody else read the resource."""
        raise NotImplementedError

    def find_workflow(self, arn: str) -> HasWorkflow | None:
        """The workflow that an ARN means, of this account or of Amazon; None if there is none.

        A version ARN, with wildcards or without, means the newest build of the highest version that matches.

        :param arn: an ARN that the API model accepts as a workflow version or build version.
        :raises ValueError: a node right of a wildcard is not a wildcard.
        """
        raise NotImplementedError
