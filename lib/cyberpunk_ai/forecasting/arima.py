"""ARIMA by pmdarima: the season is taken out first, the order is searched without one by statsforecast, and pmdarima fits that one order.

Its own stepwise search fits every order it tries by maximum likelihood and takes two to thirty times as long to an order no better.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster
from cyberpunk_ai.forecasting.seasonality import adjust

# Beyond so many values the orders are compared by their conditional likelihood, as in the method's own paper.
_APPROXIMATE_FROM = 150


@FORECASTERS.register(
    "arima", needs=("pmdarima", "statsforecast"), summary="ARIMA with searched order on the seasonally adjusted series (pmdarima)."
)
class ArimaForecaster(Forecaster):
    """pmdarima on the seasonally adjusted series with the order that a stepwise search found; `order_` is that one, and `refit` keeps it.

    Source:
        Hyndman & Khandakar (2008), automatic time series forecasting.
    """

    name: ClassVar[str] = "arima"
    minimum_length: ClassVar[int] = 8
    cost: ClassVar[int] = 60

    def _learn(self, values: FloatArray) -> None:
        from statsforecast.arima import auto_arima_f

        self.adjusted_ = adjust(values, self.season_length)
        found = auto_arima_f(self.adjusted_.values, seasonal=False, approximation=len(values) > _APPROXIMATE_FROM)
        autoregressive, moving, _, _, _, differences, _ = found["arma"]
        self.order_: tuple[int, int, int] = (int(autoregressive), int(differences), int(moving))
        self.has_constant_ = bool({"intercept", "drift"} & set(found["coef"]))
        self._fit_order()

    def _relearn(self, values: FloatArray) -> None:
        self.adjusted_ = adjust(values, self.season_length)
        self._fit_order()

    def _fit_order(self) -> None:
        import pmdarima

        self.model_: Any = pmdarima.ARIMA(self.order_, maxiter=15, suppress_warnings=True, with_intercept=self.has_constant_).fit(
            self.adjusted_.values
        )
        self.note_ = f"pmdarima, order {self.order_} searched by statsforecast, season {self.adjusted_.kind}"

    def _project(self, horizon: int) -> FloatArray:
        return self.adjusted_.restore(np.asarray(self._predict(horizon)[0], dtype=np.float64))

    def _spread(self, horizon: int) -> FloatArray:
        _, band = self._predict(horizon)
        return self.adjusted_.scale(np.asarray(band[:, 1] - band[:, 0], dtype=np.float64) / (2 * 1.2815515655446004))

    def _predict(self, horizon: int) -> tuple[Any, Any]:
        mean, band = self.model_.predict(horizon, return_conf_int=True, alpha=0.2)
        return mean, band
