"""The periods of lifecycle rules."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from mock_imagebuilder.imagebuilder.builds.lifecycle.periods import ago


@pytest.mark.parametrize(
    ("moment", "value", "unit", "expected"),
    [
        ("2026-03-01T12:00:00.250", 1, "DAYS", "2026-02-28T12:00:00.250"),
        ("2024-03-01T12:00:00", 1, "DAYS", "2024-02-29T12:00:00"),
        ("2026-03-01T12:00:00", 1000, "DAYS", "2023-06-05T12:00:00"),
        ("2026-03-01T12:00:00", 2, "WEEKS", "2026-02-15T12:00:00"),
        ("2026-03-01T12:00:00", 1000, "WEEKS", "2006-12-31T12:00:00"),
        ("2026-03-31T12:00:00", 1, "MONTHS", "2026-02-28T12:00:00"),
        ("2024-03-31T12:00:00", 1, "MONTHS", "2024-02-29T12:00:00"),
        ("2026-05-15T12:00:00", 5, "MONTHS", "2025-12-15T12:00:00"),
        ("2026-05-15T12:00:00", 12, "MONTHS", "2025-05-15T12:00:00"),
        ("2026-05-15T12:00:00", 29, "MONTHS", "2023-12-15T12:00:00"),
        ("2024-02-29T12:00:00", 1, "YEARS", "2023-02-28T12:00:00"),
        ("2024-02-29T12:00:00", 4, "YEARS", "2020-02-29T12:00:00"),
        ("2026-05-15T12:00:00", 1000, "YEARS", "1026-05-15T12:00:00"),
        ("0999-05-15T12:00:00", 1000, "YEARS", "0001-01-01T00:00:00"),
        ("0001-01-15T12:00:00", 1, "MONTHS", "0001-01-01T00:00:00"),
    ],
)
def test_ago(moment: str, value: int, unit: str, expected: str) -> None:
    assert ago(_utc(moment), value, unit) == _utc(expected)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text.replace(".250", ".250000")).replace(tzinfo=timezone.utc)
