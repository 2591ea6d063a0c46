"""The verbs of forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.workspace.customers import CustomerVerbs
from cyberpunk_ai.workspace.wiring import fingerprint, finish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from cyberpunk_ai.forecasting.results import ForecastResult
    from cyberpunk_ai.governance.callers import Caller
    from cyberpunk_ai.models.integrated_forecasting import IntegratedForecast


class ForecastVerbs(CustomerVerbs):
    """Forecasts of metrics, of own data, and with the customers' effect."""

    def forecast(
        self,
        metric: str = "revenue",
        *,
        horizon: int = 12,
        grain: str = "week",
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        levels: Sequence[int] = (80, 95),
        models: Sequence[str] | None = None,
        backtest_windows: int = 2,
        data: pd.DataFrame | pd.Series | None = None,
        caller: Caller | None = None,
    ) -> ForecastResult:
        """Forecast a metric, or a frame of your own.

        Args:
            metric: Additive metric of the semantic layer.
            horizon: Periods ahead, at least 1.
            grain: Length of a period.
            where: As in `query`.
            by: One dimension; one series per value.
            levels: Interval levels in percent.
            models: Names of forecasters; all of them when None.
            backtest_windows: Rolling origins of the backtest and of the intervals' calibration.
            data: Own series, or frame of (unique_id, ds, y), instead of a metric.
            caller: Who asks.
        """
        asked = {"horizon": horizon, "grain": grain, "where": where, "by": by, "levels": list(levels), "models": models}

        def work(who: Caller) -> ForecastResult:
            from cyberpunk_ai.forecasting.engine import forecast
            from cyberpunk_ai.forecasting.ensemble import DEFAULT_MODELS

            history = data if data is not None else self._history(metric, grain, where, by, who)
            members = DEFAULT_MODELS if models is None else tuple(models)

            def compute() -> ForecastResult:
                return forecast(history, horizon=horizon, levels=tuple(levels), models=members, backtest_windows=backtest_windows)

            return self._remember("forecast", (asked, backtest_windows, fingerprint(history)), compute)

        return self._verb("forecast", "forecast", "own data" if data is not None else metric, asked, caller, work)

    def forecast_with_retention(
        self,
        *,
        metric: str = "revenue",
        horizon: int = 12,
        grain: str = "month",
        where: Mapping[str, Any] | None = None,
        demand_data: pd.DataFrame | None = None,
        customer_data: pd.DataFrame | None = None,
        customer_source: str | None = None,
        caller: Caller | None = None,
    ) -> IntegratedForecast:
        """Forecast a metric with the effect of the customers who are expected to stay or leave as its own component.

        Args:
            metric: Additive metric of the semantic layer.
            horizon: Periods ahead, at least 1.
            grain: Length of a period.
            where: As in `query`.
            demand_data: Own history (ds, y) instead of the metric's.
            customer_data: Own purchases (customer_id, order_id, ordered_at, amount) instead of the warehouse's.
            customer_source: Only customers who came from this source.
            caller: Who asks.

        Raises:
            NotFound: No customer came from `customer_source`.
        """
        asked = {"metric": metric, "horizon": horizon, "grain": grain, "where": where, "customer_source": customer_source}

        def work(who: Caller) -> IntegratedForecast:
            from cyberpunk_ai.models.integrated_forecasting import IntegratedForecastingEngine

            demand = demand_data if demand_data is not None else self._history(metric, grain, where, None, who)
            customers = customer_data if customer_data is not None else self.transactions(where=where, source=customer_source, caller=who)

            def compute() -> IntegratedForecast:
                return finish(IntegratedForecastingEngine().forecast_with_retention(demand, customers, horizon=horizon))

            return self._remember("forecast_with_retention", (asked, fingerprint(demand), fingerprint(customers)), compute)

        return self._verb("forecast_with_retention", "forecast", metric, asked, caller, work)
