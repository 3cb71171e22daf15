"""Clients that are lent to one test after another: no test can tell that it did not get a new one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from botocore.handlers import BUILTIN_HANDLERS
from botocore.stub import Stubber

from mock_imagebuilder import Control, kept_clients
from mock_imagebuilder.kept_clients import lend_client
from tests.errors import refused

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

REGION = "us-east-1"


@pytest.fixture(autouse=True)
def nothing_kept(mocked: Control, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Inside a mock, with no client kept from other tests, and in a home of its own."""
    monkeypatch.setattr(kept_clients, "_kept", {})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))


def handler(**_: Any) -> None:
    """An event handler of a test."""


def lend(region: str = REGION) -> ImagebuilderClient:
    """The client that a test gets that does nothing with it."""
    with lend_client(region) as client:
        return client


class TestLentAgain:
    def use(self, client: ImagebuilderClient) -> None:
        client.list_components(owner="Self")
        for _ in client.get_paginator("list_images").paginate():
            pass
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_distribution_configuration(
                distributionConfigurationArn="arn:aws:imagebuilder:us-east-1:123456789012:distribution-configuration/no"
            )
        assert client.can_paginate("list_images")
        assert client.meta.region_name == REGION

    def test_after_ordinary_use(self) -> None:
        with lend_client(REGION) as first:
            self.use(first)
        with lend_client(REGION) as second:
            self.use(second)
        assert second is first

    def test_after_a_patch_that_was_undone(self) -> None:
        with lend_client(REGION) as first, mock.patch.object(first, "list_images") as list_images:
            first.list_images()
        list_images.assert_called_once_with()
        assert lend() is first

    def test_after_a_refused_call(self) -> None:
        refusal = refused("InvalidPaginationTokenException", 400, "The provided pagination token is not valid.")
        with lend_client(REGION) as first, refusal:
            first.list_distribution_configurations(nextToken="nonsense")
        assert lend() is first


class TestNotLentAgain:
    """After each of these a test would see what another one has left."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda client: client.meta.events.register("before-send.imagebuilder", handler),
            lambda client: client.meta.events.register_first("before-send.imagebuilder", handler),
            lambda client: client.meta.events.register_last("before-send.imagebuilder", handler),
            lambda client: client.meta.events.unregister("before-send.imagebuilder", handler),
            lambda client: Stubber(client).activate(),
            lambda client: setattr(client, "list_images", dict),
            lambda client: setattr(type(client), "list_images", dict),
            lambda client: setattr(client.meta, "events", None),
            lambda client: setattr(client.meta.config, "user_agent_extra", "x"),
            lambda client: setattr(client.meta.events, "emit", print),
        ],
        ids=[
            "register",
            "register_first",
            "register_last",
            "unregister",
            "stubber",
            "method",
            "method of the class",
            "meta",
            "config",
            "emit",
        ],
    )
    def test_changed_client(self, change: Callable[[Any], None]) -> None:
        with lend_client(REGION) as first:
            change(first)
        assert lend() is not first

    def test_handlers_do_not_leak(self) -> None:
        calls: list[str] = []
        with lend_client(REGION) as first:
            first.meta.events.register("before-call.imagebuilder", lambda **_: calls.append("called"))
            first.list_images()
        with lend_client(REGION) as second:
            second.list_images()
        assert calls == ["called"]

    def test_retried_request(self, mocked: Control, monkeypatch: pytest.MonkeyPatch) -> None:
        """The standard retry mode takes retries from a budget that belongs to the client."""
        monkeypatch.setattr(time, "sleep", lambda _: None)
        mocked.fail_operation("ListImages", error="ServiceUnavailableException", times=1)
        with lend_client(REGION) as first:
            assert first.list_images()["ResponseMetadata"]["RetryAttempts"] == 1
        assert lend() is not first

    def test_adaptive_retry_mode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A client in this mode learns from every call how fast it may send."""
        monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
        assert lend() is not lend()


class TestOtherCircumstances:
    """A client that was made in other circumstances is not what ``boto3.client`` would make now."""

    @pytest.fixture
    def first(self) -> ImagebuilderClient:
        return lend()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("AWS_ACCESS_KEY_ID", "ASIAOTHER"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_ENDPOINT_URL_IMAGEBUILDER", "http://localhost:5000"),
            ("AWS_USE_FIPS_ENDPOINT", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("HTTPS_PROXY", "http://localhost:3128"),
            ("https_proxy", "http://localhost:3128"),
            ("HOME", os.sep),
        ],
    )
    def test_environment(
        self, first: ImagebuilderClient, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)
        assert lend() is not first

    def test_unrelated_environment(self, first: ImagebuilderClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BUCKET", "images")
        assert lend() is first

    @pytest.mark.parametrize("file", ["config", "credentials"])
    def test_configuration_files(self, first: ImagebuilderClient, tmp_path: Path, file: str) -> None:
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / file).write_text("[default]\nmax_attempts = 1\n")
        second = lend()
        assert second is not first
        assert lend() is second
        (tmp_path / ".aws" / file).write_text("[default]\nmax_attempts = 22\n")
        assert lend() is not second

    def test_botocore_handlers(self, first: ImagebuilderClient) -> None:
        entry = ("before-send.imagebuilder", handler)
        BUILTIN_HANDLERS.append(entry)
        try:
            assert lend() is not first
        finally:
            BUILTIN_HANDLERS.remove(entry)

    def test_region(self, first: ImagebuilderClient) -> None:
        other = lend("eu-west-1")
        assert other.meta.region_name == "eu-west-1"
        assert lend("eu-west-1") is other
        assert lend() is first


class TestOnesOwn:
    """What cannot be told apart is not kept: the test gets what ``boto3.client`` makes."""

    @pytest.fixture
    def kept(self) -> ImagebuilderClient:
        return lend()

    def test_default_session(self, kept: ImagebuilderClient) -> None:
        boto3.setup_default_session(aws_access_key_id="ASIAMINE", aws_secret_access_key="mine")
        own = lend()
        assert own is not kept
        assert own is not lend()
        assert boto3.DEFAULT_SESSION is not None

    def test_default_session_is_left_to_the_test(self, kept: ImagebuilderClient) -> None:
        assert boto3.DEFAULT_SESSION is None

    def test_patched_boto3(self, kept: ImagebuilderClient) -> None:
        with mock.patch("boto3.client") as factory:
            assert lend() is factory.return_value
        factory.assert_called_once_with("imagebuilder", region_name=REGION)

    def test_credentials_from_elsewhere(
        self, kept: ImagebuilderClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = A\naws_secret_access_key = S\n")
        assert lend() is not lend()

    def test_own_models(self, kept: ImagebuilderClient, tmp_path: Path) -> None:
        (tmp_path / ".aws" / "models").mkdir(parents=True)
        assert lend() is not lend()

    def test_one_at_a_time(self) -> None:
        with lend_client(REGION) as one, lend_client(REGION) as other:
            assert one is not other
