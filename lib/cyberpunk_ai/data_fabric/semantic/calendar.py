"""Days arithmetic of the business calendar: units, their starts and steps. Phrases are read in `periods.py`."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Literal, get_args

Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: tuple[str, ...] = get_args(Grain)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def add_months(day: date, months: int) -> date:
    """Move by whole months; a day that the target month lacks becomes its last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def start_of(unit: str, day: date, *, first_month: int = 1) -> date:
    """First day of the unit that holds `day`. Weeks start on Monday; `first_month` opens the year."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return date(day.year, day.month - (day.month - 1) % 3, 1)
    return date(day.year - (day.month < first_month), first_month, 1)


def step(unit: str, day: date, count: int = 1) -> date:
    """Move by `count` units."""
    if unit in _MONTHS:
        return add_months(day, _MONTHS[unit] * count)
    return day + timedelta(days=count * (7 if unit == "week" else 1))


def buckets(unit: str, start: date, end: date) -> list[date]:
    """First days of every unit that overlaps [start, end)."""
    days = []
    day = start_of(unit, start)
    while day < end:
        days.append(day)
        day = step(unit, day)
    return days
