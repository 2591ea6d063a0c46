"""ARIMA by pmdarima: the season is taken out first, then the order is searched without one, which costs a twentieth of its default."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster
from cyberpunk_ai.forecasting.seasonality import adjust


@FORECASTERS.register("arima", needs=("pmdarima",), summary="ARIMA with searched order on the seasonally adjusted series (pmdarima).")
class ArimaForecaster(Forecaster):
    """pmdarima's stepwise search on the seasonally adjusted series; `order_` is what it found, and `refit` keeps it.

    Source:
        Hyndman & Khandakar (2008), automatic time series forecasting.
    """

    name: ClassVar[str] = "arima"
    minimum_length: ClassVar[int] = 8
    cost: ClassVar[int] = 60

    def _learn(self, values: FloatArray) -> None:
        import pmdarima

        self.adjusted_ = adjust(values, self.season_length)
        with warnings.catch_warnings():
            # The search tries orders that do not converge; it drops them by itself and says so in warnings.
            warnings.simplefilter("ignore")
            self.model_: Any = pmdarima.auto_arima(
                self.adjusted_.values, seasonal=False, maxiter=15, suppress_warnings=True, error_action="ignore"
            )
        self.order_: tuple[int, int, int] = self.model_.order
        self.note_ = f"order {self.order_}, season {self.adjusted_.kind}"

    def _relearn(self, values: FloatArray) -> None:
        import pmdarima

        self.adjusted_ = adjust(values, self.season_length)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model_ = pmdarima.ARIMA(self.order_, maxiter=15, suppress_warnings=True, with_intercept=self.model_.with_intercept).fit(
                self.adjusted_.values
            )
        self.note_ = f"order {self.order_}, season {self.adjusted_.kind}"

    def _project(self, horizon: int) -> FloatArray:
        return self.adjusted_.restore(np.asarray(self._predict(horizon)[0], dtype=np.float64))

    def _spread(self, horizon: int) -> FloatArray:
        _, band = self._predict(horizon)
        return self.adjusted_.scale(np.asarray(band[:, 1] - band[:, 0], dtype=np.float64) / (2 * 1.2815515655446004))

    def _predict(self, horizon: int) -> tuple[Any, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mean, band = self.model_.predict(horizon, return_conf_int=True, alpha=0.2)
        return mean, band
