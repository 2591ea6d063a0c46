"""Churn: the label, no look into the future, and scores that mean what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.churn.churn_model import score_churn
from cyberpunk_ai.customer_analytics.churn.cut_offs import cut_off_sample
from cyberpunk_ai.customer_analytics.churn.horizons import horizon_for, matured_cut_offs
from cyberpunk_ai.customer_analytics.churn.scorers.boosted_trees import Trees
from cyberpunk_ai.customer_analytics.churn.scorers.closed_form import ClosedForm
from cyberpunk_ai.customer_analytics.churn.scorers.hinge_logistic import HingeLogistic
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.examples import examples
from tests.unit.customer_analytics.builders import ledger_of, shop


def test_the_label_is_no_purchase_within_the_horizon_after_the_cut_off() -> None:
    ledger = ledger_of(
        ("stays", "2024-01-01", 1), ("stays", "2024-01-21", 1),
        ("late", "2024-01-01", 1), ("late", "2024-01-22", 1),
        ("same", "2024-01-11", 1), ("next", "2024-01-15", 1), as_of="2024-03-01",
    )  # fmt: skip
    sample = cut_off_sample(ledger, int(np.datetime64("2024-01-11", "D").astype(int)), 10)
    assert dict(zip(ledger.customer_ids[sample.customers], sample.left.tolist(), strict=True)) == {"stays": 0.0, "late": 1.0, "same": 1.0}


@examples(10, 80)
@given(st.integers(0, 10_000))
def test_permuting_every_event_after_the_cut_off_changes_no_feature(seed: int) -> None:
    rows = shop(customers=60)
    cut = pd.Timestamp("2020-10-01")
    after = (rows["ordered_at"] > cut).to_numpy()
    rng = np.random.default_rng(seed)
    changed = rows.copy()
    changed.loc[after, "amount"] = rng.uniform(-100, 9000, after.sum())
    changed.loc[after, "customer_id"] = rng.permutation(changed.loc[after, "customer_id"].to_numpy())
    changed.loc[after, "ordered_at"] = cut + pd.to_timedelta(rng.uniform(1, 80, after.sum()), unit="D").floor("s")
    day = int(np.datetime64("2020-09-30", "D").astype(int))
    known = set(rows.loc[~after, "customer_id"])
    rows, changed = (frame[frame["customer_id"].isin(known)] for frame in (rows, changed))
    ours, theirs = (cut_off_sample(read_transactions(frame)[0], day, 60).features for frame in (rows, changed))
    assert np.array_equal(ours, theirs)


def test_the_horizon_is_learnt_from_the_gaps_bounded_and_explained() -> None:
    ledger = ledger_of(*[("a", f"2024-{month:02d}-01", 1) for month in range(1, 13)])
    assert horizon_for(ledger, None) == (31, "90% of repeat purchases come within 31 days")
    assert horizon_for(ledger, 45) == (45, "as asked")
    assert horizon_for(ledger_of(("a", "2024-01-01", 1), ("b", "2024-12-01", 1)), None)[0] == 90
    days, reason = horizon_for(ledger_of(("a", "2024-01-01", 1), ("a", "2024-12-01", 1)), None)
    assert days == 111
    assert "a third of the history" in reason
    with pytest.raises(InvalidArgument):
        horizon_for(ledger, 0)


def test_cut_offs_are_matured_and_have_history() -> None:
    ledger = ledger_of(("a", "2024-01-01", 1), ("a", "2024-12-31", 1))
    days = matured_cut_offs(ledger, 60)
    assert days[0] == ledger.as_of_day - 60
    assert days == sorted(days, reverse=True)
    assert min(days) >= int(ledger.day.min()) + 30


def test_scores_are_calibrated_ranked_better_than_recency_and_deterministic() -> None:
    ledger, _, _ = read_transactions(shop(customers=1500))
    model = fit_purchases(*histories_of(ledger))
    first, second = (score_churn(ledger, 60, model) for _ in range(2))
    assert np.array_equal(first.probability, second.probability)
    facts = first.validation
    assert facts["auc"] > facts["auc_recency_only"]
    assert facts["brier"] < facts["brier_constant"]
    assert facts["ece"] < 0.06


def test_little_history_falls_back_to_the_closed_form_and_says_so() -> None:
    ledger, _, _ = read_transactions(shop(customers=30))
    model = fit_purchases(*histories_of(ledger))
    scores = score_churn(ledger, 60, model)
    assert scores.model == "bg_nbd"
    assert scores.validation == {}
    assert any("closed form" in note for note in scores.notes)
    assert np.allclose(scores.probability, model.probability_silent(*histories_of(ledger), 60.0), atol=1e-5)


def test_one_time_buyers_long_gone_score_above_fresh_regulars() -> None:
    ledger, _, _ = read_transactions(shop(customers=800))
    scores = score_churn(ledger, 60, fit_purchases(*histories_of(ledger)))
    gone = (ledger.purchases == 1) & (ledger.recency_days > 200)
    regular = (ledger.purchases >= 6) & (ledger.recency_days < 15)
    assert scores.probability[gone].mean() > 0.6
    assert scores.probability[gone].min() > scores.probability[regular].mean()


@pytest.mark.parametrize("make", [ClosedForm, HingeLogistic, Trees])
def test_contributions_explain_the_distance_from_the_typical_customer(make: type) -> None:
    ledger, _, _ = read_transactions(shop(customers=600))
    sample = cut_off_sample(ledger, ledger.as_of_day - 60, 60)
    scorer = make().fit(sample.features, sample.left)
    odds, parts = scorer.log_odds(sample.features), scorer.contributions(sample.features)
    assert parts.shape == sample.features.shape
    rest = odds - parts.sum(axis=1)
    assert np.ptp(rest) < 1e-3


def test_measures_worked_by_hand() -> None:
    left, chance = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.4, 0.4, 0.1])
    assert scoring.area_under_curve(left, chance) == pytest.approx(3.5 / 4)
    assert scoring.brier(left, chance) == pytest.approx((0.01 + 0.16 + 0.36 + 0.01) / 4)
    assert scoring.calibration_error(left, chance) == pytest.approx((0.1 + 0.4 + 0.6 + 0.1) / 4)
    assert np.isnan(scoring.area_under_curve(np.ones(3), np.ones(3)))


def test_the_held_out_predictions_give_the_figures_of_the_validation() -> None:
    ledger, _, _ = read_transactions(shop(customers=800))
    scores = score_churn(ledger, 60, fit_purchases(*histories_of(ledger)))
    held_out = scores.held_out
    left, chance = held_out["left"].to_numpy(), held_out["probability"].to_numpy()
    assert list(held_out.columns) == ["customer_id", "cut_off", "probability", "left"]
    assert set(held_out["cut_off"]) == {pd.Timestamp(scores.validation["cut_off"])}
    assert scoring.area_under_curve(left, chance) == pytest.approx(scores.validation["auc"])
    assert scoring.brier(left, chance) == pytest.approx(scores.validation["brier"])


def test_the_fitted_model_gives_the_scores_again() -> None:
    ledger, _, _ = read_transactions(shop(customers=800))
    scores = score_churn(ledger, 60, fit_purchases(*histories_of(ledger)))
    assert scores.fitted.name == scores.model
    assert len(scores.fitted.names) == scores.features.shape[1]
    assert np.allclose(scores.fitted.probability(scores.features), scores.probability)
    assert np.allclose(scores.fitted.contributions(scores.features), scores.contributions)
