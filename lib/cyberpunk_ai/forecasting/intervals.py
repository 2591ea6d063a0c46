"""Prediction intervals: the ensemble's own spread, widened by how far it was off on past windows. Point forecasts are made elsewhere.

The native intervals of the members cover too little, because they ignore that the model itself may be wrong.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.forecasting.base import FloatArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FACTOR_RANGE = (0.85, 2.0)
# A series' own past errors weigh as much as the default of its frequency when there are this many of them.
_SHRINKAGE = 24
# From half of the periods without demand on, errors are not symmetric and quantiles of the history say more.
_INTERMITTENT_FROM = 0.5

Bands = dict[int, tuple[FloatArray, FloatArray]]


def check_levels(levels: Iterable[int]) -> tuple[int, ...]:
    """Return the levels sorted and distinct.

    Raises:
        InvalidArgument: There is none, or one is not a whole percentage from 1 to 99.
    """
    wanted = tuple(sorted(set(levels)))
    if not wanted or any(not isinstance(level, (int, np.integer)) or not 1 <= level <= 99 for level in wanted):
        raise InvalidArgument(f"levels must be whole percentages from 1 to 99, not {wanted}", hint="for example levels=(80, 95)")
    return tuple(int(level) for level in wanted)


def z_of(level: int) -> float:
    """Return the half-width of a central normal interval in standard deviations."""
    return NormalDist().inv_cdf(0.5 + level / 200.0)


def scores(actual: FloatArray, mean: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the errors of a past window in units of the spread that was expected; steps without a spread are left out."""
    known = spread > 0
    return np.abs(actual[known] - mean[known]) / spread[known]


def calibrate(past: Sequence[FloatArray], levels: Sequence[int], default: Mapping[int, float]) -> dict[int, float]:
    """Find by how much the spread must be widened so that past intervals would have covered what they promised.

    Args:
        past: Scores of past windows, of one series or pooled over a panel.
        levels: Levels in percent.
        default: Factor of the frequency at some levels; others are interpolated.

    Returns:
        Factor per level, from .85 to 2: the conformal quantile of the scores, shrunk towards the default while there are few of them.

    Source:
        Split conformal prediction (Vovk et al., 2005; Lei et al., 2018) on rolling origins.
    """
    pooled = np.concatenate(list(past)) if past else np.empty(0)
    known_levels = sorted(default)
    factors = {}
    for level in levels:
        usual = float(np.interp(level, known_levels, [default[known] for known in known_levels]))
        factor = usual
        if len(pooled):
            rank = min(np.ceil((len(pooled) + 1) * level / 100.0) / len(pooled), 1.0)
            own = float(np.quantile(pooled, rank, method="inverted_cdf")) / z_of(level)
            factor = (len(pooled) * own + _SHRINKAGE * usual) / (len(pooled) + _SHRINKAGE)
        factors[level] = float(np.clip(factor, *_FACTOR_RANGE))
    return factors


def is_intermittent(history: FloatArray) -> bool:
    """Tell whether at least half of the periods of a non-negative series have no demand at all."""
    return bool(history.min() >= 0 and (history == 0).mean() >= _INTERMITTENT_FROM)


def bands(history: FloatArray, mean: FloatArray, spread: FloatArray, factors: Mapping[int, float]) -> Bands:
    """Build the intervals of a forecast.

    Args:
        history: What the forecast was made from; where it never falls below zero, intervals do not either.
        mean: Forecast, shape (h,).
        spread: Expected standard deviation of the error at each step, shape (h,), not negative.
        factors: Widening per level.

    Returns:
        Lower and upper bound per level: finite, around the mean, and wider at a higher level.
    """
    found: Bands = {}
    lower, upper = mean, mean
    for level in sorted(factors):
        if is_intermittent(history):
            tail = (1 - level / 100.0) / 2
            low = np.full_like(mean, np.quantile(history, tail))
            high = np.full_like(mean, np.quantile(history, 1 - tail))
        else:
            half = z_of(level) * factors[level] * spread
            low, high = mean - half, mean + half
        # A wider level contains the narrower one, and all contain the mean.
        lower, upper = np.minimum(lower, low), np.maximum(upper, high)
        if history.min() >= 0:
            lower = np.maximum(lower, 0.0)
        found[level] = (lower, upper)
    return found
