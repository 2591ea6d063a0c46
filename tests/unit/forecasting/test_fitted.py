"""A forecast that is kept: new values without fitting again, other futures, and its way to JSON and back."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.arima import ArimaForecaster
from cyberpunk_ai.forecasting.fitted import fit_forecast, from_state
from tests.unit.forecasting.test_covariates import promoted

MODELS = ("theta", "ets", "ces", "arima", "xgboost", "lstm")


def panel(count: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frames = []
    for place, name in enumerate("ab"):
        months = np.arange(count)
        values = 100 * (place + 1) + months + 20 * np.sin(2 * np.pi * months / 12) + rng.normal(0, 3, 90)[:count]
        frames.append(pd.DataFrame({"unique_id": name, "ds": pd.date_range("2016-01-01", periods=count, freq="MS"), "y": values}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def fitted():
    return fit_forecast(panel(72), horizon=6, models=MODELS, backtest_windows=1)


def test_what_is_kept_is_the_forecast_itself(fitted):
    pd.testing.assert_frame_equal(fitted.result.forecast, forecast(panel(72), horizon=6, models=MODELS).forecast)


def test_update_moves_on_without_fitting_again(fitted, monkeypatch):
    whole = panel(75)
    new = whole[whole["ds"] >= "2022-01-01"]

    def fail(self, values):
        raise AssertionError("an order was searched again")

    monkeypatch.setattr(ArimaForecaster, "_learn", fail)
    moved = fitted.update(new)
    assert moved.result.forecast["ds"].min() == pd.Timestamp("2022-04-01")
    assert len(moved.result.history) == 150
    assert moved.runs["arima"].fits[0].order_ == fitted.runs["arima"].fits[0].order_
    monkeypatch.undo()
    again = forecast(whole, horizon=6, models=MODELS)
    gap = np.abs(moved.result.forecast["mean"] - again.forecast["mean"]) / again.forecast["mean"]
    assert gap.max() < 0.06
    # The one that it came from is still there.
    assert fitted.result.forecast["ds"].min() == pd.Timestamp("2022-01-01")
    assert np.allclose(fitted.runs["xgboost"].fits[0].predict(3), fitted.runs["xgboost"].future[0].mean[:3])


def test_update_twice_is_update_once(fitted):
    new = panel(74).loc[lambda rows: rows["ds"] >= "2022-01-01"]
    once = fitted.update(new)
    twice = fitted.update(new[new["ds"] < "2022-02-01"]).update(new[new["ds"] >= "2022-02-01"])
    assert np.allclose(once.result.forecast["mean"], twice.result.forecast["mean"], rtol=1e-4)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (pd.DataFrame({"unique_id": ["a"], "ds": ["2021-12-01"], "y": [1.0]}), "not newer"),
        (pd.DataFrame({"unique_id": ["z"], "ds": ["2022-01-01"], "y": [1.0]}), "was not fitted"),
    ],
)
def test_illegal_new_rows_are_refused_with_advice(fitted, rows, words):
    with pytest.raises(ContractBroken, match=words) as caught:
        fitted.update(rows)
    assert caught.value.hint


def test_a_written_forecast_forecasts_the_same(fitted):
    again = from_state(json.loads(json.dumps(fitted.state())))
    pd.testing.assert_frame_equal(again.result.forecast, fitted.result.forecast, rtol=1e-6)
    pd.testing.assert_frame_equal(again.result.backtest, fitted.result.backtest)
    new = panel(73).loc[lambda rows: rows["ds"] >= "2022-01-01"]
    assert np.allclose(again.update(new).result.forecast["mean"], fitted.update(new).result.forecast["mean"], rtol=1e-5)


def test_a_promotion_in_another_month():
    demand, future, _ = promoted()
    kept = fit_forecast(demand, horizon=6, models=("theta", "ets"), future=future)
    moved = future.assign(promotion=[1, 0, 0, 0, 1, 0])
    answer = kept.scenario(moved)
    frame = answer.to_frame()
    assert frame["difference"].abs().gt(1).tolist() == [True, True, False, False, False, False]
    assert frame["difference"].iloc[0] == pytest.approx(frame["base"].iloc[0] * (np.exp(0.4) - 1), rel=0.1)
    assert (frame["lo-95"] <= frame["difference"] + 1e-9).all()
    assert (frame["difference"] <= frame["hi-95"] + 1e-9).all()
    assert frame["lo-95"].iloc[0] > 0
    whole = forecast(demand, horizon=6, models=("theta", "ets"), future=moved)
    assert np.allclose(answer.scenario["mean"], whole.forecast["mean"])
    with pytest.raises(InvalidArgument, match="no covariate"):
        fit_forecast(demand[["ds", "y"]], horizon=6, models=("theta",)).scenario(moved)


def test_update_with_covariates_needs_their_future():
    demand, future, actual = promoted()
    kept = fit_forecast(demand.iloc[:-3], horizon=3, models=("theta", "ets"), future=demand.iloc[-3:].drop(columns="y"))
    with pytest.raises(ContractBroken, match="knows covariates"):
        kept.update(demand.iloc[-3:])
    moved = kept.update(demand.iloc[-3:], future=future.iloc[:3])
    assert np.abs(moved.result.forecast["mean"].to_numpy() / actual[:3] - 1).max() < 0.2
    with pytest.raises(InvalidArgument, match="written down"):
        kept.state()


def test_update_with_holidays_finds_them_in_the_new_periods():
    rng = np.random.default_rng(1)
    days = pd.date_range("2021-01-01", periods=1100, freq="D")
    closed = days.strftime("%m-%d").isin(["01-01", "05-01", "10-03", "12-25", "12-26"])
    sales = pd.Series(np.where(closed, 20.0, 100.0) * np.exp(rng.normal(0, 0.02, 1100)), index=days)
    kept = fit_forecast(sales.iloc[:1080], horizon=10, models=("theta",), holidays="DE")
    assert kept.request.covered.is_used
    moved = kept.update(sales.iloc[1080:1090])
    christmas = moved.result.forecast.set_index("ds")["mean"].loc["2023-12-25":"2023-12-26"]
    assert (christmas < 40).all()
