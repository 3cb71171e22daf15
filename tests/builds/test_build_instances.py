"""The instances that builds launch, as EC2 shows them."""

from __future__ import annotations

import base64
from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE, MANAGED_BASE, create_infrastructure, create_recipe, managed_workflow
from ..conftest import ACCOUNT, REGION
from ..images import client_of, create_image, output_amis, state_of, tags_of
from ..resources.container_recipes import create as create_container_recipe
from ..resources.container_recipes import create_repository
from . import containers
from .workflow_runs import (
    CREATE,
    INSTANCE,
    LAUNCH,
    TERMINATE,
    WAIT,
    all_steps_of,
    build_with,
    create_workflow,
    outputs_of,
    step,
)

pytestmark = pytest.mark.usefixtures("outbox")

FULL = f"{ACCOUNT_BASE}:infrastructure-configuration/full"
WINDOWS = f"{MANAGED_BASE}:image/windows-server-2022-english-full-base-x86/x.x.x"
FAILED_LAUNCH = (
    "An error occurred ({}) when calling the RunInstances operation: {} in workflow step LaunchBuildInstance"
)


@pytest.fixture(autouse=True)
def _recipe(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def infrastructure(client: Any, profile: str, **settings: Any) -> str:
    client.create_infrastructure_configuration(name="full", instanceProfileName=profile, **settings)
    return FULL


def instances() -> list[Any]:
    """All instances of the account, in the order of their launch."""
    reservations = client_of("ec2").describe_instances()["Reservations"]
    found = [instance for reservation in reservations for instance in reservation["Instances"]]
    return sorted(found, key=lambda instance: instance["LaunchTime"])


def states() -> list[str]:
    return [instance["State"]["Name"] for instance in instances()]


def volumes() -> list[Any]:
    found: list[Any] = client_of("ec2").describe_volumes()["Volumes"]
    return found


def reason_of(client: Any, arn: str) -> str:
    """Why the build has failed, without the id of the workflow."""
    state = state_of(client, arn)
    assert state["status"] == "FAILED"
    reason: str = state["reason"]
    return reason.split(" failed with reason: ", 1)[1]


def waiting_build(client: Any, control: Control, **members: Any) -> str:
    """An image whose BUILD workflow waits between the launch of its instance and the creation of the AMI."""
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, WAIT, CREATE, TERMINATE), **members)
    assert all_steps_of(client, arn)["Wait"]["status"] == "RUNNING"
    return arn


def resume(client: Any) -> None:
    (waiting,) = client.list_waiting_workflow_steps()["steps"]
    client.send_workflow_step_action(
        stepExecutionId=waiting["stepExecutionId"],
        imageBuildVersionArn=waiting["imageBuildVersionArn"],
        action="RESUME",
    )


# ---- what they are like ----


def test_a_build_leaves_two_terminated_instances(client: Any) -> None:
    arn = create_image(client)
    (entry,) = output_amis(client, arn)
    built, tested = instances()
    assert built["InstanceId"] == outputs_of(client, arn, "LaunchBuildInstance")["instanceId"]
    assert tested["InstanceId"] == outputs_of(client, arn, "LaunchTestInstance")["instanceId"]
    assert built["ImageId"] != tested["ImageId"] == entry["image"]
    of_service = {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": arn}
    assert tags_of(built) == {"Name": "Build instance for web server", **of_service}
    assert tags_of(tested) == {"Name": "Test instance for web server", **of_service}
    for instance in (built, tested):
        assert instance["State"] == {"Code": 48, "Name": "terminated"}
        assert instance["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
        assert instance["InstanceType"] == "m5.large"
        assert instance["BlockDeviceMappings"] == []
    assert volumes() == []
    assert client_of("ec2").describe_network_interfaces()["NetworkInterfaces"] == []


def test_they_are_found_by_the_tag_of_their_image(client: Any) -> None:
    first, second = create_image(client), create_image(client)
    ec2 = client_of("ec2")
    for arn in (first, second):
        filters = [{"Name": "tag:Ec2ImageBuilderArn", "Values": [arn]}]
        found = ec2.describe_instances(Filters=filters)["Reservations"]
        assert len(found) == 2
        assert {reservation["OwnerId"] for reservation in found} == {ACCOUNT}


def test_all_settings(client: Any, mocked: Control, instance_profile: str) -> None:
    ec2 = client_of("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1c")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="build", Description="-", VpcId=vpc)["GroupId"]
    host = ec2.allocate_hosts(AvailabilityZone="us-east-1c", InstanceType="c7i.large", Quantity=1)["HostIds"][0]
    configuration = infrastructure(
        client,
        instance_profile,
        instanceTypes=["c7i.large", "m7i.large"],
        subnetId=subnet,
        securityGroupIds=[group],
        keyPair="debugging",
        resourceTags={"Team": "images", "Stage": "build"},
        instanceMetadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 3},
        placement={"availabilityZone": "us-east-1c", "tenancy": "host", "hostId": host},
    )
    script = base64.b64encode(b"#!/bin/bash\nmkdir -p /var/bb/\n").decode()
    recipe = create_recipe(client, "with data", additionalInstanceConfiguration={"userDataOverride": script})
    arn = waiting_build(client, mocked, infrastructureConfigurationArn=configuration, imageRecipeArn=recipe)
    (instance,) = instances()
    assert instance["State"] == {"Code": 16, "Name": "running"}
    assert instance["InstanceType"] == "c7i.large"
    assert (instance["SubnetId"], instance["VpcId"]) == (subnet, vpc)
    assert [each["GroupId"] for each in instance["SecurityGroups"]] == [group]
    assert instance["KeyName"] == "debugging"
    assert instance["Placement"]["AvailabilityZone"] == "us-east-1c"
    assert instance["Placement"]["Tenancy"] == "host"
    assert instance["Placement"]["HostId"] == host
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 3
    assert instance["IamInstanceProfile"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/{instance_profile}"
    assert tags_of(instance) == {
        "Team": "images",
        "Stage": "build",
        "Name": "Build instance for with data",
        "CreatedBy": "EC2 Image Builder",
        "Ec2ImageBuilderArn": arn,
    }
    answer = ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert answer["UserData"]["Value"] == script
    resume(client)
    assert states() == ["terminated"]


def test_without_settings_it_is_in_the_default_vpc(client: Any, mocked: Control) -> None:
    waiting_build(client, mocked)
    (instance,) = instances()
    (vpc,) = client_of("ec2").describe_vpcs()["Vpcs"]
    assert (instance["VpcId"], vpc["IsDefault"]) == (vpc["VpcId"], True)
    assert [group["GroupName"] for group in instance["SecurityGroups"]] == ["default"]
    assert instance["Placement"]["AvailabilityZone"] == "us-east-1a"
    assert (instance["Architecture"], instance["VirtualizationType"]) == ("x86_64", "hvm")
    (device,) = instance["BlockDeviceMappings"]
    (volume,) = volumes()
    assert device["Ebs"]["VolumeId"] == volume["VolumeId"]
    assert device["DeviceName"] == instance["RootDeviceName"]
    assert [(each["InstanceId"], each["Device"]) for each in volume["Attachments"]] == [
        (instance["InstanceId"], device["DeviceName"])
    ]


def test_a_default_subnet_of_the_zone_that_is_wanted(client: Any, mocked: Control, instance_profile: str) -> None:
    placement = {"availabilityZone": "us-east-1b", "tenancy": "dedicated"}
    waiting_build(
        client, mocked, infrastructureConfigurationArn=infrastructure(client, instance_profile, placement=placement)
    )
    (instance,) = instances()
    assert instance["Placement"]["AvailabilityZone"] == "us-east-1b"
    assert instance["Placement"]["Tenancy"] == "dedicated"


def test_volumes_of_the_recipe(client: Any, mocked: Control) -> None:
    key = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"]
    mappings = [
        {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 30, "volumeType": "gp3", "throughput": 250}},
        {"deviceName": "/dev/sdb", "ebs": {"volumeSize": 5, "encrypted": True, "kmsKeyId": key}},
        {
            "deviceName": "/dev/sdc",
            "ebs": {"volumeSize": 7, "volumeType": "io2", "iops": 500, "deleteOnTermination": False},
        },
        {"deviceName": "/dev/sdd", "virtualName": "ephemeral0"},
    ]
    recipe = create_recipe(client, "with volumes", blockDeviceMappings=mappings)
    waiting_build(client, mocked, imageRecipeArn=recipe)
    (instance,) = instances()
    by_device = {volume["Attachments"][0]["Device"]: volume for volume in volumes()}
    assert set(by_device) == {"/dev/xvda", "/dev/sdb", "/dev/sdc"}
    assert {device["DeviceName"] for device in instance["BlockDeviceMappings"]} == set(by_device)
    root, encrypted, kept = by_device["/dev/xvda"], by_device["/dev/sdb"], by_device["/dev/sdc"]
    assert (root["Size"], root["VolumeType"], root["Throughput"], root["Encrypted"]) == (30, "gp3", 250, False)
    assert (encrypted["Size"], encrypted["Encrypted"], encrypted["KmsKeyId"]) == (5, True, key)
    assert (kept["Size"], kept["VolumeType"], kept["Iops"]) == (7, "io2", 500)
    resume(client)
    assert [(volume["Size"], volume["State"]) for volume in volumes()] == [(7, "available")]


# ---- how long they run ----


@pytest.mark.parametrize(("setting", "state"), [({}, "terminated"), ({"terminateInstanceOnFailure": False}, "running")])
def test_after_a_failure(
    client: Any, mocked: Control, instance_profile: str, setting: dict[str, bool], state: str
) -> None:
    mocked.fail_next_build(step="ApplyBuildComponents")
    arn = create_image(client, infrastructureConfigurationArn=infrastructure(client, instance_profile, **setting))
    assert state_of(client, arn)["status"] == "FAILED"
    assert states() == [state]


def test_without_rollback_the_instance_of_a_failed_workflow_is_left(client: Any) -> None:
    launch = {**LAUNCH, "rollbackEnabled": False}
    fails = step("Fail", "RunCommand", {**INSTANCE, "documentName": "NoSuchDocument"})
    arn = build_with(client, create_workflow(client, "BUILD", launch, fails))
    assert state_of(client, arn)["status"] == "FAILED"
    assert states() == ["running"]


@pytest.mark.parametrize(
    ("setting", "state"), [({}, "terminated"), ({"terminateInstanceOnCompletion": False}, "running")]
)
@pytest.mark.parametrize("steps", [[LAUNCH, CREATE, TERMINATE], [LAUNCH, CREATE]], ids=["with step", "without step"])
def test_after_completion(
    client: Any, instance_profile: str, setting: dict[str, bool], state: str, steps: list[Any]
) -> None:
    configuration = infrastructure(client, instance_profile, **setting)
    workflow = create_workflow(client, "BUILD", *steps)
    arn = build_with(client, workflow, infrastructureConfigurationArn=configuration)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert states() == [state]


@pytest.mark.parametrize(
    ("setting", "state"), [({}, "terminated"), ({"terminateInstanceOnCompletion": False}, "running")]
)
def test_after_a_cancellation(
    client: Any, mocked: Control, instance_profile: str, setting: dict[str, bool], state: str
) -> None:
    arn = waiting_build(
        client, mocked, infrastructureConfigurationArn=infrastructure(client, instance_profile, **setting)
    )
    assert states() == ["running"]
    client.cancel_image_creation(imageBuildVersionArn=arn)
    assert states() == [state]


def test_what_was_kept_for_completion_goes_when_a_later_stage_fails(
    client: Any, mocked: Control, instance_profile: str
) -> None:
    configuration = infrastructure(client, instance_profile, terminateInstanceOnCompletion=False)
    mocked.fail_next_build("TESTING", step="LaunchTestInstance")
    arn = create_image(client, infrastructureConfigurationArn=configuration)
    assert state_of(client, arn)["failureContext"]["failedStep"] == "LaunchTestInstance"
    assert states() == ["terminated"]


def test_a_retry_launches_an_instance_of_its_own(client: Any, mocked: Control, instance_profile: str) -> None:
    configuration = infrastructure(client, instance_profile, terminateInstanceOnFailure=False)
    test = create_workflow(client, "TEST", LAUNCH, step("Check", "WaitForSSMAgent", INSTANCE), TERMINATE)
    mocked.fail_next_build("TESTING", step="Check")
    build = managed_workflow("build/build-image")
    arn = build_with(client, build, test, infrastructureConfigurationArn=configuration)
    assert states() == ["terminated", "running"]
    client.retry_image(imageBuildVersionArn=arn)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert states() == ["terminated", "running", "terminated"]


def test_terminated_twice(client: Any) -> None:
    again = step("Again", "TerminateInstance", INSTANCE)
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, CREATE, TERMINATE, again))
    assert all_steps_of(client, arn)["Again"]["status"] == "COMPLETED"
    assert states() == ["terminated"]


def test_an_instance_of_somebody_else_is_terminated(client: Any) -> None:
    ec2 = client_of("ec2")
    ami = ec2.register_image(Name="by-hand")["ImageId"]
    other = ec2.run_instances(ImageId=ami, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    steps = LAUNCH, CREATE, step("End", "TerminateInstance", {"instanceId": other})
    arn = build_with(client, create_workflow(client, "BUILD", *steps))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert states() == ["terminated", "terminated"]


@pytest.mark.parametrize("act", ["stop_instances", "terminate_instances"])
def test_somebody_ends_the_instance_of_a_build(client: Any, mocked: Control, act: str) -> None:
    check = step("Check", "WaitForSSMAgent", INSTANCE)
    arn = build_with(client, create_workflow(client, "BUILD", LAUNCH, WAIT, check, CREATE, TERMINATE))
    (instance,) = instances()
    getattr(client_of("ec2"), act)(InstanceIds=[instance["InstanceId"]])
    resume(client)
    assert reason_of(client, arn) == (
        "An error occurred (InvalidInstanceId) when calling the SendCommand operation: "
        f"Instances [[{instance['InstanceId']}]] not in a valid state for account {ACCOUNT} in workflow step Check"
    )
    assert states() == ["terminated"]


@pytest.mark.parametrize(
    ("act", "status"),
    [("stop_instances", "AVAILABLE"), ("terminate_instances", "FAILED")],
    ids=["stopped", "terminated"],
)
def test_an_ami_is_made_of_a_stopped_instance_too(client: Any, mocked: Control, act: str, status: str) -> None:
    arn = waiting_build(client, mocked)
    (instance,) = instances()
    getattr(client_of("ec2"), act)(InstanceIds=[instance["InstanceId"]])
    resume(client)
    assert state_of(client, arn)["status"] == status
    if status == "FAILED":
        assert reason_of(client, arn) == (
            "An error occurred (InvalidInstanceID.NotFound) when calling the CreateImage operation: "
            f"The instance ID '{instance['InstanceId']}' does not exist in workflow step Create"
        )


# ---- containers and disk images ----


def test_a_container_is_tested_on_the_instance_that_has_built_it(client: Any, mocked: Control) -> None:
    create_repository()
    volumes_of_host = [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 50}}]
    recipe = create_container_recipe(client, "site", instanceConfiguration={"blockDeviceMappings": volumes_of_host})
    mocked.progress("manual")
    arn = containers.build(client, recipe)
    mocked.advance(arn, to="DISTRIBUTING")
    (instance,) = instances()
    assert tags_of(instance)["Name"] == "Build instance for site"
    assert instance["State"]["Name"] == "running"
    assert [volume["Size"] for volume in volumes()] == [50]
    name = "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id"
    assert instance["ImageId"] == client_of("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    mocked.advance(arn, to="AVAILABLE")
    assert states() == ["terminated"]


def test_a_container_on_an_ami_of_ones_own(client: Any) -> None:
    ami = client_of("ec2").register_image(Name="docker-host", RootDeviceName="/dev/xvda")["ImageId"]
    create_repository()
    arn = containers.build(client, create_container_recipe(client, "site", instanceConfiguration={"image": ami}))
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    (instance,) = instances()
    assert instance["ImageId"] == ami


def test_the_ami_for_a_container_is_gone(client: Any) -> None:
    ami = client_of("ec2").register_image(Name="docker-host", RootDeviceName="/dev/xvda")["ImageId"]
    create_repository()
    recipe = create_container_recipe(client, "site", instanceConfiguration={"image": ami})
    client_of("ec2").deregister_image(ImageId=ami)
    assert reason_of(client, containers.build(client, recipe)) == FAILED_LAUNCH.format(
        "InvalidAMIID.NotFound", f"The image id '[{ami}]' does not exist"
    )
    assert instances() == []


def test_another_image_than_the_parent(client: Any) -> None:
    ami = client_of("ec2").register_image(Name="by-hand")["ImageId"]
    launch = step("Launch", "LaunchInstance", {"waitFor": "ssmAgent", "imageIdOverride": ami})
    workflow = create_workflow(client, "BUILD", launch, CREATE, TERMINATE)
    assert state_of(client, build_with(client, workflow)) == {"status": "AVAILABLE"}
    (instance,) = instances()
    assert instance["ImageId"] == ami


def test_windows(client: Any) -> None:
    recipe = client.create_image_recipe(name="desktop", semanticVersion="1.0.0", parentImage=WINDOWS)
    arn = create_image(client, imageRecipeArn=recipe["imageRecipeArn"])
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert [instance.get("Platform") for instance in instances()] == ["windows", "windows"]


def test_the_profile_of_an_instance_is_deleted_while_it_runs(
    client: Any, mocked: Control, instance_profile: str
) -> None:
    waiting_build(client, mocked)
    boto3.client("iam").delete_instance_profile(InstanceProfileName=instance_profile)
    assert states() == ["running"]
