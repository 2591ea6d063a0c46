"""Calibration, by hand, as a property, and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.churn.scoring import calibration_error
from cyberpunk_ai.customer_analytics.evidence.calibration import calibration


def predictions(chance: object, left: object) -> pd.DataFrame:
    return pd.DataFrame({"probability": chance, "left": left})


def drawn(size: int = 4000, shift: float = 0.0, stretch: float = 1.0, seed: int = 2) -> pd.DataFrame:
    """Outcomes that follow the log odds after shifting and stretching them."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.0, 1.2, size)
    return predictions(expit(odds), (rng.random(size) < expit(shift + stretch * odds)).astype(int))


def test_by_hand_two_groups():
    found = calibration(predictions([0.2, 0.2, 0.6, 0.8], [0, 1, 1, 1]), bins=2)
    assert found.bins["predicted"].tolist() == pytest.approx([0.2, 0.7])
    assert found.bins["observed"].tolist() == pytest.approx([0.5, 1.0])
    assert found.ece == pytest.approx((0.3 * 2 + 0.3 * 2) / 4)
    assert found.brier == pytest.approx((0.04 + 0.64 + 0.16 + 0.04) / 4)
    assert found.brier_constant == pytest.approx(0.75 * 0.25)
    # Wilson's band of 1 in 2.
    assert found.bins.loc[0, ["lo", "hi"]].tolist() == pytest.approx([0.0945, 0.9055], abs=1e-4)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=2, max_size=80).filter(
        lambda rows: 0 < sum(left for _, left in rows) < len(rows)
    ),
    st.integers(1, 20),
)
def test_counts_add_up_and_bands_hold_what_was_seen(rows, bins):
    found = calibration(predictions([chance for chance, _ in rows], [left for _, left in rows]), bins=bins)
    assert found.bins["customers"].sum() == len(rows)
    assert found.bins["left"].sum() == sum(left for _, left in rows)
    assert found.bins["customers"].max() - found.bins["customers"].min() <= 1
    assert (found.bins["lo"] <= found.bins["observed"] + 1e-9).all()
    assert (found.bins["observed"] <= found.bins["hi"] + 1e-9).all()
    assert 0 <= found.ece <= 1


def test_groups_and_brier_are_those_of_scikit_learn():
    held_out = drawn()
    found = calibration(held_out)
    observed, predicted = calibration_curve(held_out["left"], held_out["probability"], n_bins=10, strategy="quantile")
    assert found.bins["observed"].to_numpy() == pytest.approx(observed, abs=0.01)
    assert found.bins["predicted"].to_numpy() == pytest.approx(predicted, abs=0.01)
    assert found.brier == pytest.approx(brier_score_loss(held_out["left"], held_out["probability"]))
    assert found.ece == pytest.approx(calibration_error(held_out["left"].to_numpy(float), held_out["probability"].to_numpy()))


def test_slope_is_that_of_a_logistic_regression_on_the_log_odds():
    held_out = drawn(shift=0.3, stretch=0.6)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit(held_out[["probability"]].to_numpy()), held_out["left"])
    found = calibration(held_out)
    assert found.slope == pytest.approx(model.coef_[0, 0], abs=1e-4)
    assert found.slope == pytest.approx(0.6, abs=0.1)


def test_true_chances_need_no_correction():
    found = calibration(drawn(size=20_000))
    assert found.intercept == pytest.approx(0, abs=0.06)
    assert found.slope == pytest.approx(1, abs=0.06)
    assert found.ece < 2 * found.ece_by_chance
    assert "as they are" in found.sentence


def test_ece_by_chance_is_what_true_chances_scatter():
    rng = np.random.default_rng(0)
    chance = rng.beta(2, 5, 1000)
    drawn_errors = [calibration_error((rng.random(1000) < chance).astype(float), chance) for _ in range(300)]
    found = calibration(predictions(chance, (rng.random(1000) < chance).astype(int)))
    assert found.ece_by_chance == pytest.approx(np.mean(drawn_errors), rel=0.05)


def test_too_low_a_level_is_said():
    found = calibration(drawn(shift=0.8))
    assert found.intercept > 0.5
    assert "too low" in found.sentence


def test_intercept_makes_the_total_true():
    held_out = drawn(shift=-0.5)
    found = calibration(held_out)
    assert expit(logit(held_out["probability"]) + found.intercept).sum() == pytest.approx(held_out["left"].sum())


def test_scores_that_part_leavers_from_stayers_do_not_break_it():
    found = calibration(predictions([0.0, 0.1, 0.9, 1.0], [0, 0, 1, 1]))
    assert np.isfinite([found.intercept, found.slope, found.ece]).all()


def test_one_chance_for_all_has_no_slope():
    found = calibration(predictions([0.3] * 30, [1] * 9 + [0] * 21))
    assert np.isnan(found.slope)
    assert found.intercept == pytest.approx(0, abs=1e-9)
    assert found.to_dict()["slope"] is None


def test_nothing_held_out_and_no_bins_are_typed_errors():
    with pytest.raises(TooLittleData):
        calibration(pd.DataFrame(columns=["customer_id", "cut_off", "probability", "left"]))
    with pytest.raises(InvalidArgument):
        calibration(drawn(size=50), bins=0)
