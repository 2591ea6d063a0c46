"""The lift curve, by hand, as a property, and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.evidence.lift import lift_curve


def predictions(chance: list[float], left: list[int]) -> pd.DataFrame:
    ids = [f"c{number}" for number in range(len(chance))]
    return pd.DataFrame({"customer_id": ids, "cut_off": pd.Timestamp("2024-01-01"), "probability": chance, "left": left})


ANY = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.integers(0, 1)), min_size=2, max_size=60).filter(
    lambda rows: 0 < sum(left for _, left in rows) < len(rows)
)


def test_by_hand_ten_customers():
    found = lift_curve(predictions([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05], [1, 1, 0, 1, 0, 0, 0, 0, 0, 1]))
    # Four left; the first of ten holds one of them: a quarter, 2.5 times a tenth.
    assert found.reached_at_top == pytest.approx(0.25)
    assert found.lift_at_top == pytest.approx(2.5)
    assert found.deciles["left"].tolist() == pytest.approx([1, 1, 0, 1, 0, 0, 0, 0, 0, 1])
    assert found.deciles["lift"].tolist() == pytest.approx([2.5, 2.5, 0, 2.5, 0, 0, 0, 0, 0, 2.5])
    half = found.curve.set_index("share_contacted").loc[0.5]
    assert half["leavers_reached"] == pytest.approx(0.75)
    assert half["gain"] == pytest.approx(0.25)
    assert half["lowest_probability"] == pytest.approx(0.5)
    assert found.reached(0.2) == pytest.approx(0.5)
    assert "25% of those who left (4 of 10" in found.sentence


def test_equal_scores_reach_what_random_order_reaches():
    found = lift_curve(predictions([0.3] * 20, [1] * 5 + [0] * 15))
    assert found.curve["leavers_reached"].to_numpy() == pytest.approx(found.curve["share_contacted"].to_numpy())
    assert found.auc == pytest.approx(0.5)


@given(ANY)
def test_curve_rises_from_nothing_to_everybody(rows):
    found = lift_curve(predictions([chance for chance, _ in rows], [left for _, left in rows]))
    reached = found.curve["leavers_reached"].to_numpy()
    assert reached[0] == 0
    assert reached[-1] == 1
    assert (np.diff(reached) >= -1e-12).all()
    assert found.deciles["left"].sum() == pytest.approx(found.leavers)
    assert found.deciles["leavers_reached"].iloc[-1] == pytest.approx(1)


@given(ANY, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    first, second = (lift_curve(predictions([chance for chance, _ in each], [left for _, left in each])) for each in (rows, shuffled))
    assert np.allclose(first.curve["leavers_reached"], second.curve["leavers_reached"])


def test_area_is_that_of_scikit_learn_and_of_the_curve():
    rng = np.random.default_rng(5)
    chance = np.round(rng.random(1000), 2)
    left = (rng.random(1000) < chance).astype(int)
    found = lift_curve(predictions(chance.tolist(), left.tolist()))
    assert found.auc == pytest.approx(roc_auc_score(left, chance))
    # The area under the reach is half the leavers' share plus the rest times the AUC.
    rate = left.mean()
    area = np.trapezoid(found.curve["leavers_reached"], found.curve["share_contacted"])
    assert area == pytest.approx(rate / 2 + (1 - rate) * found.auc, abs=1e-3)


def test_nothing_held_out_is_said_with_advice():
    with pytest.raises(TooLittleData, match="no held-out predictions") as caught:
        lift_curve(pd.DataFrame())
    assert "horizon_days" in caught.value.hint


@pytest.mark.parametrize("left", [[0, 0, 0], [1, 1, 1]])
def test_one_outcome_only_is_too_little(left):
    with pytest.raises(TooLittleData, match="3 held-out customers"):
        lift_curve(predictions([0.1, 0.2, 0.3], left))


def test_scores_that_are_no_chances_are_refused():
    with pytest.raises(ContractBroken, match="outside"):
        lift_curve(predictions([0.1, 2.0], [0, 1]))


def test_a_share_beyond_everybody_is_refused():
    with pytest.raises(InvalidArgument):
        lift_curve(predictions([0.1, 0.9], [0, 1])).reached(1.5)


def test_answer_becomes_json_and_names_its_chart():
    found = lift_curve(predictions([0.1, 0.9], [0, 1]))
    assert found.to_dict()["curve"][0]["lift"] is None
    assert len(found.to_frame()) == 101
    assert found.chart_name == "lift_curve"
