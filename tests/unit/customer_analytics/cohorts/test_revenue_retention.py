"""Net and gross revenue retention: worked by hand, their order, and what counts as there before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.customer_analytics.cohorts.revenue_retention import revenue_retention
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.unit.customer_analytics.builders import ledger_of, shop, subscriptions


def test_two_months_by_hand() -> None:
    ledger = ledger_of(
        ("grows", "2024-01-05", 100.0), ("grows", "2024-02-05", 130.0),
        ("shrinks", "2024-01-05", 100.0), ("shrinks", "2024-02-05", 60.0),
        ("leaves", "2024-01-05", 50.0),
        ("new", "2024-02-05", 500.0),
        as_of="2024-02-29",
    )  # fmt: skip
    month = revenue_retention(ledger, payment_days=30).iloc[0]
    assert str(month["month"])[:10] == "2024-02-01"
    assert (month["opening_customers"], month["kept_customers"]) == (3, 2)
    assert (month["opening_revenue"], month["expansion"], month["contraction"], month["churned"]) == (250, 30, 40, 50)
    assert month["nrr"] == pytest.approx((250 + 30 - 40 - 50) / 250)
    assert month["grr"] == pytest.approx((250 - 40 - 50) / 250)
    assert month["logo_retention"] == pytest.approx(2 / 3)


def test_a_month_that_is_not_over_is_left_out() -> None:
    rows = (("a", "2024-01-05", 10.0), ("a", "2024-02-05", 10.0), ("a", "2024-03-05", 10.0))
    assert len(revenue_retention(ledger_of(*rows, as_of="2024-03-20"), payment_days=30)) == 1
    assert len(revenue_retention(ledger_of(*rows, as_of="2024-03-31"), payment_days=30)) == 2


def test_customers_who_buy_freely_are_compared_by_the_year_or_by_thirds() -> None:
    table = revenue_retention(read_transactions(shop(days=500))[0])
    assert (table["window_months"] == 5).all()
    longer = revenue_retention(read_transactions(shop(days=1300))[0])
    assert (longer["window_months"] == 12).all()


@given(st.integers(0, 10_000))
def test_gross_retention_is_at_most_one_and_at_most_the_net(seed: int) -> None:
    table = revenue_retention(read_transactions(subscriptions(80, seed=seed))[0], payment_days=30).dropna()
    assert (table["grr"] <= 1 + 1e-12).all()
    assert (table["grr"] >= -1e-12).all()
    assert (table["grr"] <= table["nrr"] + 1e-12).all()
    np.testing.assert_allclose(table["kept_customers"] / table["opening_customers"], table["logo_retention"])


def test_without_amounts_customers_still_count() -> None:
    rows = subscriptions(60).drop(columns="amount")
    table = revenue_retention(read_transactions(rows)[0], payment_days=30)
    assert table["nrr"].isna().all()
    assert table["logo_retention"].notna().any()


def test_one_purchase_has_nothing_to_compare() -> None:
    assert not len(revenue_retention(ledger_of(("a", "2024-01-05", 10.0))))
