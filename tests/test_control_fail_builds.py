"""The handle: rules for builds that fail, by where they do, which of them, and how often."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mock_imagebuilder import Control, mock_imagebuilder
from tests.build_parts import (
    MANAGED_BASE,
    PARTS,
    UPDATE_LINUX,
    create_infrastructure,
    create_pipeline,
    create_recipe,
)
from tests.builds import containers
from tests.builds.workflow_runs import INSTANCE, LAUNCH, all_steps_of, build_with, create_workflow, step
from tests.conftest import ACCOUNT, REGION
from tests.images import client_of, create_image, get_image, import_image, output_amis, run_on_schedule, state_of
from tests.resources.components import component_document, create_component
from tests.resources.container_recipes import create as create_container_recipe
from tests.resources.container_recipes import create_repository

UPDATE = f"{MANAGED_BASE}:component/update-linux"
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
BUILD = f"{MANAGED_BASE}:workflow/build/build-image/x.x.x"
PARAMETER = "/imagebuilder/web"
DISTRIBUTE = step("Copy", "DistributeImage")


@pytest.fixture(autouse=True)
def _infrastructure(client: Any, instance_profile: str) -> None:
    create_infrastructure(client, instance_profile)


@pytest.fixture
def smoke_test(client: Any) -> str:
    """A component that tests."""
    return create_component(client, name="Smoke test", data=component_document(phase="test"))


@pytest.fixture
def parts(client: Any, smoke_test: str) -> dict[str, str]:
    """The members of CreateImage for a build that runs one component while BUILDING and one while TESTING."""
    create_recipe(client, components=[{"componentArn": UPDATE_LINUX}, {"componentArn": smoke_test}])
    return PARTS


def statuses(client: Any, number: int, **members: Any) -> list[str]:
    """The statuses of so many builds, one after the other."""
    return [str(state_of(client, create_image(client, **members))["status"]) for _ in range(number)]


def failed_in(client: Any, arn: str) -> str | None:
    """The status in which an image has failed."""
    context = state_of(client, arn).get("failureContext")
    return None if context is None else str(context["imageStatus"])


def to_regions(client: Any, *regions: str) -> str:
    """A configuration that distributes an AMI to these Regions, in their order."""
    distributions = [{"region": region, "amiDistributionConfiguration": {}} for region in regions]
    answer = client.create_distribution_configuration(name="regions", distributions=distributions)
    return str(answer["distributionConfigurationArn"])


def with_parameters(client: Any, *regions: str) -> str:
    """The ARN of a distribution configuration whose copies are named by a parameter in each Region."""
    settings = {"amiDistributionConfiguration": {}, "ssmParameterConfigurations": [{"parameterName": PARAMETER}]}
    distributions = [{"region": region, **settings} for region in regions]
    answer = client.create_distribution_configuration(name="with parameters", distributions=distributions)
    return str(answer["distributionConfigurationArn"])


def parameters(region: str) -> list[Any]:
    found: list[Any] = client_of("ssm", region=region).get_parameters(Names=[PARAMETER])["Parameters"]
    return found


def refusal(message: str, region: str) -> str:
    return (
        f"1) {message} when distributing the image from the source account (ID: {ACCOUNT}) "
        f"to the destination account (ID: {ACCOUNT}) in Region {region}."
    )


class TestComponent:
    @pytest.mark.parametrize(
        "component",
        ["update-linux", "update-*", UPDATE_LINUX, f"{UPDATE}/*", f"{UPDATE}/1.0.2", f"{UPDATE}/1.0.2/1", "*linux"],
    )
    def test_it_fails_as_the_service_has_it(self, mocked: Control, client: Any, parts: Any, component: str) -> None:
        mocked.fail_builds(component=component)
        arn = create_image(client, **parts)
        state = state_of(client, arn)
        context = state["failureContext"]
        failed = all_steps_of(client, arn)["ApplyBuildComponents"]
        text = f"Document {UPDATE}/1.0.2/1 failed!"
        assert state["status"] == "FAILED"
        assert state["reason"] == (
            f"Workflow Execution ID: '{context['workflowExecutionId']}' failed with reason: {text}"
        )
        assert (context["imageStatus"], context["failedStep"]) == ("BUILDING", "ApplyBuildComponents")
        assert context["stepExecutionId"] == failed["stepExecutionId"]
        component_failure = context["componentFailure"]
        assert component_failure["componentArn"] == f"{UPDATE}/1.0.2/1"
        assert (component_failure["phaseName"], component_failure["errorMessage"]) == ("build", "exit status 1")
        assert (failed["status"], failed["message"]) == ("FAILED", text)
        outputs = json.loads(failed["outputs"])
        assert (outputs["status"], outputs["output"]) == ("Failed", text)
        assert re.fullmatch(UUID, outputs["runCommandId"])

    def test_it_fails_where_it_runs(self, mocked: Control, client: Any, parts: Any, smoke_test: str) -> None:
        """Not the first component of the recipe, and not in the first stage with workflows."""
        mocked.fail_builds(component="Smoke*", reason="The page is empty.")
        state = state_of(client, create_image(client, **parts))
        assert state["reason"] == "The page is empty."
        context = state["failureContext"]
        assert (context["imageStatus"], context["failedStep"]) == ("TESTING", "ApplyTestComponents")
        assert context["componentFailure"]["componentArn"] == smoke_test
        assert context["componentFailure"]["phaseName"] == "test"
        assert context["componentFailure"]["errorMessage"] == "The page is empty."

    def test_a_build_without_it_leaves_it_to_the_next(self, mocked: Control, client: Any, parts: Any) -> None:
        plain = create_recipe(client, name="plain")
        mocked.fail_builds(component="Smoke test")
        assert statuses(client, 1, imageRecipeArn=plain) == ["AVAILABLE"]
        assert statuses(client, 2, **parts) == ["FAILED", "AVAILABLE"]

    def test_it_does_not_run_in_another_stage(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds("TESTING", component="update-linux")
        assert statuses(client, 1, **parts) == ["AVAILABLE"]

    def test_nor_without_a_step_that_runs_components(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(component="Smoke test")
        bare = create_workflow(client, "TEST", LAUNCH)
        assert state_of(client, build_with(client, BUILD, bare, **parts))["status"] == "AVAILABLE"
        assert statuses(client, 1, **parts) == ["FAILED"]

    def test_in_a_step_with_a_name(self, mocked: Control, client: Any, parts: Any) -> None:
        applies = [step(name, "ExecuteComponents", INSTANCE) for name in ("First", "Second")]
        workflow = create_workflow(client, "TEST", LAUNCH, *applies)
        mocked.fail_builds(component="Smoke test", step="Second")
        arn = build_with(client, BUILD, workflow, **parts)
        assert state_of(client, arn)["failureContext"]["failedStep"] == "Second"
        assert all_steps_of(client, arn)["First"]["status"] == "COMPLETED"

    def test_a_component_that_no_recipe_has(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(component="no-such-component", times=None)
        assert statuses(client, 1, **parts) == ["AVAILABLE"]


class TestStep:
    def test_without_a_stage_it_fails_where_it_is(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(step="LaunchTestInstance")
        assert failed_in(client, create_image(client, **parts)) == "TESTING"

    def test_with_a_stage_that_does_not_run_it(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds("BUILDING", step="LaunchTestInstance")
        assert statuses(client, 1, **parts) == ["AVAILABLE"]

    def test_several_steps_of_one_build(self, mocked: Control, client: Any, parts: Any) -> None:
        """Rules that last do not stand in each other's way."""
        mocked.fail_builds(step="TerminateTestInstance", times=None)
        mocked.fail_builds(step="CreateOutputAMI", match="other", times=None)
        mocked.fail_builds(step="TerminateBuildInstance")
        arn = create_image(client, **parts)
        # Both are written to continue.
        steps = all_steps_of(client, arn)
        assert state_of(client, arn)["status"] == "AVAILABLE"
        failed = {name for name, step in steps.items() if step["status"] == "FAILED"}
        assert failed == {"TerminateTestInstance", "TerminateBuildInstance"}

    def test_a_step_that_is_skipped_fails_nothing(self, mocked: Control, client: Any, parts: Any) -> None:
        """RunSysPrepScript is for Windows."""
        rule = mocked.fail_builds(step="RunSysPrepScript")
        assert statuses(client, 2, **parts) == ["AVAILABLE"] * 2
        mocked.end_rule(rule)


class TestRegion:
    def test_the_others_get_their_copies(self, mocked: Control, client: Any, parts: Any) -> None:
        distribution = to_regions(client, "eu-west-1", "us-west-2", "us-east-2")
        mocked.fail_builds(region="us-west-2")
        arn = create_image(client, **parts, distributionConfigurationArn=distribution)
        amis = output_amis(client, arn)
        assert [ami["region"] for ami in amis] == ["us-east-1", "eu-west-1", "us-east-2"]
        for region, number in (("eu-west-1", 1), ("us-west-2", 0), ("us-east-2", 1)):
            assert len(client_of("ec2", region=region).describe_images(Owners=["self"])["Images"]) == number
        state = state_of(client, arn)
        message = f"AMI Copy Reported Failure For {amis[0]['image']}"
        frame = f"for ARN '{arn}'. 'Not all distribution jobs are completed. {refusal(message, 'us-west-2')}'"
        assert state["status"] == "FAILED"
        assert re.fullmatch(
            f"Distribution failed with JobId '{UUID}', status = 'Failed' {re.escape(frame)}", state["reason"]
        )
        assert state["failureContext"] == {
            "imageStatus": "DISTRIBUTING",
            "distributionFailure": {
                "errorMessage": refusal(message, "us-west-2"),
                "regionFailures": [{"region": "us-west-2", "status": "FAILED", "errorMessage": message}],
            },
        }

    def test_a_retry_goes_on(self, mocked: Control, client: Any, parts: Any) -> None:
        distribution = to_regions(client, "eu-west-1", "us-west-2")
        mocked.fail_builds("DISTRIBUTING", region="us-west-2", reason="No capacity.")
        arn = create_image(client, **parts, distributionConfigurationArn=distribution)
        state = state_of(client, arn)
        assert state["reason"] == "No capacity."
        (failure,) = state["failureContext"]["distributionFailure"]["regionFailures"]
        assert failure["errorMessage"] == "No capacity."
        client.retry_image(imageBuildVersionArn=arn)
        assert state_of(client, arn)["status"] == "AVAILABLE"
        assert [ami["region"] for ami in output_amis(client, arn)] == ["us-east-1", "eu-west-1", "us-west-2"]

    def test_an_image_that_does_not_go_there(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(region="us-west-2")
        distribution = to_regions(client, "eu-west-1")
        assert statuses(client, 1, **parts) == ["AVAILABLE"]
        assert statuses(client, 1, **parts, distributionConfigurationArn=distribution) == ["AVAILABLE"]

    def test_containers(self, mocked: Control, client: Any, instance_profile: str) -> None:
        create_repository()
        create_repository("web", "eu-west-1")
        create_container_recipe(client, "web server")
        distribution = containers.distribution(client, containers.container("eu-west-1"))
        mocked.fail_builds(region="eu-west-1", reason="The push was denied")
        arn = containers.build(client, distributionConfigurationArn=distribution)
        assert state_of(client, arn)["reason"] == "The push was denied"
        assert list(containers.containers(client, arn)) == [REGION]
        mocked.fail_builds(region=REGION)
        assert failed_in(client, containers.build(client)) == "DISTRIBUTING"

    def test_what_is_to_use_the_image_there(self, mocked: Control, client: Any, parts: Any) -> None:
        """The other Regions get their parameters, and all have their copies."""
        distribution = with_parameters(client, "eu-west-1", "us-west-2")
        mocked.fail_builds("INTEGRATING", region="eu-west-1", times=1)
        arn = create_image(client, **parts, distributionConfigurationArn=distribution)
        context = state_of(client, arn)["failureContext"]
        assert context["imageStatus"] == "INTEGRATING"
        assert context["distributionFailure"]["regionFailures"] == [
            {
                "region": "eu-west-1",
                "status": "FAILED",
                "imageConfigurationStep": "PUT_SSM_PARAMETERS",
                "errorMessage": "The build was made to fail by the test.",
            }
        ]
        assert [ami["region"] for ami in output_amis(client, arn)] == [REGION, "eu-west-1", "us-west-2"]
        assert [len(parameters(region)) for region in ("eu-west-1", "us-west-2")] == [0, 1]
        client.retry_image(imageBuildVersionArn=arn)
        assert state_of(client, arn)["status"] == "AVAILABLE"
        assert [len(parameters(region)) for region in ("eu-west-1", "us-west-2")] == [1, 1]

    def test_nothing_is_to_use_the_image_there(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds("INTEGRATING", region="eu-west-1")
        distribution = to_regions(client, "eu-west-1")
        assert statuses(client, 2, **parts, distributionConfigurationArn=distribution) == ["AVAILABLE"] * 2

    def test_what_a_workflow_configures(self, mocked: Control, client: Any, parts: Any) -> None:
        copies = {"distributedImages.$": "$.stepOutputs.Copy.distributedImages"}
        configure = step("Configure", "ApplyImageConfigurations", copies)
        workflow = create_workflow(client, "DISTRIBUTION", DISTRIBUTE, configure)
        distribution = with_parameters(client, "eu-west-1")
        mocked.fail_builds("INTEGRATING", region="eu-west-1", reason="No more parameters.")
        arn = build_with(client, BUILD, workflow, **parts, distributionConfigurationArn=distribution)
        state = state_of(client, arn)
        assert (state["status"], state["reason"]) == ("FAILED", "No more parameters.")
        assert state["failureContext"]["failedStep"] == "Configure"

    def test_in_a_workflow(self, mocked: Control, client: Any, parts: Any) -> None:
        """The step goes on with the other Regions, and fails."""
        workflow = create_workflow(client, "DISTRIBUTION", DISTRIBUTE)
        distribution = to_regions(client, "eu-west-1", "us-west-2")
        mocked.fail_builds(region="eu-west-1", reason="No capacity.")
        arn = build_with(client, BUILD, workflow, **parts, distributionConfigurationArn=distribution)
        state = state_of(client, arn)
        assert (state["status"], state["reason"]) == ("FAILED", "No capacity.")
        assert state["failureContext"]["failedStep"] == "Copy"
        (failure,) = state["failureContext"]["distributionFailure"]["regionFailures"]
        assert (failure["region"], failure["errorMessage"]) == ("eu-west-1", "No capacity.")
        copies = json.loads(all_steps_of(client, arn)["Copy"]["outputs"])["distributedImages"]
        assert [(copy["region"], copy["status"]) for copy in copies] == [
            ("eu-west-1", "Failed"),
            ("us-west-2", "Completed"),
        ]

    def test_a_workflow_that_goes_elsewhere_leaves_it_to_the_next(
        self, mocked: Control, client: Any, parts: Any
    ) -> None:
        """Where the step of a workflow goes is known only when it runs."""
        workflow = create_workflow(client, "DISTRIBUTION", DISTRIBUTE)
        east = to_regions(client, "us-east-2")
        mocked.fail_builds(region="eu-west-1")
        arn = build_with(client, BUILD, workflow, **parts, distributionConfigurationArn=east)
        assert state_of(client, arn)["status"] == "AVAILABLE"
        client.update_distribution_configuration(
            distributionConfigurationArn=east,
            distributions=[{"region": "eu-west-1", "amiDistributionConfiguration": {}}],
        )
        assert statuses(client, 2, **parts, distributionConfigurationArn=east) == ["FAILED", "AVAILABLE"]


class TestWhichBuilds:
    def test_of_a_recipe(self, mocked: Control, client: Any, parts: Any) -> None:
        second = create_recipe(client, version="2.0.0")
        other = create_recipe(client, name="database")
        mocked.fail_builds(recipe="*:image-recipe/web-server/2.*", times=None)
        mocked.fail_builds(recipe="data*", times=None)
        found = {arn: statuses(client, 1, imageRecipeArn=arn) for arn in (parts["imageRecipeArn"], second, other)}
        assert found == {parts["imageRecipeArn"]: ["AVAILABLE"], second: ["FAILED"], other: ["FAILED"]}

    def test_an_import_has_no_recipe(self, mocked: Control, client: Any) -> None:
        mocked.fail_builds("PENDING", recipe="*", times=None)
        assert state_of(client, import_image(client))["status"] == "AVAILABLE"

    def test_of_a_pipeline(self, mocked: Control, client: Any, parts: Any) -> None:
        nightly, weekly = (create_pipeline(client, name) for name in ("Nightly run", "weekly"))
        mocked.fail_builds(pipeline="Nightly *")
        mocked.fail_builds(pipeline=weekly)
        assert statuses(client, 1, **parts) == ["AVAILABLE"]
        for pipeline in (nightly, weekly):
            arn = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
            assert state_of(client, arn)["status"] == "FAILED"

    def test_scheduled_builds_are_builds(self, mocked: Control, client: Any, parts: Any) -> None:
        pipeline = create_pipeline(client)
        mocked.fail_builds(pipeline="nightly")
        arn = run_on_schedule(pipeline)
        assert (state_of(client, arn)["status"], get_image(client, arn)["buildType"]) == ("FAILED", "SCHEDULED")

    def test_the_nth(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(nth=3)
        assert statuses(client, 5, **parts) == ["AVAILABLE", "AVAILABLE", "FAILED", "AVAILABLE", "AVAILABLE"]

    def test_from_the_nth_on(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(nth=2, times=None)
        assert statuses(client, 4, **parts) == ["AVAILABLE", "FAILED", "FAILED", "FAILED"]

    def test_only_builds_that_fit_are_counted(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(component="Smoke test", nth=2)
        plain = create_recipe(client, name="plain")
        assert statuses(client, 1, imageRecipeArn=plain) == ["AVAILABLE"]
        assert statuses(client, 3, **parts) == ["AVAILABLE", "FAILED", "AVAILABLE"]

    def test_a_build_that_comes_past_its_step_is_not_counted(self, mocked: Control, client: Any, parts: Any) -> None:
        skipped = create_workflow(
            client,
            "TEST",
            LAUNCH,
            step("Check", "WaitForSSMAgent", INSTANCE, if_={"numberEquals": 1, "value": 2}),
        )
        runs = create_workflow(client, "TEST", LAUNCH, step("Check", "WaitForSSMAgent", INSTANCE), name="runs")
        mocked.fail_builds(step="Check")
        found = [
            state_of(client, build_with(client, BUILD, workflow, **parts))["status"]
            for workflow in (skipped, runs, runs)
        ]
        assert found == ["AVAILABLE", "FAILED", "AVAILABLE"]

    def test_times(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds(times=2)
        assert statuses(client, 3, **parts) == ["FAILED", "FAILED", "AVAILABLE"]

    def test_builds_that_have_begun_go_on(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        begun = create_image(client, **parts)
        mocked.fail_builds(times=None)
        following = create_image(client, **parts)
        assert mocked.advance(begun, to="AVAILABLE") == "AVAILABLE"
        assert mocked.advance(following, to="FAILED") == "FAILED"

    def test_a_build_that_is_cancelled_leaves_it_to_the_next(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        mocked.fail_builds("TESTING")
        cancelled = create_image(client, **parts)
        client.cancel_image_creation(imageBuildVersionArn=cancelled)
        assert mocked.advance(create_image(client, **parts), to="FAILED") == "FAILED"


class TestRulesThatLast:
    def test_until_it_is_ended(self, mocked: Control, client: Any, parts: Any) -> None:
        rule = mocked.fail_builds(times=None)
        assert statuses(client, 3, **parts) == ["FAILED"] * 3
        mocked.end_rule(rule)
        assert statuses(client, 1, **parts) == ["AVAILABLE"]

    def test_a_retry_fails_until_it_is_ended(self, mocked: Control, client: Any, parts: Any) -> None:
        rule = mocked.fail_builds("TESTING", times=None, reason="The network is down.")
        arn = create_image(client, **parts)
        for _ in range(2):
            client.retry_image(imageBuildVersionArn=arn)
            assert state_of(client, arn)["reason"] == "The network is down."
        mocked.end_rule(rule)
        client.retry_image(imageBuildVersionArn=arn)
        assert state_of(client, arn) == {"status": "AVAILABLE"}

    def test_a_build_on_its_way_does_not_fail_any_more(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        once, lasting = mocked.fail_builds("TESTING"), mocked.fail_builds("TESTING", times=None)
        arn = create_image(client, **parts)
        mocked.end_rule(once)
        mocked.end_rule(lasting)
        assert mocked.advance(arn, to="AVAILABLE") == "AVAILABLE"
        assert mocked.advance(create_image(client, **parts), to="AVAILABLE") == "AVAILABLE"

    def test_next_to_one_that_is_counted(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_builds("TESTING", times=None, reason="lasting")
        mocked.fail_next_build(reason="first")
        mocked.fail_next_build(reason="second")
        reasons = [state_of(client, create_image(client, **parts))["reason"] for _ in range(3)]
        assert reasons == ["first", "second", "lasting"]

    def test_ids(self, mocked: Control, client: Any, parts: Any) -> None:
        rules = [
            mocked.fail_builds(),
            mocked.fail_next_build(),
            mocked.fail_operation("Get*", error="ServiceException"),
        ]
        assert len(set(rules)) == 3
        mocked.end_rule(rules[2])
        assert statuses(client, 3, **parts) == ["FAILED", "FAILED", "AVAILABLE"]
        # It has failed its build: there is nothing left to end.
        mocked.end_rule(rules[0])
        with pytest.raises(LookupError, match=r"^'there is no rule rule-9'$|^there is no rule rule-9$"):
            mocked.end_rule("rule-9")

    def test_a_reset_forgets_them(self, mocked: Control, client: Any) -> None:
        rule = mocked.fail_builds("PENDING", times=None)
        mock_imagebuilder().reset()
        assert state_of(client, import_image(client))["status"] == "AVAILABLE"
        with pytest.raises(LookupError, match="there is no rule"):
            mocked.end_rule(rule)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"stage": "AVAILABLE"},
            "stage must be one of PENDING, CREATING, BUILDING, TESTING, DISTRIBUTING, INTEGRATING, not 'AVAILABLE'",
        ),
        (
            {"stage": "CREATING", "step": "Launch"},
            "stage must be BUILDING or TESTING or DISTRIBUTING for a step, not 'CREATING'",
        ),
        (
            {"stage": "DISTRIBUTING", "component": "nginx"},
            "stage must be BUILDING or TESTING for a component, not 'DISTRIBUTING'",
        ),
        (
            {"stage": "BUILDING", "region": "eu-west-1"},
            "stage must be DISTRIBUTING or INTEGRATING for a region, not 'BUILDING'",
        ),
        (
            {"region": "eu-west-1", "step": "Copy"},
            "a region fails in the distribution, where no step and no component is needed to name it",
        ),
        (
            {"region": "eu-west-1", "component": "nginx"},
            "a region fails in the distribution, where no step and no component is needed to name it",
        ),
        ({"region": "mars-1"}, "the Region 'mars-1' does not exist"),
        ({"nth": 0}, "nth must be positive"),
        ({"times": 0}, "times must be positive, or None"),
    ],
)
def test_what_can_never_happen(mocked: Control, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared
        mocked.fail_builds(**arguments)
    assert str(raised.value) == message
