"""A report as it would have been on a past day, joined with what then came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, TooLittleData
from cyberpunk_ai.customer_analytics.contractual.report import contractual_report
from cyberpunk_ai.customer_analytics.evidence.some_customers import of_customers
from cyberpunk_ai.customer_analytics.non_contractual import non_contractual_report
from cyberpunk_ai.customer_analytics.reading.ledger import positions

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, Ledger
    from cyberpunk_ai.customer_analytics.reading.members import Members
    from cyberpunk_ai.customer_analytics.results import RetentionReport

SHORTEST_HISTORY = 7
MOST_CUSTOMERS = 100_000


@dataclass(frozen=True, eq=False)
class PastReport:
    """One past day.

    Attributes:
        day: Counted from 1970-01-01.
        model: Which churn model spoke.
        rows: customer_id, probability, left, expected_purchases, purchases, lifetime_value, revenue of customers who were there.
        recency_days: Days since their last purchase, or None under contract.
        totals: Intervals of the totals as told on that day: what, lo, hi.
    """

    day: int
    model: str
    rows: pd.DataFrame
    recency_days: FloatArray | None
    totals: pd.DataFrame

    def holds(self, what: str, came: float) -> bool | None:
        """Return whether the interval of a total held what came; None where no interval was told."""
        told = self.totals[self.totals["what"] == what] if len(self.totals) else self.totals
        if not len(told) or not np.isfinite(came) or told[["lo", "hi"]].isna().to_numpy().any():
            return None
        return bool(told["lo"].iloc[0] <= came <= told["hi"].iloc[0])


def past_report(report: RetentionReport, day: int) -> PastReport | None:
    """Write the report again as of a past day, and join what came within the horizon after it.

    Args:
        report: The report of today, with its evidence.
        day: The past day; the horizon after it has passed.

    Returns:
        The past day, or None when nobody was there to score.
    """
    evidence = report.evidence
    if evidence is None:
        return None
    if report.regime == "non_contractual":
        return None if evidence.ledger is None else _of_purchases(report, bounded(evidence.ledger, evidence.seed), evidence.members, day)
    return _of_contracts(report, evidence.ledger, evidence.members, day)


def _of_purchases(report: RetentionReport, ledger: Ledger, members: Members | None, day: int) -> PastReport | None:
    known, horizon = ledger.until(day), report.horizon_days
    if not known.size or report.evidence is None:
        return None
    past = non_contractual_report(known, _moment(day), horizon, report.regime_reason, (), report.evidence.seed, members)
    were_there = np.flatnonzero(ledger.first_day <= day)
    bought = ledger.purchases_between(day, day + horizon)[were_there]
    revenue = ledger.revenue_between(day, day + horizon)[were_there] if ledger.has_amounts else np.full(len(were_there), np.nan)
    rows = _rows(past, bought == 0, bought.astype(np.float64), revenue)
    return PastReport(day, str(past.parameters["churn"]["model"]), rows, known.recency_days.astype(np.float64), past.totals)


def _of_contracts(report: RetentionReport, ledger: Ledger | None, members: Members | None, day: int) -> PastReport | None:
    if report.evidence is None:
        return None
    horizon, seed = report.horizon_days, report.evidence.seed
    is_recorded = members is not None and members.has_left is not None
    then = members_at(members, day) if members is not None and is_recorded else members
    later = members_at(members, day + horizon) if members is not None and is_recorded else members
    known, after = (None if ledger is None else ledger.until(each) for each in (day, day + horizon))
    try:
        past = contractual_report(known, then, _moment(day), horizon, report.regime_reason, (), seed)
        if members is not None and members.has_left is not None and later is not None and later.has_left is not None:
            gone = dict(zip(later.customer_ids.tolist(), later.has_left.tolist(), strict=True))
        else:
            outcome = contractual_report(after, later, _moment(day + horizon), horizon, report.regime_reason, (), seed).customers
            gone = dict(zip(outcome["customer_id"], outcome["churned"], strict=True))
    except (TooLittleData, ContractBroken):
        return None  # too early to tell a contract: that day says nothing
    there = past.customers[~past.customers["churned"].eq(True)]
    if not len(there):
        return None
    left = there["customer_id"].map(gone).eq(True).to_numpy()
    bought = revenue = np.full(len(there), np.nan)
    if ledger is not None:
        place = positions(ledger.customer_ids, there["customer_id"].to_numpy(dtype=object))
        bought = np.where(place >= 0, ledger.purchases_between(day, day + horizon)[place], 0).astype(np.float64)
        revenue = np.where(place >= 0, ledger.revenue_between(day, day + horizon)[place], 0.0) if ledger.has_amounts else revenue
    rows = _rows(replace(past, customers=there), left, bought, revenue)
    return PastReport(day, str(past.parameters["churn"]["model"]), rows, None, past.totals)


def members_at(members: Members, day: int) -> Members:
    """Return customers as they stood on a past day; fields are those of today, as their past values are not known."""
    back = int(np.datetime64(members.as_of, "D").astype(np.int64)) - day
    age = members.tenure_days + members.gone_days - back
    there = np.flatnonzero(~(age < 0))
    recorded = np.zeros(len(age), dtype=bool) if members.has_left is None else np.asarray(members.has_left, dtype=bool)
    left = recorded & (members.gone_days >= back)
    gone = np.where(left, members.gone_days - back, 0.0)
    return replace(
        members,
        customer_ids=members.customer_ids[there],
        tenure_days=np.minimum(members.tenure_days, age)[there],
        has_left=None if members.has_left is None else left[there],
        gone_days=gone[there],
        fields=members.fields.iloc[there].reset_index(drop=True),
        recurring_amount=members.recurring_amount[there],
        as_of=_moment(day),
    )


def bounded(ledger: Ledger, seed: int) -> Ledger:
    """Return at most so many customers, drawn at random: what is told are shares, and a hundred thousand say them well."""
    if ledger.size <= MOST_CUSTOMERS:
        return ledger
    return of_customers(ledger, np.sort(np.random.default_rng(seed).choice(ledger.size, MOST_CUSTOMERS, replace=False)))


def _moment(day: int) -> pd.Timestamp:
    """The end of a day."""
    return pd.Timestamp(np.datetime64(day + 1, "D")) - pd.Timedelta(microseconds=1)


def _rows(past: RetentionReport, left: BoolArray, bought: FloatArray, revenue: FloatArray) -> pd.DataFrame:
    customers = past.customers
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"].to_numpy(dtype=object),
            "probability": customers["churn_probability"].to_numpy(dtype=np.float64),
            "left": np.asarray(left, dtype=np.float64),
            "expected_purchases": customers["expected_purchases"].to_numpy(dtype=np.float64),
            "purchases": bought,
            "lifetime_value": customers["lifetime_value"].to_numpy(dtype=np.float64),
            "revenue": revenue,
        }
    )
