"""The timeline: what it says of builds, as data, as text and over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
import requests
import time_machine

from mock_imagebuilder import Control, imagebuilder_backends
from mock_imagebuilder.timeline import ImageTimeline, find_image, image_timeline, timeline
from mock_imagebuilder.timeline_text import duration
from tests.build_parts import create_infrastructure, create_recipe
from tests.builds import containers
from tests.builds.integration import create_template
from tests.conftest import ACCOUNT, REGION
from tests.images import create_image, import_image, state_of
from tests.timeline_story import MINUTES, START, Story

NO_IMAGE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/web-server/1.0.0/1"


@pytest.fixture
def story(mocked: Control) -> Iterator[Story]:
    with time_machine.travel(START, tick=False) as clock:
        yield Story(mocked, clock.shift)


@pytest.fixture
def parts(client: Any, instance_profile: str) -> None:
    """For a build without a distribution configuration."""
    create_recipe(client)
    create_infrastructure(client, instance_profile)


def of(image_arn: str) -> ImageTimeline:
    return image_timeline(find_image(image_arn))


def stages_of(image: ImageTimeline) -> list[tuple[str, str, int]]:
    return [(stage["status"], stage["state"], stage["attempt"]) for stage in image["stages"]]


def minutes(start: datetime | None, end: datetime | None) -> float:
    assert start is not None
    assert end is not None
    return round((end - start) / timedelta(minutes=1), 3)


class TestStages:
    def test_each_takes_its_time(self, story: Story) -> None:
        story.tell()
        (first,) = [image for image in timeline()["images"] if image["version"] == "1.0.0/1" and image["pipeline_arn"]]
        took = {stage["status"]: minutes(stage["started"], stage["ended"]) for stage in first["stages"]}
        assert took == MINUTES
        assert minutes(first["created"], first["ended"]) == sum(MINUTES.values())
        (build,) = first["stages"][2]["workflows"]
        assert (build["name"], build["type"], build["status"]) == ("build-image 1.0.3/1", "BUILD", "COMPLETED")
        assert build["started"] == build["steps"][0]["started"] == first["stages"][2]["started"]
        assert minutes(build["started"], build["ended"]) == MINUTES["BUILDING"]

    def test_a_build_that_has_run_at_once(self, client: Any, parts: None) -> None:
        image = of(create_image(client))
        done = ["PENDING", "CREATING", "BUILDING", "TESTING"]
        assert stages_of(image) == [(status, "done", 1) for status in done]
        moments = {moment for stage in image["stages"] for moment in (stage["started"], stage["ended"])}
        assert moments == {image["created"]} == {image["ended"]}

    def test_a_running_build(self, mocked: Control, client: Any, parts: None) -> None:
        mocked.progress("manual")
        arn = create_image(client)
        ahead = ["CREATING", "BUILDING", "TESTING"]
        assert stages_of(of(arn)) == [("PENDING", "running", 1), *((status, "ahead", 1) for status in ahead)]
        mocked.advance(arn, to="BUILDING")
        image = of(arn)
        assert stages_of(image)[1:3] == [("CREATING", "done", 1), ("BUILDING", "running", 1)]
        assert image["ended"] is None
        (build,) = image["stages"][2]["workflows"]
        assert [step["status"] for step in build["steps"]] == ["RUNNING", *["PENDING"] * 6]
        mocked.advance(arn, to="AVAILABLE")
        assert {state for _, state, _ in stages_of(of(arn))} == {"done"}

    def test_a_cancelled_build(self, mocked: Control, client: Any, parts: None) -> None:
        mocked.progress("manual")
        arn = create_image(client)
        mocked.advance(arn, to="CREATING")
        client.cancel_image_creation(imageBuildVersionArn=arn)
        image = of(arn)
        assert stages_of(image) == [("PENDING", "done", 1), ("CREATING", "cancelled", 1)]
        assert (image["status"], image["reason"], image["failure"]) == ("CANCELLED", None, [])

    def test_a_retried_build(self, mocked: Control, client: Any, parts: None) -> None:
        """At once each time: nothing but the retries tell the attempts apart."""
        for reason in ("first", "second"):
            mocked.fail_next_build("TESTING", reason=reason)
        arn = create_image(client)
        assert stages_of(of(arn))[-1] == ("TESTING", "failed", 1)
        assert of(arn)["attempts"] == 1
        client.retry_image(imageBuildVersionArn=arn)
        client.retry_image(imageBuildVersionArn=arn)
        image = of(arn)
        assert stages_of(image)[3:] == [("TESTING", "failed", 1), ("TESTING", "failed", 2), ("TESTING", "done", 3)]
        assert (image["status"], image["attempts"]) == ("AVAILABLE", 3)
        tests = [stage["workflows"] for stage in image["stages"][3:]]
        assert [[(run["message"], run["retried"]) for run in runs] for runs in tests] == [
            [("first", True)],
            [("second", True)],
            [(None, False)],
        ]

    def test_an_image_that_is_deprecated_later(self, client: Any) -> None:
        arn = import_image(client)
        find_image(arn).update(state={"status": "DEPRECATED"})
        assert stages_of(of(arn)) == [("PENDING", "done", 1)]

    def test_a_failed_image_that_is_disabled_later(self, mocked: Control, client: Any) -> None:
        mocked.fail_next_build("PENDING")
        arn = import_image(client)
        find_image(arn).update(state={"status": "DISABLED"})
        assert stages_of(of(arn)) == [("PENDING", "failed", 1)]

    def test_a_waiting_step(self, story: Story) -> None:
        image = of(story.tell()[-1])
        assert (image["status"], image["stages"][-1]["state"]) == ("TESTING", "running")
        (step,) = image["stages"][-1]["workflows"][0]["steps"]
        assert (step["name"], step["action"], step["status"], step["waits"]) == (
            "Approve",
            "WaitForAction",
            "RUNNING",
            True,
        )
        assert step["started"] is not None
        assert step["waits_until"] == step["started"] + timedelta(days=3)


class TestFailures:
    def test_a_step(self, story: Story) -> None:
        image = of(story.tell()[2])
        assert image["region"] == "eu-west-1"
        assert image["reason"] is not None
        assert image["reason"].endswith("component/update-linux/1.0.2/1 failed!")
        assert image["failure"] == [
            "failed in BUILDING, step ApplyBuildComponents",
            "component update-linux 1.0.2/1, phase build, step StandIn, action ExecuteBash: exit status 1",
        ]
        (build,) = image["stages"][-1]["workflows"]
        launch, apply = build["steps"][:2]
        assert (launch["status"], launch["rollback_status"]) == ("COMPLETED", "COMPLETED")
        assert (apply["status"], apply["message"]) == ("FAILED", build["message"])

    def test_an_export(self, client: Any, parts: None) -> None:
        export = {"roleName": "nobody", "diskImageFormat": "VMDK", "s3Bucket": "disks"}
        configuration = client.create_distribution_configuration(
            name="export", distributions=[{"region": REGION, "s3ExportConfiguration": export}]
        )
        image = of(create_image(client, distributionConfigurationArn=configuration["distributionConfigurationArn"]))
        assert image["failure"][0] == "failed in INTEGRATING"
        assert image["failure"][1].startswith("us-east-1 EXPORT_AMI: EC2 Client Error: 'The service role nobody ")


class TestOutputs:
    def test_amis_and_disks(self, story: Story) -> None:
        image = of(story.tell()[0])
        kinds = [(output["kind"], output["region"], output["account_id"]) for output in image["outputs"]]
        assert kinds == [
            ("AMI", "us-east-1", ACCOUNT),
            ("AMI", "eu-west-1", ACCOUNT),
            ("S3 export", "us-east-1", ACCOUNT),
        ]
        names = [output["name"] for output in image["outputs"]]
        assert names[0] == names[1] is not None
        assert names[2] is None
        key = image["outputs"][2]["id"].removeprefix("s3://golden-image-disks/")
        boto3.client("s3", region_name=REGION).head_object(Bucket="golden-image-disks", Key=key)

    def test_what_uses_the_amis(self, client: Any, parts: None, mocked: Control) -> None:
        template = create_template()
        distributions: list[Any] = [
            {
                "region": REGION,
                "launchTemplateConfigurations": [{"launchTemplateId": template}],
                "ssmParameterConfigurations": [{"parameterName": "/imagebuilder/web"}],
            }
        ]
        configuration = client.create_distribution_configuration(name="used", distributions=distributions)
        mocked.fail_next_build("INTEGRATING", reason="Later.")
        arn = create_image(client, distributionConfigurationArn=configuration["distributionConfigurationArn"])
        assert [output["kind"] for output in of(arn)["outputs"]] == ["AMI"]
        client.retry_image(imageBuildVersionArn=arn)
        ami, *others = of(arn)["outputs"]
        place = {"account_id": ACCOUNT, "region": REGION, "description": None}
        assert others == [
            {"kind": "launch template", "id": template, "name": "version 2", **place},
            {"kind": "SSM parameter", "id": "/imagebuilder/web", "name": ami["id"], **place},
        ]
        assert mocked.describe(arn).splitlines()[-2:] == [
            f"           launch template  us-east-1  {ACCOUNT}  {template}  version 2",
            f"           SSM parameter  us-east-1  {ACCOUNT}  /imagebuilder/web  {ami['id']}",
        ]

    def test_containers(self, client: Any, instance_profile: str) -> None:
        containers.create_parts(client, instance_profile)
        image = of(containers.build(client))
        uris = [output["id"].rpartition("/")[2] for output in image["outputs"]]
        assert uris == ["web:1.0.0-1", "web:web-server-1.0.0-1"]
        assert {output["kind"] for output in image["outputs"]} == {"container"}


class TestSelection:
    def test_newest_first_in_all_places(self, story: Story) -> None:
        images = story.tell()
        shown = timeline()
        assert [image["arn"] for image in shown["images"]] == images[::-1]
        assert shown["total"] == 4
        assert shown["places"] == [
            {"account_id": ACCOUNT, "region": "eu-west-1", "images": 1},
            {"account_id": ACCOUNT, "region": "us-east-1", "images": 3},
        ]
        (pipeline,) = shown["pipelines"]
        assert (pipeline["name"], pipeline["description"], pipeline["images"], pipeline["last_run_status"]) == (
            "Golden pipeline",
            "The base image of all teams",
            2,
            "AVAILABLE",
        )

    def test_filters(self, story: Story) -> None:
        images = story.tell()
        in_ireland = timeline(region="eu-west-1")
        assert [image["arn"] for image in in_ireland["images"]] == [images[2]]
        assert (in_ireland["total"], in_ireland["pipelines"], len(in_ireland["places"])) == (1, [], 2)
        of_pipeline = timeline(pipeline_arn=story.pipeline, limit=1)
        assert [image["arn"] for image in of_pipeline["images"]] == [images[1]]
        assert of_pipeline["total"] == 2
        elsewhere = timeline(account_id="210987654321")
        assert (elsewhere["images"], elsewhere["total"]) == ([], 0)


class TestLooking:
    """To look changes nothing."""

    @pytest.fixture
    def held(self, mocked: Control, client: Any, parts: None) -> str:
        mocked.progress("manual")
        return create_image(client)

    def test_no_build_goes_on(self, mocked: Control, client: Any, held: str) -> None:
        for _ in range(3):
            timeline()
            mocked.describe(held)
            requests.get(
                f"http://motoapi.amazonaws.com/moto-api/imagebuilder/timeline.json?region={REGION}", timeout=10
            )
        assert of(held)["status"] == "PENDING"
        assert state_of(client, held)["status"] == "CREATING"

    def test_the_clock_does(self, mocked: Control, client: Any, parts: None) -> None:
        mocked.progress("time", seconds=60)
        with time_machine.travel(START, tick=False) as clock:
            arn = create_image(client)
            clock.shift(150)
            assert timeline()["images"][0]["status"] == "BUILDING"
            assert "BUILDING" in mocked.describe(arn).splitlines()[0]
            took = [minutes(stage["started"], stage["ended"]) for stage in of(arn)["stages"][:2]]
        assert took == [1, 1]

    def test_no_backend_is_made(self, mocked: Control) -> None:
        before = list(imagebuilder_backends.living())
        assert timeline(account_id="210987654321", region="eu-west-3")["places"] == []
        url = "http://motoapi.amazonaws.com/moto-api/imagebuilder"
        parameters = {"account_id": "210987654321", "region": "eu-west-3"}
        assert requests.get(f"{url}/timeline.json", params=parameters, timeout=10).json()["places"] == []
        with pytest.raises(LookupError):
            mocked.describe(NO_IMAGE)
        assert requests.post(f"{url}/describe", json={"image_arn": NO_IMAGE}, timeout=10).status_code == 404
        assert list(imagebuilder_backends.living()) == before == []
        assert dict(imagebuilder_backends) == {}


class TestDescribe:
    def test_a_failed_build(self, story: Story) -> None:
        arn = story.tell()[2]
        text = story.control.describe(arn)
        wf = re.compile("wf-[0-9a-f-]+")
        component = "arn:aws:imagebuilder:eu-west-1:aws:component/update-linux/1.0.2/1"
        assert wf.sub("WF", text).splitlines() == [
            "web server 2.1.0/1  FAILED",
            f"  arn:aws:imagebuilder:eu-west-1:{ACCOUNT}:image/web-server/2.1.0/1",
            f"  reason: Workflow Execution ID: 'WF' failed with reason: Document {component} failed!",
            "  failed in BUILDING, step ApplyBuildComponents",
            "  component update-linux 1.0.2/1, phase build, step StandIn, action ExecuteBash: exit status 1",
            "  PENDING                     COMPLETED                42.0 s",
            "  CREATING                    COMPLETED            1 min 12 s",
            "  BUILDING                    FAILED               11 min 0 s",
            "    build-image 1.0.3/1       ROLLBACK_COMPLETED    3 min 9 s",
            "      LaunchBuildInstance     COMPLETED            1 min 34 s",
            f"      ApplyBuildComponents    FAILED               1 min 34 s  Document {component} failed!",
            *(
                f"      {name:<22}  -"
                for name in (
                    "InventoryCollection",
                    "RunSanitizeScript",
                    "RunSysPrepScript",
                    "CreateOutputAMI",
                    "TerminateBuildInstance",
                )
            ),
        ]

    def test_attempts_outputs_and_waits(self, story: Story) -> None:
        images = story.tell()
        retried = story.control.describe(images[1]).splitlines()
        assert retried[0] == "golden image 1.0.0/2  AVAILABLE"
        assert retried[2] == f"  pipeline: {story.pipeline}"
        attempts = retried.index("  attempt 2:")
        assert retried[attempts + 1].split() == ["TESTING", "COMPLETED", "5", "min", "0", "s"]
        assert retried[-3].startswith(f"  outputs: AMI  us-east-1  {ACCOUNT}  ami-")
        assert retried[-1].startswith(
            f"           S3 export  us-east-1  {ACCOUNT}  s3://golden-image-disks/disks/export-"
        )
        waiting = story.control.describe(images[3]).splitlines()
        (approve,) = [line.split() for line in waiting if "Approve" in line]
        assert approve == ["Approve", "WAITS", "FOR", "ACTION", "2", "min", "30", "s"]

    def test_what_users_write_does_not_steer_the_terminal(self, mocked: Control, client: Any) -> None:
        mocked.fail_next_build("PENDING", reason="one\x1b[2J\ntwo")
        lines = mocked.describe(import_image(client)).splitlines()
        assert "  reason: one [2J two" in lines

    def test_unknown(self, mocked: Control) -> None:
        with pytest.raises(LookupError, match=f"there is no image {NO_IMAGE}"):
            mocked.describe(NO_IMAGE)
        with pytest.raises(ValueError, match="not an Image Builder ARN: 'web-server'"):
            mocked.describe("web-server")

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0 ms"),
            (0.9994, "999 ms"),
            (0.9996, "1.0 s"),
            (59.94, "59.9 s"),
            (59.96, "1 min 0 s"),
            (3599.4, "59 min 59 s"),
            (3600, "1 h 0 min"),
            (-5, "0 ms"),
        ],
    )
    def test_durations(self, seconds: float, text: str) -> None:
        start = datetime(2026, 1, 1, tzinfo=timezone.utc)
        assert duration(start, start + timedelta(seconds=seconds)) == text
        assert duration(start, None) == duration(None, start) == ""
