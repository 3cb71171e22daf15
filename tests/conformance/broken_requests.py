"""What is no request of the service at all: bodies, paths and methods."""

from __future__ import annotations

from .examples import arn
from .model import OPERATIONS, http

_DEEP = 100_000

NOT_JSON: dict[str, bytes] = {
    "cut off": b'{"name": ',
    "single quotes": b"{'name': 'x'}",
    "trailing comma": b'{"name": "x",}',
    "two values": b"{}{}",
    "comment": b"{} // done",
    "form": b"name=x",
    "white space": b" ",
    "NUL": b"\0",
    "NaN": b'{"maxResults": NaN}',
    "Infinity": b'{"maxResults": Infinity}',
    "minus Infinity": b'{"unknown": -Infinity}',
    "5,000 digits": b'{"maxResults": ' + b"9" * 5000 + b"}",
    "deep lists": b"[" * _DEEP + b"]" * _DEEP,
    "deep objects": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "Latin-1": '{"name": "é"}'.encode("latin-1"),
    "UTF-16": b"\xff\xfe" + '{"name": "x"}'.encode("utf-16-le"),
    "UTF-16 without a mark": '{"name": "x"}'.encode("utf-16-le"),
    "UTF-8 with a mark": b'\xef\xbb\xbf{"name": "x"}',
    "surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "random bytes": bytes(range(128, 256)),
}
NO_OBJECT: dict[str, bytes] = {
    "list": b"[]",
    "list of objects": b'[{"name": "x"}]',
    "text": b'"name"',
    "number": b"1",
    "boolean": b"true",
    "null": b"null",
}

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_CONFIGURATION = arn("distribution-configuration/story-a")

#: Method and path of requests that mean no operation.
NOWHERE: tuple[tuple[str, str], ...] = (
    ("GET", "/"),
    ("POST", "/"),
    ("GET", "/NoSuchOperation"),
    ("POST", "/listImages"),
    ("POST", "/ListImages/"),
    ("POST", "/ListImages/x"),
    ("POST", "/x/ListImages"),
    ("POST", "/ListImages%2F"),
    ("GET", "/tags"),
    ("GET", "/tags/"),
    ("GET", f"/Tags/{_CONFIGURATION}"),
    ("GET", f"/tag/{_CONFIGURATION}"),
    ("GET", "/%00"),
    ("GET", "/%ff%fe"),
    ("GET", "/%ED%A0%80"),
    ("GET", "/%C3%A9"),
    ("GET", "/" + "x" * 5000),
)


def wrong_methods() -> list[tuple[str, str]]:
    """Every path of the model with every method that it has not."""
    right = {http(operation) for operation in OPERATIONS}
    paths = sorted({path.replace("{resourceArn}", _CONFIGURATION) for _, path in right if "{" not in path})
    wrong = [(method, path) for path in paths for method in METHODS if (method, path) not in right]
    return [*wrong, *((method, f"/tags/{_CONFIGURATION}") for method in ("PUT", "PATCH", "OPTIONS"))]
