"""When the schedules of image pipelines run: across months, leap years, time zones and changes of the clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.schedules import RateSchedule, parse_schedule


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def next_runs(expression: str, moment: str, count: int, zone: str | None = None) -> list[str]:
    """The next runs after a moment, as `2025-01-31T00:00`."""
    schedule = parse_schedule(expression, zone)
    runs: list[str] = []
    run: datetime | None = utc(moment)
    for _ in range(count):
        run = schedule.next_after(run) if run else None
        runs.append(run.isoformat()[:16] if run else "never")
    return runs


class TestNextRunsOfCron:
    def test_recorded_pipeline(self) -> None:
        schedule = parse_schedule("cron(0 22 ? * 2#2 *)")
        assert schedule.next_after(utc("2025-10-20T16:28:54.331")) == utc("2025-11-10T22:00")

    @pytest.mark.parametrize(
        ("text", "after", "runs"),
        [
            ("0 10 * * ? *", "2025-01-01T09:59:59", ["2025-01-01T10:00", "2025-01-02T10:00"]),
            ("0 10 * * ? *", "2025-01-01T10:00", ["2025-01-02T10:00", "2025-01-03T10:00"]),
            ("*/20 10 * * ? *", "2025-01-01T10:30", ["2025-01-01T10:40", "2025-01-02T10:00", "2025-01-02T10:20"]),
            ("5/25 * * * ? *", "2025-01-01", ["2025-01-01T00:05", "2025-01-01T00:30", "2025-01-01T00:55"]),
            ("50-10/10 3 * * ? *", "2025-01-01", ["2025-01-01T03:00", "2025-01-01T03:10", "2025-01-01T03:50"]),
            ("0 22-1 * * ? *", "2025-01-01T00:30", ["2025-01-01T01:00", "2025-01-01T22:00", "2025-01-01T23:00"]),
            # days of the month
            ("0 0 31 * ? *", "2025-01-31", ["2025-03-31T00:00", "2025-05-31T00:00", "2025-07-31T00:00"]),
            ("0 0 29 2 ? *", "2025-01-01", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
            ("0 0 29 2 ? *", "2096-03-01", ["2104-02-29T00:00", "2108-02-29T00:00"]),
            ("0 0 30-1 * ? *", "2025-02-02", ["2025-03-01T00:00", "2025-03-30T00:00", "2025-03-31T00:00"]),
            ("0 0 L * ? *", "2024-01-31", ["2024-02-29T00:00", "2024-03-31T00:00", "2024-04-30T00:00"]),
            ("0 0 L-2 * ? *", "2025-02-01", ["2025-02-26T00:00", "2025-03-29T00:00", "2025-04-28T00:00"]),
            ("0 0 L-28 2 ? *", "2025-01-01", ["2028-02-01T00:00", "2032-02-01T00:00"]),
            ("0 0 LW * ? *", "2025-05-01", ["2025-05-30T00:00", "2025-06-30T00:00", "2025-07-31T00:00"]),
            ("0 0 15W * ? *", "2025-02-01", ["2025-02-14T00:00", "2025-03-14T00:00", "2025-04-15T00:00"]),
            ("0 0 15W * ? *", "2025-06-01", ["2025-06-16T00:00", "2025-07-15T00:00", "2025-08-15T00:00"]),
            ("0 0 1W * ? *", "2025-01-31", ["2025-02-03T00:00", "2025-03-03T00:00", "2025-04-01T00:00"]),
            ("0 0 31W * ? *", "2025-06-01", ["2025-07-31T00:00", "2025-08-29T00:00", "2025-10-31T00:00"]),
            # days of the week: 1 is Sunday
            ("0 0 ? * 1 *", "2025-01-01", ["2025-01-05T00:00", "2025-01-12T00:00"]),
            ("0 0 ? * 2-6 *", "2025-01-02T12:00", ["2025-01-03T00:00", "2025-01-06T00:00"]),
            ("0 0 ? * mon-fri *", "2025-01-02T12:00", ["2025-01-03T00:00", "2025-01-06T00:00"]),
            ("0 0 ? * SAT-MON *", "2025-01-01", ["2025-01-04T00:00", "2025-01-05T00:00", "2025-01-06T00:00"]),
            ("0 0 ? * L *", "2025-01-01", ["2025-01-04T00:00", "2025-01-11T00:00"]),
            ("0 0 ? * 5L *", "2025-01-01", ["2025-01-30T00:00", "2025-02-27T00:00", "2025-03-27T00:00"]),
            ("0 0 ? * sunL *", "2025-01-01", ["2025-01-26T00:00", "2025-02-23T00:00"]),
            ("30 22 ? * tue#2 *", "2025-01-01", ["2025-01-14T22:30", "2025-02-11T22:30"]),
            ("0 0 ? * FRI#5 *", "2025-01-01", ["2025-01-31T00:00", "2025-05-30T00:00", "2025-08-29T00:00"]),
            ("0 0 ? 2 2#5 *", "2025-01-01", ["2044-02-29T00:00", "2072-02-29T00:00"]),
            # months and years
            ("0 0 1 NOV-FEB ? *", "2025-02-01", ["2025-11-01T00:00", "2025-12-01T00:00", "2026-01-01T00:00"]),
            ("0 0 1 dec,3/4 ? *", "2025-02-01", ["2025-03-01T00:00", "2025-07-01T00:00", "2025-11-01T00:00"]),
            ("0 0 1 1 ? 2030-2199/100", "2025-01-01", ["2030-01-01T00:00", "2130-01-01T00:00", "never"]),
            ("59 23 31 12 ? *", "2198-12-31T23:59", ["2199-12-31T23:59", "never"]),
            ("0 0 1 1 ? 1970", "0001-01-01", ["1970-01-01T00:00", "never"]),
            ("0 0 * * ? *", "9999-12-31T23:59:59.999999", ["never"]),
            ("0 0 1 1 ? 2024", "2024-01-01", ["never"]),
            ("0 0 30 2 ? *", "2025-01-01", ["never"]),
            ("0 0 31 2-6/2 ? *", "2025-01-01", ["never"]),
            ("0 0 L-30 2 ? *", "2025-01-01", ["never"]),
        ],
    )
    def test_in_utc(self, text: str, after: str, runs: list[str]) -> None:
        assert next_runs(f"cron({text})", after, len(runs)) == runs

    @pytest.mark.parametrize(
        ("zone", "text", "after", "runs"),
        [
            ("Asia/Kolkata", "0 9 * * ? *", "2025-01-01T03:30", ["2025-01-02T03:30"]),
            ("Asia/Tokyo", "0 0 1 1 ? 1970", "1960-01-01", ["1969-12-31T15:00", "never"]),
            ("Pacific/Kiritimati", "0 0 1 * ? *", "2025-01-31T09:00", ["2025-01-31T10:00", "2025-02-28T10:00"]),
            ("Pacific/Pago_Pago", "59 23 31 12 ? 2199", "2199-12-31", ["2200-01-01T10:59", "never"]),
            # noon is noon, in winter and in summer
            ("America/New_York", "0 12 * * ? *", "2025-03-08", ["2025-03-08T17:00", "2025-03-09T16:00"]),
            ("Europe/London", "0 12 * * ? *", "2025-10-25", ["2025-10-25T11:00", "2025-10-26T12:00"]),
            # 02:30 does not exist on March 9th
            ("America/New_York", "30 2 * * ? *", "2025-03-08", ["2025-03-08T07:30", "2025-03-10T06:30"]),
            ("America/New_York", "*/30 1-3 9 3 ? *", "2025-03-09", ["2025-03-09T06:00", "2025-03-09T06:30"]),
            ("America/New_York", "*/30 1-3 9 3 ? *", "2025-03-09T06:30", ["2025-03-09T07:00", "2025-03-09T07:30"]),
            # 01:30 comes twice on November 2nd: first at 05:30 UTC, in summer time
            ("America/New_York", "30 1 * * ? *", "2025-11-02", ["2025-11-02T05:30", "2025-11-03T06:30"]),
            ("America/New_York", "30 1 * * ? *", "2025-11-02T06:10", ["2025-11-03T06:30"]),
            ("America/New_York", "* 1-2 * * ? *", "2025-11-02T05:58", ["2025-11-02T05:59", "2025-11-02T07:00"]),
            ("Australia/Lord_Howe", "*/15 * * * ? *", "2025-04-05T14:30", ["2025-04-05T14:45", "2025-04-05T15:30"]),
            # Samoa had no December 30th in 2011
            ("Pacific/Apia", "0 0 30 * ? *", "2011-12-01", ["2012-01-29T10:00"]),
            ("Pacific/Apia", "* * * * ? *", "2011-12-30T09:59", ["2011-12-30T10:00"]),
            # Liberia was 44 minutes and 30 seconds behind UTC until 1972
            ("Africa/Monrovia", "0 0 * * ? *", "1972-01-05T00:44:30", ["1972-01-06T00:44", "1972-01-08T00:00"]),
        ],
    )
    def test_in_a_timezone(self, zone: str, text: str, after: str, runs: list[str]) -> None:
        assert next_runs(f"cron({text})", after, len(runs), zone) == runs

    def test_moments_of_any_timezone_are_read_and_utc_is_answered(self) -> None:
        schedule = parse_schedule("cron(0 10 * * ? *)")
        run = schedule.next_after(datetime(2025, 1, 1, 11, 30, tzinfo=ZoneInfo("Europe/Paris")))
        assert run == utc("2025-01-02T10:00")
        assert run is not None
        assert run.tzinfo is timezone.utc

    def test_nothing_runs_before_the_schedule_begins(self) -> None:
        schedule = parse_schedule("cron(0 10 * * ? *)")
        assert schedule.next_after(utc("2025-01-01"), anchor=utc("2025-03-01T12:00")) == utc("2025-03-02T10:00")
        assert schedule.next_after(utc("2025-04-01"), anchor=utc("2025-03-01T12:00")) == utc("2025-04-01T10:00")


class TestNextRunsOfRate:
    @pytest.mark.parametrize(
        ("expression", "after", "anchor", "run"),
        [
            ("rate(1 day)", "2025-01-01T12:34:56", None, "2025-01-02T12:34:56"),
            ("rate(1 day)", "2025-01-01T12:34:56", "2025-01-01T12:34:56", "2025-01-02T12:34:56"),
            ("rate(1 day)", "2025-01-02T12:34:55", "2025-01-01T12:34:56", "2025-01-02T12:34:56"),
            ("rate(1 day)", "2025-01-02T12:34:56", "2025-01-01T12:34:56", "2025-01-03T12:34:56"),
            ("rate(90 minutes)", "2025-01-31T23:59", "2025-01-01T00:15", "2025-02-01T00:15"),
            ("rate(36 hours)", "2025-01-01", "2025-03-01", "2025-03-02T12:00"),
        ],
    )
    def test_runs_are_whole_intervals_after_the_beginning(
        self, expression: str, after: str, anchor: str | None, run: str
    ) -> None:
        schedule = parse_schedule(expression)
        assert schedule.next_after(utc(after), utc(anchor) if anchor else None) == utc(run)

    def test_a_day_is_24_hours_when_the_clocks_change(self) -> None:
        schedule = parse_schedule("rate(1 day)", "America/New_York")
        assert schedule.next_after(utc("2025-03-08T12:00")) == utc("2025-03-09T12:00")

    def test_the_calendar_ends(self) -> None:
        assert parse_schedule("rate(999999999 days)").next_after(utc("2025-01-01")) is None
        assert parse_schedule("rate(1 minute)").next_after(utc("9999-12-31T23:59:30")) is None

    @given(
        value=st.integers(2, 10_000),
        unit=st.sampled_from(["minutes", "hours", "days"]),
        anchor=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)),  # noqa: DTZ001
        moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)),  # noqa: DTZ001
    )
    @settings(deadline=None)
    def test_strictly_later_and_the_first(self, value: int, unit: str, anchor: datetime, moment: datetime) -> None:
        schedule = parse_schedule(f"rate({value} {unit})")
        assert isinstance(schedule, RateSchedule)
        run = schedule.next_after(moment, anchor)
        assert run is not None
        assert run > max(moment, anchor)
        assert run - max(moment, anchor) <= schedule.interval
        assert (run - anchor) % schedule.interval == timedelta()
