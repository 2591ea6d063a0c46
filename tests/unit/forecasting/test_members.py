"""What the members with features learn from, and the baseline, worked out by hand."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.forecasting.backtest import plan_windows
from cyberpunk_ai.forecasting.features import calendar, lag_matrix, lags_for
from cyberpunk_ai.forecasting.lstm import LstmForecaster
from cyberpunk_ai.forecasting.seasonal_naive import SeasonalNaive
from cyberpunk_ai.forecasting.xgboost_forecaster import XgboostForecaster


def test_lags_look_back_only():
    rows = lag_matrix(np.array([1.0, 2.0, 3.0, 4.0]), (1, 3))
    assert rows[:, 0].tolist() == [1, 2, 3]
    assert np.isnan(rows[:2, 1]).all()
    assert rows[2, 1] == 1


def test_lags_are_learnable():
    assert lags_for(12, 60, daily=False) == (*range(1, 13),)
    assert lags_for(12, 90, daily=False) == (*range(1, 13), 24)
    assert 364 in lags_for(7, 1200, daily=True)
    assert lags_for(1, 30, daily=False) == (1, 2, 3, 4)


def test_calendar_by_hand():
    assert calendar(pd.DatetimeIndex(["2024-02-29 13:00"])).tolist() == [[2, 29, 3, 9, 13]]


def test_seasonal_naive_by_hand():
    fitted = SeasonalNaive(2).fit(pd.Series([1.0, 5.0, 3.0, 7.0]))
    assert fitted.predict(3).tolist() == [3, 7, 3]
    assert fitted.predict_spread(3).tolist() == pytest.approx([2, 2, 2 * np.sqrt(2)])


def test_windows_do_not_overlap_and_leave_two_seasons():
    assert [(each.number, each.end, each.length) for each in plan_windows(60, horizon=12, wanted=2, season_length=12)] == [
        (1, 48, 12),
        (2, 36, 12),
    ]
    assert [each.end for each in plan_windows(40, horizon=12, wanted=2, season_length=12)] == [28]
    assert [each.length for each in plan_windows(10, horizon=12, wanted=2, season_length=12)] == [2]
    assert plan_windows(4, horizon=12, wanted=2, season_length=12) == ()
    assert plan_windows(60, horizon=12, wanted=0, season_length=12) == ()


@pytest.mark.parametrize("kind", [XgboostForecaster, LstmForecaster])
def test_global_members_do_not_care_for_the_scale(kind):
    quarters = np.arange(48)
    values = 50 + quarters + 9 * np.cos(np.pi * quarters / 2) + np.random.default_rng(1).normal(0, 1, 48)
    index = pd.date_range("2010-01-01", periods=48, freq="QS")
    small, large = kind(4).fit(pd.Series(values, index=index)), kind(4).fit(pd.Series(values * 1e6, index=index))
    assert np.allclose(small.predict(6) * 1e6, large.predict(6), rtol=1e-3)


def test_boosted_trees_learn_a_weekly_calendar():
    days = pd.date_range("2023-01-02", periods=200, freq="D")
    weekend = np.where(days.weekday >= 5, 40.0, 10.0) + np.random.default_rng(2).normal(0, 1, 200)
    predicted = XgboostForecaster(7).fit(pd.Series(weekend, index=days)).predict(14)
    expected = np.where(pd.date_range("2023-07-21", periods=14, freq="D").weekday >= 5, 40.0, 10.0)
    assert np.abs(predicted - expected).max() < 6


def test_network_carries_on_growth_and_season() -> None:
    months = np.arange(132)
    sales = (100 + 0.8 * months) * (1 + 0.3 * np.sin(2 * np.pi * months / 12))
    predicted = LstmForecaster(12).fit(pd.Series(sales[:120])).predict(12)
    season_before = sales[108:120]
    assert np.abs(predicted - sales[120:]).mean() < 0.5 * np.abs(season_before - sales[120:]).mean()


def test_network_is_tuned_on_a_large_panel_only_where_that_helps() -> None:
    rng = np.random.default_rng(0)
    # Two-year waves, which the network has not been shown: tuning on the panel must tell them better.
    start = rng.uniform(0, 2 * np.pi, 40)
    panel = [pd.Series(50 + 10 * np.sin(2 * np.pi * np.arange(160) / 17 + phase) + rng.normal(0, 0.3, 160)) for phase in start]
    fits = LstmForecaster.fit_panel(panel, season_length=12, seed=1)
    assert "tuned on this panel" in fits[0].note
    alone = LstmForecaster(12).fit(panel[0])
    assert "as shipped" in alone.note


def test_importing_the_room_loads_no_heavy_library():
    code = (
        "import sys; from cyberpunk_ai.forecasting import FORECASTERS; FORECASTERS.plugins();"
        "print([name for name in ('torch', 'xgboost', 'pmdarima', 'statsforecast') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
