"""The verbs of customers: purchases, retention and one customer from all sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.workspace.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import pandas as pd

    from cyberpunk_ai.customer_analytics.results import Regime, RetentionReport
    from cyberpunk_ai.governance.callers import Caller
    from cyberpunk_ai.models.artefacts import Artefact
    from cyberpunk_ai.models.customer_view import CustomerView


class CustomerVerbs(Wiring):
    """Customers, their purchases and their future."""

    def retention(
        self,
        *,
        as_of: date | datetime | str | None = None,
        horizon_days: int | None = None,
        where: Mapping[str, Any] | None = None,
        regime: Regime | None = None,
        clusters: bool | int = False,
        caller: Caller | None = None,
    ) -> RetentionReport:
        """Return segments, cohorts, churn probability and lifetime value of the customers.

        Args:
            as_of: Moment to look from; the last transaction when None.
            horizon_days: How far churn and value look ahead; learnt from the gaps between purchases when None.
            where: As in `query`, e.g. `{"segment": "SMB"}`.
            regime: `contractual` or `non_contractual`; found in the data when None.
            clusters: Also group the customers by recency, frequency and money: so many groups, or as many as are clearest when True.
            caller: Who asks.
        """
        asked = {"as_of": as_of, "horizon_days": horizon_days, "where": where or None, "regime": regime, "clusters": clusters}

        def work(who: Caller) -> RetentionReport:
            from cyberpunk_ai.models.customer_warehouse import ledger_of, purchases_of

            purchases = purchases_of(self._semantic, as_of=as_of, where=where, row_filter=who.row_filter or None)

            def compute() -> RetentionReport:
                from cyberpunk_ai.models.customer_fields import customer_fields
                from cyberpunk_ai.models.customer_reports import analyze

                ledger, notes = ledger_of(purchases)
                people = customer_fields(self._semantic, ledger.customer_ids, row_filter=who.row_filter or None)
                return self._work_out(
                    analyze, ledger, purchases.moment.as_of, people, horizon_days=horizon_days, regime=regime, clusters=clusters,
                    warnings=notes, dask_address=self.settings.dask_address,
                )  # fmt: skip

            # The same moment of the same tables, seen by someone who may see the same, is the same input.
            tables = sorted({"orders", "customers", *self._semantic.model.joins.get("orders", {})})
            versions = [self._stores.warehouse.version(name) for name in tables]
            seen = (sorted(who.row_filter.items()), purchases.moment, versions)
            return self._remember("retention", (asked, seen), compute)

        return self._verb("retention", "customers", "customers", asked, caller, work)

    def transactions(
        self, *, where: Mapping[str, Any] | None = None, source: str | None = None, caller: Caller | None = None
    ) -> pd.DataFrame:
        """Return one row per order of a known customer: customer_id, order_id, ordered_at, amount.

        Args:
            where: As in `query`.
            source: Only customers who came from this source.
            caller: Who asks.

        Raises:
            NotFound: No customer came from `source`.
        """

        def work(who: Caller) -> pd.DataFrame:
            from cyberpunk_ai.data_fabric.semantic import extracts

            purchases = extracts.transactions(self._semantic, where=where, row_filter=who.row_filter or None)
            return purchases if source is None else extracts.only_from(self._stores.warehouse, purchases, source)

        return self._verb("transactions", "customers", "orders", {"where": where, "source": source}, caller, work)

    def save_retention_model(
        self,
        name: str,
        *,
        as_of: date | datetime | str | None = None,
        horizon_days: int | None = None,
        where: Mapping[str, Any] | None = None,
        caller: Caller | None = None,
    ) -> Artefact:
        """Save the churn model of `retention` as the next version of a name, and return its card.

        Args:
            name: Small letters, digits, `-` and `_`.
            as_of: As in `retention`.
            horizon_days: As there.
            where: As there.
            caller: Who asks.

        Raises:
            TooLittleData: There is too little history for a model of its own.
            InvalidArgument: The name is not allowed.
        """

        def work(who: Caller) -> Artefact:
            from cyberpunk_ai.models.artefacts import check_name
            from cyberpunk_ai.models.churn_artefacts import save_churn

            check_name(name)
            report = self.retention(as_of=as_of, horizon_days=horizon_days, where=where, caller=who)
            return save_churn(self._artefacts, name, report)

        return self._verb("save_retention_model", "customers", name, {"where": where}, caller, work, changes=True)

    def score_customers(
        self,
        name: str,
        *,
        version: int | None = None,
        as_of: date | datetime | str | None = None,
        where: Mapping[str, Any] | None = None,
        caller: Caller | None = None,
    ) -> pd.DataFrame:
        """Score customers by a saved model, without learning anew: customer_id, churn_probability, risk.

        Args:
            name: As it was saved.
            version: Of that name; the newest when None.
            as_of: Moment to look from; the last transaction when None.
            where: As in `query`.
            caller: Who asks.

        Raises:
            NotFound: There is no such model.
            ContractBroken: The customers are not like those that it was learnt from.
        """

        def work(who: Caller) -> pd.DataFrame:
            from cyberpunk_ai.customer_analytics.reading.inputs import Inputs
            from cyberpunk_ai.customer_analytics.reading.members import read_members
            from cyberpunk_ai.models.churn_artefacts import load_churn
            from cyberpunk_ai.models.customer_fields import customer_fields
            from cyberpunk_ai.models.customer_warehouse import ledger_of, purchases_of

            model = load_churn(self._artefacts, name, version)
            purchases = purchases_of(self._semantic, as_of=as_of, where=where, row_filter=who.row_filter or None)
            ledger, notes = ledger_of(purchases)
            people = customer_fields(self._semantic, ledger.customer_ids, row_filter=who.row_filter or None)
            members = None if people is None else read_members(people, ledger, purchases.moment.as_of)
            return model.score_read(Inputs(ledger, members, purchases.moment.as_of, notes))

        return self._verb("score_customers", "customers", name, {"version": version, "where": where}, caller, work)

    def customer(self, customer_id: str, *, caller: Caller | None = None) -> CustomerView:
        """Return one customer: profile, orders, segment, churn probability with what moves it, and value.

        Raises:
            NotFound: No such customer, or not one that the caller may see.
        """

        def work(who: Caller) -> CustomerView:
            from cyberpunk_ai.models.customer_view import customer_view

            return customer_view(customer_id, self._stores.warehouse, lambda: self.retention(caller=who), who)

        return self._verb("customer", "customers", customer_id, {}, caller, work)
