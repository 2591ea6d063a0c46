"""Our members against the libraries they stand on, called directly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.forecasting.arima import ArimaForecaster
from cyberpunk_ai.forecasting.ces import CesForecaster
from cyberpunk_ai.forecasting.ensemble import EnsembleForecaster, combine, combine_spreads, why_unusable
from cyberpunk_ai.forecasting.ets import EtsForecaster
from cyberpunk_ai.forecasting.theta import ThetaForecaster


@pytest.fixture(scope="module")
def series() -> pd.Series:
    months = np.arange(60)
    values = 300 + 2 * months + 30 * np.sin(2 * np.pi * months / 12) + np.random.default_rng(2).normal(0, 5, 60)
    return pd.Series(values, index=pd.date_range("2015-01-01", periods=60, freq="MS"))


def test_ets_is_statsforecasts(series):
    from statsforecast.models import AutoETS

    reference = AutoETS(season_length=12).forecast(y=series.to_numpy(), h=6, level=[95])
    ours = EtsForecaster(12).fit(series)
    assert np.allclose(ours.predict(6), reference["mean"])
    assert np.allclose(1.959964 * ours.predict_spread(6), (reference["hi-95"] - reference["lo-95"]) / 2, rtol=1e-4)


def test_theta_is_statsforecasts(series):
    from statsforecast.models import DynamicOptimizedTheta

    reference = DynamicOptimizedTheta(season_length=12).forecast(y=series.to_numpy(), h=6)
    assert np.allclose(ThetaForecaster(12).fit(series).predict(6), reference["mean"])


def test_arima_refits_the_order_that_its_search_found(series):
    import pmdarima

    yearly = series.iloc[::12].reset_index(drop=True)
    walk = pd.Series(np.cumsum(np.random.default_rng(4).normal(1, 1, 50)))
    ours = ArimaForecaster(1).fit(walk)
    reference = pmdarima.auto_arima(walk.to_numpy(), seasonal=False, maxiter=15, suppress_warnings=True, error_action="ignore")
    assert ours.order_ == reference.order
    assert np.allclose(ours.predict(4), reference.predict(4))
    order = ours.order_
    assert ours.refit(walk.iloc[:40]).order_ == order
    assert ArimaForecaster(1).fit(yearly).note


def test_combination_by_hand():
    # The middle three lie 4 apart, so 30 counts as 10 and 1 stays.
    assert combine([np.array([each]) for each in (1.0, 2.0, 30.0, 4.0, 6.0)]).tolist() == [(1 + 2 + 4 + 6 + 10) / 5]
    assert combine([np.array([1.0, 9.0]), np.array([2.0, 5.0]), np.array([30.0, 7.0])]).tolist() == [2.0, 7.0]
    assert combine_spreads([np.array([1.0]), None, np.array([3.0]), np.array([np.inf])]).tolist() == [2.0]
    assert combine_spreads([None]) is None


def test_explosions_are_recognised():
    history = np.array([1.0, 2.0, 3.0])
    assert why_unusable(history, np.array([4.0])) == ""
    assert "exploded" in why_unusable(history, np.array([4.0, 400.0]))
    assert "finite" in why_unusable(history, np.array([np.nan]))


def test_failing_member_is_dropped_by_name(series, monkeypatch):
    def fail(self, values):
        raise np.linalg.LinAlgError("singular matrix")

    monkeypatch.setattr(ThetaForecaster, "_learn", fail)
    ensemble = EnsembleForecaster(12, members=("theta", "ets")).fit(series)
    assert ensemble.dropped_ == {"theta": "LinAlgError: singular matrix"}
    assert np.allclose(ensemble.predict(3), EtsForecaster(12).fit(series).predict(3))
    assert "theta dropped" in ensemble.note


def test_complex_smoothing_goes_on_as_its_equations_say():
    rng = np.random.default_rng(4)
    series = pd.Series(100 + 0.5 * np.arange(60) + rng.normal(0, 3, 60))
    ours = CesForecaster(1).fit(series)
    known = ours.model_.model_
    a0, a1 = known["par"]["alpha_0"], known["par"]["alpha_1"]
    # Svetunkov, Kourentzes & Ord (2022), equation 9 without an error: the level and what is not observed of it.
    level, unseen = known["states"][known["n"]][:2]
    expected = []
    for _ in range(5):
        expected.append(level)
        level, unseen = level - (1 - a1) * unseen, level + (1 - a0) * unseen
    assert np.allclose(ours.predict(5), expected, rtol=1e-6)
    assert ours.form_ == "N"
    assert ours.predict_spread(5) is None
