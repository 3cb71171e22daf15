"""What is no request of the service is refused as such, whatever the operation, and changes nothing."""

from __future__ import annotations

import json

import pytest

from .broken_requests import METHODS, NO_OBJECT, NOT_JSON, NOWHERE, wrong_methods
from .doors import Door, Request
from .examples import example_request
from .model import OPERATIONS, has_body, http, members

WITH_BODY = [operation for operation in OPERATIONS if has_body(operation)]


def bodies(operation: str, kinds: dict[str, bytes]) -> dict[str, bytes]:
    """All bodies for the first operation of each method, every third one for the others, in turn."""
    if operation in {next(each for each in WITH_BODY if http(each)[0] == method) for method in ("PUT", "POST")}:
        return kinds
    return dict(list(kinds.items())[WITH_BODY.index(operation) % 3 :: 3])


pytestmark = pytest.mark.usefixtures("unchanged")


@pytest.mark.parametrize("operation", WITH_BODY)
class TestBody:
    def test_that_is_not_json(self, door: Door, operation: str) -> None:
        request = Request.of(operation, example_request(operation))
        for kind, body in bodies(operation, NOT_JSON).items():
            answer = door.send(request.with_body(body))
            assert (answer.code, answer.status) == ("ClientException", 400), kind
            assert answer.message_of_refusal() == "The body of the request is not valid JSON.", kind

    def test_that_is_no_object(self, door: Door, operation: str) -> None:
        request = Request.of(operation, example_request(operation))
        for kind, body in bodies(operation, NO_OBJECT).items():
            answer = door.send(request.with_body(body))
            assert (answer.code, answer.status) == ("ClientException", 400), kind
            assert answer.message_of_refusal() == "The body of the request is not a JSON object.", kind

    def test_that_is_nested_deeply_but_not_too_deeply(self, door: Door, operation: str) -> None:
        deep = b"[" * 300 + b"]" * 300
        for member in members(operation):
            if member.location == "body":
                body = b"{%s: %s}" % (json.dumps(member.name).encode(), deep)
                answer = door.send(Request.of(operation, example_request(operation)).with_body(body))
                assert answer.code in ("InvalidParameterValueException", "InvalidParameterException")
                assert answer.message_of_refusal()

    def test_without_any_member(self, door: Door, operation: str) -> None:
        required = [member.name for member in members(operation) if member.required and member.location == "body"]
        for body in (b"", b"{}", b'{"unknown": 1}', b' {"a": {"b": [null]}} '):
            answer = door.send(Request.of(operation, example_request(operation)).with_body(body))
            if required:
                assert f"'{required[0]}' is not valid. {required[0]} is required" in answer.message_of_refusal()
            elif answer.status != 200:
                assert answer.message_of_refusal()


class TestPath:
    @pytest.mark.parametrize(("method", "path"), NOWHERE)
    def test_that_means_no_operation(self, door: Door, method: str, path: str) -> None:
        answer = door.send(Request(method, path, b"{}"))
        assert (answer.code, answer.status) == ("InvalidRequestException", 400)
        assert answer.message_of_refusal().startswith(f"No operation of EC2 Image Builder answers {method} /")

    @pytest.mark.parametrize("method", METHODS)
    def test_with_another_method(self, door: Door, method: str) -> None:
        cases = [path for wrong, path in wrong_methods() if wrong == method]
        assert cases
        for path in cases:
            answer = door.send(Request(method, path, b"{}"))
            assert (answer.code, answer.status) == ("InvalidRequestException", 400), path
            assert answer.message_of_refusal() == f"No operation of EC2 Image Builder answers {method} {path}."

    def test_with_the_method_head_has_no_body(self, door: Door) -> None:
        answer = door.send(Request("HEAD", "/GetImage"))
        assert (answer.code, answer.status) == ("InvalidRequestException", 400)
