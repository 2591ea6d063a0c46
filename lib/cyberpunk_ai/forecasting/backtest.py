"""Rolling origins: which past windows a series allows, and the leaderboard of how everybody did on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.forecasting import metrics
from cyberpunk_ai.forecasting.member_runs import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.intervals import Bands

_LEAST_HISTORY = 8


def plan_windows(count: int, *, horizon: int, wanted: int, season_length: int, step: int | None = None) -> tuple[Window, ...]:
    """Choose past windows, the newest first; they do not overlap unless `step` is shorter than the horizon.

    Args:
        count: Values in the series.
        horizon: Periods to forecast; windows are as long where the history allows it.
        wanted: Windows asked for; fewer come back when the history is short, so that two seasons stay to learn from.
        season_length: Periods in one season.
        step: Periods from one window to the next; the horizon where None.

    Returns:
        Windows numbered from 1 at the newest; none for a series too short to spare a quarter of itself.
    """
    apart = step or horizon
    for least in (max(_LEAST_HISTORY, 2 * season_length), _LEAST_HISTORY):
        for windows in range(wanted, 0, -1):
            if count - horizon - (windows - 1) * apart >= least:
                return tuple(Window(number, count - horizon - (number - 1) * apart, horizon) for number in range(1, windows + 1))
    short = min(horizon, count // 4)
    return (Window(1, count - short, short),) if wanted > 0 and short > 0 and count - short >= _LEAST_HISTORY // 2 else ()


@dataclass
class Scores:
    """Errors of one model, collected over series and windows."""

    mase: list[float] = field(default_factory=list)
    smape: list[float] = field(default_factory=list)
    covered: dict[int, list[float]] = field(default_factory=dict)

    def add(self, history: FloatArray, actual: FloatArray, mean: FloatArray, intervals: Bands, season_length: int) -> None:
        """Add one window."""
        self.mase.append(metrics.mase(actual, mean, metrics.seasonal_scale(history, season_length)))
        self.smape.append(metrics.smape(actual, mean))
        for level, (lower, upper) in intervals.items():
            self.covered.setdefault(level, []).append(metrics.coverage(actual, lower, upper))

    @property
    def pooled_mase(self) -> float:
        """Mean MASE over all windows that have one; NaN where none has."""
        known = [value for value in self.mase if np.isfinite(value)]
        return float(np.mean(known)) if known else float("nan")

    @property
    def pooled_smape(self) -> float:
        """Mean sMAPE over all windows; NaN where there is none."""
        return float(np.mean(self.smape)) if self.smape else float("nan")

    def covered_at(self, level: int) -> float:
        """Share of past values inside their interval; NaN where the model has no intervals."""
        return float(np.mean(self.covered[level])) if self.covered.get(level) else float("nan")


@dataclass(frozen=True)
class Standing:
    """One line of the leaderboard before it is sorted."""

    model: str
    seconds: float
    status: str
    note: str


def leaderboard(standings: Sequence[Standing], scores: Mapping[str, Scores], levels: Sequence[int]) -> pd.DataFrame:
    """Return one row per model, best MASE first, those without a score last."""
    rows = []
    for standing in standings:
        score = scores.get(standing.model, Scores())
        row: dict[str, object] = {"model": standing.model, "mase": score.pooled_mase, "smape": score.pooled_smape}
        row |= {f"coverage_{level}": score.covered_at(level) for level in levels}
        rows.append(row | {"seconds": standing.seconds, "status": standing.status, "note": standing.note})
    return pd.DataFrame(rows).sort_values("mase", kind="stable", na_position="last", ignore_index=True)
