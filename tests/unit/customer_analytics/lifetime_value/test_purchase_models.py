"""What every purchase model owes: published numbers, an independent package, its own draws, and no exception on legal data."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cyberpunk_ai.customer_analytics.lifetime_value import pareto_nbd
from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import BgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.fitting import distinct, distinct_histories
from cyberpunk_ai.customer_analytics.lifetime_value.mbg_nbd import MbgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.pareto_nbd import ParetoNbd, _left_between
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions

if TYPE_CHECKING:
    from pathlib import Path

MODELS = (BgNbd, MbgNbd, ParetoNbd)
# Parameters, their tolerance, and log likelihood; BG/NBD and Pareto/NBD as published on these customers.
ON_CDNOW = {
    BgNbd: ((0.243, 4.414, 0.793, 2.426), -9582.43),
    MbgNbd: ((0.525, 6.183, 0.891, 1.614), -9582.14),
    ParetoNbd: ((0.553, 10.578, 0.606, 11.669), -9594.98),
}
OBJECTIVES = {BgNbd: BgNbd.negative_log_likelihood, MbgNbd: MbgNbd.negative_log_likelihood, ParetoNbd: pareto_nbd.negative_log_likelihood}


@pytest.fixture(scope="module")
def cdnow(shared_data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = pd.read_parquet(shared_data / "retention" / "cdnow_transactions.parquet")
    ledger, _, _ = read_transactions(rows[rows["in_sample_2357"]], as_of="1997-09-30")
    x, t_x, age = histories_of(ledger)
    return x, t_x / 7, age / 7


@pytest.mark.parametrize("kind", MODELS)
def test_cdnow_gives_the_published_parameters(kind: type, cdnow: tuple[np.ndarray, ...]) -> None:
    model, (published, likelihood) = kind.fit(*cdnow), ON_CDNOW[kind]
    assert list(model.parameters.values()) == pytest.approx(published, abs=6e-4)
    assert model.log_likelihood == pytest.approx(likelihood, abs=6e-3)
    assert model.message == ""
    assert all(0 < error < value for error, value in zip(model.standard_errors.values(), published, strict=True))


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [(BgNbd, "BetaGeoFitter"), (MbgNbd, "ModifiedBetaGeoFitter"), (ParetoNbd, "ParetoNBDFitter")],
    ids=str,
)
def test_fit_and_predictions_agree_with_lifetimes(kind: type, theirs: str, cdnow: tuple[np.ndarray, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes

        # Left alone, theirs starts Pareto/NBD at random, and may stop wherever that leads.
        start = {"initial_params": np.ones(4)} if kind is ParetoNbd else {}
        fitted = getattr(lifetimes, theirs)().fit(*cdnow, **start)
        expected = np.asarray(fitted.conditional_expected_number_of_purchases_up_to_time(39, *cdnow))
        alive = np.asarray(fitted.conditional_probability_alive(*cdnow)).ravel()
    ours, given_theirs = kind.fit(*cdnow), kind(*fitted.params_.to_numpy())
    # Theirs stops a little short of the maximum; where both are near it, they agree.
    assert np.allclose(list(ours.parameters.values()), fitted.params_, rtol=1e-3)
    at_theirs = OBJECTIVES[kind](np.log(fitted.params_.to_numpy()), distinct_histories(*cdnow))[0]
    at_ours = OBJECTIVES[kind](np.log(list(ours.parameters.values())), distinct_histories(*cdnow))[0]
    assert at_ours <= at_theirs + 1e-12
    assert at_ours == pytest.approx(at_theirs, abs=1e-7)
    assert np.allclose(given_theirs.expected_purchases(*cdnow, 39.0), expected, rtol=1e-6)
    assert np.allclose(given_theirs.probability_alive(*cdnow), alive, rtol=1e-6)


@pytest.mark.parametrize("kind", MODELS)
def test_the_gradient_is_that_of_the_likelihood(kind: type) -> None:
    rng = np.random.default_rng(0)
    x = rng.poisson(1.5, 40).astype(float)
    age = rng.uniform(0.5, 2.0, 40)
    t_x = np.where(x > 0, rng.uniform(0, 1, 40) * age, 0.0)
    histories, at = distinct_histories(x, t_x, age), np.log([0.4, 0.7, 0.6, 2.0])
    _, gradient = OBJECTIVES[kind](at, histories)
    for place in range(4):
        step = np.eye(4)[place] * 1e-6
        up, down = (OBJECTIVES[kind](at + sign * step, histories)[0] for sign in (1, -1))
        assert gradient[place] == pytest.approx((up - down) / 2e-6, abs=1e-6)


@pytest.mark.parametrize("kind", MODELS)
def test_draws_agree_with_the_closed_forms(kind: type) -> None:
    model = kind(*ON_CDNOW[kind][0])
    x, t_x, age = np.array([0.0, 2.0, 9.0]), np.array([0.0, 30.0, 35.0]), np.array([38.0, 38.0, 38.0])
    drawn = model.draws(x, t_x, age, 39.0, 60_000, np.random.default_rng(1))
    assert np.allclose(drawn.mean(axis=1), model.expected_purchases(x, t_x, age, 39.0), rtol=0.05)
    assert np.allclose((drawn == 0).mean(axis=1), model.probability_silent(x, t_x, age, 39.0), atol=0.01)


def test_standard_errors_are_those_of_repeated_samples() -> None:
    truth, rng = BgNbd(0.8, 6.0, 0.7, 2.5), np.random.default_rng(4)
    fits = [BgNbd.fit(*_simulated(truth, 1500, rng)) for _ in range(12)]
    spread = np.std([fit.r for fit in fits])
    assert np.mean([fit.standard_errors["r"] for fit in fits]) == pytest.approx(spread, rel=0.6)
    assert np.mean([fit.r for fit in fits]) == pytest.approx(0.8, abs=0.1)


def test_an_integral_over_the_leaving_moment_is_that_of_quadrature() -> None:
    shape, alpha, s, beta = 3.3, 2.0, 0.6, 5.0
    ours = pareto_nbd._left_between(np.array([shape]), alpha, s, beta, np.array([1.5]), np.array([9.0]))[0][0]
    theirs = quad(lambda t: (alpha + t) ** -shape * s * (beta + t) ** -(s + 1), 1.5, 9.0, epsabs=1e-14)[0]
    assert np.exp(ours) == pytest.approx(theirs, rel=1e-9)


def test_who_bought_once_may_have_left_except_under_bg_nbd() -> None:
    none = np.array([0.0])
    alive = {kind: kind(*ON_CDNOW[kind][0]).probability_alive(none, none, np.array([38.0]))[0] for kind in MODELS}
    assert alive[BgNbd] == 1.0
    assert alive[MbgNbd] < 0.9
    assert alive[ParetoNbd] < 0.9


def test_distinct_values_are_those_of_numpy() -> None:
    for values in (np.array([3.0, 0.0, 3.0, 7.0]), np.array([0.5, 2.25, 0.5]), np.array([-1.0, 4.0]), np.array([])):
        found, place = distinct(values)
        assert found.tolist() == np.unique(values).tolist()
        assert found[place].tolist() == values.tolist()


@st.composite
def histories(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = draw(st.integers(1, 60))
    x = np.array(draw(st.lists(st.integers(0, 500), min_size=size, max_size=size)), dtype=float)
    age = np.array(draw(st.lists(st.integers(0, 5000), min_size=size, max_size=size)), dtype=float)
    when = np.array(draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
    x = np.minimum(x, age)
    return x, np.where(x > 0, np.maximum(np.round(when * age), x), 0.0), age


@pytest.mark.parametrize("kind", MODELS)
@given(history=histories(), horizon=st.sampled_from([1.0, 30.0, 400.0]))
def test_any_legal_history_has_finite_answers(kind: type, history: tuple[np.ndarray, ...], horizon: float) -> None:
    model = kind.fit(*history)
    expected = model.expected_purchases(*history, horizon)
    silent, alive = model.probability_silent(*history, horizon), model.probability_alive(*history)
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()
    assert ((silent >= -1e-12) & (silent <= 1 + 1e-12)).all()
    assert ((alive >= 0) & (alive <= 1)).all()
    assert model.draws(*history, horizon, 3, np.random.default_rng(0)).shape == (len(history[0]), 3)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("one", [(0.0, 0.0, 30.0), (3.0, 20.0, 30.0), (29.0, 30.0, 30.0)])
def test_a_million_identical_customers_are_no_trouble(kind: type, one: tuple[float, float, float]) -> None:
    history = tuple(np.full(1_000_000, value) for value in one)
    model = kind.fit(*history)
    assert np.isfinite(model.expected_purchases(*(part[:5] for part in history), 30.0)).all()


def _simulated(model: BgNbd, customers: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rate, leaving = rng.gamma(model.r, 1 / model.alpha, customers), rng.beta(model.a, model.b, customers)
    x, t_x, age = np.zeros(customers), np.zeros(customers), np.full(customers, 40.0)
    for row in range(customers):
        day = 0.0
        while True:
            day += rng.exponential(1 / max(rate[row], 1e-9))
            if day > 40.0:
                break
            x[row], t_x[row] = x[row] + 1, day
            if rng.random() < leaving[row]:
                break
    return x, t_x, age


def test_the_integral_of_pareto_nbd_does_not_vanish_where_customers_leave_at_once():
    # Beside a hazard that ends everything within beta / s, a quadrature over the whole stretch would see nothing at all.
    shape, begin, end = np.array([2.85, 3.85]), np.array([0.0, 0.01]), np.array([1.86, 3.0])
    alpha, s, beta = 0.0278, 8103.0, 1.234e-4
    value, share, _ = _left_between(shape, alpha, s, beta, begin, end)
    # The first factor is nearly constant over so short a time, which leaves the integral of the second one.
    near = -shape * np.log(alpha + begin) - s * np.log(beta + begin)
    assert np.allclose(value, near, atol=0.05)
    assert np.allclose(share.sum(axis=1), 1.0)
