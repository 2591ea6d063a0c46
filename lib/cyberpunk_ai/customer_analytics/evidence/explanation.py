"""Why one customer scores as it does: every feature's part of the score, in numbers and words, beside segment, value and action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.evidence.customer import place_of
from cyberpunk_ai.customer_analytics.evidence.words import words_for

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.results import RetentionReport

COLUMNS = ["feature", "value", "contribution", "direction", "words"]
UNSEEN = "outcome kept out"


@dataclass(frozen=True, eq=False)
class Explanation(Result):
    """One customer's chance to leave, and what makes it differ from the typical customer's.

    Attributes:
        customer_id: Who.
        probability: Chance to leave within the horizon.
        risk: `high`, `medium` or `low`.
        typical_probability: Chance of a customer whose features are all typical; with the contributions it makes the probability. The
            average customer's where the model has no parts.
        contributions: feature, value (as the model sees it), contribution (added to the log odds), direction (`raises`, `lowers`), words;
            strongest first. They add up to the distance between the two chances in log odds. Empty where the model has no parts.
        reasons: The three strongest reasons in words.
        segment: RFM segment, or None.
        expected_purchases: Over the horizon.
        lifetime_value: Expected net revenue over the horizon.
        lifetime_value_lo: Lower end of its 80% interval.
        lifetime_value_hi: Upper end.
        suggested_action: By rule, and labelled so.
        horizon_days: How far all of it looks ahead.
        model: Which kind of model scored.
        sentence: The answer in one sentence.
    """

    chart_name: ClassVar[str] = "explanation"

    customer_id: str
    probability: float
    risk: str
    typical_probability: float
    contributions: pd.DataFrame
    reasons: tuple[str, ...]
    segment: str | None
    expected_purchases: float
    lifetime_value: float
    lifetime_value_lo: float
    lifetime_value_hi: float
    suggested_action: str
    horizon_days: int
    model: str
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature, strongest first."""
        return self.contributions


def explain(report: RetentionReport, customer_id: object) -> Explanation:
    """Explain one customer's score.

    Args:
        report: The report that scored it.
        customer_id: Who.

    Raises:
        NotFound: The report knows no such customer; the hint names ids that look like it.
    """
    place = place_of(report, customer_id)
    row = report.customers.iloc[place]
    chance = float(row["churn_probability"])
    has_left = not pd.isna(row["churned"]) and bool(row["churned"])
    parts, typical = pd.DataFrame(columns=COLUMNS), float(report.customers["churn_probability"].mean())
    if not has_left and np.isfinite(chance):
        parts, typical = _parts(report, place, chance, typical)
    reasons = tuple(part for part in str(row["reasons"]).split("; ") if part)[:3]
    evidence = report.evidence
    return Explanation(
        customer_id=str(row["customer_id"]),
        probability=chance,
        risk=str(row["risk"]),
        typical_probability=typical,
        contributions=parts,
        reasons=reasons,
        segment=None if pd.isna(row["segment"]) else str(row["segment"]),
        expected_purchases=float(row["expected_purchases"]),
        lifetime_value=float(row["lifetime_value"]),
        lifetime_value_lo=float(row["lifetime_value_lo"]),
        lifetime_value_hi=float(row["lifetime_value_hi"]),
        suggested_action=str(row["suggested_action"]),
        horizon_days=report.horizon_days,
        model=evidence.churn.name if evidence is not None and evidence.churn is not None else "no model of its own",
        sentence=_sentence(str(row["customer_id"]), chance, typical, has_left, reasons, _within(report)),
    )


def _parts(report: RetentionReport, place: int, chance: float, average: float) -> tuple[pd.DataFrame, float]:
    """Return the contributions, and the chance that is left when they are all taken away."""
    evidence = report.evidence
    if evidence is None or evidence.churn is None or not len(evidence.features):
        return pd.DataFrame(columns=COLUMNS), average
    row = evidence.features[place : place + 1]
    moved = evidence.churn.contributions(row)[0]
    modelled = float(log_odds(evidence.churn.probability(row)[0]))
    names, values = list(evidence.churn.names), row[0].tolist()
    words = [words_for(name, value, report.horizon_days) for name, value in zip(names, values, strict=True)]
    apart = float(log_odds(chance)) - modelled
    if abs(apart) > 1e-6:
        # The customer was scored by a model that had not seen its outcome; the parts are those of the model of all customers.
        names, values, words, moved = (
            [*names, UNSEEN],
            [*values, np.nan],
            [*words, "scored without its own outcome"],
            np.append(moved, apart),
        )
    table = pd.DataFrame(
        {
            "feature": names,
            "value": values,
            "contribution": moved,
            "direction": np.where(moved > 0, "raises", np.where(moved < 0, "lowers", "none")),
            "words": words,
        }
    )
    table = table.iloc[np.argsort(-np.abs(moved), kind="stable")].reset_index(drop=True)
    return table, float(expit(log_odds(chance) - moved.sum()))


def log_odds(chance: float) -> float:
    """Return the log odds of a chance, finite also for 0 and 1."""
    return float(logit(np.clip(chance, 1e-9, 1 - 1e-9)))


def _within(report: RetentionReport) -> str:
    """The time that the chance is of; a flag without dates says only that somebody has left at some time."""
    members = None if report.evidence is None else report.evidence.members
    is_flag = report.regime == "contractual" and members is not None and members.has_left is not None and not members.has_dates
    return "" if is_flag else f" within {report.horizon_days} days"


def _sentence(customer_id: str, chance: float, typical: float, has_left: bool, reasons: tuple[str, ...], within: str) -> str:
    if has_left:
        return f"{customer_id} has left."
    if not np.isfinite(chance):
        return f"The chance of {customer_id} to leave is not known."
    told = f"{customer_id} leaves{within} with a chance of {chance:.0%}, typical is {typical:.0%}"
    return f"{told}; {reasons[0]}." if reasons else f"{told}."
