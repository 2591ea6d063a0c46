"""SQL for the semantic layer, made of sqlglot expressions and bound parameters only. What customers did over time is in `customer_sql.py`.

Every select has one shape: `part` (which of a query's selects a row belongs to), `by_<dimension>` (text), `period_start` (a date when there
is a grain), `value_<metric>`. Aliases start with words that no column starts with, since ClickHouse would let them capture columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from cyberpunk_ai.data_fabric.semantic import expressions
from cyberpunk_ai.data_fabric.semantic.filters import MISSING
from cyberpunk_ai.data_fabric.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from cyberpunk_ai.data_fabric.semantic.filters import Condition
    from cyberpunk_ai.data_fabric.semantic.model import Metric, Model
    from cyberpunk_ai.data_fabric.semantic.periods import Period

MAX_ROWS = 200_000
Statement = exp.Expression
MOMENT = "DateTime64(6, 'UTC')"
_BUCKETS = {"week": "toMonday", "month": "toStartOfMonth", "quarter": "toStartOfQuarter", "year": "toStartOfYear"}


@dataclass(frozen=True)
class Part:
    """One select of a query: which days, how rows are grouped, and its name in the answer.

    Attributes:
        name: What the rows are: rows, total, slices, or one of them with `_previous`.
        days: What is measured. Unbounded days filter nothing.
        before: First day of the period that precedes it.
        by: Dimensions to group by.
        grain: Unit of time to group by, or None.
    """

    name: str
    days: Period
    before: date
    by: tuple[str, ...] = ()
    grain: str | None = None


@dataclass
class Scope:
    """What all selects of one query share: the model, the table with its time, the conditions, and the parameters bound so far."""

    model: Model
    table: str
    time_column: str
    conditions: tuple[Condition, ...] = ()
    parameters: dict[str, object] = field(default_factory=dict)

    def bind(self, value: object, kind: str = "String") -> exp.Placeholder:
        """Bind a value and return its placeholder; the same value is bound once."""
        name = next((name for name, bound in self.parameters.items() if bound == value), f"p{len(self.parameters)}")
        self.parameters[name] = value
        return exp.Placeholder(this=exp.var(name), kind=exp.DataType.build(kind, dialect=expressions.DIALECT))

    def moment(self, day: date) -> exp.Placeholder:
        """Bind midnight, UTC, of a day."""
        return self.bind(f"{day.isoformat()} 00:00:00.000000", MOMENT)

    def dimension(self, name: str, alias: str = "t") -> exp.Expression:
        """Text of a dimension, never null and never empty, so that groups add up to the total."""
        owner, column = self.location(name)
        return readable(exp.column(column, table=alias if owner == self.table else owner))

    def location(self, name: str) -> tuple[str, str]:
        """Table and column in which a dimension lives, seen from this scope's table."""
        owner, _, column = self.model.dimensions[name].columns[self.table].rpartition(".")
        return owner or self.table, column

    def joined(self, dimensions: Iterable[str]) -> dict[str, list[str]]:
        """Other tables that some dimensions live in, with the columns needed from each."""
        needed: dict[str, list[str]] = {}
        for name in dimensions:
            owner, column = self.location(name)
            if owner != self.table and column not in needed.setdefault(owner, []):
                needed[owner].append(column)
        return needed


def select_metrics(scope: Scope, metrics: Sequence[Metric], part: Part) -> exp.Select:
    """Select metrics that are plain aggregates."""
    texts = [column.name for column in TABLES[scope.table].contract.columns if column.kind == "string"]
    values = [exp.alias_(expressions.bound(str(metric.expression), "t", texts), f"value_{metric.id}") for metric in metrics]
    return shaped(joined(exp.select(), scope, part.by), scope, part, values)


def select_values(scope: Scope, dimension: str, most: int = 1000) -> exp.Select:
    """Select the values that a dimension has in the data."""
    query = joined(exp.select(exp.alias_(scope.dimension(dimension), f"by_{dimension}")).distinct(), scope, [dimension])
    return query.where(*matching(scope)).order_by(f"by_{dimension}").limit(most)


def select_days(scope: Scope) -> exp.Select:
    """Select the first day of the data, the day after the last, and the number of rows."""
    zoned = {name: call("toDate32", call("toTimeZone", call(name, exp.column(scope.time_column, table="t")), exp.Literal.string("UTC")))
             for name in ("min", "max")}  # fmt: skip
    return joined(exp.select(), scope).select(
        exp.alias_(call("toString", zoned["min"]), "first_day"),
        exp.alias_(call("toString", call("addDays", zoned["max"], exp.Literal.number(1))), "end_day"),
        exp.alias_(call("count"), "row_count"),
    )


def select_last_starts(scope: Scope) -> exp.Select:
    """Select the newest two days on which rows of a table that holds whole periods begin."""
    day = call("toString", call("toDate32", time_of(scope)))
    return joined(exp.select(exp.alias_(day, "start_day")).distinct(), scope).order_by("start_day DESC").limit(2)


def shaped(query: exp.Select, scope: Scope, part: Part, values: Sequence[exp.Expr]) -> exp.Select:
    """Give a select over `t` the common shape: labels, conditions, period, groups."""
    query = query.select(exp.alias_(exp.Literal.string(part.name), "part"))
    query = query.select(*(exp.alias_(scope.dimension(name), f"by_{name}") for name in part.by))
    if part.grain:
        query = query.select(exp.alias_(bucket(part.grain, time_of(scope)), "period_start"))
    days = during(scope, part.days.start, part.days.end) if part.days.is_bounded else []
    return grouped(query.select(*values).where(*matching(scope), *days), part)


def grouped(query: exp.Select, part: Part) -> exp.Select:
    """Group by the labels of a part, and never return more rows than a caller can use."""
    names = labels(part)
    return query.group_by(*names).limit(MAX_ROWS + 1) if names else query


def labels(part: Part) -> list[str]:
    """Names of the columns that tell the rows of a part from one another."""
    return [*(f"by_{name}" for name in part.by), *(["period_start"] if part.grain else [])]


def joined(query: exp.Select, scope: Scope, by: Sequence[str] = ()) -> exp.Select:
    """Add the table as `t` and the declared joins that labels and conditions need."""
    return with_joins(query.from_(exp.alias_(exp.to_table(scope.table), "t", table=True)), scope, by)


def with_joins(query: exp.Select, scope: Scope, by: Sequence[str]) -> exp.Select:
    """Add the declared joins to a query that has its `t`. ANY keeps one row per row of `t`, whatever the other side holds."""
    needed = scope.joined([*by, *(condition.dimension for condition in scope.conditions)])
    for owner, columns in needed.items():
        key = scope.model.joins[scope.table][owner]
        side = exp.select(*(exp.column(name) for name in [key, *columns])).from_(exp.to_table(owner)).subquery(owner)
        on = exp.EQ(this=exp.column(key, table="t"), expression=exp.column(key, table=owner))
        query = query.join(exp.Join(this=side, side="LEFT", kind="ANY", on=on))
    return query


def matching(scope: Scope) -> list[exp.Expression]:
    """Conditions on dimensions, with every value bound."""
    found: list[exp.Expression] = []
    for condition in scope.conditions:
        if not condition.values:
            found.append(exp.Boolean(this=condition.is_negated))
            continue
        inside = exp.In(this=_compared(scope, condition), expressions=[scope.bind(value) for value in condition.values])
        found.append(exp.Not(this=inside) if condition.is_negated else inside)
    return found


def _compared(scope: Scope, condition: Condition) -> exp.Expression:
    """What is compared with the values of a condition: the bare column where that keeps the same rows, since only it lets files be skipped.

    Null is among no values, so only a negation, or a search for what is missing, needs the readable text. Columns of joined tables keep it
    too: bare, they would let the engine turn an outer join into an inner one, which keeps other rows when it is ANY.
    """
    owner, column = scope.location(condition.dimension)
    if condition.is_negated or owner != scope.table or not set(condition.values).isdisjoint({"", MISSING}):
        return scope.dimension(condition.dimension)
    return exp.column(column, table="t")


def during(scope: Scope, start: date | None, end: date | None) -> list[exp.Expression]:
    """Conditions that keep [start, end); an open side adds none."""
    column = exp.column(scope.time_column, table="t")
    sides: list[exp.Expression] = []
    if start is not None:
        sides.append(exp.GTE(this=column.copy(), expression=scope.moment(start)))
    if end is not None:
        sides.append(exp.LT(this=column.copy(), expression=scope.moment(end)))
    return sides


def time_of(scope: Scope) -> exp.Expression:
    """The time of a row in UTC, whatever the zone of the machine or of the column."""
    return call("toTimeZone", exp.column(scope.time_column, table="t"), exp.Literal.string("UTC"))


def bucket(grain: str, moment: exp.Expression) -> exp.Expression:
    """First day of the unit that holds a moment, as a Date32: a Date wraps around outside of 1970 to 2149."""
    day = call("toDate32", moment)
    return day if grain == "day" else call(_BUCKETS[grain], day)


def readable(column: exp.Expression) -> exp.Expression:
    """A column's text, with `(none)` for what is missing or empty."""
    return call("ifNull", call("nullIf", column, exp.Literal.string("")), exp.Literal.string(MISSING))


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A function call that sqlglot passes on as it is."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def union(parts: Sequence[exp.Select]) -> Statement:
    """Put selects under one another as one statement. All have the same columns; a part without some label leaves it blank."""
    whole: Statement = parts[0]
    for part in parts[1:]:
        whole = exp.union(whole, part, distinct=False, copy=False)
    return whole


def padded(query: exp.Select, part: Part, by: Sequence[str], grain: str | None) -> exp.Select:
    """Bring a part to the columns of the whole query, in one order, blank where it is coarser."""
    if part.by == tuple(by) and part.grain == grain:
        return query
    values = {projection.alias_or_name: projection for projection in query.expressions}
    blanks = {f"by_{name}": exp.alias_(exp.Literal.string(""), f"by_{name}") for name in by}
    if grain:
        blanks["period_start"] = exp.alias_(call("toDate32", exp.Literal.string("1970-01-01")), "period_start")
    metrics = [name for name in values if name.startswith("value_")]
    query.set("expressions", [(values.get(name) or blanks[name]) for name in ["part", *blanks, *metrics]])
    return query


def render(statement: Statement, *, pretty: bool = False) -> str:
    """SQL text of a statement."""
    return statement.sql(dialect=expressions.DIALECT, pretty=pretty)
