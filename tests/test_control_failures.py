"""The handle: which builds, calls and imports go wrong."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mock_imagebuilder import Control, mock_imagebuilder
from tests.build_parts import PARTS, create_distribution, create_infrastructure, create_pipeline, create_recipe
from tests.conftest import REGION
from tests.errors import refused
from tests.images import FAILURE_MEMBERS, TASK, import_image, state_of

STAGES = ["PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING"]


@pytest.fixture
def parts(client: Any, instance_profile: str) -> dict[str, str]:
    """The members of CreateImage for a build that goes through every stage."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    return {**PARTS, "distributionConfigurationArn": create_distribution(client)}


def status_of(client: Any, arn: str) -> str:
    return str(state_of(client, arn)["status"])


class TestFailNextBuild:
    @pytest.mark.parametrize("stage", STAGES)
    def test_in_a_stage(self, mocked: Control, client: Any, parts: Any, stage: str) -> None:
        mocked.fail_next_build(stage, reason="The disk is full.")
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        state = state_of(client, arn)
        assert (state["status"], state["reason"]) == ("FAILED", "The disk is full.")
        assert state["failureContext"]["imageStatus"] == stage
        assert set(state["failureContext"]) == FAILURE_MEMBERS[stage]
        following = client.create_image(**parts)["imageBuildVersionArn"]
        assert status_of(client, following) == "AVAILABLE"

    def test_by_default_while_building(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_next_build()
        state = state_of(client, client.create_image(**parts)["imageBuildVersionArn"])
        context = state["failureContext"]
        assert state["reason"] == (
            f"Workflow Execution ID: '{context['workflowExecutionId']}' failed with reason: "
            f"Document {context['componentFailure']['componentArn']} failed!"
        )
        assert state["failureContext"]["imageStatus"] == "BUILDING"

    def test_a_build_without_the_stage_leaves_it_to_the_next(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_next_build("DISTRIBUTING")
        assert status_of(client, client.create_image(**PARTS)["imageBuildVersionArn"]) == "AVAILABLE"
        assert status_of(client, client.create_image(**parts)["imageBuildVersionArn"]) == "FAILED"

    def test_match(self, mocked: Control, client: Any) -> None:
        mocked.fail_next_build("PENDING", match="web-*")
        assert status_of(client, import_image(client, "db-1")) == "AVAILABLE"
        assert status_of(client, import_image(client, "web-1")) == "FAILED"
        assert status_of(client, import_image(client, "web-2")) == "AVAILABLE"

    def test_several(self, mocked: Control, client: Any) -> None:
        mocked.fail_next_build("PENDING", reason="first")
        mocked.fail_next_build("PENDING", reason="second")
        reasons = [state_of(client, import_image(client, name))["reason"] for name in ("one", "two")]
        assert reasons == ["first", "second"]

    def test_of_a_pipeline(self, mocked: Control, client: Any, parts: Any) -> None:
        pipeline = create_pipeline(client)
        mocked.fail_next_build()
        arn = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
        assert status_of(client, arn) == "FAILED"

    def test_is_forgotten_with_the_mock(self) -> None:
        with mock_imagebuilder() as imagebuilder:
            imagebuilder.fail_next_build("PENDING")
        with mock_imagebuilder():
            client = boto3.client("imagebuilder", region_name=REGION)
            assert status_of(client, import_image(client)) == "AVAILABLE"

    def test_no_such_stage(self, mocked: Control) -> None:
        with pytest.raises(ValueError, match=r"^stage must be one of PENDING, CREATING, .*, not 'AVAILABLE'$"):
            mocked.fail_next_build("AVAILABLE")


class TestFailOperation:
    @pytest.fixture(autouse=True)
    def retries_do_not_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "sleep", lambda _: None)

    @pytest.fixture
    def hasty(self, mocked: Control, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A client that does not try again."""
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        return boto3.client("imagebuilder", region_name=REGION)

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            ("CallRateLimitExceededException", 429),
            ("ServiceQuotaExceededException", 402),
            ("ServiceUnavailableException", 503),
            ("ServiceException", 500),
            ("ForbiddenException", 403),
            ("ThrottlingException", 400),
        ],
    )
    def test_with_an_error(self, mocked: Control, hasty: Any, error: str, status: int) -> None:
        mocked.fail_operation("ListImages", error=error, message="Not now.")
        with refused(error, status, "Not now."):
            hasty.list_images()
        assert hasty.list_images()["imageVersionList"] == []

    def test_other_operations_go_on(self, mocked: Control, hasty: Any) -> None:
        mocked.fail_operation("ListImages", error="ServiceException")
        assert hasty.list_components()["componentVersionList"] == []
        with refused("ServiceException", 500, "Made to fail by the test."):
            hasty.list_images()

    def test_times(self, mocked: Control, hasty: Any) -> None:
        mocked.fail_operation("ListImages", error="ServiceException", times=2)
        for _ in range(2):
            with refused("ServiceException", 500, "Made to fail by the test."):
                hasty.list_images()
        hasty.list_images()

    def test_until_the_reset(self, mocked: Control, hasty: Any) -> None:
        mocked.fail_operation("ListImages", error="ServiceException", times=None)
        for _ in range(20):
            with refused("ServiceException", 500, "Made to fail by the test."):
                hasty.list_images()
        mock_imagebuilder().reset()
        hasty.list_images()

    def test_one_after_the_other(self, mocked: Control, hasty: Any) -> None:
        mocked.fail_operation("ListImages", error="ServiceException")
        mocked.fail_operation("ListImages", error="ForbiddenException")
        with refused("ServiceException", 500, "Made to fail by the test."):
            hasty.list_images()
        with refused("ForbiddenException", 403, "Made to fail by the test."):
            hasty.list_images()

    def test_retries_count(self, mocked: Control, client: Any) -> None:
        """What boto3 is made to survive, it survives."""
        mocked.fail_operation("ListImages", error="ServiceUnavailableException", times=2)
        assert client.list_images()["ResponseMetadata"]["RetryAttempts"] == 2

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    @pytest.mark.parametrize(
        "error", ["TooManyRequestsException", "ThrottlingException", "ServiceUnavailableException", "ServiceException"]
    )
    def test_the_third_attempt_succeeds(self, mocked: Control, mode: Any, error: str) -> None:
        config = Config(retries={"mode": mode, "total_max_attempts": 3})
        client = boto3.client("imagebuilder", region_name=REGION, config=config)
        mocked.fail_operation("ListImages", error=error, times=2)
        assert client.list_images()["ResponseMetadata"]["RetryAttempts"] == 2
        mocked.fail_operation("ListImages", error=error, times=3)
        with pytest.raises(ClientError) as raised:
            client.list_images()
        assert raised.value.response["Error"]["Code"] == error
        assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 2
        assert client.list_images()["ResponseMetadata"]["RetryAttempts"] == 0

    def test_several_operations(self, mocked: Control, hasty: Any) -> None:
        """They are counted together."""
        mocked.fail_operation("List*Recipes", error="TooManyRequestsException", times=3)
        for ask in (hasty.list_image_recipes, hasty.list_container_recipes, hasty.list_image_recipes):
            hasty.list_images()
            with refused("TooManyRequestsException", 429, "Made to fail by the test."):
                ask()
        assert hasty.list_container_recipes()["containerRecipeSummaryList"] == []

    def test_until_it_is_ended(self, mocked: Control, hasty: Any) -> None:
        rule = mocked.fail_operation("*", error="ServiceUnavailableException", times=None)
        for ask in (hasty.list_images, hasty.list_components, hasty.list_images):
            with refused("ServiceUnavailableException", 503, "Made to fail by the test."):
                ask()
        mocked.end_rule(rule)
        assert hasty.list_images()["imageVersionList"] == []

    def test_a_code_that_the_model_lacks(self, mocked: Control, hasty: Any) -> None:
        mocked.fail_operation("ListImages", error="InternalFailure", status=500)
        with refused("InternalFailure", 500, "Made to fail by the test."):
            hasty.list_images()
        mocked.fail_operation("ListImages", error="ForbiddenException", status=403)
        with refused("ForbiddenException", 403, "Made to fail by the test."):
            hasty.list_images()

    def test_threads_are_counted(self, mocked: Control, hasty: Any) -> None:
        mocked.fail_operation("ListImages", error="ServiceException", times=20)

        def fails(_: int) -> bool:
            try:
                hasty.list_images()
            except hasty.exceptions.ServiceException:
                return True
            return False

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(fails, range(40))) == 20

    def test_nothing_is_written(self, mocked: Control, hasty: Any) -> None:
        mocked.fail_operation("ImportVmImage", error="ServiceException")
        with refused("ServiceException", 500, "Made to fail by the test."):
            import_image(hasty)
        assert hasty.list_images()["imageVersionList"] == []

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"operation": "CreateImages"}, "EC2 Image Builder has no operation 'CreateImages'"),
            ({"operation": "create_image"}, "EC2 Image Builder has no operation 'create_image'"),
            ({"operation": "Make*"}, r"EC2 Image Builder has no operation 'Make\*'"),
            ({"operation": "CreateImage", "times": 0}, "times must be positive, or None"),
            ({"operation": "CreateImage", "status": 503}, "status must be 500 for ServiceException, not 503"),
            (
                {"operation": "CreateImage", "error": "InternalFailure", "status": 200},
                "status must be between 400 and 599 for InternalFailure, not 200",
            ),
        ],
    )
    def test_refused(self, mocked: Control, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=f"^{message}$"):
            mocked.fail_operation(**{"error": "ServiceException", **arguments})


class TestImportTask:
    def test_undescribed_tasks_are_complete(self, client: Any) -> None:
        assert status_of(client, import_image(client)) == "AVAILABLE"

    def test_an_image_waits_for_its_task(self, mocked: Control, client: Any) -> None:
        mocked.import_task(TASK, state="active")
        arn = import_image(client)
        assert status_of(client, arn) == "PENDING"
        mocked.import_task(TASK, state="completed", ami_id="ami-0123456789abcdef0")
        assert status_of(client, arn) == "AVAILABLE"
        image = client.get_image(imageBuildVersionArn=arn)["image"]
        assert image["outputResources"]["amis"][0]["image"] == "ami-0123456789abcdef0"
        found = boto3.client("ec2", region_name=REGION).describe_images(ImageIds=["ami-0123456789abcdef0"])
        assert found["Images"][0]["State"] == "available"

    def test_a_task_that_ends_badly(self, mocked: Control, client: Any) -> None:
        mocked.import_task(TASK, state="deleted", status_message="ClientError: Unsupported kernel")
        state = state_of(client, import_image(client))
        assert state["status"] == "FAILED"
        assert "ClientError: Unsupported kernel" in state["reason"]

    def test_another_platform_is_refused(self, mocked: Control, client: Any) -> None:
        mocked.import_task(TASK, platform="Windows")
        with refused("ClientException", 400, f"The platform of the VM import task '{TASK}' is Windows."):
            import_image(client)

    def test_belongs_to_an_account_and_region(self, client: Any) -> None:
        Control(region="eu-west-1").import_task(TASK, state="active")
        Control(account_id="111122223333").import_task(TASK, state="active")
        assert status_of(client, import_image(client)) == "AVAILABLE"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"state": "done"}, "state must be one of active, completed, deleted, not 'done'"),
            ({"platform": "linux"}, "platform must be one of Linux, Windows, macOS, not 'linux'"),
        ],
    )
    def test_refused(self, mocked: Control, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=f"^{message}$"):
            mocked.import_task(TASK, **arguments)
