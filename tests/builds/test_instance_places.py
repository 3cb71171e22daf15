"""Where build instances come from and where they run: what EC2 refuses, and Auto Scaling groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import moto.settings
import pytest

from mock_imagebuilder import Control

from ..build_parts import create_recipe
from ..conftest import REGION
from ..images import client_of, create_image, state_of, tags_of
from ..resources.infrastructures import create, needs_parent_instance
from .clocks import CLOCKS, Clock
from .workflow_runs import all_steps_of, outputs_of

pytestmark = pytest.mark.usefixtures("outbox")


@pytest.fixture(autouse=True)
def _recipe(client: Any, instance_profile: str) -> None:
    create_recipe(client)


@pytest.fixture(params=["nobody has used EC2", "EC2 is used"])
def _ec2(request: pytest.FixtureRequest, client: Any) -> None:
    if request.param == "EC2 is used":
        client_of("ec2").describe_vpcs()


def build(client: Any, **settings: Any) -> str:
    """An image that is built with these settings of the infrastructure configuration."""
    return create_image(client, infrastructureConfigurationArn=create(client, **settings))


def refusal_of(client: Any, arn: str, step: str = "LaunchBuildInstance") -> tuple[str, str]:
    """Code and text with which EC2 has refused an instance, and the build has failed."""
    state = state_of(client, arn)
    assert (state["status"], state["failureContext"]["imageStatus"]) == ("FAILED", "BUILDING")
    assert state["failureContext"]["failedStep"] == step
    before, _, after = state["reason"].partition(" when calling the RunInstances operation: ")
    assert after.endswith(f" in workflow step {step}")
    return before.rpartition("(")[2].rstrip(")"), after.removesuffix(f" in workflow step {step}")


def instances() -> list[Any]:
    reservations = client_of("ec2").describe_instances()["Reservations"]
    return [instance for reservation in reservations for instance in reservation["Instances"]]


# ---- what EC2 refuses ----


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (
            {"subnetId": "subnet-0a1b2c3d", "securityGroupIds": ["sg-0a1b2c3d"]},
            "InvalidGroup.NotFound",
            "The security group 'sg-0a1b2c3d' does not exist",
        ),
        (
            {"securityGroupIds": ["sg-0a1b2c3d"]},
            "InvalidGroup.NotFound",
            "The security group 'sg-0a1b2c3d' does not exist",
        ),
        (
            {"placement": {"tenancy": "host", "hostId": "h-0a1b2c3d"}},
            "InvalidHostID.NotFound",
            "The host 'h-0a1b2c3d' does not exist",
        ),
        (
            {"placement": {"tenancy": "host"}},
            "InsufficientHostCapacity",
            "There is no host with sufficient capacity",
        ),
        (
            {"placement": {"availabilityZone": "us-east-1z"}},
            "InvalidInput",
            "No default subnet for availability zone: 'us-east-1z'",
        ),
    ],
)
@pytest.mark.usefixtures("_ec2")
def test_what_does_not_exist(client: Any, settings: dict[str, Any], code: str, message: str) -> None:
    assert refusal_of(client, build(client, **settings)) == (code, message)
    assert instances() == []


def test_a_subnet_that_does_not_exist(client: Any) -> None:
    (group,) = client_of("ec2").describe_security_groups()["SecurityGroups"]
    settings = {"subnetId": "subnet-0a1b2c3d", "securityGroupIds": [group["GroupId"]]}
    assert refusal_of(client, build(client, **settings)) == (
        "InvalidSubnetID.NotFound",
        "The subnet ID 'subnet-0a1b2c3d' does not exist",
    )


def test_a_subnet_and_a_group_of_different_networks(client: Any) -> None:
    ec2 = client_of("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    (default,) = [each["GroupId"] for each in group if each["VpcId"] != vpc]
    arn = build(client, subnetId=subnet, securityGroupIds=[default])
    assert refusal_of(client, arn) == (
        "InvalidParameter",
        f"Security group {default} and subnet {subnet} belong to different networks",
    )


def test_a_subnet_of_another_zone(client: Any) -> None:
    ec2 = client_of("ec2")
    subnets = {each["AvailabilityZone"]: each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]}
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    settings = {"subnetId": subnets["us-east-1b"], "securityGroupIds": [group["GroupId"]]}
    arn = build(client, **settings, placement={"availabilityZone": "us-east-1a"})
    assert refusal_of(client, arn) == (
        "InvalidParameterValue",
        f"The availability zone 'us-east-1a' of the placement does not match that of the subnet '{subnets['us-east-1b']}'",
    )


def test_no_default_subnets(client: Any) -> None:
    ec2 = client_of("ec2")
    (vpc,) = [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    assert refusal_of(client, build(client)) == (
        "MissingInput",
        f"No subnets found for the default VPC '{vpc}'. Please specify a subnet",
    )
    ec2.delete_vpc(VpcId=vpc)
    assert refusal_of(client, build(client, name="again")) == (
        "VPCIdNotSpecified",
        "No default VPC for this user",
    )


def test_the_refusal_of_a_test_instance(client: Any, mocked: Control) -> None:
    ec2 = client_of("ec2")
    group = ec2.create_security_group(GroupName="build", Description="-")["GroupId"]
    mocked.progress("manual")
    arn = build(client, securityGroupIds=[group])
    mocked.advance(arn, to="TESTING")
    ec2.delete_security_group(GroupId=group)
    mocked.advance(arn)
    state = state_of(client, arn)
    assert state["failureContext"]["failedStep"] == "LaunchTestInstance"
    assert state["reason"].endswith(
        "An error occurred (InvalidGroup.NotFound) when calling the RunInstances operation: "
        f"The security group '{group}' does not exist in workflow step LaunchTestInstance"
    )


@pytest.mark.parametrize("family", [False, True], ids=["of the type", "of the family"])
def test_any_host_will_do(client: Any, family: bool) -> None:
    hosts = {"InstanceFamily": "mac2"} if family else {"InstanceType": "mac2.metal"}
    client_of("ec2").allocate_hosts(AvailabilityZone="us-east-1a", Quantity=1, AutoPlacement="on", **hosts)
    settings: dict[str, Any] = {"instanceTypes": ["mac2.metal"], "placement": {"tenancy": "host"}}
    assert state_of(client, build(client, **settings)) == {"status": "AVAILABLE"}


@pytest.mark.parametrize(
    "host",
    [{"InstanceType": "mac1.metal", "AutoPlacement": "on"}, {"InstanceType": "mac2.metal", "AutoPlacement": "off"}],
    ids=["of another type", "for those who name it"],
)
def test_not_any_host_will_do(client: Any, host: dict[str, str]) -> None:
    client_of("ec2").allocate_hosts(AvailabilityZone="us-east-1a", Quantity=1, **host)
    arn = build(client, instanceTypes=["mac2.metal"], placement={"tenancy": "host"})
    assert refusal_of(client, arn) == ("InsufficientHostCapacity", "There is no host with sufficient capacity")


def test_a_host_resource_group_is_taken_at_its_word(client: Any) -> None:
    group = f"arn:aws:resource-groups:{REGION}:123456789012:group/hosts"
    arn = build(client, placement={"tenancy": "host", "hostResourceGroupArn": group})
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert {each["Placement"]["HostResourceGroupArn"] for each in instances()} == {group}


@pytest.mark.usefixtures("_ec2")
def test_key_pairs_are_validated_where_moto_does(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_of(client, build(client, keyPair="debugging")) == {"status": "AVAILABLE"}
    monkeypatch.setattr(moto.settings, "ENABLE_KEYPAIR_VALIDATION", True)
    arn = build(client, name="strict", keyPair="debugging")
    assert refusal_of(client, arn) == ("InvalidKeyPair.NotFound", "The keypair 'debugging' does not exist")
    client_of("ec2").create_key_pair(KeyName="debugging")
    assert state_of(client, build(client, name="kept", keyPair="debugging")) == {"status": "AVAILABLE"}
    assert state_of(client, build(client, name="without")) == {"status": "AVAILABLE"}


@pytest.mark.usefixtures("_ec2")
def test_instance_types_are_validated_where_moto_does(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_of(client, build(client, instanceTypes=["m99.large"])) == {"status": "AVAILABLE"}
    monkeypatch.setattr(moto.settings, "EC2_ENABLE_INSTANCE_TYPE_VALIDATION", True)
    arn = build(client, name="strict", instanceTypes=["m99.large"])
    assert refusal_of(client, arn) == (
        "InvalidInstanceType.NotFound",
        "The instance type 'm99.large' does not exist",
    )
    assert state_of(client, build(client, name="kept", instanceTypes=["m5.large"])) == {"status": "AVAILABLE"}


# ---- instances of Auto Scaling groups ----


def create_group(size: int = 1, name: str = "warm-pool") -> list[str]:
    """The ids of the instances of a new Auto Scaling group."""
    ami = client_of("ec2").register_image(Name=f"for {name}")["ImageId"]
    autoscaling = client_of("autoscaling")
    autoscaling.create_launch_configuration(LaunchConfigurationName=name, ImageId=ami, InstanceType="t3.micro")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=size,
        AvailabilityZones=["us-east-1a"],
    )
    return members(name)


def members(name: str = "warm-pool") -> list[str]:
    answer = client_of("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return [instance["InstanceId"] for instance in answer["AutoScalingGroups"][0]["Instances"]]


def parent(**settings: Any) -> dict[str, Any]:
    return {"autoScalingGroup": {"name": "warm-pool", **settings}}


@needs_parent_instance
def test_the_build_instance_comes_from_a_group(client: Any) -> None:
    first, second = create_group(2)
    arn = build(client, parentInstance=parent(), resourceTags={"Team": "images"})
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert outputs_of(client, arn, "LaunchBuildInstance") == {"instanceId": first}
    # The group launches another one in its place.
    assert len(members()) == 2
    assert second in members()
    assert first not in members()
    by_id = {instance["InstanceId"]: instance for instance in instances()}
    taken, tested = by_id[first], by_id[outputs_of(client, arn, "LaunchTestInstance")["instanceId"]]
    assert taken["State"]["Name"] == "terminated"
    assert tags_of(taken) == {
        "Team": "images",
        "Name": "Build instance for web server",
        "CreatedBy": "EC2 Image Builder",
        "Ec2ImageBuilderArn": arn,
    }
    # The test instance is launched.
    assert tags_of(tested)["Name"] == "Test instance for web server"
    assert tested["InstanceType"] == "m5.large"


@needs_parent_instance
@pytest.mark.parametrize("settings", [{}, {"capacityWaitTimeoutSeconds": 0}])
def test_a_group_without_instances(client: Any, settings: dict[str, int]) -> None:
    create_group(0)
    state = state_of(client, build(client, parentInstance=parent(**settings)))
    assert state["status"] == "FAILED"
    assert state["reason"].endswith(
        "The Auto Scaling group 'warm-pool' has no instance available in workflow step LaunchBuildInstance"
    )


@needs_parent_instance
def test_a_group_that_has_been_deleted(client: Any) -> None:
    create_group(1)
    configuration = create(client, parentInstance=parent())
    client_of("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="warm-pool", ForceDelete=True)
    state = state_of(client, create_image(client, infrastructureConfigurationArn=configuration))
    assert state["reason"].endswith(
        "The Auto Scaling group 'warm-pool' does not exist in workflow step LaunchBuildInstance"
    )


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, _recipe: None) -> Iterator[Clock]:
    with request.param() as moves:
        yield moves


@needs_parent_instance
def test_a_build_waits_for_an_instance_of_the_group(client: Any, clock: Clock) -> None:
    create_group(0)
    arn = build(client, parentInstance=parent(capacityWaitTimeoutSeconds=600))
    assert state_of(client, arn) == {"status": "BUILDING"}
    clock(300)
    assert state_of(client, arn) == {"status": "BUILDING"}
    client_of("autoscaling").set_desired_capacity(AutoScalingGroupName="warm-pool", DesiredCapacity=1)
    (instance,) = members()
    clock(15)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert outputs_of(client, arn, "LaunchBuildInstance") == {"instanceId": instance}


@needs_parent_instance
def test_a_build_does_not_wait_for_ever(client: Any, clock: Clock) -> None:
    create_group(0)
    arn = build(client, parentInstance=parent(capacityWaitTimeoutSeconds=600))
    clock(599)
    assert state_of(client, arn) == {"status": "BUILDING"}
    clock(1)
    assert state_of(client, arn)["status"] == "FAILED"
    step = all_steps_of(client, arn)["LaunchBuildInstance"]
    assert step["status"] == "FAILED"
    assert step["message"] == (
        "The Auto Scaling group 'warm-pool' has no instance available in workflow step LaunchBuildInstance"
    )
