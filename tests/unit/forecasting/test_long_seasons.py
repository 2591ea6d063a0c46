"""The year of days and the moving day of hours: found where they repeat, left alone where they do not, put back exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.forecasting import FORECASTERS, forecast
from cyberpunk_ai.forecasting.evolving_season import find_evolving_season
from cyberpunk_ai.forecasting.long_seasons import find_long_season


def days(count: int, seed: int = 0) -> np.ndarray:
    positions = np.arange(count)
    year = 1 + 0.4 * np.sin(2 * np.pi * positions / 365.25)
    week = 1 + 0.2 * np.cos(2 * np.pi * positions / 7)
    return 100 * year * week * np.exp(np.random.default_rng(seed).normal(0, 0.08, count))


def hours(count: int, seed: int = 0, growth: float = 0.0) -> np.ndarray:
    positions = np.arange(count)
    day = np.sin(2 * np.pi * positions / 24) * (1 + growth * positions / count)
    return 500 + 100 * day + np.random.default_rng(seed).normal(0, 8, count)


def test_year_is_found_and_told_ahead():
    series = days(4 * 365)
    found = find_long_season(series[: 3 * 365], 7)
    assert found is not None
    expected = 1 + 0.4 * np.sin(2 * np.pi * np.arange(3 * 365, 4 * 365) / 365.25)
    pattern = np.exp(found.ahead(365))
    assert np.corrcoef(pattern, expected)[0, 1] > 0.99
    assert np.abs(pattern / pattern.mean() - expected).max() < 0.12
    assert "year" in found.note


def test_no_year_is_found_in_noise_in_a_walk_or_in_a_short_series():
    rng = np.random.default_rng(4)
    assert find_long_season(rng.normal(100, 5, 1200), 7) is None
    assert find_long_season(days(700), 7) is None
    assert find_long_season(days(1400), 12) is None
    # A walk wanders about as a year does; what the other years say of a left-out one tells them apart.
    walks = [find_long_season(1000 + rng.normal(0, 1, 1500).cumsum(), 7) for _ in range(12)]
    assert sum(walk is not None for walk in walks) <= 3


@pytest.mark.parametrize(("series", "season"), [(days(1100), 7), (hours(24 * 30), 24), (hours(24 * 30) - 520, 24)])
def test_what_was_taken_out_and_what_is_left_make_the_series(series, season):
    found = find_long_season(series, season)
    assert found is not None
    assert found.values.shape == series.shape
    assert np.ptp(found.values) < np.ptp(series)
    assert found.restore(np.zeros(5)).shape == (5,)
    assert np.allclose(found.restore(np.full(9, found.values.mean()))[:4], found.restore(np.full(4, found.values.mean())))


def test_day_that_grows_is_followed():
    series = hours(24 * 40, growth=2.0)
    found = find_evolving_season(series, 24, 168)
    assert found is not None
    assert found.shape.speed >= 0.1
    assert np.ptp(found.ahead(24)) > 1.7 * np.ptp(found.past[:24])


def test_day_that_stands_still_is_averaged():
    found = find_evolving_season(hours(24 * 40), 24, 168)
    assert found is not None
    assert found.shape.speed <= 0.1
    assert not found.shape.has_week


def test_week_is_found_above_the_day():
    positions = np.arange(24 * 42)
    weekend = np.where(positions // 24 % 7 >= 5, 80.0, 0.0)
    found = find_evolving_season(hours(len(positions)) - weekend, 24, 168)
    assert found is not None
    assert found.shape.has_week
    ahead = found.ahead(168).reshape(7, 24).mean(axis=1)
    assert ahead[:5].mean() - ahead[5:].mean() == pytest.approx(0.16 if found.shape.is_relative else 80, rel=0.3)


def test_hours_without_a_day_are_left_alone():
    assert find_evolving_season(np.random.default_rng(1).normal(0, 1, 24 * 30), 24, 168) is None
    assert find_evolving_season(hours(24 * 9), 24, 168) is None
    assert find_evolving_season(np.full(24 * 30, 3.0), 24, 168) is None


@pytest.mark.parametrize("name", ["theta", "xgboost", "lstm"])
def test_members_carry_the_year_on(name):
    series = pd.Series(days(4 * 365), index=pd.date_range("2018-01-01", periods=4 * 365, freq="D"))
    past, future = series.iloc[: 3 * 365 + 90], series.iloc[3 * 365 + 90 : 3 * 365 + 180].to_numpy()
    fitted = FORECASTERS.get(name)(7).fit(past)
    assert np.abs(fitted.predict(90) - future).mean() < 0.75 * np.abs(past.iloc[-7:].mean() - future).mean()
    assert fitted.long_season_ is not None


def test_pure_season_is_carried_on_exactly():
    pure = np.tile(np.sin(2 * np.pi * np.arange(24) / 24) + 5, 30)
    fitted = FORECASTERS.get("theta")(24).fit(pd.Series(pure))
    assert np.allclose(fitted.predict(30), np.tile(pure[:24], 2)[:30])


def test_result_says_that_a_long_season_was_taken_out():
    series = pd.Series(hours(24 * 30), index=pd.date_range("2024-01-01", periods=24 * 30, freq="h"))
    assert any("shape" in note for note in forecast(series, horizon=6, models=("theta",)).notes)


@given(st.integers(0, 2**31), st.sampled_from([7, 24]), st.integers(2, 1000), st.sampled_from([0.0, 1e-6, 1.0, 1e9]))
def test_whatever_comes_the_rest_is_finite_and_as_long(seed, season, count, size):
    values = np.random.default_rng(seed).integers(0, 4, count) * size
    found = find_long_season(values, season)
    if found is not None:
        assert np.isfinite(found.values).all()
        assert np.isfinite(found.restore(found.values[-3:])).all()
