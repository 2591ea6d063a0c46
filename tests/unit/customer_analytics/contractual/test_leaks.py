"""Fields that know too much: the outcome, or how long the customer stayed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.customer_analytics.contractual.leaks import duration_proxies, outcome_leaks
from tests.unit.customer_analytics.contractual.conftest import analyse, contracts


def test_a_field_that_separates_all_pairs_leaks_and_one_that_separates_half_does_not():
    left = np.array([0.0, 0.0, 1.0, 1.0])
    fields = pd.DataFrame({"reason_code": [0, 0, 7, 8], "refund": [9, 8, 1, 2], "size": [1, 2, 1, 2]}, dtype=float)
    assert outcome_leaks(fields, left) == ["reason_code", "refund"]


def test_what_was_paid_in_all_is_tenure_times_the_fee():
    rng = np.random.default_rng(2)
    tenure, fee = rng.uniform(30, 2000, 500), rng.uniform(20, 120, 500)
    fields = pd.DataFrame(
        {"fee": fee, "paid": tenure / 30 * fee * rng.uniform(0.98, 1.02, 500), "months": tenure // 30, "size": rng.random(500)}
    )
    assert duration_proxies(fields, tenure) == {"paid": "tenure times fee", "months": "tenure"}


@given(seed=st.integers(0, 10_000), scale=st.floats(1e-6, 1e6))
def test_fields_drawn_apart_from_tenure_are_no_proxies_at_any_scale(seed, scale):
    rng = np.random.default_rng(seed)
    fields = pd.DataFrame({"a": scale * rng.random(200), "b": rng.normal(size=200)})
    assert duration_proxies(fields, rng.uniform(1, 1000, 200)) == {}


def test_a_leak_is_dropped_and_a_proxy_is_reported_in_plain_words():
    rows = contracts()
    left = (rows["Churn"] == "Yes").to_numpy()
    found = analyse(rows.assign(final_bill=np.where(left, 5.0, 0.0), TotalCharges=rows["tenure"] * rows["MonthlyCharges"]))
    assert any("'final_bill' knows the outcome" in warning for warning in found.warnings)
    assert any("'TotalCharges' is tenure times MonthlyCharges in disguise" in warning for warning in found.warnings)
    assert "final_bill" not in found.evidence.churn.names
    assert found.validation["auc"] < 0.9


def test_two_weak_fields_that_together_know_the_outcome_are_said_to_be_too_good():
    rows = contracts()
    left = (rows["Churn"] == "Yes").to_numpy()
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 3, len(rows))
    found = analyse(rows.assign(opened=left + noise, closed=noise))
    assert any("ranks almost perfectly" in warning for warning in found.warnings)


def test_the_public_telephone_contracts_show_no_leak(shared_data):
    rows = pd.read_parquet(shared_data / "retention" / "telco_churn.parquet").head(1500)
    found = analyse(rows)
    assert 0.80 < found.validation["auc"] < 0.88
    assert any("'TotalCharges' is tenure times MonthlyCharges" in warning for warning in found.warnings)
    assert found.validation["brier"] == pytest.approx(((found.held_out["probability"] - found.held_out["left"]) ** 2).mean())
