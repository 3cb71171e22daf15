"""Templates with resources of every type, and what tests do with stacks of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ..build_parts import ACCOUNT_BASE, PARENT_IMAGE
from ..conftest import REGION
from ..resources.components import component_document
from ..resources.container_recipes import DOCKERFILE
from ..resources.workflows import workflow_document

PREFIX = "AWS::ImageBuilder::"
STACK = "golden"
LIFECYCLE_ROLE = "arn:aws:iam::123456789012:role/LifecycleExecution"
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Template = dict[str, Any]


def resource(type_: str, /, **properties: Any) -> dict[str, Any]:
    """A resource of a template; attributes such as ``DeletionPolicy`` are added by :func:`with_attributes`."""
    return {"Type": PREFIX + type_, "Properties": properties}


def with_attributes(definition: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    return {**definition, **attributes}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def attribute(name: str, of: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [of, name]}


def component(version: Any = "1.0.0", command: Any = "uptime", **properties: Any) -> dict[str, Any]:
    data = component_document(command)
    return resource("Component", Name="Install Nginx", Version=version, Platform="Linux", Data=data, **properties)


def recipe(version: Any = "1.0.0", **properties: Any) -> dict[str, Any]:
    members = {"Components": [{"ComponentArn": ref("Component")}], **properties}
    return resource("ImageRecipe", Name="Web Server", Version=version, ParentImage=PARENT_IMAGE, **members)


def infrastructure(name: str = "Small", **properties: Any) -> dict[str, Any]:
    profile = "EC2InstanceProfileForImageBuilder"
    return resource("InfrastructureConfiguration", Name=name, InstanceProfileName=profile, **properties)


def distribution(description: str = "web", **properties: Any) -> dict[str, Any]:
    ami = {"Description": description, "Name": "web {{ imagebuilder:buildDate }}"}
    return resource(
        "DistributionConfiguration",
        Name="Near",
        Distributions=[{"Region": REGION, "AmiDistributionConfiguration": ami}],
        **properties,
    )


def pipeline(**properties: Any) -> dict[str, Any]:
    members = {
        "ImageRecipeArn": ref("Recipe"),
        "InfrastructureConfigurationArn": ref("Infrastructure"),
        "DistributionConfigurationArn": ref("Distribution"),
        **properties,
    }
    return resource("ImagePipeline", Name="Nightly", **members)


def image(**properties: Any) -> dict[str, Any]:
    parts = {"ImageRecipeArn": ref("Recipe"), "InfrastructureConfigurationArn": ref("Infrastructure")}
    return resource("Image", **parts, **properties)


def run_of_pipeline(**settings: Any) -> dict[str, Any]:
    """An image that a pipeline builds."""
    return resource(
        "Image", ImagePipelineExecutionSettings={"DeploymentId": attribute("DeploymentId", "Pipeline"), **settings}
    )


def container_recipe(version: str = "1.0.0", **properties: Any) -> dict[str, Any]:
    return resource(
        "ContainerRecipe",
        Name="Web Container",
        Version=version,
        ContainerType="DOCKER",
        ParentImage="amazonlinux:latest",
        DockerfileTemplateData=DOCKERFILE,
        TargetRepository={"Service": "ECR", "RepositoryName": "web"},
        Components=[{"ComponentArn": ref("Component")}],
        **properties,
    )


def workflow(version: str = "1.0.0", reason: str = "why not", **properties: Any) -> dict[str, Any]:
    return resource("Workflow", Name="Ask", Version=version, Type="TEST", Data=workflow_document(reason), **properties)


def lifecycle_policy(number: int = 3, **properties: Any) -> dict[str, Any]:
    return resource(
        "LifecyclePolicy",
        Name="Clean Up",
        ExecutionRole=LIFECYCLE_ROLE,
        ResourceType="AMI_IMAGE",
        PolicyDetails=[
            {
                "Action": {"Type": "DELETE", "IncludeResources": {"Amis": True, "Snapshots": "true"}},
                "Filter": {"Type": "COUNT", "Value": str(number)},
                "ExclusionRules": {"TagMap": {"Keep": "yes"}, "Amis": {"LastLaunched": {"Unit": "DAYS", "Value": 7}}},
            }
        ],
        ResourceSelection={"TagMap": {"Team": "web"}},
        **properties,
    )


def builds(**resources: Any) -> Template:
    """What a pipeline needs, and the pipeline, with other resources or with others in their places; None: left out."""
    known = {
        "Component": component(),
        "Recipe": recipe(),
        "Infrastructure": infrastructure(),
        "Distribution": distribution(),
        "Pipeline": pipeline(),
    }
    return template(**{**known, **resources})


def template(**resources: Any) -> Template:
    return {"Resources": {name: definition for name, definition in resources.items() if definition is not None}}


class Stacks:
    """moto's CloudFormation, as tests of one stack use it."""

    def __init__(self, region: str = REGION) -> None:
        self.client: Any = boto3.client("cloudformation", region_name=region)

    def create(self, body: Template, name: str = STACK) -> None:
        self.client.create_stack(StackName=name, TemplateBody=json.dumps(body))

    def update(self, body: Template) -> None:
        self.client.update_stack(StackName=STACK, TemplateBody=json.dumps(body))

    def delete(self) -> None:
        self.client.delete_stack(StackName=STACK)

    def described(self, name: str = STACK) -> Any:
        return self.client.describe_stacks(StackName=name)["Stacks"][0]

    def status(self) -> str:
        return str(self.described()["StackStatus"])

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output.get("OutputValue") for output in self.described().get("Outputs", ())}

    def physical_ids(self) -> dict[str, str]:
        found = self.client.describe_stack_resources(StackName=STACK)["StackResources"]
        return {
            entry["LogicalResourceId"]: entry["PhysicalResourceId"].removeprefix(f"{ACCOUNT_BASE}:") for entry in found
        }

    def reasons(self) -> list[tuple[str, str | None]]:
        """The events of the stack, oldest first, with their reasons."""
        events = self.client.describe_stack_events(StackName=STACK)["StackEvents"]
        return [(event["ResourceStatus"], event.get("ResourceStatusReason")) for event in reversed(events)]


@contextmanager
def stack_refused(message: str | re.Pattern[str]) -> Iterator[None]:
    """The block ends with this answer of CloudFormation."""
    with pytest.raises(ClientError) as raised:
        yield
    response = raised.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == ("ValidationError", 400)
    if isinstance(message, re.Pattern):
        assert message.fullmatch(response["Error"]["Message"]), response["Error"]["Message"]
    else:
        assert response["Error"]["Message"] == message


def handler_message(message: str, code: str) -> re.Pattern[str]:
    """What CloudFormation says of a handler that has failed."""
    start = re.escape(f'Resource handler returned message: "{message}" (RequestToken: ')
    return re.compile(rf"{start}{UUID}, HandlerErrorCode: {code}\)")
