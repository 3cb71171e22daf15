"""What does not exist cannot be got, changed or listed, and a token leads on only in the list that it comes from."""

from __future__ import annotations

import base64

import pytest

from .doors import Door, Request
from .examples import example_request
from .model import OPERATIONS, SHAPES, members
from .references import NOT_FOUND, lists_of, referring, requests_for_nothing, with_pages
from .story import Story

pytestmark = pytest.mark.usefixtures("unchanged")


@pytest.mark.parametrize("operation", referring())
def test_what_is_not_there(door: Door, operation: str) -> None:
    for whose, values in requests_for_nothing(operation):
        answer = door.perform(operation, values)
        if operation.startswith("List") and answer.status == 200:
            assert not any(answer.content.get(name) for name in lists_of(operation)), values
            continue
        message = answer.message_of_refusal()
        if answer.is_not_implemented or operation not in NOT_FOUND:
            continue
        if whose == "of another account":
            assert answer.status in (403, 404), values
        else:
            assert (answer.code, answer.status) == ("ResourceNotFoundException", 404), (values, message)


def _tokens(door: Door, longest: int) -> list[str]:
    """Tokens that no list has given, and the token of another list."""
    foreign = door.perform("ListDistributionConfigurations", {"maxResults": 1}).content["nextToken"]
    raw = base64.urlsafe_b64decode(foreign)
    altered = base64.urlsafe_b64encode(raw[:-2] + b"z" + raw[-1:]).decode()
    return [
        foreign,
        altered,
        foreign[:-1],
        foreign + "A",
        "x",
        "=" * 8,
        "\u00e9",
        "null",
        base64.b64encode(b"{}").decode(),
        base64.b64encode(b"0" * 12 + b'"a"').decode(),
        "A" * longest,
    ]


@pytest.mark.parametrize("operation", with_pages())
def test_tokens_from_elsewhere(door: Door, story: Story, operation: str) -> None:
    values = story.asked.get(operation) or example_request(operation)
    if operation == "ListDistributionConfigurations":
        values = {"filters": [{"name": "name", "values": ["Story A"]}]}
    shape_name = next(member.shape for member in members(operation) if member.name == "nextToken")
    for token in _tokens(door, SHAPES[shape_name]["max"]):
        answer = door.perform(operation, {**values, "nextToken": token})
        message = answer.message_of_refusal()
        if answer.is_not_implemented or (answer.status == 404 and operation not in story.asked):
            continue
        assert (answer.code, answer.status) == ("InvalidPaginationTokenException", 400), token[:80]
        assert message == "The provided pagination token is not valid."


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_region_that_does_not_exist(door: Door, operation: str) -> None:
    nowhere = Door("https://imagebuilder.xx-nowhere-1.amazonaws.com")
    answer = nowhere.send(Request.of(operation, example_request(operation)))
    nowhere.close()
    assert (answer.code, answer.status) == ("InvalidRequestException", 400)
    assert answer.message_of_refusal().startswith("The Region 'xx-nowhere-1' does not exist.")
