"""What the customer engine returns: frozen, and able to become a frame, a dict and a chart. How the numbers come about is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import CHARTS, Result, to_jsonable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cyberpunk_ai.customer_analytics.evidence.backtest import ChurnBacktest
    from cyberpunk_ai.customer_analytics.evidence.base import Evidence
    from cyberpunk_ai.customer_analytics.evidence.calibration import Calibration
    from cyberpunk_ai.customer_analytics.evidence.explanation import Explanation
    from cyberpunk_ai.customer_analytics.evidence.lift import LiftCurve
    from cyberpunk_ai.customer_analytics.evidence.validation import Validation
    from cyberpunk_ai.customer_analytics.evidence.what_if import WhatIf
    from cyberpunk_ai.customer_analytics.survival.by_field import SurvivalByGroup

Regime = Literal["contractual", "non_contractual"]


@dataclass(frozen=True, eq=False)
class RetentionReport(Result):
    """Every customer's segment, chance to leave and expected value at one moment, with the evidence.

    Attributes:
        regime: `contractual` (leaving is recorded or a payment is missed) or `non_contractual` (leaving is silence).
        regime_reason: What in the data, or who, decided the regime.
        as_of: Moment from which everything is seen; nothing later was read.
        horizon_days: How far churn and value look ahead.
        horizon_reason: Where the horizon comes from.
        customers: One row per customer, sorted by id: customer_id, recency_days, frequency (days with a purchase), monetary (net revenue
            to date), segment, churn_probability, risk (`high`, `medium`, `low`), main_reason, reasons, suggested_action (rule-based),
            expected_purchases, lifetime_value (expected net revenue over the horizon), lifetime_value_lo and lifetime_value_hi (80%
            interval), first_purchase, last_purchase, churned (contractual only; otherwise missing).
        segments: segment, customers, share, revenue, average_recency_days, average_churn_probability, expected_value.
        cohorts: cohort (first day of the month of the first purchase), period (months since), customers, active, retention, revenue;
            the last three are missing while the month is unfinished.
        survival: days, survival, std_error, lo, hi (95% band), at_risk.
        validation: How the churn model did on the newest matured cut-off: model, auc, brier, log_loss, ece, churn_rate, and the same
            auc of the baselines; empty when there is no matured cut-off.
        parameters: Fitted parameters of the purchase and spend models, per day and in the currency of the data.
        summary: customers, active_customers, at_risk, high_risk, churn_rate, expected_churn_rate, value_at_risk, revenue,
            expected_purchases, expected_value, average_lifetime_value.
        warnings: What was left out, netted, or could not be learnt.
        return_curves: Of all customers old enough to tell, how many came back: kind (`n_day`, `bracket`, `unbounded`), day, until_day,
            eligible, returned, retention, lo, hi (95% band).
        revenue_retention: Per month: month, opening_customers, kept_customers, logo_retention, opening_revenue, expansion, contraction,
            churned, nrr, grr; missing while the month is unfinished.
        totals: Of the whole base over the horizon: what (`purchases`, `revenue`, `leaving`), expected, lo, hi, level, status
            (`validated` or `not validated`), note.
        clusters: Groups found in the data, one row each: cluster, customers, share and the middle of every figure; empty unless asked.
        held_out: What the churn model said of customers whose outcome it had not seen: customer_id, cut_off, probability, left.
        evidence: Inputs and fitted models, for further questions; never part of `to_dict`.
    """

    chart_name: ClassVar[str] = "retention_summary"
    scene_name: ClassVar[str] = "galaxy"
    chart_names: ClassVar[tuple[str, ...]] = (
        "retention_summary", "segments", "segment_treemap", "cohorts", "return_curves", "revenue_retention", "survival", "lift_curve",
        "calibration", "value_distribution", "value_and_risk", "churn_reasons", "totals", "clusters", "hazards", "survival_by_group",
    )  # fmt: skip

    regime: Regime
    regime_reason: str
    as_of: pd.Timestamp
    horizon_days: int
    horizon_reason: str
    customers: pd.DataFrame
    segments: pd.DataFrame
    cohorts: pd.DataFrame
    survival: pd.DataFrame
    validation: dict[str, Any]
    parameters: dict[str, Any]
    summary: dict[str, Any]
    warnings: tuple[str, ...]
    return_curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    revenue_retention: pd.DataFrame = field(default_factory=pd.DataFrame)
    totals: pd.DataFrame = field(default_factory=pd.DataFrame)
    clusters: pd.DataFrame = field(default_factory=pd.DataFrame)
    held_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    evidence: Evidence | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the evidence as JSON-ready values."""
        return {each.name: to_jsonable(getattr(self, each.name)) for each in fields(self) if each.name != "evidence"}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per customer."""
        return self.customers

    @property
    def headline(self) -> str:
        """The report in a few sentences."""
        from cyberpunk_ai.customer_analytics.headline import headline_of

        return headline_of(self)

    def chart(self, name: str | None = None, **options: Any) -> Any:
        """Draw one of the customer figures in the theme; a part of the report that is empty becomes a sentence that says why.

        Args:
            name: One of `chart_names`; segments beside cohorts when None.
            options: Of the figure, such as `theme`, `height`, `unit`, or `measure="revenue"` of the cohorts.

        Raises:
            InvalidArgument: There is no such figure of customers.
        """
        if name is not None and name not in self.chart_names:
            raise InvalidArgument(f"a retention report has no chart {name!r}", hint=f"charts: {', '.join(self.chart_names)}")
        return CHARTS.get(name or self.chart_name)(self, **options)

    def at_risk(self, limit: int | None = None) -> pd.DataFrame:
        """Return customers who can still be kept: active, at high risk, those who brought most first.

        Args:
            limit: At most this many; all of them when None.

        Returns:
            Rows of `customers`. Active is who bought within the last horizon, or is still under contract.
        """
        rows = self.customers
        is_active = (
            ~rows["churned"].astype("boolean").fillna(value=False)
            if self.regime == "contractual"
            else rows["recency_days"] < self.horizon_days
        )
        kept = rows[is_active.to_numpy(dtype=bool) & (rows["risk"] == "high").to_numpy()]
        by = [name for name in ("monetary", "churn_probability") if name in kept.columns]
        ranked = kept.sort_values([*by, "customer_id"], ascending=[*[False] * len(by), True]).reset_index(drop=True)
        return ranked if limit is None else ranked.head(limit)

    def survival_by(self, field: str) -> SurvivalByGroup:
        """Return one survival curve per value of a field of customers under contract.

        Args:
            field: Column of the customers; a number of many values is parted into quarters.

        Raises:
            InvalidArgument: There is no such field; the hint lists those there are.
            TooLittleData: The customers are not under contract, or have no fields.
        """
        from cyberpunk_ai.customer_analytics.survival.by_field import survival_by

        return survival_by(self, field)

    def lift_curve(self) -> LiftCurve:
        """Return how many leavers the highest scores reach, on customers whose outcome the model had not seen."""
        from cyberpunk_ai.customer_analytics.evidence.lift import lift_curve

        return lift_curve(self.held_out)

    def calibration(self, *, bins: int = 10) -> Calibration:
        """Return whether the chances come true, on customers whose outcome the model had not seen."""
        from cyberpunk_ai.customer_analytics.evidence.calibration import calibration

        return calibration(self.held_out, bins=bins)

    def explain(self, customer_id: object) -> Explanation:
        """Return why one customer scores as it does.

        Raises:
            NotFound: There is no such customer; the hint names ids that look like it.
        """
        from cyberpunk_ai.customer_analytics.evidence.explanation import explain

        return explain(self, customer_id)

    def what_if(self, customer_id: object, changes: Mapping[str, Any] | None = None, **more: Any) -> WhatIf:
        """Return one customer's chance and value, had something about it been different: an association, not a promised effect.

        Args:
            customer_id: Who.
            changes: Name to new value, for names that are no Python names.
            **more: The same as arguments: `purchases_today=1`, `Contract="Two year"`.

        Raises:
            NotFound: There is no such customer.
            InvalidArgument: A name cannot be changed or a value is not allowed; the hint lists what can be.
            TooLittleData: There is no model to ask.
        """
        from cyberpunk_ai.customer_analytics.evidence.what_if import what_if

        return what_if(self, customer_id, {**(changes or {}), **more})

    def validate(self, printer: Callable[[str], object] | None = print) -> Validation:
        """Print the held-out figures on the user's own data, and say in a sentence whether to trust them.

        Args:
            printer: Called with the text; None prints nothing.
        """
        from cyberpunk_ai.customer_analytics.evidence.validation import validate

        return validate(self, printer)

    def backtest(self, *, origins: int = 3) -> ChurnBacktest:
        """Return the report as it would have been on past days, against what then came.

        Args:
            origins: At most so many past days.

        Raises:
            TooLittleData: No past day has both a history before it and a whole horizon after it.
        """
        from cyberpunk_ai.customer_analytics.evidence.backtest import backtest

        return backtest(self, origins=origins)
