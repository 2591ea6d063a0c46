"""Peers of the forecasting engine on the same series: statsforecast's AutoETS, AutoARIMA and four-model ensemble, and a pmdarima loop."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberpunk_ai.forecasting.base import FloatArray

# Peers carry no season beyond a day of hours: at 52 weeks they would take minutes per series or end in an error.
_LONGEST_SEASON = 24


@dataclass(frozen=True)
class Answer:
    """A peer's forecast of one series; its 95% interval where it was asked for one."""

    mean: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None


@dataclass(frozen=True)
class Peer:
    """A peer's forecasts by series, and what they took."""

    name: str
    answers: Mapping[str, Answer]
    cpu_seconds_per_series: float


def auto_ets(pasts: Mapping[str, FloatArray], horizon: int, season: int) -> Peer:
    """AutoETS of statsforecast with its own 95% interval."""
    from statsforecast.models import AutoETS

    def one(past: FloatArray) -> Answer:
        answer = AutoETS(season_length=_season(past, season)).forecast(y=past, h=horizon, level=[95])
        return Answer(answer["mean"], answer["lo-95"], answer["hi-95"])

    return _timed("statsforecast AutoETS", one, pasts)


def auto_arima(pasts: Mapping[str, FloatArray], horizon: int, season: int) -> Peer:
    """AutoARIMA of statsforecast, seasonal, orders compared by approximation."""
    from statsforecast.models import AutoARIMA

    def one(past: FloatArray) -> Answer:
        model = AutoARIMA(season_length=_season(past, season), approximation=True)
        return Answer(model.forecast(y=past, h=horizon)["mean"])

    return _timed("statsforecast AutoARIMA", one, pasts)


def four_models(pasts: Mapping[str, FloatArray], horizon: int, season: int) -> Peer:
    """Median of statsforecast's AutoARIMA, AutoETS, DynamicOptimizedTheta and AutoCES; one that fails on a series is left out there."""
    from statsforecast.models import AutoARIMA, AutoCES, AutoETS, DynamicOptimizedTheta

    def one(past: FloatArray) -> Answer:
        own = _season(past, season)
        models = (
            AutoARIMA(season_length=own, approximation=True), AutoETS(season_length=own),
            DynamicOptimizedTheta(season_length=own), AutoCES(season_length=own),
        )  # fmt: skip
        means = []
        for model in models:
            try:
                means.append(model.forecast(y=past, h=horizon)["mean"])
            except Exception as error:
                warnings.warn(f"{type(model).__name__} failed: {error}", stacklevel=1)
        return Answer(np.median(np.stack(means), axis=0))

    return _timed("statsforecast four models", one, pasts)


def pmdarima_loop(pasts: Mapping[str, FloatArray], horizon: int, season: int) -> Peer:
    """A loop over `pmdarima.auto_arima` as it comes: seasonal, stepwise, exact likelihood."""
    import pmdarima

    def one(past: FloatArray) -> Answer:
        model = pmdarima.auto_arima(past, m=_season(past, season), suppress_warnings=True, error_action="ignore")
        return Answer(np.asarray(model.predict(horizon)))

    return _timed("pmdarima loop", one, pasts)


def _season(past: FloatArray, season: int) -> int:
    return season if season <= _LONGEST_SEASON and len(past) >= 2 * season else 1


def _timed(name: str, one: object, pasts: Mapping[str, FloatArray]) -> Peer:
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = {series: one(past) for series, past in pasts.items()}  # type: ignore[operator]
    return Peer(name, answers, (time.process_time() - start) / max(len(pasts), 1))
