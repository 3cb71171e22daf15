"""Images that failed or were cancelled, and are retried: RetryImage."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from mock_imagebuilder import Control

from ..build_parts import (
    ACCOUNT_BASE,
    create_distribution,
    create_infrastructure,
    create_pipeline,
    create_recipe,
    managed_workflow,
)
from ..builds.workflow_runs import (
    LAUNCH,
    WAIT,
    build_with,
    create_workflow,
    executions_of,
    outputs_of,
    step,
    steps_of,
)
from ..conftest import REGION
from ..errors import refused
from ..images import client_of, create_image, get_image, import_image, output_amis, own_amis, state_of
from ..refusals import not_found
from ..resources.components import component_document, create_component
from ..resources.container_recipes import create as create_container_recipe
from ..resources.container_recipes import create_repository

IMAGE = f"{ACCOUNT_BASE}:image/web-server/1.0.0/1"
BUILD = managed_workflow("build/build-image")
DONE = "COMPLETED"


@pytest.fixture(autouse=True)
def _parts(client: Any, instance_profile: str) -> None:
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def retry(client: Any, arn: str, **members: Any) -> Any:
    return client.retry_image(imageBuildVersionArn=arn, **members)


def runs(client: Any, arn: str) -> list[tuple[str, str, bool]]:
    return [(run["type"], run["status"], run["retried"]) for run in executions_of(client, arn)]


# ---- what is done again ----


def test_the_tests_are_run_again(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING", reason="No capacity.")
    arn = create_image(client)
    (ami,) = output_amis(client, arn)
    assert runs(client, arn) == [("BUILD", DONE, False), ("TEST", "FAILED", False)]
    answer = retry(client, arn, clientToken="again")
    answer.pop("ResponseMetadata")
    assert answer == {"imageBuildVersionArn": arn, "clientToken": "again"}
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    # What has been built is not built again.
    assert output_amis(client, arn) == [ami]
    assert runs(client, arn) == [("BUILD", DONE, False), ("TEST", "FAILED", True), ("TEST", DONE, False)]
    assert "message" not in client.list_workflow_executions(imageBuildVersionArn=arn)
    ids = [run["workflowExecutionId"] for run in executions_of(client, arn)]
    assert len(set(ids)) == 3
    assert [client.get_workflow_execution(workflowExecutionId=id_)["status"] for id_ in ids] == [DONE, "FAILED", DONE]


def test_no_new_build_version(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    arn = create_image(client)
    retry(client, arn)
    assert [summary["arn"] for summary in client.list_image_build_versions()["imageSummaryList"]] == [arn]
    assert get_image(client, arn)["version"] == "1.0.0/1"


def test_all_test_workflows_are_run_again(client: Any, mocked: Control) -> None:
    """Those too that had succeeded."""
    first, second = (
        create_workflow(client, "TEST", {**LAUNCH, "name": name}, name=name) for name in ("First", "Second")
    )
    mocked.fail_next_build("TESTING", step="Second")
    arn = build_with(client, BUILD, first, second)
    retry(client, arn)
    assert runs(client, arn) == [
        ("BUILD", DONE, False),
        ("TEST", DONE, True),
        ("TEST", "FAILED", True),
        ("TEST", DONE, False),
        ("TEST", DONE, False),
    ]


def test_workflows_after_a_retry_know_what_those_before_it_said(client: Any, mocked: Control) -> None:
    tell = step(
        "Tell",
        "RunCommand",
        {
            "instanceId.$": "$.stepOutputs.Launch.instanceId",
            "documentName": "AWS-Say",
            "parameters": {"ami": ["{{ $.workflowOutputs.ImageId }}"]},
        },
    )
    mocked.fail_next_build("TESTING", step="Launch")
    arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, tell))
    retry(client, arn)
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_a_cancelled_image(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    mocked.advance(arn, to="TESTING")
    client.cancel_image_creation(imageBuildVersionArn=arn)
    retry(client, arn)
    assert state_of(client, arn) == {"status": "TESTING"}
    assert runs(client, arn) == [("BUILD", DONE, False), ("TEST", "CANCELLED", True), ("TEST", "RUNNING", False)]
    mocked.advance(arn, to="AVAILABLE")
    assert runs(client, arn)[-1] == ("TEST", DONE, False)


@pytest.mark.parametrize("stage", ["TESTING", "DISTRIBUTING", "INTEGRATING"])
def test_the_image_returns_to_where_it_stopped(client: Any, mocked: Control, stage: str) -> None:
    mocked.fail_next_build(stage, reason="Not today.")
    arn = create_image(client, distributionConfigurationArn=create_distribution(client))
    mocked.progress("manual", times=1000)
    retry(client, arn)
    assert state_of(client, arn) == {"status": stage}
    mocked.progress("immediate")
    assert state_of(client, arn) == {"status": "AVAILABLE"}


def test_it_can_fail_again_and_be_retried_again(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING", reason="first")
    arn = create_image(client)
    mocked.fail_next_build("TESTING", reason="second")
    retry(client, arn)
    assert state_of(client, arn)["reason"] == "second"
    retry(client, arn)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert [retried for *_, retried in runs(client, arn)] == [False, True, True, False]


def test_all_attempts_are_found_by_their_ids(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    arn = create_image(client)
    for _ in range(2):
        mocked.fail_next_build("TESTING")
        retry(client, arn)
    mocked.progress("manual", times=1000)
    retry(client, arn)
    # While a build runs, and when it has ended.
    for status in ("TESTING", "AVAILABLE"):
        assert state_of(client, arn) == {"status": status}
        executions = executions_of(client, arn)
        assert [entry["retried"] for entry in executions] == [False, True, True, True, False]
        for entry in executions:
            got = client.get_workflow_execution(workflowExecutionId=entry["workflowExecutionId"])
            assert {**entry, "retried": None}.items() <= {**got, "retried": None}.items()
            for listed in steps_of(client, entry):
                found = client.get_workflow_step_execution(stepExecutionId=listed["stepExecutionId"])
                assert listed.items() <= found.items()
                assert found["workflowExecutionId"] == entry["workflowExecutionId"]
        mocked.progress("immediate")


def test_a_page_begins_in_any_attempt(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    arn = create_image(client)
    retry(client, arn)
    everything = [entry["workflowExecutionId"] for entry in executions_of(client, arn)]
    paginator = client.get_paginator("list_workflow_executions")
    for size in (1, 2):
        pages = paginator.paginate(imageBuildVersionArn=arn, PaginationConfig={"PageSize": size})
        ids = [[entry["workflowExecutionId"] for entry in page["workflowExecutions"]] for page in pages]
        assert ids == [everything[place : place + size] for place in range(0, 3, size)]


def test_a_retry_does_not_take_the_failure_of_another_stage(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    arn = create_image(client)
    mocked.fail_next_build("BUILDING")
    retry(client, arn)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert state_of(client, create_image(client))["status"] == "FAILED"


def test_what_was_stopped_waits_again(client: Any) -> None:
    arn = build_with(client, BUILD, create_workflow(client, "TEST", WAIT))
    for action, status in (("STOP", "FAILED"), ("RESUME", "AVAILABLE")):
        (waiting,) = client.list_waiting_workflow_steps()["steps"]
        client.send_workflow_step_action(
            stepExecutionId=waiting["stepExecutionId"], imageBuildVersionArn=arn, action=action
        )
        assert state_of(client, arn)["status"] == status
        if action == "STOP":
            retry(client, arn)


def test_of_a_pipeline(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    pipeline = create_pipeline(client)
    arn = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
    retry(client, arn)
    assert client.get_image_pipeline(imagePipelineArn=pipeline)["imagePipeline"]["lastRunStatus"] == "AVAILABLE"


# ---- distribution ----


def distributed(client: Any, *regions: str, **last: Any) -> str:
    """The ARN of an image that goes to Regions in their order; ``last`` are further settings of the last one."""
    distributions = [{"region": region, "amiDistributionConfiguration": {}} for region in regions]
    distributions[-1]["amiDistributionConfiguration"] = last
    answer = client.create_distribution_configuration(name="everywhere", distributions=distributions)
    return create_image(client, distributionConfigurationArn=answer["distributionConfigurationArn"])


def put_stage() -> None:
    boto3.client("ssm", region_name=REGION).put_parameter(Name="stage", Value="beta", Type="String")


def test_copies_that_are_there_are_kept(client: Any) -> None:
    arn = distributed(client, REGION, "eu-west-1", "us-west-2", amiTags={"stage": "{{ssm:stage}}"})
    assert state_of(client, arn)["failureContext"]["imageStatus"] == "DISTRIBUTING"
    here, copy = output_amis(client, arn)
    put_stage()
    retry(client, arn)
    assert state_of(client, arn) == {"status": "AVAILABLE"}
    assert output_amis(client, arn)[:2] == [here, copy]
    assert [ami["region"] for ami in output_amis(client, arn)] == [REGION, "eu-west-1", "us-west-2"]
    assert [ami["ImageId"] for ami in own_amis(region="eu-west-1")] == [copy["image"]]


def test_copies_that_have_gone_are_made_again(client: Any) -> None:
    arn = distributed(client, REGION, "eu-west-1", "us-west-2", amiTags={"stage": "{{ssm:stage}}"})
    _, copy = output_amis(client, arn)
    assert len(own_amis(region="eu-west-1")) == 1
    client_of("ec2", region="eu-west-1").deregister_image(ImageId=copy["image"])
    put_stage()
    retry(client, arn)
    _, again, _ = output_amis(client, arn)
    assert (again["region"], again["name"]) == ("eu-west-1", copy["name"])
    assert [ami["ImageId"] for ami in own_amis(region="eu-west-1")] == [again["image"]] != [copy["image"]]


def test_the_original_configuration_is_used(client: Any) -> None:
    arn = distributed(client, "eu-west-1", amiTags={"stage": "{{ssm:stage}}"})
    client.delete_distribution_configuration(
        distributionConfigurationArn=f"{ACCOUNT_BASE}:distribution-configuration/everywhere"
    )
    put_stage()
    retry(client, arn)
    assert [ami["region"] for ami in output_amis(client, arn)] == [REGION, "eu-west-1"]


def test_a_distribution_workflow_is_run_again(client: Any) -> None:
    copy = step(
        "Copy",
        "DistributeImage",
        {"distributions": [{"region": "eu-west-1"}, {"region": "us-west-2", "amiTags": {"stage": "{{ssm:stage}}"}}]},
    )
    arn = build_with(client, BUILD, create_workflow(client, "DISTRIBUTION", copy))
    assert runs(client, arn)[-1] == ("DISTRIBUTION", "FAILED", False)
    put_stage()
    retry(client, arn)
    assert runs(client, arn)[1:] == [("DISTRIBUTION", "FAILED", True), ("DISTRIBUTION", DONE, False)]
    assert [ami["region"] for ami in output_amis(client, arn)] == [REGION, "eu-west-1", "us-west-2"]
    assert len(own_amis(region="eu-west-1")) == 1
    assert len(outputs_of(client, arn, "Copy")["distributedImages"]) == 2


# ---- what has gone meanwhile ----


def test_the_workflow_has_gone(client: Any, mocked: Control) -> None:
    workflow = create_workflow(client, "TEST", LAUNCH)
    mocked.fail_next_build("TESTING")
    arn = build_with(client, BUILD, workflow)
    client.delete_workflow(workflowBuildVersionArn=workflow)
    retry(client, arn)
    assert state_of(client, arn) == {
        "status": "FAILED",
        "reason": f"The following required resource 'Workflow' cannot be found: '{workflow}'.",
        "failureContext": {"imageStatus": "TESTING"},
    }
    assert runs(client, arn) == [("BUILD", DONE, False), ("TEST", "FAILED", True)]


def test_a_component_has_gone(client: Any, mocked: Control) -> None:
    component = create_component(client, "smoke", data=component_document(phase="test"))
    recipe = create_recipe(client, "tested", components=[{"componentArn": component}])
    mocked.fail_next_build("TESTING")
    arn = create_image(client, imageRecipeArn=recipe)
    client.delete_image_recipe(imageRecipeArn=recipe)
    client.delete_component(componentBuildVersionArn=component)
    retry(client, arn)
    assert state_of(client, arn)["reason"].endswith(
        f"The following required resource 'Component' cannot be found: '{component}' in workflow step ApplyTestComponents"
    )


def test_the_ami_has_gone(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING")
    arn = create_image(client)
    (ami,) = own_amis()
    client_of("ec2").deregister_image(ImageId=ami["ImageId"])
    retry(client, arn)
    state = state_of(client, arn)
    assert state["failureContext"]["failedStep"] == "LaunchTestInstance"
    assert "InvalidAMIID.Unavailable" in state["reason"]


# ---- refused ----


def test_an_unknown_image(client: Any) -> None:
    with not_found("Image", IMAGE):
        retry(client, IMAGE)


def test_a_running_image(client: Any, mocked: Control) -> None:
    mocked.progress("manual", times=1000)
    arn = create_image(client)
    with refused("ResourceInUseException", 400, f"The image '{arn}' is in the state PENDING and cannot be retried."):
        retry(client, arn)
    assert state_of(client, arn) == {"status": "PENDING"}


def test_an_available_image(client: Any) -> None:
    for arn in (create_image(client), import_image(client)):
        with refused(
            "InvalidRequestException", 400, f"The image '{arn}' is in the state AVAILABLE and cannot be retried."
        ):
            retry(client, arn)
        assert state_of(client, arn) == {"status": "AVAILABLE"}


@pytest.mark.parametrize("stage", ["PENDING", "CREATING", "BUILDING"])
@pytest.mark.parametrize("ends", ["FAILED", "CANCELLED"])
def test_an_image_that_stopped_before_it_had_an_ami(client: Any, mocked: Control, stage: str, ends: str) -> None:
    if ends == "FAILED":
        mocked.fail_next_build(stage)
        arn = create_image(client)
    else:
        mocked.progress("manual", times=1000)
        arn = create_image(client)
        mocked.advance(arn, to=stage)
        client.cancel_image_creation(imageBuildVersionArn=arn)
    state = state_of(client, arn)
    with refused(
        "InvalidRequestException",
        400,
        f"The image '{arn}' stopped in the state {stage}, before it had an AMI, and cannot be retried.",
    ):
        retry(client, arn)
    assert state_of(client, arn) == state
    assert not any(run["retried"] for run in executions_of(client, arn))


def test_an_import_that_failed(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("PENDING")
    arn = import_image(client)
    with refused(
        "InvalidRequestException",
        400,
        f"The image '{arn}' stopped in the state PENDING, before it had an AMI, and cannot be retried.",
    ):
        retry(client, arn)


def test_a_container_image(client: Any, mocked: Control) -> None:
    create_repository()
    create_container_recipe(client, "web server")
    mocked.fail_next_build("TESTING")
    arn = client.create_image(
        containerRecipeArn=f"{ACCOUNT_BASE}:container-recipe/web-server/1.0.0",
        infrastructureConfigurationArn=f"{ACCOUNT_BASE}:infrastructure-configuration/web-server",
    )["imageBuildVersionArn"]
    with refused("InvalidRequestException", 400, f"The image '{arn}' is a container image and cannot be retried."):
        retry(client, arn)


def test_the_same_token_retries_once(client: Any, mocked: Control) -> None:
    mocked.fail_next_build("TESTING", reason="first")
    arn = create_image(client)
    mocked.fail_next_build("TESTING", reason="second")
    retry(client, arn, clientToken="once")
    assert retry(client, arn, clientToken="once")["imageBuildVersionArn"] == arn
    assert state_of(client, arn)["reason"] == "second"
