"""Which kind of business this is: one whose customers say goodbye, or one whose customers fall silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
    from cyberpunk_ai.customer_analytics.reading.members import Members
    from cyberpunk_ai.customer_analytics.results import Regime

MIN_PAYMENTS, MIN_PAYERS = 4, 20
STEADY, STEADY_SHARE = 0.15, 0.8


def regime_of(ledger: Ledger | None, members: Members | None, asked: Regime | None) -> tuple[Regime, str]:
    """Return the regime and why.

    Args:
        ledger: Purchases, or None.
        members: Customers, or None.
        asked: The user's choice, which wins.
    """
    if asked is not None:
        return asked, "as asked"
    if members is not None and members.has_left is not None and members.has_left.any():
        return "contractual", f"the customers have a churn {'date' if members.has_dates else 'flag'}"
    period = None if ledger is None else payment_period(ledger)
    if period is not None:
        return "contractual", f"purchases recur every {period} days for most customers"
    return "non_contractual", "no recorded end of contract, and purchases come at irregular times: leaving is silence"


def payment_period(ledger: Ledger) -> int | None:
    """Return the days between payments when most customers pay at steady intervals, else None."""
    repeats = ledger.purchases - 1
    payers = repeats + 1 >= MIN_PAYMENTS
    if payers.sum() < MIN_PAYERS:
        return None
    gaps = np.nan_to_num(ledger.gaps)
    count = np.maximum(repeats, 1)
    mean = np.bincount(ledger.buyer, weights=gaps, minlength=ledger.size) / count
    square = np.bincount(ledger.buyer, weights=gaps**2, minlength=ledger.size) / count
    spread = np.sqrt(np.maximum(square - mean**2, 0.0)) / np.maximum(mean, 1e-9)
    is_steady = payers & (spread < STEADY)
    if is_steady.sum() < STEADY_SHARE * payers.sum() or payers.sum() < ledger.size / 2:
        return None
    period = round(float(np.median(mean[is_steady])))
    return period if period >= 2 else None
