"""Columns that a tree can learn from: lags, means and seasons relative to the last value, and the calendar. Nothing here looks ahead.

A row belongs to a series, an origin and a step: it says what was known at the origin of the value that many periods later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cyberpunk_ai.forecasting.base import FloatArray

IntArray = npt.NDArray[np.int64]

_LAGS = range(1, 8)
_MEANS = (3, 6, 12)
_WEEKS_OF_YEAR = 364
_CALENDAR = ("month", "day", "weekday", "week", "hour")


class StackedSeries:
    """Several series side by side, aligned at their ends, and the rows that can be made of them.

    Args:
        series: Values of each series in time order.
        season_length: Periods in one season; seasons of the target's own place become columns.
        indexes: Dates of each series; those of weeks, days and hours become columns, while a month's season is taken out before.
        ahead: Farthest step that will be asked for.
    """

    def __init__(self, series: Sequence[FloatArray], season_length: int, indexes: Sequence[Any], ahead: int) -> None:
        self.season_length = season_length
        self.lengths = np.array([len(each) for each in series], dtype=np.int64)
        self.width = int(self.lengths.max())
        self.starts = self.width - self.lengths
        self.values = np.full((len(series), self.width), np.nan)
        for place, each in enumerate(series):
            self.values[place, self.starts[place] :] = each
        filled = np.nan_to_num(self.values)
        self._sums = np.concatenate([np.zeros((len(series), 1)), np.cumsum(filled, axis=1)], axis=1)
        self.levels = np.abs(filled).sum(axis=1) / self.lengths
        self.levels[self.levels == 0] = 1.0
        changes = np.abs(np.diff(self.values, axis=1))
        self._roughness = np.nansum(changes, axis=1) / np.maximum(self.lengths - 1, 1) / self.levels
        self._deviation = np.nanstd(self.values, axis=1) / self.levels
        self._has_days = all(_has_days(index) for index in indexes)
        if self._has_days:
            self._days, self._first_day = self._calendars(indexes, ahead)
        self._far = (_WEEKS_OF_YEAR,) if self._has_days and season_length == 7 and self.width > 2 * _WEEKS_OF_YEAR else ()

    @property
    def names(self) -> tuple[str, ...]:
        """What each column is."""
        lags = [f"lag {lag}" for lag in _LAGS]
        means = [f"mean of {count}" for count in _MEANS]
        slopes = ["slope 6/12", "slope 12/24", "slope 3/6", "slope 1/4", "change over 12"]
        seasons = ["same season", "season before", "mean of four seasons"] if self.season_length > 1 else []
        days = list(_CALENDAR) if self._has_days else []
        return (*lags, *means, *slopes, *seasons, *(f"lag {far}" for far in self._far), *days, "roughness", "deviation", "step", "length")

    def rows(self, place: IntArray, end: IntArray, step: IntArray) -> FloatArray:
        """Return one row of features each.

        Args:
            place: Which series, shape (n,).
            end: Column of the last value known, shape (n,).
            step: Periods from there to the value that is asked for, shape (n,).

        Returns:
            Shape (n, columns), relative to the last value and in units of the series' level; NaN where the history does not reach.
        """
        level, last = self.levels[place], self.values[place, end]

        def back(columns: IntArray) -> FloatArray:
            known = columns >= self.starts[place]
            return np.where(known, self.values[place, np.where(known, columns, end)], np.nan)

        def mean(count: int) -> FloatArray:
            first = np.maximum(end + 1 - count, self.starts[place])
            return np.asarray((self._sums[place, end + 1] - self._sums[place, first]) / (end + 1 - first))

        three, six, twelve = (mean(count) for count in _MEANS)
        columns = [back(end - lag) - last for lag in _LAGS]
        columns += [three - last, six - last, twelve - last]
        columns += [six - twelve, twelve - mean(24), three - six, last - mean(4), twelve - back(end - 12)]
        if self.season_length > 1:
            same = end + step - self.season_length * -(-step // self.season_length)
            seasons = [back(same - self.season_length * before) for before in range(4)]
            columns += [seasons[0] - last, seasons[1] - last, np.mean(seasons, axis=0) - last]
        for far in self._far:
            columns.append(back(end + step - far * -(-step // far)) - last)
        told = [column / level for column in columns]
        if self._has_days:
            told += list(self._target_days(place, end, step).T)
        told += [self._roughness[place], self._deviation[place], step.astype(np.float64), np.log(end + 1.0 - self.starts[place])]
        return np.column_stack(told)

    def targets(self, place: IntArray, end: IntArray, step: IntArray) -> FloatArray:
        """Return how far the value lies from the last one known, in units of the series' level."""
        return np.asarray((self.values[place, end + step] - self.values[place, end]) / self.levels[place], dtype=np.float64)

    def pick(self, most_rows: int, most_steps: int, least_known: int, seed: int) -> tuple[IntArray, IntArray, IntArray]:
        """Choose origins and steps to learn from: all origins with as many steps as fit, or a random part of them.

        Args:
            most_rows: Rows wanted at most.
            most_steps: Farthest step.
            least_known: Values that an origin must know.
            seed: Of the choice.

        Returns:
            place, end and step of every row.
        """
        rng = np.random.default_rng(seed)
        origins = np.maximum(self.lengths - least_known, 0)
        total = int(origins.sum())
        per_origin = int(np.clip(-(-most_rows // max(total, 1)), 1, most_steps))
        chosen = np.arange(total) if total <= most_rows else np.sort(rng.choice(total, most_rows, replace=False))
        ends_of = np.cumsum(origins)
        place = np.searchsorted(ends_of, chosen, side="right")
        end = self.starts[place] + least_known - 1 + chosen - (ends_of - origins)[place]
        place, end = np.repeat(place, per_origin), np.repeat(end, per_origin)
        if per_origin == most_steps:
            step = np.tile(np.arange(1, most_steps + 1), len(chosen))
        else:
            step = rng.integers(1, most_steps + 1, len(place))
        known = end + step < self.width
        return place[known], end[known], step[known]

    def _target_days(self, place: IntArray, end: IntArray, step: IntArray) -> FloatArray:
        rows = self._first_day[place] + end + step - self.starts[place]
        return np.asarray(self._days[rows], dtype=np.float64)

    def _calendars(self, indexes: Sequence[Any], ahead: int) -> tuple[FloatArray, IntArray]:
        """Return the columns of all dates and where each series' begin; series of the same dates share theirs."""
        found: dict[tuple[Any, int], int] = {}
        tables: list[FloatArray] = []
        first = np.zeros(len(indexes), dtype=np.int64)
        rows = 0
        for place, index in enumerate(indexes):
            key = (index[0], len(index))
            if key not in found:
                found[key] = rows
                tables.append(day_columns(_with_ahead(index, ahead)))
                rows += len(tables[-1])
            first[place] = found[key]
        return np.concatenate(tables), first


def day_columns(dates: pd.DatetimeIndex) -> FloatArray:
    """Return month, day of month, weekday, week of year and hour of each date; what never varies at a frequency does no harm to a tree."""
    week = np.asarray(dates.isocalendar().week, dtype=np.float64)
    return np.column_stack([dates.month, dates.day, dates.weekday, week, dates.hour]).astype(np.float64)


def _has_days(index: Any) -> bool:
    return getattr(index, "freq", None) is not None and hasattr(index, "weekday") and index.freqstr.lstrip("0123456789")[0] in "DBWh"


def _with_ahead(index: Any, ahead: int) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.date_range(index[0], periods=len(index) + ahead, freq=index.freq)
