"""The periods of lifecycle rules: a number of days, weeks, months or years."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta, timezone

_DAYS = {"DAYS": 1, "WEEKS": 7}
_MONTHS = {"MONTHS": 1, "YEARS": 12}


def ago(moment: datetime, value: int, unit: str) -> datetime:
    """The moment so many units before another one. Months and years are those of the calendar.

    Three months before 31 May is the last day of February. What lies before the year 1 is the beginning of the year 1.

    :param unit: a value of the API's LifecyclePolicyTimeUnit.
    """
    if unit in _DAYS:
        return moment - timedelta(days=value * _DAYS[unit])
    year, month = divmod(moment.year * 12 + moment.month - 1 - value * _MONTHS[unit], 12)
    if year < 1:
        return datetime.min.replace(tzinfo=timezone.utc)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
