"""Theta: half trend, half smoothing; the quickest strong member. The estimation is statsforecast's."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster


@FORECASTERS.register("theta", needs=("statsforecast.models", "statsforecast.theta"), summary="Dynamic optimised Theta (statsforecast).")
class ThetaForecaster(Forecaster):
    """Dynamic optimised Theta of statsforecast, seasonally adjusted by its own test.

    Source:
        Fiorucci et al. (2016), models for optimising the theta method.
    """

    name: ClassVar[str] = "theta"
    minimum_length: ClassVar[int] = 5
    cost: ClassVar[int] = 10

    def _learn(self, values: FloatArray) -> None:
        from statsforecast.models import DynamicOptimizedTheta

        season = self.season_length if len(values) >= 2 * self.season_length else 1
        kind = "multiplicative" if values.min() > 0 else "additive"
        self.model_: Any = DynamicOptimizedTheta(season_length=season, decomposition_type=kind).fit(y=values)

    def _move_on(self, values: FloatArray) -> None:
        from statsforecast.theta import forward_theta

        if values.min() <= 0:
            # Its state can be carried on with a season that multiplies only.
            self._learn(values)
            return
        self.model_ = copy.copy(self.model_)
        self.model_.model_ = forward_theta(self.model_.model_, y=values)

    def _project(self, horizon: int) -> FloatArray:
        return np.asarray(self.model_.predict(h=horizon)["mean"], dtype=np.float64)

    def _spread(self, horizon: int) -> FloatArray:
        answer = self.model_.predict(h=horizon, level=[80])
        return np.asarray(answer["hi-80"] - answer["lo-80"], dtype=np.float64) / (2 * 1.2815515655446004)
