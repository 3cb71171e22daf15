"""The block device mappings of a recipe: what the service refuses about them.

``iops`` and ``throughput`` follow EbsInstanceBlockDeviceSpecification, the three kinds of a mapping
InstanceBlockDeviceMapping in the API model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..exceptions import invalid_combination, invalid_value

_KINDS = ("ebs", "virtualName", "noDevice")
_TYPES_WITH_OWN_IOPS = ("io1", "io2")


def check_block_devices(mappings: Sequence[Mapping[str, Any]], path: str) -> None:
    """
    :param path: the member that holds the mappings, such as ``blockDeviceMappings``.
    :raises InvalidParameterValueException: a device is mapped twice.
    :raises InvalidParameterCombinationException: a mapping is of two kinds, an io1 or io2 volume has no ``iops``, or a
        volume of another type than gp3 has a ``throughput``.
    """
    devices = [mapping["deviceName"] for mapping in mappings if "deviceName" in mapping]
    for device in devices:
        if devices.count(device) > 1:
            raise invalid_value(path, f"The device '{device}' can appear at most once in the block device mappings.")
    for number, mapping in enumerate(mappings):
        kinds = [kind for kind in _KINDS if kind in mapping]
        if len(kinds) > 1:
            raise invalid_combination(
                f"{path}[{number}]", f"You can specify only one of {', '.join(_KINDS)}, not {' and '.join(kinds)}."
            )
        _check_ebs(mapping.get("ebs", {}), f"{path}[{number}].ebs")


def _check_ebs(ebs: Mapping[str, Any], path: str) -> None:
    # Without a volume type the mapping keeps the type that the parent image has for the device.
    volume_type = ebs.get("volumeType")
    if volume_type in _TYPES_WITH_OWN_IOPS and "iops" not in ebs:
        raise invalid_combination(f"{path}.iops", f"The volume type {volume_type} requires iops.")
    if "throughput" in ebs and volume_type not in ("gp3", None):
        raise invalid_combination(
            f"{path}.throughput", f"The volume type {volume_type} does not support throughput; only gp3 does."
        )
