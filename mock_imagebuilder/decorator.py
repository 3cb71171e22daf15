"""``mock_imagebuilder``: moto's ``mock_aws`` with Image Builder in it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from moto import mock_aws

from . import moto_seam
from .control import Control

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class MockImageBuilder:
    """What ``mock_imagebuilder()`` returns: a context manager and decorator around moto's mock of all services.

    It nests in and around ``mock_aws`` as that nests in itself: the outermost mock starts and clears everything.
    """

    def __init__(self, config: DefaultConfig | None = None) -> None:
        self._mock: Any = mock_aws(config=config)

    def __enter__(self) -> Control:
        self.start()
        return Control()

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, reset: bool = True) -> None:
        """Start to mock. ``reset``: forget what an earlier mock has left."""
        self._mock.start(reset=reset)

    def stop(self, remove_data: bool = True) -> None:
        """Stop to mock. ``remove_data``: forget all resources."""
        self._mock.stop(remove_data=remove_data)

    def reset(self) -> None:
        """Forget all resources of all services, and go on."""
        self._mock.reset()

    @contextmanager
    def _active(self, reset: bool, remove_data: bool) -> Iterator[None]:
        self.start(reset=reset)
        try:
            yield
        finally:
            self.stop(remove_data=remove_data)

    def __call__(self, function: Decorated, reset: bool = True, remove_data: bool = True) -> Decorated:
        """Decorate a function, a coroutine function, a generator, an async generator or a class."""
        if inspect.isclass(function):
            decorated_class: Decorated = moto_seam.decorate_class(self, function)
            return decorated_class

        target: Callable[..., Any] = function
        wrapper: Callable[..., Any]
        if inspect.iscoroutinefunction(target):

            async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._active(reset, remove_data):
                    return await target(*args, **kwargs)

            wrapper = run_coroutine
        elif inspect.isasyncgenfunction(target):

            async def run_async_generator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
                with self._active(reset, remove_data):
                    async with aclosing(target(*args, **kwargs)) as items:
                        async for item in items:
                            yield item

            wrapper = run_async_generator
        elif inspect.isgeneratorfunction(target):

            def run_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
                with self._active(reset, remove_data):
                    return (yield from target(*args, **kwargs))

            wrapper = run_generator
        else:

            def run(*args: Any, **kwargs: Any) -> Any:
                with self._active(reset, remove_data):
                    return target(*args, **kwargs)

            wrapper = run
        decorated: Decorated = functools.update_wrapper(wrapper, target)  # type: ignore[assignment]
        return decorated


@overload
def mock_imagebuilder(function: Decorated) -> Decorated: ...


@overload
def mock_imagebuilder(function: None = None, config: DefaultConfig | None = None) -> MockImageBuilder: ...


def mock_imagebuilder(
    function: Decorated | None = None, config: DefaultConfig | None = None
) -> MockImageBuilder | Decorated:
    """Mock EC2 Image Builder, and every service that moto mocks, in this process.

    ``@mock_imagebuilder`` decorates functions, coroutine functions, generators and classes; ``with mock_imagebuilder()
    as imagebuilder:`` gives the :class:`~mock_imagebuilder.Control` handle.

    :param config: the configuration of ``moto.mock_aws``.
    """
    return MockImageBuilder(config) if function is None else MockImageBuilder()(function)
