"""The timeline in a browser: ``GET /moto-api/imagebuilder/timeline``, and ``timeline.json``, of which the page is made.

The parameters of both are ``account_id``, ``region``, ``pipeline_arn`` and ``limit``, see :func:`.timeline.timeline`. The
JSON is a :class:`.timeline.Timeline`, with ``now`` and with times as the API writes them; or ``{"message": ...}`` with the
status 400 (a parameter is not valid) or 405 (not GET).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .imagebuilder.regions import all_regions
from .imagebuilder.resources.base import iso_date, now
from .timeline import DEFAULT_LIMIT, timeline

Answer = tuple[int, dict[str, str], str]

_MAX_LIMIT = 1000
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_PARAMETERS = ("account_id", "region", "pipeline_arn", "limit")


class BadParameter(Exception):
    """A parameter of the query is not valid."""


def show_page(request: Any, full_url: str, headers: Any) -> Answer:  # noqa: ARG001 - moto's signature
    """Answer a request for the page, which reads the parameters of its address itself."""
    if request.method not in ("GET", "HEAD"):
        return _error(405, "timeline is read with GET.")
    page, policy = _page()
    return 200, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}, page


def show_data(request: Any, full_url: str, headers: Any) -> Answer:  # noqa: ARG001 - moto's signature
    """Answer a request for the data."""
    if request.method not in ("GET", "HEAD"):
        return _error(405, "timeline.json is read with GET.")
    try:
        shown = timeline(**_read_parameters(urlsplit(full_url).query))
    except BadParameter as error:
        return _error(400, str(error))
    return 200, _JSON, json.dumps({"now": now(), **shown}, default=iso_date)


#: In the form of the ``url_paths`` of a service of moto.
TIMELINE_ROUTES = {
    "{0}/moto-api/imagebuilder/timeline$": show_page,
    "{0}/moto-api/imagebuilder/timeline.json$": show_data,
}


def _error(status: int, message: str) -> Answer:
    return status, _JSON, json.dumps({"message": message})


def _read_parameters(query: str) -> dict[str, Any]:
    given = parse_qsl(query)
    values: dict[str, Any] = dict(given)
    unknown = [name for name in values if name not in _PARAMETERS]
    if unknown or len(given) != len(values):
        raise BadParameter(f"The parameters are {', '.join(_PARAMETERS)}, each at most once.")
    if not re.fullmatch("[0-9]{12}", values.get("account_id", "0" * 12)):
        raise BadParameter(f"account_id is not valid: {values['account_id']!r}.")
    if "region" in values and values["region"] not in all_regions():
        raise BadParameter(f"The Region {values['region']!r} does not exist.")
    limit = values.get("limit", str(DEFAULT_LIMIT))
    if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= _MAX_LIMIT:
        raise BadParameter(f"limit is a number from 1 to {_MAX_LIMIT}, not {limit!r}.")
    return {**values, "limit": int(limit)}


@cache
def _page() -> tuple[str, str]:
    """The page, and the policy with which a browser runs nothing in it but its own script."""
    page = files(__package__).joinpath("timeline.html").read_text(encoding="utf-8")
    sources = {"script-src": _hashes(page, "script"), "style-src": _hashes(page, "style"), "connect-src": "'self'"}
    policy = "; ".join(f"{kind} {source}" for kind, source in sources.items())
    return page, f"default-src 'none'; {policy}; img-src data:; base-uri 'none'; frame-ancestors 'none'"


def _hashes(page: str, element: str) -> str:
    texts = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    return " ".join(f"'sha256-{digest}'" for digest in digests)
