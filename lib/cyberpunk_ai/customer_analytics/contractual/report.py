"""Customers who leave by ending a contract or missing a payment: survival, and logistic regression on their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, TooLittleData
from cyberpunk_ai.customer_analytics.churn.reasons import RULE, risk_of, suggested_actions
from cyberpunk_ai.customer_analytics.cohorts.monthly import cohort_table
from cyberpunk_ai.customer_analytics.cohorts.return_curves import return_curves
from cyberpunk_ai.customer_analytics.cohorts.revenue_retention import revenue_retention
from cyberpunk_ai.customer_analytics.contractual.choosing import score_leaving
from cyberpunk_ai.customer_analytics.contractual.hazards import hazards_of
from cyberpunk_ai.customer_analytics.contractual.reasons import reasons_in_words
from cyberpunk_ai.customer_analytics.evidence.base import Evidence
from cyberpunk_ai.customer_analytics.reading.ledger import positions
from cyberpunk_ai.customer_analytics.reading.members import DAYS_PER_MONTH, Members
from cyberpunk_ai.customer_analytics.regimes import payment_period
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.segments.rfm import rfm_table
from cyberpunk_ai.customer_analytics.segments.rules import segment_of, segment_table
from cyberpunk_ai.customer_analytics.summary import summarise
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import kaplan_meier

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.churn.chunks import MapChunks
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, Ledger, TextArray

USUAL_HORIZON = 90
MISSED_AFTER = 1.5
AFTER_LEAVING = RULE + "ask why they left"
PLAIN_ACTION = {
    "high": RULE + "call before the next renewal",
    "medium": RULE + "check satisfaction and offer a longer term",
    "low": RULE + "nothing is needed now",
}


def contractual_report(
    ledger: Ledger | None,
    members: Members | None,
    as_of: pd.Timestamp | None,
    horizon_days: int | None,
    regime_reason: str,
    warnings: tuple[str, ...],
    seed: int,
    map_chunks: MapChunks | None = None,
) -> RetentionReport:
    """Return the report of customers under contract.

    Args:
        ledger: Payments up to `as_of`, or None when leaving is recorded.
        members: Customers, or None when payments recur.
        as_of: Moment of the ledger.
        horizon_days: As asked, or None for 90 days.
        regime_reason: Why this regime.
        warnings: What reading the data had to say.
        seed: Of the folds.
        map_chunks: Where chunks of customers are scored; here when None.

    Raises:
        ContractBroken: Neither leaving nor recurring payments are in the data, or no tenure is known.
    """
    if members is None or members.has_left is None:
        members = _members_from_payments(ledger, as_of, members)
    known = ~np.isnan(members.tenure_days)
    if not known.any():
        raise ContractBroken("customers: no tenure is known", hint="give signed_up_at, tenure_days or tenure_months", frame="customers")
    left = np.asarray(members.has_left, dtype=bool)
    horizon = horizon_days or USUAL_HORIZON
    notes = [*warnings, *members.notes]
    if not known.all():
        notes.append(f"{int((~known).sum())} customers have no tenure and are left out of the survival curve")
    survival = kaplan_meier(members.tenure_days[known], left[known])
    scores = score_leaving(members, left, horizon, seed=seed, map_chunks=map_chunks)
    notes += scores.notes
    hazards, hazard_notes = hazards_of(members, left, seed=seed)
    notes += hazard_notes
    chance = np.where(left, 1.0, scores.probability)
    customers = _customers(members, ledger, left, chance)
    customers.loc[left, "suggested_action"] = AFTER_LEAVING
    customers["main_reason"], customers["reasons"] = reasons_in_words(scores, members, left)
    payments, amount, period = _payments(members, ledger)
    full = np.floor(horizon / period)
    hazard = -np.log1p(-np.clip(chance, 0.0, 1 - 1e-9)) / horizon
    ratio = np.exp(-hazard * period)
    expected = np.where(left, 0.0, _geometric_sum(ratio, full))
    customers["expected_purchases"] = expected if payments else np.nan
    customers["lifetime_value"] = expected * amount
    for name, tail in (("lifetime_value_lo", 0.1), ("lifetime_value_hi", 0.9)):
        until = -np.log1p(-tail) / np.maximum(hazard, 1e-12)
        customers[name] = np.where(left, 0.0, np.minimum(np.floor(until / period), full)) * amount
    recent = ledger.revenue_between(ledger.as_of_day - horizon, ledger.as_of_day) if ledger is not None and ledger.has_amounts else None
    place = positions(ledger.customer_ids, members.customer_ids) if ledger is not None else np.full(len(left), -1)
    lately = amount * full if recent is None else np.where(place >= 0, recent[place], 0.0)
    observed = _observed_churn(members, left, horizon) if members.has_dates else float(left.mean())
    order = [
        "customer_id", "recency_days", "frequency", "monetary", "segment", "churn_probability", "risk", "main_reason", "reasons",
        "suggested_action", "expected_purchases", "lifetime_value", "lifetime_value_lo", "lifetime_value_hi", "first_purchase",
        "last_purchase", "churned",
    ]  # fmt: skip
    customers = customers[order]
    return RetentionReport(
        regime="contractual",
        regime_reason=regime_reason,
        as_of=members.as_of,
        horizon_days=horizon,
        horizon_reason="as asked" if horizon_days else f"{USUAL_HORIZON} days, the usual look ahead for contracts",
        customers=customers,
        segments=segment_table(customers),
        cohorts=cohort_table(ledger) if ledger is not None else _no_cohorts(),
        survival=survival,
        validation=scores.validation,
        parameters={"churn": {"model": scores.validation.get("model", "kaplan_meier")}, "hazards": hazards},
        summary=summarise(customers, is_active=~left, recent_revenue=lately, churn_rate=observed),
        warnings=tuple(dict.fromkeys(notes)),
        return_curves=pd.DataFrame() if ledger is None else return_curves(ledger),
        revenue_retention=pd.DataFrame() if ledger is None else revenue_retention(ledger, payment_days=payment_period(ledger)),
        held_out=scores.held_out,
        evidence=Evidence(ledger, members, scores.fitted, scores.features, None, None, seed),
    )


def _members_from_payments(ledger: Ledger | None, as_of: pd.Timestamp | None, members: Members | None) -> Members:
    """Who missed a payment by half a period has left, one period after the last one."""
    if ledger is None or as_of is None:
        raise ContractBroken(
            "customers: leaving is not recorded", hint="give churned_at, or churned with a tenure, or recurring payments", frame="customers"
        )
    period = payment_period(ledger) or round(float(np.nanmedian(ledger.gaps))) if ledger.purchases.max() > 1 else None
    if not period:
        raise TooLittleData("nobody paid twice, so there is no payment period", hint="use the non_contractual regime")
    left = ledger.recency_days > MISSED_AFTER * period
    tenure = np.where(left, ledger.last_day - ledger.first_day + period, ledger.tenure_days).astype(np.float64)
    fields = pd.DataFrame(index=range(ledger.size))
    if members is not None:
        place = positions(members.customer_ids, ledger.customer_ids)
        is_known = np.broadcast_to((place >= 0)[:, None], (ledger.size, len(members.fields.columns)))
        fields = members.fields.iloc[np.maximum(place, 0)].where(is_known, 0.0).reset_index(drop=True)
    note = f"a customer has left when a payment is late by half a period of {period} days"
    missing, gone = np.full(ledger.size, np.nan), np.where(left, np.maximum(ledger.recency_days - period, 0), 0).astype(np.float64)
    return Members(ledger.customer_ids, tenure, left, gone, True, fields, missing, as_of, (note,))


def _customers(members: Members, ledger: Ledger | None, left: BoolArray, chance: FloatArray) -> pd.DataFrame:
    base = pd.DataFrame({"customer_id": members.customer_ids, "churn_probability": chance, "risk": risk_of(chance), "churned": left})
    if ledger is None:
        empty: dict[str, Any] = {
            "recency_days": np.nan,
            "frequency": np.nan,
            "monetary": np.nan,
            "segment": None,
            "first_purchase": pd.NaT,
            "last_purchase": pd.NaT,
        }
        return base.assign(**empty, suggested_action=base["risk"].map(PLAIN_ACTION))
    scores = rfm_table(ledger)
    scores["segment"] = segment_of(scores.pop("r").to_numpy(), scores.pop("fm").to_numpy())
    scores["first_purchase"] = ledger.first_day.astype("datetime64[D]").astype("datetime64[us]")
    scores["last_purchase"] = ledger.last_day.astype("datetime64[D]").astype("datetime64[us]")
    joined = base.merge(scores.drop(columns=["f", "m"]), on="customer_id", how="left")
    has_segment = joined["segment"].notna().to_numpy()
    actions: TextArray = joined["risk"].map(PLAIN_ACTION).to_numpy(dtype=object)
    actions[has_segment] = suggested_actions(
        joined["segment"].to_numpy(dtype=object)[has_segment], joined["risk"].to_numpy(dtype=object)[has_segment]
    )
    return joined.assign(suggested_action=actions)


def _payments(members: Members, ledger: Ledger | None) -> tuple[bool, FloatArray, float]:
    """Whether payments are known at all, the amount of one, and the days between two."""
    period = None if ledger is None else payment_period(ledger)
    if ledger is not None and ledger.has_amounts and period:
        place = positions(ledger.customer_ids, members.customer_ids)
        return True, np.where(place >= 0, (ledger.revenue / ledger.purchases)[place], np.nan), float(period)
    return bool(np.isfinite(members.recurring_amount).any()), members.recurring_amount, DAYS_PER_MONTH


def _geometric_sum(ratio: FloatArray, count: float) -> FloatArray:
    """Sum of ratio^1 to ratio^count."""
    return np.where(ratio < 1 - 1e-12, ratio * (1 - ratio**count) / np.maximum(1 - ratio, 1e-12), count)


def _observed_churn(members: Members, left: BoolArray, horizon: int) -> float:
    were_there = (~left | (members.gone_days < horizon)) & (members.tenure_days + members.gone_days >= horizon)
    return float((left & were_there).sum() / max(were_there.sum(), 1))


def _no_cohorts() -> pd.DataFrame:
    return pd.DataFrame(columns=["cohort", "period", "customers", "active", "retention", "revenue"])
