"""Encrypted AMIs: keys of recipes and distributions, and with whom an encrypted AMI can be shared."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ..build_parts import ACCOUNT_BASE, PARENT_IMAGE, create_infrastructure
from ..conftest import ACCOUNT, REGION
from ..images import ami_of, client_of, create_image, output_amis, own_amis, state_of
from .integration import UUID, build, create_configuration

PARTNER = "111111111111"
EUROPE = "eu-west-1"
ROOT = "/dev/xvda"
MACHINE = f"{ACCOUNT_BASE}:image-recipe/machine/1.0.0"
NO_KEY = "11111111-2222-3333-4444-555555555555"
MANAGED_KEY_IS_NOT_SHARED = (
    "EC2 Client Error: 'Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.'"
)

pytestmark = pytest.mark.usefixtures("outbox", "lets_copies_in")


@pytest.fixture(autouse=True)
def _infrastructure(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)


def create_key(account_id: str = ACCOUNT, region: str = REGION, alias: str = "alias/amis", **members: Any) -> str:
    """The ARN of a key with an alias."""
    kms = client_of("kms", account_id, region)
    metadata = kms.create_key(**members)["KeyMetadata"]
    kms.create_alias(AliasName=alias, TargetKeyId=metadata["KeyId"])
    return str(metadata["Arn"])


def id_of(key_arn: str) -> str:
    return key_arn.rpartition("/")[2]


def machine(client: Any, **root: Any) -> dict[str, str]:
    """The recipe of an image whose root device is like this."""
    mapping = {"blockDeviceMappings": [{"deviceName": ROOT, "ebs": root}]} if root else {}
    client.create_image_recipe(name="machine", semanticVersion="1.0.0", parentImage=PARENT_IMAGE, **mapping)
    return {"imageRecipeArn": MACHINE}


def keys(entry: Any) -> list[str | None]:
    """What the devices of an output AMI are encrypted with."""
    ec2, found = client_of("ec2", entry["accountId"], entry["region"]), []
    for mapping in ami_of(entry)["BlockDeviceMappings"]:
        (snapshot,) = ec2.describe_snapshots(SnapshotIds=[mapping["Ebs"]["SnapshotId"]])["Snapshots"]
        assert snapshot["Encrypted"] is mapping["Ebs"].get("Encrypted", False) is ("KmsKeyId" in snapshot)
        found.append(snapshot.get("KmsKeyId"))
    return found


def managed_key(account_id: str = ACCOUNT, region: str = REGION) -> str:
    """The ARN of EBS's own key."""
    return str(client_of("kms", account_id, region).describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"])


def to(region: str = EUROPE, **ami: Any) -> dict[str, Any]:
    return {"region": region, "amiDistributionConfiguration": ami}


# ---- the recipe's keys ----


@pytest.mark.parametrize("form", ["{arn}", "{id}", "alias/amis", "arn:aws:kms:us-east-1:123456789012:alias/amis"])
def test_the_ami_is_encrypted_with_the_recipes_key(client: Any, form: str) -> None:
    arn = create_key()
    reference = form.format(arn=arn, id=id_of(arn))
    image = create_image(client, **machine(client, encrypted=True, kmsKeyId=reference))
    assert state_of(client, image) == {"status": "AVAILABLE"}
    assert keys(output_amis(client, image)[0]) == [arn]


@pytest.mark.parametrize("key", [{}, {"kmsKeyId": "alias/aws/ebs"}])
def test_without_a_key_it_is_encrypted_with_that_of_ebs(client: Any, key: dict[str, str]) -> None:
    image = create_image(client, **machine(client, encrypted=True, **key))
    assert keys(output_amis(client, image)[0]) == [managed_key()]


def test_a_default_key_of_ebs(client: Any) -> None:
    arn = create_key()
    client_of("ec2").modify_ebs_default_kms_key_id(KmsKeyId=arn)
    image = create_image(client, **machine(client, encrypted=True))
    assert keys(output_amis(client, image)[0]) == [arn]


@pytest.mark.parametrize("own_key", [False, True])
def test_an_account_that_encrypts_by_default(client: Any, own_key: bool) -> None:
    client_of("ec2").enable_ebs_encryption_by_default()
    arn = create_key()
    if own_key:
        client_of("ec2").modify_ebs_default_kms_key_id(KmsKeyId=arn)
    image = create_image(client, **machine(client))
    assert keys(output_amis(client, image)[0]) == [arn if own_key else managed_key()]


def test_a_child_is_encrypted_like_its_parent(client: Any) -> None:
    arn = create_key()
    image = create_image(client, **machine(client, encrypted=True, kmsKeyId=arn))
    client.create_image_recipe(name="child", semanticVersion="1.0.0", parentImage=image)
    child = create_image(client, imageRecipeArn=f"{ACCOUNT_BASE}:image-recipe/child/1.0.0")
    assert keys(output_amis(client, child)[0]) == [arn]


def disable(arn: str) -> None:
    client_of("kms").disable_key(KeyId=id_of(arn))


def delete(arn: str) -> None:
    client_of("kms").schedule_key_deletion(KeyId=id_of(arn))


WRONG_STATE = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
NO_ACCESS = "Client.InternalError: Client error on launch"


@pytest.mark.parametrize("spoil", [disable, delete])
def test_the_recipes_key_cannot_be_used(client: Any, spoil: Any) -> None:
    arn = create_key()
    spoil(arn)
    image = create_image(client, **machine(client, encrypted=True, kmsKeyId=arn))
    assert_launch_failed(client, image, WRONG_STATE)


def test_the_recipes_key_is_none_for_volumes(client: Any) -> None:
    arn = create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    image = create_image(client, **machine(client, encrypted=True, kmsKeyId=arn))
    assert_launch_failed(client, image, WRONG_STATE)


@pytest.mark.parametrize(
    "reference",
    [
        NO_KEY,
        "alias/other",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{NO_KEY}",
        f"arn:aws:kms:{REGION}:{PARTNER}:alias/amis",
        f"arn:aws:kms:{EUROPE}:{ACCOUNT}:alias/amis",
        "arn:aws:kms",
    ],
)
@pytest.mark.parametrize("has_keys", [False, True])
def test_the_recipes_key_does_not_exist(client: Any, reference: str, has_keys: bool) -> None:
    if has_keys:
        create_key()
    image = create_image(client, **machine(client, encrypted=True, kmsKeyId=reference))
    assert_launch_failed(client, image, NO_ACCESS)


@pytest.mark.parametrize("encrypted", [{}, {"encrypted": False}])
def test_a_key_without_encryption(client: Any, encrypted: dict[str, bool]) -> None:
    image = create_image(client, **machine(client, kmsKeyId=create_key(), **encrypted))
    assert_launch_failed(
        client,
        image,
        "An error occurred (InvalidParameterDependency) when calling the RunInstances operation: The parameter KmsKeyId "
        "requires the parameter Encrypted to be set",
    )


def assert_launch_failed(client: Any, image: str, message: str) -> None:
    state = state_of(client, image)
    assert state["status"] == "FAILED"
    assert state["reason"].endswith(f"failed with reason: {message} in workflow step LaunchBuildInstance")
    assert state["failureContext"]["imageStatus"] == "BUILDING"
    assert own_amis() == []


# ---- copies ----


@pytest.mark.parametrize("form", ["{arn}", "{id}", "alias/amis", "arn:aws:kms:eu-west-1:123456789012:alias/amis"])
def test_a_copy_is_encrypted_with_the_distributions_key(client: Any, form: str) -> None:
    arn = create_key(region=EUROPE)
    reference = form.format(arn=arn, id=id_of(arn))
    here, copy = output_amis(client, build(client, to(kmsKeyId=reference), **machine(client)))
    assert keys(here) == [None]
    assert keys(copy) == [arn]


def test_a_copy_for_another_account(client: Any) -> None:
    of_partner = create_key(PARTNER, EUROPE, alias="alias/partner")
    image = build(client, to(kmsKeyId="alias/partner", targetAccountIds=[PARTNER]), **machine(client))
    assert keys(output_amis(client, image)[1]) == [of_partner]
    # The key may belong to the account that builds.
    own = create_key(region=EUROPE)
    configuration = create_configuration(client, to(kmsKeyId=own, targetAccountIds=[PARTNER]), name="other")
    image = create_image(client, imageRecipeArn=MACHINE, distributionConfigurationArn=configuration)
    assert keys(output_amis(client, image)[1]) == [own]


def test_the_ami_itself_is_not_encrypted_by_the_distribution(client: Any) -> None:
    image = build(client, to(REGION, kmsKeyId=NO_KEY), **machine(client))
    assert state_of(client, image) == {"status": "AVAILABLE"}
    assert keys(output_amis(client, image)[0]) == [None]


def test_a_copy_of_an_encrypted_ami_is_encrypted(client: Any) -> None:
    own, there = create_key(), create_key(PARTNER, EUROPE)
    image = build(
        client,
        to(targetAccountIds=[ACCOUNT]),
        to("us-west-2", targetAccountIds=[PARTNER]),
        to("us-east-2", kmsKeyId="alias/aws/ebs"),
        **machine(client, encrypted=True, kmsKeyId=own),
    )
    here, europe, west, ohio = output_amis(client, image)
    assert keys(here) == [own]
    assert keys(europe) == [managed_key(region=EUROPE)]
    assert keys(west) == [managed_key(PARTNER, "us-west-2")]
    assert keys(ohio) == [managed_key(region="us-east-2")]
    assert [there] not in (keys(europe), keys(west))


def test_only_what_was_encrypted_is_encrypted_in_a_copy(client: Any) -> None:
    client.create_image_recipe(
        name="machine",
        semanticVersion="1.0.0",
        parentImage=PARENT_IMAGE,
        blockDeviceMappings=[{"deviceName": "/dev/sdb", "ebs": {"volumeSize": 9, "encrypted": True}}],
    )
    _, copy = output_amis(client, build(client, to(), imageRecipeArn=MACHINE))
    assert keys(copy) == [None, managed_key(region=EUROPE)]


def test_a_region_that_encrypts_by_default(client: Any) -> None:
    client_of("ec2", region=EUROPE).enable_ebs_encryption_by_default()
    here, copy = output_amis(client, build(client, to(), **machine(client)))
    assert (keys(here), keys(copy)) == ([None], [managed_key(region=EUROPE)])


def assert_distribution_failed(client: Any, image: str, message: str, region: str, account_id: str) -> None:
    """``message`` is a regular expression."""
    state = state_of(client, image)
    sentence = (
        rf"1\) {message} when distributing the image from the source account \(ID: {ACCOUNT}\) "
        rf"to the destination account \(ID: {account_id}\) in Region {region}\."
    )
    assert re.fullmatch(
        f"Distribution failed with JobId '{UUID}', status = 'Failed' for ARN '{image}'. "
        f"'Not all distribution jobs are completed. {sentence}'",
        state["reason"],
    )
    (failure,) = state["failureContext"]["distributionFailure"]["regionFailures"]
    assert re.fullmatch(message, failure.pop("errorMessage"))
    assert failure == {"region": region, "status": "FAILED"}


@pytest.mark.parametrize("reference", [NO_KEY, "alias/other", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/amis"])
@pytest.mark.parametrize("has_keys", [False, True])
def test_the_distributions_key_does_not_exist(client: Any, reference: str, has_keys: bool) -> None:
    if has_keys:
        create_key(region=EUROPE)
        create_key()
    image = build(client, to(kmsKeyId=reference), to("us-west-2"), **machine(client))
    assert_distribution_failed(client, image, "AMI Copy Reported Failure For ami-[0-9a-f]{17}", EUROPE, ACCOUNT)
    assert own_amis(region=EUROPE) == []
    assert len(own_amis(region="us-west-2")) == 1


def test_the_distributions_key_is_disabled(client: Any) -> None:
    arn = create_key(region=EUROPE)
    client_of("kms", region=EUROPE).disable_key(KeyId=id_of(arn))
    image = build(client, to(kmsKeyId=arn), **machine(client))
    assert_distribution_failed(client, image, "AMI Copy Reported Failure For ami-[0-9a-f]{17}", EUROPE, ACCOUNT)
    # With the key, a retry gets it there.
    client_of("kms", region=EUROPE).enable_key(KeyId=id_of(arn))
    client.retry_image(imageBuildVersionArn=image)
    assert state_of(client, image) == {"status": "AVAILABLE"}
    assert keys(output_amis(client, image)[1]) == [arn]


# ---- sharing ----


@pytest.mark.parametrize(
    ("ami", "of_recipe"),
    [
        ({"targetAccountIds": [PARTNER]}, {"encrypted": True}),
        ({"targetAccountIds": [PARTNER], "kmsKeyId": "alias/aws/ebs"}, {}),
    ],
)
def test_copies_with_the_key_of_ebs_for_others(client: Any, ami: dict[str, Any], of_recipe: dict[str, Any]) -> None:
    image = build(client, to(**ami), **machine(client, **of_recipe))
    assert_distribution_failed(client, image, re.escape(MANAGED_KEY_IS_NOT_SHARED), EUROPE, PARTNER)
    assert own_amis(PARTNER, EUROPE) == []


ORGANIZATION = f"arn:aws:organizations::{ACCOUNT}:organization/o-abcdefghij"
UNIT = f"arn:aws:organizations::{ACCOUNT}:ou/o-abcdefghij/ou-ab12-abcdefgh"


@pytest.mark.parametrize(
    "permission",
    [
        {"userIds": [ACCOUNT, PARTNER]},
        {"userGroups": ["all"]},
        {"organizationArns": [ORGANIZATION]},
        {"organizationalUnitArns": [UNIT]},
    ],
)
def test_an_ami_with_the_key_of_ebs_is_not_shared(client: Any, permission: dict[str, Any]) -> None:
    image = build(client, to(REGION, launchPermission=permission), **machine(client, encrypted=True))
    assert_distribution_failed(client, image, re.escape(MANAGED_KEY_IS_NOT_SHARED), REGION, ACCOUNT)
    (entry,) = output_amis(client, image)
    attribute = client_of("ec2").describe_image_attribute(ImageId=entry["image"], Attribute="launchPermission")
    assert attribute["LaunchPermissions"] == []


def test_an_account_may_share_with_itself(client: Any) -> None:
    permission = {"userIds": [ACCOUNT]}
    image = build(client, to(REGION, launchPermission=permission), **machine(client, encrypted=True))
    assert state_of(client, image) == {"status": "AVAILABLE"}


def test_an_ami_with_a_key_of_ones_own_is_shared_but_not_with_all(client: Any) -> None:
    recipe = machine(client, encrypted=True, kmsKeyId=create_key())
    image = build(client, to(REGION, launchPermission={"userIds": [PARTNER]}), **recipe)
    assert state_of(client, image) == {"status": "AVAILABLE"}
    public = create_configuration(client, to(REGION, launchPermission={"userGroups": ["all"]}), name="public")
    image = create_image(client, **recipe, distributionConfigurationArn=public)
    message = "EC2 Client Error: 'AMIs with encrypted volumes can't be made public.'"
    assert_distribution_failed(client, image, re.escape(message), REGION, ACCOUNT)


def test_a_copy_that_is_encrypted_by_the_way_is_not_shared(client: Any) -> None:
    image = build(
        client,
        to(launchPermission={"userIds": [PARTNER]}),
        **machine(client, encrypted=True, kmsKeyId=create_key()),
    )
    assert_distribution_failed(client, image, re.escape(MANAGED_KEY_IS_NOT_SHARED), EUROPE, ACCOUNT)


def test_an_encrypted_ami_that_was_made_by_hand(client: Any) -> None:
    from moto.ec2.models import ec2_backends

    ami_id = client_of("ec2").register_image(Name="by hand")["ImageId"]
    snapshot = ec2_backends[ACCOUNT][REGION].amis[ami_id].ebs_snapshot
    snapshot.encrypted, snapshot.kms_key_id = True, managed_key()
    configuration = create_configuration(client, to(targetAccountIds=[PARTNER]), to("us-west-2"))
    image = client.distribute_image(
        sourceImage=ami_id,
        distributionConfigurationArn=configuration,
        executionRole="AWSServiceRoleForImageBuilder",
    )["imageBuildVersionArn"]
    assert_distribution_failed(client, image, re.escape(MANAGED_KEY_IS_NOT_SHARED), EUROPE, PARTNER)
    (copy,) = output_amis(client, image)
    assert keys(copy) == [managed_key(region="us-west-2")]
