"""Raw HTTP requests, and the doors through which they reach the service."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

import requests

from mock_imagebuilder import mock_imagebuilder

from ..doors import config_of
from .examples import REGION
from .model import NOT_IMPLEMENTED, has_body, http, members, status_of

_AUTHORIZATION = (
    "AWS4-HMAC-SHA256 "
    f"Credential=AKIAEXAMPLE/20260101/{REGION}/imagebuilder/aws4_request, SignedHeaders=host, Signature=x"
)


@dataclass(frozen=True)
class Request:
    """One request; ``path`` is percent-encoded, with its query."""

    method: str
    path: str
    body: bytes = b""

    @classmethod
    def of(cls, operation: str, values: Mapping[str, Any]) -> Request:
        """The request of an operation with these members, whether they are valid or not."""
        method, path = http(operation)
        query, payload = [], {}
        locations = {member.name: member.location for member in members(operation)}
        for name, value in values.items():
            location = locations.get(name, "body")
            if location == "uri":
                path = path.replace("{" + name + "}", quote(str(value), safe=""))
            elif location == "querystring":
                query += [(name, item) for item in (value if isinstance(value, list) else [value])]
            else:
                payload[name] = value
        body = json.dumps(payload).encode() if has_body(operation) else b""
        return cls(method, f"{path}?{urlencode(query)}" if query else path, body)

    def with_body(self, body: bytes) -> Request:
        return replace(self, body=body)


@dataclass(frozen=True)
class Answer:
    """One answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        return self.headers.get("x-amzn-errortype")

    @property
    def is_not_implemented(self) -> bool:
        return self.code == NOT_IMPLEMENTED

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    def message_of_refusal(self) -> str:
        """What a refusal says, if it has the form that every refusal has."""
        assert self.code is not None, (self.status, self.body)
        assert self.status == (400 if self.is_not_implemented else status_of(self.code)), self.code
        assert 400 <= self.status < 500
        assert self.headers["content-type"] == "application/json"
        assert self.headers["x-amzn-requestid"]
        assert self.content.keys() == {"message"}
        message = self.content["message"]
        assert isinstance(message, str)
        assert message.strip()
        assert "Traceback" not in message
        assert ".py" not in message
        return message


class Door:
    """A way to the service: the host, or the address of a server."""

    def __init__(self, url: str = f"https://imagebuilder.{REGION}.amazonaws.com") -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def send(self, request: Request) -> Answer:
        """The answer. In process an exception comes through to the caller: it counts as the 500 of a server."""
        try:
            response = self._session.request(
                request.method, self.url + request.path, data=request.body, headers={"Authorization": _AUTHORIZATION}
            )
        except Exception:
            return Answer(500, {}, traceback.format_exc(limit=-3).encode())
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, response.content)

    def perform(self, operation: str, values: Mapping[str, Any]) -> Answer:
        return self.send(Request.of(operation, values))

    def close(self) -> None:
        self._session.close()


@contextmanager
def opened(name: str) -> Iterator[Door]:
    """The mock, entered by one of the two doors that lead into it in process."""
    with mock_imagebuilder(config=config_of(name)):
        door = Door()
        yield door
        door.close()
