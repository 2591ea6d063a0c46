"""Recency, frequency and monetary value per customer, and their scores from 1 to 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger

SCORES = 5
MONEY_DIGITS = 6


def rfm_table(ledger: Ledger) -> pd.DataFrame:
    """Return recency, frequency and monetary value with their scores.

    Args:
        ledger: Purchases up to the moment of the analysis.

    Returns:
        customer_id, recency_days, frequency (days with a purchase), monetary (net revenue to date; missing where the data has no
        amounts), r, f, m (scores 1 to 5, 5 is best), fm (the mean of f and m, rounded half up; f alone without amounts).
    """
    frequency = ledger.purchases.astype(np.float64)
    r = score(-ledger.recency_days.astype(np.float64))
    f = score(frequency)
    # Sums that differ in their last bits only are equal, and get equal scores.
    m = score(np.round(ledger.revenue, MONEY_DIGITS)) if ledger.has_amounts else f
    return pd.DataFrame(
        {
            "customer_id": ledger.customer_ids,
            "recency_days": ledger.recency_days,
            "frequency": ledger.purchases,
            "monetary": ledger.revenue if ledger.has_amounts else np.nan,
            "r": r,
            "f": f,
            "m": m,
            "fm": (f + m + 1) // 2,
        }
    )


def score(values: FloatArray) -> IntArray:
    """Return a score from 1 (lowest fifth) to 5 (highest fifth). Equal values always get equal scores, so fifths may differ in size."""
    share = np.asarray(pd.Series(values).rank(method="average", pct=True), dtype=np.float64)
    scores: IntArray = np.clip(np.ceil(share * SCORES - 1e-9), 1, SCORES).astype(np.int64)
    return scores
