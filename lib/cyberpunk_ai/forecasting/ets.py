"""ETS: exponential smoothing whose form is chosen by AICc. The estimation is statsforecast's."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster
from cyberpunk_ai.forecasting.seasonality import adjust_alike, adjust_beyond

# ETS keeps one state per position of the season: beyond this it is slow and overfits, so the season is taken out first.
_LONGEST_OWN_SEASON = 12


@FORECASTERS.register(
    "ets", needs=("statsforecast.models", "statsforecast.ets"), summary="Exponential smoothing chosen by AICc (statsforecast AutoETS)."
)
class EtsForecaster(Forecaster):
    """AutoETS of statsforecast; seasons longer than a year of months are adjusted out first.

    Source:
        Hyndman, Koehler, Snyder & Grose (2002), a state space framework for automatic forecasting.
    """

    name: ClassVar[str] = "ets"
    minimum_length: ClassVar[int] = 6
    cost: ClassVar[int] = 20

    def _learn(self, values: FloatArray) -> None:
        self._fit(values, "ZZZ", damped=None)
        self.form_: str = self.model_.model_["components"]

    def _relearn(self, values: FloatArray) -> None:
        error, trend, season, damped = tuple(self.form_)
        if season != "N" and len(values) < 2 * self.season_length:
            # A stretch of less than two seasons cannot carry the form of the whole: it is chosen again.
            self._learn(values)
            return
        self._fit(values, error + trend + season, damped=damped == "D")

    def _fit(self, values: FloatArray, form: str, *, damped: bool | None) -> None:
        from statsforecast.models import AutoETS

        self.adjusted_, season = adjust_beyond(values, self.season_length, _LONGEST_OWN_SEASON)
        self.model_: Any = AutoETS(season_length=season, model=form, damped=damped).fit(y=self.adjusted_.values)

    def _move_on(self, values: FloatArray) -> None:
        from statsforecast.ets import forward_ets

        self.adjusted_ = adjust_alike(values, self.season_length, self.adjusted_)
        self.model_ = copy.copy(self.model_)
        self.model_.model_ = forward_ets(self.model_.model_, y=self.adjusted_.values)

    def _project(self, horizon: int) -> FloatArray:
        return self.adjusted_.restore(np.asarray(self.model_.predict(h=horizon)["mean"], dtype=np.float64))

    def _spread(self, horizon: int) -> FloatArray:
        answer = self.model_.predict(h=horizon, level=[80])
        half = np.asarray(answer["hi-80"] - answer["lo-80"], dtype=np.float64) / 2
        return self.adjusted_.scale(half / 1.2815515655446004)
