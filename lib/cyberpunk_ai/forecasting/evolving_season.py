"""The day of hourly data: its shape moves over the weeks, so it is followed cycle by cycle, and the week is taken out above it.

How fast the shape is followed, whether the season multiplies, and whether there is a week at all is chosen by how well the shape of earlier
cycles told the newest ones. A season that stands still is `seasonality`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray

# Share of the newest cycle in the shape that is carried on; 0 stands for no season at all.
_SPEEDS = (0.0, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0)
_JUDGED_CYCLES = 14
_LEAST_CYCLES = 10
# A week, or a season that multiplies, must tell the newest cycles so much better than none, or than one that adds.
_LEAST_GAIN = 0.03


@dataclass(frozen=True)
class Shape:
    """How the season of a series is carried on."""

    speed: float
    is_relative: bool
    has_week: bool
    told: float


@dataclass(frozen=True)
class Evolving:
    """The season of every period known, and of those that come."""

    past: FloatArray
    newest: FloatArray
    week: FloatArray
    shape: Shape

    def ahead(self, horizon: int) -> FloatArray:
        """Return the season of the periods that follow, a logarithm where it multiplies."""
        steps = np.arange(horizon)
        return np.asarray(self.newest[steps % len(self.newest)] + self.week[(len(self.past) + steps) % len(self.week)], dtype=np.float64)


def find_evolving_season(values: FloatArray, cycle: int, week: int) -> Evolving | None:
    """Follow the season of a series through its past.

    Args:
        values: Series in time order, finite.
        cycle: Periods in one cycle, such as 24.
        week: Periods in the cycle above it, such as 168.

    Returns:
        The season; None where less than ten cycles are known, or no shape tells the newest cycles better than none.

    Source:
        Exponential smoothing of seasonal figures as in Holt & Winters (1960), one figure per cycle at once.
    """
    if len(values) < _LEAST_CYCLES * cycle or np.ptp(values) == 0:
        return None
    shape = _choose(values, cycle, week)
    if shape.speed == 0.0 and not shape.has_week:
        return None
    told = np.log(values) if shape.is_relative else values
    above = _week_figure(told, cycle, week) if shape.has_week else np.zeros(week)
    positions = np.arange(len(values))
    _, shapes = _shapes(told - above[positions % week], cycle)
    followed = _followed(shapes, shape.speed)
    before = len(values) - followed.size
    past = np.concatenate([followed[0][cycle - before :], followed.ravel()]) + above[positions % week]
    return Evolving(past, followed[-1], above, shape)


def _choose(values: FloatArray, cycle: int, week: int) -> Shape:
    """Try every way to carry the season on over the newest cycles, one and two cycles ahead.

    The shape is judged around the true level of each cycle, and the level by that of the cycle it was told from: a week may move both.
    """
    actual, _ = _shapes(values, cycle)
    before = len(values) - actual.size
    newest = np.arange(max(len(actual) - _JUDGED_CYCLES, 4), len(actual))
    places = (before + newest[:, None] * cycle + np.arange(cycle)) % week
    spread = float(np.abs(actual[newest] - actual[newest].mean(axis=1, keepdims=True)).mean()) or 1.0
    best, best_error = Shape(0.0, is_relative=False, has_week=False, told=0.0), np.inf
    for is_relative in (False, True) if values.min() > 0 else (False,):
        told = np.log(values) if is_relative else values
        for above in (None, _earlier_week(told, cycle, week)):
            base = told if above is None else told - above[np.arange(len(told)) % week]
            rows, shapes = _shapes(base, cycle)
            level = rows.mean(axis=1, keepdims=True)
            for speed in _SPEEDS:
                followed = _followed(shapes, speed)
                error = 0.0
                for ahead in (1, 2):
                    season = followed[newest - ahead] + (0.0 if above is None else above[places])
                    shape, whole = (
                        np.exp(each + season) if is_relative else each + season for each in (level[newest], level[newest - ahead])
                    )
                    error += float(np.abs(shape - actual[newest]).mean() + np.abs((whole - actual[newest]).mean(axis=1)).mean()) / 2
                if error < best_error * (1 - _LEAST_GAIN * (is_relative or above is not None)):
                    best_error = error
                    best = Shape(speed, is_relative, above is not None, max(1 - error / spread, 0.0))
    return best


def _shapes(told: FloatArray, cycle: int) -> tuple[FloatArray, FloatArray]:
    """Cut a series into whole cycles that end with it, as they are and around their own level."""
    rows = told[len(told) % cycle :].reshape(-1, cycle)
    return rows, rows - rows.mean(axis=1, keepdims=True)


def _followed(shapes: FloatArray, speed: float) -> FloatArray:
    followed = np.zeros_like(shapes)
    if speed == 0.0:
        return followed
    shape = shapes[:3].mean(axis=0)
    for number, each in enumerate(shapes):
        shape = (1 - speed) * shape + speed * each
        followed[number] = shape
    return followed


def _earlier_week(told: FloatArray, cycle: int, week: int) -> FloatArray | None:
    """Learn the week from what lies before the newest cycles, so that it is judged on what it has not seen."""
    earlier = told[: len(told) - _JUDGED_CYCLES * cycle]
    return _week_figure(earlier, cycle, week) if len(earlier) >= 3 * week else None


def _week_figure(told: FloatArray, cycle: int, week: int) -> FloatArray:
    """Return what the hours of a week differ from those of a usual day, held back while few weeks are known."""
    smooth = np.convolve(told, np.concatenate([[0.5], np.ones(week - 1), [0.5]]) / week, mode="valid")
    half = week // 2
    detached = told[half : len(told) - half] - smooth
    place = np.arange(half, len(told) - half) % week
    usual = np.array([detached[place % cycle == each].mean() for each in range(cycle)])
    sums = np.bincount(place, weights=detached - usual[place % cycle], minlength=week)
    figure = sums / (np.bincount(place, minlength=week) + 1.0)
    return np.asarray(figure - figure.mean(), dtype=np.float64)
