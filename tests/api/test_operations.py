"""Routes: every operation of the model is found by its method and path, and nothing else is."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from botocore.loaders import Loader

from mock_imagebuilder.imagebuilder import api
from mock_imagebuilder.imagebuilder.exceptions import InvalidRequestException

MODEL = Loader().load_service_model("imagebuilder", "service-2")
ARN = "arn:aws:imagebuilder:us-east-1:123456789012:component/hello/1.0.0/1"
TAGS = [("GET", "ListTagsForResource"), ("POST", "TagResource"), ("DELETE", "UntagResource")]


def test_all_operations_of_the_installed_model_are_known_in_its_order() -> None:
    assert list(api.operations()) == list(MODEL["operations"])


@pytest.mark.parametrize(
    "name", [name for name in MODEL["operations"] if "tags" not in MODEL["operations"][name]["http"]["requestUri"]]
)
def test_an_operation_is_found_by_its_own_route_only(name: str) -> None:
    binding = MODEL["operations"][name]["http"]
    operation, parameters = api.route(binding["method"], binding["requestUri"])
    assert operation is api.operations()[name]
    assert (operation.name, operation.http_method, operation.path) == (name, binding["method"], f"/{name}")
    assert parameters == {}
    with pytest.raises(InvalidRequestException):
        api.route("PATCH", binding["requestUri"])


class TestTagPaths:
    @pytest.mark.parametrize(("method", "name"), TAGS)
    @pytest.mark.parametrize(
        "path",
        [
            f"/tags/{ARN}",
            f"/tags/{quote(ARN, safe='')}",
            f"/tags/{quote(ARN, safe=':/')}",
            f"/tags/{quote(ARN, safe='').lower()}",
            f"/tags/{ARN.replace('component', '%63omponent')}",
        ],
        ids=["plain", "encoded", "encoded but for : and /", "encoded in lower case", "encoded letter"],
    )
    def test_are_read_encoded_or_not(self, method: str, name: str, path: str) -> None:
        operation, parameters = api.route(method, path)
        assert operation.name == name
        assert parameters == {"resourceArn": ARN}

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("/tags/x", "x"),
            ("/tags/%2F", "/"),
            ("/tags/a%20b", "a b"),
            ("/tags/a+b", "a+b"),
            ("/tags/%C3%A9", "\u00e9"),
            ("/tags/%FF", "\ufffd"),
            ("/tags/%2", "%2"),
            ("/tags/a%0Ab", "a\nb"),
        ],
    )
    def test_hand_on_any_text(self, path: str, text: str) -> None:
        assert api.route("GET", path)[1] == {"resourceArn": text}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/tags"),
        ("GET", "/tags/"),
        ("PUT", f"/tags/{ARN}"),
        ("get", "/GetImage"),
        ("GET", "/getimage"),
        ("GET", "/GetImage/"),
        ("GET", "GetImage"),
        ("POST", "/GetImage"),
        ("GET", f"/x/tags/{ARN}"),
        ("GET", f"/Tags/{ARN}"),
        ("GET", "/tagsx/y"),
        ("GET", "/tags/a\nb"),
        ("GET", "//"),
        ("GET", "//GetImage"),
        ("GET", "/GetImage;x=1"),
    ],
)
def test_what_is_no_route(method: str, path: str) -> None:
    with pytest.raises(InvalidRequestException) as raised:
        api.route(method, path)
    assert raised.value.message == f"No operation of EC2 Image Builder answers {method} {path}."


class TestOperation:
    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("TagResource", "InvalidParameterException"),
            ("UntagResource", "InvalidParameterException"),
            ("ListTagsForResource", "InvalidParameterException"),
            ("CreateImage", "InvalidParameterValueException"),
            ("GetComponent", "InvalidParameterValueException"),
            ("ListImages", "InvalidParameterValueException"),
        ],
    )
    def test_refuses_with_a_code_that_it_declares_or_is_known_to_use(self, name: str, code: str) -> None:
        assert api.operations()[name].refusal.code == code

    @pytest.mark.parametrize(
        ("name", "is_idempotent"),
        [("CreateImage", True), ("CancelImageCreation", True), ("GetImage", False), ("DeleteImage", False)],
    )
    def test_knows_whether_it_takes_a_client_token(self, name: str, is_idempotent: bool) -> None:
        members = [member.name for member in api.operations()[name].members]
        assert ("clientToken" in members) is is_idempotent

    def test_knows_the_members_of_its_answer(self) -> None:
        assert api.operations()["TagResource"].output_members == frozenset()
        assert "requestId" not in api.operations()["CreateWorkflow"].output_members
        assert api.operations()["DeleteImage"].output_members == {"requestId", "imageBuildVersionArn"}

    def test_declares_the_errors_of_the_model(self) -> None:
        declared = {error["shape"] for error in MODEL["operations"]["CreateImagePipeline"]["errors"]}
        assert api.operations()["CreateImagePipeline"].errors == declared

    def test_an_operation_without_input_and_output_is_read_and_answered(self) -> None:
        model = api.ApiModel({"operations": {"Ping": {"http": {"method": "GET", "requestUri": "/Ping"}}}, "shapes": {}})
        ping = api.Operation("Ping", model)
        assert ping.members == ()
        assert ping.output_members == frozenset()
        assert api.read_request(ping, {}, "", None) == {}
