"""Covariates known ahead: read, checked, their effect found, used and told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.covariates import WORKING_DAYS, read_covariates
from cyberpunk_ai.forecasting.input import read_demand

MODELS = ("theta", "ets")


def promoted(count: int = 72, horizon: int = 6, lift: float = 0.4, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Months with a season and a promotion that multiplies demand by exp(lift); demand, future and what will come."""
    rng = np.random.default_rng(seed)
    months = np.arange(count + horizon)
    promotion = (rng.random(count + horizon) < 0.25).astype(float)
    promotion[-horizon:] = [0, 1, 0, 0, 1, 0][:horizon]
    values = 100 * (1 + 0.2 * np.sin(2 * np.pi * months / 12)) * np.exp(lift * promotion + rng.normal(0, 0.03, count + horizon))
    table = pd.DataFrame({"ds": pd.date_range("2018-01-01", periods=count + horizon, freq="MS"), "y": values, "promotion": promotion})
    return table.iloc[:count], table.iloc[count:].drop(columns="y"), values[count:]


def test_a_promotion_is_learnt_and_told():
    demand, future, actual = promoted()
    plain = forecast(demand[["ds", "y"]], horizon=6, models=MODELS)
    aware = forecast(demand, horizon=6, models=MODELS, future=future)
    miss = [np.abs(each.forecast["mean"].to_numpy() - actual).mean() for each in (plain, aware)]
    assert miss[1] < 0.5 * miss[0]
    told = aware.effects.set_index("ds")["effect"].loc[future["ds"]]
    assert told.iloc[0] == 0
    assert told.iloc[1] == pytest.approx(aware.forecast["mean"].iloc[1] * (1 - np.exp(-0.4)), rel=0.1)
    assert any("covariates told" in note and "used" in note for note in aware.notes)
    assert plain.effects.empty


def test_what_tells_nothing_is_left_out_and_said():
    demand, future, _ = promoted(lift=0.0)
    plain = forecast(demand[["ds", "y"]], horizon=6, models=MODELS)
    aware = forecast(demand, horizon=6, models=MODELS, future=future)
    assert any("left out" in note for note in aware.notes)
    assert aware.forecast.equals(plain.forecast)


def test_past_windows_do_not_know_later_effects():
    demand, future, _ = promoted()
    changed = demand.copy()
    changed.loc[changed.index[-6:], "y"] *= 3
    before, after = (forecast(each, horizon=6, models=MODELS, future=future).backtest for each in (demand, changed))
    assert np.allclose(before["mean"], after["mean"])


def test_covariates_known_in_the_past_only_are_left_out_and_said():
    demand, _, _ = promoted()
    answer = forecast(demand, horizon=6, models=MODELS)
    assert any("promotion known in the past only" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda future: future.drop(columns="ds"), "'ds' is missing"),
        (lambda future: future.drop(columns="promotion").assign(price=1.0), "lacks promotion"),
        (lambda future: future.assign(price=1.0), "price beyond"),
        (lambda future: future.iloc[:4], "2 of 6 periods"),
        (lambda future: pd.concat([future, future.iloc[:1]]), "twice"),
        (lambda future: future.assign(promotion=np.nan), "6 of 6 periods"),
        (lambda future: future.assign(promotion=np.inf), "infinite"),
    ],
)
def test_illegal_future_is_refused_with_advice(spoil, words):
    demand, future, _ = promoted()
    with pytest.raises(ContractBroken, match=words) as caught:
        forecast(demand, horizon=6, models=MODELS, future=spoil(future))
    assert caught.value.hint


def test_categories_become_columns():
    demand, future, _ = promoted()
    demand = demand.assign(promotion=np.where(demand["promotion"] > 0, "leaflet", "none"))
    future = future.assign(promotion=np.where(future["promotion"] > 0, "leaflet", "none"))
    read = read_covariates(demand, future, None, read_demand(demand), 6)
    assert read.names == ("promotion none",)
    assert read.values[0][-6:, 0].tolist() == [1, 0, 1, 1, 0, 1]


def test_every_series_has_its_own_future():
    demand, future, _ = promoted()
    both = pd.concat([demand.assign(unique_id=name) for name in "ab"])
    later = pd.concat([future.assign(unique_id="a"), future.assign(unique_id="b", promotion=0.0)])
    answer = forecast(both, horizon=6, models=MODELS, future=later).forecast.set_index(["unique_id", "ds"])["mean"].unstack(0)
    assert (answer["a"] > answer["b"] * 1.2).tolist() == [False, True, False, False, True, False]
    with pytest.raises(ContractBroken, match="no rows of series 'b'"):
        forecast(both, horizon=6, models=MODELS, future=later[later["unique_id"] == "a"])


def test_holidays_fall_into_their_periods():
    months = pd.Series(np.arange(24.0), index=pd.date_range("2023-01-01", periods=24, freq="MS"))
    read = read_covariates(months, None, "DE", read_demand(months), 2)
    table = pd.DataFrame(read.values[0], columns=read.names, index=pd.date_range("2023-01-01", periods=26, freq="MS"))
    # Good Friday: 7 April 2023, 29 March 2024. January 2025 has 23 weekdays, one of them New Year's Day.
    assert table["Good Friday"][table["Good Friday"] > 0].index.strftime("%Y-%m").tolist() == ["2023-04", "2024-03"]
    assert table.loc["2025-01-01", WORKING_DAYS] == 22
    ends = pd.Series(np.arange(24.0), index=pd.date_range("2023-01-31", periods=24, freq="ME"))
    closing = read_covariates(ends, None, "DE", read_demand(ends), 2)
    assert np.array_equal(closing.values[0], read.values[0])
    days = pd.Series(np.arange(60.0), index=pd.date_range("2024-12-01", periods=60, freq="D"))
    daily = read_covariates(days, None, "DE", read_demand(days), 1)
    assert daily.values[0][24, daily.names.index("Christmas Day")] == 1


def test_weeks_may_be_dated_by_their_last_day():
    rng = np.random.default_rng(2)
    sundays = pd.date_range("2020-01-05", periods=208, freq="W-SUN")
    read = read_covariates(pd.Series(np.ones(208), index=sundays), None, "US", read_demand(pd.Series(np.ones(208), index=sundays)), 4)
    thanksgiving = read.if_ending.values[0][:208, next(place for place, name in enumerate(read.names) if "Thanksgiving" in name)]
    answer = forecast(
        pd.Series(100 * np.exp(0.5 * thanksgiving + rng.normal(0, 0.02, 208)), index=sundays), horizon=4, models=("theta",), holidays="US"
    )
    assert any("last day" in note for note in answer.notes)
    assert "Thanksgiving" in " ".join(answer.effects["covariate"].unique())


def test_unknown_country_is_refused_with_advice():
    demand, _, _ = promoted()
    with pytest.raises(InvalidArgument, match="no holidays") as caught:
        forecast(demand[["ds", "y"]], horizon=3, models=MODELS, holidays="XX")
    assert "DE-BY" in caught.value.hint
