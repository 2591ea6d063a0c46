"""What is known of each customer on one day, as numbers. Everything comes from a ledger cut at that day, so nothing later can leak in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import histories_of

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import PurchaseModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger

# Feature to theme; a reason in words is given per theme.
THEMES: dict[str, str] = {
    "recency_days": "rhythm",
    "recency_over_pace": "rhythm",
    "recency_over_last_gap": "rhythm",
    "silent": "rhythm",
    "frequency": "loyalty",
    "pace_days": "loyalty",
    "recent_half": "trend",
    "recent": "trend",
    "previous": "trend",
    "longer": "trend",
    "active_halves": "trend",
    "active_eighths": "trend",
    "gap_spread": "trend",
    "mean_amount": "spend",
    "recent_revenue": "spend",
    "revenue": "spend",
    "refund_share": "spend",
    "tenure_days": "tenure",
}
NAMES = tuple(THEMES)
WINDOWS = 8
PLACE = {name: position for position, name in enumerate(NAMES)}


def feature_table(ledger: Ledger, horizon_days: int, model: PurchaseModel) -> FloatArray:
    """Return one row of features per customer, columns as in `NAMES`, shape (n, 18), never missing.

    Args:
        ledger: Purchases up to one day.
        horizon_days: Width of the windows.
        model: Purchase model fitted on the same ledger, in days.
    """
    now, half = ledger.as_of_day, max(horizon_days // 2, 1)
    x, t_x, age = histories_of(ledger)
    recency = ledger.recency_days.astype(np.float64)
    pace = (age + 1.0) / (x + 1.0)
    gaps = ledger.gaps
    last_gap = np.where(x > 0, np.nan_to_num(gaps[ledger.last_row]), pace)
    squares = np.bincount(ledger.buyer, weights=np.nan_to_num(gaps) ** 2, minlength=ledger.size)
    mean_gap = t_x / np.maximum(x, 1.0)
    spread = np.sqrt(np.maximum(squares / np.maximum(x, 1.0) - mean_gap**2, 0.0)) / np.maximum(mean_gap, 1.0)
    gross = np.bincount(ledger.buyer, weights=ledger.amount, minlength=ledger.size)
    returned = gross - ledger.revenue
    columns = {
        "recency_days": np.log1p(recency),
        "recency_over_pace": np.log((recency + 1.0) / (pace + 1.0)),
        "recency_over_last_gap": np.log((recency + 1.0) / (last_gap + 1.0)),
        "silent": _log_odds(model.probability_silent(x, t_x, age, float(horizon_days))),
        "frequency": np.log1p(x),
        "pace_days": np.log1p(pace),
        "recent_half": ledger.purchases_between(now - half, now),
        "recent": ledger.purchases_between(now - horizon_days, now),
        "previous": ledger.purchases_between(now - 2 * horizon_days, now - horizon_days),
        "longer": ledger.purchases_between(now - 4 * horizon_days, now - 2 * horizon_days),
        "active_halves": _active(ledger, half) / np.minimum(WINDOWS, age // half + 1.0),
        "active_eighths": _active(ledger, max(horizon_days // WINDOWS, 1)),
        "gap_spread": spread,
        "mean_amount": _signed_log(gross / (x + 1.0)),
        "recent_revenue": _signed_log(ledger.revenue_between(now - horizon_days, now)),
        "revenue": _signed_log(ledger.revenue),
        "refund_share": np.clip(returned / np.maximum(gross, 1e-9), 0.0, 1.0),
        "tenure_days": np.log1p(age),
    }
    return np.stack([columns[name] for name in NAMES], axis=1).astype(np.float64)


def _active(ledger: Ledger, width: int) -> FloatArray:
    """Return in how many of the last eight windows of this many days a customer bought."""
    window = (ledger.as_of_day - ledger.day) // width
    # Rows are sorted by customer and day, so that purchases of one window stand together.
    is_new = np.ones(len(window), dtype=bool)
    is_new[1:] = (window[1:] != window[:-1]) | (ledger.buyer[1:] != ledger.buyer[:-1])
    return np.bincount(ledger.buyer[is_new & (window < WINDOWS)], minlength=ledger.size).astype(np.float64)


def _log_odds(chance: FloatArray) -> FloatArray:
    inside = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.log(inside / (1.0 - inside))


def _signed_log(amounts: FloatArray) -> FloatArray:
    """Logarithm that keeps the sign: refunds may exceed sales."""
    return np.sign(amounts) * np.log1p(np.abs(amounts))
