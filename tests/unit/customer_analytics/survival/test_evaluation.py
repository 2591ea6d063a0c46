"""Concordance and Brier scores against pairs counted one by one, and against lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines.utils import concordance_index

from cyberpunk_ai.customer_analytics.survival.evaluation import brier_at, concordance, integrated_brier
from cyberpunk_ai.customer_analytics.survival.groups import survival_by_group
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import kaplan_meier


def test_three_customers_by_hand() -> None:
    # Pairs: (day 1, day 2) and (day 1, day 3) are right, (day 2, day 3) is wrong.
    assert concordance(np.array([1.0, 2.0, 3.0]), np.ones(3, dtype=bool), np.array([9.0, 1.0, 5.0])) == pytest.approx(2 / 3)


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_concordance_agrees_with_lifelines(rows: list[tuple[int, bool, int]]) -> None:
    tenure, left, risk = (np.array(column) for column in zip(*rows, strict=True))
    ours = concordance(tenure.astype(float), left.astype(bool), risk.astype(float))
    try:
        theirs = concordance_index(tenure, -risk, left)
    except ZeroDivisionError:
        assert np.isnan(ours)
        return
    assert ours == pytest.approx(theirs)


def test_without_censoring_the_brier_score_is_the_mean_squared_distance() -> None:
    tenure = np.array([1.0, 2.0, 3.0, 4.0])
    chance = np.array([[0.2], [0.4], [0.6], [0.8]])
    expected = np.mean([0.2**2, 0.4**2, 0.4**2, 0.2**2])
    assert brier_at(tenure, np.ones(4, dtype=bool), chance, np.array([2.5]))[0] == pytest.approx(expected)


def test_censored_customers_hand_their_weight_to_those_who_stayed() -> None:
    # On day 1 one of four is censored, so from then on each of the others stands for 4/3.
    tenure, left = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, True, True])
    chance = np.full((4, 1), 0.5)
    assert brier_at(tenure, left, chance, np.array([2.5]))[0] == pytest.approx((0.25 * 4 / 3) * 3 / 4)


def test_a_curve_that_knows_the_outcome_scores_zero_and_the_common_curve_more() -> None:
    rng = np.random.default_rng(0)
    tenure = rng.integers(1, 30, 300).astype(float)
    left = np.ones(300, dtype=bool)
    days = np.arange(1.0, 29.0)
    assert integrated_brier(tenure, left, (tenure[:, None] > days).astype(float), days) == 0
    curve = kaplan_meier(tenure, left)
    common = curve["survival"].to_numpy()[np.searchsorted(curve["days"], days, side="right") - 1]
    assert 0.1 < integrated_brier(tenure, left, np.tile(common, (300, 1)), days) < 0.25


def test_each_group_has_the_curve_of_its_own_customers() -> None:
    tenure, left = np.array([3.0, 5.0, 7.0, 9.0]), np.array([True, True, False, True])
    table = survival_by_group(tenure, left, ["b", "a", "b", None])
    assert table["group"].unique().tolist() == ["b", "a"]
    own = kaplan_meier(tenure[[0, 2]], left[[0, 2]])
    np.testing.assert_array_equal(table.loc[table["group"] == "b", "survival"], own["survival"])


def test_many_groups_are_joined_so_that_a_picture_stays_readable() -> None:
    count = 60
    table = survival_by_group(np.arange(1.0, count + 1), np.ones(count, dtype=bool), [f"g{number % 12}" for number in range(count)])
    assert table["group"].nunique() == 8
    assert "other" in set(table["group"])
