"""Frames for the engines: purchases, customers and evenly spaced series, narrowed like any query. What engines do with them is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sqlglot import exp

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, PermissionDenied
from cyberpunk_ai.data_fabric.semantic import builder, filters
from cyberpunk_ai.data_fabric.semantic.calendar import GRAINS, buckets, step
from cyberpunk_ai.data_fabric.semantic.results import MetricSeries
from cyberpunk_ai.data_fabric.semantic.rounding import settled
from cyberpunk_ai.data_fabric.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from cyberpunk_ai.data_fabric.semantic.periods import PeriodLike
    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse

ALL = "all"
"""`unique_id` of a series that is not split."""


def transactions(
    layer: SemanticLayer,
    *,
    where: Mapping[str, object] | None = None,
    since: date | None = None,
    until: date | None = None,
    row_filter: Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Return one row per order of a known customer.

    Args:
        layer: Knows the tables and what values mean.
        where: As in `SemanticLayer.query`, on the dimensions of revenue; lines that do not fit are left out of their order.
        since: First day.
        until: Day after the last.
        row_filter: What the caller may see.

    Returns:
        customer_id, order_id, ordered_at (first sale line; first line where there is none), amount (with the order's refund lines
        taken off, so negative for a mere refund), by time.
    """
    metric = filters.find_metric(layer.model, "revenue")
    conditions = filters.read_conditions(
        where, layer.model, metric, lambda name: layer.values(name, metric="revenue", row_filter=row_filter)
    )
    conditions += filters.read_row_filter(row_filter, layer.model, metric)
    scope = builder.Scope(layer.model, "orders", "ordered_at", conditions)
    customer, is_refund = exp.column("customer_id", table="t"), exp.column("is_refund", table="t")
    ordered_at = exp.column("ordered_at", table="t")
    first_sale = builder.call("minIf", ordered_at, exp.Not(this=is_refund.copy()))
    sales = builder.call("countIf", exp.Not(this=is_refund.copy()))
    is_sale = exp.GT(this=sales, expression=exp.Literal.number(0))
    first_sale = builder.call("if", is_sale, first_sale, builder.call("min", ordered_at.copy()))
    query = exp.select(exp.alias_(customer.copy(), "who"), exp.alias_(exp.column("order_id", table="t"), "which"))
    # As a number, so that no zone of a driver or a machine can shift it.
    query = query.select(exp.alias_(builder.call("toUnixTimestamp64Micro", first_sale), "first_sale"))
    query = query.select(exp.alias_(builder.call("sum", exp.column("amount", table="t")), "net"))
    query = builder.joined(query, scope).where(exp.NEQ(this=customer, expression=exp.Literal.string("")))
    query = query.where(*builder.matching(scope), *builder.during(scope, since, until)).group_by("who", "which")
    query = query.order_by("first_sale", "who", "which")
    rows = layer.warehouse.query(builder.render(query), scope.parameters)
    return pd.DataFrame(
        {
            "customer_id": rows["who"].astype(object),
            "order_id": rows["which"].astype(object),
            "ordered_at": pd.to_datetime(rows["first_sale"].astype("int64"), unit="us").astype("datetime64[us]"),
            "amount": settled(rows["net"].to_numpy(dtype="float64")),
        }
    )


def customers(
    layer: SemanticLayer,
    *,
    where: Mapping[str, object] | None = None,
    row_filter: Mapping[str, object] | None = None,
    with_personal: bool = False,
) -> pd.DataFrame:
    """Return one row per customer.

    Args:
        layer: Knows the table and what values mean.
        where: Conditions on region, country and segment.
        row_filter: What the caller may see.
        with_personal: Whether name, e-mail and phone come along; only for callers who may see them.

    Raises:
        InvalidArgument: Customers lack a dimension of `where`.
        PermissionDenied: They lack one of `row_filter`.
    """
    contract = TABLES["customers"].contract
    names = [column.name for column in contract.columns if with_personal or not column.pii]
    about = {name for name, item in layer.model.dimensions.items() if "customers" in item.columns}
    if wrong := [name for name in row_filter or {} if name not in about]:
        raise PermissionDenied(
            f"customers are closed to you: your access is limited by {wrong[0]}, which customers do not have",
            hint="ask an administrator",
        )
    if wrong := [name for name in where or {} if name not in about]:
        raise InvalidArgument(f"customers cannot be filtered by {str(wrong[0])[:60]!r}", hint=f"customers have: {', '.join(sorted(about))}")
    metric = filters.find_metric(layer.model, "active_customers")
    conditions = filters.read_conditions(where, layer.model, metric, lambda name: layer.values(name, row_filter=row_filter))
    conditions += filters.read_row_filter(row_filter, layer.model, metric)
    scope = builder.Scope(layer.model, "customers", "signed_up_at", conditions)
    query = builder.joined(exp.select(*(exp.column(name, table="t") for name in names)), scope)
    rows = layer.warehouse.query(builder.render(query.where(*builder.matching(scope)).order_by("t.customer_id")), scope.parameters)
    return rows[names]


def only_from(warehouse: Warehouse, purchases: pd.DataFrame, source: str) -> pd.DataFrame:
    """Keep the purchases of customers who came from a source: it delivered the customer, or order lines of theirs.

    Raises:
        NotFound: No customer came from it.
    """
    known = exp.select("t.customer_id").from_("customers AS t").where(_is_from_source())
    bought = exp.select("t.customer_id").from_("orders AS t").where(_is_from_source())
    both = exp.union(known, bought, distinct=True)
    ids = warehouse.query(builder.render(both), {"source": source})["customer_id"].dropna()
    kept = purchases[purchases["customer_id"].isin(set(ids))]
    if kept.empty:
        raise NotFound(f"no customer with an order came from the source {source[:60]!r}", hint="`cyberpunk sources` lists the sources")
    return kept.reset_index(drop=True)


def series(
    layer: SemanticLayer,
    metric: str,
    *,
    grain: str,
    where: Mapping[str, object] | None = None,
    by: str | None = None,
    period: PeriodLike = None,
    row_filter: Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Return the frame of `metric_series`: unique_id, ds, y. Its notes are in `.attrs["notes"]`."""
    found = metric_series(layer, metric, grain=grain, where=where, by=by, period=period, row_filter=row_filter)
    frame = found.frame.copy()
    frame.attrs["notes"] = list(found.notes)
    return frame


def parts(
    layer: SemanticLayer,
    metric: str,
    by: Sequence[str],
    *,
    grain: str,
    where: Mapping[str, object] | None = None,
    row_filter: Mapping[str, object] | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Measure a metric per finished unit and combination of several dimensions.

    Args:
        layer: Answers the query.
        metric: Id, label or synonym of a metric that adds up.
        by: Dimensions, as in `SemanticLayer.query`.
        grain: As in `metric_series`.
        where: As there.
        row_filter: As there.

    Returns:
        ds, y and one column per dimension; a combination without rows in a unit is absent. And the ids of the dimensions.
    """
    total = metric_series(layer, metric, grain=grain, where=where, row_filter=row_filter)
    answer = layer.query(metric, by=list(by), where=where, grain=grain, row_filter=row_filter)
    rows = answer.frame.rename(columns={"period": "ds", answer.metric: "y"})
    rows = rows.assign(ds=pd.to_datetime(rows["ds"]))
    known = rows["ds"].isin(pd.to_datetime(total.frame["ds"])) & rows[list(answer.by)].notna().all(axis=1)
    return rows.loc[known, ["ds", "y", *answer.by]].reset_index(drop=True), list(answer.by)


def metric_series(
    layer: SemanticLayer,
    metric: str,
    *,
    grain: str,
    where: Mapping[str, object] | None = None,
    by: str | None = None,
    period: PeriodLike = None,
    row_filter: Mapping[str, object] | None = None,
) -> MetricSeries:
    """Measure a metric in even steps, without gaps.

    Args:
        layer: Answers the query.
        metric: Id, label or synonym.
        grain: day, week, month, quarter or year.
        where: As in `SemanticLayer.query`.
        by: A dimension; one series per value.
        period: As in `SemanticLayer.query`; all data when None.
        row_filter: What the caller may see.

    Returns:
        One series per value, each from its own first unit to the last finished one of all. Units without rows are 0 where nothing means
        nought (sums and counts), else missing. The last unit is left out while it is not over.
    """
    if grain not in GRAINS:
        raise InvalidArgument(f"no grain is called {str(grain)[:40]!r}", hint=f"grains: {', '.join(GRAINS)}", allowed=list(GRAINS))
    answer = layer.query(metric, by=() if by is None else by, where=where, grain=grain, period=period, row_filter=row_filter)
    kind, rows = layer.model.metrics[answer.metric], answer.frame
    as_of = answer.period.as_of
    rows = rows.assign(unique_id=rows[answer.by[0]] if answer.by else ALL, y=rows[answer.metric])[["unique_id", "period", "y"]]
    units = [day for day in buckets(grain, answer.period.start, answer.period.end) if day < as_of]
    dropped = units.pop() if units and step(grain, units[-1]) > as_of else None
    notes = [] if dropped is None else [f"The {grain} from {dropped} is not over yet and was left out; data up to {as_of} are known."]
    filled, gaps = _filled(rows, [pd.Timestamp(day) for day in units], fill=0.0 if kind.zero_when_empty else np.nan)
    if gaps:
        notes.append(f"{gaps} {grain}(s) without data " + ("count as 0." if kind.zero_when_empty else "are missing values."))
    return MetricSeries(
        metric=kind.id, label=kind.label, unit=kind.unit, grain=grain, frame=filled, dropped=dropped, as_of=as_of, notes=tuple(notes)
    )


def _filled(rows: pd.DataFrame, units: list[pd.Timestamp], *, fill: float) -> tuple[pd.DataFrame, int]:
    grid = pd.DatetimeIndex(units).astype("datetime64[us]")
    parts, gaps = [], 0
    for name, part in rows.groupby("unique_id", sort=True):
        own = part.set_index("period")["y"].astype("float64")
        whole = own.reindex(grid[grid >= own.index.min()])
        gaps += int((~whole.index.isin(own.index)).sum())
        values = np.where(whole.index.isin(own.index), whole.to_numpy(), fill)
        parts.append(pd.DataFrame({"unique_id": str(name), "ds": whole.index, "y": values}))
    if not parts:
        empty = {"unique_id": pd.Series(dtype=object), "ds": pd.Series(dtype="datetime64[us]"), "y": pd.Series(dtype="float64")}
        return pd.DataFrame(empty), 0
    return pd.concat(parts, ignore_index=True), gaps


def _is_from_source() -> exp.Expression:
    kind = exp.DataType.build("String", dialect="clickhouse")
    # Rows carry `source` or `source:stream`; who asks names the source.
    column = exp.column("source", table="t")
    name = exp.Anonymous(this="substringIndex", expressions=[column, exp.Literal.string(":"), exp.Literal.number(1)])
    return exp.EQ(this=name, expression=exp.Placeholder(this=exp.var("source"), kind=kind))
