"""The handle with which a test steers builds, imports, errors and time.

Nothing of it is needed for the ordinary case; all of it is forgotten when the mock ends or is reset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from os import PathLike
from typing import Any, Literal, get_args

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal import mock_random

from .control_rules import Rules
from .imagebuilder import imagebuilder_backends
from .imagebuilder.api import operations
from .imagebuilder.arns import Arn
from .imagebuilder.builds.outputs.ec2 import new_id
from .imagebuilder.managed.catalogue import ManagedComponent, ManagedImage, ManagedWorkflow, load_catalogue_file
from .imagebuilder.models import ImageBuilderBackend
from .imagebuilder.quotas import QUOTAS
from .imagebuilder.resources.image import Image
from .imagebuilder.resources.image_import import DescribedState
from .timeline import find_image, image_timeline
from .timeline_text import describe

CatalogueEntry = ManagedImage | ManagedComponent | ManagedWorkflow
Progression = Literal["immediate", "manual", "time"]

PLATFORMS = ("Linux", "Windows", "macOS")


class Control(Rules):
    """Steers Image Builder in one account and Region; builds, errors and time are steered everywhere.

    :param account_id: the account that ``import_task``, ``make_image`` and ``set_quota`` work in; moto's default account.
    :param region: their Region.
    """

    def __init__(self, account_id: str = DEFAULT_ACCOUNT_ID, region: str = "us-east-1") -> None:
        self.account_id = account_id
        self.region = region

    def progress(self, progression: Progression, *, times: int | None = None, seconds: float | None = None) -> None:
        """How builds go on: the same as moto's ``state_manager.set_transition("imagebuilder::image", ...)``.

        :param progression: ``immediate``, a build has run when the call that starts it returns; ``manual``, one stage
            for every ``times`` observations (GetImage, the lists of builds); ``time``, one stage every ``seconds``.
        :param times: for ``manual``, 1 if left out.
        :param seconds: for ``time``, required there.
        :raises ValueError: the parameters do not fit together.
        """
        if progression not in get_args(Progression):
            raise ValueError(f"progression must be one of {', '.join(get_args(Progression))}, not {progression!r}")
        if times is not None and (progression != "manual" or times < 1):
            raise ValueError("times is a positive number of observations, for the progression 'manual' only")
        if (seconds is not None) != (progression == "time") or (seconds is not None and seconds < 0):
            raise ValueError("seconds is the length of a stage, for the progression 'time', and required there")
        transition: dict[str, Any] = {"progression": progression}
        if progression == "manual":
            transition["times"] = times or 1
        elif progression == "time":
            transition["seconds"] = seconds
        imagebuilder_backends.steer().set_progression(transition)

    def advance(self, image_arn: str, to: str | None = None) -> str:
        """Let a build go on, whatever its progression.

        :param image_arn: an image build version ARN.
        :param to: the status to stop at, such as ``TESTING``; without it the build goes one stage on.
        :returns: the status of the image afterwards.
        :raises LookupError: there is no such image.
        :raises ValueError: the build does not come to that status any more: it is past it, has ended, failed on the way
            or waits for something.
        """
        with self._backend_of(image_arn) as backend:
            image = _image(backend, image_arn)
            moment = datetime.now(timezone.utc)
            if to is None:
                if image.build.is_running:
                    image.build.advance(moment)
            else:
                if image.build.will_come_to(to):
                    image.build.run(moment, until=to)
                if image.status != to:
                    raise ValueError(f"the image is {image.status} and does not come to {to}: {image.record['state']}")
            return image.status

    def describe(self, image_arn: str) -> str:
        """What a build has done, as text of several lines: status and reason, workflows and steps, outputs.

        No build goes on because of it, not even under the progression ``manual``.

        :param image_arn: an image build version ARN.
        :raises LookupError: there is no such image.
        :raises ValueError: it is no ARN.
        """
        with imagebuilder_backends.lock:
            return describe(image_timeline(find_image(image_arn)), datetime.now(timezone.utc))

    def set_quota(self, name: str, limit: int | None) -> None:
        """Change a service quota of this account in this Region.

        What there is more of already stays.

        :param name: as AWS spells it, such as ``Image pipelines``.
        :param limit: how many there may be; None for as many as one likes.
        :raises ValueError: no quota with this name is counted, or ``limit`` is not positive.
        """
        if name not in QUOTAS:
            raise ValueError(f"name must be one of {', '.join(QUOTAS)}, not {name!r}")
        if limit is not None and limit < 1:
            raise ValueError("limit must be positive, or None")
        imagebuilder_backends.steer().quotas[self.account_id, self.region, name] = limit

    def import_task(
        self,
        task_id: str,
        *,
        platform: str | None = None,
        ami_id: str | None = None,
        state: DescribedState = "completed",
        status_message: str | None = None,
    ) -> None:
        """Describe a VM import task of EC2, or change one: a new one, one that ImportImage has started.

        From then on it stays as it is described here. EC2's DescribeImportImageTasks shows it.

        :param task_id: ``import-ami-...``
        :param platform: ``Linux`` or ``Windows``: an import for another platform is refused. If left out, it is what it
            was, and ``Linux`` for a new task.
        :param ami_id: the AMI that the task makes; if left out, it is what it was, or a new one.
        :param state: ``active``, the image is PENDING until the task completes; ``completed``; ``deleted``, the image
            is FAILED.
        :param status_message: why the task was deleted.
        :raises ValueError: no such state or platform.
        """
        if state not in get_args(DescribedState):
            raise ValueError(f"state must be one of {', '.join(get_args(DescribedState))}, not {state!r}")
        if platform not in (None, *PLATFORMS):
            raise ValueError(f"platform must be one of {', '.join(PLATFORMS)}, not {platform!r}")
        with imagebuilder_backends.lock:
            backend = imagebuilder_backends[self.account_id][self.region]
            backend.describe_import_task(task_id, platform, ami_id, state, status_message)

    def make_image(
        self,
        name: str = "my-image",
        version: str = "1.0.0",
        *,
        platform: str = "Linux",
        os_version: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """An available image with an AMI, in one line: one that was imported from a virtual machine.

        :returns: its image build version ARN.
        :raises ImageBuilderException: what ImportVmImage would refuse.
        """
        task_id = new_id("import-ami")
        request: dict[str, Any] = {
            "name": name,
            "semanticVersion": version,
            "platform": platform,
            "vmImportTaskId": task_id,
            "clientToken": str(mock_random.uuid4()),
            "osVersion": os_version,
            "tags": dict(tags or {}),
        }
        backend = imagebuilder_backends[self.account_id][self.region]
        answer = backend.perform(
            operations()["ImportVmImage"], {member: value for member, value in request.items() if value}
        )
        arn = str(answer["imageArn"])
        if backend.images.get(arn).build.is_running:
            self.advance(arn, to="AVAILABLE")
        return arn

    def unserved_requests(self, image_arn: str) -> list[dict[str, Any]]:
        """What the build of an image has asked of neighbours that moto does not have, in the order of the requests.

        License configurations of a distribution are associated by AWS License Manager. They have been checked as far as
        they can be, and have no effect.

        :param image_arn: an image build version ARN.
        :returns: of every request ``service`` (boto3's name), ``operation``, ``accountId``, ``region``, and ``parameters``
            in the members of the operation.
        :raises LookupError: there is no such image.
        """
        with self._backend_of(image_arn) as backend:
            _image(backend, image_arn)
            return [
                {
                    "service": request.service,
                    "operation": request.operation,
                    "accountId": request.account_id,
                    "region": request.region,
                    "parameters": dict(request.parameters),
                }
                for request in imagebuilder_backends.unserved.get(image_arn, ())
            ]

    def add_managed(self, *entries: CatalogueEntry | str | PathLike[str]) -> None:
        """Let Amazon, or whoever else publishes, publish more, in all Regions: in lists, by ARN and as parts of images.

        An entry takes the place of the one with the same owner and slug, all versions included, whether it came with the
        package or was added before.

        :param entries: ManagedImage, ManagedComponent and ManagedWorkflow, or paths of catalogue files.
        :raises ValueError: a file, or an entry among the others, is not right, see
            :func:`~.imagebuilder.managed.catalogue_file.load_catalogue_file`. Nothing is added then.
        :raises OSError: a file cannot be read.
        """
        loaded: list[CatalogueEntry] = []
        for entry in entries:
            loaded += load_catalogue_file(entry) if isinstance(entry, (str, PathLike)) else [entry]
        imagebuilder_backends.add_managed(loaded)

    def set_packages(self, image_arn: str, packages: Mapping[str, str]) -> None:
        """What ListImagePackages finds on an image: versions by package name.

        :param image_arn: an image build version ARN.
        """
        entries = [{"packageName": name, "packageVersion": version} for name, version in packages.items()]
        imagebuilder_backends.steer().packages[image_arn] = entries

    def add_findings(self, image_arn: str, findings: Sequence[Mapping[str, Any]]) -> None:
        """What Amazon Inspector finds in an image whose build scans, to be seen when its scan is complete.

        :param image_arn: an image build version ARN.
        :param findings: in the members of the API's ImageScanFinding; all can be left out. Account, image, pipeline, type
            and times are filled in, and the severity ``UNTRIAGED``. Times are datetimes with a time zone, or seconds
            since 1970.
        :raises LookupError: there is no such image.
        :raises ValueError: the build of the image does not scan for such findings, its scan has ended without any, or a
            finding is not right.
        """
        with self._backend_of(image_arn) as backend:
            backend.add_scan_findings(_image(backend, image_arn), findings)

    def run_schedules(self, until: datetime) -> list[str]:
        """Let time pass for everything that happens by itself, in all accounts and Regions, without moving the clock.

        Every run of an enabled pipeline that its schedule sets for a time up to ``until``, and that has not happened yet,
        happens in the order of time, each at its own time; so do the daily executions of enabled lifecycle policies,
        scheduled state updates, and under the progression ``time`` the stages of builds.

        :param until: a moment, with its time zone.
        :returns: the ARNs of the images that the pipelines have built, in that order. Runs without a build have none.
        :raises ValueError: ``until`` has no time zone.
        """
        if until.utcoffset() is None:
            raise ValueError(f"until must have a time zone, unlike {until.isoformat()}")
        with imagebuilder_backends.lock:
            return imagebuilder_backends.running_builds.run_until(until.astimezone(timezone.utc))

    def run_lifecycle(self, policy_arn: str) -> str:
        """Run a lifecycle policy, as the service does once a day with those that are enabled.

        By default the execution has ended when this returns. If one is still running, no other is started. See moto's
        ``state_manager.set_transition("imagebuilder::lifecycle-execution", ...)`` for executions that take their time.

        :returns: the id of the execution, ``lce-...``.
        :raises LookupError: there is no such policy.
        :raises ValueError: the policy is disabled, or ``policy_arn`` is no ARN.
        """
        with self._backend_of(policy_arn) as backend:
            policy = backend.lifecycle_policies.find(policy_arn)
            if policy is None:
                raise LookupError(f"there is no lifecycle policy {policy_arn}")
            if not policy.is_enabled:
                raise ValueError(f"the lifecycle policy {policy_arn} is disabled")
            return backend.run_lifecycle_policy(policy, datetime.now(timezone.utc)).id

    @contextmanager
    def _backend_of(self, resource_arn: str) -> Iterator[ImageBuilderBackend]:
        arn = Arn.parse(resource_arn)
        with imagebuilder_backends.lock:
            yield imagebuilder_backends[arn.owner][arn.region]


def _image(backend: ImageBuilderBackend, image_arn: str) -> Image:
    """:raises LookupError: there is no such image."""
    image = backend.images.find(image_arn)
    if image is None:
        raise LookupError(f"there is no image {image_arn}")
    return image
