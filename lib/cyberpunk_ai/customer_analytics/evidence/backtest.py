"""The whole report as it would have been on past days, against what then came: ranking, level, purchases and revenue, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.evidence.past_reports import MOST_CUSTOMERS, SHORTEST_HISTORY, past_report

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.evidence.past_reports import PastReport
    from cyberpunk_ai.customer_analytics.results import RetentionReport

MOST_ORIGINS, TOP = 24, 0.1


@dataclass(frozen=True, eq=False)
class ChurnBacktest(Result):
    """Past reports against what then came; on each day the engine knew nothing later, and learnt anew.

    Attributes:
        origins: One row per past day, oldest first: origin, until (end of its horizon), model, customers, leavers, churn_rate,
            predicted_rate, auc, auc_recency (of days since the last purchase alone), brier, log_loss, ece, lift_at_top,
            expected_purchases, purchases, purchases_error (expected over actual, less 1), purchases_hit (whether the interval of the
            total held it), and the same of revenue; missing where it was not told.
        predictions: One row per customer and day: origin, customer_id, probability, left, expected_purchases, purchases, lifetime_value,
            revenue.
        horizon_days: How far each looked ahead.
        notes: What to know about the days.
        sentence: What it means.
    """

    chart_name: ClassVar[str] = "churn_backtest"

    origins: pd.DataFrame
    predictions: pd.DataFrame
    horizon_days: int
    notes: tuple[str, ...]
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per past day."""
        return self.origins

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the single predictions as JSON-ready values."""
        told = Result.to_dict(self)
        told.pop("predictions")
        return told


def backtest(report: RetentionReport, *, origins: int = 3) -> ChurnBacktest:
    """Write the report again as of past days whose horizon has passed, and compare.

    Args:
        report: The report to test.
        origins: At most so many past days, one horizon apart, or half of one where the history is short.

    Raises:
        InvalidArgument: `origins` is out of range.
        TooLittleData: No past day has both a history before it and a whole horizon after it, or leaving is recorded without its date.
    """
    if not 1 <= origins <= MOST_ORIGINS:
        raise InvalidArgument(f"origins is {origins}", hint=f"give 1 to {MOST_ORIGINS}")
    days, notes = past_days(report, origins)
    ledger = None if report.evidence is None else report.evidence.ledger
    if report.regime == "non_contractual" and ledger is not None and ledger.size > MOST_CUSTOMERS:
        notes.append(f"tested on {MOST_CUSTOMERS:,} of {ledger.size:,} customers, drawn at random")
    rows, predictions = [], []
    for day in days:
        past = past_report(report, day)
        if past is None:
            continue
        rows.append(_judged(past, report.horizon_days))
        predictions.append(past.rows.assign(origin=rows[-1]["origin"]))
    if not rows:
        raise TooLittleData("no past day had anybody to score", hint="give more history, or a shorter horizon_days")
    table = pd.DataFrame(rows)
    return ChurnBacktest(table, pd.concat(predictions, ignore_index=True), report.horizon_days, tuple(notes), _sentence(table))


def past_days(report: RetentionReport, origins: int) -> tuple[list[int], list[str]]:
    """Return past days, oldest first, counted from 1970-01-01, and what to know about them.

    Raises:
        TooLittleData: There is none.
    """
    evidence, horizon = report.evidence, report.horizon_days
    ledger, members = (None, None) if evidence is None else (evidence.ledger, evidence.members)
    is_dated = members is not None and members.has_left is not None and members.has_dates
    if report.regime == "contractual" and members is not None and members.has_left is not None and not is_dated:
        raise TooLittleData(
            "leaving is recorded without its date, so there is no past day to go back to",
            hint="use validate(), which tests on customers kept out of learning; or give churned_at",
        )
    if is_dated and members is not None:
        now = int(np.datetime64(members.as_of, "D").astype(np.int64))
        first = now - int(np.nanmax(members.tenure_days + members.gone_days))
    elif ledger is not None:
        now, first = ledger.as_of_day, int(ledger.day.min())
    else:
        raise TooLittleData("the report keeps no history to go back to", hint="analyse the transactions again")
    oldest, newest = first + max(horizon // 2, SHORTEST_HISTORY), now - horizon
    for step, notes in ((horizon, []), (max(horizon // 2, 1), ["the history is short: the days lie half a horizon apart and overlap"])):
        days = [newest - step * index for index in range(origins) if newest - step * index >= oldest]
        if len(days) == origins:
            return days[::-1], notes
    if not days:
        raise TooLittleData(
            f"no past day has a history before it and {horizon} days after it",
            hint="give more history, or a shorter horizon_days",
        )
    return days[::-1], [*notes, f"only {len(days)} of {origins} days have enough history before them"]


def _judged(past: PastReport, horizon_days: int) -> dict[str, Any]:
    rows = past.rows
    left, chance = rows["left"].to_numpy(dtype=np.float64), rows["probability"].to_numpy(dtype=np.float64)
    first = np.argsort(-chance, kind="stable")[: max(round(TOP * len(left)), 1)]
    rate = float(left.mean())
    origin = pd.Timestamp(np.datetime64(past.day, "D"))
    told: dict[str, Any] = {
        "origin": origin,
        "until": origin + pd.Timedelta(days=horizon_days),
        "model": past.model,
        "customers": len(left),
        "leavers": int(left.sum()),
        "churn_rate": rate,
        "predicted_rate": float(chance.mean()),
        "auc": scoring.area_under_curve(left, chance),
        "auc_recency": scoring.area_under_curve(left, past.recency_days) if past.recency_days is not None else np.nan,
        "brier": scoring.brier(left, chance),
        "log_loss": float(scoring.losses(left, chance).mean()),
        "ece": scoring.calibration_error(left, chance),
        "lift_at_top": float(left[first].mean() / rate) if rate > 0 else np.nan,
    }
    for what, expected in (("purchases", "expected_purchases"), ("revenue", "lifetime_value")):
        said, came = float(rows[expected].sum(min_count=1)), float(rows[what].sum(min_count=1))
        told[f"expected_{what}"], told[what] = said, came
        told[f"{what}_error"] = said / came - 1 if came > 0 else np.nan
        told[f"{what}_hit"] = past.holds(what, came)
    return told


def _sentence(table: pd.DataFrame) -> str:
    days = f"On {len(table)} past day{'s' if len(table) > 1 else ''}"
    ranked = table["auc"].dropna()
    parts = [f"the score ranked with an AUC of {_span(ranked, '.2f')}"] if len(ranked) else []
    parts.append(
        f"{_span(table['predicted_rate'] * 100, '.0f')}% were expected to leave and {_span(table['churn_rate'] * 100, '.0f')}% did"
    )
    for what in ("purchases", "revenue"):
        errors = table[f"{what}_error"].dropna() * 100
        if len(errors):
            parts.append(
                f"total {what} were off by {_span(errors, '+.0f')}%" if what == "purchases" else f"revenue by {_span(errors, '+.0f')}%"
            )
    apart = float(((table["predicted_rate"] - table["churn_rate"]) * 100).abs().max())
    tail = "" if apart <= 5 else f" The share of leavers was missed by up to {apart:.0f} points."
    return f"{days} {'; '.join(parts)}.{tail}"


def _span(values: pd.Series, form: str) -> str:
    low, high = format(float(values.min()), form), format(float(values.max()), form)
    return low if low == high else f"{low} to {high}"
