"""The pytest plugin: fixtures ``imagebuilder`` and ``imagebuilder_client``, and the marker that configures them.

The report of a failed test gets a section about the images that the test has built.

pytest imports this module at the start of every run in an environment where ``mock_imagebuilder`` is installed. So it
stands beside the package, not in it: importing the package imports moto and boto3, which only the fixtures do.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from moto.core.config import DefaultConfig
    from types_boto3_imagebuilder.client import ImagebuilderClient

    from mock_imagebuilder import Control

MARKER = "imagebuilder"
REPORT_SECTION = "EC2 Image Builder"


@dataclass(frozen=True)
class Options:
    """The options of ``@pytest.mark.imagebuilder(...)``.

    ``region``: of the client and of the handle. ``config``: that of ``moto.mock_aws``. ``progression``, ``times`` and
    ``seconds``: how builds proceed, as in :meth:`mock_imagebuilder.Control.progress`.
    """

    region: str = "us-east-1"
    config: DefaultConfig | None = None
    progression: Literal["immediate", "manual", "time"] | None = None
    times: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, node: pytest.Item) -> Options:
        """The options for a test. What is marked on the test goes before what is marked on its class or module.

        :raises pytest.UsageError: an option that does not exist, that is not given by name, or that lacks another one.
        """
        __tracebackhide__ = True
        values: dict[str, Any] = {}
        for marker in reversed(list(node.iter_markers(MARKER))):
            _check_names(cls, marker)
            values.update(marker.kwargs)
        options = cls(**values)
        if options.progression is None and not options.times is options.seconds is None:
            raise pytest.UsageError(f"@pytest.mark.{MARKER}: 'times' and 'seconds' need a 'progression'.")
        return options


def _check_names(options: type[Options], marker: pytest.Mark) -> None:
    __tracebackhide__ = True
    names = [option.name for option in fields(options)]
    if marker.args:
        raise pytest.UsageError(f"@pytest.mark.{MARKER} takes its options by name, not {marker.args!r}.")
    unknown = ", ".join(repr(name) for name in marker.kwargs if name not in names)
    if unknown:
        raise pytest.UsageError(f"@pytest.mark.{MARKER} has no option {unknown}. Its options: {', '.join(names)}.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(region='us-east-1', config=None, progression=None, times=None, seconds=None): "
        "the Region, moto's configuration and the progression of builds for the fixtures of mock_imagebuilder.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, bool | None, bool | None]:
    if "mock_imagebuilder" not in sys.modules:
        return (yield)
    from mock_imagebuilder.failure_report import keeping_images

    with keeping_images():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and "mock_imagebuilder" in sys.modules:
        text = _description_of_images()
        if text:
            report.sections.append((REPORT_SECTION, text))
    return report


def _description_of_images() -> str:
    try:
        from mock_imagebuilder.failure_report import describe_images

        return describe_images()
    except Exception as error:  # a report that cannot be made would hide why the test has failed
        return f"The images cannot be described: {error!r}"


@pytest.fixture
def imagebuilder(request: pytest.FixtureRequest) -> Iterator[Control]:
    """Image Builder, and every service that moto mocks, for the length of the test; gives the handle that steers it."""
    options = Options.of(request.node)
    from mock_imagebuilder import Control, mock_imagebuilder

    with mock_imagebuilder(config=options.config):
        control = Control(region=options.region)
        if options.progression is not None:
            try:
                control.progress(options.progression, times=options.times, seconds=options.seconds)
            except (TypeError, ValueError) as error:
                raise pytest.UsageError(f"@pytest.mark.{MARKER}: {error}") from None
        yield control


@pytest.fixture
def imagebuilder_client(imagebuilder: Control) -> Iterator[ImagebuilderClient]:
    """A boto3 client for Image Builder, inside the mock of the fixture ``imagebuilder``."""
    from mock_imagebuilder.kept_clients import lend_client

    with lend_client(imagebuilder.region) as client:
        yield client
