"""The eleven usual RFM segments as one table of scores: every customer is in exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import IntArray, TextArray

CHAMPIONS, LOYAL, POTENTIAL, NEW, PROMISING = "Champions", "Loyal customers", "Potential loyalists", "New customers", "Promising"
ATTENTION, SLEEPY, AT_RISK = "Need attention", "About to sleep", "At risk"
CANNOT_LOSE, HIBERNATING, LOST = "Cannot lose them", "Hibernating", "Lost"
SEGMENTS = (CHAMPIONS, LOYAL, POTENTIAL, NEW, PROMISING, ATTENTION, SLEEPY, AT_RISK, CANNOT_LOSE, HIBERNATING, LOST)

# Rows: recency score 1 (long ago) to 5 (just now). Columns: frequency and monetary score 1 to 5.
GRID = np.array(
    [
        [LOST, LOST, HIBERNATING, CANNOT_LOSE, CANNOT_LOSE],
        [HIBERNATING, HIBERNATING, AT_RISK, AT_RISK, AT_RISK],
        [SLEEPY, SLEEPY, ATTENTION, LOYAL, LOYAL],
        [PROMISING, POTENTIAL, POTENTIAL, LOYAL, CHAMPIONS],
        [NEW, POTENTIAL, LOYAL, CHAMPIONS, CHAMPIONS],
    ],
    dtype=object,
)


def segment_of(r: IntArray, fm: IntArray) -> TextArray:
    """Return the segment per customer from its recency score and its joint frequency and monetary score, both 1 to 5."""
    segments: TextArray = GRID[np.asarray(r) - 1, np.asarray(fm) - 1]
    return segments


def segment_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Count customers and add up what they brought and are expected to bring, per segment.

    Args:
        customers: segment, monetary, recency_days, churn_probability, lifetime_value.

    Returns:
        segment, customers, share, revenue, average_recency_days, average_churn_probability, expected_value; segments in their usual
        order, those without customers included with zero customers.
    """
    grouped = customers.groupby("segment", observed=True)
    table = pd.DataFrame(
        {
            "customers": grouped.size(),
            "revenue": grouped["monetary"].sum(min_count=1),
            "average_recency_days": grouped["recency_days"].mean(),
            "average_churn_probability": grouped["churn_probability"].mean(),
            "expected_value": grouped["lifetime_value"].sum(min_count=1),
        }
    ).reindex(list(SEGMENTS))
    table["customers"] = table["customers"].fillna(0).astype("int64")
    table.insert(1, "share", table["customers"] / max(len(customers), 1))
    return table.rename_axis("segment").reset_index()
