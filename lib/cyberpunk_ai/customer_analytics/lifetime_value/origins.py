"""Past days whose horizon has passed: what the closed-form models said of each customer then, and what came. Nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import fit_spend, spend_history
from cyberpunk_ai.customer_analytics.lifetime_value.nbd import Nbd

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import SpendModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger

MOST_ORIGINS, MOST_CUSTOMERS, LEAST_CUSTOMERS, SHORTEST = 6, 40_000, 30, 7


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the closed forms say of each customer on one day.

    Attributes:
        ledger: What was known that day.
        model: Purchase model.
        spend: Spend model, or None without amounts.
        purchases: Expected purchases within the horizon, shape (n,).
        silent: Chance of none, shape (n,).
        amount: Expected amount of a purchase, NaN without amounts, shape (n,).
    """

    ledger: Ledger
    model: PurchaseModel
    spend: SpendModel | None
    purchases: FloatArray
    silent: FloatArray
    amount: FloatArray

    @property
    def value(self) -> FloatArray:
        """Expected revenue within the horizon, shape (n,)."""
        return self.purchases * self.amount


@dataclass(frozen=True, eq=False)
class Origin:
    """One past day with what then came.

    Attributes:
        day: The day.
        horizon_days: How far it looked ahead.
        outlook: What was expected.
        purchases: Purchase days that came, shape (n,).
        revenue: Net revenue that came, shape (n,).
    """

    day: int
    horizon_days: int
    outlook: Outlook
    purchases: FloatArray
    revenue: FloatArray


def look_ahead(ledger: Ledger, model: PurchaseModel, horizon_days: int) -> Outlook:
    """Return what the closed forms say, from a purchase model fitted on the same ledger, in days."""
    x, t_x, age = histories_of(ledger)
    purchases = model.expected_purchases(x, t_x, age, float(horizon_days))
    silent = np.clip(model.probability_silent(x, t_x, age, float(horizon_days)), 0.0, 1.0)
    if not ledger.has_amounts:
        return Outlook(ledger, model, None, purchases, silent, np.full(ledger.size, np.nan))
    count, mean = spend_history(ledger)
    spend = fit_spend(count, mean)
    return Outlook(ledger, model, spend, purchases, silent, spend.expected_amount(count, mean))


def past_origins(ledger: Ledger, model: PurchaseModel, horizon_days: int) -> list[Origin]:
    """Return past days, newest first, half a horizon apart, each with a model of the same kind fitted on what was known then.

    Very many customers are sampled evenly. Where the horizon is longer than half of the history there is none.
    """
    ledger = sampled(ledger)
    step, start = max(horizon_days // 2, 1), int(ledger.day.min())
    newest = ledger.as_of_day - horizon_days
    days = [newest - step * index for index in range(MOST_ORIGINS)]
    origins = []
    for day in days:
        if day < start + max(horizon_days // 2, SHORTEST):
            break
        customers = np.flatnonzero(ledger.first_day <= day)
        if len(customers) < LEAST_CUSTOMERS:
            break
        known = ledger.until(day)
        fitted = model if isinstance(model, Nbd) else type(model).fit(*histories_of(known))  # type: ignore[attr-defined]
        origins.append(
            Origin(
                day,
                horizon_days,
                look_ahead(known, fitted, horizon_days),
                ledger.purchases_between(day, day + horizon_days)[customers].astype(np.float64),
                ledger.revenue_between(day, day + horizon_days)[customers],
            )
        )
    return origins


def sampled(ledger: Ledger, most: int = MOST_CUSTOMERS) -> Ledger:
    """Return the ledger of every k-th customer, so that at most `most` are left."""
    if ledger.size <= most:
        return ledger
    kept = np.zeros(ledger.size, dtype=bool)
    kept[:: -(-ledger.size // most)] = True
    place = np.cumsum(kept) - 1
    bought, booked = kept[ledger.buyer], kept[ledger.refunded]
    return replace(
        ledger,
        customer_ids=ledger.customer_ids[kept],
        buyer=place[ledger.buyer[bought]],
        day=ledger.day[bought],
        amount=ledger.amount[bought],
        refunded=place[ledger.refunded[booked]],
        refund_day=ledger.refund_day[booked],
        refund_amount=ledger.refund_amount[booked],
        refund_target=ledger.refund_target[booked],
    )
