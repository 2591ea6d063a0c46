"""What became of the money of those who were there before: net and gross revenue retention, and the share of customers who stayed.

Subscriptions are compared with the payment period before. Customers who buy freely skip months without leaving, so they are compared over
windows of up to a year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger

LONGEST_WINDOW, MOST_MONTHS, DAYS_PER_MONTH = 12, 36, 30.4375
DECIMALS = 6
COLUMNS = (
    "month", "window_months", "opening_customers", "kept_customers", "logo_retention",
    "opening_revenue", "expansion", "contraction", "churned", "nrr", "grr",
)  # fmt: skip


def revenue_retention(ledger: Ledger, *, payment_days: int | None = None) -> pd.DataFrame:
    """Return retention of revenue and of customers for every finished month.

    Each row compares the window of months that ends with `month` with the window of the same length before it, for those who brought
    money in the earlier one. New customers never count.

    Args:
        ledger: Purchases up to the moment of the analysis; refunds count in the month of their booking.
        payment_days: Days between two payments of a subscription, which become the window; None for customers who buy freely: a year,
            or a third of the history where it is shorter than three.

    Returns:
        month (first day), window_months, opening_customers, kept_customers, logo_retention (kept / opening), opening_revenue, expansion
        (more than before, of those kept), contraction (less than before, of those kept), churned (revenue of those not kept), nrr
        (opening + expansion - contraction - churned, / opening), grr (the same without expansion). Revenue is missing where the data has
        no amounts. Empty while there are not two finished windows.
    """
    month, buyer, amount = _by_month(ledger)
    last = int(_month(np.array([ledger.as_of_day + 1]))[0]) - 1  # the newest month that is over
    first = int(_month(np.array([int(ledger.day.min())]))[0]) if len(ledger.day) else last + 1
    window = _window(last - first + 1, payment_days)
    rows = []
    for end in range(max(first + 2 * window - 1, last - MOST_MONTHS + 1), last + 1):
        earlier, later = (
            np.bincount(buyer[inside], weights=amount[inside], minlength=ledger.size).astype(np.float64)
            for inside in ((month > end - 2 * window) & (month <= end - window), (month > end - window) & (month <= end))
        )
        # Purchases and refunds that cancel out leave rounding errors, which are no revenue.
        rows.append((end, *_compare(earlier.round(DECIMALS), np.maximum(later, 0.0).round(DECIMALS))))
    table = pd.DataFrame(rows, columns=["month", *COLUMNS[2:]])
    table["month"] = table["month"].to_numpy(np.int64).astype("datetime64[M]").astype("datetime64[us]")
    table.insert(1, "window_months", window)
    if not ledger.has_amounts:
        table[list(COLUMNS[5:])] = np.nan
    return table


def _window(months: int, payment_days: int | None) -> int:
    if payment_days is not None:
        return max(round(payment_days / DAYS_PER_MONTH), 1)
    return int(np.clip(months // 3, 1, LONGEST_WINDOW))


def _compare(earlier: FloatArray, later: FloatArray) -> tuple[float, ...]:
    was_there = earlier > 0
    before, now = earlier[was_there], later[was_there]
    is_kept = now > 0
    opening, more = float(before.sum()), float(np.maximum(now - before, 0)[is_kept].sum())
    less, gone = float(np.maximum(before - now, 0)[is_kept].sum()), float(before[~is_kept].sum())
    customers, kept = len(before), int(is_kept.sum())
    share = kept / customers if customers else np.nan
    net, gross = ((opening + more - less - gone) / opening, (opening - less - gone) / opening) if customers else (np.nan, np.nan)
    return customers, kept, share, opening, more, less, gone, net, gross


def _by_month(ledger: Ledger) -> tuple[IntArray, IntArray, FloatArray]:
    """Month, customer and amount of every purchase and refund; a purchase counts as one where the data has no amounts."""
    month = np.concatenate([_month(ledger.day), _month(ledger.refund_day)])
    bought = ledger.amount if ledger.has_amounts else np.ones(len(ledger.day))
    amount = np.concatenate([bought, ledger.refund_amount if ledger.has_amounts else np.zeros(len(ledger.refund_day))])
    return month, np.concatenate([ledger.buyer, ledger.refunded]), amount


def _month(day: IntArray) -> IntArray:
    return np.asarray(day, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
