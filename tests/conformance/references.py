"""Requests that refer to what does not exist, or not here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .examples import EXAMPLES, arn, example_request
from .model import OPERATIONS, SHAPES, Member, members

#: The slugs of the story's resources by type.
_TOLD = {
    "component": "story-hello",
    "container-recipe": "story-docker",
    "distribution-configuration": "story-a",
    "image": "story-golden",
    "image-pipeline": "story-nightly",
    "image-recipe": "story-golden",
    "infrastructure-configuration": "story-a",
    "lifecycle-policy": "story-a",
    "workflow": "story-gate",
}

#: Whatever is wrong with other members, these have nothing to say but that the one resource is not there.
NOT_FOUND = tuple(
    operation
    for operation in OPERATIONS
    if operation.startswith(("Get", "Delete", "Put", "Cancel", "Retry", "Tag", "Untag", "ListTags"))
    and operation != "GetMarketplaceResource"
)


def refers(member: Member) -> bool:
    """Whether a member is the ARN or the id of a resource of the service."""
    text = EXAMPLES.get(member.shape, "")
    return ":imagebuilder:" in text or text.startswith(("lce-", "wf-", "step-"))


def referring() -> list[str]:
    """The operations with a member that refers to a resource."""
    return [operation for operation in OPERATIONS if any(map(refers, members(operation)))]


def requests_for_nothing(operation: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is asked for, and the request: for an unknown resource, and for a known one of another Region or account."""
    request = example_request(operation)
    for member in filter(refers, members(operation)):
        text = EXAMPLES[member.shape]
        yield "unknown", request | {member.name: text}
        if text.startswith("arn:"):
            yield "of another Region", request | {member.name: _told(text, region="eu-west-1")}
            yield "of another account", request | {member.name: _told(text, account="999999999999")}


def _told(text: str, **place: str) -> str:
    path = text.split(":", 5)[5]
    return arn(path.replace("not-there", _TOLD[path.split("/")[0]]), **place)


def with_pages() -> list[str]:
    """The operations that go on with a ``nextToken``."""
    return [operation for operation in OPERATIONS if any(member.name == "nextToken" for member in members(operation))]


def lists_of(operation: str) -> list[str]:
    """The members of an answer that are lists."""
    return [
        name
        for name, reference in SHAPES[f"{operation}Response"]["members"].items()
        if SHAPES[reference["shape"]]["type"] == "list"
    ]
