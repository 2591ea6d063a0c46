"""A customer without contract who buys today, buys later, or stays silent for longer: its ledger is carried on and read again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.churn.features import NAMES, feature_table
from cyberpunk_ai.customer_analytics.evidence.changed import Changed
from cyberpunk_ai.customer_analytics.evidence.rhythm import rhythm_of
from cyberpunk_ai.customer_analytics.evidence.some_customers import of_customers
from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import spend_history

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberpunk_ai.customer_analytics.evidence.base import Evidence
    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
    from cyberpunk_ai.customer_analytics.results import RetentionReport

LONGEST_DAYS = 3650
ALLOWED = {
    "purchases_today": "0 or 1",
    "amount": "0 or more, of each purchase that is added",
    "days_until_next_purchase": f"0 to {LONGEST_DAYS}",
    "extra_days_of_silence": f"0 to {LONGEST_DAYS}",
}


@dataclass(frozen=True)
class Future:
    """What is thought to happen next, in this order."""

    buys_today: bool
    next_purchase: int | None
    silence: int
    amount: float | None


def change_purchases(report: RetentionReport, place: int, changes: Mapping[str, Any]) -> Changed:
    """Carry one customer's ledger on as asked, and read its features again.

    Args:
        report: The report.
        place: Row of the customer.
        changes: Any of `ALLOWED`.

    Raises:
        InvalidArgument: A name or value is not allowed.
        TooLittleData: The report keeps no ledger.
    """
    future = _future(changes)
    evidence = report.evidence
    if evidence is None or evidence.ledger is None or evidence.purchases is None:
        raise TooLittleData("the report keeps no purchases to carry on", hint="analyse the transactions again")
    before = alone(evidence.ledger, place)
    amount = float(before.amount.mean()) if future.amount is None else future.amount
    after = _carried_on(before, future, amount)
    features = evidence.features[[place]].copy()
    rhythm = rhythm_of(evidence, report.horizon_days)
    if after is not before and rhythm is not None:
        features[:, : len(NAMES)] = feature_table(after, report.horizon_days, rhythm)
    notes = [f"each added purchase is worth {amount:,.2f}, the customer's average"] if _adds(future) and future.amount is None else []
    if not before.has_amounts:
        notes = []

    def worth(_chance: float, _after: float, purchases: float, value: float) -> tuple[float, float]:
        steps = [_expected(evidence, ledger, report.horizon_days) for ledger in (before, after)]
        return _scaled(purchases, steps[0][0], steps[1][0]), _scaled(value, steps[0][1], steps[1][1])

    return Changed(features, worth, after.as_of_day - before.as_of_day, tuple(notes))


def alone(ledger: Ledger, place: int) -> Ledger:
    """Return the ledger of one customer."""
    return of_customers(ledger, np.array([place]))


def with_purchase(ledger: Ledger, day: int, amount: float) -> Ledger:
    """Return the ledger of one customer with one more purchase, on its last day or later; a day has one row."""
    if len(ledger.day) and ledger.day[-1] == day:
        amounts = ledger.amount.copy()
        amounts[-1] += amount
        return replace(ledger, amount=amounts, as_of_day=max(day, ledger.as_of_day))
    return replace(
        ledger,
        buyer=np.append(ledger.buyer, 0),
        day=np.append(ledger.day, day),
        amount=np.append(ledger.amount, amount),
        as_of_day=max(day, ledger.as_of_day),
    )


def _carried_on(ledger: Ledger, future: Future, amount: float) -> Ledger:
    today = ledger.as_of_day
    if future.buys_today:
        ledger = with_purchase(ledger, today, amount)
    if future.next_purchase is not None:
        ledger = with_purchase(ledger, today + future.next_purchase, amount)
    return replace(ledger, as_of_day=ledger.as_of_day + future.silence) if future.silence else ledger


def _adds(future: Future) -> bool:
    return future.buys_today or future.next_purchase is not None


def _expected(evidence: Evidence, ledger: Ledger, horizon_days: int) -> tuple[float, float]:
    assert evidence.purchases is not None  # noqa: S101 - asked for by the caller
    purchases = float(evidence.purchases.expected_purchases(*histories_of(ledger), float(horizon_days))[0])
    if evidence.spend is None:
        return purchases, float("nan")
    return purchases, purchases * float(evidence.spend.expected_amount(*spend_history(ledger))[0])


def _scaled(reported: float, before: float, after: float) -> float:
    """The report's figure may be blended with other models: it moves by the factor by which the model moves."""
    if before == after:
        return reported
    return reported * after / before if before > 0 else after


def _future(changes: Mapping[str, Any]) -> Future:
    unknown = [name for name in changes if name not in ALLOWED]
    if unknown:
        raise InvalidArgument(f"{', '.join(map(str, unknown))} cannot be changed", hint=_listed(), allowed=ALLOWED)
    today, following = _whole(changes, "purchases_today", 1), _whole(changes, "days_until_next_purchase", LONGEST_DAYS)
    silence, amount = _whole(changes, "extra_days_of_silence", LONGEST_DAYS), None
    if changes.get("amount") is not None:
        amount = _number(changes["amount"])
        if amount is None or amount < 0:
            raise InvalidArgument(f"amount is {changes['amount']!r}", hint=_listed(), allowed=ALLOWED)
        if not today and following is None:
            raise InvalidArgument("an amount belongs to a purchase", hint="add purchases_today=1 or days_until_next_purchase")
    return Future(bool(today), following, silence or 0, amount)


def _whole(changes: Mapping[str, Any], name: str, most: int) -> int | None:
    if changes.get(name) is None:
        return None
    number = _number(changes[name])
    if number is None or number != int(number) or not 0 <= number <= most:
        raise InvalidArgument(f"{name} is {changes[name]!r}", hint=_listed(), allowed=ALLOWED)
    return int(number)


def _number(given: Any) -> float | None:
    try:
        number = float(given)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _listed() -> str:
    return "what can be changed: " + "; ".join(f"{name} ({values})" for name, values in ALLOWED.items())
