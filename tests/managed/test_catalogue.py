"""Records of the catalogue: partitions and Regions, AMIs, and entries that a user adds."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mock_imagebuilder.imagebuilder.managed.catalogue import (
    Catalogue,
    ComponentParameter,
    ManagedAmi,
    ManagedComponent,
    ManagedImage,
    ManagedVersion,
    ProductCode,
)
from mock_imagebuilder.imagebuilder.managed.catalogue_file import shipped_components, shipped_images

# Fixed for ever by partition, Region, slug, version and build: tests may hold it.
AMI_ID = "ami-776cf6624b06cc16c"

VERSIONS = (ManagedVersion("1.10.0", "2025-02-01T00:00:00.000Z"), ManagedVersion("1.9.0", "2025-01-01T00:00:00.000Z"))


def image(name: str = "Team Base x86", **members: Any) -> ManagedImage:
    return ManagedImage(
        name, members.pop("slug", "team-base-x86"), members.pop("platform", "Linux"), "AMI", VERSIONS, **members
    )


def component(name: str = "team-setup", **members: Any) -> ManagedComponent:
    return ManagedComponent(name, members.pop("slug", name), "Linux", "BUILD", VERSIONS, **members)


def image_record(catalogue: Catalogue, path: str) -> dict[str, Any]:
    [record] = [record for record in catalogue.image_records() if record["arn"].endswith(f":image/{path}")]
    return record


def component_record(catalogue: Catalogue, path: str) -> dict[str, Any]:
    [record] = [record for record in catalogue.component_records() if record["arn"].endswith(f":component/{path}")]
    return record


def test_record_of_an_image() -> None:
    catalogue = Catalogue("aws", "us-east-1")
    assert image_record(catalogue, "windows-server-2022-english-full-base-x86/2022.3.9/1") == {
        "arn": "arn:aws:imagebuilder:us-east-1:aws:image/windows-server-2022-english-full-base-x86/2022.3.9/1",
        "type": "AMI",
        "name": "Windows Server 2022 English Full Base x86",
        "version": "2022.3.9/1",
        "platform": "Windows",
        "osVersion": "Microsoft Windows Server 2022",
        "enhancedImageMetadataEnabled": False,
        "state": {"status": "AVAILABLE"},
        "owner": "Amazon",
        "dateCreated": "2022-03-09T00:00:00.000Z",
        "outputResources": {
            "amis": [
                {
                    "region": "us-east-1",
                    "image": AMI_ID,
                    "name": "Windows_Server-2022-English-Full-Base-2022.03.09",
                    "accountId": "801119661308",
                }
            ]
        },
        "tags": {},
        "imageSource": "AMAZON_MANAGED",
    }


def test_record_of_a_container_image() -> None:
    record = image_record(Catalogue("aws", "eu-west-1"), "amazon-linux-x86-2/2025.10.15/1")
    assert (record["type"], record["platform"], record["osVersion"]) == ("DOCKER", "Linux", "Amazon Linux 2")
    assert record["outputResources"] == {"containers": [{"region": "eu-west-1", "imageUris": ["amazonlinux:2"]}]}


def test_record_of_a_subscribed_marketplace_image() -> None:
    record = image_record(Catalogue("aws", "us-east-1"), "red-hat-enterprise-linux-rhel-for-aws-e9ca/2025.6.24/1")
    assert record["arn"].split(":")[4] == "aws"
    assert (record["owner"], record["imageSource"]) == ("AWSMarketplace", "AWS_MARKETPLACE")


def test_record_of_amazons_component() -> None:
    record = component_record(Catalogue("aws", "us-east-1"), "update-linux/1.0.2/1")
    assert record.pop("data").startswith('name: "update-linux"\n')
    assert record == {
        "arn": "arn:aws:imagebuilder:us-east-1:aws:component/update-linux/1.0.2/1",
        "name": "update-linux",
        "version": "1.0.2",
        "description": "Updates Linux by installing all available updates via the UpdateOS action module.",
        "type": "BUILD",
        "platform": "Linux",
        "state": {"status": "ACTIVE"},
        "owner": "Amazon",
        "encrypted": True,
        "dateCreated": "2021-09-28T18:01:20.806Z",
        "tags": {},
    }


def test_record_of_a_marketplace_component() -> None:
    path = "ubuntu-pro-component-prod-w2osc53uiegx4/1.0.0/1"
    record = component_record(Catalogue("aws", "us-east-1"), path)
    assert record == {
        "arn": f"arn:aws:imagebuilder:us-east-1:aws-marketplace:component/{path}",
        "name": "Ubuntu Pro Component-prod-w2osc53uiegx4",
        "version": "1.0.0",
        "description": "Ubuntu Pro component",
        "type": "BUILD",
        "platform": "Linux",
        "supportedOsVersions": ["Ubuntu 18", "Ubuntu 20", "Ubuntu 22", "Ubuntu 24"],
        "state": {"status": "ACTIVE"},
        "owner": "AWSMarketplace",
        "encrypted": True,
        "dateCreated": "2026-01-01T00:00:00.000Z",
        "tags": {},
        "publisher": "Canonical",
        "obfuscate": True,
        "productCodes": [{"productCodeId": "9bztusbna2lfuk6zw7upzdvsv", "productCodeType": "marketplace"}],
    }


def test_record_of_a_third_party_component() -> None:
    record = component_record(Catalogue("aws", "us-east-1"), "cis-benchmark-level-1-amazon-linux/1.0.0/1")
    assert record["arn"].startswith("arn:aws:imagebuilder:us-east-1:third-party:component/")
    assert (record["owner"], record["publisher"]) == ("ThirdParty", "Center for Internet Security")
    assert "productCodes" not in record


@pytest.mark.parametrize(
    ("partition", "region", "linux", "windows"),
    [
        ("aws", "ap-southeast-2", "137112412989", "801119661308"),
        ("aws-cn", "cn-northwest-1", "141808717104", "016951021795"),
        ("aws-us-gov", "us-gov-east-1", "045324592363", "077303321853"),
        ("aws-iso", "us-iso-east-1", "137112412989", "801119661308"),
    ],
)
def test_every_partition_has_the_same_names(partition: str, region: str, linux: str, windows: str) -> None:
    catalogue, usual = Catalogue(partition, region), Catalogue("aws", "us-east-1")
    arns = [record["arn"] for record in (*catalogue.image_records(), *catalogue.component_records())]
    assert all(arn.startswith(f"arn:{partition}:imagebuilder:{region}:") for arn in arns)
    usual_arns = [record["arn"] for record in (*usual.image_records(), *usual.component_records())]
    assert [arn.split(":", 4)[4] for arn in arns] == [arn.split(":", 4)[4] for arn in usual_arns]

    for path, owner in {
        "amazon-linux-2-x86/2023.11.12/1": linux,
        "windows-server-2025-english-full-base-x86/2025.10.15/1": windows,
    }.items():
        [ami] = image_record(catalogue, path)["outputResources"]["amis"]
        assert (ami["region"], ami["accountId"]) == (region, owner)


def test_ami_ids_differ_by_partition_and_region() -> None:
    path = "amazon-linux-2023-x86/2024.4.1/1"
    places = [("aws", "us-east-1"), ("aws", "us-west-2"), ("aws-cn", "us-east-1")]
    ids = [image_record(Catalogue(*place), path)["outputResources"]["amis"][0]["image"] for place in places]
    assert len(set(ids)) == 3
    assert all(len(id_) == 21 and int(id_.removeprefix("ami-"), 16) for id_ in ids)


def test_records_are_the_callers_to_change() -> None:
    catalogue = Catalogue("aws", "us-east-1")
    before = copy.deepcopy([*catalogue.image_records(), *catalogue.component_records()])
    for record in (*catalogue.image_records(), *catalogue.component_records()):
        record["tags"]["mine"] = "yes"
        record["state"]["status"] = "DISABLED"
        record.get("parameters", [{}])[0]["name"] = "other"
        record.get("outputResources", {}).clear()
    assert [*catalogue.image_records(), *catalogue.component_records()] == before


def test_the_files_are_read_once_and_not_before_they_are_needed() -> None:
    readers = (shipped_images, shipped_components)
    for reader in readers:
        reader.cache_clear()
    catalogues = [Catalogue("aws", "us-east-1"), Catalogue("aws", "us-west-2", [])]
    assert [reader.cache_info().misses for reader in readers] == [0, 0]
    for catalogue in catalogues:
        assert any(catalogue.image_records())
        assert any(catalogue.component_records())
    assert [reader.cache_info().misses for reader in readers] == [1, 1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "windows-server-2022-english-full-base-x86/2022.3.9/1",
            ManagedAmi(
                image_id=AMI_ID,
                name="Windows_Server-2022-English-Full-Base-2022.03.09",
                owner_id="801119661308",
                owner_seen=True,
                architecture="x86_64",
                platform="windows",
                root_device_name="/dev/sda1",
                creation_date="2022-03-09T00:00:00.000Z",
            ),
        ),
        (
            "amazon-linux-2-arm64/2024.6.11/1",
            {"owner_id": "137112412989", "owner_seen": False, "architecture": "arm64"},
        ),
        ("amazon-linux-2-arm64/2024.6.11/1", {"platform": None, "root_device_name": "/dev/xvda"}),
        ("ubuntu-server-22-lts-x86/2025.12.12/1", {"owner_id": "099720109477", "root_device_name": "/dev/sda1"}),
        ("red-hat-enterprise-linux-10-x86/2025.10.15/1", {"owner_id": "309956199498"}),
        ("suse-linux-enterprise-server-15-x86/2025.10.15/1", {"owner_id": "013907871322"}),
        ("macos-sequoia-arm64/2025.10.15/1", {"platform": None, "architecture": "arm64_mac"}),
        ("macos-sonoma-x86/2025.10.15/1", {"architecture": "x86_64_mac", "name": "amzn-ec2-macos-14-20251015"}),
        ("ubuntu-24-x86-24-04/2025.10.15/1", None),
    ],
)
def test_what_ec2_says_of_the_ami(path: str, expected: ManagedAmi | dict[str, Any] | None) -> None:
    catalogue = Catalogue("aws", "us-east-1")
    ami = catalogue.managed_ami(image_record(catalogue, path))
    if isinstance(expected, dict):
        assert {member: getattr(ami, member) for member in expected} == expected
    else:
        assert ami == expected


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:imagebuilder:us-east-1:aws:image/no-such-image/1.0.0/1",
        "arn:aws:imagebuilder:us-east-1:aws:image/amazon-linux-2-x86/1.0.0/1",
        "arn:aws:imagebuilder:us-west-2:aws:image/amazon-linux-2-x86/2023.11.12/1",
        "arn:aws:imagebuilder:us-east-1:123456789012:image/amazon-linux-2-x86/2023.11.12/1",
    ],
)
def test_other_images_have_no_managed_ami(arn: str) -> None:
    with pytest.raises(KeyError):
        Catalogue("aws", "us-east-1").managed_ami({"arn": arn})


def test_a_user_adds_an_image() -> None:
    catalogue = Catalogue("aws", "us-east-1", [image(ami_owner="111122223333", os_version="Team OS 1")])
    records = [record for record in catalogue.image_records() if record["name"] == "Team Base x86"]
    assert [record["version"] for record in records] == ["1.9.0/1", "1.10.0/1"]
    assert records[0]["osVersion"] == "Team OS 1"
    ami = catalogue.managed_ami(records[0])
    assert ami is not None
    assert (ami.name, ami.owner_id, ami.root_device_name) == ("team-base-x86-1.9.0-1", "111122223333", "/dev/xvda")
    assert len(catalogue.images()) == len(Catalogue("aws", "us-east-1").images()) + 1


@pytest.mark.parametrize(
    ("platform", "owner"), [("Linux", "137112412989"), ("Windows", "801119661308"), ("macOS", "628277914472")]
)
def test_the_usual_owner_of_a_users_ami_follows_the_platform(platform: str, owner: str) -> None:
    catalogue = Catalogue("aws", "us-east-1", [image(platform=platform, root_device="/dev/sdz")])
    ami = catalogue.managed_ami(image_record(catalogue, "team-base-x86/1.9.0/1"))
    assert ami is not None
    assert (ami.owner_id, ami.root_device_name) == (owner, "/dev/sdz")
    assert "osVersion" not in image_record(catalogue, "team-base-x86/1.9.0/1")


def test_a_user_adds_components_of_every_owner() -> None:
    catalogue = Catalogue(
        "aws",
        "us-east-1",
        [
            component(parameters=(ComponentParameter("Mode", description='How: fast or "slow"'),)),
            component("their-agent", owner="ThirdParty", data="name: theirs\n", publisher="Them"),
            component("sold-agent", owner="AWSMarketplace", product_codes=(ProductCode("abc123"),), withdrawn=True),
        ],
    )
    mine = component_record(catalogue, "team-setup/1.9.0/1")
    assert mine["parameters"] == [{"name": "Mode", "type": "string", "description": 'How: fast or "slow"'}]
    theirs = component_record(catalogue, "their-agent/1.9.0/1")
    assert theirs["arn"] == "arn:aws:imagebuilder:us-east-1:third-party:component/their-agent/1.9.0/1"
    assert (theirs["data"], theirs["publisher"], theirs["obfuscate"]) == ("name: theirs\n", "Them", False)
    sold = component_record(catalogue, "sold-agent/1.10.0/1")
    assert sold["productCodes"] == [{"productCodeId": "abc123", "productCodeType": "marketplace"}]
    assert sold["state"] == {"status": "DEPRECATED"}
    assert "publisher" not in sold


def test_obfuscated_data_is_not_in_the_record() -> None:
    catalogue = Catalogue("aws", "us-east-1", [component(owner="AWSMarketplace", data="secret: 1\n", obfuscate=True)])
    assert "data" not in component_record(catalogue, "team-setup/1.9.0/1")
    assert catalogue.components()["team-setup"].data == "secret: 1\n"


def test_a_users_entry_takes_the_place_of_a_shipped_one() -> None:
    catalogue = Catalogue(
        "aws", "us-east-1", [component("update-linux"), image("Amazon Linux 2 x86", slug="amazon-linux-2-x86")]
    )
    paths = [record["arn"].split(":component/")[1] for record in catalogue.component_records()]
    assert [path for path in paths if path.startswith("update-linux/")] == [
        "update-linux/1.9.0/1",
        "update-linux/1.10.0/1",
    ]
    assert [version.version for version in catalogue.images()["amazon-linux-2-x86"].versions] == ["1.10.0", "1.9.0"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ([component(), component()], "component 'team-setup' is added twice"),
        ([image(), image()], "image 'team-base-x86' is added twice"),
        (
            [component("update-linux", owner="ThirdParty")],
            "component 'update-linux': the slug belongs to an entry of owner Amazon",
        ),
    ],
)
def test_clashing_entries_are_refused(extra: list[ManagedImage | ManagedComponent], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Catalogue("aws", "us-east-1", extra)


def test_an_image_and_a_component_may_share_a_slug() -> None:
    catalogue = Catalogue("aws", "us-east-1", [image(), component("team-base-x86")])
    assert catalogue.images()["team-base-x86"].label == "image 'team-base-x86'"
    assert catalogue.components()["team-base-x86"].label == "component 'team-base-x86'"
