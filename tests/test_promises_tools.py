"""moto's tools know Image Builder, by both ways of a request: recorder, dashboard, state manager and seed.

So do the tools that freeze time or mock HTTP.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
import responses
import time_machine
from freezegun import freeze_time
from moto.moto_api import recorder, state_manager

from mock_imagebuilder import mock_imagebuilder

from .conftest import REGION
from .doors import DOORS, config_of
from .taggable_resources import KINDS, create_distribution_configuration, create_taggable

MOTO_API = "http://motoapi.amazonaws.com/moto-api"
URL = f"https://imagebuilder.{REGION}.amazonaws.com"


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> Iterator[str]:
    """The mock, entered by each door in turn."""
    with mock_imagebuilder(config=config_of(request.param)):
        yield request.param


def imagebuilder(region: str = REGION, **credentials: str) -> Any:
    return boto3.client("imagebuilder", region_name=region, **credentials)


def names(client: Any) -> list[str]:
    """The names of the distribution configurations that there are."""
    listed = client.list_distribution_configurations()["distributionConfigurationSummaryList"]
    return [entry["name"] for entry in listed]


# ---- the recorder ----


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "recording"
    monkeypatch.setattr(recorder, "_location", str(path))
    yield path
    recorder.stop_recording()


class TestRecorder:
    def test_recorded_requests_are_replayed(self, recording: Path, door: str) -> None:
        client = imagebuilder()
        create_distribution_configuration(client, "before")
        recorder.reset_recording()
        recorder.start_recording()
        arn = create_distribution_configuration(client, "golden", tags={"Team": "a"})
        client.tag_resource(resourceArn=arn, tags={"Stage": "é"})
        deleted = create_distribution_configuration(client, "deleted")
        client.delete_distribution_configuration(distributionConfigurationArn=deleted)
        recorder.stop_recording()
        create_distribution_configuration(client, "after")
        urls = [json.loads(line)["url"] for line in recording.read_text().splitlines()]
        assert [url.partition("?")[0].rpartition("/")[2] for url in urls] == [
            "CreateDistributionConfiguration",
            arn.replace(":", "%3A").replace("/", "%2F"),
            "CreateDistributionConfiguration",
            "DeleteDistributionConfiguration",
        ]

        requests.post(f"{MOTO_API}/reset", timeout=5)
        assert names(client) == []
        recorder.replay_recording()
        assert names(client) == ["golden"]
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"Team": "a", "Stage": "é"}

    def test_over_motos_api(self, recording: Path, door: str) -> None:
        for action in ("reset", "start"):
            requests.post(f"{MOTO_API}/recorder/{action}-recording", timeout=5)
        create_distribution_configuration(imagebuilder())
        requests.post(f"{MOTO_API}/recorder/stop-recording", timeout=5)
        assert len(recording.read_text().splitlines()) == 1

    def test_nothing_is_recorded_otherwise(self, recording: Path, door: str) -> None:
        create_distribution_configuration(imagebuilder())
        assert not recording.exists()


# ---- what moto shows ----


class TestDashboard:
    def test_resources_are_shown_until_they_are_deleted(self, door: str) -> None:
        client = imagebuilder()
        profile = "EC2InstanceProfileForImageBuilder"
        boto3.client("iam", region_name=REGION).create_instance_profile(InstanceProfileName=profile)
        arns = create_taggable(client, profile)
        assert shown() == {kind: [arns[type_]] for type_, kind in KINDS.items()}

        client.delete_image_pipeline(imagePipelineArn=arns["image-pipeline"])
        client.delete_image(imageBuildVersionArn=arns["image"])
        client.delete_image_recipe(imageRecipeArn=arns["image-recipe"])
        client.delete_component(componentBuildVersionArn=arns["component"])
        client.delete_infrastructure_configuration(infrastructureConfigurationArn=arns["infrastructure-configuration"])
        client.delete_distribution_configuration(distributionConfigurationArn=arns["distribution-configuration"])
        client.delete_lifecycle_policy(lifecyclePolicyArn=arns["lifecycle-policy"])
        client.delete_container_recipe(containerRecipeArn=arns["container-recipe"])
        client.delete_workflow(workflowBuildVersionArn=arns["workflow"])
        assert shown() == {kind: [] for kind in KINDS.values()}

    def test_the_others_stay_when_one_is_deleted(self, door: str) -> None:
        client = imagebuilder()
        first, second, third = (create_distribution_configuration(client, name) for name in ("one", "two", "three"))
        client.delete_distribution_configuration(distributionConfigurationArn=first)
        client.delete_distribution_configuration(distributionConfigurationArn=third)
        assert shown()["DistributionConfiguration"] == [second]

    def test_nothing_is_shown_of_an_earlier_mock(self) -> None:
        for _ in range(2):
            with mock_imagebuilder():
                arn = create_distribution_configuration(imagebuilder())
                assert shown()["DistributionConfiguration"] == [arn]


def shown() -> dict[str, list[str]]:
    """The ARNs in the data of moto's dashboard by model."""
    data = requests.get(f"{MOTO_API}/data.json", timeout=5).json()["imagebuilder"]
    return {kind: [instance["arn"] for instance in data[kind]] for kind in KINDS.values()}


class TestStateManager:
    def test_image_builds_are_listed(self) -> None:
        assert "imagebuilder::image" in state_manager.get_registered_models()

    def test_transitions_over_motos_api(self, door: str) -> None:
        url = f"{MOTO_API}/state-manager"
        asked = requests.get(f"{url}/get-transition?model_name=imagebuilder::image", timeout=5)
        assert asked.json() == {"progression": "immediate"}
        body: Any = {"model_name": "imagebuilder::image", "transition": {"progression": "manual", "times": 1}}
        assert requests.post(f"{url}/set-transition", json=body, timeout=5).status_code == 201
        try:
            status = import_and_get()["state"]["status"]
        finally:
            requests.post(f"{url}/unset-transition", json={"model_name": "imagebuilder::image"}, timeout=5)
        # One observation brings the import from PENDING to its end.
        assert status == "AVAILABLE"
        assert import_and_get()["state"]["status"] == "AVAILABLE"


def import_and_get() -> Any:
    client = imagebuilder()
    arn = client.import_vm_image(
        name="web", semanticVersion="1.0.0", platform="Linux", vmImportTaskId="import-ami-0123456789abcdef0"
    )["imageArn"]
    return client.get_image(imageBuildVersionArn=arn)["image"]


# ---- chance and time ----


class TestSeed:
    def test_the_same_seed_gives_the_same_ids(self, door: str) -> None:
        def story() -> list[str]:
            assert requests.post(f"{MOTO_API}/seed?a=42", timeout=5).status_code == 200
            image = import_and_get()
            answer = imagebuilder().list_images()
            (ami,) = image["outputResources"]["amis"]
            assert re.fullmatch("ami-[0-9a-f]{17}", ami["image"])
            return [ami["image"], answer["requestId"], answer["ResponseMetadata"]["RequestId"]]

        first = story()
        requests.post(f"{MOTO_API}/reset", timeout=5)
        assert story() == first


MOMENT = datetime(2021, 7, 14, 1, 2, 3, 456000, tzinfo=timezone.utc)


class TestTime:
    def test_freezegun(self, door: str) -> None:
        with freeze_time(MOMENT):
            self._check()

    def test_time_machine(self, door: str) -> None:
        with time_machine.travel(MOMENT, tick=False):
            self._check()

    @staticmethod
    def _check() -> None:
        client = imagebuilder()
        arn = create_distribution_configuration(client)
        answer = client.get_distribution_configuration(distributionConfigurationArn=arn)
        assert answer["distributionConfiguration"]["dateCreated"] == "2021-07-14T01:02:03.456Z"
        assert answer["ResponseMetadata"]["HTTPHeaders"]["date"] == "Wed, 14 Jul 2021 01:02:03 GMT"


# ---- users of `requests` and `responses` ----


class TestRequests:
    def test_raw_requests_are_answered(self, door: str) -> None:
        body: Any = {"name": "web", "distributions": [{"region": REGION, "amiDistributionConfiguration": {}}]}
        created = requests.put(f"{URL}/CreateDistributionConfiguration", json=body | {"clientToken": "t"}, timeout=5)
        assert created.status_code == 200
        assert names(imagebuilder()) == ["web"]
        arn = created.json()["distributionConfigurationArn"]
        answer = requests.get(f"{URL}/GetDistributionConfiguration?distributionConfigurationArn={arn}", timeout=5)
        assert answer.json()["distributionConfiguration"]["name"] == "web"
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["x-amzn-requestid"] == answer.json()["requestId"]

    def test_compressed_bodies(self, door: str) -> None:
        create_distribution_configuration(imagebuilder())
        body = gzip.compress(b'{"filters": [{"name": "name", "values": ["other"]}]}')
        url = f"{URL}/ListDistributionConfigurations"
        answer = requests.post(url, data=body, headers={"Content-Encoding": "gzip"}, timeout=5)
        assert answer.json()["distributionConfigurationSummaryList"] == []

    def test_unknown_paths(self, door: str) -> None:
        answer = requests.get(f"{URL}/NoOperation", timeout=5)
        assert answer.status_code == 400
        assert answer.headers["x-amzn-errortype"] == "InvalidRequestException"
        assert answer.json() == {"message": "No operation of EC2 Image Builder answers GET /NoOperation."}

    def test_a_mock_of_ones_own_inside(self, door: str) -> None:
        with responses.RequestsMock() as mine:
            mine.add(responses.GET, "https://example.com/", body="mine")
            assert requests.get("https://example.com/", timeout=5).text == "mine"
            create_distribution_configuration(imagebuilder())
            assert names(imagebuilder()) == ["web"]

    def test_a_mock_of_ones_own_around(self) -> None:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mine:
            mine.add(responses.POST, f"{URL}/ListImages", json={"from": "mine"})
            with mock_imagebuilder():
                assert requests.post(f"{URL}/ListImages", json={}, timeout=5).json()["imageVersionList"] == []
            assert requests.post(f"{URL}/ListImages", json={}, timeout=5).json() == {"from": "mine"}
