"""The operations of the model and the routes that lead to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import unquote

from ..exceptions import (
    ImageBuilderException,
    InvalidParameterException,
    InvalidParameterValueException,
    InvalidRequestException,
)
from .model import ApiModel, load_model
from .projection import Projector, compile_projector
from .validation import Member, compile_members


@dataclass(frozen=True)
class Operation:
    """One operation of the model. ``name`` is the model's, such as ``CreateImage``."""

    name: str
    model: ApiModel

    @property
    def _definition(self) -> Mapping[str, Any]:
        return self.model.operations[self.name]

    @property
    def http_method(self) -> str:
        return str(self._definition["http"]["method"])

    @property
    def path(self) -> str:
        return str(self._definition["http"]["requestUri"])

    @cached_property
    def errors(self) -> frozenset[str]:
        """The codes that the model declares. The service answers with others too, see the fidelity page."""
        return frozenset(error["shape"] for error in self._definition.get("errors", ()))

    @cached_property
    def refusal(self) -> type[ImageBuilderException]:
        """What a request is refused with that breaks the model: the tag operations have a code of their own."""
        return (
            InvalidParameterException if "InvalidParameterException" in self.errors else InvalidParameterValueException
        )

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The members of the request, compiled."""
        return compile_members(self.model, self._definition["input"]["shape"]) if "input" in self._definition else ()

    @cached_property
    def is_all_body(self) -> bool:
        """Whether the body, as JSON, holds all members by their own names."""
        return all(member.location == "body" and member.wire_name == member.name for member in self.members)

    @cached_property
    def output_members(self) -> frozenset[str]:
        if "output" not in self._definition:
            return frozenset()
        return frozenset(self.model.shape(self._definition["output"]["shape"])["members"])

    @cached_property
    def projector(self) -> Projector:
        """Turns a handler's result into the members that the answer's shape has."""
        return compile_projector(self.model, self._definition["output"]["shape"])


@cache
def operations() -> Mapping[str, Operation]:
    """All operations of the installed model by name, in the model's order."""
    model = load_model()
    return {name: Operation(name, model) for name in model.operations}


class _Routes:
    def __init__(self, all_operations: Mapping[str, Operation]) -> None:
        self.exact: dict[tuple[str, str], Operation] = {}
        self.templates: list[tuple[str, re.Pattern[str], Operation]] = []
        for operation in all_operations.values():
            if "{" in operation.path:
                pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(operation.path))
                self.templates.append((operation.http_method, re.compile(pattern), operation))
            else:
                self.exact[operation.http_method, operation.path] = operation


@cache
def _routes() -> _Routes:
    return _Routes(operations())


def route(method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
    """The operation that a request means, with the parameters of its path.

    :param path: the path of the URL, still percent-encoded.
    :raises InvalidRequestException: no operation has this method and path.
    """
    routes = _routes()
    operation = routes.exact.get((method, path))
    if operation is not None:
        return operation, {}
    for template_method, pattern, operation in routes.templates:
        if template_method == method and (match := pattern.fullmatch(path)):
            return operation, {name: unquote(value) for name, value in match.groupdict().items()}
    raise InvalidRequestException(f"No operation of EC2 Image Builder answers {method} {path}.")
