"""``@mock_imagebuilder`` on everything that can be decorated."""

from __future__ import annotations

import asyncio
import inspect
import unittest
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from mock_imagebuilder import mock_imagebuilder
from tests.mock_state import OWN_KEY, create, mock_is_active, names


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWN_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")


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
