"""The control handle over HTTP, for tests that talk to the server from another process.

``POST /moto-api/imagebuilder/NAME`` calls the method of :class:`.Control` of that name, hyphens for underscores:
``fail-next-build``, ``make-image``. The body is a JSON object of the method's parameters, for ``add-managed`` the content
of a catalogue file, and ``account_id`` and ``region`` for the handle itself, unless the method has a parameter of that
name. Moments are text in the form of ISO 8601. The answer is ``{"result": ...}``, or ``{"message": ...}`` with the status
400 (the body or a value is not valid), 404 (no such method, image or rule) or 405 (not POST).
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from .control import Control
from .imagebuilder.exceptions import ImageBuilderException
from .imagebuilder.managed.catalogue_file import read_catalogue
from .imagebuilder.regions import all_regions
from .timeline_routes import TIMELINE_ROUTES

Answer = tuple[int, dict[str, str], str]


def _add_managed(
    handle: Control,
    *,
    images: Sequence[Mapping[str, Any]] = (),
    components: Sequence[Mapping[str, Any]] = (),
    workflows: Sequence[Mapping[str, Any]] = (),
) -> None:
    document = {"images": list(images), "components": list(components), "workflows": list(workflows)}
    handle.add_managed(*read_catalogue(document))


def _run_schedules(handle: Control, *, until: str) -> list[str]:
    try:
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", until))
    except ValueError:
        raise BadBody(f"until is not a date and time of ISO 8601: {json.dumps(until)}.") from None
    return handle.run_schedules(moment)


_METHODS: Mapping[str, Callable[..., Any]] = {
    **{
        name.replace("_", "-"): method
        for name, method in inspect.getmembers(Control, inspect.isfunction)
        if not name.startswith("_")
    },
    # Entries are objects, and paths of files would be those of the server.
    "add-managed": _add_managed,
    # JSON has no moments.
    "run-schedules": _run_schedules,
}


class BadBody(Exception):
    """The body of a request is not what the method takes."""


def steer(request: Any, full_url: str, headers: Any) -> Answer:  # noqa: ARG001 - moto's signature
    """Answer a request, in the three arguments and the three parts in which moto asks its handlers."""
    name = urlsplit(full_url).path.rpartition("/")[2]
    method = _METHODS.get(name)
    if method is None:
        return _error(404, f"The control handle has no {name!r}. It has: {', '.join(_METHODS)}.")
    if request.method != "POST":
        return _error(405, f"{name} is called with POST.")
    try:
        body = _read_object(_body_of(request))
        # The Region of fail-builds is its own: what it does is not the matter of one Region.
        of_handle = _names(Control.__init__) - _names(method)
        handle = Control(**_take(Control.__init__, body, of_handle & body.keys()))
        _require_region(handle)
        result = method(handle, **_take(method, body, body.keys() - of_handle))
    except LookupError as error:
        return _error(404, str(error.args[0]))
    except ImageBuilderException as error:
        return _error(400, f"{error.code}: {error.message}")
    except (BadBody, ValueError) as error:
        return _error(400, str(error))
    return 200, _HEADERS, json.dumps({"result": result})


#: In the form of the ``url_paths`` of a service of moto.
ROUTES = {**TIMELINE_ROUTES, "{0}/moto-api/imagebuilder/(?P<name>[^/]+)$": steer}

_HEADERS = {"Content-Type": "application/json"}


def _error(status: int, message: str) -> Answer:
    return status, _HEADERS, json.dumps({"message": message})


def _body_of(request: Any) -> bytes | str:
    # werkzeug's request in the server; in the process, older motos hand on the request of the HTTP library.
    return request.get_data() if hasattr(request, "get_data") else request.body or b""


def _require_region(handle: Control) -> None:
    if handle.region not in all_regions():
        raise BadBody(f"The Region {handle.region!r} does not exist.")


def _read_object(body: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(body or "{}")
    except ValueError as error:
        raise BadBody(f"The body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadBody("The body must be a JSON object.")
    return value


def _take(function: Callable[..., Any], body: Mapping[str, Any], names: Any) -> dict[str, Any]:
    """The members of these names, checked against the parameters of the function."""
    taken = {name: body[name] for name in sorted(names)}
    try:
        inspect.signature(function).bind(None, **taken)
    except TypeError as error:
        raise BadBody(f"The body does not fit: {error}.") from None
    for name, value in taken.items():
        if not _fits(value, _types(function)[name]):
            raise BadBody(f"{name} is not valid: {json.dumps(value)}.")
    return taken


@cache
def _types(function: Callable[..., Any]) -> Mapping[str, Any]:
    return {name: hint for name, hint in get_type_hints(function).items() if name != "return"}


def _names(function: Callable[..., Any]) -> set[str]:
    return set(_types(function))


def _fits(value: Any, type_: Any) -> bool:
    """Whether a JSON value is of the type of a parameter."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Union, UnionType):
        return any(_fits(value, alternative) for alternative in arguments)
    if origin is Literal:
        return value in arguments
    if origin is Sequence:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    if origin is not None:  # Mapping[str, str]: JSON's keys are always text
        return isinstance(value, dict) and all(_fits(item, arguments[1]) for item in value.values())
    if type_ is Any:
        return True
    if type_ is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type_
