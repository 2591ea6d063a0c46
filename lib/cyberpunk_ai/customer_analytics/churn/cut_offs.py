"""Past days with their outcome, from which churn is learnt. A day sees nothing of what came after it but its own label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.churn.features import feature_table
from cyberpunk_ai.customer_analytics.churn.horizons import matured_cut_offs
from cyberpunk_ai.customer_analytics.evidence.some_customers import of_customers
from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger

MIN_CUSTOMERS, MIN_CLASS = 60, 15


@dataclass(frozen=True, eq=False)
class CutOff:
    """One past day with its outcome.

    Attributes:
        day: The day, counted from 1970-01-01; its end counts.
        customers: Positions in the ledger of today of those known by then, shape (n,).
        features: What was known of them at the end of the day, shape (n, k).
        left: 1 for those without a purchase within the horizon after it, shape (n,).
    """

    day: int
    customers: IntArray
    features: FloatArray
    left: FloatArray

    @property
    def is_learnable(self) -> bool:
        """Whether enough left and enough stayed to learn from."""
        return len(self.left) >= MIN_CUSTOMERS and MIN_CLASS <= self.left.sum() <= len(self.left) - MIN_CLASS


def matured_samples(ledger: Ledger, horizon_days: int, *, most: int, seed: int = 0) -> list[CutOff]:
    """Return every past day whose whole horizon has passed, newest first.

    Args:
        ledger: Purchases up to the moment of the analysis.
        horizon_days: How far each looks ahead.
        most: Of more customers than this, so many are drawn at random: more teach nothing new, and time stays in bounds.
        seed: Of the draw.
    """
    days = matured_cut_offs(ledger, horizon_days)
    if ledger.size <= most or not days:
        return [cut_off_sample(ledger, day, horizon_days) for day in days]
    drawn = np.sort(np.random.default_rng(seed).choice(ledger.size, most, replace=False))
    some = of_customers(ledger, drawn)
    samples = [cut_off_sample(some, day, horizon_days) for day in days]
    return [CutOff(each.day, drawn[each.customers], each.features, each.left) for each in samples]


def cut_off_sample(ledger: Ledger, day: int, horizon_days: int) -> CutOff:
    """Return features known at the end of a day, and who then stayed away for the whole horizon."""
    known = ledger.until(day)
    customers = np.flatnonzero(ledger.first_day <= day)
    features = feature_table(known, horizon_days, fit_purchases(*histories_of(known)))
    left = (ledger.purchases_between(day, day + horizon_days)[customers] == 0).astype(np.float64)
    return CutOff(day, customers, features, left)


def stacked(samples: Sequence[CutOff]) -> CutOff:
    """Return the rows of several days as one."""
    return CutOff(
        samples[0].day,
        np.concatenate([sample.customers for sample in samples]),
        np.concatenate([sample.features for sample in samples]),
        np.concatenate([sample.left for sample in samples]),
    )
