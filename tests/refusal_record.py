"""A plugin that writes down which operations were refused with which codes, for the coverage page.

``python -m pytest -p tests.refusal_record --refusals FILE``, with all tests or with those in ``RULES`` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .errors import seen

#: Where the tests of the operations' own rules are. Elsewhere errors come from IAM, or because the test says so.
RULES = (Path(__file__).parent / "resources", Path(__file__).parent / "builds")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refusals", type=Path, required=True, help="the file for the refusals by operation")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    before = {operation: set(codes) for operation, codes in seen.items()}
    try:
        return (yield)
    finally:
        if not any(item.path.is_relative_to(folder) for folder in RULES):
            seen.clear()
            seen.update(before)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path = session.config.getoption("--refusals")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({operation: sorted(codes) for operation, codes in sorted(seen.items())}, indent=1))
