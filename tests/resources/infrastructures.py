"""Infrastructure configurations for the tests of them, and what they refer to."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder.imagebuilder.api import load_model

from ..conftest import ACCOUNT, REGION

ARN = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:infrastructure-configuration/"
NO_PROFILE = "The provided instance profile does not exist. Please specify a different instance profile and try again."

needs_parent_instance = pytest.mark.skipif(
    "parentInstance" not in load_model().shape("InfrastructureConfiguration")["members"],
    reason="the installed botocore does not know parentInstance",
)


def create(client: Any, name: str = "web", **members: Any) -> str:
    members = {"instanceProfileName": "EC2InstanceProfileForImageBuilder", **members}
    answer = client.create_infrastructure_configuration(name=name, **members)
    arn: str = answer["infrastructureConfigurationArn"]
    return arn


def update(client: Any, arn: str, **members: Any) -> Any:
    members = {"instanceProfileName": "EC2InstanceProfileForImageBuilder", **members}
    return client.update_infrastructure_configuration(infrastructureConfigurationArn=arn, **members)


def get(client: Any, arn: str) -> Any:
    return client.get_infrastructure_configuration(infrastructureConfigurationArn=arn)["infrastructureConfiguration"]


def summaries(client: Any, **request: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.list_infrastructure_configurations(**request)[
        "infrastructureConfigurationSummaryList"
    ]
    return entries


def create_topic() -> str:
    arn: str = boto3.client("sns", region_name=REGION).create_topic(Name="builds")["TopicArn"]
    return arn


def create_auto_scaling_group() -> str:
    autoscaling = boto3.client("autoscaling", region_name=REGION)
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="warm", ImageId="ami-12345678", InstanceType="m5.large"
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="warm-pool",
        LaunchConfigurationName="warm",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
    )
    return "warm-pool"
