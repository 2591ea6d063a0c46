"""The baseline that every other member must beat: the last season again."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster


@FORECASTERS.register("seasonal_naive", summary="The last season again; the baseline of every leaderboard.")
class SeasonalNaive(Forecaster):
    """Repeats the last season, or the last value where there is no season."""

    name: ClassVar[str] = "seasonal_naive"
    knows_long_seasons: ClassVar[bool] = True
    minimum_length: ClassVar[int] = 2
    cost: ClassVar[int] = 0

    def _learn(self, values: FloatArray) -> None:
        self.lag_ = self.season_length if len(values) > self.season_length else 1
        errors = values[self.lag_ :] - values[: -self.lag_]
        self.sigma_ = float(np.sqrt(np.square(errors).mean()))

    def _project(self, horizon: int) -> FloatArray:
        return self.values_[-self.lag_ :][np.arange(horizon) % self.lag_]

    def _spread(self, horizon: int) -> FloatArray:
        """Return the textbook spread of a seasonal random walk (Hyndman & Athanasopoulos, Forecasting, section 5.5)."""
        return np.asarray(self.sigma_ * np.sqrt(1.0 + np.arange(horizon) // self.lag_), dtype=np.float64)
