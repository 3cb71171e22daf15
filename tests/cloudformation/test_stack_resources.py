"""Each type of resource in a stack: what is made of its properties, what a template can ask of it, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
import requests

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.cloudformation.types import LATEST_VERSIONS, TYPES

from ..build_parts import ACCOUNT_BASE, PARENT_IMAGE
from ..refusals import not_found
from ..resources.components import component_document
from ..served import Address
from .templates import (
    LIFECYCLE_ROLE,
    STACK,
    Stacks,
    attribute,
    builds,
    component,
    container_recipe,
    distribution,
    handler_message,
    image,
    infrastructure,
    lifecycle_policy,
    pipeline,
    recipe,
    resource,
    stack_refused,
    template,
    with_attributes,
    workflow,
)

pytestmark = pytest.mark.usefixtures("lifecycle_role")

EVERYTHING = builds(
    ContainerRecipe=container_recipe(),
    Image=image(),
    LifecyclePolicy=lifecycle_policy(),
    Workflow=workflow(),
)
IDS = {
    "Component": "component/install-nginx/1.0.0/1",
    "Recipe": "image-recipe/web-server/1.0.0",
    "Infrastructure": "infrastructure-configuration/small",
    "Distribution": "distribution-configuration/near",
    "Pipeline": "image-pipeline/nightly",
    "ContainerRecipe": "container-recipe/web-container/1.0.0",
    "Image": "image/web-server/1.0.0/1",
    "LifecyclePolicy": "lifecycle-policy/clean-up",
    "Workflow": "workflow/test/ask/1.0.0/1",
}


def arn(name: str) -> str:
    return f"{ACCOUNT_BASE}:{IDS[name]}"


class TestEveryType:
    def test_its_physical_id_is_its_arn(self, stacks: Stacks) -> None:
        stacks.create(EVERYTHING)
        assert stacks.status() == "CREATE_COMPLETE"
        assert stacks.physical_ids() == IDS

    def test_the_api_finds_them(self, stacks: Stacks, client: Any) -> None:
        stacks.create(EVERYTHING)
        found = [
            *(entry["arn"] for entry in client.list_components(owner="Self")["componentVersionList"]),
            *(entry["arn"] for entry in client.list_image_recipes()["imageRecipeSummaryList"]),
            *(entry["arn"] for entry in client.list_image_pipelines()["imagePipelineList"]),
            *(entry["arn"] for entry in client.list_images()["imageVersionList"]),
        ]
        expected = ["component/install-nginx/1.0.0", IDS["Recipe"], IDS["Pipeline"], "image/web-server/1.0.0"]
        assert found == [f"{ACCOUNT_BASE}:{end}" for end in expected]

    def test_they_are_deleted_in_an_order_that_works(self, stacks: Stacks, client: Any) -> None:
        stacks.create(EVERYTHING)
        stacks.delete()
        assert client.list_components(owner="Self")["componentVersionList"] == []
        assert client.list_image_recipes()["imageRecipeSummaryList"] == []
        assert client.list_container_recipes()["containerRecipeSummaryList"] == []
        assert client.list_infrastructure_configurations()["infrastructureConfigurationSummaryList"] == []
        assert client.list_distribution_configurations()["distributionConfigurationSummaryList"] == []
        assert client.list_image_pipelines()["imagePipelineList"] == []
        assert client.list_images()["imageVersionList"] == []
        assert client.list_lifecycle_policies()["lifecyclePolicySummaryList"] == []
        assert client.list_workflows(owner="Self")["workflowVersionList"] == []

    def test_the_dashboard_shows_the_services_own_resource_alone(self, stacks: Stacks, mocked: Control) -> None:
        stacks.create(EVERYTHING)
        data = requests.get("http://motoapi.amazonaws.com/moto-api/data.json", timeout=10).json()["imagebuilder"]
        assert [entry["arn"] for entry in data["Component"]] == [arn("Component")]
        assert [entry["arn"] for entry in data["ImagePipeline"]] == [arn("Pipeline")]

    def test_in_another_region_and_account(self, mocked: Control, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOTO_ACCOUNT_ID", "210987654321")
        elsewhere = Stacks("eu-west-1")
        elsewhere.create(template(Component=component()))
        base = "arn:aws:imagebuilder:eu-west-1:210987654321"
        assert elsewhere.physical_ids() == {"Component": f"{base}:component/install-nginx/1.0.0/1"}
        monkeypatch.delenv("MOTO_ACCOUNT_ID")
        client = boto3.client("imagebuilder", region_name="eu-west-1")
        assert client.list_components(owner="Self")["componentVersionList"] == []

    @pytest.mark.parametrize("type_", TYPES)
    def test_what_it_needs(self, stacks: Stacks, type_: str) -> None:
        missing = [f"\n#: required key [{name}] not found" for name in TYPES[type_].required]
        if missing:
            with stack_refused(f"Properties validation failed for resource Thing with message:{''.join(missing)}"):
                stacks.create(template(Thing=resource(type_)))
        else:
            with stack_refused(handler_message(*_first_refusals[type_])):
                stacks.create(template(Thing=resource(type_)))

    @pytest.mark.parametrize("name", ["ClientToken", "DryRun", "name", "Colour"])
    def test_properties_that_it_does_not_have(self, stacks: Stacks, client: Any, name: str) -> None:
        definition = component(**{name: "x"})
        with stack_refused(
            "Properties validation failed for resource Component with message:\n"
            f"#: extraneous key [{name}] is not permitted"
        ):
            stacks.create(template(Component=definition))
        assert client.list_components(owner="Self")["componentVersionList"] == []


_first_refusals = {
    "ContainerRecipe": (
        "The value supplied for parameter 'containerType' is not valid. containerType is required",
        "InvalidRequest",
    ),
    "ImagePipeline": ("The value supplied for parameter 'name' is not valid. name is required", "InvalidRequest"),
    "Image": (
        "The value supplied for parameter 'infrastructureConfigurationArn' is not valid. "
        "infrastructureConfigurationArn is required",
        "InvalidRequest",
    ),
}


class TestProperties:
    def test_of_a_component(self, stacks: Stacks, client: Any) -> None:
        more = {
            "Description": "It installs",
            "ChangeDescription": "first",
            "SupportedOsVersions": ["Amazon Linux 2023"],
        }
        stacks.create(template(Component=component(Tags={"Team": "web"}, **more)))
        found = client.get_component(componentBuildVersionArn=arn("Component"))["component"]
        assert found["name"] == "Install Nginx"
        assert found["data"] == component_document()
        assert (found["description"], found["changeDescription"]) == ("It installs", "first")
        assert found["supportedOsVersions"] == ["Amazon Linux 2023"]
        assert found["tags"] == {"Team": "web"}

    def test_of_an_image_recipe(self, stacks: Stacks, client: Any) -> None:
        volume = {
            "DeviceName": "/dev/xvda",
            "Ebs": {"VolumeSize": "30", "Encrypted": "false", "DeleteOnTermination": True},
        }
        definition = recipe(
            BlockDeviceMappings=[volume],
            AdditionalInstanceConfiguration={"SystemsManagerAgent": {"UninstallAfterBuild": "true"}},
            WorkingDirectory="/tmp",
        )
        stacks.create(template(Component=component(), Recipe=definition))
        found = client.get_image_recipe(imageRecipeArn=arn("Recipe"))["imageRecipe"]
        assert found["parentImage"] == PARENT_IMAGE
        assert found["components"] == [{"componentArn": arn("Component")}]
        assert found["blockDeviceMappings"] == [
            {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 30, "encrypted": False, "deleteOnTermination": True}}
        ]
        assert found["additionalInstanceConfiguration"] == {"systemsManagerAgent": {"uninstallAfterBuild": True}}
        assert found["workingDirectory"] == "/tmp"

    def test_of_a_distribution_configuration(self, stacks: Stacks, client: Any) -> None:
        ami = {
            "Name": "web {{ imagebuilder:buildDate }}",
            "AmiTags": {"Team": "web"},
            "TargetAccountIds": ["210987654321"],
            "LaunchPermissionConfiguration": {"UserIds": ["210987654321"], "UserGroups": ["all"]},
        }
        entry = {
            "Region": "eu-west-1",
            "AmiDistributionConfiguration": ami,
            "LaunchTemplateConfigurations": [{"LaunchTemplateId": "lt-0123456789abcdef0", "SetDefaultVersion": "true"}],
            "SsmParameterConfigurations": [{"ParameterName": "/amis/web", "DataType": "text"}],
        }
        definition = resource("DistributionConfiguration", Name="Near", Distributions=[entry])
        stacks.create(template(Distribution=definition))
        found = client.get_distribution_configuration(distributionConfigurationArn=arn("Distribution"))
        assert found["distributionConfiguration"]["distributions"] == [
            {
                "region": "eu-west-1",
                "amiDistributionConfiguration": {
                    "name": "web {{ imagebuilder:buildDate }}",
                    "targetAccountIds": ["210987654321"],
                    "amiTags": {"Team": "web"},
                    "launchPermission": {"userIds": ["210987654321"], "userGroups": ["all"]},
                },
                "launchTemplateConfigurations": [
                    {"launchTemplateId": "lt-0123456789abcdef0", "setDefaultVersion": True}
                ],
                "ssmParameterConfigurations": [{"parameterName": "/amis/web", "dataType": "text"}],
            }
        ]

    def test_of_a_lifecycle_policy(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Policy=lifecycle_policy()))
        found = client.get_lifecycle_policy(lifecyclePolicyArn=arn("LifecyclePolicy"))["lifecyclePolicy"]
        assert found["executionRole"] == LIFECYCLE_ROLE
        assert found["policyDetails"] == [
            {
                "action": {"type": "DELETE", "includeResources": {"amis": True, "snapshots": True}},
                "filter": {"type": "COUNT", "value": 3},
                "exclusionRules": {
                    "tagMap": {"Keep": "yes"},
                    "amis": {"isPublic": False, "lastLaunched": {"value": 7, "unit": "DAYS"}},
                },
            }
        ]
        assert found["resourceSelection"] == {"tagMap": {"Team": "web"}}

    def test_of_a_pipeline(self, stacks: Stacks, client: Any) -> None:
        schedule = {
            "ScheduleExpression": "cron(0 9 * * ? *)",
            "PipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY",
        }
        tests = {"ImageTestsEnabled": "true", "TimeoutMinutes": "90"}
        definition = pipeline(Schedule=schedule, ImageTestsConfiguration=tests, Status="DISABLED")
        stacks.create(builds(Pipeline=definition))
        found = client.get_image_pipeline(imagePipelineArn=arn("Pipeline"))["imagePipeline"]
        assert found["schedule"]["scheduleExpression"] == "cron(0 9 * * ? *)"
        assert found["schedule"]["pipelineExecutionStartCondition"] == "EXPRESSION_MATCH_ONLY"
        assert found["imageTestsConfiguration"] == {"imageTestsEnabled": True, "timeoutMinutes": 90}
        assert found["status"] == "DISABLED"


class TestAttributes:
    def test_of_what_has_versions(self, stacks: Stacks) -> None:
        names = {
            "Component": "1.0.0",
            "Recipe": "1.0.0",
            "ContainerRecipe": "1.0.0",
            "Workflow": "1.0.0",
            "Image": "1.0.0",
        }
        outputs = {
            f"{name}{number}": {"Value": attribute(latest, name)}
            for name in names
            for number, latest in enumerate(LATEST_VERSIONS)
        }
        stacks.create({**EVERYTHING, "Outputs": outputs})
        expected = {}
        for name in names:
            family = arn(name).partition("/1.0.0")[0]
            for number, version in enumerate(("x.x.x", "1.x.x", "1.0.x", "1.0.0")):
                expected[f"{name}{number}"] = f"{family}/{version}"
        assert stacks.outputs() == expected

    def test_of_their_own(self, stacks: Stacks) -> None:
        asked = {
            "Type": attribute("Type", "Component"),
            "Arn": attribute("Arn", "Pipeline"),
            "Name": attribute("Name", "Image"),
            "Sub": {"Fn::Sub": "${Component.Encrypted} ${Image.Name} ${Recipe}"},
        }
        stacks.create({**EVERYTHING, "Outputs": {name: {"Value": value} for name, value in asked.items()}})
        assert stacks.outputs() == {
            "Type": "BUILD",
            "Arn": arn("Pipeline"),
            "Name": "Web Server",
            "Sub": f"True Web Server {arn('Recipe')}",
        }

    @pytest.mark.parametrize(
        ("name", "of"), [("Name", "Component"), ("ImageId", "Recipe"), ("LatestVersion.Arn", "Pipeline")]
    )
    def test_that_there_are_not(self, stacks: Stacks, name: str, of: str) -> None:
        body = builds()
        type_ = body["Resources"][of]["Type"].rpartition(":")[2]
        with stack_refused(f"Template error: resource {type_} does not support attribute type {name} in Fn::GetAtt"):
            stacks.create({**body, "Outputs": {"It": {"Value": attribute(name, of)}}})

    def test_that_there_are_not_in_a_property(self, stacks: Stacks) -> None:
        body = builds(Recipe=recipe(Description=attribute("Colour", "Component")))
        with stack_refused("Template error: resource Component does not support attribute type Colour in Fn::GetAtt"):
            stacks.create(body)

    def test_of_a_resource_that_somebody_has_deleted(self, stacks: Stacks, client: Any) -> None:
        stacks.create({**template(Component=component()), "Outputs": {"It": {"Value": attribute("Type", "Component")}}})
        assert stacks.outputs() == {"It": "BUILD"}
        client.delete_component(componentBuildVersionArn=arn("Component"))
        assert stacks.outputs() == {"It": "BUILD"}


class TestRefusals:
    def test_of_the_service(self, stacks: Stacks, client: Any) -> None:
        sentence = (
            "The value supplied for parameter 'semanticVersion' is not valid. "
            "semanticVersion must match pattern ^[0-9]+\\.[0-9]+\\.[0-9]+$"
        )
        with stack_refused(handler_message(sentence, "InvalidRequest")):
            stacks.create(template(Component=component("1.x.x")))
        assert client.list_components(owner="Self")["componentVersionList"] == []

    def test_what_is_there_already(self, stacks: Stacks) -> None:
        stacks.create(template(Infrastructure=infrastructure()))
        sentence = (
            "Resource of type 'AWS::ImageBuilder::InfrastructureConfiguration' with identifier 'Small' already exists."
        )
        with stack_refused(handler_message(sentence, "AlreadyExists")):
            stacks.create(template(Infrastructure=infrastructure()), "other")

    def test_what_something_outside_of_the_stack_refers_to(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Component=component(), Recipe=recipe(), Infrastructure=infrastructure()))
        client.create_image_pipeline(
            name="other", imageRecipeArn=arn("Recipe"), infrastructureConfigurationArn=arn("Infrastructure")
        )
        with pytest.raises(stacks.client.exceptions.ClientError, match="HandlerErrorCode: ResourceConflict"):
            stacks.delete()  # the component or the recipe: moto leaves it to chance
        assert client.get_image_recipe(imageRecipeArn=arn("Recipe"))["imageRecipe"]["version"] == "1.0.0"

    def test_failures_that_the_test_has_asked_for(self, stacks: Stacks, mocked: Control) -> None:
        mocked.fail_operation("CreateComponent", error="ServiceUnavailableException", message="Later.", times=1)
        with stack_refused(handler_message("Later.", "ServiceInternalError")):
            stacks.create(template(Component=component()))
        stacks.create(template(Component=component()), "again")

    def test_what_is_gone_already_can_be_deleted(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Component=component()))
        client.delete_component(componentBuildVersionArn=arn("Component"))
        stacks.delete()
        with not_found("Component", arn("Component")):
            client.get_component(componentBuildVersionArn=arn("Component"))

    def test_what_is_retained_stays(self, stacks: Stacks, client: Any) -> None:
        stacks.create(template(Component=with_attributes(component(), DeletionPolicy="Retain")))
        stacks.delete()
        assert client.get_component(componentBuildVersionArn=arn("Component"))["component"]["version"] == "1.0.0"


def test_a_template_in_yaml(stacks: Stacks) -> None:
    body = """
Resources:
  Infrastructure:
    Type: AWS::ImageBuilder::InfrastructureConfiguration
    Properties:
      Name: !Sub "${AWS::StackName}-infrastructure"
      InstanceProfileName: EC2InstanceProfileForImageBuilder
Outputs:
  Arn:
    Value: !GetAtt Infrastructure.Arn
"""
    stacks.client.create_stack(StackName=STACK, TemplateBody=body)
    assert stacks.outputs() == {"Arn": f"{ACCOUNT_BASE}:infrastructure-configuration/golden-infrastructure"}


def test_through_the_server(address: Address) -> None:
    cloudformation = address.client("cloudformation")
    body = template(Distribution=distribution())
    cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(body))
    found = address.client("imagebuilder").list_distribution_configurations()["distributionConfigurationSummaryList"]
    assert [entry["arn"] for entry in found] == [arn("Distribution")]
    cloudformation.delete_stack(StackName=STACK)
    with not_found("DistributionConfiguration", arn("Distribution")):
        address.client("imagebuilder").get_distribution_configuration(distributionConfigurationArn=arn("Distribution"))
