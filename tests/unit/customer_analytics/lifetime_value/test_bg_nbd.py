"""BG/NBD: published numbers, an independent package, and histories that break other fits."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import (
    BgNbd,
    fit_purchases,
    histories_of,
)
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426, float("nan"))


@pytest.fixture(scope="module")
def cdnow(shared_data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = pd.read_parquet(shared_data / "retention" / "cdnow_transactions.parquet")
    ledger, _, _ = read_transactions(rows[rows["in_sample_2357"]], as_of="1997-09-30")
    x, t_x, age = histories_of(ledger)
    return x, t_x / 7, age / 7


def test_cdnow_gives_the_published_parameters(cdnow: tuple[np.ndarray, ...]) -> None:
    model = fit_purchases(*cdnow)
    assert [round(value, 3) for value in (model.r, model.alpha, model.a, model.b)] == [0.243, 4.414, 0.793, 2.426]
    assert model.log_likelihood >= -9582.43
    assert model.message == ""


def test_the_fit_agrees_with_lifetimes(cdnow: tuple[np.ndarray, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter

        theirs = BetaGeoFitter().fit(*cdnow)
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(39, *cdnow)
        alive = theirs.conditional_probability_alive(*cdnow)
    ours = fit_purchases(*cdnow)
    assert np.allclose([ours.r, ours.alpha, ours.a, ours.b], theirs.params_[["r", "alpha", "a", "b"]], atol=1e-4)
    same = BgNbd(*theirs.params_[["r", "alpha", "a", "b"]], float("nan"))
    assert np.allclose(same.expected_purchases(*cdnow, 39.0), expected, rtol=1e-6)
    assert np.allclose(same.probability_alive(*cdnow), alive, rtol=1e-9)


def test_a_customer_worked_by_hand() -> None:
    # x = 2, t_x = 30.43, T = 38.86 is the example of Fader, Hardie & Lee: 1.226 purchases expected in 39 weeks.
    x, t_x, age = np.array([2.0]), np.array([30.43]), np.array([38.86])
    assert PUBLISHED.expected_purchases(x, t_x, age, 39.0)[0] == pytest.approx(1.226, abs=1e-3)
    ratio = 0.793 / (2.426 + 1) * ((4.414 + 38.86) / (4.414 + 30.43)) ** 2.243
    assert PUBLISHED.probability_alive(x, t_x, age)[0] == pytest.approx(1 / (1 + ratio))


def test_one_time_buyers_are_alive_for_sure_but_mostly_silent() -> None:
    none = np.array([0.0])
    assert PUBLISHED.probability_alive(none, none, np.array([38.86]))[0] == 1.0
    assert PUBLISHED.probability_silent(none, none, np.array([38.86]), 39.0)[0] == pytest.approx((43.274 / 82.274) ** 0.243)


def test_draws_agree_with_the_closed_forms() -> None:
    x, t_x, age = np.array([0.0, 2.0, 9.0]), np.array([0.0, 30.0, 35.0]), np.array([38.0, 38.0, 38.0])
    drawn = PUBLISHED.draws(x, t_x, age, 39.0, 40_000, np.random.default_rng(1))
    assert np.allclose(drawn.mean(axis=1), PUBLISHED.expected_purchases(x, t_x, age, 39.0), rtol=0.05)
    assert np.allclose((drawn == 0).mean(axis=1), PUBLISHED.probability_silent(x, t_x, age, 39.0), atol=0.01)


@pytest.mark.parametrize(
    ("x", "t_x", "age"),
    [([0.0], [0.0], [10.0]), ([0.0] * 50, [0.0] * 50, [30.0] * 50), ([3.0] * 50, [20.0] * 50, [30.0] * 50), ([0.0], [0.0], [0.0]),
     ([400.0] * 20, [399.0] * 20, [400.0] * 20)],
)  # fmt: skip
def test_odd_histories_give_finite_answers(x: list[float], t_x: list[float], age: list[float]) -> None:
    history = np.array(x), np.array(t_x), np.array(age)
    model = fit_purchases(*history)
    assert np.isfinite(model.expected_purchases(*history, 30.0)).all()
    silent = model.probability_silent(*history, 30.0)
    assert ((silent >= 0) & (silent <= 1)).all()
