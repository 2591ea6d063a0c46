"""Expected purchases and expected value per customer over the horizon, each with an interval: where the models of this folder meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.lifetime_value.choice import choose_purchases
from cyberpunk_ai.customer_analytics.lifetime_value.intervals import calibrated_tail, value_intervals
from cyberpunk_ai.customer_analytics.lifetime_value.learnt_value import learn_value, tried
from cyberpunk_ai.customer_analytics.lifetime_value.origins import look_ahead, past_origins
from cyberpunk_ai.customer_analytics.lifetime_value.totals import PastErrors, errors_of

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import SpendModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger


@dataclass(frozen=True, eq=False)
class Value:
    """Value over the horizon, one entry per customer in the ledger's order; missing where the data has no amounts.

    Attributes:
        expected_purchases: Mean purchases.
        value: Mean net revenue.
        lo: Lower end of the 80% interval of the value.
        hi: Upper end.
        spend: The spend model, or None without amounts.
        model: The purchase model that was chosen.
        source: Where `value` comes from: `closed form`, `learnt`, or `none`.
        reasons: Why this model and this source, in sentences.
        errors: How the totals of finished periods were missed.
    """

    expected_purchases: FloatArray
    value: FloatArray
    lo: FloatArray
    hi: FloatArray
    spend: SpendModel | None
    model: PurchaseModel
    source: str
    reasons: tuple[str, ...] = ()
    errors: PastErrors = field(default_factory=PastErrors)


def value_customers(ledger: Ledger, model: PurchaseModel | None, horizon_days: int, *, seed: int = 0) -> Value:
    """Estimate purchases and value per customer over the horizon.

    Args:
        ledger: Purchases up to the moment of the analysis.
        model: Purchase model fitted on the same ledger, in days; the best of BG/NBD, MBG/NBD and Pareto/NBD is chosen when None.
        horizon_days: How far to look ahead.
        seed: Of draws and trees; the same seed gives the same numbers.
    """
    reasons: list[str] = []
    if model is None:
        choice = choose_purchases(ledger, horizon_days)
        model = choice.model
        reasons.append(choice.reason)
    outlook = look_ahead(ledger, model, horizon_days)
    origins = past_origins(ledger, model, horizon_days)
    errors = errors_of(ledger, model, horizon_days, origins)
    if outlook.spend is None:
        missing = np.full(ledger.size, np.nan)
        return Value(outlook.purchases, missing, missing, missing, None, model, "none", tuple(reasons), errors)
    value, source = outlook.value, "closed form"
    past = [(origin, origin.outlook.value) for origin in origins]
    trial = tried(origins, seed=seed)
    reasons.append(trial.reason)
    learnt = learn_value(origins, seed=seed) if trial.is_better else None
    if learnt is not None and trial.expected is not None:
        value, source = learnt.predict(outlook, horizon_days), "learnt"
        past[0] = (origins[0], trial.expected)
        errors = errors.with_revenue(float(origins[0].revenue.sum()), float(trial.expected.sum()))
    lo, hi = value_intervals(outlook, outlook.spend, value, horizon_days, calibrated_tail(past, seed=seed), seed=seed)
    return Value(outlook.purchases, value, lo, hi, outlook.spend, model, source, tuple(reasons), errors)
