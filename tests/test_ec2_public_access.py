"""Block public access for AMIs: EC2's actions, what they keep from the public, and builds that want to share."""

from __future__ import annotations

from typing import Any

import pytest

from mock_imagebuilder import Control

from .build_parts import create_distribution, create_infrastructure, create_recipe
from .conftest import ACCOUNT, REGION
from .images import client_of, create_image, output_amis, state_of
from .vm_machines import ec2_refuses

OTHER = "210987654321"
REFUSAL = (
    "You can't publicly share this image because block public access for AMIs is enabled for this account. "
    "To publicly share the image, you must call the DisableImageBlockPublicAccess API."
)
UNBLOCKED = {"ImageBlockPublicAccessState": "unblocked", "ManagedBy": "account"}
BLOCKED = {"ImageBlockPublicAccessState": "block-new-sharing", "ManagedBy": "account"}


@pytest.fixture
def ec2(mocked: Control) -> Any:
    return client_of("ec2")


def block(ec2: Any) -> Any:
    return ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")


def state(ec2: Any) -> dict[str, Any]:
    answer: dict[str, Any] = ec2.get_image_block_public_access_state()
    answer.pop("ResponseMetadata")
    return answer


def is_public(ec2: Any, ami: str) -> bool:
    public: bool = ec2.describe_images(ImageIds=[ami])["Images"][0]["Public"]
    return public


def test_nothing_is_blocked_at_first(ec2: Any) -> None:
    assert state(ec2) == UNBLOCKED


def test_it_is_switched_on_and_off(ec2: Any) -> None:
    assert block(ec2)["ImageBlockPublicAccessState"] == "block-new-sharing"
    assert state(ec2) == BLOCKED
    assert ec2.disable_image_block_public_access()["ImageBlockPublicAccessState"] == "unblocked"
    assert state(ec2) == UNBLOCKED


def test_it_is_of_one_account_and_region(ec2: Any) -> None:
    block(ec2)
    assert state(client_of("ec2", region="eu-west-1")) == UNBLOCKED
    assert state(client_of("ec2", OTHER)) == UNBLOCKED


def test_a_dry_run_changes_nothing(ec2: Any) -> None:
    message = "Request would have succeeded, but DryRun flag is set."
    with ec2_refuses("DryRunOperation", message):
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing", DryRun=True)
    assert state(ec2) == UNBLOCKED
    block(ec2)
    with ec2_refuses("DryRunOperation", message):
        ec2.disable_image_block_public_access(DryRun=True)
    assert state(ec2) == BLOCKED


def test_there_is_no_other_state(ec2: Any) -> None:
    with ec2_refuses(
        "InvalidParameterValue",
        "Value (block-all-sharing) for parameter ImageBlockPublicAccessState is invalid. Valid values: block-new-sharing.",
    ):
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-all-sharing")
    assert state(ec2) == UNBLOCKED


@pytest.mark.parametrize(
    "request_",
    [
        {"LaunchPermission": {"Add": [{"Group": "all"}]}},
        {"Attribute": "launchPermission", "OperationType": "add", "UserGroups": ["all"]},
    ],
    ids=["permission", "attribute"],
)
def test_an_ami_is_kept_from_the_public(ec2: Any, request_: dict[str, Any]) -> None:
    ami = ec2.register_image(Name="web")["ImageId"]
    block(ec2)
    with ec2_refuses("OperationNotPermitted", REFUSAL):
        ec2.modify_image_attribute(ImageId=ami, **request_)
    assert not is_public(ec2, ami)
    ec2.disable_image_block_public_access()
    ec2.modify_image_attribute(ImageId=ami, **request_)
    assert is_public(ec2, ami)


def test_what_is_public_stays_so_until_it_is_taken_back(ec2: Any) -> None:
    ami = ec2.register_image(Name="web")["ImageId"]
    ec2.modify_image_attribute(ImageId=ami, LaunchPermission={"Add": [{"Group": "all"}]})
    block(ec2)
    assert is_public(ec2, ami)
    ec2.modify_image_attribute(ImageId=ami, Attribute="launchPermission", OperationType="remove", UserGroups=["all"])
    assert not is_public(ec2, ami)


def test_accounts_are_not_the_public(ec2: Any) -> None:
    ami = ec2.register_image(Name="web")["ImageId"]
    block(ec2)
    ec2.modify_image_attribute(ImageId=ami, LaunchPermission={"Add": [{"UserId": OTHER}]})
    answer = ec2.describe_image_attribute(ImageId=ami, Attribute="launchPermission")
    assert answer["LaunchPermissions"] == [{"UserId": OTHER}]


@pytest.mark.parametrize("permission", [{"userGroups": ["all"]}, {"userIds": [OTHER]}], ids=["all", "account"])
def test_a_build_that_wants_to_share(ec2: Any, client: Any, instance_profile: str, permission: dict[str, Any]) -> None:
    block(ec2)
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    distribution = create_distribution(client, launchPermission=permission)
    arn = create_image(client, distributionConfigurationArn=distribution)
    (entry,) = output_amis(client, arn)
    shown = state_of(client, arn)
    if permission == {"userIds": [OTHER]}:
        assert shown == {"status": "AVAILABLE"}
        return
    assert shown["status"] == "FAILED"
    assert shown["reason"].endswith(
        f"1) EC2 Client Error: '{REFUSAL}' when distributing the image from the source account (ID: {ACCOUNT}) to the "
        f"destination account (ID: {ACCOUNT}) in Region {REGION}.'"
    )
    assert not is_public(ec2, entry["image"])
    ec2.disable_image_block_public_access()
    client.retry_image(imageBuildVersionArn=arn)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert is_public(ec2, entry["image"])
