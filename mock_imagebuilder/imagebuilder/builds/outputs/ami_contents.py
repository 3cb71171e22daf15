"""What an AMI consists of beyond its name: block devices, their encryption, watermarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

#: Stands for EBS's own key in an account and Region, which exists as soon as it is used.
AWS_MANAGED_KEY = "alias/aws/ebs"

#: The root device of moto's AMIs.
_SIZE, _TYPE = 15, "standard"

#: What a mapping without a volume type adds.
_ADDED_TYPE = "gp2"

#: Members of a recipe's ``ebs`` and what they are here.
_EBS_MEMBERS = {
    "volumeSize": "size",
    "volumeType": "volume_type",
    "deleteOnTermination": "delete_on_termination",
    "iops": "iops",
    "throughput": "throughput",
}


@dataclass(frozen=True, slots=True)
class BlockDevice:
    """One block device of an AMI."""

    name: str
    size: int = _SIZE
    volume_type: str = _TYPE
    delete_on_termination: bool = False
    iops: int | None = None
    throughput: int | None = None
    #: The ARN of the KMS key that its snapshot is encrypted with, or AWS_MANAGED_KEY; None if it is not encrypted.
    key: str | None = None
    #: Of an instance store volume: it has none of all that.
    virtual_name: str | None = None


@dataclass(frozen=True, slots=True)
class Watermark:
    """A lineage marker. Copies and children of an AMI have it, too."""

    account_id: str
    name: str
    source_region: str
    source_ami_id: str
    created: datetime


@dataclass(frozen=True, slots=True)
class AmiContents:
    """Without devices: moto's own, a root device that is not encrypted."""

    devices: tuple[BlockDevice, ...] = ()
    watermarks: tuple[Watermark, ...] = ()

    @property
    def is_encrypted(self) -> bool:
        return any(device.key is not None for device in self.devices)

    @property
    def has_aws_managed_key(self) -> bool:
        return any(device.key == AWS_MANAGED_KEY for device in self.devices)


#: The contents of most AMIs.
PLAIN = AmiContents()


def encrypted(devices: Iterable[BlockDevice], root_name: str, key: str) -> tuple[BlockDevice, ...]:
    """Devices with their snapshots encrypted with a key."""
    present = tuple(devices) or (BlockDevice(root_name),)
    return tuple(device if device.virtual_name else replace(device, key=key) for device in present)


def mapped(
    devices: Iterable[BlockDevice],
    root_name: str,
    mappings: Iterable[Mapping[str, Any]],
    keys: Mapping[str, str | None],
) -> tuple[BlockDevice, ...]:
    """The devices that are there after a recipe's ``blockDeviceMappings``.

    :param keys: by device name, what those are encrypted with that the mappings say something of.
    """
    by_name = {device.name: device for device in devices or (BlockDevice(root_name),)}
    for mapping in mappings:
        name = mapping.get("deviceName", root_name)
        if "noDevice" in mapping:
            by_name.pop(name, None)
        elif "virtualName" in mapping:
            by_name[name] = BlockDevice(name, virtual_name=mapping["virtualName"])
        else:
            given = {_EBS_MEMBERS[key]: value for key, value in mapping.get("ebs", {}).items() if key in _EBS_MEMBERS}
            earlier = by_name.get(name) or BlockDevice(name, volume_type=_ADDED_TYPE, delete_on_termination=True)
            by_name[name] = replace(earlier, **given, key=keys.get(name, earlier.key))
    return tuple(by_name.values())
