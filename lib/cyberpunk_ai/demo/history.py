"""The span of days that the demo company has lived through, and the way between a date, a day number and a month number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import IntArray, TimeArray

YEARS = 3
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class History:
    """Thirty-six whole months, and the unfinished one up to `end` inclusive.

    Attributes:
        start: First day, always the first of a month.
        end: Last day that has rows.
    """

    start: date
    end: date

    @classmethod
    def ending(cls, end: date) -> History:
        """Return the history of three years that ends with `end`."""
        unfinished = (end + timedelta(days=1)).replace(day=1)
        return cls(unfinished.replace(year=unfinished.year - YEARS), end)

    @property
    def days(self) -> int:
        """Days in it."""
        return (self.end - self.start).days + 1

    @property
    def whole_months(self) -> int:
        """Months that are over by `end`."""
        return 12 * YEARS

    @cached_property
    def dates(self) -> TimeArray:
        """Every day, as datetime64[D], shape (days,)."""
        return np.datetime64(self.start, "D") + np.arange(self.days)

    @cached_property
    def month_of_day(self) -> IntArray:
        """Months since the first one, per day, shape (days,)."""
        months = self.dates.astype("datetime64[M]").astype(np.int64)
        since_first: IntArray = months - months[0]
        return since_first

    @cached_property
    def calendar_month(self) -> IntArray:
        """Calendar month 0 (January) to 11, per month of the history, the unfinished one included."""
        months = np.arange(self.start.month - 1, self.start.month + self.whole_months)
        return np.mod(months, 12, dtype=np.int64)

    def day_of(self, day: date) -> int:
        """Return the number of a day, 0 for the first; beyond the ends it goes on counting."""
        return (day - self.start).days

    def date_of(self, day: int) -> date:
        """Return the date of a day number."""
        return self.start + timedelta(days=day)

    def timestamps(self, seconds: IntArray) -> TimeArray:
        """Return naive UTC timestamps of seconds since the first midnight."""
        origin = np.datetime64(self.start, "us")
        stamps: TimeArray = origin + np.asarray(seconds, dtype=np.int64) * np.timedelta64(1_000_000, "us")
        return stamps
