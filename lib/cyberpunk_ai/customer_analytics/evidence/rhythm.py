"""The purchase model behind the features of a churn model. It need not be the one that values customers: that one is chosen for value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.churn.features import NAMES, feature_table
from cyberpunk_ai.customer_analytics.evidence.some_customers import of_customers
from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.evidence.base import Evidence
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel

TRIED, SAME = 50, 1e-6


def rhythm_of(evidence: Evidence, horizon_days: int) -> PurchaseModel | None:
    """Return the purchase model with which the features of a report were made, or None without purchases.

    It is the one that the report keeps where that gives the same features again; otherwise it is fitted again as it was.

    Args:
        evidence: Of the report.
        horizon_days: Of the report.
    """
    ledger = evidence.ledger
    if ledger is None or evidence.purchases is None or evidence.churn is None or evidence.churn.names[: len(NAMES)] != NAMES:
        return evidence.purchases
    places = np.unique(np.linspace(0, ledger.size - 1, min(TRIED, ledger.size)).astype(np.int64))
    again = feature_table(of_customers(ledger, places), horizon_days, evidence.purchases)
    if np.allclose(again, evidence.features[places, : len(NAMES)], rtol=0, atol=SAME):
        return evidence.purchases
    return fit_purchases(*histories_of(ledger))
