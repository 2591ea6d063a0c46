"""What a customer's chance to leave and value would be, had something about it been different. An association, never a promised effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import expit

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.evidence.changed_fields import change_fields
from cyberpunk_ai.customer_analytics.evidence.changed_purchases import change_purchases
from cyberpunk_ai.customer_analytics.evidence.customer import place_of
from cyberpunk_ai.customer_analytics.evidence.explanation import log_odds
from cyberpunk_ai.customer_analytics.evidence.words import words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray
    from cyberpunk_ai.customer_analytics.results import RetentionReport

CAVEAT = (
    "Customers who look like this leave about as often; that changing it would make this customer leave less is not shown. "
    "An effect can only be told from a treatment that was given at random."
)


@dataclass(frozen=True, eq=False)
class WhatIf(Result):
    """One customer before and after a change that was only thought of.

    Attributes:
        customer_id: Who.
        changes: What was changed.
        probability_before: Chance to leave, as in the report.
        probability_after: Chance to leave with the change.
        expected_purchases_before: Over the horizon, as in the report.
        expected_purchases_after: With the change; missing where it cannot be told.
        value_before: Expected net revenue over the horizon, as in the report.
        value_after: With the change; missing where it cannot be told.
        seen_on: The day from which the horizon runs with the change.
        moved: feature, before, after (as the model sees it), contribution (change of the log odds), words_before, words_after; only
            features that changed, strongest first.
        notes: What the change rests on: values never seen in the data, and the like.
        sentence: The answer in one sentence.
        caveat: Why it is an association and no promise.
    """

    chart_name: ClassVar[str] = "what_if"

    customer_id: str
    changes: dict[str, Any]
    probability_before: float
    probability_after: float
    expected_purchases_before: float
    expected_purchases_after: float
    value_before: float
    value_after: float
    seen_on: pd.Timestamp
    moved: pd.DataFrame
    notes: tuple[str, ...]
    sentence: str
    caveat: str = CAVEAT

    def to_frame(self) -> pd.DataFrame:
        """Return figure, before, after and change."""
        before = np.array([self.probability_before, self.expected_purchases_before, self.value_before])
        after = np.array([self.probability_after, self.expected_purchases_after, self.value_after])
        figures = ["churn_probability", "expected_purchases", "lifetime_value"]
        return pd.DataFrame({"figure": figures, "before": before, "after": after, "change": after - before})


def what_if(report: RetentionReport, customer_id: object, changes: Mapping[str, Any]) -> WhatIf:
    """Score one customer again with something changed.

    Args:
        report: The report that scored it.
        customer_id: Who.
        changes: Name to new value. Without contract: purchases_today (0 or 1), amount, days_until_next_purchase, extra_days_of_silence.
            Under contract: any field that the model uses and the business can change, such as `Contract="Two year"`.

    Raises:
        NotFound: The report knows no such customer.
        InvalidArgument: A name cannot be changed or a value is not allowed; the hint lists what can be changed, and to what. Or the
            customer has left already.
        TooLittleData: The report keeps no fitted model to ask.
    """
    place = place_of(report, customer_id)
    row = report.customers.iloc[place]
    if not pd.isna(row["churned"]) and bool(row["churned"]):
        raise InvalidArgument(f"customer {row['customer_id']} has left already", hint="choose one who can still be kept")
    evidence = report.evidence
    if evidence is None or evidence.churn is None or not len(evidence.features):
        raise TooLittleData(
            "there is no churn model to ask: the chance comes from a curve over all customers",
            hint="give fields of the customers, or more history, so that a model can be learnt",
        )
    changed = change_fields(report, place, changes) if report.regime == "contractual" else change_purchases(report, place, changes)
    before = evidence.features[place : place + 1]
    odds = [log_odds(evidence.churn.probability(features)[0]) for features in (before, changed.features)]
    # The step of the model is added to the score of the report, which may come from a model that had not seen this customer's outcome.
    chance = float(row["churn_probability"])
    after = chance if odds[0] == odds[1] else float(expit(log_odds(chance) + odds[1] - odds[0]))
    purchases, value = (float(row[name]) for name in ("expected_purchases", "lifetime_value"))
    given = dict(changes)
    purchases_after, value_after = changed.worth(chance, after, purchases, value)
    return WhatIf(
        customer_id=str(row["customer_id"]),
        changes=given,
        probability_before=chance,
        probability_after=after,
        expected_purchases_before=purchases,
        expected_purchases_after=purchases_after,
        value_before=value,
        value_after=value_after,
        seen_on=pd.Timestamp(report.as_of) + pd.Timedelta(days=changed.later_days),
        moved=_moved(report, before[0], changed.features[0]),
        notes=changed.notes,
        sentence=_sentence(str(row["customer_id"]), given, chance, after, value, value_after),
    )


def _moved(report: RetentionReport, before: FloatArray, after: FloatArray) -> pd.DataFrame:
    evidence = report.evidence
    assert evidence is not None and evidence.churn is not None  # noqa: S101 - asked for by the caller
    parts = evidence.churn.contributions(np.stack([before, after]))
    step = parts[1] - parts[0]
    names, horizon = list(evidence.churn.names), report.horizon_days
    table = pd.DataFrame(
        {
            "feature": names,
            "before": before,
            "after": after,
            "contribution": step,
            "words_before": [words_for(name, value, horizon) for name, value in zip(names, before.tolist(), strict=True)],
            "words_after": [words_for(name, value, horizon) for name, value in zip(names, after.tolist(), strict=True)],
        }
    )
    order = np.argsort(-np.abs(step), kind="stable")
    moved: pd.DataFrame = table.iloc[order[before[order] != after[order]]].reset_index(drop=True)
    return moved


def _sentence(customer_id: str, changes: dict[str, Any], before: float, after: float, value: float, value_after: float) -> str:
    what = ", ".join(f"{name}={given}" for name, given in changes.items()) or "nothing changed"
    told = f"With {what}, {customer_id} would look like customers who leave with a chance of {after:.0%} rather than {before:.0%}"
    if np.isfinite(value) and np.isfinite(value_after):
        told += f", and who bring {value_after:,.2f} rather than {value:,.2f}"
    return f"{told}: an association in the data, not a promised effect."
