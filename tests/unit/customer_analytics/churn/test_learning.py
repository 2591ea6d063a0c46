"""Learning churn: which scorer wins, on what, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score

from cyberpunk_ai.customer_analytics.churn import churn_model, scoring
from cyberpunk_ai.customer_analytics.churn.cut_offs import CutOff, cut_off_sample, matured_samples
from cyberpunk_ai.customer_analytics.churn.features import NAMES, PLACE, feature_table
from cyberpunk_ai.customer_analytics.churn.learning import learn
from cyberpunk_ai.customer_analytics.churn.scorers.closed_form import ClosedForm
from cyberpunk_ai.customer_analytics.churn.scorers.line_and_trees import LineAndTrees
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.unit.customer_analytics.builders import ledger_of, shop


def test_purchase_days_in_windows_worked_by_hand() -> None:
    # Horizon 16: halves of 8 days, eighths of 2. Bought 0, 1, 2 and 20 days before the end.
    ledger = ledger_of(("a", "2024-03-11", 1), ("a", "2024-03-29", 1), ("a", "2024-03-30", 1), ("a", "2024-03-31", 1))
    row = feature_table(ledger, 16, fit_purchases(*histories_of(ledger)))[0]
    assert row[PLACE["active_eighths"]] == 2.0
    assert row[PLACE["active_halves"]] == pytest.approx(2 / 3)  # known for three halves, bought in the first and the last


def test_the_blend_is_the_mean_of_its_two_scorers_in_odds_and_in_parts() -> None:
    ledger, _, _ = read_transactions(shop(customers=500))
    sample = cut_off_sample(ledger, ledger.as_of_day - 60, 60)
    blend = LineAndTrees().fit(sample.features, sample.left)
    assert np.allclose(blend.log_odds(sample.features) * 2, blend.line_.log_odds(sample.features) + blend.trees_.log_odds(sample.features))
    rest = blend.log_odds(sample.features) - blend.contributions(sample.features).sum(axis=1)
    assert np.ptp(rest) < 1e-3


def test_the_level_is_that_of_all_days_each_counting_the_same() -> None:
    ledger, _, _ = read_transactions(shop(customers=1500))
    learnt = learn([sample for sample in matured_samples(ledger, 60, most=10_000) if sample.is_learnable])
    apart = [day["churn_rate"] - day["expected_rate"] for day in learnt.drift]
    assert len(apart) >= 3
    assert abs(np.mean(apart)) < 0.01
    assert [day["cut_off"] for day in learnt.drift] == sorted(day["cut_off"] for day in learnt.drift)


def test_a_scorer_that_learns_loses_to_the_closed_form_where_the_closed_form_is_the_truth() -> None:
    rng = np.random.default_rng(5)
    samples = []
    for day in (300, 250, 200):
        features = rng.normal(size=(1500, len(NAMES)))
        left = (rng.random(1500) < expit(features[:, PLACE["silent"]])).astype(float)
        samples.append(CutOff(day, np.arange(1500), features, left))
    learnt = learn(samples)
    assert learnt.model.name == ClosedForm.name
    assert learnt.model.slope == 1.0
    assert set(learnt.losses) == {"bg_nbd", "logistic", "logistic+xgboost", "xgboost"}


def test_of_many_customers_a_sample_teaches_and_positions_stay_those_of_the_whole_ledger() -> None:
    ledger, _, _ = read_transactions(shop(customers=600))
    sample = matured_samples(ledger, 60, most=200)[0]
    assert len(sample.customers) <= 200
    silent = ledger.purchases_between(sample.day, sample.day + 60)[sample.customers] == 0
    assert np.array_equal(silent, sample.left > 0)
    assert (ledger.first_day[sample.customers] <= sample.day).all()


def test_a_feature_that_knows_the_outcome_is_named() -> None:
    rng = np.random.default_rng(2)
    left = (rng.random(400) < 0.4).astype(float)
    features = rng.normal(size=(400, len(NAMES)))
    features[:, PLACE["recent"]] = -left + rng.normal(0, 0.1, 400)
    notes = churn_model._too_good({"auc": 0.99}, CutOff(0, np.arange(400), features, left))
    assert any("almost perfectly" in note for note in notes)
    assert any(note.startswith("recent alone ranks") for note in notes)
    assert len(notes) == 2


def test_average_precision_is_that_of_scikit_learn_with_ties_too() -> None:
    rng = np.random.default_rng(3)
    left, score = (rng.random(500) < 0.3).astype(float), rng.integers(0, 20, 500).astype(float)
    assert scoring.average_precision(left, score) == pytest.approx(average_precision_score(left, score))
    assert np.isnan(scoring.average_precision(np.zeros(3), np.ones(3)))
    assert scoring.lift_at_top(np.array([1.0] + [0.0] * 9), np.arange(10, 0, -1.0)) == pytest.approx(10.0)
