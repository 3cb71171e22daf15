"""What starting a mock costs moto each time, done once: its patterns for ``requests``."""

from __future__ import annotations

from typing import Any

import requests
from moto import backend_index
from moto.core.models import RESPONSES_METHODS, responses_mock

from mock_imagebuilder import mock_imagebuilder


def registered() -> list[Any]:
    """moto's patterns, in the order in which they are tried for each method."""
    return list(responses_mock.registered())


def test_all_of_motos_patterns_are_there() -> None:
    with mock_imagebuilder():
        patterns = [(response.method, response.url) for response in registered()]
    wanted = [(method, pattern) for method in RESPONSES_METHODS for _, pattern in backend_index.backend_url_patterns]
    assert [entry for entry in patterns if entry in wanted] == wanted
    # and for each method one for the hosts of AWS that moto does not know
    assert len(patterns) == len(wanted) + len(RESPONSES_METHODS)


def test_they_are_made_once() -> None:
    with mock_imagebuilder():
        first = registered()
    with mock_imagebuilder():
        second = registered()
    assert [id(response) for response in second] == [id(response) for response in first]


def test_they_forget_what_they_have_answered() -> None:
    def answered() -> int:
        return sum(response.call_count for response in registered())

    with mock_imagebuilder():
        requests.get("https://images.s3.amazonaws.com/", timeout=10)
        assert answered() == 1
    with mock_imagebuilder():
        assert answered() == 0


def test_a_pattern_that_a_test_takes_out_comes_back() -> None:
    with mock_imagebuilder():
        complete = registered()
        responses_mock.remove(complete[0])
        assert complete[0] not in registered()
    with mock_imagebuilder():
        assert registered() == complete
