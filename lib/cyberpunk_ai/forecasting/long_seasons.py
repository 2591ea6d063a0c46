"""Seasons that a member does not carry by itself: the year of daily data, the moving day and the week of hourly data.

What is here takes them out before a member learns and puts them back on what it says, and only where the past says that they repeat. The
one season that stands still and that every member handles is `seasonality`'s; how a day moves is `evolving_season`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.forecasting.evolving_season import find_evolving_season

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.forecasting.base import FloatArray

_DAYS_OF_WEEK, _HOURS_OF_DAY = 7, 24
_YEAR, _WEEK = 365.25, 168
_HARMONICS = 8
# Ridge on the waves relative to the number of values: a year that was seen twice is believed almost fully, its fine structure less.
_RIDGE = 0.002
# Knots of the trend under the waves, one per so many cycles.
_KNOTS_PER_CYCLE = 2
# The pattern learnt from the other cycles must explain so much of a cycle that it has not seen.
_LEAST_EXPLAINED = 0.05


@dataclass(frozen=True)
class LongSeason:
    """A series without its long season, and what brings the season back.

    Attributes:
        values: The series without it.
        ahead: Tells the season of so many periods that follow; a logarithm where `is_relative`.
        is_relative: Whether the season multiplies; it adds otherwise.
        note: What was taken out, in a sentence.
    """

    values: FloatArray
    ahead: Callable[[int], FloatArray]
    is_relative: bool
    note: str

    def restore(self, continuation: FloatArray) -> FloatArray:
        """Put the season back on values that follow the series directly."""
        pattern = self.ahead(len(continuation))
        return continuation * np.exp(pattern) if self.is_relative else continuation + pattern

    def scale(self, spread: FloatArray) -> FloatArray:
        """Scale a spread of the series without the season to the series itself."""
        return spread * np.exp(self.ahead(len(spread))) if self.is_relative else spread


def find_long_season(values: FloatArray, season_length: int) -> LongSeason | None:
    """Take out what lies above or moves within the season that members carry, where it repeats.

    Args:
        values: Series in time order, finite.
        season_length: Periods in its season; 7 stands for days, whose year is looked for, and 24 for hours.

    Returns:
        The series without it and the way back; None for other seasons, too little history, or where the past does not repeat.
    """
    if season_length == _DAYS_OF_WEEK:
        return _year(values)
    if season_length == _HOURS_OF_DAY:
        return _day_and_week(values)
    return None


def _day_and_week(values: FloatArray) -> LongSeason | None:
    found = find_evolving_season(values, _HOURS_OF_DAY, _WEEK)
    if found is None:
        return None
    shape = found.shape
    without = values / np.exp(found.past) if shape.is_relative else values - found.past
    taken = "the day's and the week's shape" if shape.has_week else "the day's shape"
    note = f"{taken} was taken out first, the newest day counting {shape.speed:.0%}; earlier days told {shape.told:.0%} of the newest ones"
    return LongSeason(without, found.ahead, shape.is_relative, note)


def _year(values: FloatArray) -> LongSeason | None:
    """Learn the year by waves beside a trend of straight pieces.

    Source:
        Taylor & Letham (2018), forecasting at scale, for waves beside a trend; leaving whole cycles out follows Bergmeir & Benitez (2012).
    """
    if len(values) < 2 * _YEAR or np.ptp(values) == 0:
        return None
    is_relative = bool(values.min() > 0)
    rest = _without_week(np.log(values) if is_relative else values, _DAYS_OF_WEEK)
    positions = np.arange(len(values), dtype=np.float64)
    seen, trend = _waves(positions), _trend(positions, _YEAR)
    explained = _explained(rest, seen, trend, _YEAR)
    if explained < _LEAST_EXPLAINED:
        return None
    weights = _ridge(rest, seen, trend)[: seen.shape[1]]
    without = values / np.exp(seen @ weights) if is_relative else values - seen @ weights
    note = f"the shape of the year was taken out first; the other years told {explained:.0%} of a year's variation"
    return LongSeason(without, partial(_waves_ahead, weights, len(values)), is_relative, note)


def _waves(positions: FloatArray) -> FloatArray:
    angles = 2 * np.pi * np.outer(positions, np.arange(1, _HARMONICS + 1)) / _YEAR
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _waves_ahead(weights: FloatArray, count: int, horizon: int) -> FloatArray:
    return np.asarray(_waves(count + np.arange(horizon, dtype=np.float64)) @ weights, dtype=np.float64)


def _without_week(told: FloatArray, season_length: int) -> FloatArray:
    centred = told - told.mean()
    figure = np.array([centred[day::season_length].mean() for day in range(season_length)])
    return np.asarray(centred - figure[np.arange(len(told)) % season_length], dtype=np.float64)


def _trend(positions: FloatArray, period: float) -> FloatArray:
    cycles = positions[-1] / period
    knots = np.linspace(0, positions[-1], max(int(cycles * _KNOTS_PER_CYCLE), 2) + 1)[1:-1]
    hinges = np.maximum(positions[:, None] - knots, 0) / period
    return np.column_stack([np.ones(len(positions)), positions / period, hinges])


def _ridge(rest: FloatArray, seen: FloatArray, trend: FloatArray) -> FloatArray:
    """Fit waves and trend together; the hinges are held back as well, so that the trend does not eat the waves."""
    design = np.column_stack([seen, trend])
    price = np.concatenate([np.full(seen.shape[1], _RIDGE), [0.0, 0.0], np.full(trend.shape[1] - 2, 10 * _RIDGE)]) * len(rest)
    return np.asarray(np.linalg.solve(design.T @ design + np.diag(price + 1e-9), design.T @ rest), dtype=np.float64)


def _explained(rest: FloatArray, seen: FloatArray, trend: FloatArray, period: float) -> float:
    """Return the share of variation around the trend in whole cycles that the others foretell."""
    cycle = (np.arange(len(rest)) // period).astype(int)
    cycle = np.minimum(cycle, int(len(rest) // period) - 1)
    missed = total = 0.0
    for left_out in np.unique(cycle):
        away = cycle == left_out
        weights = _ridge(rest[~away], seen[~away], trend[~away])[: seen.shape[1]]
        inside = rest[away]
        line = np.column_stack([np.ones(away.sum()), np.arange(away.sum())])
        plain = inside - line @ np.linalg.lstsq(line, inside, rcond=None)[0]
        told = inside - seen[away] @ weights
        told = told - line @ np.linalg.lstsq(line, told, rcond=None)[0]
        total += float(plain @ plain)
        missed += float(told @ told)
    return 1 - missed / total if total > 0 else 0.0
