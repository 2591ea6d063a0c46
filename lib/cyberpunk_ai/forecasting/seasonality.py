"""Seasons: the test for one, the classical adjustment and its way back. Which season a frequency has is said in `frequency`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray

# One-sided 90% quantile of the normal, as in the organisers' code of the M4 competition.
_Z_90 = 1.645
# Share of the variation around the trend that a season must make up where the test does not see it, as in R's nsdiffs.
_STRONG = 0.64


def is_seasonal(values: FloatArray, season_length: int) -> bool:
    """Tell whether the autocorrelation at the seasonal lag is significant at 90%.

    Source:
        Makridakis, Spiliotis & Assimakopoulos (2020), the M4 competition: the test that its Naive2 uses.
    """
    count = len(values)
    if season_length < 2 or count < 3 * season_length or np.ptp(values) == 0:
        return False
    centred = values - values.mean()
    scale = float(centred @ centred)
    lags = np.array([float(centred[lag:] @ centred[:-lag]) / scale for lag in range(1, season_length + 1)])
    limit = _Z_90 * np.sqrt((1 + 2 * float(np.square(lags[:-1]).sum())) / count)
    return bool(abs(lags[-1]) > limit)


def has_season(values: FloatArray, season_length: int) -> bool:
    """Tell whether a series has a season worth taking out, also where a strong trend hides it from the test of M4.

    Returns:
        Whether that test finds one, or a season makes up most of the variation around the centred average over at least three cycles.

    Source:
        Wang, Smith & Hyndman (2006), characteristic-based clustering for time series data: the strength of seasonality.
    """
    if is_seasonal(values, season_length):
        return True
    if season_length < 2 or len(values) < 4 * season_length:
        return False
    around = values - _centred_average(values, season_length)
    inside = ~np.isnan(around)
    around = around[inside] - around[inside].mean()
    position = np.flatnonzero(inside) % season_length
    figure = np.bincount(position, around, season_length) / np.bincount(position, minlength=season_length)
    total = float(around @ around)
    return total > 0 and 1 - float(np.square(around - figure[position]).sum()) / total >= _STRONG


@dataclass(frozen=True)
class Adjustment:
    """A series without its season, and what brings the season back."""

    values: FloatArray
    figure: FloatArray
    kind: Literal["none", "additive", "multiplicative"]

    def restore(self, continuation: FloatArray) -> FloatArray:
        """Put the season back on values that follow the adjusted series directly."""
        if self.kind == "none":
            return continuation
        pattern = self.pattern(len(continuation))
        return continuation + pattern if self.kind == "additive" else continuation * pattern

    def scale(self, spread: FloatArray) -> FloatArray:
        """Scale a spread of the adjusted series to the series itself."""
        return spread * self.pattern(len(spread)) if self.kind == "multiplicative" else spread

    def pattern(self, horizon: int) -> FloatArray:
        """Return the seasonal figure of the `horizon` periods that follow."""
        positions = (len(self.values) + np.arange(horizon)) % len(self.figure)
        return self.figure[positions]


def unadjusted(values: FloatArray) -> Adjustment:
    """Return a series as it is, in the form of an adjusted one."""
    return Adjustment(values, np.zeros(1), "none")


def adjust_alike(values: FloatArray, season_length: int, before: Adjustment) -> Adjustment:
    """Adjust a longer history of a series only where it was adjusted before."""
    return unadjusted(values) if before.kind == "none" else adjust(values, season_length)


def adjust_beyond(values: FloatArray, season_length: int, longest: int) -> tuple[Adjustment, int]:
    """Take out a season that is longer than a model can carry.

    Args:
        values: Series in time order, finite.
        season_length: Periods in one season.
        longest: Periods of the longest season that is left to the model.

    Returns:
        The series and the season that is left to the model: 1 where it was taken out, or where there are less than two of it.
    """
    season = season_length if len(values) >= 2 * season_length else 1
    return (adjust(values, season), 1) if season > longest else (unadjusted(values), season)


def adjust(values: FloatArray, season_length: int, *, as_in_m4: bool = False) -> Adjustment:
    """Take the season out of a series where the test finds one.

    Args:
        values: Series in time order, finite.
        season_length: Periods in one season.
        as_in_m4: Whether to look for it in the series alone, and not around its trend.

    Returns:
        Multiplicative adjustment for positive series, additive for others, none where no season is found.

    Source:
        Classical decomposition by centred moving average.
    """
    if not (is_seasonal if as_in_m4 else has_season)(values, season_length):
        return unadjusted(values)
    trend = _centred_average(values, season_length)
    positive = bool(values.min() > 0)
    inside = ~np.isnan(trend)
    # A row per cycle, the last one filled up, so that a column holds one place of the season.
    detached = np.zeros(-(-len(values) // season_length) * season_length)
    known = np.zeros(len(detached), dtype=bool)
    known[: len(values)] = inside
    detached[known] = values[inside] / trend[inside] if positive else values[inside] - trend[inside]
    figure = detached.reshape(-1, season_length).sum(axis=0) / known.reshape(-1, season_length).sum(axis=0)
    # A figure near zero would blow the adjusted series up, so weak seasons of a multiplicative kind stay at one percent at least.
    figure = np.maximum(figure / figure.mean(), 0.01) if positive else figure - figure.mean()
    pattern = figure[np.arange(len(values)) % season_length]
    return Adjustment(values / pattern, figure, "multiplicative") if positive else Adjustment(values - pattern, figure, "additive")


def naive2(values: FloatArray, horizon: int, season_length: int) -> FloatArray:
    """Carry the last seasonally adjusted value on and put the season back: the yardstick of OWA."""
    adjusted = adjust(values, season_length, as_in_m4=True)
    return adjusted.restore(np.full(horizon, adjusted.values[-1]))


def _centred_average(values: FloatArray, season_length: int) -> FloatArray:
    weights = np.ones(season_length) if season_length % 2 else np.concatenate([[0.5], np.ones(season_length - 1), [0.5]])
    trend = np.full(len(values), np.nan)
    half = len(weights) // 2
    trend[half : len(values) - half] = np.convolve(values, weights / season_length, mode="valid")
    return trend
