"""Reading transactions: other systems' names, refunds, time zones, futures, and errors that say what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.unit.customer_analytics.builders import ledger_of, orders


def test_orders_of_one_day_are_one_purchase() -> None:
    ledger = ledger_of(("a", "2024-01-01 09:00", 10), ("a", "2024-01-01 18:00", 5), ("a", "2024-01-03", 7))
    assert ledger.purchases.tolist() == [2]
    assert ledger.amount.tolist() == [15.0, 7.0]


def test_a_refund_line_nets_to_its_order() -> None:
    rows = orders(("a", "2024-01-01", 50), ("a", "2024-01-01", -20), ("a", "2024-01-05", 30), order_ids=["1", "1", "2"])
    ledger, _, _ = read_transactions(rows)
    assert ledger.amount.tolist() == [30.0, 30.0]
    assert len(ledger.refunded) == 0


def test_a_fully_refunded_order_is_no_purchase() -> None:
    rows = orders(("a", "2024-01-01", 50), ("a", "2024-01-01", -50), ("a", "2024-01-05", 30), order_ids=["1", "1", "2"])
    ledger, _, _ = read_transactions(rows)
    assert ledger.purchases.tolist() == [1]
    assert ledger.revenue.tolist() == [30.0]


def test_a_later_refund_lowers_the_order_that_it_names() -> None:
    rows = orders(("a", "2024-01-01", 50), ("a", "2024-01-05", 30), ("a", "2024-01-09", -20), order_ids=["1", "2", "1"])
    ledger, _, _ = read_transactions(rows)
    assert ledger.net_amount.tolist() == [30.0, 30.0]
    assert ledger.revenue.tolist() == [60.0]


def test_a_credit_note_lowers_the_last_purchase_before_it() -> None:
    ledger = ledger_of(("a", "2024-01-01", 50), ("a", "2024-01-05", 30), ("a", "2024-01-09", -20), ("b", "2024-01-02", 8))
    assert ledger.purchases.tolist() == [2, 1]
    assert ledger.net_amount.tolist() == [50.0, 10.0, 8.0]


def test_names_of_other_systems_are_recognised() -> None:
    rows = pd.DataFrame(
        {
            "InvoiceNo": ["1", "1"],
            "CustomerID": [17850.0, 17850.0],
            "InvoiceDate": ["2010-12-01"] * 2,
            "Quantity": [2, 1],
            "UnitPrice": [2.5, 1.0],
        }
    )
    ledger, _, notes = read_transactions(rows)
    assert ledger.customer_ids.tolist() == ["17850"]
    assert ledger.amount.tolist() == [6.0]
    assert "amount is quantity times unit price" in notes


def test_an_unknown_column_is_given_by_mapping_or_named_in_the_error() -> None:
    rows = pd.DataFrame({"who": ["a"], "paid": ["2024-01-01"], "amount": [1.0]})
    with pytest.raises(ContractBroken, match="'customer_id', 'ordered_at' is missing") as error:
        read_transactions(rows)
    assert "who, paid, amount" in error.value.hint or "amount" in error.value.hint
    ledger, _, _ = read_transactions(rows, mapping={"customer_id": "who", "ordered_at": "paid"})
    assert ledger.size == 1
    with pytest.raises(ContractBroken, match="'nobody' of the mapping is missing"):
        read_transactions(rows, mapping={"customer_id": "nobody"})


def test_mixed_time_zones_become_utc() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a"],
            "ordered_at": ["2024-01-01T23:30:00-05:00", "2024-01-02T01:00:00+00:00", "2024-01-04"],
            "amount": [1.0, 2.0, 3.0],
        }
    )
    ledger, moment, _ = read_transactions(rows)
    assert ledger.purchases.tolist() == [2]
    assert moment == pd.Timestamp("2024-01-04")


def test_nothing_after_as_of_is_read_and_a_date_means_its_end() -> None:
    rows = orders(("a", "2024-01-01", 1), ("a", "2024-01-02 15:00", 2), ("b", "2024-01-03", 4))
    ledger, moment, notes = read_transactions(rows, as_of="2024-01-02")
    assert ledger.customer_ids.tolist() == ["a"]
    assert ledger.revenue.tolist() == [3.0]
    assert moment.date().isoformat() == "2024-01-02"
    assert any("later than 2024-01-02" in note for note in notes)
    assert read_transactions(rows, as_of="2024-01-02T12:00:00")[0].revenue.tolist() == [1.0]


def test_future_rows_never_become_the_moment_of_the_analysis() -> None:
    ledger, moment, notes = read_transactions(orders(("a", "2024-01-01", 1), ("a", "2200-01-01", 1)))
    assert moment == pd.Timestamp("2024-01-01")
    assert ledger.purchases.tolist() == [1]
    assert any("future" in note for note in notes)


def test_rows_without_customer_or_time_are_left_out_and_counted() -> None:
    rows = orders(("a", "2024-01-01", 1), (None, "2024-01-01", 1), ("", "2024-01-01", 1), ("a", "not a date", 1))  # type: ignore[arg-type]
    ledger, _, notes = read_transactions(rows)
    assert ledger.revenue.tolist() == [1.0]
    assert any("2 of 4 rows have no customer" in note for note in notes)
    assert any("1 rows do not fit" in note for note in notes)


def test_copies_are_kept_and_said() -> None:
    rows = orders(("a", "2024-01-01", 5), ("b", "2024-01-03", 5))
    _, _, notes = read_transactions(pd.concat([rows, rows]))
    assert any("2 rows are exact copies" in note for note in notes)


def test_no_amounts_is_legal_and_two_currencies_are_not() -> None:
    rows = orders(("a", "2024-01-01", 5), ("b", "2024-01-03", 5))
    ledger, _, notes = read_transactions(rows.drop(columns="amount"))
    assert not ledger.has_amounts
    assert any("no amounts" in note for note in notes)
    with pytest.raises(ContractBroken, match="2 currencies: EUR, USD"):
        read_transactions(rows.assign(currency=["EUR", "USD"]))


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame(columns=["customer_id", "ordered_at", "amount"]),
        pd.DataFrame(),
        orders(("a", "2200-01-01", 5)),
        orders(("a", "2024-01-01", -5)),
        orders((None, "2024-01-01", 5)),  # type: ignore[arg-type]
    ],
)
def test_nothing_to_analyse_is_a_typed_error(rows: pd.DataFrame) -> None:
    with pytest.raises(TooLittleData):
        read_transactions(rows)


def test_an_as_of_that_is_no_date_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="is not a date"):
        read_transactions(orders(("a", "2024-01-01", 5)), as_of="soon")


def test_a_cut_ledger_knows_only_the_past() -> None:
    ledger = ledger_of(("a", "2024-01-01", 1), ("b", "2024-01-05", 2), ("a", "2024-01-09", 3), ("a", "2024-01-10", -1))
    past = ledger.until(int(np.datetime64("2024-01-06", "D").astype(int)))
    assert past.customer_ids.tolist() == ["a", "b"]
    assert past.revenue.tolist() == [1.0, 2.0]
    assert past.recency_days.tolist() == [5, 1]
    assert ledger.until(int(np.datetime64("2024-01-02", "D").astype(int))).customer_ids.tolist() == ["a"]


def test_currency_of_the_amounts_is_kept() -> None:
    rows = orders(("a", "2024-01-01", 5.0), ("b", "2024-01-02", 6.0))
    assert read_transactions(rows)[0].currency is None
    assert read_transactions(rows.assign(currency=["EUR", None]))[0].currency == "EUR"
