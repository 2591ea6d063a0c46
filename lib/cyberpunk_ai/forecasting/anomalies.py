"""Past values that were not to be expected: each is told from those before it, with an interval, and judged. Cleaning is `outliers`'."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.forecasting.input import read_demand
from cyberpunk_ai.forecasting.long_seasons import find_long_season
from cyberpunk_ai.forecasting.quiet import quiet
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray

_LEAST_VALUES = 12
# Errors before this share of the history belong to a model that has not settled.
_WARM_UP = 5
_LEAST_SCORES = 30


@dataclass(frozen=True, eq=False)
class Anomalies(Result):
    """Every past value beside what was expected of it.

    Attributes:
        frame: unique_id, ds, y, expected, lo, hi, score (distance in usual errors), is_anomaly, direction (`above`, `below` or empty).
        level: Level of the interval in percent: so many of the ordinary values lie inside.
        notes: Series that were too short to be judged.
    """

    chart_name: ClassVar[str] = "anomalies"

    frame: pd.DataFrame
    level: float
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the anomalies alone, the farthest first."""
        return self.frame[self.frame["is_anomaly"]].sort_values("score", ascending=False, ignore_index=True)


def find_anomalies(
    demand: pd.Series | pd.DataFrame, *, level: float = 99.0, freq: str | None = None, season_length: int | None = None
) -> Anomalies:
    """Find past values outside the interval that the values before them gave.

    Args:
        demand: As in `forecast`.
        level: Level of the interval in percent, from 50 to below 100; fewer and surer anomalies the higher it is.
        freq: Frequency of the dates; inferred where None.
        season_length: Periods in one season; the usual one of the frequency where None.

    Returns:
        All values with their expectation. Season and long season are known from the whole history, the level from the past of each value.

    Raises:
        ContractBroken: The demand is not legal.
        InvalidArgument: The level is out of range.

    Source:
        Robust exponential smoothing, which a value far off moves by a few usual errors at most (Gelper, Fried & Croux, 2010); the width is
        the quantile of the one-step errors themselves, as in conformal prediction.
    """
    if not 50 <= level < 100:
        raise InvalidArgument(f"level must be from 50 to below 100, not {level}", hint="for example 99")
    panel = read_demand(demand, freq=freq, season_length=season_length)
    frames, notes = [], list(panel.notes)
    for each in panel.demands:
        values = each.values
        if len(values) < _LEAST_VALUES or np.ptp(values) == 0:
            notes.append(f"{each.unique_id}: {len(values)} values without change or fewer than {_LEAST_VALUES} cannot be judged")
            expected, width, score = values, np.zeros(len(values)), np.zeros(len(values))
        else:
            with quiet():
                expected, width, score = _judge(values, panel.season_length, level)
        floor = 0.0 if values.min() >= 0 else -np.inf
        is_anomaly = (score > 1) & ~each.filled
        frames.append(
            pd.DataFrame(
                {
                    "unique_id": each.unique_id,
                    "ds": each.series.index,
                    "y": values,
                    "expected": np.maximum(expected, floor),
                    "lo": np.maximum(expected - width, floor),
                    "hi": expected + width,
                    "score": score,
                    "is_anomaly": is_anomaly,
                    "direction": np.where(is_anomaly, np.where(values > expected, "above", "below"), ""),
                }
            )
        )
    return Anomalies(pd.concat(frames, ignore_index=True), level, tuple(dict.fromkeys(notes)))


def one_step_errors(values: FloatArray, season_length: int) -> FloatArray:
    """Return how far each value lay from what those before it told, the season known; shape as the values."""
    if len(values) <= _WARM_UP or np.ptp(values) == 0:
        return np.zeros(len(values))
    adjusted = adjust(values, season_length)
    pattern = adjusted.figure[np.arange(len(values)) % len(adjusted.figure)] if adjusted.kind == "multiplicative" else 1.0
    return np.asarray((adjusted.values - _one_step(adjusted.values)) * pattern, dtype=np.float64)


def _judge(values: FloatArray, season_length: int, level: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return expectation, half-width, and distance in half-widths."""
    rest, to_units = values, np.ones(len(values))
    long_season = find_long_season(values, season_length)
    if long_season is not None:
        if long_season.is_relative:
            to_units = values / long_season.values
        rest = long_season.values
    adjusted = adjust(rest, season_length)
    pattern = adjusted.figure[np.arange(len(values)) % len(adjusted.figure)]
    inner = adjusted.values
    told = _one_step(inner)
    errors = inner - told
    usual = 1.4826 * float(np.median(np.abs(errors[_WARM_UP:]))) or float(errors.std()) or 1.0
    half = usual * _reach(np.abs(errors[_WARM_UP:]) / usual, level)
    score = np.abs(errors) / half
    score[:_WARM_UP] = 0.0
    scale = to_units * (pattern if adjusted.kind == "multiplicative" else 1.0)
    expected = values - errors * scale
    return expected, np.abs(half * scale), score


def _one_step(values: FloatArray) -> FloatArray:
    """Tell each value from those before it, by robust smoothing whose speed is chosen by its own errors."""
    best, best_error = np.empty(0), np.inf
    for speed in (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9):
        for damping in (0.0, 0.1, 0.3):
            told = _smooth(values, speed, damping)
            error = float(np.median(np.abs(values[_WARM_UP:] - told[_WARM_UP:])) + np.abs(values[_WARM_UP:] - told[_WARM_UP:]).mean())
            if error < best_error - 1e-12:
                best, best_error = told, error
    return best


def _smooth(values: FloatArray, speed: float, damping: float) -> FloatArray:
    first = values[:_WARM_UP]
    level, slope = float(np.median(first)), 0.0
    usual = float(np.abs(np.diff(values)).mean()) or 1.0
    told = np.empty(len(values))
    for place, value in enumerate(values):
        told[place] = level + slope
        error = value - told[place]
        heard = max(min(error, 2.5 * usual), -2.5 * usual)
        usual = 0.95 * usual + 0.05 * min(abs(error), 4 * usual)
        level = told[place] + speed * heard
        slope = 0.98 * slope + speed * damping * heard
    return told


def _reach(distances: FloatArray, level: float) -> float:
    """Return how far ordinary values lie: the quantile of the errors, but of a normal where so few cannot tell, and never less than it."""
    normal = NormalDist().inv_cdf(0.5 + level / 200.0)
    inside = distances[distances <= 2 * normal]
    if len(inside) < _LEAST_SCORES:
        return normal
    return max(float(np.quantile(inside, level / 100.0)), normal)
