"""The handle: how a test decides how far a build is, and what there is to begin with."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from freezegun import freeze_time
from moto.moto_api import state_manager

from mock_imagebuilder import Control, mock_imagebuilder
from mock_imagebuilder.imagebuilder.exceptions import ImageBuilderException
from tests.build_parts import PARTS, create_distribution, create_infrastructure, create_recipe
from tests.conftest import ACCOUNT, REGION
from tests.images import TASK, import_image, state_of

STAGES = ["PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "INTEGRATING"]
NO_IMAGE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/web-server/1.0.0/1"


@pytest.fixture
def parts(client: Any, instance_profile: str) -> dict[str, str]:
    """The members of CreateImage for a build that goes through every stage."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    return {**PARTS, "distributionConfigurationArn": create_distribution(client)}


def status_of(client: Any, arn: str) -> str:
    return str(state_of(client, arn)["status"])


class TestProgress:
    def test_immediate_is_the_default(self, client: Any, parts: Any) -> None:
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        assert state_of(client, arn) == {"status": "AVAILABLE"}

    def test_manual(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual")
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        assert [status_of(client, arn) for _ in range(7)] == [*STAGES[1:], "AVAILABLE", "AVAILABLE"]

    def test_manual_with_times(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=2)
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        assert [status_of(client, arn) for _ in range(4)] == ["PENDING", "CREATING", "CREATING", "BUILDING"]

    def test_time(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("time", seconds=60)
        with freeze_time("2030-01-01T00:00:00Z") as clock:
            arn = client.create_image(**parts)["imageBuildVersionArn"]
            assert status_of(client, arn) == "PENDING"
            clock.tick(59)
            assert status_of(client, arn) == "PENDING"
            clock.tick(1)
            assert status_of(client, arn) == "CREATING"
            clock.tick(60 * 5)
            assert status_of(client, arn) == "AVAILABLE"

    def test_changes_a_running_build(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        mocked.progress("immediate")
        assert status_of(client, arn) == "AVAILABLE"

    def test_is_that_of_the_state_manager(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=3)
        transition = {"progression": "manual", "times": 3}
        assert state_manager.get_transition("imagebuilder::image") == transition
        state_manager.set_transition("imagebuilder::image", {"progression": "immediate"})
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        assert status_of(client, arn) == "AVAILABLE"

    def test_is_forgotten_with_the_mock(self) -> None:
        with mock_imagebuilder() as imagebuilder:
            imagebuilder.progress("manual")
        assert state_manager.get_transition("imagebuilder::image") == {"progression": "immediate"}

    def test_a_transition_of_the_user_is_left_alone(self) -> None:
        state_manager.set_transition("imagebuilder::image", {"progression": "manual", "times": 5})
        try:
            with mock_imagebuilder():
                pass
            assert state_manager.get_transition("imagebuilder::image") == {"progression": "manual", "times": 5}
        finally:
            state_manager.unset_transition("imagebuilder::image")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"progression": "slow"}, "progression must be one of immediate, manual, time, not 'slow'"),
            ({"progression": "manual", "times": 0}, "times is a positive number of observations"),
            ({"progression": "manual", "seconds": 1}, "seconds is the length of a stage"),
            ({"progression": "immediate", "times": 1}, "times is a positive number of observations"),
            ({"progression": "time"}, "seconds is the length of a stage"),
            ({"progression": "time", "seconds": -1}, "seconds is the length of a stage"),
            ({"progression": "time", "seconds": 1, "times": 1}, "times is a positive number of observations"),
        ],
    )
    def test_refused(self, mocked: Control, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=f"^{message}"):
            mocked.progress(**arguments)
        assert state_manager.get_transition("imagebuilder::image") == {"progression": "immediate"}


class TestAdvance:
    @pytest.fixture
    def waiting(self, mocked: Control, client: Any, parts: Any) -> str:
        """A build that goes on only when it is told to."""
        mocked.progress("manual", times=1000)
        return str(client.create_image(**parts)["imageBuildVersionArn"])

    def test_one_stage_at_a_time(self, mocked: Control, client: Any, waiting: str) -> None:
        assert status_of(client, waiting) == "PENDING"
        assert [mocked.advance(waiting) for _ in range(6)] == [*STAGES[1:], "AVAILABLE"]
        assert status_of(client, waiting) == "AVAILABLE"

    def test_an_image_that_is_ready_stays_so(self, mocked: Control) -> None:
        assert mocked.advance(mocked.make_image()) == "AVAILABLE"

    @pytest.mark.parametrize("stage", [*STAGES, "AVAILABLE"])
    def test_to_a_status(self, mocked: Control, client: Any, waiting: str, stage: str) -> None:
        assert mocked.advance(waiting, to=stage) == stage
        assert status_of(client, waiting) == stage

    def test_what_a_stage_makes_is_there_afterwards(self, mocked: Control, client: Any, waiting: str) -> None:
        ec2 = boto3.client("ec2", region_name=REGION)

        def amis() -> int:
            own = ec2.describe_images(Owners=["self"])["Images"]
            return sum({"Key": "Ec2ImageBuilderArn", "Value": waiting} in ami.get("Tags", []) for ami in own)

        mocked.advance(waiting, to="BUILDING")
        assert amis() == 0
        mocked.advance(waiting, to="TESTING")
        assert amis() == 1
        mocked.advance(waiting, to="AVAILABLE")
        assert amis() == 1

    def test_to_a_failure(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=1000)
        mocked.fail_next_build("TESTING", reason="No answer on port 80.")
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        assert mocked.advance(arn, to="FAILED") == "FAILED"
        assert state_of(client, arn)["reason"] == "No answer on port 80."

    def test_a_status_that_does_not_come(self, mocked: Control, waiting: str) -> None:
        mocked.advance(waiting, to="TESTING")
        with pytest.raises(ValueError, match="does not come to BUILDING"):
            mocked.advance(waiting, to="BUILDING")

    def test_a_build_that_waits(self, mocked: Control, client: Any) -> None:
        mocked.import_task(TASK, state="active")
        arn = import_image(client)
        assert mocked.advance(arn) == "PENDING"
        with pytest.raises(ValueError, match="is PENDING and does not come to AVAILABLE"):
            mocked.advance(arn, to="AVAILABLE")

    def test_no_image(self, mocked: Control) -> None:
        with pytest.raises(LookupError, match=f"there is no image {NO_IMAGE}"):
            mocked.advance(NO_IMAGE)

    def test_no_arn(self, mocked: Control) -> None:
        with pytest.raises(ValueError, match="not an Image Builder ARN: 'web-server'"):
            mocked.advance("web-server")

    def test_of_another_account_and_region(self, mocked: Control) -> None:
        arn = Control(account_id="111122223333", region="eu-west-1").make_image()
        assert mocked.advance(arn) == "AVAILABLE"


class TestMakeImage:
    def test_in_one_line(self, mocked: Control, client: Any) -> None:
        arn = mocked.make_image()
        assert arn == f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/my-image/1.0.0/1"
        image = client.get_image(imageBuildVersionArn=arn)["image"]
        assert (image["name"], image["version"], image["platform"]) == ("my-image", "1.0.0/1", "Linux")
        assert image["state"] == {"status": "AVAILABLE"}
        ami = image["outputResources"]["amis"][0]["image"]
        found = boto3.client("ec2", region_name=REGION).describe_images(ImageIds=[ami])["Images"]
        assert found[0]["OwnerId"] == ACCOUNT

    def test_as_wanted(self, mocked: Control, client: Any) -> None:
        arn = mocked.make_image(
            "Web Server", "2.3.4", platform="Windows", os_version="Windows Server 2022", tags={"team": "web"}
        )
        image = client.get_image(imageBuildVersionArn=arn)["image"]
        assert arn.endswith(":image/web-server/2.3.4/1")
        assert image["name"] == "Web Server"
        assert (image["platform"], image["osVersion"]) == ("Windows", "Windows Server 2022")
        assert image["tags"] == {"team": "web"}

    def test_twice_are_two_builds(self, mocked: Control) -> None:
        arns = [mocked.make_image("golden") for _ in range(2)]
        assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2"]

    @pytest.mark.parametrize("progression", [{"progression": "manual"}, {"progression": "time", "seconds": 3600}])
    def test_whatever_the_progression(self, mocked: Control, client: Any, progression: dict[str, Any]) -> None:
        mocked.progress(**progression)
        assert status_of(client, mocked.make_image()) == "AVAILABLE"

    def test_in_another_account_and_region(self, client: Any) -> None:
        arn = Control(account_id="111122223333", region="eu-west-1").make_image("golden")
        assert arn == "arn:aws:imagebuilder:eu-west-1:111122223333:image/golden/1.0.0/1"
        assert client.list_images()["imageVersionList"] == []

    def test_can_be_a_parent_image(self, mocked: Control, client: Any) -> None:
        arn = mocked.make_image("base")
        answer = client.create_image_recipe(name="next", semanticVersion="1.0.0", parentImage=arn)
        assert answer["imageRecipeArn"].endswith(":image-recipe/next/1.0.0")

    def test_refused(self, mocked: Control) -> None:
        with pytest.raises(ImageBuilderException, match="semantic version"):
            mocked.make_image("golden", "1073741824.0.0")


class TestSetPackages:
    PACKAGES = {"nginx": "1.26.1", "openssl": "3.0.13"}

    @pytest.mark.parametrize(
        ("collects_metadata", "found"),
        [
            (True, [{"packageName": name, "packageVersion": version} for name, version in PACKAGES.items()]),
            (False, []),
        ],
    )
    def test_versions_by_name(
        self, mocked: Control, client: Any, parts: Any, collects_metadata: bool, found: list[Any]
    ) -> None:
        answer = client.create_image(**parts, enhancedImageMetadataEnabled=collects_metadata)
        mocked.set_packages(answer["imageBuildVersionArn"], self.PACKAGES)
        listed = client.list_image_packages(imageBuildVersionArn=answer["imageBuildVersionArn"])
        assert listed["imagePackageList"] == found

    def test_none_by_default(self, client: Any, parts: Any) -> None:
        arn = client.create_image(**parts)["imageBuildVersionArn"]
        assert client.list_image_packages(imageBuildVersionArn=arn)["imagePackageList"] == []
