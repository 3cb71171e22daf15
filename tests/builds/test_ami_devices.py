"""The block devices of AMIs: what a recipe maps, what the parent image has, what copies get."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, PARENT_IMAGE, create_infrastructure
from ..conftest import REGION
from ..images import ami_of, client_of, create_image, output_amis, tags_of
from ..resources.lifecycles import ROLE, create_role, resources
from .integration import build

PARTNER = "111111111111"
ROOT = "/dev/xvda"
MACHINE = f"{ACCOUNT_BASE}:image-recipe/machine/1.0.0"

pytestmark = pytest.mark.usefixtures("outbox", "lets_copies_in")


@pytest.fixture(autouse=True)
def _infrastructure(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)


def build_machine(client: Any, *mappings: dict[str, Any], parent_image: str = PARENT_IMAGE, **members: Any) -> str:
    """The ARN of an image whose recipe maps these devices."""
    given = {"blockDeviceMappings": list(mappings)} if mappings else {}
    client.create_image_recipe(name="machine", semanticVersion="1.0.0", parentImage=parent_image, **given)
    return create_image(client, imageRecipeArn=MACHINE, **members)


def devices(entry: Any) -> dict[str, Any]:
    """The devices of an output AMI, by name, without the ids of their snapshots."""
    found = {}
    for mapping in ami_of(entry)["BlockDeviceMappings"]:
        volume = mapping.get("Ebs")
        found[mapping["DeviceName"]] = (
            mapping["VirtualName"] if volume is None else {key: volume[key] for key in volume if key != "SnapshotId"}
        )
    return found


def snapshots(entry: Any) -> list[Any]:
    ids = [mapping["Ebs"]["SnapshotId"] for mapping in ami_of(entry)["BlockDeviceMappings"] if "Ebs" in mapping]
    ec2 = client_of("ec2", entry["accountId"], entry["region"])
    return [ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0] for snapshot_id in ids]


def plain(size: int = 15, type_: str = "standard", **members: Any) -> dict[str, Any]:
    """A volume that nobody has said anything about, but for what is given."""
    return {
        "VolumeSize": size,
        "VolumeType": type_,
        "DeleteOnTermination": False,
        "Encrypted": False,
        **members,
    }


def test_without_mappings_an_ami_has_the_device_of_motos_amis(client: Any) -> None:
    arn = build_machine(client)
    by_hand = boto3.client("ec2", region_name=REGION).register_image(Name="by hand")["ImageId"]
    (mapping,) = client_of("ec2").describe_images(ImageIds=[by_hand])["Images"][0]["BlockDeviceMappings"]
    del mapping["Ebs"]["SnapshotId"]
    assert devices(output_amis(client, arn)[0]) == {ROOT: mapping["Ebs"]}


@pytest.mark.parametrize(
    ("ebs", "shown"),
    [
        ({"volumeSize": 30}, plain(30)),
        ({"volumeType": "gp3"}, plain(15, "gp3")),
        (
            {"volumeSize": 100, "volumeType": "gp3", "iops": 4000, "throughput": 250, "deleteOnTermination": True},
            plain(100, "gp3", Iops=4000, Throughput=250, DeleteOnTermination=True),
        ),
        ({"volumeSize": 8, "volumeType": "io2", "iops": 500}, plain(8, "io2", Iops=500)),
        ({"encrypted": False}, plain()),
    ],
)
def test_the_root_device(client: Any, ebs: dict[str, Any], shown: dict[str, Any]) -> None:
    arn = build_machine(client, {"deviceName": ROOT, "ebs": ebs})
    (entry,) = output_amis(client, arn)
    assert devices(entry) == {ROOT: shown}
    (snapshot,) = snapshots(entry)
    assert snapshot["VolumeSize"] == shown["VolumeSize"]
    assert tags_of(snapshot) == {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}
    # moto's own snapshot of the AMI is not left behind.
    assert len(client_of("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]) == 1


def test_more_devices(client: Any) -> None:
    arn = build_machine(
        client,
        {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 200, "volumeType": "st1"}},
        {"deviceName": "/dev/sdc", "virtualName": "ephemeral0"},
        {"deviceName": "/dev/sdd", "ebs": {"volumeSize": 5}},
        {"deviceName": "/dev/sde", "noDevice": ""},
    )
    (entry,) = output_amis(client, arn)
    assert devices(entry) == {
        ROOT: plain(),
        "/dev/sdb": plain(200, "st1", DeleteOnTermination=True),
        "/dev/sdc": "ephemeral0",
        "/dev/sdd": plain(5, "gp2", DeleteOnTermination=True),
    }
    assert [snapshot["VolumeSize"] for snapshot in snapshots(entry)] == [15, 200, 5]
    assert all(tags_of(snapshot)["Ec2ImageBuilderArn"] == arn for snapshot in snapshots(entry))


@pytest.mark.parametrize("by_id", [False, True])
def test_a_child_has_the_devices_of_its_parent(client: Any, by_id: bool) -> None:
    parent = build_machine(
        client,
        {"deviceName": ROOT, "ebs": {"volumeSize": 30}},
        {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 200}},
        {"deviceName": "/dev/sdc", "ebs": {"volumeSize": 300}},
    )
    reference = output_amis(client, parent)[0]["image"] if by_id else parent
    client.create_image_recipe(
        name="child",
        semanticVersion="1.0.0",
        parentImage=reference,
        blockDeviceMappings=[
            {"deviceName": "/dev/sdb", "noDevice": ""},
            {"deviceName": "/dev/sdc", "ebs": {"volumeType": "gp3"}},
        ],
    )
    child = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/child/1.0.0")
    assert devices(output_amis(client, child)[0]) == {
        ROOT: plain(30),
        "/dev/sdc": plain(300, "gp3", DeleteOnTermination=True),
    }


def test_copies_have_the_same_devices(client: Any) -> None:
    client.create_image_recipe(
        name="machine",
        semanticVersion="1.0.0",
        parentImage=PARENT_IMAGE,
        blockDeviceMappings=[{"deviceName": "/dev/sdb", "ebs": {"volumeSize": 200}}],
    )
    settings = {"amiDistributionConfiguration": {"targetAccountIds": [PARTNER]}, "region": "eu-west-1"}
    here, copy = output_amis(client, build(client, settings, imageRecipeArn=MACHINE))
    assert devices(copy) == devices(here)
    assert {snapshot["OwnerId"] for snapshot in snapshots(copy)} == {PARTNER}
    assert {snapshot["SnapshotId"] for snapshot in snapshots(copy)}.isdisjoint(
        snapshot["SnapshotId"] for snapshot in snapshots(here)
    )


def test_the_root_device_of_another_parent_image(client: Any) -> None:
    parent = f"{MANAGED_BASE}:image/ubuntu-server-22-lts-x86/x.x.x"
    arn = build_machine(client, {"deviceName": "/dev/sda1", "ebs": {"volumeSize": 20}}, parent_image=parent)
    assert devices(output_amis(client, arn)[0]) == {"/dev/sda1": plain(20)}


def test_a_lifecycle_action_deletes_all_snapshots(client: Any) -> None:
    create_role()
    arn = build_machine(client, {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 200}})
    ids = [snapshot["SnapshotId"] for snapshot in snapshots(output_amis(client, arn)[0])]
    execution = client.start_resource_state_update(
        resourceArn=arn,
        state={"status": "DELETED"},
        includeResources={"amis": True, "snapshots": True},
        executionRole=ROLE,
    )["lifecycleExecutionId"]
    (entry,) = resources(client, execution, arn)
    assert [each["snapshotId"] for each in entry["snapshots"]] == ids
    assert len(ids) == 2
    assert client_of("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
