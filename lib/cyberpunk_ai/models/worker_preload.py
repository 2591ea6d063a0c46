"""Imported by the server that worker processes are forked from: loads what forecasts and reports work with, so that no process has to."""

from __future__ import annotations

from cyberpunk_ai.core.loading import load
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.forecasting.base import FORECASTERS

try:
    load(
        "pandas", "pyarrow", "scipy.stats", "sklearn.linear_model", "cyberpunk_ai.forecasting.engine", "cyberpunk_ai.models.forecast_work",
        "cyberpunk_ai.models.forecast_many", "sklearn.cluster", "xgboost", "cyberpunk_ai.models.customer_reports",
    )  # fmt: skip
    for name in FORECASTERS.names():
        FORECASTERS.load_needs(name)
except Exception as error:  # noqa: BLE001 - whoever needs it meets it again, and says so; without this server nobody could be served
    get_logger("models.worker_preload").warning("worker processes start slowly", problem=f"{type(error).__name__}: {error}")
