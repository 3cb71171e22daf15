"""Image Builder clients that outlive the test for which they were made, as long as no test can notice.

Making a boto3 client takes longer than a whole test with the mock. A client is lent to one test at a time, and lent again
only if it was made in the same circumstances (environment, configuration files, botocore's handlers) and came back as new:
no event handler registered or removed, no attribute changed, no request retried (a client has a budget for retries). In
any doubt the test gets a client of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.handlers import BUILTIN_HANDLERS

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

_READ_BY_BOTOCORE = ("AWS_", "BOTO", "HOME", "USERPROFILE", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE")
_CONFIGURATION_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
_OWN_MODELS = "~/.aws/models"

Circumstances = tuple[Any, ...]


class KeptClient:
    """A client that knows whether it is still as it was made."""

    def __init__(self, region: str, circumstances: Circumstances) -> None:
        # A session of its own: the default session is the test's to find or to set up.
        self.client: ImagebuilderClient = boto3.Session().client("imagebuilder", region_name=region)
        self.circumstances = circumstances
        self._has_changed = False
        self._is_adaptive = self.client.meta.config.retries["mode"] == "adaptive"
        self._watch()
        _ = self.client.exceptions  # made on first use, which is no change
        meta: Any = self.client.meta
        self._parts = (self.client, type(self.client), meta, meta.config, meta.events)
        self._attributes = self._attributes_now()

    def is_as_new(self) -> bool:
        # A client of the adaptive mode learns a sending rate from every call.
        return not self._has_changed and not self._is_adaptive and self._attributes == self._attributes_now()

    def _watch(self) -> None:
        events: Any = self.client.meta.events
        events.register_last("needs-retry.imagebuilder", self._notice_attempt)
        for name in ("register", "register_first", "register_last", "unregister"):
            setattr(events, name, self._noticing(getattr(events, name)))

    def _notice_attempt(self, attempts: int, **_: Any) -> None:
        if attempts > 1:
            self._has_changed = True

    def _noticing(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changing(*args: Any, **kwargs: Any) -> Any:
            self._has_changed = True
            return change(*args, **kwargs)

        return changing

    def _attributes_now(self) -> list[dict[str, Any]]:
        return [dict(vars(part)) for part in self._parts]


_kept: dict[str, KeptClient] = {}


@contextmanager
def lend_client(region: str) -> Iterator[ImagebuilderClient]:
    """A client for the length of one test, equal to ``boto3.client("imagebuilder", region_name=region)`` made now."""
    circumstances = _circumstances()
    if circumstances is None:
        yield boto3.client("imagebuilder", region_name=region)
        return
    # Taken out while it is lent: nobody else gets it meanwhile.
    kept = _kept.pop(region, None)
    if kept is None or kept.circumstances != circumstances:
        kept = KeptClient(region, circumstances)
    yield kept.client
    if kept.is_as_new():
        _kept[region] = kept


def _circumstances() -> Circumstances | None:
    """All that goes into a client besides its Region. None if that cannot be told."""
    has_default_session = boto3.DEFAULT_SESSION is not None
    is_patched = getattr(boto3.client, "__globals__", None) is not vars(boto3)
    has_own_models = "AWS_DATA_PATH" in os.environ or os.path.exists(os.path.expanduser(_OWN_MODELS))
    # Without credentials in the environment they may come from anywhere, and expire.
    if has_default_session or is_patched or has_own_models or "AWS_ACCESS_KEY_ID" not in os.environ:
        return None
    environment = {name: value for name, value in os.environ.items() if _is_read_by_botocore(name)}
    files = [_state_of(os.environ.get(name, default)) for name, default in _CONFIGURATION_FILES.items()]
    return environment, files, list(BUILTIN_HANDLERS)


def _is_read_by_botocore(name: str) -> bool:
    return name.startswith(_READ_BY_BOTOCORE) or name.lower().endswith("_proxy")


def _state_of(path: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(os.path.expanduser(path))
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
