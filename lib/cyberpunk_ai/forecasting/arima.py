"""ARIMA by pmdarima: statsforecast searches the order, without a season where taking it out first leaves none, and pmdarima fits that one.

Its own stepwise search fits every order it tries by maximum likelihood and takes two to thirty times as long to an order no better.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster
from cyberpunk_ai.forecasting.seasonality import adjust, unadjusted

# Beyond so many values the orders are compared by their conditional likelihood, as in the method's own paper.
_APPROXIMATE_FROM = 150
# What is left of a season in the residuals is significant at 90%, and a longer season than a year of months takes minutes to fit.
_Z_90 = 1.645
_LONGEST_SEASON = 12
_MOST_SEASONAL_ORDERS = 30


@FORECASTERS.register(
    "arima", needs=("pmdarima", "statsforecast.arima"), summary="ARIMA with searched order, seasonal where the season moves (pmdarima)."
)
class ArimaForecaster(Forecaster):
    """pmdarima with the order that a stepwise search found; `order_` and `seasonal_order_` are that one, and `refit` keeps it.

    The season is taken out first. Where the residuals still know it, since it moves, a seasonal order is searched for the series itself.

    Source:
        Hyndman & Khandakar (2008), automatic time series forecasting.
    """

    name: ClassVar[str] = "arima"
    minimum_length: ClassVar[int] = 8
    cost: ClassVar[int] = 60
    model_: Any

    def _learn(self, values: FloatArray) -> None:
        from statsforecast.arima import auto_arima_f

        self.adjusted_ = adjust(values, self.season_length)
        found = auto_arima_f(self.adjusted_.values, seasonal=False, approximation=len(values) > _APPROXIMATE_FROM)
        if self._season_is_left(np.asarray(found["residuals"], dtype=np.float64)):
            self.adjusted_ = unadjusted(values)
            found = auto_arima_f(values, period=self.season_length, approximation=True, nmodels=_MOST_SEASONAL_ORDERS)
        autoregressive, moving, seasonal_autoregressive, seasonal_moving, period, differences, seasonal_differences = map(
            int, found["arma"]
        )
        self.order_ = (autoregressive, differences, moving)
        seasonal = (seasonal_autoregressive, seasonal_differences, seasonal_moving)
        self.seasonal_order_ = (*seasonal, period) if any(seasonal) else (0, 0, 0, 0)
        self.has_constant_ = bool({"intercept", "drift"} & set(found["coef"]))
        self._fit_order()

    def _relearn(self, values: FloatArray) -> None:
        seasonal = any(self.seasonal_order_)
        self.adjusted_ = unadjusted(values) if seasonal else adjust(values, self.season_length)
        self._fit_order()

    def _move_on(self, values: FloatArray) -> None:
        seasonal = any(self.seasonal_order_)
        self.adjusted_ = unadjusted(values) if seasonal else adjust(values, self.season_length)
        known = self.model_
        # pmdarima's own copies share their attributes with the original.
        self.model_ = type(known)(**known.get_params())
        self.model_.__dict__.update(known.__dict__)
        self.model_.arima_res_ = known.arima_res_.model.clone(self.adjusted_.values).smooth(known.arima_res_.params)
        self.model_.nobs_ = len(values)

    def state(self) -> dict[str, Any]:
        """Return orders and parameters."""
        if self.is_naive_:
            return {}
        parameters = [float(each) for each in self.model_.arima_res_.params]
        orders = {"order": list(self.order_), "seasonal_order": list(self.seasonal_order_)}
        return orders | {"constant": self.has_constant_, "parameters": parameters}

    def _take_up(self, values: FloatArray) -> None:
        known = self._state
        self.order_, self.seasonal_order_ = tuple(known["order"]), tuple(known["seasonal_order"])
        self.has_constant_ = bool(known["constant"])
        self._relearn(values)
        self.model_.arima_res_ = self.model_.arima_res_.model.smooth(np.asarray(known["parameters"]))

    def _season_is_left(self, residuals: FloatArray) -> bool:
        lag = self.season_length
        if not 1 < lag <= _LONGEST_SEASON or len(residuals) < 3 * lag + 5:
            return False
        centred = residuals - residuals.mean()
        total = float(centred @ centred)
        return total > 0 and abs(float(centred[lag:] @ centred[:-lag])) / total > _Z_90 / np.sqrt(len(residuals))

    def _fit_order(self) -> None:
        import pmdarima

        self.model_ = pmdarima.ARIMA(
            self.order_, self.seasonal_order_, maxiter=15, suppress_warnings=True, with_intercept=self.has_constant_
        ).fit(self.adjusted_.values)
        season = f"seasonal order {self.seasonal_order_}" if any(self.seasonal_order_) else f"season {self.adjusted_.kind}"
        self.note_ = f"pmdarima, order {self.order_} searched by statsforecast, {season}"

    def _project(self, horizon: int) -> FloatArray:
        return self.adjusted_.restore(np.asarray(self._predict(horizon)[0], dtype=np.float64))

    def _spread(self, horizon: int) -> FloatArray:
        _, band = self._predict(horizon)
        return self.adjusted_.scale(np.asarray(band[:, 1] - band[:, 0], dtype=np.float64) / (2 * 1.2815515655446004))

    def _predict(self, horizon: int) -> tuple[Any, Any]:
        mean, band = self.model_.predict(horizon, return_conf_int=True, alpha=0.2)
        return mean, band
