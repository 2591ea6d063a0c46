"""Collapsing lines to orders, days and refunds, beside a slow reference that does it row by row."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.customer_analytics.reading.collapsing import Rows, collapse
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from cyberpunk_ai.customer_analytics.reading.ledger import Ledger

AMOUNTS = st.sampled_from([-30.0, -10.0, -5.0, 0.0, 5.0, 10.0, 12.5, 30.0])
LINES = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 5), st.integers(0, 6), AMOUNTS), min_size=1, max_size=40)


def rows_of(lines: list[tuple[int, int, int, float]]) -> Rows:
    customer, order, day, amount = (np.array(column) for column in zip(*lines, strict=True))
    return Rows(np.array([f"c{number}" for number in range(5)], dtype=object), customer, order, day, amount.astype(float))


def one_by_one(lines: list[tuple[int, int, int, float]]) -> tuple[dict[tuple[str, int], float], list[tuple[str, int, float, int]]]:
    """Purchase days with their amounts, and refunds with the day of their order."""
    orders: dict[tuple[int, int, int], list[float]] = defaultdict(list)
    for number, (customer, order, day, amount) in enumerate(lines):
        orders[customer, order if order >= 0 else -1 - number, day].append(amount)
    days: dict[tuple[int, int], float] = defaultdict(float)
    first: dict[tuple[int, int], int] = {}
    losses = []
    for (customer, order, day), amounts in orders.items():
        if sum(amounts) > 0 or not any(amounts):
            days[customer, day] += sum(amounts)
            first[customer, order] = min(day, first.get((customer, order), day))
        elif sum(amounts) == 0 and not any(amount > 0 for amount in amounts):
            days[customer, day] += 0.0
        else:
            losses.append((customer, order, day, sum(amounts)))
    known = {customer for customer, _ in days}
    refunds = [(f"c{c}", day, amount, first.get((c, order), -1) if order >= 0 else -1) for c, order, day, amount in losses if c in known]
    return {(f"c{c}", day): amount for (c, day), amount in days.items()}, sorted(refunds)


def told(ledger: Ledger) -> tuple[dict[tuple[str, int], float], list[tuple[str, int, float, int]]]:
    days = zip(ledger.customer_ids[ledger.buyer], ledger.day.tolist(), ledger.amount.tolist(), strict=True)
    refunds = zip(
        ledger.customer_ids[ledger.refunded],
        ledger.refund_day.tolist(),
        ledger.refund_amount.tolist(),
        ledger.refund_target.tolist(),
        strict=True,
    )
    return {(who, day): amount for who, day, amount in days}, sorted(refunds)


@given(LINES)
def test_days_and_refunds_are_those_found_row_by_row(lines: list[tuple[int, int, int, float]]) -> None:
    ledger = collapse(rows_of(lines), 10)
    assert told(ledger) == one_by_one(lines)
    assert (np.diff(ledger.buyer * 100 + ledger.day) > 0).all()
    assert ledger.purchases.sum() == len(ledger.day)
    assert sorted(set(ledger.buyer.tolist())) == list(range(ledger.size))


def test_days_and_numbers_too_wide_for_one_key_are_sorted_all_the_same() -> None:
    far = 2**40
    rows = Rows(
        np.array(["a", "b"], dtype=object), np.array([1, 0, 0]), np.array([far, 3, 3]), np.array([far, 7, 5]), np.array([1.0, 2, 4])
    )
    ledger = collapse(rows, far)
    assert ledger.customer_ids.tolist() == ["a", "b"]
    assert ledger.day.tolist() == [5, 7, far]
    assert ledger.amount.tolist() == [4.0, 2.0, 1.0]


def test_order_numbers_that_read_alike_are_one_order() -> None:
    rows = pd.DataFrame(
        {"customer_id": ["a", "a"], "order_id": [7, "7"], "ordered_at": ["2024-01-01", "2024-01-01"], "amount": [5.0, -5.0]}
    )
    more = pd.DataFrame({"customer_id": ["a"], "order_id": [None], "ordered_at": ["2024-01-02"], "amount": [1.0]})
    ledger = read_transactions(pd.concat([rows, more], ignore_index=True))[0]
    assert ledger.amount.tolist() == [1.0]


def test_copies_are_counted_in_frames_that_hold_lists() -> None:
    rows = pd.DataFrame({"customer_id": ["a", "a", "b"], "ordered_at": ["2024-01-01"] * 3, "amount": 1.0, "tags": [["x"], ["x"], ["x"]]})
    assert any(note.startswith("1 rows are exact copies") for note in read_transactions(rows)[2])


def test_rows_that_differ_in_a_column_nobody_reads_are_no_copies() -> None:
    rows = pd.DataFrame({"customer_id": ["a", "a"], "ordered_at": ["2024-01-01"] * 2, "amount": 1.0, "note": ["x", "y"]})
    assert not any("exact copies" in note for note in read_transactions(rows)[2])


def test_ids_of_several_kinds_are_told_apart_by_their_text() -> None:
    rows = pd.DataFrame({"customer_id": [1, "1", 2.5, " "], "ordered_at": ["2024-01-01"] * 4, "amount": [1.0, 2.0, 4.0, 8.0]})
    ledger, _, notes = read_transactions(rows)
    assert ledger.customer_ids.tolist() == ["1", "2.5"]
    assert ledger.amount.tolist() == [3.0, 4.0]
    assert "1 of 4 rows have no customer and are left out" in notes


def test_an_order_that_cancels_out_but_for_rounding_is_no_purchase() -> None:
    amounts = np.array([0.1, 0.2, -0.3, 1.0])
    rows = Rows(np.array(["a"], dtype=object), np.zeros(4, dtype=int), np.array([0, 0, 0, 1]), np.array([5, 5, 5, 6]), amounts)
    ledger = collapse(rows, 9)
    assert ledger.day.tolist() == [6]
    assert ledger.revenue.tolist() == [1.0]
