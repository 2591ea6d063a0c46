"""What a forecast is made of, why it is what it is, what was not to be expected, and how it did at past points in time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, TooLittleData
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.anomalies import find_anomalies
from cyberpunk_ai.forecasting.components import components
from cyberpunk_ai.forecasting.cross_validation import cross_validation
from cyberpunk_ai.forecasting.fitted import fit_forecast
from cyberpunk_ai.forecasting.reasons import OTHERS, START, reasons
from tests.unit.forecasting.test_covariates import promoted
from tests.unit.forecasting.test_engine import monthly


def test_components_of_a_made_up_series_are_what_it_was_made_of():
    months = np.arange(96)
    season = 20 * np.sin(2 * np.pi * months / 12)
    series = pd.Series(500.0 + 2 * months + season - 700, index=pd.date_range("2015-01-01", periods=96, freq="MS"))
    told = components(forecast(series, horizon=12, models=("ets",)))
    history = told.frame[told.frame["part"] == "history"].iloc[12:-12]
    assert np.allclose(history["season"], season[12:-12], atol=1.5)
    assert np.allclose(history["trend"], (500 + 2 * months - 700)[12:-12], atol=3)
    ahead = told.frame[told.frame["part"] == "forecast"]
    assert ahead["remainder"].abs().max() < 25
    assert np.corrcoef(ahead["season"], np.sin(2 * np.pi * np.arange(96, 108) / 12))[0, 1] > 0.98


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=60), st.integers(1, 14))
def test_components_add_up(values, horizon):
    series = pd.Series(values, index=pd.date_range("2019-01-01", periods=len(values), freq="MS"))
    told = components(forecast(series, horizon=horizon, models=("theta",), backtest_windows=0))
    assert np.allclose(told.frame[list(told.names)].sum(axis=1), told.frame["y"], rtol=1e-9, atol=1e-6)
    assert len(told.frame) == len(values) + horizon


def test_components_hold_the_covariates_and_the_year_of_days():
    demand, future, _ = promoted()
    told = components(forecast(demand, horizon=6, models=("theta",), future=future))
    assert told.names == ("trend", "season", "promotion", "remainder")
    on = told.frame["promotion"][told.frame["part"] == "history"].to_numpy()[demand["promotion"].to_numpy() == 1]
    assert (on > 15).all()
    days = np.arange(1200)
    rng = np.random.default_rng(0)
    daily = pd.Series(
        100 + 30 * np.cos(2 * np.pi * days / 365.25) + rng.normal(0, 1, 1200), index=pd.date_range("2020-01-01", periods=1200, freq="D")
    )
    told = components(forecast(daily, horizon=30, models=("theta",), backtest_windows=0))
    assert "long season" in told.names
    assert told.frame["long season"].max() == pytest.approx(30, abs=5)


def test_reasons_add_up_to_the_forecast():
    demand, future, _ = promoted()
    kept = fit_forecast(demand, horizon=6, models=("theta", "ets", "xgboost"), future=future)
    told = reasons(kept)
    sums = told.frame.groupby("ds")["contribution"].sum()
    assert np.allclose(sums.to_numpy(), kept.result.forecast["mean"].to_numpy())
    assert {START, OTHERS, "recent values", "promotion"} <= set(told.frame["reason"])
    promoted_month = told.frame[(told.frame["reason"] == "promotion") & (told.frame["ds"] == future["ds"].iloc[1])]
    assert promoted_month["contribution"].item() == pytest.approx(kept.result.effects.set_index("ds")["effect"].loc[future["ds"].iloc[1]])
    assert "from the last value in its season" in told.sentences[0]


def test_shapley_values_add_up_to_what_the_trees_say():
    kept = fit_forecast(monthly(120), horizon=30, models=("xgboost",), backtest_windows=0)
    told = reasons(kept)
    own = told.frame[told.frame["reason"] != OTHERS].groupby("ds")["contribution"].sum()
    assert np.allclose(own.to_numpy(), kept.runs["xgboost"].future[0].mean, rtol=1e-4)
    with pytest.raises(NotFound):
        reasons(fit_forecast(monthly(), horizon=3, models=("theta",)))


def test_a_spike_and_a_drop_are_found_first():
    values = monthly(96).to_numpy().copy()
    values[50] += 90
    values[80] -= 90
    found = find_anomalies(pd.Series(values, index=monthly(96).index)).to_frame()
    # At 99% one ordinary value in a hundred lies outside as well, but not far.
    assert len(found) <= 4
    assert found["score"].iloc[1] > 2 > max(found["score"].iloc[2:], default=0)
    assert found.head(2).set_index("ds")["direction"].to_dict() == {monthly(96).index[50]: "above", monthly(96).index[80]: "below"}


@pytest.mark.parametrize("freq", ["MS", "D", "W-MON"])
def test_false_alarms_stay_at_what_the_level_promises(freq):
    rng = np.random.default_rng(5)
    frames = [
        pd.DataFrame({"unique_id": f"s{place}", "ds": pd.date_range("2015-01-01", periods=150, freq=freq), "y": 50 + rng.normal(0, 4, 150)})
        for place in range(40)
    ]
    found = find_anomalies(pd.concat(frames), level=99)
    assert 0.001 < found.frame["is_anomaly"].mean() < 0.016
    strict = find_anomalies(pd.concat(frames), level=99.9)
    assert strict.frame["is_anomaly"].mean() < found.frame["is_anomaly"].mean()


def test_what_cannot_be_judged_is_said():
    flat = find_anomalies(pd.Series([3.0] * 40, index=pd.date_range("2020-01-01", periods=40, freq="MS")))
    assert flat.to_frame().empty
    assert "cannot be judged" in flat.notes[0]
    with pytest.raises(InvalidArgument):
        find_anomalies(monthly(), level=100)


def test_rolling_origins_by_hand():
    told = cross_validation(monthly(72), horizon=6, windows=3, step=3, models=("theta", "ets"))
    naive = told.frame[told.frame["model"] == "seasonal_naive"]
    assert sorted(naive["cutoff"].unique()) == [monthly(72).index[72 - 6 - back - 1] for back in (6, 3, 0)]
    last = naive[naive["window"] == 1]
    assert np.allclose(last["mean"], monthly(72).to_numpy()[54:60])
    assert last["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert np.allclose(told.frame["y"], monthly(72).loc[told.frame["ds"]].to_numpy())
    assert set(told.by_model["model"]) == {"ensemble", "seasonal_naive", "theta", "ets"}
    assert set(told.by_step["step"]) == set(range(1, 7))
    assert len(told.by_cutoff) == 12


def test_cross_validation_agrees_with_forecasts_made_then():
    told = cross_validation(monthly(72), horizon=6, windows=2, models=("theta",))
    then = forecast(monthly(72).iloc[:60], horizon=6, models=("theta",))
    own = told.frame[(told.frame["model"] == "theta") & (told.frame["window"] == 2)]
    assert np.allclose(own["mean"], then.members["mean"])


def test_illegal_cross_validation_is_refused():
    with pytest.raises(InvalidArgument, match="windows"):
        cross_validation(monthly(), horizon=3, windows=0)
    with pytest.raises(InvalidArgument, match="step"):
        cross_validation(monthly(), horizon=3, step=0)
    with pytest.raises(TooLittleData):
        cross_validation(monthly(4), horizon=3, models=("theta",))
