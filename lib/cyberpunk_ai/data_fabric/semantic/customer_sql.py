"""SQL of the customer metrics, which look at a customer's sales before the period as well. Plain aggregates are in `builder.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cyberpunk_ai.data_fabric.semantic import expressions
from cyberpunk_ai.data_fabric.semantic.builder import (
    bucket,
    call,
    during,
    grouped,
    joined,
    labels,
    matching,
    shaped,
    time_of,
    with_joins,
)
from cyberpunk_ai.data_fabric.semantic.calendar import start_of, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.data_fabric.semantic.builder import Part, Scope
    from cyberpunk_ai.data_fabric.semantic.model import Metric

_NEXT = {"day": "addDays", "week": "addWeeks", "month": "addMonths", "quarter": "addQuarters", "year": "addYears"}
_CUSTOMER = "t.customer_id"


def select_customers(scope: Scope, metric: Metric, part: Part) -> exp.Select:
    """Select one customer metric in the common shape."""
    builders: dict[str, Callable[[Scope, Metric, Part], exp.Select]] = {
        "first_sale": _first_sale, "retention": _retention, "churn": _retention, "historic_value": _historic_value,
    }  # fmt: skip
    return builders[str(metric.method)](scope, metric, part)


def _first_sale(scope: Scope, metric: Metric, part: Part) -> exp.Select:
    """Count customers by the moment and the attributes of their first sale of all time."""
    first = (
        exp.select(exp.column("customer_id", table="s")).from_("orders AS s").where(_sql("NOT s.is_refund"), _sql("s.customer_id <> ''"))
    )
    first = first.select(exp.alias_(_sql(f"min(s.{scope.time_column})"), scope.time_column))
    for column in _own_columns(scope, part):
        # A tie of two lines at one moment is decided by their keys, so that every run says the same.
        earliest = call("argMin", call("ifNull", exp.column(column, table="s"), exp.Literal.string("")), _order_of_lines(scope))
        first = first.select(exp.alias_(earliest, column))
    source = exp.select().from_(first.group_by("s.customer_id").subquery("t"))
    return shaped(with_joins(source, scope, part.by), scope, part, [exp.alias_(_sql("count()"), f"value_{metric.id}")])


def _retention(scope: Scope, metric: Metric, part: Part) -> exp.Select:
    """Compare who bought in each period with who bought in the one before it."""
    marks = _marks_by_grain(scope, part) if part.grain else _marks_once(scope, part)
    share = _sql("countIf(m.is_active = 1 AND m.was_active = 1) / nullIf(countIf(m.was_active = 1), 0)")
    if metric.method == "churn":
        share = exp.Sub(this=exp.Literal.number(1), expression=share)
    query = exp.select(exp.alias_(exp.Literal.string(part.name), "part"), *labels(part)).select(exp.alias_(share, f"value_{metric.id}"))
    return grouped(query.from_(marks.subquery("m")), part)


def _marks_once(scope: Scope, part: Part) -> exp.Select:
    start = scope.moment(part.days.start)
    moment = exp.column(scope.time_column, table="t")
    query = _sales(scope, part, {}).select(
        exp.alias_(call("max", exp.GTE(this=moment.copy(), expression=start.copy())), "is_active"),
        exp.alias_(call("max", exp.LT(this=moment.copy(), expression=start.copy())), "was_active"),
    )
    return query.where(*during(scope, part.before, part.days.end)).group_by(*labels(part), "customer")


def _marks_by_grain(scope: Scope, part: Part) -> exp.Select:
    grain = str(part.grain)
    first = start_of(grain, part.days.start)
    last = step(grain, start_of(grain, step("day", part.days.end, -1)))
    own = _sales(scope, part, {"own": bucket(grain, time_of(scope))}).where(*during(scope, step(grain, first, -1), last))
    slices = [f"by_{name}" for name in part.by]
    own = own.group_by(*slices, "customer", "own")
    # Every active period counts twice: as itself, and as the past of the next one.
    pair = f"arrayJoin([(own, 1, 0), ({_NEXT[grain]}(own, 1), 0, 1)])"
    marked = exp.select(*slices, "customer", exp.alias_(_sql(pair), "mark")).from_(own.subquery("o"))
    query = exp.select(*slices, "customer").from_(marked.subquery("k"))
    query = query.select(_sql("tupleElement(mark, 1) AS period_start"), _sql("max(tupleElement(mark, 2)) AS is_active"))
    query = query.select(_sql("max(tupleElement(mark, 3)) AS was_active")).group_by(*slices, "customer", "period_start")
    days = [exp.GTE(this=exp.column("period_start"), expression=scope.bind(first.isoformat(), "Date32"))]
    days.append(exp.LT(this=exp.column("period_start"), expression=scope.bind(last.isoformat(), "Date32")))  # type: ignore[arg-type]
    return query.having(*days)


def _historic_value(scope: Scope, metric: Metric, part: Part) -> exp.Select:
    """Divide all revenue up to a day by all customers who bought up to that day."""
    name = f"value_{metric.id}"
    if not part.grain:
        query = joined(exp.select(exp.alias_(exp.Literal.string(part.name), "part")), scope, part.by)
        query = query.select(*(exp.alias_(scope.dimension(item), f"by_{item}") for item in part.by))
        customer = expressions.hashed(_sql(_CUSTOMER)).sql(dialect=expressions.DIALECT)
        query = query.select(_sql(f"sum(t.amount) / nullIf(uniqExactIf({customer}, NOT t.is_refund), 0) AS {name}"))
        return grouped(query.where(_sql(f"{_CUSTOMER} <> ''"), *matching(scope), *during(scope, None, part.days.end)), part)
    slices = [f"by_{item}" for item in part.by]
    lines = _sales(scope, part, {"own": bucket(part.grain, time_of(scope))}, with_refunds=True).where(*during(scope, None, part.days.end))
    lines = lines.select(_sql("sum(t.amount) AS amount"), _sql("countIf(NOT t.is_refund) AS sales")).group_by(*slices, "customer", "own")
    whose = ", ".join([*slices, "customer"])
    firsts = exp.select(*slices, "own", "amount").from_(lines.subquery("l"))
    firsts = firsts.select(_sql(f"own = min(if(sales > 0, own, NULL)) OVER (PARTITION BY {whose}) AS is_first"))
    sums = exp.select(*slices, "own AS period_start", "sum(amount) AS amount").from_(firsts.subquery("f"))
    sums = sums.select(_sql("countIf(is_first) AS customers")).group_by(*slices, "period_start")
    so_far = f"OVER ({'PARTITION BY ' + ', '.join(slices) if slices else ''} ORDER BY period_start)"
    running = exp.select(*slices, "period_start").from_(sums.subquery("s"))
    running = running.select(_sql(f"sum(amount) {so_far} / nullIf(sum(customers) {so_far}, 0) AS {name}"))
    query = exp.select(exp.alias_(exp.Literal.string(part.name), "part"), *labels(part), name).from_(running.subquery("r"))
    first = scope.bind(start_of(part.grain, part.days.start).isoformat(), "Date32")
    return query.where(exp.GTE(this=exp.column("period_start"), expression=first))


def _sales(scope: Scope, part: Part, extra: dict[str, exp.Expression], *, with_refunds: bool = False) -> exp.Select:
    """Lines of known customers, labelled by slice and customer."""
    query = exp.select(*(exp.alias_(scope.dimension(name), f"by_{name}") for name in part.by))
    query = query.select(exp.alias_(_sql(_CUSTOMER), "customer"), *(exp.alias_(item, name) for name, item in extra.items()))
    query = joined(query, scope, part.by).where(_sql(f"{_CUSTOMER} <> ''"), *matching(scope))
    return query if with_refunds else query.where(_sql("NOT t.is_refund"))


def _own_columns(scope: Scope, part: Part) -> list[str]:
    """Columns of the table itself that the labels and conditions of a part read."""
    used = [*part.by, *(condition.dimension for condition in scope.conditions)]
    columns = [column for owner, column in map(scope.location, used) if owner == scope.table]
    return list(dict.fromkeys(columns))


def _order_of_lines(scope: Scope) -> exp.Expression:
    return _sql(f"(s.{scope.time_column}, s.order_id, s.line_id)")


def _sql(text: str) -> exp.Expression:
    """A fragment of our own; nothing that a caller wrote ever gets here."""
    return expressions.parse(text)
