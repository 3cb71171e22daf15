"""Pages and their tokens.

A token names the last row that its page looked at, so it survives rows that come and go between two pages. It is bound to
the operation, the account, the Region and every other parameter of the request: a token from elsewhere is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from ..exceptions import InvalidPaginationTokenException

DEFAULT_PAGE_SIZE = 25
_DIGEST_SIZE = 12

Key = str | int
Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """``rows`` that passed the filters, and the key to go on after, or None on the last page."""

    rows: list[Row]
    last_key: Key | None

    @classmethod
    def take(cls, rows: Iterator[tuple[Key, Row]], size: int, keep: Callable[[Row], bool] | None = None) -> Page[Row]:
        """The page that looks at the next ``size`` rows and shows those that ``keep`` accepts.

        The service filters page by page: a page can be short, or empty, and still have a successor.
        """
        seen = list(islice(rows, size))
        more = next(rows, None) is not None
        shown = [row for _, row in seen if keep is None or keep(row)]
        return cls(shown, seen[-1][0] if more else None)


def page_size(request: Mapping[str, Any]) -> int:
    return int(request.get("maxResults", DEFAULT_PAGE_SIZE))


def write_token(scope: tuple[str, ...], request: Mapping[str, Any], last_key: Key) -> str:
    """The ``nextToken`` that continues after ``last_key``. ``scope`` is the operation, the account and the Region."""
    text = _write_key(last_key)
    return base64.urlsafe_b64encode(_digest(scope, request, text) + text).decode()


def read_token(scope: tuple[str, ...], request: Mapping[str, Any]) -> Key | None:
    """The key to continue after, or None on the first page.

    :raises InvalidPaginationTokenException: the token is broken, or from another operation, account, Region or filter.
    """
    token = request.get("nextToken")
    if token is None:
        return None
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        digest, text = raw[:_DIGEST_SIZE], raw[_DIGEST_SIZE:]
        if digest != _digest(scope, request, text):
            raise InvalidPaginationTokenException
        return _read_key(text)
    except (binascii.Error, ValueError):
        raise InvalidPaginationTokenException from None


def _digest(scope: tuple[str, ...], request: Mapping[str, Any], text: bytes) -> bytes:
    # A request that was read has its members in the model's order, so the same parameters have the same text.
    bound = {name: value for name, value in request.items() if name not in ("nextToken", "maxResults")}
    seal = repr((scope, bound)).encode()
    return hashlib.blake2b(seal + b"\0" + text, digest_size=_DIGEST_SIZE).digest()


def _write_key(key: Key) -> bytes:
    return b"#%d" % key if isinstance(key, int) else b"=" + key.encode()


def _read_key(text: bytes) -> Key:
    return int(text[1:]) if text.startswith(b"#") else text[1:].decode()
