"""Build and test instances in moto's EC2. Once terminated they stay there, as moto's own do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import backend_lock
from moto.core.models import DEFAULT_ACCOUNT_ID

from . import kms
from .ami_contents import AWS_MANAGED_KEY
from .ec2 import service_tags
from .instance_places import groups_of, subnet_of

if TYPE_CHECKING:
    from ...resources.image import Image
    from ..parent_image import ParentAmi

RUNNING = "running"
TERMINATED = "terminated"

#: Names one of Amazon's AMIs for an instance of which nobody has said what it starts from.
_ECS_OPTIMIZED = "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id"
#: The root volume where no recipe says anything, in GiB.
_ROOT_SIZE = 8
_ROOT_DEVICE = "/dev/xvda"


@dataclass(slots=True, eq=False)
class BuildInstance:
    """An instance that a build has launched, or taken from an Auto Scaling group."""

    image: Image
    #: BUILD, TEST or DISTRIBUTION.
    workflow_type: str
    instance_id: str
    instance_type: str
    launched: datetime
    #: moto's instance profile, which may be deleted while the instance runs.
    profile: Any = None
    #: None for Amazon's AMI that is optimised for ECS.
    ami_id: str | None = None
    #: An AMI with the same hardware.
    hardware: ParentAmi | None = None
    #: What volumes of the recipe are encrypted with, by device name.
    keys: Mapping[str, str | None] | None = None
    terminated: datetime | None = None
    #: moto's instance, as soon as there is one.
    twin: Any = None

    @property
    def state(self) -> str:
        """EC2's name of its state."""
        if self.terminated is not None:
            return TERMINATED
        return RUNNING if self.twin is None else str(self.twin.state)

    @property
    def tags(self) -> dict[str, str]:
        purpose = "Test" if self.workflow_type == "TEST" else "Build"
        name = f"{purpose} instance for {self.image.record['name']}"
        return {**self.image.infrastructure.get("resourceTags", {}), "Name": name, **service_tags(self.image.arn)}

    def launch(self) -> None:
        """Leave it in EC2."""
        backend = self.image.backend
        place = backend.account_id, backend.region_name
        if self.keys and AWS_MANAGED_KEY in self.keys.values():
            kms.begin_to_use_aws_managed_key(backend.outbox, *place, self.launched)
        backend.outbox.post("ec2", *place, self.leave_in)

    def take_over(self, twin: Any) -> None:
        """Use one of moto's instances that is there already."""
        self.twin = twin
        twin.add_tags(self.tags)

    def terminate(self, moment: datetime) -> None:
        """Terminate it, unless that has been done."""
        # An EC2 backend that is born now finds the instance either running, or terminated.
        with backend_lock:
            if self.state != TERMINATED:
                self.terminated = moment
                if self.twin is not None:
                    _terminate(self.twin, moment)

    def leave_in(self, ec2: Any) -> None:
        ami_id = self.ami_id or _ecs_optimized_ami(ec2.region_name)
        shortcuts = _Shortcuts(ec2, ami_id)
        twin = shortcuts.twin = self._make_twin(shortcuts, ami_id)
        twin.ec2_backend = ec2
        twin.id = self.instance_id
        twin.launch_time = _naive(self.launched)
        for interface in twin.nics.values():
            interface.attach_time = _naive(self.launched)
        placement = self.image.infrastructure.get("placement", {})
        twin.placement.tenancy = placement.get("tenancy", "default")
        twin.placement.host_resource_group_arn = placement.get("hostResourceGroupArn")
        if twin.image_id not in ec2.amis:
            twin.platform = "windows" if self.image.record["platform"] == "Windows" else None
            twin.virtualization_type = "hvm"
            hardware = self.hardware
            twin.architecture = "x86_64" if hardware is None else hardware.architecture
            twin.root_device_name = _ROOT_DEVICE if hardware is None else hardware.root_device_name
        _reserve(ec2, twin)
        twin.add_tags(self.tags)
        self._attach_volumes(ec2, twin)
        self.twin = twin
        if self.terminated is None:
            shortcuts.associate(self.profile)
        else:
            _terminate(twin, self.terminated)

    def _make_twin(self, ec2: Any, ami_id: str | None) -> Any:
        from moto.ec2.models.instances import Instance
        from moto.ec2.utils import parse_user_data

        is_build, settings = self.workflow_type == "BUILD", self.image.infrastructure
        of_recipe = self.image.recipe_record.get("additionalInstanceConfiguration", {}) if is_build else {}
        options = settings.get("instanceMetadataOptions", {})
        subnet = subnet_of(ec2, settings)
        instance_class: Any = Instance  # abstract to mypy only
        return instance_class(
            ec2,
            ami_id,
            parse_user_data(of_recipe.get("userDataOverride")),
            groups_of(ec2, settings, subnet),
            instance_type=self.instance_type,
            region_name=ec2.region_name,
            subnet_id=subnet.id,
            key_name=settings.get("keyPair"),
            placement_hostid=settings.get("placement", {}).get("hostId"),
            associate_public_ip=None,
            nics=[{"DeviceIndex": 0, "DeleteOnTermination": True}],
            metadata_options={name[:1].upper() + name[1:]: value for name, value in options.items()},
        )

    def _attach_volumes(self, ec2: Any, twin: Any) -> None:
        of_recipe = self.image.recipe_volumes
        mappings = {each.get("deviceName") or twin.root_device_name: each.get("ebs", {}) for each in of_recipe}
        root = {"deleteOnTermination": True, **mappings.pop(twin.root_device_name, {})}
        for name, ebs in {twin.root_device_name: root, **mappings}.items():
            if not ebs:
                continue
            volume = ec2.create_volume(size=ebs.get("volumeSize", _ROOT_SIZE), zone_name=twin.placement.zone)
            volume.create_time = _naive(self.launched)
            volume.volume_type, volume.iops = ebs.get("volumeType", volume.volume_type), ebs.get("iops")
            volume.snapshot_id, volume.throughput = ebs.get("snapshotId"), ebs.get("throughput")
            key = (self.keys or {}).get(name)
            if key is not None:
                is_managed = key == AWS_MANAGED_KEY
                volume.encrypted = True
                volume.kms_key_id = kms.aws_managed_key_arn(ec2.account_id, ec2.region_name) if is_managed else key
            _attach(volume, twin, name, ebs.get("deleteOnTermination", True), _naive(self.launched))


class _Shortcuts:
    """moto's EC2 as one instance needs it.

    moto looks through all AMIs for its AMI, of which there are more than a thousand, and copies all instances to find it.
    """

    def __init__(self, ec2: Any, ami_id: str | None) -> None:
        self._ec2 = ec2
        self._amis = [ec2.amis[ami_id]] if ami_id in ec2.amis else []
        self.twin: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ec2, name)

    def describe_images(self, **_: Any) -> list[Any]:
        return self._amis

    def modify_instance_attribute(self, _: str, name: str, value: Any) -> None:
        setattr(self.twin, name, value)

    def associate(self, profile: Any) -> None:
        from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociation
        from moto.ec2.utils import random_iam_instance_profile_association_id

        association_class: Any = IamInstanceProfileAssociation  # abstract to mypy only
        association = association_class(self, random_iam_instance_profile_association_id(), self.twin, profile)
        self._ec2.iam_instance_profile_associations[self.twin.id] = association


@cache
def _ecs_optimized_ami(region: str) -> str | None:
    """Amazon's AMI that is optimised for ECS, as moto's public parameters know it; None where they don't."""
    from moto.ssm.models import ParameterDict

    # One of its own: nobody is to see that the account's parameters were read.
    parameters = ParameterDict(DEFAULT_ACCOUNT_ID, region)
    return str(parameters[_ECS_OPTIMIZED][-1].value) if _ECS_OPTIMIZED in parameters else None


def _reserve(ec2: Any, twin: Any) -> None:
    """Put moto's instance into a reservation of its own, as RunInstances does."""
    from moto.ec2.models.instances import Reservation
    from moto.ec2.utils import random_reservation_id

    reservation: Any = Reservation(random_reservation_id())
    reservation.owner_id = ec2.account_id
    reservation.instances.append(twin)
    ec2.reservations[reservation.id] = reservation


def _attach(volume: Any, twin: Any, device: str, is_deleted: bool, moment: datetime) -> None:
    """Attach a volume. moto's own way copies all instances of the account to find one."""
    from moto.ec2.models import elastic_block_store

    moto: Any = elastic_block_store
    volume.attachment = moto.VolumeAttachment(volume, twin, device, "attached")
    volume.attachment.attach_time = moment
    twin.block_device_mapping[device] = moto.BlockDeviceType(
        volume_id=volume.id,
        status=volume.status,
        size=volume.size,
        attach_time=moment,
        delete_on_termination=is_deleted,
    )


def _terminate(twin: Any, moment: datetime) -> None:
    """Terminate moto's instance at a time of its own, and detach its volumes as :func:`_attach` attaches them."""
    for attached in list(twin.block_device_mapping.values()):
        volume = twin.ec2_backend.volumes[attached.volume_id]
        volume.attachment = None
        if attached.delete_on_termination:
            twin.ec2_backend.delete_volume(volume.id)
    twin.block_device_mapping.clear()
    twin.terminate()
    twin._reason = f"User initiated ({moment:%Y-%m-%d %H:%M:%S} UTC)"


def _naive(moment: datetime) -> datetime:
    """As moto keeps times."""
    return moment.replace(tzinfo=None)
