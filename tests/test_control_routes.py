"""The control handle over HTTP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws

from mock_imagebuilder import Control
from tests.build_parts import create_infrastructure, create_recipe
from tests.conftest import ACCOUNT, REGION
from tests.errors import refused
from tests.images import TASK, create_image, get_image, import_image, state_of
from tests.served import Address

NO_IMAGE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/web-server/1.0.0/1"


def test_progress_and_advance(address: Address) -> None:
    client = address.client("imagebuilder")
    answer = address.steer("progress", progression="manual", times=100)
    assert (answer.status_code, answer.json()) == (200, {"result": None})
    assert answer.headers["content-type"] == "application/json"
    arn = import_image(client)
    assert state_of(client, arn)["status"] == "PENDING"
    assert address.steer("advance", image_arn=arn, to="AVAILABLE").json() == {"result": "AVAILABLE"}
    assert state_of(client, arn)["status"] == "AVAILABLE"


def test_progress_with_seconds(address: Address) -> None:
    assert address.steer("progress", progression="time", seconds=0.5).ok
    known = requests.get(
        f"{address.url}/moto-api/state-manager/get-transition?model_name=imagebuilder::image", timeout=10
    )
    assert known.json() == {"progression": "time", "seconds": 0.5}


def test_fail_next_build(address: Address) -> None:
    client = address.client("imagebuilder")
    assert address.steer("fail-next-build", stage="PENDING", reason="The disk is full.", match="web*").ok
    assert state_of(client, import_image(client, "db"))["status"] == "AVAILABLE"
    assert state_of(client, import_image(client, "web"))["reason"] == "The disk is full."


def test_fail_builds(address: Address) -> None:
    client = address.client("imagebuilder")
    body = {"stage": "PENDING", "match": "web*", "nth": 2, "times": None, "reason": "The disk is full."}
    rule = address.steer("fail-builds", **body).json()["result"]
    statuses = [state_of(client, import_image(client, name))["status"] for name in ("web", "db", "web", "web")]
    assert statuses == ["AVAILABLE", "AVAILABLE", "FAILED", "FAILED"]
    assert address.steer("end-rule", rule=rule).json() == {"result": None}
    assert state_of(client, import_image(client, "web"))["status"] == "AVAILABLE"
    answer = address.steer("end-rule", rule="rule-9")
    assert (answer.status_code, answer.json()) == (404, {"message": "there is no rule rule-9"})


def test_fail_a_region(address: Address) -> None:
    """It is the Region of the distribution, not that of the handle."""
    client = address.client("imagebuilder")
    address.client("iam").create_instance_profile(InstanceProfileName="builder")
    create_recipe(client)
    create_infrastructure(client, "builder")
    distributions = [{"region": "eu-west-1", "amiDistributionConfiguration": {}}]
    answer = client.create_distribution_configuration(name="west", distributions=distributions)
    assert address.steer("fail-builds", region="eu-west-1", times=2, account_id=ACCOUNT).ok
    assert state_of(client, create_image(client))["status"] == "AVAILABLE"
    arn = create_image(client, distributionConfigurationArn=answer["distributionConfigurationArn"])
    (failure,) = state_of(client, arn)["failureContext"]["distributionFailure"]["regionFailures"]
    assert failure["region"] == "eu-west-1"


def test_scans(address: Address) -> None:
    client = address.client("imagebuilder")
    address.client("iam").create_instance_profile(InstanceProfileName="builder")
    address.client("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    create_recipe(client)
    create_infrastructure(client, "builder")
    finding = {"severity": "HIGH", "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-0001"}}
    assert address.steer("find-vulnerabilities", findings=[finding], match="web *").ok
    assert address.steer("fail-scans", status="TIMED_OUT", reason="Too slow.").ok
    scanning = {"imageScanningEnabled": True}
    first, second = (create_image(client, imageScanningConfiguration=scanning) for _ in range(2))
    assert get_image(client, first)["scanState"] == {"status": "TIMED_OUT", "reason": "Too slow."}
    (found,) = client.list_image_scan_findings()["findings"]
    assert (found["imageBuildVersionArn"], found["severity"]) == (second, "HIGH")


@pytest.mark.parametrize("page", ["server.md", "states-and-failures.md"])
def test_the_calls_of_the_documentation(address: Address, page: str) -> None:
    """Each is answered as the page has it."""
    text = (Path(__file__).parents[1] / "docs" / page).read_text()
    calls = re.findall(r"/moto-api/imagebuilder/([a-z-]+) *(?:\\\n)? *-d '([^']*)'\n(\{.*\})\n", text)
    assert len(calls) == text.count("$ curl ")
    for name, body, answer in calls:
        assert address.steer(name, **json.loads(body)).json() == json.loads(answer), name


def test_fail_operation(address: Address) -> None:
    client = address.client("imagebuilder")
    assert address.steer(
        "fail-operation", operation="ListImages", error="ForbiddenException", message="No.", times=None
    ).ok
    for _ in range(2):
        with refused("ForbiddenException", 403, "No."):
            client.list_images()
    address.reset()
    assert client.list_images()["imageVersionList"] == []


def test_import_task(address: Address) -> None:
    client = address.client("imagebuilder", "eu-west-1")
    task = {"task_id": TASK, "region": "eu-west-1"}
    assert address.steer("import-task", **task, state="active").ok
    arn = import_image(client)
    assert state_of(client, arn)["status"] == "PENDING"
    assert address.steer("import-task", **task, state="completed", ami_id="ami-0123456789abcdef0").ok
    assert state_of(client, arn)["status"] == "AVAILABLE"


def test_make_image(address: Address) -> None:
    answer = address.steer(
        "make-image", name="golden", version="2.0.0", tags={"team": "web"}, account_id=ACCOUNT, region="eu-west-1"
    )
    arn = f"arn:aws:imagebuilder:eu-west-1:{ACCOUNT}:image/golden/2.0.0/1"
    assert answer.json() == {"result": arn}
    image = address.client("imagebuilder", "eu-west-1").get_image(imageBuildVersionArn=arn)["image"]
    assert image["tags"] == {"team": "web"}


def test_unserved_requests(address: Address) -> None:
    arn = import_image(address.client("imagebuilder"))
    assert address.steer("unserved-requests", image_arn=arn).json() == {"result": []}
    answer = address.steer("unserved-requests", image_arn=NO_IMAGE)
    assert (answer.status_code, answer.json()) == (404, {"message": f"there is no image {NO_IMAGE}"})


def test_set_packages(address: Address) -> None:
    arn = address.steer("make-image").json()["result"]
    assert address.steer("set-packages", image_arn=arn, packages={"nginx": "1.26.1"}).ok


def test_an_empty_body(address: Address) -> None:
    answer = requests.post(f"{address.url}/moto-api/imagebuilder/make-image", timeout=10)
    assert answer.json() == {"result": f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/my-image/1.0.0/1"}


def test_the_whole_handle_is_there(address: Address) -> None:
    methods = [name for name in dir(Control) if not name.startswith("_")]
    answers = {name: address.steer(name.replace("_", "-"), no_such_thing=1) for name in methods}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(methods, 400)


@pytest.mark.parametrize(
    ("name", "body", "status", "message"),
    [
        ("advance", {"image_arn": NO_IMAGE}, 404, f"there is no image {NO_IMAGE}"),
        ("progress", {}, 400, "The body does not fit: missing a required argument: 'progression'."),
        (
            "progress",
            {"progression": "manual", "tmies": 2},
            400,
            "The body does not fit: got an unexpected keyword argument 'tmies'.",
        ),
        ("progress", {"progression": "slow"}, 400, 'progression is not valid: "slow".'),
        ("progress", {"progression": "manual", "times": "2"}, 400, 'times is not valid: "2".'),
        ("progress", {"progression": "manual", "times": True}, 400, "times is not valid: true."),
        ("progress", {"progression": "time", "seconds": True}, 400, "seconds is not valid: true."),
        (
            "progress",
            {"progression": "time"},
            400,
            "seconds is the length of a stage, for the progression 'time', and required there",
        ),
        ("advance", {"image_arn": "web-server"}, 400, "not an Image Builder ARN: 'web-server'"),
        ("advance", {"image_arn": None}, 400, "image_arn is not valid: null."),
        ("fail-builds", {"region": "mars-1"}, 400, "the Region 'mars-1' does not exist"),
        ("fail-builds", {"nth": 1.5}, 400, "nth is not valid: 1.5."),
        ("fail-scans", {"status": "ABANDONED"}, 400, 'status is not valid: "ABANDONED".'),
        ("find-vulnerabilities", {"findings": []}, 400, "findings must have at least one entry"),
        ("find-vulnerabilities", {"findings": ["CVE"]}, 400, 'findings is not valid: ["CVE"].'),
        (
            "fail-operation",
            {"operation": "CreateImages", "error": "ServiceException"},
            400,
            "EC2 Image Builder has no operation 'CreateImages'",
        ),
        ("make-image", {"region": "mars-1"}, 400, "The Region 'mars-1' does not exist."),
        ("make-image", {"region": 1}, 400, "region is not valid: 1."),
        ("make-image", {"tags": {"team": 1}}, 400, 'tags is not valid: {"team": 1}.'),
        ("make-image", {"tags": ["team"]}, 400, 'tags is not valid: ["team"].'),
        (
            "make-image",
            {"version": "1073741824.0.0"},
            400,
            "InvalidVersionNumberException: The supplied semantic version does not follow the required format",
        ),
    ],
)
def test_refused(address: Address, name: str, body: dict[str, Any], status: int, message: str) -> None:
    answer = address.steer(name, **body)
    assert (answer.status_code, answer.json()) == (status, {"message": message})


@pytest.mark.parametrize("name", ["advanec", "fail_next_build", "_backend_of", "__init__", "account_id"])
def test_unknown_names(address: Address, name: str) -> None:
    answer = address.steer(name)
    assert answer.status_code == 404
    assert answer.json()["message"].startswith(
        f"The control handle has no '{name}'. It has: add-findings, add-managed, advance, "
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body is not JSON: "),
        (b"\xff", "The body is not JSON: "),
        (b"[]", "The body must be a JSON object."),
    ],
)
def test_no_json_object(address: Address, body: bytes, message: str) -> None:
    answer = requests.post(f"{address.url}/moto-api/imagebuilder/progress", data=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods(address: Address, method: str) -> None:
    answer = requests.request(method, f"{address.url}/moto-api/imagebuilder/progress", timeout=10)
    assert (answer.status_code, answer.json()) == (405, {"message": "progress is called with POST."})


def test_in_process_too() -> None:
    """moto serves its own API inside a mock as well."""
    with mock_aws():
        url = "http://motoapi.amazonaws.com/moto-api/imagebuilder/make-image"
        arn = requests.post(url, json={"name": "golden"}, timeout=10).json()["result"]
        client = boto3.client("imagebuilder", region_name=REGION)
        assert client.get_image(imageBuildVersionArn=arn)["image"]["name"] == "golden"


def test_motos_own_routes_are_still_there(address: Address) -> None:
    distributions = [{"region": REGION, "amiDistributionConfiguration": {}}]
    address.client("imagebuilder").create_distribution_configuration(name="golden", distributions=distributions)
    data = requests.get(f"{address.url}/moto-api/data.json", timeout=10).json()
    assert [entry["name"] for entry in data["imagebuilder"]["DistributionConfiguration"]] == ["golden"]
