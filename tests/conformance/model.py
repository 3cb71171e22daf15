"""The service's API as the installed botocore describes it, read without the mock's own code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.loaders import Loader

MODEL: Mapping[str, Any] = Loader().load_service_model("imagebuilder", "service-2")
SHAPES: Mapping[str, Mapping[str, Any]] = MODEL["shapes"]
OPERATIONS: tuple[str, ...] = tuple(MODEL["operations"])

#: The mock's own word for an operation that the model has and the mock has not.
NOT_IMPLEMENTED = "OperationNotImplemented"


@dataclass(frozen=True)
class Member:
    """A member of a request: the name of its shape, where it travels, and whether it has to be there."""

    name: str
    shape: str
    location: str
    required: bool


def http(operation: str) -> tuple[str, str]:
    """Method and path of an operation."""
    binding = MODEL["operations"][operation]["http"]
    return binding["method"], binding["requestUri"]


def request_shape(operation: str) -> str:
    return str(MODEL["operations"][operation]["input"]["shape"])


def response_shape(operation: str) -> str:
    return str(MODEL["operations"][operation]["output"]["shape"])


def members(operation: str) -> Iterator[Member]:
    """The members of an operation's request, in the order of the model."""
    shape = SHAPES[request_shape(operation)]
    for name, reference in shape["members"].items():
        yield Member(name, reference["shape"], reference.get("location", "body"), name in shape.get("required", ()))


def has_body(operation: str) -> bool:
    return any(member.location == "body" for member in members(operation))


def input_shapes() -> set[str]:
    """The names of all shapes that a request can contain."""
    found: set[str] = set()
    waiting = [request_shape(operation) for operation in OPERATIONS]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        shape = SHAPES[name]
        references = [
            *shape.get("members", {}).values(),
            *(shape[key] for key in ("member", "key", "value") if key in shape),
        ]
        waiting.extend(reference["shape"] for reference in references)
    return found


def status_of(code: str) -> int | None:
    """The HTTP status of an error of the model, or None if it has no such error."""
    shape = SHAPES.get(code, {})
    if not shape.get("exception"):
        return None
    return int(shape["error"]["httpStatusCode"])


def refusal_code(operation: str) -> str:
    """The error for a request that breaks the model. The operations on tags have a code of their own."""
    return "InvalidParameterException" if http(operation)[1].startswith("/tags/") else "InvalidParameterValueException"
