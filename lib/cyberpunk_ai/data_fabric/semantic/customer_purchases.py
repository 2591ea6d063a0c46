"""Customers' purchases asked of the warehouse as they stood at one moment: aggregates, or one lean row per purchase day.

A million customers stay where they are: what comes out are counts, cohort cells, or one row per customer in shares. The SQL is made in
`purchase_sql.py`; what the numbers mean is the customer engine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import StoreFailed, TooLittleData
from cyberpunk_ai.data_fabric.semantic import builder, filters, purchase_sql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlglot import exp

    from cyberpunk_ai.data_fabric.semantic.builder import Scope
    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer

SHARE = 250_000
"""Customers that come out of the warehouse at once."""


@dataclass(frozen=True)
class Moment:
    """The last line that counts, and what lies around it.

    Attributes:
        as_of: Asked for, or the last past line; naive UTC.
        lines: Usable lines up to it.
        customers: About how many known customers there are, whenever they bought.
        later: Lines after it.
        anonymous: Lines of nobody.
    """

    as_of: pd.Timestamp
    lines: int
    customers: int
    later: int
    anonymous: int


class CustomerPurchases:
    """Purchases of known customers up to a moment, narrowed like any query.

    Args:
        layer: Knows the tables and what values mean.
        where: As in `SemanticLayer.query`, on the dimensions of revenue; lines that do not fit are left out of their order.
        row_filter: What the caller may see.
        as_of: Last moment that counts, naive UTC; the last past line when None.

    Raises:
        TooLittleData: No line is left.
    """

    def __init__(
        self,
        layer: SemanticLayer,
        *,
        where: Mapping[str, object] | None = None,
        row_filter: Mapping[str, object] | None = None,
        as_of: pd.Timestamp | None = None,
    ) -> None:
        metric = filters.find_metric(layer.model, "revenue")
        conditions = filters.read_conditions(
            where, layer.model, metric, lambda name: layer.values(name, metric="revenue", row_filter=row_filter)
        )
        self._layer, self._conditions = layer, conditions + filters.read_row_filter(row_filter, layer.model, metric)
        self.moment = self._moment(as_of)

    def rfm(self) -> pd.DataFrame:
        """Return customer_id, last_day, frequency, monetary, r, f and m per customer, by id; days count from 1970-01-01."""
        scope = self._scope()
        query = purchase_sql.select_rfm(scope, self._until(scope)).order_by("who")
        return self._rows(query, scope).rename(columns={"who": "customer_id"})

    def rfm_cells(self) -> pd.DataFrame:
        """Return customers, revenue and the sum of last_days per combination of r, f and m."""
        scope = self._scope()
        return self._rows(purchase_sql.select_rfm_cells(scope, self._until(scope)), scope)

    def cohorts(self) -> pd.DataFrame:
        """Return cohort (months from 1970-01), period (months since), active and revenue; a cell without anybody has no row."""
        scope = self._scope()
        return self._rows(purchase_sql.select_cohorts(scope, self._until(scope)), scope)

    def features(self, windows: Sequence[tuple[int, int]], *, shares: int | None = None) -> Iterator[pd.DataFrame]:
        """Yield customers in shares, each by id: customer_id, purchases, first_day, last_day, gross, revenue, last_gap, gap_squares.

        With every window (after, until] of days come purchases_<n> and revenue_<n>, numbered from 0. Revenue is net of refunds, gross is
        not; last_gap is 0, and gap_squares too, of who bought on one day only.

        Args:
            windows: Pairs of days.
            shares: Number of shares; as many as keep each near 250,000 customers when None.
        """
        for share in self._shares(shares):
            scope = self._scope()
            query = purchase_sql.select_features(scope, self._until(scope), windows, share)
            yield self._rows(query, scope).rename(columns={"who": "customer_id"})

    def days(self, *, shares: int | None = None) -> Iterator[pd.DataFrame]:
        """Yield purchase days in shares of customers: who (empty but in a customer's first row), day, amount; by customer and day."""
        for share in self._shares(shares):
            scope = self._scope()
            yield self._rows(purchase_sql.select_days(scope, self._until(scope), share), scope)

    def refunds(self) -> pd.DataFrame:
        """Return who, day, amount and target: the first day on which the order was a purchase, -1 where it never was."""
        scope = self._scope()
        return self._rows(purchase_sql.select_refunds(scope, self._until(scope), None), scope)

    def _moment(self, as_of: pd.Timestamp | None) -> Moment:
        scope = self._scope()
        limit = pd.Timestamp(utc_now()).tz_localize(None) if as_of is None else as_of
        row = self._rows(purchase_sql.select_moment(scope, _bound(scope, limit)), scope).iloc[0]
        if not row["usable"]:
            raise TooLittleData(
                "orders: no line of a known customer is left",
                hint=f"{int(row['later'])} lines are later than {limit:%Y-%m-%d}" if row["later"] else "sync a source, or load the demo",
                lines=int(row["later"]),
            )
        seen = pd.Timestamp(int(row["last_moment"]), unit="us") if as_of is None else as_of
        return Moment(seen, int(row["usable"]), int(row["customers"]), int(row["later"]), int(row["anonymous"]))

    def _shares(self, wanted: int | None) -> list[tuple[int, int] | None]:
        count = max(1, round(self.moment.customers / SHARE)) if wanted is None else wanted
        return [None] if count == 1 else [(number, count) for number in range(count)]

    def _scope(self) -> Scope:
        return builder.Scope(self._layer.model, "orders", "ordered_at", self._conditions)

    def _until(self, scope: Scope) -> exp.Placeholder:
        return _bound(scope, self.moment.as_of)

    def _rows(self, query: exp.Select, scope: Scope) -> pd.DataFrame:
        rows = self._layer.warehouse.query(builder.render(query), scope.parameters)
        if any(np.isinf(column).any() for _, column in rows.select_dtypes("float").items()):
            raise StoreFailed(
                "orders: a sum of amounts is beyond the largest number",
                hint="orders hold amounts that are no measurements; find them by size, correct their source and sync it again",
            )
        return rows


def _bound(scope: Scope, moment: pd.Timestamp) -> exp.Placeholder:
    return scope.bind(f"{moment:%Y-%m-%d %H:%M:%S.%f}", builder.MOMENT)
