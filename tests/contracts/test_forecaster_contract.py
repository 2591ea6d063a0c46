"""What every registered forecaster promises. A new one is picked up by itself."""

from __future__ import annotations

import copy
import inspect
import json

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import FORECASTERS, Forecaster

NAMES = FORECASTERS.names()
# The ensemble of all five is every other test of this file again; three cheap members show the same promises.
ARGUMENTS = {"ensemble": {"members": ("theta", "ets", "seasonal_naive")}}


def make(name: str, **arguments) -> Forecaster:
    return FORECASTERS.get(name)(**({"season_length": 4, "seed": 3} | ARGUMENTS.get(name, {}) | arguments))


def quarterly(count: int = 40) -> pd.Series:
    quarters = np.arange(count)
    values = 50 + 0.4 * quarters + 9 * np.cos(np.pi * quarters / 2) + np.random.default_rng(5).normal(0, 1.5, count)
    return pd.Series(values, index=pd.date_range("2010-01-01", periods=count, freq="QS"))


@pytest.fixture(scope="module", params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def fitted(name) -> Forecaster:
    return make(name).fit(quarterly())


def test_name_is_the_registered_one(name):
    assert FORECASTERS.get(name).name == name
    assert (FORECASTERS.get(name).__doc__ or "").strip()


def test_init_only_stores_its_arguments(name):
    forecaster = make(name)
    stored = vars(forecaster)
    assert set(stored) == set(inspect.signature(FORECASTERS.get(name).__init__).parameters) - {"self"}
    assert not [key for key in stored if key.endswith("_")]


def test_fit_returns_self_and_learnt_state_ends_in_underscore(name, fitted):
    learnt = set(vars(fitted)) - set(vars(make(name)))
    assert learnt
    assert all(key.endswith("_") for key in learnt)
    forecaster = make(name)
    assert forecaster.fit(quarterly(2)) is forecaster


@pytest.mark.parametrize("horizon", [1, 9, 50])
def test_prediction_has_the_length_asked_for_and_is_finite(fitted, horizon):
    mean, spread = fitted.predict(horizon), fitted.predict_spread(horizon)
    assert mean.shape == (horizon,)
    assert np.isfinite(mean).all()
    assert spread is None or (spread.shape == (horizon,) and np.isfinite(spread).all() and (spread >= 0).all())


def test_shorter_horizon_is_the_start_of_a_longer_one(fitted):
    assert np.allclose(fitted.predict(3), fitted.predict(9)[:3])


def test_same_seed_gives_the_same_answer(name, fitted):
    assert np.array_equal(make(name).fit(quarterly()).predict(6), fitted.predict(6))


def test_fitting_does_not_change_the_series(name):
    series = quarterly()
    before = series.copy()
    make(name).fit(series)
    pd.testing.assert_series_equal(series, before)


def test_refit_learns_the_other_stretch(name):
    forecaster = make(name).fit(quarterly())
    again = forecaster.refit(quarterly(28))
    assert len(again.values_) == 28
    assert np.isfinite(again.predict(8)).all()


def test_forecast_stays_near_a_calm_series(fitted):
    assert np.abs(fitted.predict(8) - quarterly().to_numpy()[-8:]).max() < 30


@pytest.mark.parametrize("values", [[4.0], [4.0, 6.0], [4.0, 6.0, 5.0, 7.0, 6.0], [3.0] * 30, [0.0] * 30])
def test_short_and_constant_series_are_carried_on_with_a_note(name, values):
    forecaster = make(name).fit(pd.Series(values, index=pd.date_range("2020-01-01", periods=len(values), freq="QS")))
    assert np.isfinite(forecaster.predict(5)).all()
    if len(set(values)) == 1:
        assert np.array_equal(forecaster.predict(5), np.full(5, values[-1]))
        assert forecaster.note


def test_series_without_dates_is_enough(name):
    assert np.isfinite(make(name).fit(pd.Series(quarterly().to_numpy())).predict(4)).all()


@pytest.mark.parametrize("values", [[], [1.0, float("nan"), 2.0], [1.0, float("inf")]])
def test_empty_or_infinite_series_are_refused(name, values):
    with pytest.raises(ContractBroken):
        make(name).fit(pd.Series(values, dtype=float))


def test_predicting_before_fitting_is_refused(name):
    with pytest.raises(InvalidArgument):
        make(name).predict(3)


def test_impossible_arguments_are_refused(name, fitted):
    with pytest.raises(InvalidArgument):
        make(name, season_length=0)
    with pytest.raises(InvalidArgument):
        fitted.predict(0)


def test_panel_gives_one_fit_per_series(name):
    if name == "ensemble":
        pytest.skip("the engine joins members itself; an ensemble is fitted per series")
    panel = [quarterly(), quarterly(30) * 100, quarterly(1)]
    fits = FORECASTERS.get(name).fit_panel(panel, season_length=4, seed=3)
    answers = [fit.predict(5) for fit in fits]
    assert [answer.shape for answer in answers] == [(5,)] * 3
    assert answers[1].mean() > 20 * answers[0].mean()


def test_extending_keeps_what_was_learnt_and_follows_the_new_values(name):
    forecaster = make(name).fit(quarterly(36))
    before = forecaster.predict(4)
    assert np.allclose(copy.deepcopy(forecaster).extend(quarterly(36)).predict(4), before, rtol=1e-5)
    moved = forecaster.extend(quarterly(40))
    assert len(moved.values_) == 40
    assert np.isfinite(moved.predict(8)).all()
    assert np.abs(moved.predict(4) - make(name).fit(quarterly(40)).predict(4)).max() < 12


def test_extending_a_panel_leaves_the_fits_that_it_came_from(name):
    panel = [quarterly(36), quarterly(30) * 100]
    fits = FORECASTERS.get(name).fit_panel(panel, season_length=4, seed=3)
    before = [fit.predict(3) for fit in fits]
    moved = FORECASTERS.get(name).extend_panel(fits, [quarterly(38), quarterly(32) * 100])
    assert [len(fit.values_) for fit in moved] == [38, 32]
    assert all(np.array_equal(fit.predict(3), old) for fit, old in zip(fits, before, strict=True))
    assert moved[1].predict(3).mean() > 20 * moved[0].predict(3).mean()


def test_state_is_json_and_gives_the_same_forecast(name):
    panel = [quarterly(36), quarterly(30) * 100, quarterly(1)]
    kind = FORECASTERS.get(name)
    fits = kind.fit_panel(panel, season_length=4, seed=3)
    states = json.loads(json.dumps(kind.panel_states(fits)))
    again = kind.restore_panel(panel, states, season_length=4, seed=3)
    for fit, restored in zip(fits, again, strict=True):
        assert np.allclose(restored.predict(6), fit.predict(6), rtol=1e-6)
