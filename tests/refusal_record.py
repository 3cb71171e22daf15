"""A plugin that writes down which operations were refused with which codes, for the coverage page.

``python -m pytest -p tests.refusal_record --refusals FILE``
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .errors import seen

#: Here errors come because the test says so, not because the operation refuses anything.
STEERED = "test_control.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refusals", type=Path, required=True, help="the file for the refusals by operation")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    before = {operation: set(codes) for operation, codes in seen.items()}
    try:
        return (yield)
    finally:
        if item.path.name == STEERED:
            seen.clear()
            seen.update(before)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path: Path = session.config.getoption("--refusals")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({operation: sorted(codes) for operation, codes in sorted(seen.items())}, indent=1))
