"""Schedule expressions of image pipelines: what is accepted, and what is refused and how."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone

import pytest

from mock_imagebuilder.imagebuilder.schedules import (
    CronSchedule,
    RateSchedule,
    ScheduleExpressionError,
    UnknownTimezoneError,
    parse_schedule,
)

CRON = "Invalid schedule expression. Details: Invalid CRON expression: error at position"
RATE = "Invalid schedule expression. Details: Invalid RATE expression:"
SYNTAX = (
    "Invalid schedule expression. Details: Schedule expressions must have the following syntax: "
    r"rate(<number>\s?(minutes?|hours?|days?)) or cron(<cron_expression>)."
)
BOTH_DAYS = "Support for specifying both a day-of-week AND a day-of-month parameter is not implemented."


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


class TestAccepted:
    @pytest.mark.parametrize(
        "text",
        [
            # the user guide's examples
            "0 10 * * ? *",
            "15 12 * * ? *",
            "0 10 ? * 1-5 *",
            "0 18 ? * mon-fri *",
            "0 8 1 * ? *",
            "30 22 ? * tue#2 *",
            # seen in public templates and recorded answers
            "0 9 ? * SUN *",
            "0 8 ? * sun#3 *",
            "0 22 ? * 2#2 *",
            # every wildcard of every field
            "0,15,30-40,50/5 * * * ? *",
            "*/5 0-23/6 * * ? *",
            "0 0 */2 * ? *",
            "0 0 1/10,2,3/8 * ? *",
            "0 0 1,15,28-3 * ? *",
            "0 0 L * ? *",
            "0 0 l * ? *",
            "0 0 L-3 * ? *",
            "0 0 L-30 * ? *",
            "0 0 LW * ? *",
            "0 0 15w * ? *",
            "0 0 1 jan,FEB,Mar ? *",
            "0 0 1 1/12 ? *",
            "0 0 1 NOV-FEB ? *",
            "0 0 ? * L *",
            "0 0 ? * 5L *",
            "0 0 ? * friL *",
            "0 0 ? * FRI-MON *",
            "0 0 ? * * *",
            "0 0 1 1 ? 1970",
            "0 0 1 1 ? 2199",
            "0 0 1 1 ? 2025-2030/2,2040,*/10",
            "00 00 01 01 ? 2025",
            "59 23 31 12 ? *",
            # nothing ever matches, which is no reason to refuse
            "0 0 30 2 ? *",
        ],
    )
    def test_cron(self, text: str) -> None:
        schedule = parse_schedule(f"cron({text})")
        assert isinstance(schedule, CronSchedule)
        assert schedule.expression == f"cron({text})"
        assert schedule == parse_schedule(f"cron({text})")

    @pytest.mark.parametrize(
        ("expression", "interval"),
        [
            ("rate(1 minute)", timedelta(minutes=1)),
            ("rate(5 minutes)", timedelta(minutes=5)),
            ("rate(1 hour)", timedelta(hours=1)),
            ("rate(12 hours)", timedelta(hours=12)),
            ("rate(1 day)", timedelta(days=1)),
            ("rate(7 days)", timedelta(days=7)),
            ("rate(7days)", timedelta(days=7)),
            ("rate(01 day)", timedelta(days=1)),
            ("rate(999999999 days)", timedelta(days=999_999_999)),
        ],
    )
    def test_rate(self, expression: str, interval: timedelta) -> None:
        assert parse_schedule(expression) == RateSchedule(expression, interval)

    @pytest.mark.parametrize("expression", ["cron(0 10 * * ? *)", "rate(1 day)"])
    @pytest.mark.parametrize("zone", [None, "UTC", "Etc/UTC", "America/Los_Angeles", "America/Argentina/Buenos_Aires"])
    def test_timezone(self, expression: str, zone: str | None) -> None:
        assert parse_schedule(expression, zone).expression == expression

    def test_schedules_can_be_keys_and_be_stored(self) -> None:
        schedule = parse_schedule("cron(0 0 ? * 2#2 *)", "Europe/Paris")
        assert len({schedule, parse_schedule("cron(0 0 ? * 2#2 *)", "Europe/Paris")}) == 1
        assert schedule != parse_schedule("cron(0 0 ? * 2#2 *)")
        assert pickle.loads(pickle.dumps(schedule)).next_after(utc("2025-10-20")) == utc("2025-11-09T23:00")


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "position", "details"),
        [
            # recorded: too few fields, at the end of the text
            ("0 0 * * *", 9, "Unexpected end of expression."),
            ("0 10 * * ?", 10, "Unexpected end of expression."),
            ("", 0, "Unexpected end of expression."),
            # recorded: both day fields, read from a field of seconds on
            ("0 16 * * MON-FRI *", 0, "Invalid Month value: 'MON'"),
            ("0 16 L * 2 *", 0, "Invalid Hour value: 'L'"),
            ("0 16 31 * 2 *", 0, "Hour values must be between 0 and 23"),
            ("0 16 1 JAN 2 *", 0, "Invalid Day-of-Month value: 'JAN'"),
            ("0 16 1 1 2 2025", 0, "Day-of-Week values must be between 1 and 7"),
            ("0 16 * * * *", 0, BOTH_DAYS),
            ("0 16 1 * 2 *", 0, BOTH_DAYS),
            ("0 16 ? * ? *", 0, "'?' can only be specified for Day-of-Month -OR- Day-of-Week."),
            # one space between the fields, none around them, and six of them
            ("0 10 * * ? * 2025", 12, "Unexpected characters after the Year field"),
            ("0 0 12 * * ? *", 12, "Unexpected characters after the Year field"),
            (" 0 10 * * ? *", 0, "Fields must be separated by one space"),
            ("0 10  * * ? *", 5, "Fields must be separated by one space"),
            ("0 10 * * ? * ", 12, "Fields must be separated by one space"),
            ("0\t10 * * ? * *", 0, "Invalid Minute value: '0\t10'"),
            # values, names
            ("60 0 * * ? *", 0, "Minute values must be between 0 and 59"),
            ("0 24 * * ? *", 0, "Hour values must be between 0 and 23"),
            ("0 0 0 * ? *", 0, "Day-of-Month values must be between 1 and 31"),
            ("0 0 32 * ? *", 0, "Day-of-Month values must be between 1 and 31"),
            ("0 0 1 0 ? *", 0, "Month values must be between 1 and 12"),
            ("0 0 1 13 ? *", 0, "Month values must be between 1 and 12"),
            ("0 0 ? * 0 *", 0, "Day-of-Week values must be between 1 and 7"),
            ("0 0 ? * 8 *", 0, "Day-of-Week values must be between 1 and 7"),
            ("0 0 1 1 ? 1969", 0, "Year values must be between 1970 and 2199"),
            ("0 0 1 1 ? 2200", 0, "Year values must be between 1970 and 2199"),
            ("0 0 1 1 ? 12025", 0, "Invalid Year value: '12025'"),
            ("0,1-60 0 * * ? *", 4, "Minute values must be between 0 and 59"),
            ("0 0 1 JAN,FOO ? *", 4, "Invalid Month value: 'FOO'"),
            ("0 0 1 MON ? *", 0, "Invalid Month value: 'MON'"),
            ("0 0 ? * JAN *", 0, "Invalid Day-of-Week value: 'JAN'"),
            ("0 0 ? * MONDAY *", 0, "Invalid Day-of-Week value: 'MONDAY'"),
            ("0 0 ? * fr\u0131 *", 0, "Invalid Day-of-Week value: 'fr\u0131'"),
            ("\u0661 0 * * ? *", 0, "Invalid Minute value: '\u0661'"),
            ("-1 0 * * ? *", 0, "Invalid Minute value: ''"),
            ("1, 0 * * ? *", 2, "Invalid Minute value: ''"),
            ("1- 0 * * ? *", 2, "Invalid Minute value: ''"),
            ("1-2-3 0 * * ? *", 2, "Invalid Minute value: '2-3'"),
            ("*-5 0 * * ? *", 0, "Invalid Minute value: '*'"),
            ("1.5 0 * * ? *", 0, "Invalid Minute value: '1.5'"),
            ("0 0 1 1 ? 2030-2025", 0, "Year ranges must not end before they start"),
            # `?`
            ("? 0 * * ? *", 0, "'?' can only be specified for Day-of-Month or Day-of-Week."),
            ("0 ? * * ? *", 0, "'?' can only be specified for Day-of-Month or Day-of-Week."),
            ("0 0 1 ? ? *", 0, "'?' can only be specified for Day-of-Month or Day-of-Week."),
            ("0 0 1 1 ? ?", 0, "'?' can only be specified for Day-of-Month or Day-of-Week."),
            ("0 0 1,? * ? *", 2, "'?' can only be specified for Day-of-Month or Day-of-Week."),
            # `/`
            ("*/0 0 * * ? *", 2, "Minute increments must be between 1 and 59"),
            ("0/60 0 * * ? *", 2, "Minute increments must be between 1 and 59"),
            ("0 */24 * * ? *", 2, "Hour increments must be between 1 and 23"),
            ("0 0 */32 * ? *", 2, "Day-of-Month increments must be between 1 and 31"),
            ("0 0 1 1/13 ? *", 2, "Month increments must be between 1 and 12"),
            ("0 0 1 1 ? */231", 2, "Year increments must be between 1 and 230"),
            ("*/ 0 * * ? *", 2, "Minute increments must be between 1 and 59"),
            ("*/5/5 0 * * ? *", 2, "Minute increments must be between 1 and 59"),
            ("/5 0 * * ? *", 0, "Invalid Minute value: ''"),
            ("0 0 ? * */2 *", 1, "'/' is not valid for Day-of-Week"),
            ("0 0 ? * MON,2/2 *", 5, "'/' is not valid for Day-of-Week"),
            # `L`, `W` and `#` stand alone, in the day fields
            ("L 0 * * ? *", 0, "Invalid Minute value: 'L'"),
            ("0 0 1 L ? *", 0, "Invalid Month value: 'L'"),
            ("0 0 1,L * ? *", 2, "Invalid Day-of-Month value: 'L'"),
            ("0 0 5L * ? *", 0, "Invalid Day-of-Month value: '5L'"),
            ("0 0 L-0 * ? *", 2, "Day-of-Month values must be between 1 and 31"),
            ("0 0 L-31 * ? *", 2, "The offset from the last day must be between 1 and 30"),
            ("0 0 L-3W * ? *", 2, "Invalid Day-of-Month value: '3W'"),
            ("0 0 W * ? *", 0, "Invalid Day-of-Month value: ''"),
            ("0 0 32W * ? *", 0, "Day-of-Month values must be between 1 and 31"),
            ("0 0 15W,20 * ? *", 0, "Invalid Day-of-Month value: '15W'"),
            ("0 0 ? * 2W *", 0, "Invalid Day-of-Week value: '2W'"),
            ("0 0 ? * 8L *", 0, "Day-of-Week values must be between 1 and 7"),
            ("0 0 ? * 2L,5 *", 0, "Invalid Day-of-Week value: '2L'"),
            ("0 0 ? * L-1 *", 0, "Invalid Day-of-Week value: 'L'"),
            ("0 0 2#2 * ? *", 0, "Invalid Day-of-Month value: '2#2'"),
            ("0 0 ? * 2#0 *", 2, "A numeric value between 1 and 5 must follow the '#' option"),
            ("0 0 ? * MON#6 *", 4, "A numeric value between 1 and 5 must follow the '#' option"),
            ("0 0 ? * MON# *", 4, "A numeric value between 1 and 5 must follow the '#' option"),
            ("0 0 ? * sat#2,4 *", 4, "A numeric value between 1 and 5 must follow the '#' option"),
            ("0 0 ? * 8#1 *", 0, "Day-of-Week values must be between 1 and 7"),
        ],
    )
    def test_cron(self, text: str, position: int, details: str) -> None:
        with pytest.raises(ScheduleExpressionError) as refusal:
            parse_schedule(f"cron({text})")
        assert str(refusal.value) == f"{CRON} {position}, details: {details}"
        assert refusal.value.parameter == "schedule.scheduleExpression"

    @pytest.mark.parametrize(
        "expression",
        [
            "",
            "0 10 * * ? *",
            "CRON(0 10 * * ? *)",
            "cron (0 10 * * ? *)",
            "cron(0 10 * * ? *",
            "cron(0 10 * * ? *) ",
            " cron(0 10 * * ? *)",
            "at(2025-10-20T16:28:54)",
            "rate()",
            "rate(day)",
            "rate(-1 days)",
            "rate(1.5 days)",
            "rate(1  day)",
            "rate( 1 day)",
            "rate(1 Day)",
            "rate(30 seconds)",
            "rate(2 weeks)",
            "rate(\u0662 days)",
            "every day",
        ],
    )
    def test_unknown_form(self, expression: str) -> None:
        with pytest.raises(ScheduleExpressionError) as refusal:
            parse_schedule(expression)
        assert str(refusal.value) == SYNTAX

    @pytest.mark.parametrize(
        ("expression", "details"),
        [
            ("rate(0 days)", "the value must be between 1 and 999999999"),
            ("rate(1000000000 minutes)", "the value must be between 1 and 999999999"),
            pytest.param(
                f"rate({'9' * 5000} days)",
                "the value must be between 1 and 999999999",
                id="more digits than int() takes",
            ),
            ("rate(1 days)", "the unit must be singular for the value 1 and plural for all others"),
            ("rate(2 day)", "the unit must be singular for the value 1 and plural for all others"),
            ("rate(1 hours)", "the unit must be singular for the value 1 and plural for all others"),
            ("rate(60 minute)", "the unit must be singular for the value 1 and plural for all others"),
        ],
    )
    def test_rate(self, expression: str, details: str) -> None:
        with pytest.raises(ScheduleExpressionError) as refusal:
            parse_schedule(expression)
        assert str(refusal.value) == f"{RATE} {details}"

    @pytest.mark.parametrize("expression", ["cron(0 10 * * ? *)", "rate(1 day)"])
    @pytest.mark.parametrize(
        "zone", ["Mars/Olympus", "America", "PST8", "../UTC", "posix/UTC", "localtime", "UTC/", "", "tzdata.zi"]
    )
    def test_timezone(self, expression: str, zone: str) -> None:
        with pytest.raises(UnknownTimezoneError) as refusal:
            parse_schedule(expression, zone)
        assert str(refusal.value) == f"Invalid timezone. Details: '{zone}' is not the name of an IANA time zone."
        assert refusal.value.parameter == "schedule.timezone"

    def test_expression_comes_before_timezone(self) -> None:
        with pytest.raises(ScheduleExpressionError) as refusal:
            parse_schedule("rate(2 day)", "Mars/Olympus")
        assert refusal.value.parameter == "schedule.scheduleExpression"

    @pytest.mark.parametrize("expression", ["cron(0 10 * * ? *)", "rate(1 day)"])
    def test_moments_need_a_timezone(self, expression: str) -> None:
        schedule = parse_schedule(expression)
        naive = datetime(2025, 1, 1)  # noqa: DTZ001
        with pytest.raises(ValueError, match="time zone"):
            schedule.next_after(naive)
        with pytest.raises(ValueError, match="time zone"):
            schedule.next_after(utc("2025-01-01"), naive)
