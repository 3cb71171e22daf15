"""moto's server in this process, for tests that talk to it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import boto3
import requests
from moto.server import ThreadedMotoServer

from tests.conftest import REGION


class Address(NamedTuple):
    """Where a server listens, and how to talk to it."""

    url: str

    def client(self, service: str, region: str = REGION, key: str = "testing", **options: Any) -> Any:
        session: Any = boto3.Session(key, "testing")
        return session.client(service, region_name=region, endpoint_url=self.url, **options)

    def steer(self, name: str, /, **body: Any) -> requests.Response:
        """Call a method of the control handle."""
        return requests.post(f"{self.url}/moto-api/imagebuilder/{name}", json=body, timeout=10)

    def reset(self) -> None:
        assert requests.post(f"{self.url}/moto-api/reset", timeout=60).ok


@contextmanager
def serving() -> Iterator[Address]:
    """moto's own server class, in a process that has imported the package."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = Address(f"http://{host}:{port}")
    try:
        yield address
    finally:
        address.reset()  # what the server has made lives in this process
        server.stop()
