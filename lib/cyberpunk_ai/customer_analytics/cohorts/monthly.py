"""Monthly cohorts: of those who first bought in one month, how many bought in each later month, and what that brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger

MOST_MONTHS = 2_400  # two hundred years; the table is as wide as it is high


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
    bought, booked = _month(ledger.day), _month(ledger.refund_day)
    # A customer counts once in a month, however many purchase days it had; the days of a customer stand together, in order.
    is_visit = np.ones(len(bought), dtype=bool)
    is_visit[1:] = (ledger.buyer[1:] != ledger.buyer[:-1]) | (bought[1:] != bought[:-1])
    since, since_refund = bought - joined[ledger.buyer], booked - joined[ledger.refunded]
    after = since_refund >= 0  # a refund older than the first known purchase belongs to no cell
    cohort = np.concatenate([joined[ledger.buyer], joined[ledger.refunded][after]])
    return cohorts_of(
        cohort,
        np.concatenate([since, since_refund[after]]),
        np.concatenate([is_visit.astype(np.float64), np.zeros(int(after.sum()))]),
        np.concatenate([ledger.amount, ledger.refund_amount[after]]),
        as_of_day=ledger.as_of_day,
        has_amounts=ledger.has_amounts,
    )


def cohorts_of(
    cohort: IntArray, period: IntArray, active: FloatArray, revenue: FloatArray, *, as_of_day: int, has_amounts: bool
) -> pd.DataFrame:
    """Add up what happened per cohort and period, and lay it out as `cohort_table` does.

    Args:
        cohort: Months from 1970-01 to the first purchase, shape (k,).
        period: Months since, from 0, shape (k,).
        active: Customers who bought, shape (k,); those of period 0 are the cohort.
        revenue: Net revenue, shape (k,).
        as_of_day: Last day that counts.
        has_amounts: Whether the data holds amounts at all.
    """
    current = int(_month(np.array([as_of_day]))[0])
    is_month_over = int(_month(np.array([as_of_day + 1]))[0]) > current
    base = int(cohort.min())
    width = current - base + 1
    if width > MOST_MONTHS:
        first = np.datetime64(base, "M")
        raise InvalidArgument(
            f"cohorts from {first} would span {width:,} months, more than {MOST_MONTHS:,}",
            hint="check the oldest date of the transactions and as_of",
        )
    cell = (cohort - base) * width + period
    customers, money = (np.bincount(cell, weights=each, minlength=width * width).reshape(width, width) for each in (active, revenue))
    row, column = np.nonzero(np.add.outer(np.arange(width), np.arange(width)) < width)
    size = customers[row, 0].astype(np.int64)
    is_finished = (row + column < width - 1) | is_month_over
    table = pd.DataFrame(
        {
            "cohort": (row + base).astype("datetime64[M]").astype("datetime64[us]"),
            "period": column,
            "customers": size,
            "active": np.where(is_finished, customers[row, column], np.nan),
            "retention": np.where(is_finished, customers[row, column] / np.maximum(size, 1), np.nan),
            "revenue": np.where(is_finished & has_amounts, money[row, column], np.nan),
        }
    )
    return table[table["customers"] > 0].reset_index(drop=True)


def _month(day: IntArray) -> IntArray:
    """Months since 1970-01 of days since 1970-01-01."""
    return np.asarray(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
