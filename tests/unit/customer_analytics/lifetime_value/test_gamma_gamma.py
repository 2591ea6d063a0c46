"""Gamma-Gamma: published numbers, by hand, and data that break other fits."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import SpendModel, draw_spend, fit_spend, spend_history
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.unit.customer_analytics.builders import ledger_of

if TYPE_CHECKING:
    from pathlib import Path


def test_cdnow_gives_the_published_parameters_and_those_of_lifetimes(shared_data: Path) -> None:
    rows = pd.read_parquet(shared_data / "retention" / "cdnow_transactions.parquet")
    ledger, _, _ = read_transactions(rows[rows["in_sample_2357"]], as_of="1997-09-30")
    x, _, _ = histories_of(ledger)
    is_repeat = np.ones(len(ledger.day), dtype=bool)
    is_repeat[ledger.first_row] = False
    mean = np.bincount(ledger.buyer[is_repeat], weights=ledger.amount[is_repeat], minlength=ledger.size) / np.maximum(x, 1)
    model = fit_spend(x, mean)
    assert (model.p, model.q, model.v) == pytest.approx((6.250, 3.744, 15.444), abs=2e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import GammaGammaFitter

        theirs = GammaGammaFitter().fit(x[mean > 0], mean[mean > 0])
    assert np.allclose([model.p, model.q, model.v], theirs.params_[["p", "q", "v"]], rtol=2e-3)
    expected = theirs.conditional_expected_average_profit(pd.Series(x), pd.Series(mean)).to_numpy()
    assert np.allclose(model.expected_amount(x, mean), expected, rtol=2e-3)


def test_short_histories_are_drawn_to_the_common_mean() -> None:
    model = SpendModel(6.25, 3.744, 15.444, float("nan"))
    common = 6.25 * 15.444 / 2.744
    none, one, many = model.expected_amount(np.array([0.0, 1.0, 100.0]), np.array([0.0, 100.0, 100.0]))
    assert none == pytest.approx(common)
    assert common < one < many < 100
    assert one == pytest.approx(6.25 * (15.444 + 100) / (6.25 + 2.744))


def test_draws_agree_with_the_mean() -> None:
    model, count, mean = SpendModel(2.0, 4.0, 60.0, float("nan")), np.array([0.0, 3.0]), np.array([0.0, 50.0])
    drawn = draw_spend(model, count, mean, np.full((2, 60_000), 2), np.random.default_rng(0))
    assert np.allclose(drawn.mean(axis=1), 2 * model.expected_amount(count, mean), rtol=0.03)


@pytest.mark.parametrize(
    ("count", "mean"),
    [([], []), ([1.0], [5.0]), ([2.0] * 50, [7.0] * 50), ([0.0] * 20, [0.0] * 20), ([1.0] * 30, list(np.geomspace(1e-3, 1e9, 30)))],
)
def test_odd_spending_gives_finite_amounts(count: list[float], mean: list[float]) -> None:
    history = np.array(count), np.array(mean)
    amounts = fit_spend(*history).expected_amount(*history)
    assert np.isfinite(amounts).all()
    assert (amounts >= 0).all()


def test_who_nets_to_a_loss_has_no_usable_history_but_stays_in_revenue() -> None:
    ledger = ledger_of(("a", "2024-01-01", 10), ("a", "2024-01-09", -25), ("b", "2024-01-02", 8))
    count, mean = spend_history(ledger)
    assert count.tolist() == [0.0, 1.0]
    assert mean.tolist() == [0.0, 8.0]
    assert ledger.revenue.tolist() == [-15.0, 8.0]
