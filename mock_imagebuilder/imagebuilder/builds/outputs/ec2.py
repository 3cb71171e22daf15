"""AMIs in moto's EC2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from . import kms
from .ami_contents import AWS_MANAGED_KEY, PLAIN, AmiContents, BlockDevice, encrypted
from .outbox import Outbox, living_backend

if TYPE_CHECKING:
    from ..vm_tasks import Disk, ImportTask

CREATED_BY = "EC2 Image Builder"

#: One for all AMIs without tags of their own.
NO_TAGS: Mapping[str, str] = {}

#: The disk that Windows 11 needs at least.
_DISK_GIBIBYTES = 64


@dataclass(frozen=True, slots=True)
class AmiSpecification:
    """An AMI that a build or an import leaves in one account and Region."""

    ami_id: str
    name: str
    description: str | None
    platform: str
    created: datetime
    #: The image that it is of: the tags of the service name it.
    image_arn: str | None = None
    #: Other tags.
    tags: Mapping[str, str] = field(default_factory=lambda: NO_TAGS)
    architecture: str = "x86_64"
    root_device_name: str = "/dev/xvda"
    boot_mode: str | None = "uefi"
    #: What the AMI is registered from; without it, it gets a snapshot of its own.
    snapshot_id: str | None = None
    contents: AmiContents = PLAIN

    def leave_in(self, ec2: Any) -> None:
        """Register the AMI in moto's EC2, if it is not there."""
        if self.ami_id in ec2.amis:
            return
        of_service = {} if self.image_arn is None else service_tags(self.image_arn)
        registered = _ami_class(self.contents)(
            ec2,
            self.ami_id,
            name=self.name,
            description=self.description,
            owner_id=ec2.account_id,
            virtualization_type="hvm",
            architecture=self.architecture,
            creation_date=self.created.replace(tzinfo=None),
            platform="windows" if self.platform == "Windows" else None,
            image_location=f"{ec2.account_id}/{self.name}",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name=self.root_device_name,
            region_name=f"{ec2.region_name}a",
            boot_mode=self.boot_mode,  # moto shows none if it is None
            tags={**self.tags, **of_service},
        )
        ec2.amis[self.ami_id] = registered
        if self.snapshot_id in ec2.snapshots:
            # moto makes a snapshot for every AMI.
            ec2.snapshots.pop(registered.ebs_snapshot.id)
            registered.ebs_snapshot = ec2.snapshots[self.snapshot_id]
            registered.ebs_snapshot.from_ami = self.ami_id
        if self.contents is not PLAIN:
            registered.fill(self.contents)
        for snapshot_id in snapshots_of(registered):
            # The AMI made snapshots of its own: those are the AMI's.
            snapshot = ec2.snapshots[snapshot_id]
            if snapshot_id != self.snapshot_id:
                snapshot.start_time = registered.creation_date
            if of_service:
                snapshot.add_tags(of_service)


def new_id(kind: str) -> str:
    """An id of EC2: what it is of, such as ``ami`` or ``snap``, a hyphen, and 17 hexadecimal digits."""
    return f"{kind}-{mock_random.getrandbits(68):017x}"


def service_tags(image_arn: str) -> dict[str, str]:
    """The tags that the service puts on every AMI and snapshot of an image."""
    return {"CreatedBy": CREATED_BY, "Ec2ImageBuilderArn": image_arn}


def register(outbox: Outbox, account_id: str, region: str, ami: AmiSpecification) -> None:
    """Leave an AMI, owned by the account, with snapshots that carry the service's own tags."""
    if ami.contents.has_aws_managed_key:
        kms.begin_to_use_aws_managed_key(outbox, account_id, region, ami.created)
    outbox.post("ec2", account_id, region, ami.leave_in)


def snapshots_of(ami: Any) -> list[str]:
    """The ids of the snapshots behind moto's AMI."""
    return [str(mapping["Ebs"]["SnapshotId"]) for mapping in ami.block_device_mappings if "Ebs" in mapping]


def _ami_class(contents: AmiContents) -> Any:
    from moto.ec2.models.amis import Ami

    return Ami if contents is PLAIN else _filled_ami_class()


@cache
def _filled_ami_class() -> Any:
    """A class of AMIs with other devices than moto's only one, and with watermarks, of which moto knows nothing."""
    from moto.ec2.models.amis import Ami

    class FilledAmi(Ami):
        #: Mappings and watermarks in the members of EC2's Image.
        mappings: tuple[dict[str, Any], ...] = ()
        image_watermarks: tuple[dict[str, Any], ...] = ()

        @property
        def block_device_mappings(self) -> list[dict[str, Any]]:
            return list(self.mappings) or super().block_device_mappings

        def fill(self, contents: AmiContents) -> None:
            self.mappings = tuple(_mapping(self, device) for device in contents.devices)
            if self.mappings and self.ebs_snapshot.id not in snapshots_of(self):
                # It has no root device.
                self.ec2_backend.snapshots.pop(self.ebs_snapshot.id)
            self.image_watermarks = tuple(
                {
                    "WatermarkKey": f"{watermark.account_id}:{watermark.name}",
                    "SourceImageRegion": watermark.source_region,
                    "SourceImageId": watermark.source_ami_id,
                    "SourceImageCreationTime": watermark.created,
                    "WatermarkCreationTime": watermark.created,
                }
                for watermark in contents.watermarks
            )

    return FilledAmi


def _mapping(ami: Any, device: BlockDevice) -> dict[str, Any]:
    """A device of moto's AMI in the members of EC2's BlockDeviceMapping, with a snapshot behind it."""
    if device.virtual_name is not None:
        return {"DeviceName": device.name, "VirtualName": device.virtual_name}
    ec2, root = ami.ec2_backend, ami.ebs_snapshot
    volume = ec2.create_volume(size=device.size, zone_name=f"{ec2.region_name}a")
    snapshot = ec2.create_snapshot(volume.id, root.description, ami.owner_id, from_ami=ami.id)
    ec2.delete_volume(volume.id)
    if device.name == ami.root_device_name:
        # Instead of the one that moto makes for every AMI.
        ec2.snapshots.pop(root.id)
        ami.ebs_snapshot = snapshot
    if device.key is not None:
        is_managed = device.key == AWS_MANAGED_KEY
        snapshot.encrypted = True
        snapshot.kms_key_id = kms.aws_managed_key_arn(ami.owner_id, ec2.region_name) if is_managed else device.key
    ebs = {
        "SnapshotId": snapshot.id,
        "VolumeSize": device.size,
        "VolumeType": device.volume_type,
        "DeleteOnTermination": device.delete_on_termination,
        "Encrypted": device.key is not None,
        "Iops": device.iops,
        "Throughput": device.throughput,
    }
    return {"DeviceName": device.name, "Ebs": {name: value for name, value in ebs.items() if value is not None}}


def contents_in(account_id: str, region: str, ami_id: str) -> AmiContents:
    """What EC2 knows of an AMI that no image has made."""
    ec2 = living_backend("ec2", account_id, region)
    ami = None if ec2 is None else ec2.amis.get(ami_id)
    if ami is None or not ami.ebs_snapshot.encrypted:
        return PLAIN
    try:
        key = kms.resolve(account_id, region, ami.ebs_snapshot.kms_key_id or AWS_MANAGED_KEY)
    except (kms.KeyMissing, kms.KeyUnusable):
        key = ami.ebs_snapshot.kms_key_id
    return AmiContents(encrypted((), ami.root_device_name, key))


def default_key(account_id: str, region: str) -> str:
    """What EC2 encrypts with where nobody names a key: its ARN, or AWS_MANAGED_KEY."""
    ec2 = living_backend("ec2", account_id, region)
    if ec2 is None or not ec2.default_kms_key_id:
        return AWS_MANAGED_KEY
    try:
        return kms.resolve(account_id, region, ec2.default_kms_key_id)
    except (kms.KeyMissing, kms.KeyUnusable):
        return str(ec2.default_kms_key_id)


def encrypts_by_default(account_id: str, region: str) -> bool:
    """Whether EC2 encrypts whatever an account creates in a Region."""
    ec2 = living_backend("ec2", account_id, region)
    return ec2 is not None and ec2.ebs_encryption_by_default


def add_snapshot(
    outbox: Outbox,
    account_id: str,
    region: str,
    snapshot_id: str,
    description: str,
    tags: Mapping[str, str],
    moment: datetime,
    size: int = _DISK_GIBIBYTES,
    encryption: Mapping[str, Any] | None = None,
) -> None:
    """Leave a snapshot from which an AMI can be registered, if it is not there.

    :param moment: when it is made.
    :param size: of its disk, in GiB.
    :param encryption: ``encrypted`` and ``kms_key_id`` of its volume.
    """

    def effect(ec2: Any) -> None:
        if snapshot_id in ec2.snapshots:
            return
        volume = ec2.create_volume(size=size, zone_name=f"{region}a", **(encryption or {}))
        snapshot = ec2.create_snapshot(volume.id, description, account_id)
        ec2.delete_volume(volume.id)
        del ec2.snapshots[snapshot.id]
        snapshot.id = snapshot_id
        snapshot.kms_key_id = volume.kms_key_id
        snapshot.start_time = moment.replace(tzinfo=None)
        ec2.snapshots[snapshot_id] = snapshot
        snapshot.add_tags(dict(tags))

    outbox.post("ec2", account_id, region, effect)


def leave_imported(
    outbox: Outbox, task: ImportTask, moment: datetime, platform: str, description: str | None = None
) -> None:
    """Leave the AMI of a VM import task, with the task's id as its name, and snapshots of the disks that were in S3.

    moto's AMIs show one block device: the first disk.
    """
    task.ami_id = task.ami_id or new_id("ami")
    for disk in task.disks:
        if disk.source:
            _add_imported_snapshot(outbox, task, disk, moment)
    hardware: dict[str, Any] = {}
    if task.disks:
        root = task.disks[0]
        hardware = {
            "snapshot_id": root.snapshot_id,
            "root_device_name": root.device_name,
            "architecture": task.given.get("Architecture", "x86_64"),
            "boot_mode": task.given.get("BootMode"),
        }
    ami = AmiSpecification(task.ami_id, task.task_id, description, platform, moment, **hardware)
    register(outbox, task.account_id, task.region, ami)


def _add_imported_snapshot(outbox: Outbox, task: ImportTask, disk: Disk, moment: datetime) -> None:
    encryption = None
    if task.given.get("Encrypted"):
        encryption = {"encrypted": True, "kms_key_id": task.given.get("KmsKeyId")}
    description = f"Created by AWS-VMImport service for {task.task_id}"
    gibibytes = max(1, -(-disk.size // 2**30))
    place = task.account_id, task.region
    add_snapshot(outbox, *place, disk.snapshot_id, description, {}, moment, gibibytes, encryption)


class AmiGone(Exception):
    """The AMI has been deregistered; the text is EC2's."""


def require_ami(account_id: str, region: str, ami_id: str) -> None:
    """:raises AmiGone: the AMI was there, and is there no longer."""
    ec2 = living_backend("ec2", account_id, region)
    if ec2 is not None and ami_id in ec2.deleted_amis:
        raise AmiGone(f"The image id '[{ami_id}]' is no longer available")


def tag(outbox: Outbox, account_id: str, region: str, ami_id: str, tags: Mapping[str, str]) -> None:
    """Add tags to an AMI. Those of Amazon that moto's EC2 does not have are left alone."""

    def effect(ec2: Any) -> None:
        if ami_id in ec2.amis:
            ec2.amis[ami_id].add_tags(dict(tags))

    outbox.post("ec2", account_id, region, effect)


def share(outbox: Outbox, account_id: str, region: str, ami_id: str, permission: Mapping[str, Any]) -> None:
    """Apply a ``launchPermission`` of a distribution configuration to an AMI, with the exception of :func:`tag`."""
    permissions = [
        *({"UserId": user} for user in permission.get("userIds", ())),
        *({"Group": group} for group in permission.get("userGroups", ())),
        *({"OrganizationArn": arn} for arn in permission.get("organizationArns", ())),
        *({"OrganizationalUnitArn": arn} for arn in permission.get("organizationalUnitArns", ())),
    ]

    def effect(ec2: Any) -> None:
        if ami_id in ec2.amis:
            ec2.modify_image_attribute(ami_id, permissions, [])

    if permissions:
        outbox.post("ec2", account_id, region, effect)
