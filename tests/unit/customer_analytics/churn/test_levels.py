"""The level of a churn score: the line that calibrates it, the slope that must earn its place, and churn that moves with time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from cyberpunk_ai.customer_analytics.churn.cut_offs import CutOff
from cyberpunk_ai.customer_analytics.churn.levels import calibrating_line, drift_in_words, drift_of, level_of, worthwhile_slope


def made_up(slope: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Log odds, and outcomes whose true log odds are `slope` times as far from zero."""
    rng = np.random.default_rng(1)
    odds = rng.normal(0.0, 1.5, count)
    return odds, (rng.random(count) < expit(slope * odds)).astype(float)


def test_the_level_worked_by_hand() -> None:
    # Three of four left where half were expected: log(3) must be added.
    assert level_of(np.zeros(4), np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(np.log(3), abs=1e-4)


@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_at_its_level_as_many_are_expected_to_leave_as_did(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    odds = rng.normal(shift, 2.0, 200)
    left = (rng.random(200) < 0.3).astype(float)
    assert expit(odds + level_of(odds, left)).sum() == pytest.approx(max(left.sum(), 0.5), abs=0.01)


def test_the_level_is_finite_when_all_left_or_nobody_did() -> None:
    assert np.isfinite(level_of(np.array([3.0, -3.0]), np.ones(2)))
    assert np.isfinite(level_of(np.array([3.0, -3.0]), np.zeros(2)))


def test_the_calibrating_line_is_that_of_logistic_regression() -> None:
    odds, left = made_up(0.5)
    reference = LogisticRegression(C=1e6).fit(odds[:, None], left)
    level, slope = calibrating_line(odds, left)
    assert level == pytest.approx(reference.intercept_[0], abs=0.02)
    assert slope == pytest.approx(reference.coef_[0, 0], abs=0.05)


def test_a_slope_is_corrected_only_where_that_pays_on_other_customers() -> None:
    fold = np.arange(20_000) % 3
    assert worthwhile_slope(*made_up(1.0), fold) == 1.0
    assert worthwhile_slope(*made_up(0.4), fold) == pytest.approx(0.4, abs=0.1)


def day(number: int, rate: float) -> CutOff:
    left = (np.arange(1000) < 1000 * rate).astype(float)
    return CutOff(number, np.arange(1000), np.zeros((1000, 1)), left)


def test_churn_that_moves_between_days_is_told_with_the_day() -> None:
    days = [day(19_000, 0.4), day(18_900, 0.3), day(18_800, 0.2)]
    drift = drift_of(days, [np.full(1000, logit(0.3))] * 3)
    assert [each["churn_rate"] for each in drift] == [0.2, 0.3, 0.4]
    assert "30% were expected" in drift_in_words(drift)
    assert "3 past days" in drift_in_words(drift)


def test_churn_that_stays_is_not_spoken_of() -> None:
    days = [day(19_000, 0.31), day(18_900, 0.3), day(18_800, 0.29)]
    assert drift_in_words(drift_of(days, [np.full(1000, logit(0.3))] * 3)) == ""
    assert drift_in_words(drift_of(days[:1], [np.zeros(1000)])) == ""
