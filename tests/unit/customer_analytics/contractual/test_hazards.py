"""Hazard ratios of the report: choices beside the commonest one, and no ratio for a fact that is told twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.contractual.hazards import commonest_choices, hazards_of, independent
from cyberpunk_ai.customer_analytics.reading.members import read_members
from tests.unit.customer_analytics.builders import contracts


def test_a_choice_is_told_beside_the_commonest_and_only_where_choices_cover_everybody() -> None:
    fields = pd.DataFrame(
        {"term=month": [1.0, 1, 0, 0, 1], "term=year": [0.0, 0, 1, 1, 0], "town=A": [1.0, 0, 0, 0, 0], "fee": [1.0, 2, 3, 4, 5]}
    )
    assert commonest_choices(fields) == {"term": "term=month"}


def test_a_sum_of_other_fields_is_left_out() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=200), rng.normal(size=200)
    kept = independent(pd.DataFrame({"one": one, "other": other, "both": one + 2 * other, "third": rng.normal(size=200)}))
    assert list(kept.columns) == ["one", "other", "third"]


def test_hazards_name_what_they_are_held_against_and_find_what_makes_customers_stay() -> None:
    members = read_members(contracts(1200), None, None)
    hazards, _ = hazards_of(members, np.asarray(members.has_left))
    found = {row["field"]: row for row in hazards}
    assert not {"Contract=Month-to-month", "gender=Male", "gender=Female"} <= found.keys()
    two_years = found["Contract=Two year"]
    assert two_years["against"] == "Contract=Month-to-month"
    assert two_years["hi"] < 1
    assert all(row["lo"] <= row["hazard_ratio"] <= row["hi"] for row in hazards)


def test_ratios_agree_with_lifelines_beside_the_same_choice() -> None:
    lifelines = pytest.importorskip("lifelines")
    customers = contracts(1200)
    members = read_members(customers, None, None)
    hazards, _ = hazards_of(members, np.asarray(members.has_left))
    ours = {row["field"]: row["hazard_ratio"] for row in hazards}
    frame = members.fields[list(ours)].assign(days=members.tenure_days, left=members.has_left)
    theirs = lifelines.CoxPHFitter().fit(frame, "days", "left").hazard_ratios_
    assert {name: float(theirs[name]) for name in ours} == pytest.approx(ours, rel=0.05)
