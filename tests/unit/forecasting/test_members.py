"""What the members with features learn from, and the baseline, worked out by hand."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.forecasting import lstm
from cyberpunk_ai.forecasting.arima import ArimaForecaster
from cyberpunk_ai.forecasting.backtest import plan_windows
from cyberpunk_ai.forecasting.features import StackedSeries, day_columns
from cyberpunk_ai.forecasting.lstm import LstmForecaster
from cyberpunk_ai.forecasting.seasonal_naive import SeasonalNaive
from cyberpunk_ai.forecasting.xgboost_forecaster import XgboostForecaster


def test_a_row_says_what_its_origin_knew():
    stacked = StackedSeries([np.array([2.0, 4.0, 6.0, 8.0]), np.array([5.0, 5.0])], 2, [None, None], 2)
    row = dict(zip(stacked.names, stacked.rows(np.array([0]), np.array([2]), np.array([1]))[0], strict=True))
    # Level 5; the last value known is 6; the period asked for has its season at 4 and before the start.
    assert row["lag 1"] == pytest.approx((4 - 6) / 5)
    assert row["lag 2"] == pytest.approx((2 - 6) / 5)
    assert np.isnan(row["lag 3"])
    assert row["mean of 3"] == pytest.approx((4 - 6) / 5)
    assert row["same season"] == pytest.approx((4 - 6) / 5)
    assert np.isnan(row["season before"])
    assert row["step"] == 1
    assert stacked.targets(np.array([0]), np.array([2]), np.array([1])).tolist() == pytest.approx([(8 - 6) / 5])


def test_rows_do_not_change_with_what_comes_after_their_origin():
    values = np.random.default_rng(0).normal(10, 1, 60)
    later = np.concatenate([values[:40], -values[40:]])
    one, two = (StackedSeries([each], 12, [None], 12) for each in (values, later))
    asked = (np.array([0, 0]), np.array([30, 39]), np.array([1, 12]))
    columns = [place for place, name in enumerate(one.names) if name not in ("roughness", "deviation")]
    first, second = (stacked.rows(*asked)[:, columns] * stacked.levels[0] for stacked in (one, two))
    assert np.allclose(first[:, :-2], second[:, :-2], equal_nan=True)


def test_picked_rows_know_enough_and_have_a_target():
    stacked = StackedSeries([np.arange(30.0), np.arange(5.0), np.arange(3.0)], 1, [None] * 3, 6)
    place, end, step = stacked.pick(most_rows=10_000, most_steps=6, least_known=4, seed=0)
    assert set(place) == {0, 1}
    assert (end - stacked.starts[place] + 1 >= 4).all()
    assert (end + step < stacked.width).all()
    assert len(place) == sum(min(6, 29 - each) for each in range(3, 29)) + 1
    some = stacked.pick(most_rows=10, most_steps=6, least_known=4, seed=0)
    assert 0 < len(some[0]) <= 10


def test_calendar_by_hand():
    assert day_columns(pd.DatetimeIndex(["2024-02-29 13:00"])).tolist() == [[2, 29, 3, 9, 13]]


def test_seasonal_arima_where_the_season_moves():
    rng = np.random.default_rng(3)
    season = np.cumsum(rng.normal(0, 6, (9, 12)), axis=0)
    values = pd.Series(200 + season.ravel() + rng.normal(0, 0.5, 108), index=pd.date_range("2010-01-01", periods=108, freq="MS"))
    moving = ArimaForecaster(12).fit(values)
    assert moving.seasonal_order_[3] == 12
    assert "seasonal order" in moving.note
    still = ArimaForecaster(12).fit(pd.Series(200 + np.tile(season[0], 9) + rng.normal(0, 0.5, 108), index=values.index))
    assert still.seasonal_order_ == (0, 0, 0, 0)


def test_many_short_series_keep_the_shipped_network():
    rng = np.random.default_rng(0)
    panel = [pd.Series(rng.normal(10, 1, 50), index=pd.date_range("2020-01-01", periods=50, freq="MS")) for _ in range(900)]
    fits = LstmForecaster.fit_panel(panel, season_length=12)
    assert np.isfinite(fits[0].predict(3)).all()
    assert "as shipped" in fits[0].note


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


def waves(series: int = 30, count: int = 40, period: float = 7) -> list[pd.Series]:
    """Series of years that go up and down in a way which the network has not been shown."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 2 * np.pi, series)
    return [pd.Series(50 + 10 * np.sin(2 * np.pi * np.arange(count) / period + phase) + rng.normal(0, 0.3, count)) for phase in start]


def test_network_is_tuned_on_a_large_panel_where_that_helps() -> None:
    fits = LstmForecaster.fit_panel(waves(), season_length=1, seed=1)
    assert "tuned on this panel" in fits[0].note
    alone = LstmForecaster(1).fit(waves()[0])
    assert "as shipped" in alone.note


def test_network_stays_as_shipped_where_tuning_does_not_help(monkeypatch) -> None:
    # At this rate no weight moves.
    monkeypatch.setattr(lstm, "_TUNING_STEPS", 1)
    monkeypatch.setattr(lstm, "_TUNING_RATE", 1e-12)
    fits = LstmForecaster.fit_panel(waves(), season_length=1, seed=1)
    assert "as shipped: tuning on this panel changed its held-out loss by" in fits[0].note


@pytest.mark.full
def test_network_is_tuned_on_a_large_panel_of_months() -> None:
    assert "tuned on this panel" in LstmForecaster.fit_panel(waves(40, 160, 17), season_length=12, seed=1)[0].note


def test_importing_the_room_loads_no_heavy_library():
    code = (
        "import sys; from cyberpunk_ai.forecasting import FORECASTERS; FORECASTERS.plugins();"
        "print([name for name in ('torch', 'xgboost', 'pmdarima', 'statsforecast') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
