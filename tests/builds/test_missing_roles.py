"""Roles and instance profiles that a build needs, and that are gone or were never there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mock_imagebuilder import Control
from mock_imagebuilder.imagebuilder.api import operations

from ..build_parts import INFRASTRUCTURE, create_recipe, managed_workflow
from ..conftest import ACCOUNT, REGION
from ..cross_account import DISTRIBUTION_ROLE, let_copies_in
from ..images import client_of, create_image, output_amis, own_amis, state_of
from ..resources.container_recipes import create as create_container_recipe
from ..resources.container_recipes import create_repository
from .integration import (
    UUID,
    assert_integration_failed,
    build,
    create_configuration,
    create_template,
    template_versions,
)
from .workflow_runs import build_with, create_workflow, executions_of, outputs_of, statuses, step

PARTNER, OTHER = "111111111111", "222222222222"
PROFILE = "EC2InstanceProfileForImageBuilder"
NO_PROFILE = (
    "An error occurred (InvalidParameterValue) when calling the RunInstances operation: Value "
    f"({PROFILE}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
)
LINKED_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/imagebuilder.amazonaws.com/AWSServiceRoleForImageBuilder"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    client.create_infrastructure_configuration(name="web server", instanceProfileName=instance_profile)


# ---- the role in an account that gets copies ----


def to(*accounts: str, region: str = REGION) -> dict[str, Any]:
    return {"region": region, "amiDistributionConfiguration": {"targetAccountIds": list(accounts)}}


def no_role(account_id: str, session: str = "Ec2ImageBuilderDistributionService") -> str:
    return (
        f"STS Client Error: 'User: arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForImageBuilder/"
        f"{session} is not authorized to perform: sts:AssumeRole on resource: "
        f"arn:aws:iam::{account_id}:role/{DISTRIBUTION_ROLE}'"
    )


def assert_refused(client: Any, arn: str, *places: tuple[str, str]) -> None:
    """The image has failed because these accounts have no role, each in a Region."""
    state = state_of(client, arn)
    sentences = " ".join(
        f"{number}) {no_role(account_id)} when distributing the image from the source account (ID: {ACCOUNT}) to the "
        f"destination account (ID: {account_id}) in Region {region}."
        for number, (account_id, region) in enumerate(places, start=1)
    )
    assert re.fullmatch(
        f"Distribution failed with JobId '{UUID}', status = 'Failed' for ARN '{re.escape(arn)}'. "
        f"'Not all distribution jobs are completed. {re.escape(sentences)}'",
        state.pop("reason"),
    )
    assert state == {
        "status": "FAILED",
        "failureContext": {
            "imageStatus": "DISTRIBUTING",
            "distributionFailure": {
                "errorMessage": sentences,
                "regionFailures": [
                    {"region": region, "status": "FAILED", "errorMessage": no_role(account_id)}
                    for account_id, region in places
                ],
            },
        },
    }


def places(client: Any, arn: str) -> list[tuple[str, str]]:
    return [(entry["accountId"], entry["region"]) for entry in output_amis(client, arn)]


def test_an_account_without_the_role(client: Any) -> None:
    let_copies_in(PARTNER)
    arn = build(client, to(ACCOUNT, OTHER, PARTNER), to(OTHER, region="eu-west-1"))
    assert_refused(client, arn, (OTHER, REGION), (OTHER, "eu-west-1"))
    # The others have got it.
    assert places(client, arn) == [(ACCOUNT, REGION), (PARTNER, REGION)]
    assert own_amis(OTHER) == own_amis(OTHER, "eu-west-1") == []


def test_the_role_goes_and_comes_while_the_build_runs(client: Any, mocked: Control) -> None:
    let_copies_in(PARTNER)
    mocked.progress("manual", times=1000)
    arn = build(client, to(PARTNER))
    client_of("iam", PARTNER).delete_role(RoleName=DISTRIBUTION_ROLE)
    mocked.advance(arn, to="FAILED")
    assert_refused(client, arn, (PARTNER, REGION))
    let_copies_in(PARTNER)
    client.retry_image(imageBuildVersionArn=arn)
    assert mocked.advance(arn, to="AVAILABLE") == "AVAILABLE"
    assert places(client, arn) == [(ACCOUNT, REGION), (PARTNER, REGION)]


@pytest.mark.skipif("DistributeImage" not in operations(), reason="the installed botocore does not know the operation")
def test_an_image_that_is_only_distributed(client: Any) -> None:
    source = client_of("ec2").register_image(Name="golden")["ImageId"]
    arn = client.distribute_image(
        sourceImage=source,
        distributionConfigurationArn=create_configuration(client, to(PARTNER), to(ACCOUNT, region="eu-west-1")),
        executionRole=LINKED_ROLE,
    )["imageBuildVersionArn"]
    assert_refused(client, arn, (PARTNER, REGION))
    assert places(client, arn) == [(ACCOUNT, "eu-west-1")]


def test_a_step_that_distributes(client: Any) -> None:
    copy = step("Copy", "DistributeImage", {"distributions": [{"region": REGION, "targetAccountIds": [PARTNER]}]})
    arn = build_with(client, managed_workflow("build/build-image"), create_workflow(client, "DISTRIBUTION", copy))
    state = state_of(client, arn)
    assert (state["status"], state["failureContext"]["failedStep"]) == ("FAILED", "Copy")
    assert no_role(PARTNER) in state["reason"]
    (entry,) = outputs_of(client, arn, "Copy")["distributedImages"]
    assert (entry["accountId"], entry["status"], entry["errorMessage"]) == (PARTNER, "Failed", no_role(PARTNER))
    assert statuses(client, arn)[-1] == ("DISTRIBUTION", "FAILED", ["FAILED"])


def test_a_launch_template_of_another_account(client: Any) -> None:
    template_id = create_template(account_id=PARTNER)
    settings = {
        "amiDistributionConfiguration": {"launchPermission": {"userIds": [PARTNER]}},
        "launchTemplateConfigurations": [{"launchTemplateId": template_id, "accountId": PARTNER}],
    }
    arn = build(client, settings)
    assert_integration_failed(
        client, arn, (REGION, "UPDATE_LAUNCH_TEMPLATES", no_role(PARTNER, "Ec2ImageBuilderIntegrationService"))
    )
    assert len(template_versions(template_id, PARTNER)) == 1
    let_copies_in(PARTNER)
    client.retry_image(imageBuildVersionArn=arn)
    assert len(template_versions(template_id, PARTNER)) == 2


# ---- the instance profile ----


@pytest.mark.parametrize(("stage", "name"), [("BUILDING", "LaunchBuildInstance"), ("TESTING", "LaunchTestInstance")])
def test_the_instance_profile_is_deleted_before_an_instance_is_launched(
    client: Any, mocked: Control, iam: Any, stage: str, name: str
) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    mocked.advance(arn, to=stage)
    iam.delete_instance_profile(InstanceProfileName=PROFILE)
    mocked.advance(arn)
    state = state_of(client, arn)
    execution = executions_of(client, arn)[-1]
    assert state["reason"] == (
        f"Workflow Execution ID: '{execution['workflowExecutionId']}' failed with reason: {NO_PROFILE} "
        f"in workflow step {name}"
    )
    context = state["failureContext"]
    assert (state["status"], context["imageStatus"], context["failedStep"]) == ("FAILED", stage, name)
    # What was made before stays.
    assert len(output_amis(client, arn)) == len(own_amis()) == (stage == "TESTING")


def test_the_instance_profile_of_a_container_build_is_deleted(client: Any, iam: Any) -> None:
    create_repository()
    recipe = create_container_recipe(client, "boxed")
    iam.delete_instance_profile(InstanceProfileName=PROFILE)
    arn = client.create_image(containerRecipeArn=recipe, infrastructureConfigurationArn=INFRASTRUCTURE)[
        "imageBuildVersionArn"
    ]
    state = state_of(client, arn)
    assert (state["status"], state["failureContext"]["imageStatus"]) == ("FAILED", "BUILDING")
    assert NO_PROFILE in state["reason"]


def test_an_instance_profile_that_comes_back(client: Any, mocked: Control, iam: Any) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    mocked.advance(arn, to="TESTING")
    iam.delete_instance_profile(InstanceProfileName=PROFILE)
    assert mocked.advance(arn) == "FAILED"
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    client.retry_image(imageBuildVersionArn=arn)
    assert mocked.advance(arn, to="AVAILABLE") == "AVAILABLE"
