"""Columns that a tree can learn from: lags relative to the local level, and the calendar. Nothing here looks ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.forecasting.base import FloatArray


def lags_for(season_length: int, longest: int, *, daily: bool) -> tuple[int, ...]:
    """Choose lags: the last periods one by one, then whole seasons, and a year of weeks for daily data.

    Args:
        season_length: Periods in one season.
        longest: Length of the longest series; a lag needs three times its length to be learnt.
        daily: Whether a period is a day.
    """
    dense = range(1, min(season_length, 14) + 1) if season_length > 1 else range(1, 5)
    seasons = (season_length, 2 * season_length, 4 * season_length) if season_length > 1 else ()
    wanted = {*dense, *seasons, *((364,) if daily else ())}
    return tuple(sorted(lag for lag in wanted if lag == 1 or 3 * lag <= longest))


def lag_matrix(values: FloatArray, lags: tuple[int, ...]) -> FloatArray:
    """Return one row per period from the second on and one column per lag; periods before the start are NaN."""
    count = len(values)
    columns = np.full((count - 1, len(lags)), np.nan)
    for place, lag in enumerate(lags):
        if lag < count:
            columns[lag - 1 :, place] = values[: count - lag]
    return columns


def calendar(dates: pd.DatetimeIndex) -> FloatArray:
    """Return month, day of month, weekday, week of year and hour of each date; what never varies at a frequency does no harm to a tree."""
    week = np.asarray(dates.isocalendar().week, dtype=np.float64)
    return np.column_stack([dates.month, dates.day, dates.weekday, week, dates.hour]).astype(np.float64)
