"""Totals of the whole base: their width comes from how finished periods were missed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import BgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.origins import past_origins
from cyberpunk_ai.customer_analytics.lifetime_value.totals import PastErrors, errors_of, relative_spread, totals_table
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.unit.customer_analytics.builders import shop


def test_the_spread_worked_by_hand() -> None:
    # Three half-overlapping periods count for two: t of 2 degrees times the root mean square times sqrt(1 + 1/2).
    assert relative_spread((0.1, -0.1, 0.1)) == pytest.approx(student.ppf(0.95, 2) * 0.1 * np.sqrt(1.5))
    assert relative_spread((0.1,)) is None


def test_totals_without_finished_periods_are_not_validated() -> None:
    totals = totals_table(10.0, 100.0, 3.0, customers=8, errors=PastErrors(), horizon_days=30)
    assert totals["status"].tolist() == ["not validated"] * 3
    assert totals[["lo", "hi"]].isna().all(axis=None)
    assert totals["expected"].tolist() == [10.0, 100.0, 3.0]


def test_finished_periods_of_the_whole_horizon_validate_and_shorter_ones_widen() -> None:
    errors = PastErrors((0.1, -0.05), (0.1, 0.0), (0.02, 0.01), 30)
    whole = totals_table(100.0, 1000.0, 50.0, customers=60, errors=errors, horizon_days=30)
    assert whole["status"].tolist() == ["validated"] * 3
    assert "at most 11%" in whole["note"][0]
    shorter = PastErrors((0.1, -0.05), (0.1, 0.0), (0.02, 0.01), 30, is_whole_horizon=False)
    wide = totals_table(100.0, 1000.0, 50.0, customers=60, errors=shorter, horizon_days=120)
    assert wide["status"].tolist() == ["not validated"] * 3
    assert wide["hi"][0] / 100 == pytest.approx((whole["hi"][0] / 100) ** 2)
    assert wide["hi"][2] <= 60


def test_without_amounts_there_is_no_revenue() -> None:
    totals = totals_table(10.0, None, 3.0, customers=8, errors=PastErrors(), horizon_days=30)
    assert totals["what"].tolist() == ["purchases", "leaving"]


def test_errors_are_those_of_the_origins_newest_first() -> None:
    ledger, _, _ = read_transactions(shop(500))
    model = BgNbd.fit(*histories_of(ledger))
    origins = past_origins(ledger, model, 60)
    errors = errors_of(ledger, model, 60, origins)
    assert errors.purchases[0] == pytest.approx(np.log(origins[0].purchases.sum() / origins[0].outlook.purchases.sum()))
    assert errors.is_whole_horizon
    assert not errors_of(ledger, model, 450, past_origins(ledger, model, 450)).is_whole_horizon


@given(st.lists(st.floats(-2, 2), min_size=0, max_size=7), st.floats(0, 1e9))
def test_ends_are_ordered_around_what_is_expected(misses: list[float], expected: float) -> None:
    errors = PastErrors(tuple(misses), tuple(misses), tuple(misses), 30)
    totals = totals_table(expected, expected, min(expected, 100.0), customers=100, errors=errors, horizon_days=30)
    known = totals.dropna(subset=["lo"])
    assert (known["lo"] <= known["expected"] + 1e-9).all()
    assert (known["expected"] <= known["hi"] + 1e-9).all()
