"""``mock_imagebuilder`` around everything that it can be put around, and in every place where it can stand."""

from __future__ import annotations

import asyncio
import inspect
import os
import unittest
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws
from moto.core.exceptions import ServiceNotWhitelisted

from mock_imagebuilder import Control, MockImageBuilder, mock_imagebuilder

OWN_KEY = "AKIAMINE"


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWN_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")


def mock_is_active() -> bool:
    """moto replaces the credentials of the environment as long as it mocks."""
    return os.environ["AWS_ACCESS_KEY_ID"] != OWN_KEY


def create(name: str) -> None:
    client = boto3.client("imagebuilder", region_name="us-east-1")
    distributions: Any = [{"region": "us-east-1", "amiDistributionConfiguration": {}}]
    client.create_distribution_configuration(name=name, distributions=distributions)


def names() -> list[str]:
    client = boto3.client("imagebuilder", region_name="us-east-1")
    found = client.list_distribution_configurations()["distributionConfigurationSummaryList"]
    return [entry["name"] for entry in found]


class TestFunctions:
    def test_function(self) -> None:
        @mock_imagebuilder
        def story(name: str, *, suffix: str = "") -> list[str]:
            """What it does."""
            assert mock_is_active()
            create(name + suffix)
            return names()

        assert story("golden") == ["golden"]
        assert not mock_is_active()
        assert story("golden", suffix="-2") == ["golden-2"]
        assert story.__doc__ == "What it does."
        assert list(inspect.signature(story).parameters) == ["name", "suffix"]

    def test_called_first(self) -> None:
        @mock_imagebuilder()
        def story() -> list[str]:
            create("golden")
            return names()

        assert story() == story() == ["golden"]

    @mock_imagebuilder
    def test_method_with_fixtures(self, tmp_path: Any) -> None:
        assert tmp_path.exists()
        assert names() == []
        create("golden")

    @mock_imagebuilder
    def test_method_after_it(self) -> None:
        assert names() == []

    def test_coroutine_function(self) -> None:
        @mock_imagebuilder
        async def story(name: str) -> list[str]:
            await asyncio.sleep(0)
            assert mock_is_active()
            create(name)
            return names()

        assert inspect.iscoroutinefunction(story)
        assert asyncio.run(story("golden")) == ["golden"]
        assert not mock_is_active()
        assert asyncio.run(story("silver")) == ["silver"]

    def test_generator(self) -> None:
        @mock_imagebuilder
        def story() -> Iterator[list[str]]:
            create("golden")
            yield names()
            create("silver")
            yield names()

        assert inspect.isgeneratorfunction(story)
        assert list(story()) == [["golden"], ["golden", "silver"]]
        assert not mock_is_active()

    def test_generator_that_is_closed_early(self) -> None:
        @mock_imagebuilder
        def story() -> Iterator[None]:
            yield

        generator: Any = story()
        assert not mock_is_active()
        next(generator)
        assert mock_is_active()
        generator.close()
        assert not mock_is_active()

    def test_generator_takes_and_returns(self) -> None:
        @mock_imagebuilder
        def story() -> Any:
            name = yield
            create(name)
            return names()

        generator = story()
        next(generator)
        with pytest.raises(StopIteration) as end:
            generator.send("golden")
        assert end.value.value == ["golden"]

    def test_async_generator(self) -> None:
        @mock_imagebuilder
        async def story() -> AsyncIterator[list[str]]:
            create("golden")
            yield names()
            await asyncio.sleep(0)
            yield names()

        async def consume() -> list[list[str]]:
            return [item async for item in story()]

        assert inspect.isasyncgenfunction(story)
        assert asyncio.run(consume()) == [["golden"], ["golden"]]
        assert not mock_is_active()

    def test_async_generator_that_is_closed_early(self) -> None:
        @mock_imagebuilder
        async def story() -> AsyncIterator[bool]:
            yield mock_is_active()

        async def look_once() -> bool:
            generator: Any = story()
            try:
                active: bool = await anext(generator)
                return active
            finally:
                await generator.aclose()

        assert asyncio.run(look_once())
        assert not mock_is_active()

    def test_exceptions_leave_the_mock_stopped(self) -> None:
        @mock_imagebuilder
        def function() -> None:
            raise LookupError("function")

        @mock_imagebuilder
        async def coroutine() -> None:
            raise LookupError("coroutine")

        @mock_imagebuilder
        def generator() -> Iterator[None]:
            yield
            raise LookupError("generator")

        @mock_imagebuilder
        async def async_generator() -> AsyncIterator[None]:
            yield
            raise LookupError("async generator")

        async def consume() -> None:
            async for _ in async_generator():
                assert mock_is_active()

        def context() -> None:
            with mock_imagebuilder():
                raise LookupError("context")

        runs: list[tuple[str, Callable[[], Any]]] = [
            ("function", function),
            ("coroutine", lambda: asyncio.run(coroutine())),
            ("generator", lambda: list(generator())),
            ("async generator", lambda: asyncio.run(consume())),
            ("context", context),
        ]
        for message, run in runs:
            with pytest.raises(LookupError, match=f"^{message}$"):
                run()
            assert not mock_is_active()


@pytest.fixture
@mock_imagebuilder
def configured() -> Iterator[str]:
    """A fixture whose mock lasts as long as the test."""
    create("from-the-fixture")
    yield "from-the-fixture"
    assert "from-the-test" in names()


class TestGeneratorFixture:
    def test_first(self, configured: str) -> None:
        assert mock_is_active()
        assert names() == [configured]
        create("from-the-test")

    def test_again(self, configured: str) -> None:
        assert names() == [configured]
        create("from-the-test")


@mock_imagebuilder
class TestPlainClass:
    """pytest's classes: every test starts empty."""

    def test_creates(self) -> None:
        assert mock_is_active()
        create("golden")
        assert names() == ["golden"]

    def test_starts_empty(self) -> None:
        assert names() == []

    @staticmethod
    def test_static_methods_are_left_alone() -> None:
        assert not mock_is_active()


@mock_imagebuilder
class TestClassWithSetup:
    """What ``setup_method`` creates is there in the test, and only once."""

    def setup_method(self, method: Callable[..., None]) -> None:
        create("from-the-setup")

    def test_one(self) -> None:
        assert names() == ["from-the-setup"]
        create("from-the-test")

    def test_two(self) -> None:
        assert names() == ["from-the-setup"]


class TestUnittest:
    @staticmethod
    def run(case: type[unittest.TestCase]) -> int:
        """Run all tests of a class; the number of tests, which all have passed."""
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
        assert not result.errors, result.errors[0][1]
        assert not result.failures, result.failures[0][1]
        return result.testsRun

    def test_without_set_up(self) -> None:
        @mock_imagebuilder
        class Case(unittest.TestCase):
            def test_creates(self) -> None:
                create("golden")
                assert names() == ["golden"]

            def test_starts_empty(self) -> None:
                assert names() == []

        assert self.run(Case) == 2
        assert not mock_is_active()

    def test_with_set_up(self) -> None:
        @mock_imagebuilder
        class Case(unittest.TestCase):
            def setUp(self) -> None:
                create("from-the-set-up")

            def test_creates(self) -> None:
                create("golden")
                assert names() == ["from-the-set-up", "golden"]

            def test_only_the_set_up(self) -> None:
                assert names() == ["from-the-set-up"]

        assert self.run(Case) == 2
        assert not mock_is_active()

    def test_with_an_inherited_set_up(self) -> None:
        @mock_imagebuilder
        class Base(unittest.TestCase):
            def setUp(self) -> None:
                create("from-the-set-up")

        @mock_imagebuilder
        class Case(Base):
            def test_creates(self) -> None:
                create("golden")
                assert names() == ["from-the-set-up", "golden"]

            def test_only_the_set_up(self) -> None:
                assert names() == ["from-the-set-up"]

        assert self.run(Case) == 2

    def test_asynchronous_tests(self) -> None:
        @mock_imagebuilder
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_creates(self) -> None:
                await asyncio.sleep(0)
                create("golden")
                assert names() == ["golden"]

            async def test_starts_empty(self) -> None:
                assert mock_is_active()
                assert names() == []

        assert self.run(Case) == 2
        assert not mock_is_active()

    def test_asynchronous_tests_with_set_up(self) -> None:
        @mock_imagebuilder
        class Case(unittest.IsolatedAsyncioTestCase):
            def setUp(self) -> None:
                create("from-the-set-up")

            async def test_one(self) -> None:
                assert names() == ["from-the-set-up"]
                create("golden")

            async def test_two(self) -> None:
                assert names() == ["from-the-set-up"]

        assert self.run(Case) == 2

    def test_failing_tests_leave_the_mock_stopped(self) -> None:
        @mock_imagebuilder
        class Case(unittest.TestCase):
            def test_fails(self) -> None:
                self.fail("as tests do")

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
        assert len(result.failures) == 1
        assert not mock_is_active()


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
