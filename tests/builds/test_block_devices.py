"""The block devices of a recipe."""

from __future__ import annotations

from typing import Any

import pytest

from ..build_parts import create_recipe
from ..refusals import clashing, invalid

PATH = "blockDeviceMappings"


def kept(client: Any, *mappings: dict[str, Any]) -> Any:
    arn = create_recipe(client, blockDeviceMappings=list(mappings))
    return client.get_image_recipe(imageRecipeArn=arn)["imageRecipe"]["blockDeviceMappings"]


@pytest.mark.parametrize(
    "mapping",
    [
        {"deviceName": "/dev/xvda"},
        {"deviceName": "/dev/xvdb", "virtualName": "ephemeral0"},
        {"deviceName": "/dev/xvdb", "noDevice": ""},
        {"ebs": {"encrypted": True}},
        {"deviceName": "/dev/xvda", "ebs": {"volumeType": "io1", "iops": 100}},
        {"deviceName": "/dev/xvda", "ebs": {"volumeType": "io2", "iops": 64000}},
        {"deviceName": "/dev/xvda", "ebs": {"volumeType": "gp3", "iops": 3000, "throughput": 125}},
        {"deviceName": "/dev/xvda", "ebs": {"volumeType": "gp3"}},
        {"deviceName": "/dev/xvda", "ebs": {"iops": 100}},
        {"deviceName": "/dev/xvda", "ebs": {"throughput": 1000}},
        {"deviceName": "/dev/xvda", "ebs": {"kmsKeyId": "alias/disks", "snapshotId": "snap-12345678"}},
        *(
            {"deviceName": "/dev/xvda", "ebs": {"volumeType": volume_type, "volumeSize": 500}}
            for volume_type in ("standard", "gp2", "sc1", "st1")
        ),
    ],
)
def test_devices_that_are_kept_as_they_are(client: Any, mapping: dict[str, Any]) -> None:
    assert kept(client, mapping) == [mapping]


@pytest.mark.parametrize("volume_type", ["io1", "io2"])
def test_volumes_with_provisioned_iops_need_them(client: Any, volume_type: str) -> None:
    with clashing(f"{PATH}[1].ebs.iops", f"The volume type {volume_type} requires iops."):
        kept(client, {"deviceName": "/dev/xvda"}, {"deviceName": "/dev/xvdb", "ebs": {"volumeType": volume_type}})


@pytest.mark.parametrize("volume_type", ["standard", "io1", "io2", "gp2", "sc1", "st1"])
def test_only_gp3_has_a_throughput(client: Any, volume_type: str) -> None:
    with clashing(
        f"{PATH}[0].ebs.throughput", f"The volume type {volume_type} does not support throughput; only gp3 does."
    ):
        kept(client, {"deviceName": "/dev/xvda", "ebs": {"volumeType": volume_type, "iops": 100, "throughput": 125}})


@pytest.mark.parametrize(
    ("mapping", "kinds"),
    [
        ({"ebs": {}, "virtualName": "ephemeral0"}, "ebs and virtualName"),
        ({"ebs": {"volumeSize": 8}, "noDevice": ""}, "ebs and noDevice"),
        ({"virtualName": "ephemeral0", "noDevice": ""}, "virtualName and noDevice"),
    ],
)
def test_a_mapping_is_of_one_kind(client: Any, mapping: dict[str, Any], kinds: str) -> None:
    with clashing(f"{PATH}[0]", f"You can specify only one of ebs, virtualName, noDevice, not {kinds}."):
        kept(client, {"deviceName": "/dev/xvdb", **mapping})


def test_a_device_is_mapped_once(client: Any) -> None:
    first, second = {"deviceName": "/dev/xvda"}, {"deviceName": "/dev/xvdb"}
    with invalid(PATH, "The device '/dev/xvda' can appear at most once in the block device mappings."):
        kept(client, first, second, first)
    assert kept(client, first, second) == [first, second]
