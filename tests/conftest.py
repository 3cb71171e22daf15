"""Fixtures for all tests: a mock for the length of the test, and clients that live in it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from mock_imagebuilder import Control, mock_imagebuilder
from mock_imagebuilder.kept_clients import lend_client

if TYPE_CHECKING:
    from types_boto3_imagebuilder.client import ImagebuilderClient

    from .served import Address

pytest_plugins = ["pytester"]

# No test is timed, generated ones neither, and the same commit is tested with the same examples everywhere.
# ``pytest --hypothesis-profile=searching`` looks for new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile("searching", deadline=None, derandomize=False, max_examples=2000)
settings.load_profile("repeatable")

REGION = "us-east-1"
ACCOUNT = "123456789012"


def pytest_collection_finish() -> None:
    """The collector of garbage would take a third of the time of all tests, most of it to look at modules."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 5, 5)


@pytest.fixture(autouse=True)
def _without_motos_own_amis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's EC2 begins with more than a thousand AMIs in every Region, which takes longer than a test.

    ``pytest.mark.motos_own_amis``: the test has a use for them.
    """
    if request.node.get_closest_marker("motos_own_amis") is None:
        monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


@pytest.fixture
def mocked() -> Iterator[Control]:
    """The mock itself; gives the handle that steers builds."""
    with mock_imagebuilder() as control:
        yield control


@pytest.fixture
def client(mocked: Control) -> Iterator[ImagebuilderClient]:
    """An Image Builder client in us-east-1."""
    with lend_client(REGION) as imagebuilder:
        yield imagebuilder


@pytest.fixture
def iam(mocked: Control) -> Any:
    """A client of IAM, the same for all tests."""
    from .images import client_of

    return client_of("iam")


@pytest.fixture
def instance_profile(iam: Any) -> str:
    """The name of an instance profile that exists."""
    iam.create_instance_profile(InstanceProfileName="EC2InstanceProfileForImageBuilder")
    return "EC2InstanceProfileForImageBuilder"


@pytest.fixture
def lets_copies_in(mocked: Control) -> None:
    """The accounts that tests distribute to have the role for it."""
    from .cross_account import TARGETS, let_copies_in

    let_copies_in(*TARGETS)


@pytest.fixture(scope="module")
def running() -> Iterator[Address]:
    """A server, with whatever earlier tests of the module have left in it."""
    from .served import serving

    with serving() as address:
        yield address


@pytest.fixture
def address(running: Address) -> Address:
    """The running server, with nothing in it."""
    running.reset()
    return running
