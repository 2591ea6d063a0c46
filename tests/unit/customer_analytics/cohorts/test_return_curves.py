"""N-day, bracket and unbounded retention: worked by hand, and against a plain count over a frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.cohorts.return_curves import return_curves, wilson
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from tests.unit.customer_analytics.builders import ledger_of, shop


def row(table: pd.DataFrame, kind: str, day: int) -> pd.Series:
    return table[(table["kind"] == kind) & (table["day"] == day)].iloc[0]


def test_three_customers_by_hand() -> None:
    ledger = ledger_of(
        ("a", "2024-01-01", 1.0), ("a", "2024-01-08", 1.0),
        ("b", "2024-01-01", 1.0),
        ("c", "2024-01-10", 1.0), ("c", "2024-01-11", 1.0),
        as_of="2024-01-15",
    )  # fmt: skip
    table = return_curves(ledger)
    day_one = row(table, "n_day", 1)
    assert (day_one["eligible"], day_one["returned"]) == (3, 1)
    week = row(table, "n_day", 7)  # c is five days old and does not count
    assert (week["eligible"], week["returned"], week["retention"]) == (2, 1, 0.5)
    first_week = row(table, "bracket", 1)
    assert (first_week["until_day"], first_week["eligible"], first_week["returned"]) == (7, 2, 1)
    assert row(table, "bracket", 8)["returned"] == 0
    assert row(table, "bracket", 8)["retention"] == 0
    assert row(table, "unbounded", 3)["returned"] == 1


@pytest.mark.parametrize("as_of", [None, "2020-11-15"])
def test_counts_equal_those_over_a_plain_frame(as_of: str | None) -> None:
    ledger = read_transactions(shop(), as_of=as_of)[0]
    days = pd.DataFrame({"who": ledger.buyer, "day": ledger.day})
    first = days.groupby("who")["day"].min()
    days["since"] = days["day"] - days["who"].map(first)
    tenure = ledger.as_of_day - first
    for each in return_curves(ledger).itertuples():
        last = each.day if np.isnan(each.until_day) else each.until_day
        old = tenure[tenure >= last].index
        mine = days[days["who"].isin(old) & (days["since"] > 0) & (days["since"] >= each.day)]
        if each.kind != "unbounded":
            mine = mine[mine["since"] <= last]
        assert each.eligible == len(old)
        assert each.returned == mine["who"].nunique()


def test_unbounded_retention_never_rises_and_is_never_below_that_of_the_day() -> None:
    table = return_curves(read_transactions(shop())[0])
    exact, open_ended = (table[table["kind"] == kind].set_index("day") for kind in ("n_day", "unbounded"))
    assert (open_ended["returned"] >= exact["returned"]).all()
    assert (open_ended["returned"].diff().dropna() <= 0).all()


def test_bands_hold_the_share_and_shrink_with_more_customers() -> None:
    lo, hi = wilson(np.array([0.5, 0.5, 0.0]), np.array([10.0, 1000.0, 50.0]))
    assert (lo <= [0.5, 0.5, 0.0]).all()
    assert (hi >= [0.5, 0.5, 0.0]).all()
    assert hi[0] - lo[0] > hi[1] - lo[1]
    assert (lo[0], hi[0]) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))  # the published interval of 5 in 10


def test_one_customer_on_one_day_gives_an_empty_curve() -> None:
    assert not len(return_curves(ledger_of(("a", "2024-01-01", 1.0))))
