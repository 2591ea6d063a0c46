"""A customer under contract with other terms: its fields as the churn model sees them, one or several exchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.contractual.leaks import duration_proxies
from cyberpunk_ai.customer_analytics.evidence.changed import Changed
from cyberpunk_ai.customer_analytics.reading.members import DAYS_PER_MONTH
from cyberpunk_ai.customer_analytics.regimes import payment_period

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from cyberpunk_ai.customer_analytics.evidence.base import Evidence
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray
    from cyberpunk_ai.customer_analytics.results import RetentionReport

# What people are, where they live and how long they have been customers, no offer can change.
PERSONAL = frozenset(
    {
        "tenure", "accountlength", "gender", "sex", "age", "seniorcitizen", "senior", "birthdate", "dateofbirth", "birthyear", "partner",
        "married", "maritalstatus", "dependents", "children", "householdsize", "income", "education", "occupation", "nationality",
        "ethnicity", "race", "religion", "country", "state", "region", "city", "zip", "zipcode", "postcode", "areacode",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of the customers as the model sees it.

    Attributes:
        name: As in the user's frame.
        column: Of a number.
        choices: Value to column, of a field with few values; empty for a number.
        lowest: Lowest number seen.
        highest: Highest number seen.
    """

    name: str
    column: int
    choices: dict[str, int]
    lowest: float
    highest: float

    @property
    def allowed(self) -> str:
        """What it can be changed to, in words."""
        return " or ".join(map(repr, self.choices)) if self.choices else f"a number, {self.lowest:g} to {self.highest:g} was seen"


def mutable_fields(names: tuple[str, ...], features: FloatArray, fixed: Container[str] = ()) -> dict[str, Field]:
    """Return the fields that the business can change, by name.

    Args:
        names: Names of the features; `Contract=Two year` is a value of the field `Contract`.
        features: Features of all customers, shape (n, k).
        fixed: Names of fields that follow from others, such as what was paid in all.
    """
    fields: dict[str, Field] = {}
    for column, feature in enumerate(names):
        name, is_choice, choice = feature.partition("=")
        if _plain(name) in PERSONAL or name in fixed:
            continue
        if is_choice:
            known = fields.setdefault(name, Field(name, -1, {}, 0.0, 1.0))
            known.choices[choice] = column
        else:
            fields[name] = Field(name, column, {}, float(features[:, column].min()), float(features[:, column].max()))
    return fields


def change_fields(report: RetentionReport, place: int, changes: Mapping[str, Any]) -> Changed:
    """Exchange fields of one customer.

    Args:
        report: The report.
        place: Row of the customer.
        changes: Field to new value.

    Raises:
        InvalidArgument: A field is not known or not to be changed, or a value is not among those seen.
        TooLittleData: The report keeps no model.
    """
    evidence = report.evidence
    if evidence is None or evidence.churn is None:
        raise TooLittleData("the report keeps no model to ask", hint="analyse the customers again")
    members = evidence.members
    grown = {} if members is None else duration_proxies(members.fields, members.tenure_days)
    fields = mutable_fields(evidence.churn.names, evidence.features, grown)
    by_plain = {_plain(name): field for name, field in fields.items()}
    row, notes, factor = evidence.features[[place]].copy(), [], 1.0
    for name, given in changes.items():
        field = by_plain.get(_plain(str(name)))
        if field is None:
            raise InvalidArgument(_refusal(str(name), grown), hint=_listed(fields))
        if field.choices:
            column = _choice(field, given)
            row[0, list(field.choices.values())] = 0.0
            row[0, column] = 1.0
        else:
            number = _number(field, given)
            factor *= _price_factor(evidence, field, place, number)
            row[0, field.column] = number
            if not field.lowest <= number <= field.highest:
                edge = f"the highest seen, {field.highest:g}" if number > field.highest else f"the lowest seen, {field.lowest:g}"
                notes.append(f"{field.name} {number:g} is beyond {edge}: the answer is for that edge")
    notes += _clashes(evidence.churn.names, evidence.features, place, row[0])
    period = _period(evidence)

    def worth(chance: float, after: float, purchases: float, value: float) -> tuple[float, float]:
        paid, still = (_expected_payments(each, report.horizon_days, period) for each in (chance, after))
        ratio = still / paid if paid > 0 else float("nan")
        return (purchases, value * factor) if chance == after else (purchases * ratio, value * ratio * factor)

    return Changed(row, worth, 0, tuple(notes))


def _refusal(name: str, grown: Mapping[str, str]) -> str:
    if _plain(name) in PERSONAL:
        return f"{name} cannot be changed"
    made_of = next((what for field, what in grown.items() if _plain(field) == _plain(name)), None)
    return f"{name} is no field that the churn model uses" if made_of is None else f"{name} cannot be changed: it is {made_of}"


def _clashes(names: tuple[str, ...], features: FloatArray, place: int, after: FloatArray) -> list[str]:
    """Say which values nobody has together, such as no internet with streaming: the model then answers for nobody."""
    chosen = [column for column, name in enumerate(names) if "=" in name and after[column] == 1.0]
    new = [column for column in chosen if features[place, column] != 1.0]
    told = []
    for column in new:
        others = [other for other in chosen if other != column and not (other in new and other < column)]
        apart = [names[other] for other in others if not ((features[:, column] == 1.0) & (features[:, other] == 1.0)).any()]
        if apart:
            told.append(f"nobody with {names[column]} has {' or '.join(apart)}: change {'that' if len(apart) == 1 else 'those'} too")
    return told


def _choice(field: Field, given: Any) -> int:
    wanted = _plain(str(given))
    for choice, column in field.choices.items():
        if _plain(choice) == wanted:
            return column
    raise InvalidArgument(
        f"{field.name} is {given!r}, which no customer has", hint=f"allowed: {field.allowed}", allowed=list(field.choices)
    )


def _number(field: Field, given: Any) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise InvalidArgument(f"{field.name} is {given!r}, which is no number", hint=f"allowed: {field.allowed}")
    return number


def _price_factor(evidence: Evidence, field: Field, place: int, number: float) -> float:
    """By what value is multiplied when the field is the recurring amount itself."""
    members = evidence.members
    if members is None or len(members.recurring_amount) != len(evidence.features):
        return 1.0
    amounts = members.recurring_amount
    before = float(evidence.features[place, field.column])
    is_price = np.isfinite(amounts).any() and np.array_equal(
        np.nan_to_num(amounts), np.where(np.isfinite(amounts), evidence.features[:, field.column], 0.0)
    )
    return number / before if is_price and before > 0 else 1.0


def _period(evidence: Evidence) -> float:
    ledger = evidence.ledger
    period = payment_period(ledger) if ledger is not None and ledger.has_amounts else None
    return float(period) if period else DAYS_PER_MONTH


def _expected_payments(chance: float, horizon_days: int, period: float) -> float:
    """Payments within the horizon when a customer leaves at an even pace with that chance over the whole of it."""
    staying = (1 - min(chance, 1 - 1e-9)) ** (period / horizon_days)
    return float((staying ** np.arange(1, int(horizon_days // period) + 1)).sum())


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listed(fields: Mapping[str, Field]) -> str:
    return "what can be changed: " + "; ".join(f"{name} ({field.allowed})" for name, field in fields.items())
