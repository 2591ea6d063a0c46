"""Demand forecasts: frames in, frozen results out. No database, no web, no settings; members are plug-ins, one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FORECASTERS as FORECASTERS
    from cyberpunk_ai.forecasting.base import Forecaster as Forecaster
    from cyberpunk_ai.forecasting.engine import forecast as forecast
    from cyberpunk_ai.forecasting.results import ForecastResult as ForecastResult

__all__ = ["FORECASTERS", "ForecastResult", "Forecaster", "forecast"]

_HOMES = {"FORECASTERS": "base", "Forecaster": "base", "ForecastResult": "results", "forecast": "engine"}


def __getattr__(name: str) -> Any:
    """Load a public name at its first use, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
