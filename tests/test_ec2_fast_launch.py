"""EC2's actions for Fast Launch."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
import time_machine

from mock_imagebuilder import Control

from .builds.integration import create_template
from .conftest import ACCOUNT
from .images import client_of
from .vm_machines import ec2_refuses

OTHER = "210987654321"
NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def ec2(mocked: Control) -> Any:
    return client_of("ec2")


@pytest.fixture
def ami(ec2: Any) -> str:
    """The id of an AMI of Windows."""
    return make_windows()


def make_windows(name: str = "windows") -> str:
    """moto says of no AMI that it registers that it is one of Windows: it is made of an instance of one."""
    from moto.ec2.models import ec2_backends

    ec2 = client_of("ec2")
    ami_id: str = ec2.register_image(Name=name)["ImageId"]
    ec2_backends[ACCOUNT]["us-east-1"].amis[ami_id].platform = "windows"
    return ami_id


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def described(ec2: Any, **request: Any) -> list[Any]:
    rows: list[Any] = ec2.describe_fast_launch_images(**request)["FastLaunchImages"]
    return rows


def test_without_settings(ec2: Any, ami: str) -> None:
    assert described(ec2) == []
    with time_machine.travel(NOW, tick=False):
        enabled = shown(ec2.enable_fast_launch(ImageId=ami))
    expected = {
        "ImageId": ami,
        "ResourceType": "snapshot",
        "SnapshotConfiguration": {"TargetResourceCount": 5},
        "MaxParallelLaunches": 6,
        "OwnerId": ACCOUNT,
        "StateTransitionReason": "Client.UserInitiated",
        "StateTransitionTime": NOW,
    }
    assert enabled == {**expected, "State": "enabling"}
    assert described(ec2) == [{**expected, "State": "enabled"}]


def test_with_all_settings(ec2: Any, ami: str) -> None:
    template = {"LaunchTemplateId": create_template(), "Version": "1"}
    ec2.enable_fast_launch(
        ImageId=ami,
        ResourceType="snapshot",
        SnapshotConfiguration={"TargetResourceCount": 10},
        LaunchTemplate=template,
        MaxParallelLaunches=20,
    )
    (row,) = described(ec2)
    assert row["SnapshotConfiguration"] == {"TargetResourceCount": 10}
    assert row["LaunchTemplate"] == template
    assert row["MaxParallelLaunches"] == 20
    # The latest wins.
    ec2.enable_fast_launch(ImageId=ami, LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"})
    (row,) = described(ec2)
    assert row["LaunchTemplate"] == {"LaunchTemplateName": "web", "Version": "$Latest"}
    assert row["MaxParallelLaunches"] == 6


def test_it_is_disabled(ec2: Any, ami: str) -> None:
    ec2.enable_fast_launch(ImageId=ami, MaxParallelLaunches=7)
    with time_machine.travel(NOW, tick=False):
        disabled = ec2.disable_fast_launch(ImageId=ami)
    assert (disabled["State"], disabled["MaxParallelLaunches"]) == ("disabling", 7)
    assert disabled["StateTransitionTime"] == NOW
    assert described(ec2) == []
    with ec2_refuses("InvalidParameter", f"Fast Launch is not enabled for the image {ami}."):
        ec2.disable_fast_launch(ImageId=ami)


def test_an_ami_that_is_deregistered(ec2: Any, ami: str) -> None:
    ec2.enable_fast_launch(ImageId=ami)
    ec2.deregister_image(ImageId=ami)
    assert described(ec2) == []


def test_it_is_of_one_account_and_region(ec2: Any, ami: str) -> None:
    ec2.enable_fast_launch(ImageId=ami)
    assert described(client_of("ec2", region="eu-west-1")) == []
    assert described(client_of("ec2", OTHER)) == []


def test_which_are_described(ec2: Any) -> None:
    first, second, third = (make_windows(name) for name in ("one", "two", "three"))
    for ami in (first, second, third):
        ec2.enable_fast_launch(ImageId=ami)

    def ids(**request: Any) -> list[str]:
        return [row["ImageId"] for row in described(ec2, **request)]

    assert ids() == [first, second, third]
    assert ids(ImageIds=[third, first, "ami-0a1b2c3d"]) == [third, first]
    assert ids(Filters=[{"Name": "owner-id", "Values": [ACCOUNT]}]) == [first, second, third]
    assert ids(Filters=[{"Name": "owner-id", "Values": [OTHER]}]) == []
    assert ids(Filters=[{"Name": "state", "Values": ["enabled"]}]) == [first, second, third]
    assert ids(Filters=[{"Name": "state", "Values": ["enabling"]}]) == []
    assert ids(Filters=[{"Name": "resource-type", "Values": ["snapshot"]}]) == [first, second, third]
    pages = ec2.get_paginator("describe_fast_launch_images").paginate(PaginationConfig={"PageSize": 2})
    assert [[row["ImageId"] for row in page["FastLaunchImages"]] for page in pages] == [[first, second], [third]]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_what_can_not_be_described(ec2: Any, ami: str, is_enabled: bool) -> None:
    if is_enabled:
        ec2.enable_fast_launch(ImageId=ami)
    with ec2_refuses(
        "InvalidParameterValue",
        "Value (name) for parameter Filter.Name is invalid. Valid values: resource-type, owner-id, state.",
    ):
        described(ec2, Filters=[{"Name": "name", "Values": ["web"]}])
    with ec2_refuses(
        "InvalidParameterValue",
        "Value (201) for parameter maxResults is invalid. Expecting a value between 1 and 200.",
    ):
        described(ec2, MaxResults=201)
    with ec2_refuses("InvalidNextToken", "The token 'ami-0a1b2c3d' is invalid"):
        described(ec2, NextToken="ami-0a1b2c3d")


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (
            {"ResourceType": "volume"},
            "InvalidParameterValue",
            "Value (volume) for parameter ResourceType is invalid. Valid values: snapshot.",
        ),
        (
            {"MaxParallelLaunches": 5},
            "InvalidParameterValue",
            "Value (5) for parameter MaxParallelLaunches is invalid. It must be 6 or greater.",
        ),
        (
            {"SnapshotConfiguration": {"TargetResourceCount": 0}},
            "InvalidParameterValue",
            "Value (0) for parameter SnapshotConfiguration.TargetResourceCount is invalid. It must be 1 or greater.",
        ),
        (
            {"LaunchTemplate": {"LaunchTemplateId": "lt-0a1b2c3d", "LaunchTemplateName": "web", "Version": "1"}},
            "InvalidParameterCombination",
            "Launch template parameters can include either the name or ID of the launch template, not both.",
        ),
        (
            {"LaunchTemplate": {"Version": "1"}},
            "InvalidParameterCombination",
            "Launch template parameters can include either the name or ID of the launch template, not both.",
        ),
        (
            {"LaunchTemplate": {"LaunchTemplateName": "other", "Version": "1"}},
            "InvalidLaunchTemplateId.NotFound",
            "The launch-template name 'other' does not exist",
        ),
    ],
)
def test_what_can_not_be_enabled(ec2: Any, ami: str, request_: dict[str, Any], code: str, message: str) -> None:
    with ec2_refuses(code, message):
        ec2.enable_fast_launch(ImageId=ami, **request_)
    assert described(ec2) == []


def test_a_version_that_does_not_exist(ec2: Any, ami: str) -> None:
    template = create_template()
    message = f"Could not find the specified version 2 for the launch template {template}."
    with ec2_refuses("InvalidLaunchTemplateId.VersionNotFound", message):
        ec2.enable_fast_launch(ImageId=ami, LaunchTemplate={"LaunchTemplateId": template, "Version": "2"})


def test_an_ami_that_is_not_of_windows(ec2: Any) -> None:
    ami = ec2.register_image(Name="web")["ImageId"]
    for action in (ec2.enable_fast_launch, ec2.disable_fast_launch):
        with ec2_refuses("InvalidParameter", f"The image {ami} is not a Windows image"):
            action(ImageId=ami)


def test_an_ami_that_does_not_exist(ec2: Any) -> None:
    with ec2_refuses("InvalidAMIID.NotFound", "The image id '[ami-0a1b2c3d]' does not exist"):
        ec2.enable_fast_launch(ImageId="ami-0a1b2c3d")


def test_a_dry_run_changes_nothing(ec2: Any, ami: str) -> None:
    message = "Request would have succeeded, but DryRun flag is set."
    with ec2_refuses("DryRunOperation", message):
        ec2.enable_fast_launch(ImageId=ami, DryRun=True)
    assert described(ec2) == []
    ec2.enable_fast_launch(ImageId=ami)
    with ec2_refuses("DryRunOperation", message):
        ec2.disable_fast_launch(ImageId=ami, DryRun=True)
    with ec2_refuses("DryRunOperation", message):
        described(ec2, DryRun=True)
    assert len(described(ec2)) == 1
