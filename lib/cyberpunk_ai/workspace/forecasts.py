"""The verbs of forecasts."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.workspace.customers import CustomerVerbs
from cyberpunk_ai.workspace.wiring import fingerprint

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from typing import Literal

    import pandas as pd

    from cyberpunk_ai.forecasting.results import ForecastResult
    from cyberpunk_ai.forecasting.streaming import ForecastStep
    from cyberpunk_ai.governance.callers import Caller
    from cyberpunk_ai.models.integrated_forecasting import IntegratedForecast


def members(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options for the engine: all members where none is named."""
    from cyberpunk_ai.forecasting.ensemble import DEFAULT_MODELS

    models = options.get("models")
    return {**options, "models": DEFAULT_MODELS if models is None else tuple(models)}


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
        future: pd.DataFrame | None = None,
        holidays: str | Sequence[str] | None = None,
        outliers: Literal["keep", "clean"] = "keep",
        resample: Literal["sum", "mean", "last"] | None = None,
        season_length: int | None = None,
        budget_s: float | None = None,
        on_member: Callable[[str, int, int], None] | None = None,
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
            data: Own series, or frame of (unique_id, ds, y, covariates), instead of a metric.
            future: Covariates of `data` over the horizon: ds, the same columns, and unique_id where they differ.
            holidays: Country whose holidays move demand, such as `DE` or `DE-BY`.
            outliers: `clean` replaces single values far from their neighbours, and lists them.
            resample: How rows of `data` with irregular or repeated dates are put together.
            season_length: Periods in one season; the usual one of the grain when None.
            budget_s: Wall seconds after which members that have not landed are left out; no limit when None.
            on_member: Told the name of every member that landed, how many did, and of how many.
            caller: Who asks.
        """
        options = {"horizon": horizon, "levels": list(levels), "models": models, "backtest_windows": backtest_windows, "holidays": holidays}
        options |= {"outliers": outliers, "resample": resample, "season_length": season_length, "budget_s": budget_s}
        asked = {"grain": grain, "where": where, "by": by} | options

        def work(who: Caller) -> ForecastResult:
            from cyberpunk_ai.forecasting.engine import forecast
            from cyberpunk_ai.models.forecast_work import forecast_within

            history = self._demand(data, metric, grain, where, by, who)

            def compute() -> ForecastResult:
                if self._processes is not None and budget_s is not None:
                    return forecast_within(self._processes, history, future=future, on_member=on_member, **members(options))
                return self._work_out(forecast, history, future=future, told={"on_member": on_member}, **members(options))

            later = None if future is None else fingerprint(future)
            # What a busy moment left out is no answer for whoever asks later.
            return self._remember("forecast", (asked, fingerprint(history), later), compute, keeps=lambda found: not found.left_out)

        return self._verb("forecast", "forecast", "own data" if data is not None else metric, asked, caller, work)

    async def forecast_stream(
        self,
        metric: str = "revenue",
        *,
        horizon: int = 12,
        grain: str = "week",
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        data: pd.DataFrame | pd.Series | None = None,
        budget_s: float | None = 2.0,
        caller: Caller | None = None,
        **options: Any,
    ) -> AsyncGenerator[ForecastStep, None]:
        """Give a forecast after every member that lands; the last step holds the whole answer.

        Args:
            metric: As in `forecast`.
            horizon: As there.
            grain: As there.
            where: As there.
            by: As there.
            data: As there.
            budget_s: Wall seconds after which members that have not landed are left out.
            caller: Who asks.
            options: Further arguments of `forecast`: levels, models, backtest_windows, future, holidays, outliers, resample, season_length.
        """
        import asyncio

        asked = {"horizon": horizon, "grain": grain, "where": where, "by": by, "budget_s": budget_s}

        def work(who: Caller) -> pd.DataFrame | pd.Series:
            return self._demand(data, metric, grain, where, by, who)

        resource = "own data" if data is not None else metric
        history = await asyncio.to_thread(self._verb, "forecast_stream", "forecast", resource, asked, caller, work)
        from cyberpunk_ai.forecasting.streaming import iter_forecast, stream
        from cyberpunk_ai.models.forecast_work import WorkSteps

        given: dict[str, Any] = {"horizon": horizon, "budget_s": budget_s, **members(options)}
        grows = iter_forecast(history, **given) if self._processes is None else WorkSteps(self._processes, history, **given)
        # Closed here when the caller leaves the loop, and not whenever the collector comes by.
        async with aclosing(stream(grows)) as steps:
            async for step in steps:
                yield step

    def _demand(
        self, data: pd.DataFrame | pd.Series | None, metric: str, grain: str, where: Mapping[str, Any] | None, by: str | None, who: Caller
    ) -> pd.DataFrame | pd.Series:
        return data if data is not None else self._history(metric, grain, where, by, who)

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
            from cyberpunk_ai.models.forecast_work import with_retention

            demand = demand_data if demand_data is not None else self._history(metric, grain, where, None, who)
            customers = customer_data if customer_data is not None else self.transactions(where=where, source=customer_source, caller=who)

            def compute() -> IntegratedForecast:
                return self._work_out(with_retention, demand, customers, horizon=horizon)

            return self._remember("forecast_with_retention", (asked, fingerprint(demand), fingerprint(customers)), compute)

        return self._verb("forecast_with_retention", "forecast", metric, asked, caller, work)
