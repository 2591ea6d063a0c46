"""Ugly but legal series never raise, and their intervals stay finite, ordered and nested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.theta import ThetaForecaster

VALUES = st.one_of(
    st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=40),
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, 5.0]), min_size=1, max_size=40),
    st.lists(st.floats(0, 1e-6), min_size=1, max_size=20),
    st.lists(st.one_of(st.floats(1, 100), st.just(float("nan"))), min_size=2, max_size=40).filter(
        lambda values: not np.isnan(values).all()
    ),
)


@given(values=VALUES, freq=st.sampled_from(["MS", "D", "W-MON", "QS", "YS", "h"]), horizon=st.integers(1, 14))
def test_legal_series_never_raise(values, freq, horizon):
    series = pd.Series(values, index=pd.date_range("2000-01-03", periods=len(values), freq=freq))
    answer = forecast(series, horizon=horizon, models=("theta", "ets"), freq=freq, levels=(50, 80, 95))
    bounds = answer.forecast[["lo-95", "lo-80", "lo-50", "mean", "hi-50", "hi-80", "hi-95"]].to_numpy()
    assert bounds.shape == (horizon, 7)
    assert np.isfinite(bounds).all()
    assert (np.diff(bounds, axis=1) >= 0).all()
    if np.nanmin(values) >= 0:
        assert (bounds >= 0).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9, 13, 17, 25])
def test_all_five_members_take_short_series(count):
    values = np.random.default_rng(count).poisson(4, count).astype(float)
    series = pd.Series(values, index=pd.date_range("2020-01-01", periods=count, freq="MS"))
    answer = forecast(series, horizon=6, backtest_windows=2)
    assert np.isfinite(answer.forecast.drop(columns=["unique_id", "ds"]).to_numpy()).all()


def test_season_longer_than_half_the_series_is_survived():
    series = pd.Series(np.random.default_rng(0).normal(10, 2, 70), index=pd.date_range("2022-01-03", periods=70, freq="W-MON"))
    assert np.isfinite(forecast(series, horizon=5, models=("theta", "ets", "xgboost")).forecast["mean"]).all()


def test_failing_and_exploding_members_are_dropped_by_name(monkeypatch):
    series = pd.Series(np.random.default_rng(0).normal(10, 2, 40), index=pd.date_range("2020-01-01", periods=40, freq="MS"))
    calm = forecast(series, horizon=4, models=("ets",))

    monkeypatch.setattr(ThetaForecaster, "_project", lambda self, horizon: np.full(horizon, 1e12))
    answer = forecast(series, horizon=4, models=("ets", "theta"))
    assert any("theta dropped" in note and "exploded" in note for note in answer.notes)
    assert np.allclose(answer.forecast["mean"], calm.forecast["mean"])

    def fail(self, values):
        raise ZeroDivisionError("no luck")

    monkeypatch.setattr(ThetaForecaster, "_learn", fail)
    answer = forecast(series, horizon=4, models=("ets", "theta"))
    assert "no luck" in answer.leaderboard.set_index("model").loc["theta", "note"]
    alone = forecast(series, horizon=4, models=("theta",))
    assert any("seasonal naive stands in" in note for note in alone.notes)
    assert np.isfinite(alone.forecast["mean"]).all()


def test_hopeless_member_is_dropped_by_its_past(monkeypatch):
    months = np.arange(60)
    series = pd.Series(100 + months * 2.0 + np.sin(months), index=pd.date_range("2018-01-01", periods=60, freq="MS"))
    monkeypatch.setattr(ThetaForecaster, "_project", lambda self, horizon: np.full(horizon, 20.0))
    answer = forecast(series, horizon=4, models=("ets", "theta"))
    assert any("theta dropped: its past MASE" in note for note in answer.notes)
