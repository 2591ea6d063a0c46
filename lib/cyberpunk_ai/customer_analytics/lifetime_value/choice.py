"""Which purchase model fits these customers best: judged by what it foresaw of a stretch of history that was held out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import BgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.mbg_nbd import MbgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.nbd import Nbd
from cyberpunk_ai.customer_analytics.lifetime_value.pareto_nbd import ParetoNbd

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger

# The first wins a tie: it is the simplest and the most used.
KINDS: tuple[type[BgNbd | MbgNbd | ParetoNbd], ...] = (BgNbd, MbgNbd, ParetoNbd)
SHORTEST, LEAST_PURCHASES, MOST_CUSTOMERS = 7, 50, 50_000


@dataclass(frozen=True, eq=False)
class Choice:
    """The purchase model that was chosen.

    Attributes:
        model: Fitted on all of the history.
        errors: Held-out error of each model: mean absolute error in units of the mean, plus the relative error of the total; empty where
            there was too little to judge by.
        reason: Why this model, in a sentence.
    """

    model: PurchaseModel
    errors: dict[str, float] = field(default_factory=dict)
    reason: str = ""


def choose_purchases(ledger: Ledger, horizon_days: int) -> Choice:
    """Choose among BG/NBD, MBG/NBD and Pareto/NBD.

    Each is fitted on the first part of the history and foresees the rest: the last horizon, or the last quarter of the history where
    that is shorter, so that most of the history is left to learn from.

    Args:
        ledger: Purchases up to the moment of the analysis.
        horizon_days: How far the report looks ahead.
    """
    histories = histories_of(ledger)
    usual = BgNbd.fit(*histories)
    if isinstance(usual, Nbd):
        return Choice(usual, reason="too few repeat purchases to choose a model")
    ahead = min(horizon_days, (ledger.as_of_day - int(ledger.day.min())) // 4)
    if ahead < SHORTEST:
        return Choice(usual, reason="the history is too short to hold some of it out: BG/NBD by default")
    cut = ledger.as_of_day - ahead
    chosen = np.flatnonzero(ledger.first_day <= cut)
    known = ledger.until(cut)
    even = slice(None, None, -(-len(chosen) // MOST_CUSTOMERS))
    actual = ledger.purchases_between(cut, ledger.as_of_day)[chosen][even].astype(np.float64)
    if actual.sum() < LEAST_PURCHASES:
        return Choice(usual, reason="too few purchases came lately to judge models by: BG/NBD by default")
    x, t_x, age = (part[even] for part in histories_of(known))
    errors = {}
    for kind in KINDS:
        model = kind.fit(x, t_x, age)
        if not isinstance(model, Nbd) and not model.message:
            errors[kind.name] = held_out_error(actual, model.expected_purchases(x, t_x, age, float(ahead)))
    if not errors:
        return Choice(usual, reason="no model fitted the earlier history cleanly: BG/NBD by default")
    for name in sorted(errors, key=lambda each: errors[each]):
        kind = next(each for each in KINDS if each.name == name)
        model = usual if kind is BgNbd else kind.fit(*histories)
        if not isinstance(model, Nbd) and not model.message:
            return Choice(model, errors, f"{name} foresaw the last {ahead} days best")
    return Choice(usual, errors, "no better model fits all of the history cleanly: BG/NBD by default")


def held_out_error(actual: FloatArray, expected: FloatArray) -> float:
    """Return the mean absolute error in units of the mean, plus the relative error of the total."""
    total = max(float(actual.sum()), 1e-9)
    return float(np.abs(expected - actual).sum() / total + abs(expected.sum() / total - 1.0))
