"""``with mock_imagebuilder()``: what it gives, mocks in mocks, start and stop, and moto's configuration."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws
from moto.core.exceptions import ServiceNotWhitelisted

from mock_imagebuilder import Control, MockImageBuilder, mock_imagebuilder
from tests.mock_state import OWN_KEY, create, mock_is_active, names


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWN_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")


class TestContextManager:
    def test_gives_the_handle(self) -> None:
        with mock_imagebuilder() as imagebuilder:
            assert isinstance(imagebuilder, Control)
            assert mock_is_active()
            create("golden")
        assert not mock_is_active()
        with mock_imagebuilder():
            assert names() == []

    def test_mocks_all_services_of_moto(self) -> None:
        with mock_imagebuilder():
            s3 = boto3.client("s3", region_name="us-east-1")
            s3.create_bucket(Bucket="images")
            assert requests.get("https://images.s3.amazonaws.com/", timeout=1).status_code == 200

    def test_credentials_and_default_session(self) -> None:
        boto3.setup_default_session(region_name="eu-west-1")
        session = boto3.DEFAULT_SESSION
        try:
            with mock_imagebuilder():
                credentials = boto3.Session().get_credentials()
                assert credentials is not None
                assert credentials.access_key == "FOOBARKEY"
                assert boto3.DEFAULT_SESSION is None
            assert boto3.DEFAULT_SESSION is session
        finally:
            boto3.DEFAULT_SESSION = None

    def test_a_client_made_before(self) -> None:
        """A client that was made after the import of moto is mocked, whenever the mock starts."""
        client = boto3.Session().client("imagebuilder", region_name="us-east-1")
        with mock_imagebuilder():
            assert client.list_distribution_configurations()["distributionConfigurationSummaryList"] == []


class TestNesting:
    @pytest.mark.parametrize("outer", [mock_imagebuilder, mock_aws])
    @pytest.mark.parametrize("inner", [mock_imagebuilder, mock_aws])
    def test_inner_mocks_share_the_data(self, outer: Callable[[], Any], inner: Callable[[], Any]) -> None:
        with outer():
            create("outer")
            with inner():
                assert names() == ["outer"]
                create("inner")
            assert mock_is_active()
            assert names() == ["inner", "outer"]
        assert not mock_is_active()
        with outer():
            assert names() == []

    def test_decorators(self) -> None:
        @mock_imagebuilder
        def inner() -> None:
            create("inner")

        @mock_aws
        def outer() -> list[str]:
            inner()
            return names()

        assert outer() == ["inner"]

    def test_the_handle_of_an_inner_mock_steers_the_same_service(self) -> None:
        with mock_imagebuilder() as outer, mock_imagebuilder() as inner:
            arn = inner.make_image("golden")
            assert outer.advance(arn) == "AVAILABLE"

    def test_an_exception_in_an_inner_mock(self) -> None:
        with mock_imagebuilder():
            create("outer")
            with pytest.raises(LookupError), mock_imagebuilder():
                raise LookupError
            assert names() == ["outer"]

    def test_plain_mock_aws(self) -> None:
        """Importing the package is enough."""
        with mock_aws():
            create("golden")
            assert names() == ["golden"]


class TestStartAndStop:
    def test_start_and_stop(self) -> None:
        mock = mock_imagebuilder()
        assert isinstance(mock, MockImageBuilder)
        mock.start()
        create("golden")
        mock.stop()
        assert not mock_is_active()
        mock.start()
        assert names() == []
        mock.stop()

    def test_data_is_kept_on_request(self) -> None:
        mock = mock_imagebuilder()
        mock.start()
        create("golden")
        mock.stop(remove_data=False)
        mock.start(reset=False)
        assert names() == ["golden"]
        mock.stop()

    def test_reset(self) -> None:
        mock = mock_imagebuilder()
        mock.start()
        create("golden")
        mock.reset()
        assert mock_is_active()
        assert names() == []
        mock.stop()

    def test_starts_and_stops_are_counted(self) -> None:
        mock = mock_imagebuilder()
        mock.start()
        mock.start()
        mock.stop()
        create("golden")
        assert names() == ["golden"]
        mock.stop()

    def test_requests_of_an_earlier_mock_are_forgotten(self) -> None:
        """moto's patterns for ``requests`` live longer than a mock; what they have answered does not."""
        with mock_imagebuilder():
            s3 = boto3.client("s3", region_name="us-east-1")
            s3.create_bucket(Bucket="images")
        with mock_imagebuilder():
            assert requests.get("https://images.s3.amazonaws.com/", timeout=1).status_code == 404


class TestConfig:
    def test_real_credentials(self) -> None:
        with mock_imagebuilder(config={"core": {"mock_credentials": False}}):
            assert os.environ["AWS_ACCESS_KEY_ID"] == OWN_KEY

    def test_default_session_is_kept(self) -> None:
        boto3.setup_default_session(region_name="eu-west-1")
        session = boto3.DEFAULT_SESSION
        try:
            with mock_imagebuilder(config={"core": {"reset_boto3_session": False}}):
                assert boto3.DEFAULT_SESSION is session
        finally:
            boto3.DEFAULT_SESSION = None

    @pytest.mark.parametrize(("allowed", "served"), [(["imagebuilder"], True), (["s3"], False)])
    def test_service_whitelist(self, allowed: list[str], served: bool) -> None:
        with mock_imagebuilder(config={"core": {"service_whitelist": allowed}}):
            if served:
                assert names() == []
            else:
                with pytest.raises(ServiceNotWhitelisted):
                    names()

    def test_decorator(self) -> None:
        @mock_imagebuilder(config={"core": {"mock_credentials": False}})
        def key() -> str:
            return os.environ["AWS_ACCESS_KEY_ID"]

        assert key() == OWN_KEY

    def test_ends_with_the_mock(self) -> None:
        with mock_imagebuilder(config={"core": {"service_whitelist": ["s3"]}}):
            pass
        with mock_imagebuilder():
            assert names() == []
