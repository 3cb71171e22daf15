"""The runs of random cron expressions, against a slow and separate reading of the user guide's table."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mock_imagebuilder.imagebuilder.schedules import parse_schedule

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
FIELDS = {
    "minute": (0, 59, None),
    "hour": (0, 23, None),
    "day": (1, 31, None),
    "month": (1, 12, MONTHS),
    "week": (1, 7, DAYS),
    "year": (1970, 2199, None),
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def number(text: str, names: list[str] | None) -> int:
    return names.index(text.upper()) + 1 if names and text.upper() in names else int(text)


def is_listed(number_now: int, text: str, kind: str) -> bool:
    """Walks every item of a list, value by value, and wraps around at the end of the field."""
    lowest, highest, names = FIELDS[kind]
    for item in text.split(","):
        span, _, step = item.partition("/")
        if span == "*":
            span = f"{lowest}-{highest}"
        first, _, last = span.partition("-")
        current, end = number(first, names), number(last or (str(highest) if step else first), names)
        steps = 0
        while True:
            if current == number_now and steps % int(step or 1) == 0:
                return True
            if current == end:
                break
            current = lowest if current == highest else current + 1
            steps += 1
    return False


def runs_on(day: date, day_text: str, week_text: str) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    month = [date(day.year, day.month, number) for number in range(1, length + 1)]
    weekdays = [other for other in month if other.weekday() < 5]
    if day_text != "?":
        if day_text == "L":
            return day == month[-1]
        if day_text == "LW":
            return day == weekdays[-1]
        if day_text.startswith("L-"):
            return (month[-1] - day).days == int(day_text[2:])
        if day_text.endswith("W"):
            target = int(day_text[:-1])
            return target <= length and day == min(weekdays, key=lambda other: abs(other.day - target))
        return is_listed(day.day, day_text, "day")
    name = DAYS[(day.weekday() + 1) % 7]
    same_name = [other for other in month if other.weekday() == day.weekday()]
    if week_text == "L":
        return name == "SAT"
    if week_text.endswith("L"):
        return number(week_text[:-1], DAYS) == DAYS.index(name) + 1 and day == same_name[-1]
    if "#" in week_text:
        wanted, nth = week_text.split("#")
        return number(wanted, DAYS) == DAYS.index(name) + 1 and same_name.index(day) + 1 == int(nth)
    return is_listed(DAYS.index(name) + 1, week_text, "week")


def slow_next(text: str, moment: datetime, days: int) -> datetime | None:
    """Looks at every day after a moment, and at every minute of a day that matches."""
    minute, hour, day_text, month, week_text, year = text.split(" ")
    for offset in range(days):
        day = moment.date() + timedelta(days=offset)
        matches = is_listed(day.month, month, "month") and is_listed(day.year, year, "year")
        if not matches or not runs_on(day, day_text, week_text):
            continue
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        for minutes in range(24 * 60):
            candidate = midnight + timedelta(minutes=minutes)
            if (
                candidate > moment
                and is_listed(candidate.hour, hour, "hour")
                and is_listed(candidate.minute, minute, "minute")
            ):
                return candidate
    return None


def slow_next_in_zone(text: str, moment: datetime, zone: ZoneInfo, minutes: int) -> datetime | None:
    """Looks at every minute of UTC: what the wall clock skips never shows up, and a second showing has its fold set."""
    minute, hour, day_text, month, week_text, year = text.split(" ")
    candidate = moment.replace(second=0, microsecond=0)
    for _ in range(minutes):
        candidate += timedelta(minutes=1)
        wall = candidate.astimezone(zone)
        if (
            not wall.fold
            and is_listed(wall.minute, minute, "minute")
            and is_listed(wall.hour, hour, "hour")
            and is_listed(wall.month, month, "month")
            and is_listed(wall.year, year, "year")
            and runs_on(wall.date(), day_text, week_text)
        ):
            return candidate
    return None


@st.composite
def lists(draw: st.DrawFn, kind: str) -> str:
    lowest, highest, names = FIELDS[kind]
    if kind == "year":
        lowest, highest = 2020, 2032
    values = st.integers(lowest, highest).map(str)
    if names:
        values |= st.sampled_from(names) | st.sampled_from(names).map(str.lower)

    def span(bounds: tuple[str, str]) -> str:
        if kind == "year":
            bounds = min(bounds), max(bounds)
        return "-".join(bounds)

    items = values | st.just("*") | st.tuples(values, values).map(span)
    if kind != "week":
        increments = st.integers(1, min(FIELDS[kind][1], 12)).map(str)
        items |= st.tuples(items, increments).map("/".join)
    return ",".join(draw(st.lists(items, min_size=1, max_size=3)))


months_days = st.one_of(
    lists("day"),
    st.sampled_from(["L", "LW"]),
    st.integers(1, 30).map("L-{}".format),
    st.integers(1, 31).map("{}W".format),
)
week_day = st.integers(1, 7).map(str) | st.sampled_from(DAYS)
weeks_days = st.one_of(
    lists("week"),
    st.just("L"),
    week_day.map("{}L".format),
    st.tuples(week_day, st.integers(1, 5).map(str)).map("#".join),
)
day_fields = st.tuples(months_days, st.just("?")) | st.tuples(st.just("?"), weeks_days)


@st.composite
def cron_texts(draw: st.DrawFn) -> str:
    day, week = draw(day_fields)
    rest = [draw(lists(kind)) for kind in ("minute", "hour", "month", "year")]
    return " ".join([rest[0], rest[1], day, rest[2], week, rest[3]])


class TestAgainstTheSlowReading:
    @given(
        text=cron_texts(),
        moment=st.datetimes(datetime(2019, 6, 1), datetime(2032, 12, 31), timezones=st.just(timezone.utc)),  # noqa: DTZ001
    )
    @settings(max_examples=150, deadline=None)
    @example("0 0 29 2 ? *", utc("2025-03-01"))
    @example("59 23 31W * ? *", utc("2025-05-31T00:00"))
    def test_in_utc(self, text: str, moment: datetime) -> None:
        days = 1500
        run = parse_schedule(f"cron({text})").next_after(moment)
        expected = slow_next(text, moment, days)
        if expected is None:
            assert run is None or run >= moment + timedelta(days=days - 1)
        else:
            assert run == expected
            assert run > moment
            assert parse_schedule(f"cron({text})").next_after(run - timedelta(microseconds=1)) == run

    @given(
        text=st.tuples(lists("minute"), st.just("*") | lists("hour")).map(lambda words: " ".join(words) + " * * ? *"),
        place=st.sampled_from(
            [
                ("America/New_York", "2025-03-09T07:00"),
                ("America/New_York", "2025-11-02T06:00"),
                ("Europe/London", "2025-03-30T01:00"),
                ("Europe/London", "2025-10-26T01:00"),
                ("Australia/Lord_Howe", "2025-04-05T15:00"),
                ("Australia/Lord_Howe", "2025-10-04T15:30"),
                ("America/Havana", "2025-03-09T05:00"),
                ("Africa/Casablanca", "2025-02-23T02:00"),
                ("Pacific/Apia", "2011-12-30T10:00"),
                ("Asia/Kathmandu", "2025-06-01T00:00"),
            ]
        ),
        offset=st.timedeltas(timedelta(hours=-26), timedelta(hours=3)),
    )
    @settings(max_examples=150, deadline=None)
    def test_around_changes_of_the_clock(self, text: str, place: tuple[str, str], offset: timedelta) -> None:
        zone, change = place
        moment = utc(change) + offset
        minutes = 60 * 30
        run = parse_schedule(f"cron({text})", zone).next_after(moment)
        expected = slow_next_in_zone(text, moment, ZoneInfo(zone), minutes)
        if expected is None:
            assert run is None or run > moment + timedelta(minutes=minutes - 1)
        else:
            assert run == expected
            assert run > moment
