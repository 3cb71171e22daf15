"""The timeline over HTTP: the page, the JSON of which it is made, and what both refuse."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import requests

from mock_imagebuilder import mock_imagebuilder
from tests.conftest import ACCOUNT, REGION
from tests.served import Address

NO_IMAGE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/web-server/1.0.0/1"


def get(address: Address, name: str, **parameters: Any) -> requests.Response:
    return requests.get(f"{address.url}/moto-api/imagebuilder/{name}", params=parameters, timeout=10)


def test_json(address: Address) -> None:
    arn = address.steer("make-image", name="golden", region="eu-west-1").json()["result"]
    answer = get(address, "timeline.json", account_id=ACCOUNT, region="eu-west-1", limit=1)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    body = answer.json()
    assert set(body) == {"now", "places", "pipelines", "images", "total"}
    (image,) = body["images"]
    assert image["arn"] == arn
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", image["stages"][0]["started"])


def test_page(address: Address) -> None:
    answer = get(address, "timeline", region="eu-west-1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    # One file: nothing is fetched from anywhere else.
    assert not re.search(r"https?://|src=|@import|url\(", answer.text)


def test_describe(address: Address) -> None:
    arn = address.steer("make-image", name="golden").json()["result"]
    text = address.steer("describe", image_arn=arn).json()["result"]
    assert text.splitlines()[:2] == ["golden 1.0.0/1  AVAILABLE", f"  {arn}"]
    answer = address.steer("describe", image_arn=NO_IMAGE)
    assert (answer.status_code, answer.json()) == (404, {"message": f"there is no image {NO_IMAGE}"})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("region=mars-1", "The Region 'mars-1' does not exist."),
        ("account_id=1", "account_id is not valid: '1'."),
        ("limit=0", "limit is a number from 1 to 1000, not '0'."),
        ("limit=1001", "limit is a number from 1 to 1000, not '1001'."),
        ("limit=many", "limit is a number from 1 to 1000, not 'many'."),
        (
            "regoin=us-east-1",
            "The parameters are account_id, region, pipeline_arn, limit, each at most once.",
        ),
        (
            "region=us-east-1&region=us-west-2",
            "The parameters are account_id, region, pipeline_arn, limit, each at most once.",
        ),
    ],
)
def test_refused(address: Address, query: str, message: str) -> None:
    answer = requests.get(f"{address.url}/moto-api/imagebuilder/timeline.json?{query}", timeout=10)
    assert (answer.status_code, answer.json()) == (400, {"message": message})


@pytest.mark.parametrize("name", ["timeline", "timeline.json"])
def test_other_methods(address: Address, name: str) -> None:
    answer = address.steer(name)
    assert (answer.status_code, answer.json()) == (405, {"message": f"{name} is read with GET."})


def test_in_process_too() -> None:
    with mock_imagebuilder() as control:
        control.make_image("golden")
        url = "http://motoapi.amazonaws.com/moto-api/imagebuilder/timeline"
        (image,) = json.loads(requests.get(f"{url}.json", timeout=10).text)["images"]
        assert image["name"] == "golden"
        assert requests.get(url, timeout=10).text.startswith("<!doctype html>")
