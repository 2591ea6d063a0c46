"""POST /forecast."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time
from api.schemas.forecast import ForecastRequest  # noqa: TC001
from api.serialise import forecast_body, own_data, own_future

router = APIRouter(tags=["forecast"])


@router.post("/forecast", summary="Forecast a metric or a series of your own")
def forecast(asked: ForecastRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Forecast with intervals, members, leaderboard and notes; with `customer_data_source`, churn is its own component."""
    if asked.customer_data_source is not None:
        joined = ws.forecast_with_retention(
            metric=asked.metric, horizon=asked.horizon, grain=asked.grain, where=asked.where, customer_source=asked.customer_data_source,
            demand_data=own_data(asked.data), caller=who,
        )  # fmt: skip
        return forecast_body(joined, asked)
    result = ws.forecast(
        asked.metric, horizon=asked.horizon, grain=asked.grain, where=asked.where, by=asked.by, levels=asked.levels, models=asked.models,
        backtest_windows=asked.backtest_windows, data=own_data(asked.data), future=own_future(asked.future), holidays=asked.holidays,
        outliers=asked.outliers, resample=asked.resample, budget_s=asked.budget_s, caller=who,
    )  # fmt: skip
    return forecast_body(result, asked)
