"""The headline figures of a report, from its customers. Each is one line of arithmetic that a reader can repeat on the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray


def summarise(customers: pd.DataFrame, *, is_active: BoolArray, recent_revenue: FloatArray, churn_rate: float | None) -> dict[str, Any]:
    """Return the headline figures.

    Args:
        customers: Customers of the report.
        is_active: Who bought within the last horizon, or is still under contract, shape (n,).
        recent_revenue: Net revenue per customer within the last horizon, NaN without amounts, shape (n,).
        churn_rate: Observed share that left over the last finished horizon, or None.

    Returns:
        customers; active_customers; at_risk (active and at high risk); high_risk (all at high risk); churn_rate (observed);
        expected_churn_rate (mean probability of the active); value_at_risk (revenue of the last horizon times the chance that it does
        not return, active customers); revenue (net, to date); expected_purchases; expected_value; average_lifetime_value.
    """
    chance = customers["churn_probability"].to_numpy(dtype=float)
    is_high = (customers["risk"] == "high").to_numpy()
    value = customers["lifetime_value"].to_numpy(dtype=float)
    return {
        "customers": len(customers),
        "active_customers": int(is_active.sum()),
        "at_risk": int((is_active & is_high).sum()),
        "high_risk": int(is_high.sum()),
        "churn_rate": churn_rate,
        "expected_churn_rate": _mean(chance[is_active]),
        "value_at_risk": _sum((chance * recent_revenue)[is_active]),
        "revenue": _sum(customers["monetary"].to_numpy(dtype=float)),
        "expected_purchases": _sum(customers["expected_purchases"].to_numpy(dtype=float)),
        "expected_value": _sum(value),
        "average_lifetime_value": _mean(value),
    }


def _sum(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.sum()) if len(known) else None


def _mean(values: FloatArray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
