"""CES: smoothing with a complex number, which tells level and trend at once. The estimation is statsforecast's."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster
from cyberpunk_ai.forecasting.seasonality import adjust_alike, adjust_beyond

_LONGEST_OWN_SEASON = 12
_CHOSEN = "Z"
_SEASONLESS = "N"


@FORECASTERS.register(
    "ces", needs=("statsforecast.models", "statsforecast.ces"), summary="Complex exponential smoothing chosen by AICc (statsforecast)."
)
class CesForecaster(Forecaster):
    """AutoCES of statsforecast; seasons longer than a year of months are adjusted out first.

    It tells no spread: the library's comes from thousands of simulated paths, and the other members' serves the ensemble.

    Source:
        Svetunkov, Kourentzes & Ord (2022), complex exponential smoothing.
    """

    name: ClassVar[str] = "ces"
    minimum_length: ClassVar[int] = 8
    cost: ClassVar[int] = 25

    def _learn(self, values: FloatArray) -> None:
        self._fit(values, _CHOSEN)
        self.form_: str = self.model_.model_["seasontype"]

    def _relearn(self, values: FloatArray) -> None:
        if self.form_ != _SEASONLESS and len(values) < 2 * self.season_length:
            # A stretch of less than two seasons cannot carry the form of the whole: it is chosen again.
            self._learn(values)
            return
        self._fit(values, self.form_)

    def _fit(self, values: FloatArray, form: str) -> None:
        from statsforecast.models import AutoCES

        self.adjusted_, season = adjust_beyond(values, self.season_length, _LONGEST_OWN_SEASON)
        self.model_: Any = AutoCES(season_length=season, model=form).fit(y=self.adjusted_.values)

    def _move_on(self, values: FloatArray) -> None:
        from statsforecast.ces import forward_ces

        self.adjusted_ = adjust_alike(values, self.season_length, self.adjusted_)
        self.model_ = copy.copy(self.model_)
        self.model_.model_ = forward_ces(self.model_.model_, y=self.adjusted_.values)

    def _project(self, horizon: int) -> FloatArray:
        return self.adjusted_.restore(np.asarray(self.model_.predict(h=horizon)["mean"], dtype=np.float64))
