"""Choosing among splines, trees and both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from cyberpunk_ai.customer_analytics.churn.scorers.blend import Blend, blend_weights
from cyberpunk_ai.customer_analytics.churn.scorers.field_trees import FieldTrees
from cyberpunk_ai.customer_analytics.churn.scorers.spline_logistic import SplineLogistic
from cyberpunk_ai.customer_analytics.contractual.learning import learn, stratified_folds, sums_of


def drawn(odds: np.ndarray, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(odds)) < expit(odds)).astype(float)


def test_straight_risks_are_left_to_the_simple_model_and_limits_on_sums_go_to_trees():
    features = np.random.default_rng(1).normal(size=(1500, 4))
    names = ("tenure", "day charge", "night charge", "calls")
    straight = learn(features, drawn(features @ [1.0, 0.5, -0.5, 0.0]), names)
    assert straight.name == "logistic"
    limit = np.where(features[:, 1] + features[:, 2] > 1.0, 3.0, -3.0)
    assert "xgboost" in learn(features, drawn(limit), names).name


def test_fields_that_end_in_the_same_word_are_added_up():
    assert sums_of(("tenure", "Total day charge", "TotalNightCharges", "Voice plan=charge", "age", "eve_charge")) == ((1, 2, 5),)


@given(left=st.lists(st.sampled_from([0.0, 1.0]), min_size=10, max_size=80), seed=st.integers(0, 99))
def test_every_fold_holds_as_many_of_either_outcome_as_can_be(left, seed):
    outcome = np.array(left)
    fold = stratified_folds(outcome, 3, seed)
    for each in (0.0, 1.0):
        counts = np.bincount(fold[outcome == each], minlength=3)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("scorer", [SplineLogistic(), FieldTrees(3, sums=((0, 1), (1, 2)))])
def test_contributions_add_up_to_the_distance_between_customers(scorer):
    features = np.random.default_rng(3).normal(size=(400, 3))
    scorer.fit(features, drawn(features[:, 0] + features[:, 1]))
    blend = Blend([scorer], np.array([0.5]), 0.25)
    assert np.allclose(blend.log_odds(features), 0.25 + 0.5 * scorer.log_odds(features))
    for each in (scorer, blend):
        apart = each.log_odds(features) - each.contributions(features).sum(axis=1)
        assert np.ptp(apart) < 1e-4


def test_weights_of_one_score_agree_with_scikit_learn():
    odds = np.random.default_rng(5).normal(size=(600, 1)) * 2
    left = drawn(0.3 + 0.7 * odds[:, 0])
    weights, intercept = blend_weights(odds, left)
    theirs = LogisticRegression(C=1e9).fit(odds, left)
    assert weights[0] == pytest.approx(theirs.coef_[0, 0], abs=1e-3)
    assert intercept == pytest.approx(theirs.intercept_[0], abs=1e-3)
