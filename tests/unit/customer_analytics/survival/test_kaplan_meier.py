"""Survival: by hand, as a property, and beside lifelines."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import ContractBroken
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import chance_within, first_silence, kaplan_meier
from tests.unit.customer_analytics.builders import ledger_of

LIVES = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=80)


def test_a_curve_worked_by_hand() -> None:
    # Five customers: leave at 2, still there at 3, leave at 4 (two of them), still there at 5.
    curve = kaplan_meier(np.array([2.0, 3, 4, 4, 5]), np.array([True, False, True, True, False]))
    assert curve["days"].tolist() == [0, 2, 4]
    assert curve["at_risk"].tolist() == [5, 5, 3]
    assert curve["survival"].tolist() == pytest.approx([1, 4 / 5, 4 / 15])
    assert curve["std_error"].iloc[2] == pytest.approx(4 / 15 * np.sqrt(1 / 20 + 2 / 3))


@given(LIVES)
def test_curve_never_rises_and_stays_in_its_band(lives: list[tuple[int, bool]]) -> None:
    curve = kaplan_meier(np.array([days for days, _ in lives], dtype=float), np.array([left for _, left in lives]))
    assert (np.diff(curve["survival"]) <= 0).all()
    assert curve["survival"].between(0, 1).all()
    banded = curve.dropna()
    assert (banded["lo"] <= banded["survival"] + 1e-12).all()
    assert (banded["hi"] >= banded["survival"] - 1e-12).all()


def test_the_curve_agrees_with_lifelines() -> None:
    rng = np.random.default_rng(4)
    tenure, left = np.ceil(rng.exponential(60, 500)), rng.random(500) < 0.6
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifelines import KaplanMeierFitter

        theirs = KaplanMeierFitter().fit(tenure, left)
        band = theirs.confidence_interval_
    ours = kaplan_meier(tenure, left)
    assert np.allclose(theirs.survival_function_at_times(ours["days"]).to_numpy(), ours["survival"])
    inside = ours.iloc[1:].dropna()
    assert np.allclose(band.loc[inside["days"]].to_numpy(), inside[["lo", "hi"]].to_numpy(), atol=1e-9)


def test_nobody_left_is_a_flat_curve() -> None:
    assert kaplan_meier(np.array([3.0, 4.0]), np.array([False, False]))["survival"].tolist() == [1.0]


def test_a_negative_tenure_is_refused() -> None:
    with pytest.raises(ContractBroken):
        kaplan_meier(np.array([-1.0]), np.array([True]))


def test_the_first_long_silence_ends_a_life_even_when_the_customer_returns() -> None:
    ledger = ledger_of(
        ("back", "2024-01-01", 1), ("back", "2024-01-06", 1), ("back", "2024-03-01", 1),
        ("busy", "2024-01-01", 1), ("busy", "2024-01-20", 1), ("busy", "2024-02-08", 1), ("busy", "2024-02-27", 1),
        ("gone", "2024-01-01", 1), ("new", "2024-02-20", 1), as_of="2024-03-01",
    )  # fmt: skip
    tenure, left = first_silence(ledger, 20)
    assert dict(zip(ledger.customer_ids, zip(tenure.tolist(), left.tolist(), strict=True), strict=True)) == {
        "back": (25.0, True), "busy": (60.0, False), "gone": (20.0, True), "new": (10.0, False),
    }  # fmt: skip


def test_the_chance_to_leave_is_leavers_over_days_seen_drawn_to_the_common_rate() -> None:
    tenure, left = np.array([10.0, 20.0, 30.0, 40.0]), np.array([True, True, False, False])
    # Between days 15 and 25 one left; the others were seen for 5 + 10 + 10 days. The common rate is 2.5 in 100 days.
    rate = (1 + 5) / (25 + 5 / 0.025)
    assert chance_within(tenure, left, np.array([15.0]), 10.0)[0] == pytest.approx(1 - np.exp(-10 * rate))
    assert chance_within(tenure, left, np.array([900.0]), 10.0)[0] == pytest.approx(1 - np.exp(-0.25))
