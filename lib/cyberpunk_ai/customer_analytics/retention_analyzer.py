"""The one door into customer analytics: finds the columns, says which regime the business has, and returns one report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.contractual.report import contractual_report
from cyberpunk_ai.customer_analytics.non_contractual import non_contractual_report
from cyberpunk_ai.customer_analytics.reading.inputs import read_inputs
from cyberpunk_ai.customer_analytics.reading.members import read_members
from cyberpunk_ai.customer_analytics.regimes import regime_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import pandas as pd

    from cyberpunk_ai.customer_analytics.churn.chunks import MapChunks
    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
    from cyberpunk_ai.customer_analytics.reading.members import Members
    from cyberpunk_ai.customer_analytics.results import Regime, RetentionReport


LONGEST_HORIZON = 36_500


class RetentionAnalyzer:
    """Segments, cohorts, churn, survival and value of customers, from frames.

    Args:
        seed: Of everything random; the same seed and rows give the same numbers.
        map_chunks: Where chunks of customers are scored: `map_chunks(function, chunks)` gives the answers in order; here when None.
    """

    def __init__(self, *, seed: int = 0, map_chunks: MapChunks | None = None) -> None:
        self.seed, self.map_chunks = seed, map_chunks

    def analyze_customer_retention(
        self,
        customer_data: pd.DataFrame | None,
        transaction_data: pd.DataFrame | None,
        *,
        as_of: date | datetime | str | None = None,
        horizon_days: int | None = None,
        regime: Regime | None = None,
        mapping: Mapping[str, str] | None = None,
        clusters: bool | int = False,
    ) -> RetentionReport:
        """Analyse customers as they stood at one moment.

        Args:
            customer_data: One row per customer, or None. A churn date (`churned_at`), or a churn flag (`churned`) with a tenure or a
                sign-up date, makes the regime contractual.
            transaction_data: One row per order or order line: customer_id, ordered_at, and where known amount, order_id and currency.
                May be None for contracts with a recorded end.
            as_of: Last moment that counts; a date means its end. The last transaction when None. Nothing later is read.
            horizon_days: How far churn and value look ahead; learnt from the gaps between purchases when None.
            regime: `contractual` or `non_contractual`; found in the data when None.
            mapping: Canonical name to column, for names that are not recognised. A name applies to each frame that has the column.
            clusters: Also group the customers by recency, frequency and money: so many groups, or as many as are clearest when True. Each
                customer is then in one `cluster`, and `clusters` of the report describes them.

        Raises:
            ContractBroken: A needed column is missing or there twice, or amounts are in several currencies.
            TooLittleData: There is no purchase, and no contract, to analyse.
            InvalidArgument: `as_of`, `horizon_days` or `regime` is not usable, or something is no frame.
        """
        _check_question(horizon_days, regime)
        read = read_inputs(customer_data, transaction_data, as_of=as_of, mapping=mapping)
        report = self._report(read.ledger, read.moment, read.members, horizon_days, regime, read.warnings)
        return self._with_clusters(report, clusters)

    def analyze_ledger(
        self,
        ledger: Ledger,
        as_of: pd.Timestamp,
        *,
        customer_data: pd.DataFrame | None = None,
        horizon_days: int | None = None,
        regime: Regime | None = None,
        clusters: bool | int = False,
        warnings: tuple[str, ...] = (),
    ) -> RetentionReport:
        """Analyse purchases that were read already, wherever they come from.

        Args:
            ledger: Purchases up to `as_of`.
            as_of: Moment of the analysis, naive UTC.
            customer_data: As in `analyze_customer_retention`.
            horizon_days: As in `analyze_customer_retention`.
            regime: As there.
            clusters: As there.
            warnings: What reading the purchases had to say.

        Raises:
            InvalidArgument: `horizon_days` or `regime` is not usable.
        """
        _check_question(horizon_days, regime)
        members = None if customer_data is None or not len(customer_data) else read_members(customer_data, ledger, as_of)
        return self._with_clusters(self._report(ledger, as_of, members, horizon_days, regime, warnings), clusters)

    def _with_clusters(self, report: RetentionReport, clusters: bool | int) -> RetentionReport:
        if clusters is False:
            return report
        from cyberpunk_ai.customer_analytics.segments.clusters import cluster_customers

        names, table = cluster_customers(report.customers, clusters=clusters, seed=self.seed)
        return replace(report, customers=report.customers.assign(cluster=names), clusters=table)

    def _report(
        self,
        ledger: Ledger | None,
        moment: pd.Timestamp | None,
        members: Members | None,
        horizon_days: int | None,
        regime: Regime | None,
        warnings: tuple[str, ...],
    ) -> RetentionReport:
        found, reason = regime_of(ledger, members, regime)
        if found == "contractual":
            return contractual_report(ledger, members, moment, horizon_days, reason, warnings, self.seed, self.map_chunks)
        if ledger is None or moment is None:
            raise TooLittleData("there are no transactions", hint="without a recorded end of contract, purchases are needed")
        if members is not None and members.never_bought(ledger):
            warnings = (*warnings, f"{members.never_bought(ledger)} customers have no purchase yet and are left out")
        return non_contractual_report(ledger, moment, horizon_days, reason, warnings, self.seed, members, self.map_chunks)


def _check_question(horizon_days: float | None, regime: str | None) -> None:
    if regime not in {None, "contractual", "non_contractual"}:
        raise InvalidArgument(f"regime {regime!r} is unknown", hint="contractual or non_contractual")
    if horizon_days is not None and (horizon_days % 1 or not 1 <= horizon_days <= LONGEST_HORIZON):
        raise InvalidArgument(f"horizon_days is {horizon_days}", hint=f"give a whole number of days from 1 to {LONGEST_HORIZON}")
