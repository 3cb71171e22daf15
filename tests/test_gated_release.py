"""The story of examples/gated_release.py, in process and through the server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from examples.gated_release import (
    ABROAD,
    ANNOUNCED,
    HOME,
    PARAMETER,
    PRODUCTION,
    TEMPLATE,
    Releases,
    Stage,
    run_releases,
)
from mock_imagebuilder import mock_imagebuilder

from .conftest import ACCOUNT
from .served import serving

ROOT = Path(__file__).parents[1]
REGIONS = (HOME, ABROAD)


@contextmanager
def in_process() -> Iterator[Stage]:
    with mock_imagebuilder() as imagebuilder:

        def client(service: str, region: str, **credentials: str) -> Any:
            return boto3.client(service, region_name=region, **credentials)

        yield Stage(client, lambda name, **parameters: getattr(imagebuilder, name)(**parameters))


@contextmanager
def through_the_server() -> Iterator[Stage]:
    with serving() as address:

        def client(service: str, region: str, **credentials: str) -> Any:
            keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", **credentials}
            return boto3.client(service, region_name=region, endpoint_url=address.url, **keys)

        def steer(name: str, **parameters: Any) -> Any:
            answer = address.steer(name.replace("_", "-"), **parameters)
            assert answer.status_code == 200, answer.text
            return answer.json()["result"]

        yield Stage(client, steer)


@pytest.fixture(scope="module", params=[in_process, through_the_server], ids=lambda way: way.__name__)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with request.param() as stage:
        yield stage


@pytest.fixture(scope="module")
def releases(stage: Stage) -> Releases:
    """Read only: told once for each way."""
    return run_releases(stage)


def test_the_first_release_fails_is_tried_again_and_waits_for_its_approval(releases: Releases) -> None:
    assert releases.first_image == f"arn:aws:imagebuilder:{HOME}:{ACCOUNT}:image/web/1.0.0/1"
    assert releases.second_image == f"arn:aws:imagebuilder:{HOME}:{ACCOUNT}:image/web/1.0.0/2"
    assert releases.statuses == ["FAILED", "TESTING", "AVAILABLE", "AVAILABLE"]


def test_the_handler_hears_of_everything(releases: Releases) -> None:
    (incident,) = releases.incidents
    assert incident.endswith(f"Document arn:aws:imagebuilder:{HOME}:{ACCOUNT}:component/nginx/1.0.0/1 failed!")
    assert releases.questions == ["Release it?", "Release it?"]
    assert releases.announced == {"version": "1.0.0/2", "amis": releases.second_amis}


@pytest.mark.parametrize("region", REGIONS)
def test_production_has_the_second_ami_and_no_longer_the_first(stage: Stage, releases: Releases, region: str) -> None:
    ec2 = stage.in_production("ec2", region)
    images = ec2.describe_images(Owners=["self"])["Images"]
    assert [(image["ImageId"], image["OwnerId"]) for image in images] == [(releases.second_amis[region], PRODUCTION)]
    assert releases.first_amis[region] != releases.second_amis[region]
    # What is left of the first is no snapshot either.
    of_images = [{"Name": "tag-key", "Values": ["Ec2ImageBuilderArn"]}]
    snapshots = ec2.describe_snapshots(OwnerIds=["self"], Filters=of_images)["Snapshots"]
    disks = [mapping["Ebs"]["SnapshotId"] for image in images for mapping in image["BlockDeviceMappings"]]
    assert [snapshot["SnapshotId"] for snapshot in snapshots] == disks


def test_the_home_account_keeps_the_source_of_the_second_release_only(stage: Stage, releases: Releases) -> None:
    at_home = stage.client("ec2", HOME).describe_images(Owners=["self"])["Images"]
    tags = [{tag["Key"]: tag["Value"] for tag in image["Tags"]} for image in at_home]
    assert [image["Ec2ImageBuilderArn"] for image in tags] == [releases.second_image]
    assert stage.client("ec2", ABROAD).describe_images(Owners=["self"])["Images"] == []


def test_the_launch_template_has_a_version_for_each_release(stage: Stage, releases: Releases) -> None:
    versions = stage.in_production("ec2", HOME).describe_launch_template_versions(LaunchTemplateName=TEMPLATE)[
        "LaunchTemplateVersions"
    ]
    shown = [
        (version["VersionNumber"], version["LaunchTemplateData"].get("ImageId"), version["DefaultVersion"])
        for version in sorted(versions, key=lambda version: version["VersionNumber"])
    ]
    assert shown == [
        (1, None, False),
        (2, releases.first_amis[HOME], False),
        (3, releases.second_amis[HOME], True),
    ]


def test_the_parameter_names_the_newest_ami(stage: Stage, releases: Releases) -> None:
    parameter = stage.in_production("ssm", HOME).get_parameter(Name=PARAMETER)["Parameter"]
    assert (parameter["Value"], parameter["DataType"], parameter["Version"]) == (
        releases.second_amis[HOME],
        "aws:ec2:image",
        2,
    )


def test_the_first_image_is_deleted(stage: Stage, releases: Releases) -> None:
    assert releases.retired == [releases.first_image]
    imagebuilder = stage.client("imagebuilder", HOME)
    builds = imagebuilder.list_image_build_versions()["imageSummaryList"]
    assert [build["arn"] for build in builds] == [releases.second_image]


def test_the_script_prints_what_it_has_released() -> None:
    command = [sys.executable, str(ROOT / "examples" / "gated_release.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "FAILED > TESTING > AVAILABLE" in ended.stdout
    assert ended.stdout.splitlines()[-1] == (f"retired        arn:aws:imagebuilder:{HOME}:{ACCOUNT}:image/web/1.0.0/1")


def test_nothing_is_where_it_does_not_belong(stage: Stage, releases: Releases) -> None:
    names = [parameter["Name"] for parameter in stage.client("ssm", HOME).describe_parameters()["Parameters"]]
    assert names == [ANNOUNCED]
    assert stage.in_production("ssm", ABROAD).describe_parameters()["Parameters"] == []
    assert stage.client("ec2", HOME).describe_launch_templates()["LaunchTemplates"] == []
    for region in REGIONS:
        assert stage.in_production("imagebuilder", region).list_images()["imageVersionList"] == []
    assert stage.client("imagebuilder", ABROAD).list_images()["imageVersionList"] == []
    assert stage.client("ec2", "us-west-2").describe_images(Owners=["self"])["Images"] == []
