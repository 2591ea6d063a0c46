"""Segments cover everybody once; cohorts tell an unfinished month from an empty one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.customer_analytics.cohorts.monthly import cohort_table
from cyberpunk_ai.customer_analytics.segments.rfm import rfm_table, score
from cyberpunk_ai.customer_analytics.segments.rules import GRID, SEGMENTS, segment_of, segment_table
from tests.unit.customer_analytics.builders import ledger_of

HISTORIES = st.lists(
    st.tuples(st.sampled_from([f"c{n}" for n in range(8)]), st.integers(0, 400), st.floats(0, 500, allow_nan=False)),
    min_size=1,
    max_size=60,
)


def _ledger(history: list[tuple[str, int, float]]) -> object:
    start = pd.Timestamp("2023-01-01")
    return ledger_of(*[(who, str(start + pd.Timedelta(days=day)), amount) for who, day, amount in history])


def test_rfm_worked_by_hand() -> None:
    ledger = ledger_of(("a", "2024-01-01", 10), ("a", "2024-01-11", 20), ("b", "2024-01-05", 100), as_of="2024-01-21")
    table = rfm_table(ledger)
    assert table["recency_days"].tolist() == [10, 16]
    assert table["frequency"].tolist() == [2, 1]
    assert table["monetary"].tolist() == [30.0, 100.0]
    assert table["r"].tolist() == [5, 3]
    assert table["f"].tolist() == [5, 3]
    assert table["m"].tolist() == [3, 5]


def test_equal_values_get_equal_scores_and_fifths_are_fifths() -> None:
    assert set(score(np.ones(10)).tolist()) == {3}
    assert score(np.arange(10.0)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_there_are_eleven_segments_and_the_grid_uses_them_all() -> None:
    assert len(SEGMENTS) == 11
    assert set(GRID.ravel()) == set(SEGMENTS)


@given(HISTORIES)
def test_every_customer_is_in_exactly_one_segment(history: list[tuple[str, int, float]]) -> None:
    ledger = _ledger(history)
    table = rfm_table(ledger)
    table["segment"] = segment_of(table["r"].to_numpy(), table["fm"].to_numpy())
    assert table["customer_id"].is_unique
    assert table["segment"].isin(SEGMENTS).all()
    counts = segment_table(table.assign(churn_probability=0.5, lifetime_value=1.0))
    assert counts["customers"].sum() == len(table)
    assert counts["revenue"].sum() == pytest.approx(table["monetary"].sum())
    assert counts["share"].sum() == pytest.approx(1)


@given(HISTORIES)
def test_cohorts_hold_every_customer_once_and_all_finished_revenue(history: list[tuple[str, int, float]]) -> None:
    ledger = _ledger(history)
    table = cohort_table(ledger)
    assert table.groupby("cohort")["customers"].first().sum() == ledger.size
    finished = table.dropna()
    assert ((finished["retention"] >= 0) & (finished["retention"] <= 1)).all()
    assert (finished.loc[finished["period"] == 0, "retention"] == 1).all()
    month = pd.Timestamp(int(ledger.as_of_day) * 86_400_000_000_000).to_period("M")
    before = pd.to_datetime(ledger.day, unit="D").to_period("M") < month
    is_over = pd.Timestamp(int(ledger.as_of_day + 1) * 86_400_000_000_000).to_period("M") > month
    assert finished["revenue"].sum() == pytest.approx(ledger.amount.sum() if is_over else ledger.amount[before].sum())


def test_an_unfinished_month_is_missing_and_an_empty_month_is_zero() -> None:
    ledger = ledger_of(
        ("a", "2024-01-10", 10), ("b", "2024-01-20", 20), ("a", "2024-03-05", 30), ("c", "2024-03-01", 5), ("b", "2024-04-02", 7),
        as_of="2024-04-15",
    )  # fmt: skip
    table = cohort_table(ledger).set_index(["cohort", "period"])
    january, march = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-03-01")
    assert table.loc[(january, 0), ["customers", "active", "retention", "revenue"]].tolist() == [2, 2, 1.0, 30.0]
    assert table.loc[(january, 1), ["active", "retention", "revenue"]].tolist() == [0, 0.0, 0.0]
    assert table.loc[(january, 2), ["active", "retention", "revenue"]].tolist() == [1, 0.5, 30.0]
    assert table.loc[(january, 3), ["active", "retention", "revenue"]].isna().all()
    assert table.loc[(march, 1), ["active", "retention", "revenue"]].isna().all()
    assert pd.Timestamp("2024-02-01") not in table.index.get_level_values(0)


def test_the_last_day_of_a_month_finishes_it() -> None:
    table = cohort_table(ledger_of(("a", "2024-01-10", 10), as_of="2024-01-31"))
    assert table["retention"].tolist() == [1.0]


def test_refunds_lower_the_revenue_of_their_month_and_make_nobody_active() -> None:
    table = cohort_table(ledger_of(("a", "2024-01-10", 10), ("a", "2024-02-10", -4), as_of="2024-02-29"))
    assert table["revenue"].tolist() == [10.0, -4.0]
    assert table["active"].tolist() == [1.0, 0.0]
