"""Monthly cohorts: of those who first bought in one month, how many bought in each later month, and what that brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import IntArray, Ledger


def cohort_table(ledger: Ledger) -> pd.DataFrame:
    """Return retention and revenue per cohort and month since the first purchase.

    Args:
        ledger: Purchases up to the moment of the analysis.

    Returns:
        cohort (first day of the month of the first purchase), period (months since, from 0), customers (size of the cohort), active
        (customers with a purchase in that month), retention (active / customers), revenue (net). In the month that is not over yet
        active, retention and revenue are missing; a month in which nobody came back stays 0.
    """
    joined = _month(ledger.first_day)
    current = int(_month(np.array([ledger.as_of_day]))[0])
    is_month_over = int(_month(np.array([ledger.as_of_day + 1]))[0]) > current
    base = int(joined.min())
    width = current - base + 1

    sizes = np.bincount(joined - base, minlength=width)
    bought = _month(ledger.day)
    # A customer counts once in a month, however many purchase days it had.
    visits = np.unique(np.stack([ledger.buyer, bought]), axis=1)
    active = np.zeros((width, width))
    np.add.at(active, (joined[visits[0]] - base, visits[1] - joined[visits[0]]), 1)
    revenue = np.zeros((width, width))
    np.add.at(revenue, (joined[ledger.buyer] - base, bought - joined[ledger.buyer]), ledger.amount)
    booked = _month(ledger.refund_day)
    since = booked - joined[ledger.refunded]
    after = since >= 0  # a refund older than the first known purchase belongs to no cell
    np.add.at(revenue, (joined[ledger.refunded][after] - base, since[after]), ledger.refund_amount[after])

    cohort, period = np.nonzero(np.add.outer(np.arange(width), np.arange(width)) < width)
    size = sizes[cohort]
    is_finished = (cohort + period < width - 1) | is_month_over
    table = pd.DataFrame(
        {
            "cohort": (cohort + base).astype("datetime64[M]").astype("datetime64[us]"),
            "period": period,
            "customers": size,
            "active": np.where(is_finished, active[cohort, period], np.nan),
            "retention": np.where(is_finished, active[cohort, period] / np.maximum(size, 1), np.nan),
            "revenue": np.where(is_finished & ledger.has_amounts, revenue[cohort, period], np.nan),
        }
    )
    return table[table["customers"] > 0].reset_index(drop=True)


def _month(day: IntArray) -> IntArray:
    """Months since 1970-01 of days since 1970-01-01."""
    return np.asarray(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
