"""The server: moto's own, in this process and as a command in another one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import mock_imagebuilder
from examples.golden_image import GoldenImage, build_golden_image
from mock_imagebuilder import server
from tests.conftest import ACCOUNT, REGION
from tests.errors import refused
from tests.served import Address

OTHER_ACCOUNT = "111122223333"


def create_distribution(client: Any, name: str = "golden", **members: Any) -> str:
    distributions = [{"region": client.meta.region_name, "amiDistributionConfiguration": {}}]
    answer = client.create_distribution_configuration(name=name, distributions=distributions, **members)
    return str(answer["distributionConfigurationArn"])


def names(client: Any) -> list[str]:
    found = client.list_distribution_configurations()["distributionConfigurationSummaryList"]
    return [entry["name"] for entry in found]


class TestAnswers:
    def test_create_get_update_list_delete(self, address: Address) -> None:
        client = address.client("imagebuilder")
        arn = create_distribution(client)
        assert arn == f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:distribution-configuration/golden"
        client.update_distribution_configuration(
            distributionConfigurationArn=arn,
            description="For all",
            distributions=[{"region": REGION, "amiDistributionConfiguration": {}}],
        )
        found = client.get_distribution_configuration(distributionConfigurationArn=arn)["distributionConfiguration"]
        assert found["description"] == "For all"
        assert names(client) == ["golden"]
        client.delete_distribution_configuration(distributionConfigurationArn=arn)
        assert names(client) == []

    def test_arns_in_the_path_of_the_tag_operations(self, address: Address) -> None:
        """boto3 sends ``/tags/arn%3Aaws%3A...%2F...``."""
        client = address.client("imagebuilder")
        arn = create_distribution(client, tags={"team": "web"})
        client.tag_resource(resourceArn=arn, tags={"stage": "test / no prod"})
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "web", "stage": "test / no prod"}
        client.untag_resource(resourceArn=arn, tagKeys=["team"])
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test / no prod"}

    def test_errors(self, address: Address) -> None:
        client = address.client("imagebuilder")
        arn = create_distribution(client)
        message = f"The following resource 'DistributionConfiguration' already exists: '{arn}'."
        with refused("ResourceAlreadyExistsException", 400, message):
            create_distribution(client)

    def test_pages(self, address: Address) -> None:
        client = address.client("imagebuilder")
        for number in range(5):
            create_distribution(client, f"golden-{number}")
        pages = client.get_paginator("list_distribution_configurations").paginate(PaginationConfig={"PageSize": 2})
        sizes = [len(page["distributionConfigurationSummaryList"]) for page in pages]
        assert sizes == [2, 2, 1]

    def test_headers(self, address: Address) -> None:
        headers = address.client("imagebuilder").list_images()["ResponseMetadata"]["HTTPHeaders"]
        assert headers["content-type"] == "application/json"
        assert re.fullmatch(r"[0-9a-f-]{36}", headers["x-amzn-requestid"])

    def test_unsigned_requests_are_no_imagebuilder_requests(self, address: Address) -> None:
        """The server tells services apart by the signature."""
        answer = requests.put(f"{address.url}/CreateImage", json={}, timeout=10)
        assert "x-amzn-errortype" not in answer.headers


class TestAccountsAndRegions:
    def test_two_regions(self, address: Address) -> None:
        home, abroad = address.client("imagebuilder"), address.client("imagebuilder", "eu-west-1")
        create_distribution(home)
        assert names(abroad) == []
        assert ":eu-west-1:" in create_distribution(abroad)

    def test_other_partitions(self, address: Address) -> None:
        arn = create_distribution(address.client("imagebuilder", "cn-north-1"))
        assert arn.startswith(f"arn:aws-cn:imagebuilder:cn-north-1:{ACCOUNT}:")

    def test_a_region_that_does_not_exist(self, address: Address) -> None:
        message = "The Region 'mars-1' does not exist. MOTO_ALLOW_NONEXISTENT_REGION=true allows any name."
        with refused("InvalidRequestException", 400, message):
            address.client("imagebuilder", "mars-1").list_images()

    def test_account_by_header(self, address: Address) -> None:
        client, other = address.client("imagebuilder"), address.client("imagebuilder")
        other.meta.events.register(
            "before-sign.imagebuilder",
            lambda request, **_: request.headers.add_header("x-moto-account-id", OTHER_ACCOUNT),
        )
        assert f":{OTHER_ACCOUNT}:" in create_distribution(other)
        assert names(client) == []
        assert names(other) == ["golden"]

    def test_account_by_assumed_role(self, address: Address) -> None:
        role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/image-builder"
        answer = address.client("sts").assume_role(RoleArn=role, RoleSessionName="story")["Credentials"]
        other = address.client("imagebuilder", key=answer["AccessKeyId"], aws_session_token=answer["SessionToken"])
        assert f":{OTHER_ACCOUNT}:" in create_distribution(other)
        assert names(address.client("imagebuilder")) == []


@pytest.fixture(scope="module")
def command() -> Callable[..., subprocess.Popen[str]]:
    """Starts ``python -m mock_imagebuilder.server`` with flags, in another process."""
    return lambda *flags: subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "mock_imagebuilder.server", *flags],
        env={**os.environ, "PYTHONPATH": str(Path(mock_imagebuilder.__file__).parents[1]), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def address_of(process: subprocess.Popen[str]) -> Address:
    """Where a started server listens: it says so itself."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        match = re.search(r"Running on (http://\S+)", line)
        if match:
            return Address(match.group(1))
    raise AssertionError("".join(said))


@pytest.fixture(scope="module")
def remote(command: Callable[..., subprocess.Popen[str]]) -> Iterator[Address]:
    """A server in another process, which has to end well."""
    process = command("-H", "127.0.0.1", "-p", "0")
    yield address_of(process)
    process.terminate()
    process.communicate()
    assert process.returncode == 0


class TestCommand:
    def test_golden_image(self, remote: Address) -> None:
        """Components, recipes, configurations, pipelines, builds and imports, from outside."""
        golden = build_golden_image(remote.client)
        assert isinstance(golden, GoldenImage)
        assert (golden.status, golden.next_status) == ("AVAILABLE", "AVAILABLE")
        remote.client("imagebuilder").tag_resource(resourceArn=golden.image_arn, tags={"stage": "prod"})
        image = remote.client("imagebuilder").get_image(imageBuildVersionArn=golden.image_arn)["image"]
        assert image["tags"] == {"stage": "prod"}

    def test_control_routes(self, remote: Address) -> None:
        remote.reset()
        arn = remote.steer("make-image", name="golden").json()["result"]
        assert remote.client("imagebuilder").get_image(imageBuildVersionArn=arn)["image"]["name"] == "golden"

    def test_dashboard(self, remote: Address) -> None:
        with urllib.request.urlopen(f"{remote.url}/moto-api/", timeout=10) as answer:
            assert answer.status == 200

    def test_help_is_motos(self, command: Callable[..., subprocess.Popen[str]]) -> None:
        process = command("--help")
        said, _ = process.communicate()
        assert process.returncode == 0
        for flag in ("--host", "--port", "--reload", "--ssl", "--ssl-cert", "--ssl-key"):
            assert flag in said

    def test_unknown_flags(self, command: Callable[..., subprocess.Popen[str]]) -> None:
        process = command("--no-such-flag")
        said, _ = process.communicate()
        assert process.returncode == 2
        assert "unrecognized arguments: --no-such-flag" in said

    def test_script(self) -> None:
        script = shutil.which("mock_imagebuilder_server", path=str(Path(sys.executable).parent))
        if script is None:
            pytest.skip("the package is not installed")
        said = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
        assert said.startswith("usage: mock_imagebuilder_server")


class TestMain:
    def test_flags_are_handed_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given: list[Any] = []
        monkeypatch.setattr("moto.server.main", given.append)
        server.main(["-p", "5001"])
        server.main()
        assert given == [["-p", "5001"], None]

    @pytest.mark.parametrize("missing", ["flask", "flask_cors"])
    def test_without_the_extra(self, missing: str) -> None:
        program = f"import sys; sys.modules[{missing!r}] = None; from mock_imagebuilder.server import main; main([])"
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env={**os.environ, "PYTHONPATH": str(Path(mock_imagebuilder.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stderr == (
            f"The server needs {missing}. Install it with: pip install 'mock-imagebuilder[server]'\n"
        )
