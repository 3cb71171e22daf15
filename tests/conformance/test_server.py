"""The standalone server says what is said in process, to a sample of the generated cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..doors import SHORT_WAY
from .broken_requests import NO_OBJECT, NOT_JSON, NOWHERE, wrong_methods
from .doors import Door, Request, opened
from .examples import example_request
from .model import OPERATIONS, has_body, http
from .story import Story, told
from .wrong_values import KINDS, wrong_values


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with opened(SHORT_WAY) as door:
        yield door


@pytest.fixture(scope="module")
def served(server_address: str) -> Iterator[Door]:
    """The server's door. It serves the same backends as the doors in process."""
    served = Door(server_address)
    yield served
    served.close()


@pytest.fixture(scope="module")
def story(door: Door, served: Door) -> Story:
    return told(served)


pytestmark = pytest.mark.usefixtures("unchanged")


def assert_same(door: Door, served: Door, request: Request) -> None:
    here, there = door.send(request), served.send(request)
    assert (there.status, there.code, there.message_of_refusal()) == (here.status, here.code, here.message_of_refusal())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_value_of_each_kind(door: Door, served: Door, operation: str) -> None:
    for kind in KINDS:
        for case in wrong_values(operation)[kind][:1]:
            assert_same(door, served, Request.of(operation, case.values))


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("kind", [*NOT_JSON, *NO_OBJECT])
def test_a_broken_body(door: Door, served: Door, method: str, kind: str) -> None:
    operation = next(each for each in OPERATIONS if has_body(each) and http(each)[0] == method)
    request = Request.of(operation, example_request(operation)).with_body((NOT_JSON | NO_OBJECT)[kind])
    assert_same(door, served, request)


@pytest.mark.parametrize(("method", "path"), NOWHERE)
def test_a_path_that_means_no_operation(door: Door, served: Door, method: str, path: str) -> None:
    assert_same(door, served, Request(method, path, b"{}"))


@pytest.mark.parametrize(("method", "path"), wrong_methods()[::17])
def test_a_wrong_method(door: Door, served: Door, method: str, path: str) -> None:
    assert_same(door, served, Request(method, path, b"{}"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_story_is_answered(served: Door, story: Story, operation: str) -> None:
    """The story was told to the server, and nothing in it made the server fail."""
    for answer in story.answers.get(operation, []):
        assert answer.status < 500
        assert "date" in answer.headers
