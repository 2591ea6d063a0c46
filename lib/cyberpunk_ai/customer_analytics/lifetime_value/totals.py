"""What the whole base will bring, with an interval as wide as the misses of finished periods make it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

from cyberpunk_ai.customer_analytics.lifetime_value.origins import past_origins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.lifetime_value.origins import Origin
    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger

LEVEL = 0.9
# A total of less says nothing about relative errors.
LEAST_TOTAL, LEAST_ORIGINS, SHORTEST = 5.0, 2, 7
COLUMNS = ("what", "expected", "lo", "hi", "level", "status", "note")


@dataclass(frozen=True)
class PastErrors:
    """How totals of finished periods were missed: logarithms of what came over what was expected, newest first.

    Attributes:
        purchases: Of purchases.
        revenue: Of net revenue.
        leaving: Of customers without a purchase.
        horizon_days: Length of the finished periods.
        is_whole_horizon: Whether they are as long as the horizon of the report.
    """

    purchases: tuple[float, ...] = ()
    revenue: tuple[float, ...] = ()
    leaving: tuple[float, ...] = ()
    horizon_days: int = 0
    is_whole_horizon: bool = True

    def with_revenue(self, actual: float, expected: float) -> PastErrors:
        """Return the same errors with one more of revenue."""
        return replace(self, revenue=(*_errors([(actual, expected)]), *self.revenue))


def errors_of(ledger: Ledger, model: PurchaseModel, horizon_days: int, origins: Sequence[Origin]) -> PastErrors:
    """Return how the totals of finished periods were missed; of shorter periods where the history holds no whole horizon to judge by."""
    is_whole = len(origins) >= LEAST_ORIGINS
    if not is_whole:
        shorter = min((ledger.as_of_day - int(ledger.day.min())) // 4, horizon_days)
        found = past_origins(ledger, model, shorter) if SHORTEST <= shorter < horizon_days else []
        origins = found if len(found) > len(origins) else origins
    if not origins:
        return PastErrors()
    return PastErrors(
        _errors([(float(each.purchases.sum()), float(each.outlook.purchases.sum())) for each in origins]),
        _errors([(float(each.revenue.sum()), float(each.outlook.value.sum())) for each in origins]) if ledger.has_amounts else (),
        _errors([(float((each.purchases == 0).sum()), float(each.outlook.silent.sum())) for each in origins]),
        origins[0].horizon_days,
        is_whole,
    )


def totals_table(
    purchases: float, revenue: float | None, leaving: float, *, customers: int, errors: PastErrors, horizon_days: int
) -> pd.DataFrame:
    """Return the totals over the horizon.

    Args:
        purchases: Expected purchases.
        revenue: Expected net revenue, or None without amounts.
        leaving: Expected customers without a purchase.
        customers: Number of customers.
        errors: How finished periods were missed.
        horizon_days: How far the totals look ahead.

    Returns:
        what, expected, lo, hi, level, status, note; one row per total, ends missing where nothing finished tells how far they may lie.
    """
    rows = [
        _row("purchases", purchases, errors.purchases, errors, horizon_days, None),
        *([_row("revenue", revenue, errors.revenue, errors, horizon_days, None)] if revenue is not None else []),
        _row("leaving", leaving, errors.leaving, errors, horizon_days, float(customers)),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    what: str, expected: float, misses: tuple[float, ...], errors: PastErrors, horizon_days: int, most: float | None
) -> tuple[str, float, float, float, float, str, str]:
    spread = relative_spread(misses)
    if spread is None or not np.isfinite(expected):
        return what, expected, np.nan, np.nan, LEVEL, "not validated", "there is too little finished history to say how far it may lie"
    if not errors.is_whole_horizon:
        # Errors of shorter periods grow with time at least as those of a sum of independent steps.
        spread *= float(np.sqrt(max(horizon_days / errors.horizon_days, 1.0)))
    lo, hi = sorted((expected * np.exp(-spread), expected * np.exp(spread)))
    if most is not None:
        hi = min(hi, most)
    worst = max(abs(np.expm1(miss)) for miss in misses)
    if not errors.is_whole_horizon:
        note = f"no finished period of {horizon_days} days: widened from {len(misses)} of {errors.horizon_days} days"
        return what, expected, lo, hi, LEVEL, "not validated", note
    return what, expected, lo, hi, LEVEL, "validated", f"{len(misses)} finished periods were missed by at most {worst:.0%}"


def relative_spread(misses: tuple[float, ...]) -> float | None:
    """Return how far the logarithm of the next total may lie from what is expected, or None with fewer than two finished periods.

    The misses themselves are the measure, bias included. Periods overlap by half, so they count for about half as many.
    """
    if len(misses) < LEAST_ORIGINS:
        return None
    independent = (len(misses) + 1) / 2
    usual = float(np.sqrt(np.mean(np.square(misses))))
    return float(student.ppf((1 + LEVEL) / 2, independent) * usual * np.sqrt(1 + 1 / independent))


def _errors(pairs: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    return tuple(float(np.log(actual / expected)) for actual, expected in pairs if actual >= LEAST_TOTAL and expected >= LEAST_TOTAL)
