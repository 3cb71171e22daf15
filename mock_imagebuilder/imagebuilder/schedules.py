"""When an image pipeline runs by itself: the schedule expressions of Image Builder and the runs that follow from them.

Sources: the user guide's page "Use cron expressions in Image Builder" (fields, values, wildcards), the `Schedule`
structure of the API (`rate(1 day)` is a schedule too, the time zone defaults to UTC), and recorded answers. The guide
says nothing about daylight saving time; there, EventBridge Scheduler's rule is followed (see `CronSchedule`).
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import ClassVar
from zoneinfo import ZoneInfo


class ScheduleExpressionError(ValueError):
    """A schedule that Image Builder refuses; `str()` is the sentence, `parameter` the path of the refused parameter.

    The service answers InvalidParameterValueException with this sentence after `The value supplied for parameter
    '<parameter>' is not valid. `. Recorded sentences, after `Invalid schedule expression. Details: `:

    * `Invalid CRON expression: error at position 9, details: Unexpected end of expression.` for `cron(0 0 * * *)`:
      fewer than six fields, the position is the length of the text between the parentheses;
    * `Invalid CRON expression: error at position 0, details: Invalid Month value: 'MON'` for
      `cron(0 16 * * MON-FRI *)`, recorded from Application Auto Scaling, which answers in the same frame. Both day
      fields are given there, and the complaint shows that the service reads such a text from a field of seconds on,
      so that every word is held against the field to its left, and that the position counts from the word's start;
    * `Schedule expressions must have the following syntax: ...` for a text that is neither cron nor rate (Application
      Auto Scaling again, which also offers `at(...)`; Image Builder documents no such form, and it is refused here).

    The rest is our reading, worded alike: a bad value is reported for the field where it stands, with its position in
    that field; a rate needs a positive value and the unit in the number of the value, as EventBridge demands.
    """

    parameter: ClassVar[str] = "schedule.scheduleExpression"


class UnknownTimezoneError(ScheduleExpressionError):
    """A `schedule.timezone` that is not the name of an IANA time zone. The sentence is our reading."""

    parameter: ClassVar[str] = "schedule.timezone"


_SYNTAX = (
    "Schedule expressions must have the following syntax: "
    r"rate(<number>\s?(minutes?|hours?|days?)) or cron(<cron_expression>)."
)


def _refusal(details: str) -> ScheduleExpressionError:
    return ScheduleExpressionError(f"Invalid schedule expression. Details: {details}")


def _cron_refusal(position: int, details: str) -> ScheduleExpressionError:
    return _refusal(f"Invalid CRON expression: error at position {position}, details: {details}")


@dataclass(frozen=True, slots=True)
class _Field:
    """One row of the guide's table of cron fields: values from lowest to highest, and names for all of them or none."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    has_increments: bool = True
    wraps_around: bool = True

    def values(self, text: str) -> tuple[int, ...]:
        """All values that a field's text selects with `,`, `-`, `*` and `/`, in order."""
        selected: set[int] = set()
        position = 0
        for item in text.split(","):
            selected.update(self._span(item, position))
            position += len(item) + 1
        return tuple(sorted(selected))

    def value(self, text: str, position: int) -> int:
        """One number or name; `position` is where it stands in the field."""
        if text == "?":
            raise _cron_refusal(position, "'?' can only be specified for Day-of-Month or Day-of-Week.")
        if not re.fullmatch("[0-9]{1,4}", text):
            if text.isascii() and text.upper() in self.names:
                return self.lowest + self.names.index(text.upper())
            raise _cron_refusal(position, f"Invalid {self.name} value: '{text}'")
        if not self.lowest <= int(text) <= self.highest:
            raise _cron_refusal(position, f"{self.name} values must be between {self.lowest} and {self.highest}")
        return int(text)

    def _span(self, item: str, position: int) -> Iterable[int]:
        span, slash, increment = item.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, stop = self.lowest, self.highest
        else:
            start = stop = self.value(first, position)
            if dash:
                stop = self.value(last, position + len(first) + 1)
            elif slash:
                stop = self.highest
        step = self._increment(increment, position + len(span)) if slash else 1
        count = self.highest - self.lowest + 1
        if stop < start:
            if not self.wraps_around:
                raise _cron_refusal(position, f"{self.name} ranges must not end before they start")
            stop += count
        return ((number - self.lowest) % count + self.lowest for number in range(start, stop + 1, step))

    def _increment(self, text: str, position: int) -> int:
        if not self.has_increments:
            raise _cron_refusal(position, f"'/' is not valid for {self.name}")
        largest = min(self.highest, self.highest - self.lowest + 1)
        if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= largest:
            raise _cron_refusal(position + 1, f"{self.name} increments must be between 1 and {largest}")
        return int(text)


_MINUTE = _Field("Minute", 0, 59)
_HOUR = _Field("Hour", 0, 23)
_DAY_OF_MONTH = _Field("Day-of-Month", 1, 31)
_MONTH = _Field("Month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
_DAY_OF_WEEK = _Field("Day-of-Week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), has_increments=False)
_YEAR = _Field("Year", 1970, 2199, wraps_around=False)

# A day rule takes the day of the week of a month's first day (1 is Sunday) and the month's length, and returns the
# days of that month on which the schedule runs, in order.
_DayRule = Callable[[int, int], list[int]]


def _day_of_week(day: int, first: int) -> int:
    return (first + day - 2) % 7 + 1


def _days_of_month(days: tuple[int, ...], _first: int, length: int) -> list[int]:
    return [day for day in days if day <= length]


def _last_day_of_month(days_before: int, _first: int, length: int) -> list[int]:
    return [length - days_before] if days_before < length else []


def _nearest_weekday(day: int, first: int, length: int) -> list[int]:
    """The weekday nearest to a day without leaving its month; a month that lacks the day has none."""
    if day > length:
        return []
    if _day_of_week(day, first) == 7:
        return [day - 1 if day > 1 else day + 2]
    if _day_of_week(day, first) == 1:
        return [day + 1 if day < length else day - 2]
    return [day]


def _last_weekday(first: int, length: int) -> list[int]:
    return _nearest_weekday(length, first, length)


def _days_of_week(days: tuple[int, ...], first: int, length: int) -> list[int]:
    return [day for day in range(1, length + 1) if _day_of_week(day, first) in days]


def _nth_day_of_week(day_of_week: int, nth: int, first: int, length: int) -> list[int]:
    return _days_of_week((day_of_week,), first, length)[nth - 1 : nth]


def _last_day_of_week(day_of_week: int, first: int, length: int) -> list[int]:
    return _days_of_week((day_of_week,), first, length)[-1:]


def _day_of_month_rule(text: str) -> _DayRule | None:
    """The rule of a Day-of-Month field, None for `?`. `L`, `L-3`, `LW` and `15W` stand alone, not in lists."""
    word = text.upper()
    if word == "?":
        return None
    if word == "L":
        return partial(_last_day_of_month, 0)
    if word == "LW":
        return _last_weekday
    if word.startswith("L-"):
        days_before = _DAY_OF_MONTH.value(text[2:], 2)
        if days_before == 31:
            raise _cron_refusal(2, "The offset from the last day must be between 1 and 30")
        return partial(_last_day_of_month, days_before)
    if word.endswith("W"):
        return partial(_nearest_weekday, _DAY_OF_MONTH.value(text[:-1], 0))
    return partial(_days_of_month, _DAY_OF_MONTH.values(text))


def _day_of_week_rule(text: str) -> _DayRule | None:
    """The rule of a Day-of-Week field, None for `?`. `L`, `5L` and `2#2` stand alone, not in lists."""
    word = text.upper()
    if word == "?":
        return None
    if word == "L":
        # The guide calls Sunday the last day of the week, from the time when its table said mon-sun. The table now says
        # sun-sat, a recorded schedule counts from Sunday, and EventBridge runs such a schedule on Saturdays.
        return partial(_days_of_week, (7,))
    if word.endswith("L"):
        return partial(_last_day_of_week, _DAY_OF_WEEK.value(text[:-1], 0))
    day, hash_sign, nth = text.partition("#")
    if hash_sign:
        day_of_week = _DAY_OF_WEEK.value(day, 0)
        if nth not in ("1", "2", "3", "4", "5"):
            raise _cron_refusal(len(day) + 1, "A numeric value between 1 and 5 must follow the '#' option")
        return partial(_nth_day_of_week, day_of_week, int(nth))
    return partial(_days_of_week, _DAY_OF_WEEK.values(text))


@dataclass(frozen=True, slots=True)
class _CronTimes:
    """The wall clock times that a cron expression selects."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: _DayRule
    months: tuple[int, ...]
    years: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> _CronTimes:
        """Reads the text between the parentheses of `cron(...)`; raises ScheduleExpressionError."""
        words = text.split(" ")
        if text and "" in words:
            surplus = re.search("^ |(?<= ) | $", text)
            raise _cron_refusal(surplus.start() if surplus else 0, "Fields must be separated by one space")
        if len(words) < 6:
            raise _cron_refusal(len(text), "Unexpected end of expression.")
        if len(words) > 6:
            raise _cron_refusal(len(" ".join(words[:6])), "Unexpected characters after the Year field")
        minute, hour, day_of_month, month, day_of_week, year = words
        minutes, hours = _MINUTE.values(minute), _HOUR.values(hour)
        month_rule = _day_of_month_rule(day_of_month)
        months = _MONTH.values(month)
        week_rule = _day_of_week_rule(day_of_week)
        years = _YEAR.values(year)
        days = month_rule or week_rule
        if days is None:
            raise _cron_refusal(0, "'?' can only be specified for Day-of-Month -OR- Day-of-Week.")
        if month_rule and week_rule:
            _read_from_seconds(words)
            raise _cron_refusal(
                0, "Support for specifying both a day-of-week AND a day-of-month parameter is not implemented."
            )
        return cls(minutes, hours, days, months, years)

    def after(self, wall: datetime) -> datetime | None:
        """The first selected minute after the minute of a naive wall clock time, None when the years are used up."""
        for year in self.years[bisect_left(self.years, wall.year) :]:
            for month in self.months:
                if (year, month) < (wall.year, wall.month):
                    continue
                monday_based, length = calendar.monthrange(year, month)
                for day in self.days((monday_based + 1) % 7 + 1, length):
                    if (year, month, day) > (wall.year, wall.month, wall.day):
                        return datetime(year, month, day, self.hours[0], self.minutes[0])  # noqa: DTZ001
                    if (year, month, day) == (wall.year, wall.month, wall.day):
                        same_day = self._later_that_day(wall)
                        if same_day:
                            return same_day
        return None

    def _later_that_day(self, wall: datetime) -> datetime | None:
        for hour in self.hours[bisect_left(self.hours, wall.hour) :]:
            start = bisect_right(self.minutes, wall.minute) if hour == wall.hour else 0
            if start < len(self.minutes):
                return wall.replace(hour=hour, minute=self.minutes[start], second=0, microsecond=0)
        return None


def _read_from_seconds(words: list[str]) -> None:
    """Complains as the service does about a text with both day fields; see ScheduleExpressionError."""
    _, _, hours, day_of_month, month, day_of_week = words  # every minute is a second, and every hour a minute
    _HOUR.values(hours)
    _day_of_month_rule(day_of_month)
    _MONTH.values(month)
    _day_of_week_rule(day_of_week)


# No wall clock of the world shows a year of the cron table outside these moments.
_FIRST_MOMENT = datetime(1969, 12, 30, tzinfo=timezone.utc)
_LAST_MOMENT = datetime(2200, 1, 2, tzinfo=timezone.utc)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a schedule needs moments with a time zone, not {moment!r}")
    return moment.astimezone(timezone.utc)


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """`cron(<minute> <hour> <day> <month> <day of the week> <year>)`, evaluated on the wall clock of a time zone.

    A wall clock time that daylight saving time skips is not made up for, and one that comes twice runs the first time
    only: EventBridge Scheduler's documented rule, which we take for Image Builder's.
    """

    expression: str
    zone: tzinfo
    _times: _CronTimes = field(repr=False, compare=False)

    def next_after(self, moment: datetime, anchor: datetime | None = None) -> datetime | None:
        """The first run after `moment`, in UTC; None when the year field has no further run.

        `anchor` is when the schedule began: there is no run at or before it. Without it the schedule begins at
        `moment`. Raises ValueError for moments without a time zone.
        """
        start = max(_in_utc(moment), _in_utc(anchor or moment))
        if start > _LAST_MOMENT:
            return None
        wall: datetime | None = max(start, _FIRST_MOMENT).astimezone(self.zone).replace(tzinfo=None)
        while wall and (wall := self._times.after(wall)):
            run = wall.replace(tzinfo=self.zone, fold=0).astimezone(timezone.utc)
            was_skipped = run.astimezone(self.zone).replace(tzinfo=None) != wall
            if run > start and not was_skipped:
                return run
        return None


@dataclass(frozen=True, slots=True)
class RateSchedule:
    """`rate(<value> <unit>)`: one run per interval. A day is 24 hours in every time zone, as in EventBridge."""

    expression: str
    interval: timedelta

    def next_after(self, moment: datetime, anchor: datetime | None = None) -> datetime | None:
        """The first run after `moment`, in UTC; None when the calendar ends before it.

        Runs are whole intervals after `anchor`, the moment when the schedule began; without it the schedule begins at
        `moment`. Raises ValueError for moments without a time zone.
        """
        moment, start = _in_utc(moment), _in_utc(anchor or moment)
        intervals = max((moment - start) // self.interval + 1, 1)
        try:
            return start + intervals * self.interval
        except OverflowError:
            return None


_RATE = re.compile(r"rate\(([0-9]+) ?(minutes?|hours?|days?)\)")
_LARGEST_RATE = 999_999_999


def parse_schedule(expression: str, timezone: str | None = None) -> CronSchedule | RateSchedule:
    """Reads `schedule.scheduleExpression` and `schedule.timezone` of an image pipeline.

    `timezone` is an IANA name such as `America/Los_Angeles`; without it the expression is evaluated in UTC. Raises
    ScheduleExpressionError for an expression and UnknownTimezoneError for a time zone that the service refuses.
    """
    cron = re.fullmatch(r"cron\((.*)\)", expression, re.DOTALL)
    if cron:
        times = _CronTimes.parse(cron[1])
        return CronSchedule(expression, _zone(timezone), times)
    rate = _RATE.fullmatch(expression)
    if rate is None:
        raise _refusal(_SYNTAX)
    interval = _interval(rate[1].lstrip("0"), rate[2])
    _zone(timezone)
    return RateSchedule(expression, interval)


def _interval(value: str, unit: str) -> timedelta:
    if not value or len(value) > len(str(_LARGEST_RATE)):
        raise _refusal(f"Invalid RATE expression: the value must be between 1 and {_LARGEST_RATE}")
    if (value == "1") == unit.endswith("s"):
        raise _refusal("Invalid RATE expression: the unit must be singular for the value 1 and plural for all others")
    return timedelta(**{unit.rstrip("s") + "s": int(value)})


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return timezone.utc
    # Systems keep files in the directory of the time zones that are no names of the IANA database.
    if name.partition("/")[0] not in ("posix", "right", "posixrules", "localtime"):
        try:
            return ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            pass
    raise UnknownTimezoneError(f"Invalid timezone. Details: '{name}' is not the name of an IANA time zone.")
