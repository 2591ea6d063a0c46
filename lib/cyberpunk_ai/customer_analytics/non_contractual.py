"""Customers who leave by silence: everything of the report from the ledger of purchases alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.churn.churn_model import score_churn
from cyberpunk_ai.customer_analytics.churn.horizons import horizon_for
from cyberpunk_ai.customer_analytics.churn.reasons import reasons_in_words, risk_of, suggested_actions
from cyberpunk_ai.customer_analytics.cohorts.monthly import cohort_table
from cyberpunk_ai.customer_analytics.cohorts.return_curves import return_curves
from cyberpunk_ai.customer_analytics.cohorts.revenue_retention import revenue_retention
from cyberpunk_ai.customer_analytics.evidence.base import Evidence
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.totals import totals_table
from cyberpunk_ai.customer_analytics.lifetime_value.value import value_customers
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.segments.rfm import rfm_table
from cyberpunk_ai.customer_analytics.segments.rules import segment_of, segment_table
from cyberpunk_ai.customer_analytics.summary import summarise
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import first_silence, kaplan_meier

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.churn.chunks import MapChunks
    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
    from cyberpunk_ai.customer_analytics.reading.members import Members


def non_contractual_report(
    ledger: Ledger,
    as_of: pd.Timestamp,
    horizon_days: int | None,
    regime_reason: str,
    warnings: tuple[str, ...],
    seed: int,
    members: Members | None = None,
    map_chunks: MapChunks | None = None,
) -> RetentionReport:
    """Return the report of customers who may come back at any time.

    Args:
        ledger: Purchases up to `as_of`.
        as_of: Moment of the analysis.
        horizon_days: As asked, or None.
        regime_reason: Why this regime.
        warnings: What reading the data had to say.
        seed: Of everything random.
        members: What is known of the customers beside their purchases, or None.
        map_chunks: Where chunks of customers are scored; here when None.
    """
    horizon, horizon_reason = horizon_for(ledger, horizon_days)
    model = fit_purchases(*histories_of(ledger))
    scores = score_churn(ledger, horizon, model, seed=seed, map_chunks=map_chunks)
    value = value_customers(ledger, None, horizon, seed=seed)
    customers = rfm_table(ledger)
    segment = segment_of(customers.pop("r").to_numpy(), customers.pop("fm").to_numpy())
    risk = risk_of(scores.probability)
    main_reason, reasons = reasons_in_words(ledger, scores, horizon)
    customers = customers.drop(columns=["f", "m"]).assign(
        segment=segment,
        churn_probability=scores.probability,
        risk=risk,
        main_reason=main_reason,
        reasons=reasons,
        suggested_action=suggested_actions(segment, risk),
        expected_purchases=value.expected_purchases,
        lifetime_value=value.value,
        lifetime_value_lo=value.lo,
        lifetime_value_hi=value.hi,
        first_purchase=ledger.first_day.astype("datetime64[D]").astype("datetime64[us]"),
        last_purchase=ledger.last_day.astype("datetime64[D]").astype("datetime64[us]"),
        churned=None,
    )
    now = ledger.as_of_day
    recent = ledger.revenue_between(now - horizon, now) if ledger.has_amounts else np.full(ledger.size, np.nan)
    spend = value.spend
    messages = (value.model.message, spend.message if spend else "")
    return RetentionReport(
        regime="non_contractual",
        regime_reason=regime_reason,
        as_of=as_of,
        horizon_days=horizon,
        horizon_reason=horizon_reason,
        customers=customers,
        segments=segment_table(customers),
        cohorts=cohort_table(ledger),
        survival=kaplan_meier(*first_silence(ledger, horizon)),
        validation=scores.validation,
        parameters={
            "purchases": {
                "model": value.model.name,
                **value.model.parameters,
                "log_likelihood": value.model.log_likelihood,
                "standard_errors": value.model.standard_errors,
            },
            "spend": {"p": spend.p, "q": spend.q, "v": spend.v, "log_likelihood": spend.log_likelihood} if spend else {},
            "value": {"source": value.source, "reasons": list(value.reasons)},
            "churn": {"model": scores.model},
        },
        summary=summarise(customers, is_active=ledger.recency_days < horizon, recent_revenue=recent, churn_rate=scores.churn_rate),
        warnings=(*warnings, *(message for message in messages if message), *scores.notes),
        totals=totals_table(
            float(value.expected_purchases.sum()),
            float(value.value.sum()) if ledger.has_amounts else None,
            float(scores.probability.sum()),
            customers=ledger.size,
            errors=value.errors,
            horizon_days=horizon,
        ),
        return_curves=return_curves(ledger),
        revenue_retention=revenue_retention(ledger),
        held_out=scores.held_out,
        evidence=Evidence(ledger, members, scores.fitted, scores.features, model, spend, seed),
    )
