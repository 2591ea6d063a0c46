"""The verb `forecast` end to end, with cheap members."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.forecasting import forecast

MODELS = ("ets", "theta", "arima")


def monthly(count: int = 72, seed: int = 1) -> pd.Series:
    rng = np.random.default_rng(seed)
    months = np.arange(count)
    values = 200 + 1.5 * months + 40 * np.sin(2 * np.pi * months / 12) + rng.normal(0, 8, count)
    return pd.Series(values, index=pd.date_range("2018-01-01", periods=count, freq="MS"), name="revenue")


@pytest.fixture(scope="module")
def answer():
    return forecast(monthly(), horizon=12, models=MODELS, backtest_windows=2)


def test_forecast_continues_the_calendar(answer):
    assert answer.freq == "MS"
    assert answer.season_length == 12
    assert answer.unique_ids == ("revenue",)
    assert list(answer.forecast["ds"]) == list(pd.date_range("2024-01-01", periods=12, freq="MS"))
    assert list(answer.forecast.columns) == ["unique_id", "ds", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]


def test_intervals_are_nested_around_the_mean(answer):
    rows = answer.forecast
    ordered = rows[["lo-95", "lo-80", "mean", "hi-80", "hi-95"]].to_numpy()
    assert np.isfinite(ordered).all()
    assert (np.diff(ordered, axis=1) >= 0).all()


def test_ensemble_of_three_is_their_median(answer):
    members = answer.members.pivot(index="ds", columns="model", values="mean")
    assert members.shape[1] == 3
    assert np.allclose(members.median(axis=1).to_numpy(), answer.forecast["mean"].to_numpy())


def test_leaderboard_names_everybody_beside_the_baseline(answer):
    board = answer.leaderboard.set_index("model")
    assert set(board.index) == {*MODELS, "ensemble", "seasonal_naive"}
    assert board.loc["seasonal_naive", "status"] == "baseline"
    assert board.loc["ensemble", "mase"] < board.loc["seasonal_naive", "mase"]
    assert {"mase", "smape", "coverage_80", "coverage_95", "seconds", "note"} <= set(board.columns)


def test_backtest_holds_two_windows_of_everybody(answer):
    assert answer.backtest.groupby(["model", "window"]).size().eq(12).all()
    assert set(answer.backtest["window"]) == {1, 2}
    newest = answer.backtest[answer.backtest["window"] == 1]
    assert newest["ds"].max() == pd.Timestamp("2023-12-01")


def test_season_and_trend_are_followed(answer):
    months = np.arange(72, 84)
    truth = 200 + 1.5 * months + 40 * np.sin(2 * np.pi * months / 12)
    assert np.abs(answer.forecast["mean"].to_numpy() - truth).mean() < 10


def test_same_input_gives_the_same_numbers(answer):
    again = forecast(monthly(), horizon=12, models=MODELS, backtest_windows=2)
    pd.testing.assert_frame_equal(again.forecast, answer.forecast, check_exact=True)


def test_order_of_the_models_does_not_matter(answer):
    again = forecast(monthly(), horizon=12, models=MODELS[::-1], backtest_windows=2)
    pd.testing.assert_frame_equal(again.forecast, answer.forecast, check_exact=True)


def test_result_is_json_ready(answer):
    record = answer.to_dict()["forecast"][0]
    assert record["ds"].startswith("2024-01-01")
    assert isinstance(record["mean"], float)
    assert answer.total == pytest.approx(answer.forecast["mean"].sum())


def test_panel_keeps_its_series_apart():
    long = pd.concat(
        [monthly(seed=seed).rename_axis("ds").rename("y").reset_index().assign(unique_id=name) for seed, name in ((1, "b"), (2, "a"))]
    )
    answer = forecast(long, horizon=3, models=("theta",))
    assert answer.unique_ids == ("a", "b")
    alone = forecast(monthly(seed=2), horizon=3, models=("theta",))
    assert np.allclose(answer.forecast[answer.forecast["unique_id"] == "a"]["mean"], alone.forecast["mean"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"horizon": 0},
        {"levels": (0,)},
        {"levels": ()},
        {"models": ()},
        {"models": ("oracle",)},
        {"models": ("ensemble",)},
        {"backtest_windows": -1},
    ],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(InvalidArgument):
        forecast(monthly(), **({"horizon": 3, "models": ("theta",)} | arguments))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([5.0], "single value"),
        ([0.0] * 30, "never changes"),
        ([7.0] * 5, "never changes"),
        ([1.0, 3.0, 2.0], "little"),
        ([0, 0, 0, 3] * 9, "zero"),
    ],
)
def test_ugly_series_take_a_stated_path(values, word):
    series = pd.Series(values, index=pd.date_range("2020-01-01", periods=len(values), freq="MS"), dtype=float)
    answer = forecast(series, horizon=4, models=("theta", "ets"))
    bounds = answer.forecast[["lo-95", "lo-80", "mean", "hi-80", "hi-95"]].to_numpy()
    assert np.isfinite(bounds).all()
    assert (np.diff(bounds, axis=1) >= 0).all()
    assert (bounds >= 0).all()
    assert any(word in note for note in answer.notes)


def test_spent_budget_drops_the_slow_by_name():
    answer = forecast(monthly(), horizon=3, models=("theta", "arima"), budget_s=0.0, workers=1)
    board = answer.leaderboard.set_index("model")
    assert board.loc["arima", "status"] == "dropped"
    assert "budget" in board.loc["arima", "note"]
    assert set(answer.members["model"]) == {"theta"}


def test_threads_do_not_change_the_numbers():
    series = monthly(60)
    alone = forecast(series, horizon=4)
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda _: forecast(series, horizon=4), range(3)))
    assert set(alone.members["model"]) == {"arima", "ces", "ets", "theta", "xgboost", "lstm"}
    for answer in together:
        pd.testing.assert_frame_equal(answer.members, alone.members, check_exact=True)
        pd.testing.assert_frame_equal(answer.forecast, alone.forecast, check_exact=True)


def test_large_panel_pools_its_calibration():
    rng = np.random.default_rng(3)
    dates = pd.date_range("2020-01-01", periods=24, freq="QS")
    long = pd.concat([pd.DataFrame({"unique_id": f"s{number:02}", "ds": dates, "y": rng.normal(100, 9, 24)}) for number in range(32)])
    answer = forecast(long, horizon=4, models=("theta",), backtest_windows=2)
    ensemble = answer.leaderboard.set_index("model").loc["ensemble"]
    assert 0.7 < ensemble["coverage_80"] < 0.95
    assert ensemble["coverage_80"] < ensemble["coverage_95"]
    assert len(answer.forecast) == 32 * 4
