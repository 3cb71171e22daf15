"""The story of examples/golden_image.py, through every way into the mock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from examples.golden_image import (
    ABROAD,
    BUCKET,
    HOME,
    IMPORT_TASK,
    ClientFactory,
    GoldenImage,
    build_golden_image,
    delete_in_the_right_order,
    delete_in_the_wrong_order,
    find_ami,
)
from mock_imagebuilder import Control, mock_imagebuilder

from .conftest import ACCOUNT
from .served import serving

ROOT = Path(__file__).parents[1]


def client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region)


@contextmanager
def in_process() -> Iterator[ClientFactory]:
    with mock_imagebuilder():
        yield client


@contextmanager
def in_plain_moto() -> Iterator[ClientFactory]:
    with mock_aws():
        yield client


@contextmanager
def through_the_server() -> Iterator[ClientFactory]:
    with serving() as address:
        yield address.client


@pytest.fixture(scope="class", params=[in_process, in_plain_moto, through_the_server], ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Iterator[ClientFactory]:
    with request.param() as factory:
        yield factory


@pytest.fixture(scope="class")
def golden(way: ClientFactory) -> GoldenImage:
    return build_golden_image(way)


class TestTheStory:
    """Read only: built once for each way."""

    def test_everything_gets_the_arn_that_its_name_makes(self, golden: GoldenImage) -> None:
        base = f"arn:aws:imagebuilder:{HOME}:{ACCOUNT}"
        assert golden.component_arn == f"{base}:component/install-web-server/1.0.0/1"
        assert golden.recipe_arn == f"{base}:image-recipe/golden-image/1.0.0"
        assert golden.infrastructure_arn == f"{base}:infrastructure-configuration/small-instances"
        assert golden.distribution_arn == f"{base}:distribution-configuration/two-regions"
        assert golden.pipeline_arn == f"{base}:image-pipeline/golden-pipeline"
        assert golden.image_arn == f"{base}:image/golden-image/1.0.0/1"
        assert golden.imported_image_arn == f"{base}:image/legacy-server/1.0.0/1"
        assert golden.next_image_arn == f"{base}:image/modern-legacy-server/1.0.0/1"
        assert (golden.status, golden.next_status) == ("AVAILABLE", "AVAILABLE")

    def test_the_image_remembers_what_it_was_built_from(self, way: ClientFactory, golden: GoldenImage) -> None:
        imagebuilder = way("imagebuilder", HOME)
        image = imagebuilder.get_image(imageBuildVersionArn=golden.image_arn)["image"]
        assert image["sourcePipelineArn"] == golden.pipeline_arn
        assert image["imageRecipe"]["components"][0]["componentArn"] == golden.component_arn
        # The recipe says x.x.x; the image says which one that was.
        parent = image["imageRecipe"]["parentImage"]
        assert parent.startswith(f"arn:aws:imagebuilder:{HOME}:aws:image/amazon-linux-2023-x86/")
        assert "x.x.x" not in parent
        assert image["infrastructureConfiguration"]["arn"] == golden.infrastructure_arn
        assert image["distributionConfiguration"]["arn"] == golden.distribution_arn
        pipeline = imagebuilder.get_image_pipeline(imagePipelineArn=golden.pipeline_arn)["imagePipeline"]
        assert pipeline["lastRunStatus"] == "AVAILABLE"
        assert pipeline["dateNextRun"].endswith(".000Z")

    def test_both_regions_have_the_ami(self, way: ClientFactory, golden: GoldenImage) -> None:
        found = {
            region: way("ec2", region).describe_images(ImageIds=[golden.amis[region]])["Images"][0]
            for region in (HOME, ABROAD)
        }
        service_tags = {"CreatedBy": "EC2 Image Builder", "Ec2ImageBuilderArn": golden.image_arn}
        assert tags_of(found[HOME]) == {**service_tags, "CostCenter": "4711"}
        assert tags_of(found[ABROAD]) == {**service_tags, "Copy": "true"}
        assert golden.amis[HOME] != golden.amis[ABROAD]
        assert found[HOME]["Name"] == found[ABROAD]["Name"]
        assert found[HOME]["Name"].startswith("golden 20")
        assert all(ami["OwnerId"] == ACCOUNT for ami in found.values())

    def test_the_disk_is_in_the_bucket(self, way: ClientFactory, golden: GoldenImage) -> None:
        disk = way("s3", HOME).get_object(Bucket=BUCKET, Key=golden.disk_key)
        assert golden.disk_key.startswith("disks/export-ami-")
        assert golden.disk_key.endswith(".vmdk")
        assert json.loads(disk["Body"].read())["imageId"] == golden.amis[HOME]

    def test_the_imported_machine_is_the_parent_of_the_next_image(
        self, way: ClientFactory, golden: GoldenImage
    ) -> None:
        imagebuilder = way("imagebuilder", HOME)
        imported = imagebuilder.get_image(imageBuildVersionArn=golden.imported_image_arn)["image"]
        assert (imported["buildType"], imported["imageSource"]) == ("IMPORT", "IMPORTED")
        assert imported["outputResources"]["amis"] == [
            {"region": HOME, "image": golden.imported_ami, "name": IMPORT_TASK, "accountId": ACCOUNT}
        ]
        following = imagebuilder.get_image(imageBuildVersionArn=golden.next_image_arn)["image"]
        assert following["imageRecipe"]["parentImage"] == golden.imported_image_arn


class TestItsEnd:
    def test_it_is_deleted_in_the_right_order_only(self, way: ClientFactory, golden: GoldenImage) -> None:
        arns = (golden.component_arn, golden.recipe_arn, golden.infrastructure_arn, golden.imported_image_arn)
        assert delete_in_the_wrong_order(way, golden) == [
            f"Resource dependency error: The resource ARN '{arn}' has other resources depended on it." for arn in arns
        ]

        delete_in_the_right_order(way, golden)
        imagebuilder = way("imagebuilder", HOME)
        assert imagebuilder.list_components()["componentVersionList"] == []
        assert imagebuilder.list_image_recipes()["imageRecipeSummaryList"] == []
        assert imagebuilder.list_images()["imageVersionList"] == []
        assert imagebuilder.list_image_pipelines()["imagePipelineList"] == []
        assert imagebuilder.list_infrastructure_configurations()["infrastructureConfigurationSummaryList"] == []
        assert imagebuilder.list_distribution_configurations()["distributionConfigurationSummaryList"] == []
        for region, ami in golden.amis.items():
            assert find_ami(way("ec2", region), golden.image_arn) == ami


def tags_of(ami: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in ami["Tags"]}


def test_the_waiter_waits_through_every_stage(mocked: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    if "image_available" not in client("imagebuilder", HOME).waiter_names:
        pytest.skip("this botocore has no waiter for images")
    pauses: list[float] = []
    monkeypatch.setattr("botocore.waiter.time.sleep", pauses.append)
    mocked.progress("manual", times=2)
    golden = build_golden_image(client)
    assert (golden.status, golden.next_status) == ("AVAILABLE", "AVAILABLE")
    # The first look finds PENDING. Two looks for each of six stages of the pipeline's image, of one stage of the import,
    # and of four stages of the image without a distribution configuration; the last look of each ends the wait.
    assert len(pauses) == (2 * 6 - 1) + (2 * 1 - 1) + (2 * 4 - 1)


SCRIPT = [sys.executable, str(ROOT / "examples" / "golden_image.py")]


def test_the_script_prints_what_it_has_built() -> None:
    assert_story_is_told(SCRIPT)


def test_the_script_needs_no_network() -> None:
    prefix = without_network()
    if prefix is None:
        pytest.skip("there is no `unshare` that may take the network away")
    assert_story_is_told([*prefix, *SCRIPT])


def assert_story_is_told(command: list[str]) -> None:
    ended = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    lines = ended.stdout.splitlines()
    assert f"image         arn:aws:imagebuilder:{HOME}:{ACCOUNT}:image/golden-image/1.0.0/1  AVAILABLE" in lines
    assert sum(line.startswith("  Resource dependency error: ") for line in lines) == 4
    assert [line.rpartition("  in ")[2] for line in lines[-2:]] == [HOME, ABROAD]


def without_network() -> list[str] | None:
    """How to start a process that has no network at all."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    # As root, or else as root of a user namespace of one's own.
    for prefix in ([unshare, "--net"], [unshare, "--map-root-user", "--net"]):
        if subprocess.run([*prefix, sys.executable, "-c", ""], capture_output=True, check=False).returncode == 0:
            return prefix
    return None
