"""Images in stacks: a stack waits for their builds, fails with them, and gives what they have left."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import WaiterError

from mock_imagebuilder import Control

from ..build_parts import ACCOUNT_BASE
from ..conftest import ACCOUNT, REGION
from ..images import client_of
from ..refusals import not_found
from ..resources.container_recipes import ACCESS
from .templates import (
    LIFECYCLE_ROLE,
    Stacks,
    attribute,
    builds,
    container_recipe,
    handler_message,
    image,
    pipeline,
    ref,
    resource,
    run_of_pipeline,
    stack_refused,
    template,
)

ARN = f"{ACCOUNT_BASE}:image/web-server/1.0.0/1"
OUTPUTS = {"Ami": {"Value": attribute("ImageId", "Image")}, "Arn": {"Value": ref("Image")}}
AN_IMAGE = {**builds(Image=image()), "Outputs": OUTPUTS}


def get(client: Any, arn: str = ARN) -> Any:
    return client.get_image(imageBuildVersionArn=arn)["image"]


def amis(region: str = REGION) -> list[str]:
    found = client_of("ec2", ACCOUNT, region).describe_images(Owners=["self"])["Images"]
    return [entry["ImageId"] for entry in found]


class TestWaiting:
    def test_an_image_that_is_built_at_once(self, stacks: Stacks, client: Any) -> None:
        stacks.create(AN_IMAGE)
        assert stacks.status() == "CREATE_COMPLETE"
        (ami,) = get(client)["outputResources"]["amis"]
        assert stacks.outputs() == {"Ami": ami["image"], "Arn": ARN}
        assert [ami["image"]] == amis()

    def test_a_stack_waits_step_by_step(self, stacks: Stacks, client: Any, mocked: Control) -> None:
        mocked.progress("manual", times=1)
        stacks.create(AN_IMAGE)
        seen = [stacks.status() for _ in range(12)]
        assert seen[0] == "CREATE_IN_PROGRESS"
        assert seen[-1] == "CREATE_COMPLETE"
        assert stacks.outputs()["Ami"] == get(client)["outputResources"]["amis"][0]["image"]
        assert stacks.reasons()[-1] == ("CREATE_COMPLETE", None)

    def test_botos_waiter(self, stacks: Stacks, client: Any, mocked: Control) -> None:
        mocked.progress("manual", times=1)
        stacks.create(AN_IMAGE)
        waiter = stacks.client.get_waiter("stack_create_complete")
        waiter.wait(StackName="golden", WaiterConfig={"Delay": 0, "MaxAttempts": 20})
        assert get(client)["state"]["status"] == "AVAILABLE"

    def test_who_steps_the_build_completes_the_stack(self, stacks: Stacks, mocked: Control) -> None:
        mocked.progress("manual", times=1000)
        stacks.create(AN_IMAGE)
        assert stacks.status() == "CREATE_IN_PROGRESS"
        mocked.advance(ARN, to="AVAILABLE")
        assert stacks.status() == "CREATE_COMPLETE"

    def test_stacks_without_images_do_not_wait(self, stacks: Stacks, mocked: Control) -> None:
        mocked.progress("manual", times=1000)
        stacks.create(builds())
        assert stacks.status() == "CREATE_COMPLETE"

    def test_lists_of_stacks_look_too(self, stacks: Stacks, mocked: Control) -> None:
        mocked.progress("manual", times=1)
        stacks.create(AN_IMAGE)
        for _ in range(6):
            (stack,) = stacks.client.describe_stacks()["Stacks"]
            (summary,) = stacks.client.list_stacks()["StackSummaries"]
        assert (stack["StackStatus"], summary["StackStatus"]) == ("CREATE_COMPLETE", "CREATE_COMPLETE")


class TestFailure:
    def test_a_build_that_fails(self, stacks: Stacks, mocked: Control) -> None:
        mocked.fail_next_build(stage="BUILDING", reason="No space left.")
        stacks.create(AN_IMAGE)
        assert stacks.status() == "CREATE_FAILED"
        assert stacks.reasons()[-1] == ("CREATE_FAILED", "No space left.")
        assert stacks.outputs() == {"Arn": ARN}

    def test_a_build_that_fails_later(self, stacks: Stacks, mocked: Control) -> None:
        mocked.progress("manual", times=1)
        mocked.fail_next_build(stage="TESTING", reason="No answer.")
        stacks.create(AN_IMAGE)
        with pytest.raises(WaiterError, match="CREATE_FAILED"):
            stacks.client.get_waiter("stack_create_complete").wait(
                StackName="golden", WaiterConfig={"Delay": 0, "MaxAttempts": 20}
            )

    def test_a_build_that_is_cancelled(self, stacks: Stacks, client: Any, mocked: Control) -> None:
        mocked.progress("manual", times=1000)
        stacks.create(AN_IMAGE)
        client.cancel_image_creation(imageBuildVersionArn=ARN)
        assert stacks.status() == "CREATE_FAILED"
        assert stacks.reasons()[-1] == ("CREATE_FAILED", "Image creation is cancelled.")

    def test_an_image_that_somebody_deletes(self, stacks: Stacks, client: Any, mocked: Control) -> None:
        mocked.progress("manual", times=1000)
        stacks.create(AN_IMAGE)
        client.cancel_image_creation(imageBuildVersionArn=ARN)
        client.delete_image(imageBuildVersionArn=ARN)
        assert stacks.status() == "CREATE_FAILED"
        assert stacks.reasons()[-1] == (
            "CREATE_FAILED",
            f"The following required resource 'Image' cannot be found: '{ARN}'.",
        )

    def test_a_look_that_fails_is_none(self, stacks: Stacks, mocked: Control) -> None:
        mocked.progress("manual", times=1)
        mocked.fail_operation("GetImage", error="TooManyRequestsException", times=2)
        stacks.create(AN_IMAGE)
        assert {stacks.status() for _ in range(12)} == {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}

    def test_a_stack_that_has_failed_can_be_deleted(self, stacks: Stacks, client: Any, mocked: Control) -> None:
        mocked.fail_next_build(stage="BUILDING", reason="No space left.")
        stacks.create(AN_IMAGE)
        stacks.delete()
        assert client.list_images()["imageVersionList"] == []

    def test_an_update_fails_with_the_build_that_it_has_begun(
        self, stacks: Stacks, client: Any, mocked: Control
    ) -> None:
        stacks.create(AN_IMAGE)
        mocked.fail_next_build(stage="BUILDING", reason="No space left.")
        body = {**builds(Image=image(EnhancedImageMetadataEnabled=False)), "Outputs": OUTPUTS}
        with pytest.raises(stacks.client.exceptions.ClientError) as raised:
            stacks.update(body)
        assert "HandlerErrorCode: NotStabilized" in str(raised.value)
        assert get(client)["state"]["status"] == "AVAILABLE"  # the one before is still there
        assert get(client, f"{ARN[:-1]}2")["state"]["status"] == "FAILED"


class TestDeletion:
    def test_amis_stay(self, stacks: Stacks, client: Any) -> None:
        stacks.create(AN_IMAGE)
        before = amis()
        stacks.delete()
        with not_found("Image", ARN):
            get(client)
        assert amis() == before != []

    def test_of_a_running_build(self, stacks: Stacks, client: Any, mocked: Control) -> None:
        mocked.progress("manual", times=1000)
        stacks.create(AN_IMAGE)
        stacks.delete()
        assert client.list_images()["imageVersionList"] == []

    @pytest.mark.usefixtures("lifecycle_role")
    def test_with_its_amis(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds(Image=image(DeletionSettings={"ExecutionRole": LIFECYCLE_ROLE})))
        assert len(amis()) == 1
        stacks.delete()
        assert amis() == []
        assert client.list_images()["imageVersionList"] == []

    @pytest.mark.usefixtures("lifecycle_role")
    def test_with_its_containers(self, stacks: Stacks) -> None:
        stacks.create(a_container(DeletionSettings={"ExecutionRole": LIFECYCLE_ROLE}))
        ecr = client_of("ecr")
        ecr.tag_resource(resourceArn=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/web", tags=ACCESS)
        assert len(ecr.list_images(repositoryName="web")["imageIds"]) == 2
        stacks.delete()
        assert ecr.list_images(repositoryName="web")["imageIds"] == []

    @pytest.mark.usefixtures("lifecycle_role")
    def test_with_containers_that_are_out_of_reach(self, stacks: Stacks) -> None:
        stacks.create(a_container(DeletionSettings={"ExecutionRole": LIFECYCLE_ROLE}))
        with stack_refused(handler_message("One or more resource actions failed.", "NotStabilized")):
            stacks.delete()
        assert len(client_of("ecr").list_images(repositoryName="web")["imageIds"]) == 2

    def test_a_role_that_does_not_exist(self, stacks: Stacks, client: Any) -> None:
        stacks.create(builds(Image=image(DeletionSettings={"ExecutionRole": LIFECYCLE_ROLE})))
        with pytest.raises(stacks.client.exceptions.ClientError, match="HandlerErrorCode: InvalidRequest"):
            stacks.delete()
        assert get(client)["state"]["status"] == "AVAILABLE"


def a_container(**properties: Any) -> dict[str, Any]:
    parts = {"ContainerRecipeArn": ref("ContainerRecipe"), "InfrastructureConfigurationArn": ref("Infrastructure")}
    return builds(
        Recipe=None, Pipeline=None, ContainerRecipe=container_recipe(), Image=resource("Image", **parts, **properties)
    )


class TestOutputs:
    def test_the_ami_of_the_stacks_region(self, stacks: Stacks, client: Any) -> None:
        ami = {"AmiDistributionConfiguration": {"Description": "x"}}
        regions = resource(
            "DistributionConfiguration",
            Name="Near",
            Distributions=[{"Region": "eu-west-1", **ami}, {"Region": REGION, **ami}, {"Region": "ap-south-1", **ami}],
        )
        body = builds(Distribution=regions, Image=image(DistributionConfigurationArn=ref("Distribution")))
        stacks.create({**body, "Outputs": OUTPUTS})
        assert [stacks.outputs()["Ami"]] == amis()
        assert len(get(client)["outputResources"]["amis"]) == 3

    def test_the_uri_of_a_container(self, stacks: Stacks) -> None:
        stacks.create({**a_container(), "Outputs": {"Uri": {"Value": attribute("ImageUri", "Image")}}})
        uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:1.0.0-1"
        assert stacks.outputs() == {"Uri": uri}

    def test_another_resource_takes_the_ami(self, stacks: Stacks) -> None:
        parameter = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/golden", "Type": "String", "Value": attribute("ImageId", "Image")},
        }
        body = builds(Image=image())
        body["Resources"]["Parameter"] = parameter
        stacks.create(body)
        assert [client_of("ssm").get_parameter(Name="/golden")["Parameter"]["Value"]] == amis()


class TestRunsOfPipelines:
    BODY = {**builds(Image=run_of_pipeline()), "Outputs": OUTPUTS}

    def test_the_pipeline_builds_the_image(self, stacks: Stacks, client: Any) -> None:
        stacks.create(self.BODY)
        found = get(client)
        assert found["sourcePipelineArn"] == f"{ACCOUNT_BASE}:image-pipeline/nightly"
        assert [stacks.outputs()["Ami"]] == amis()

    def test_tags(self, stacks: Stacks, client: Any) -> None:
        body = builds(Image=run_of_pipeline())
        body["Resources"]["Image"]["Properties"]["Tags"] = {"Team": "web"}
        stacks.create(body)
        assert get(client)["tags"] == {"Team": "web"}

    @pytest.mark.parametrize("on_update", [False, True])
    def test_tags_are_no_configuration(self, stacks: Stacks, client: Any, on_update: bool) -> None:
        stacks.create(builds(Image=run_of_pipeline(OnUpdate=on_update)))
        stacks.update(builds(Image=run_of_pipeline(OnUpdate=on_update), Pipeline=pipeline(Tags={"a": "b"})))
        found = client.list_image_build_versions(imageVersionArn=ARN[:-2])["imageSummaryList"]
        assert [entry["arn"] for entry in found] == [ARN]

    @pytest.mark.parametrize("on_update", [False, "false"])
    def test_an_update_of_the_pipeline_builds_nothing(self, stacks: Stacks, client: Any, on_update: object) -> None:
        stacks.create(builds(Image=run_of_pipeline(OnUpdate=on_update)))
        stacks.update(builds(Image=run_of_pipeline(OnUpdate=on_update), Pipeline=pipeline(Description="new")))
        found = client.list_image_build_versions(imageVersionArn=ARN[:-2])["imageSummaryList"]
        assert [entry["arn"] for entry in found] == [ARN]

    @pytest.mark.parametrize("on_update", [True, "true"])
    def test_an_update_of_the_pipeline_builds_again(self, stacks: Stacks, client: Any, on_update: object) -> None:
        stacks.create(builds(Image=run_of_pipeline(OnUpdate=on_update)))
        stacks.update(builds(Image=run_of_pipeline(OnUpdate=on_update), Pipeline=pipeline(Description="new")))
        found = client.list_image_build_versions(imageVersionArn=ARN[:-2])["imageSummaryList"]
        assert [entry["arn"] for entry in found] == [f"{ARN[:-1]}2"]
        assert stacks.physical_ids()["Image"] == "image/web-server/1.0.0/2"

    def test_an_id_of_no_pipeline(self, stacks: Stacks) -> None:
        sentence = (
            "The value supplied for parameter 'ImagePipelineExecutionSettings.DeploymentId' is not valid. "
            "No image pipeline has the deployment ID 'none'."
        )
        with stack_refused(handler_message(sentence, "InvalidRequest")):
            stacks.create(template(Image=resource("Image", ImagePipelineExecutionSettings={"DeploymentId": "none"})))

    def test_nothing_else_may_be_said(self, stacks: Stacks) -> None:
        body = builds(Image=run_of_pipeline())
        body["Resources"]["Image"]["Properties"]["ImageRecipeArn"] = ref("Recipe")
        sentence = (
            "The value supplied for parameter 'ImagePipelineExecutionSettings' is not valid. "
            "ImagePipelineExecutionSettings can only be provided together with Tags."
        )
        with stack_refused(handler_message(sentence, "InvalidRequest")):
            stacks.create(body)
