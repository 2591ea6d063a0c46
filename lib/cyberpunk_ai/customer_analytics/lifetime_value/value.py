"""Expected purchases and expected value per customer over the horizon, each with an interval from seeded posterior draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import SpendModel, draw_spend, fit_spend, spend_history

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger

LEVEL = 0.8
CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Value:
    """Value over the horizon, one entry per customer in the ledger's order; missing where the data has no amounts.

    Attributes:
        expected_purchases: Mean purchases.
        value: Mean net revenue.
        lo: Lower end of the 80% interval of the value.
        hi: Upper end.
        spend: The spend model, or None without amounts.
    """

    expected_purchases: FloatArray
    value: FloatArray
    lo: FloatArray
    hi: FloatArray
    spend: SpendModel | None


def value_customers(ledger: Ledger, model: PurchaseModel, horizon_days: int, *, seed: int = 0) -> Value:
    """Estimate purchases and value per customer over the horizon.

    Args:
        ledger: Purchases up to the moment of the analysis.
        model: Purchase model fitted on the same ledger, in days.
        horizon_days: How far to look ahead.
        seed: Of the draws; the same seed gives the same intervals.
    """
    x, t_x, age = histories_of(ledger)
    purchases = model.expected_purchases(x, t_x, age, float(horizon_days))
    if not ledger.has_amounts:
        missing = np.full(ledger.size, np.nan)
        return Value(purchases, missing, missing, missing, None)
    count, mean = spend_history(ledger)
    spend = fit_spend(count, mean)
    value = purchases * spend.expected_amount(count, mean)
    lo, hi = np.empty(ledger.size), np.empty(ledger.size)
    # Fewer draws for many customers: the interval of one is then a little rougher, and the time stays in bounds.
    draws = 400 if ledger.size <= 5_000 else 200 if ledger.size <= 20_000 else 100
    rng = np.random.default_rng(seed)
    tail = (1 - LEVEL) / 2
    for start in range(0, ledger.size, CHUNK):
        part = slice(start, start + CHUNK)
        counts = model.draws(x[part], t_x[part], age[part], float(horizon_days), draws, rng)
        totals = np.sort(draw_spend(spend, count[part], mean[part], counts, rng), axis=1)
        lo[part] = totals[:, int(np.floor(tail * (draws - 1)))]
        hi[part] = totals[:, int(np.ceil((1 - tail) * (draws - 1)))]
    return Value(purchases, value, lo, hi, spend)
