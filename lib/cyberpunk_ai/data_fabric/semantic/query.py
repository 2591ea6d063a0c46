"""The layer that answers: checks a question, has its SQL built, runs it and puts the answer into one frame."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from cyberpunk_ai.core import clock
from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.data_fabric.semantic import assemble, builder, filters, periods
from cyberpunk_ai.data_fabric.semantic.calendar import GRAINS, start_of, step
from cyberpunk_ai.data_fabric.semantic.customer_sql import select_customers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from cyberpunk_ai.data_fabric.semantic.builder import Part, Scope
    from cyberpunk_ai.data_fabric.semantic.model import Dimension, Metric, Model
    from cyberpunk_ai.data_fabric.semantic.periods import Period, PeriodLike
    from cyberpunk_ai.data_fabric.semantic.results import MetricCatalogue, QueryResult
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse

MOST_METRICS, MOST_DIMENSIONS = 12, 4


class SemanticLayer:
    """Answers questions about metrics from a warehouse. Safe to share between threads.

    Args:
        warehouse: Where the canonical tables are.
        model: What can be asked.
        today: Says which day it is; the calendar in UTC when not given.
    """

    def __init__(self, warehouse: Warehouse, model: Model, *, today: Callable[[], date] | None = None) -> None:
        self.warehouse, self.model = warehouse, model
        self.today: Callable[[], date] = today or clock.today
        self._days: dict[tuple[str, str], tuple[int, tuple[date, date] | None]] = {}

    def metrics(self) -> tuple[Metric, ...]:
        """Return every metric."""
        return tuple(self.model.metrics.values())

    def dimensions(self) -> tuple[Dimension, ...]:
        """Return every dimension."""
        return tuple(self.model.dimensions.values())

    def catalogue(self) -> MetricCatalogue:
        """Return metrics and dimensions as frames, with what fits what."""
        return assemble.catalogue(self.model)

    def values(self, dimension: str, *, metric: str | None = None, row_filter: Mapping[str, object] | None = None) -> list[str]:
        """Return the values of a dimension that the data hold, in order, at most 1,000.

        Args:
            dimension: Which one.
            metric: Look where this metric is kept; without it, in the first metric that has the dimension.
            row_filter: What the caller may see.
        """
        if metric is None:
            name = filters.find_dimension_anywhere(self.model, dimension)
            owner = next(item for item in self.model.metrics.values() if name in self.model.dimensions_of(item))
        else:
            owner = filters.find_metric(self.model, metric)
            name = filters.find_dimension(self.model, dimension, owner)
        scope = builder.Scope(
            self.model, owner.table, owner.time_column, filters.read_row_filter(row_filter, self.model, owner)
        )  # fmt: skip
        sql = builder.render(builder.select_values(scope, name))
        return [str(value) for value in self.warehouse.query(sql, scope.parameters)[f"by_{name}"]]

    def query(
        self,
        metric: str | Sequence[str],
        *,
        by: str | Sequence[str] = (),
        where: Mapping[str, object] | None = None,
        period: PeriodLike = None,
        grain: str | None = None,
        compare: PeriodLike = None,
        limit: int | None = None,
        order: str | None = None,
        row_filter: Mapping[str, object] | None = None,
    ) -> QueryResult:
        """Measure one or several metrics.

        Args:
            metric: Id, label or synonym; or several.
            by: Dimensions to split by.
            where: Dimension to value, list of values, or {"not": value or values}.
            period: A phrase such as "last 12 months", a pair (start, end) with the end left out, or None for all data.
            grain: day, week, month, quarter or year: one row per such unit.
            compare: "previous_period", "previous_year" or a period. Units are matched by their position within the period.
            limit: Keep this many rows; with a grain, this many slices with all their units.
            order: A column of the result, with "-" for descending; "asc" and "desc" order by the first metric.
                Default: by time when there is a grain, else the largest first.
            row_filter: What the caller may see, like `where`; narrows everything, totals included.

        Returns:
            The rows, totals and the SQL behind them. No data is an empty frame, not an error.

        Raises:
            NotFound: A metric or dimension does not exist.
            InvalidArgument: Another argument is wrong, or a metric cannot be split by a dimension; the hint lists what can be asked.
            PermissionDenied: A personal column, or a metric that `row_filter` closes.
        """
        return self._answer(_Question(self, metric, by, where, period, grain, compare, limit, order, row_filter))

    def data_days(self, table: str, time_column: str) -> tuple[date, date] | None:
        """Return the day of the oldest row and the day after the newest, or None when the table is empty."""
        version = self.warehouse.version(table)
        kept = self._days.get((table, time_column))
        if kept is None or kept[0] != version:
            scope = builder.Scope(self.model, table, time_column)
            answer = self.warehouse.query(builder.render(builder.select_days(scope)), scope.parameters)
            kept = self._days[table, time_column] = (version, assemble.days(answer))
        return kept[1]

    def as_of(self, metrics: Sequence[Metric]) -> date:
        """Return the day that relative periods are counted from: today, or the day after the newest row when the data are older."""
        found = [days for metric in metrics if (days := self.data_days(metric.table, metric.time_column))]
        today = self.today()
        return min(today, max(end for _, end in found)) if found else today

    def _answer(self, question: _Question) -> QueryResult:
        answers: list[pd.DataFrame] = []
        statements: list[str] = []
        parameters: dict[str, object] = {}
        for group in question.groups():
            scope, statement = question.statement(group, parameters)
            parameters = scope.parameters
            statements.append(builder.render(statement, pretty=True))
            answers.append(self.warehouse.query(builder.render(statement), parameters))
        return assemble.result(question, answers, ";\n\n".join(statements), parameters)


class _Question:
    """A checked question: everything resolved, nothing run but what the checks need."""

    def __init__(
        self,
        layer: SemanticLayer,
        metric: str | Sequence[str],
        by: str | Sequence[str],
        where: Mapping[str, object] | None,
        period: PeriodLike,
        grain: str | None,
        compare: PeriodLike,
        limit: int | None,
        order: str | None,
        row_filter: Mapping[str, object] | None,
    ) -> None:
        model = layer.model
        names = _listed(metric, "metric", MOST_METRICS)
        if not names:
            raise InvalidArgument("no metric is asked for", hint=f"metrics: {', '.join(model.metrics)}")
        self.metrics = list({(found := filters.find_metric(model, name)).id: found for name in names}.values())
        dimensions = _listed(by, "by", MOST_DIMENSIONS)
        self.by = tuple(dict.fromkeys(filters.find_dimension(model, name, item) for name in dimensions for item in self.metrics))
        if grain is not None and grain not in GRAINS:
            raise InvalidArgument(f"no grain is called {str(grain)[:40]!r}", hint=f"grains: {', '.join(GRAINS)}", allowed=list(GRAINS))
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise InvalidArgument(f"limit is {str(limit)[:40]!r}", hint="a whole number from 1")
        self.model, self.grain, self.limit = model, grain, limit
        self.order = assemble.read_order(order, [item.id for item in self.metrics], self.by, grain)
        self.where = dict(where or {})
        self.conditions = {item.id: self._conditions(layer, item, where, row_filter) for item in self.metrics}
        self._resolve_periods(layer, period, compare)

    def _conditions(
        self, layer: SemanticLayer, metric: Metric, where: Mapping[str, object] | None, row_filter: Mapping[str, object] | None
    ) -> tuple[filters.Condition, ...]:
        allowed = filters.read_row_filter(row_filter, layer.model, metric)

        def known(dimension: str) -> list[str]:
            return layer.values(dimension, metric=metric.id, row_filter=row_filter)

        return filters.read_conditions(where, layer.model, metric, known) + allowed

    def _resolve_periods(self, layer: SemanticLayer, period: PeriodLike, compare: PeriodLike) -> None:
        first_month = layer.model.calendar.fiscal_year_start
        self.today, self.as_of = layer.today(), layer.as_of(self.metrics)
        spans = [days for item in self.metrics if (days := layer.data_days(item.table, item.time_column))]
        data = (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None
        self.period: Period = periods.resolve(period, as_of=self.as_of, data=data, fiscal_year_start=first_month)
        self.comparison = None if compare is None else periods.comparison(self.period, compare, fiscal_year_start=first_month)
        literal = periods.resolve(period, as_of=self.today, data=data, fiscal_year_start=first_month)
        self.is_anchored = (literal.start, literal.end) != (self.period.start, self.period.end)

    def groups(self) -> list[list[Metric]]:
        """Metrics that one statement can answer together."""
        together: dict[object, list[Metric]] = {}
        for metric in self.metrics:
            together.setdefault((metric.table, metric.time_column, metric.method and metric.id), []).append(metric)
        return list(together.values())

    def parts(self) -> list[Part]:
        """The selects of one statement: the rows, and where rows do not add up, totals of their own; once more for the comparison."""
        found = []
        for suffix, period in (("", self.period), ("_previous", self.comparison)):
            if period is not None:
                before = periods.comparison(period, "previous_period").start if period.is_bounded else period.start
                found.append(builder.Part(f"rows{suffix}", period, before, self.by, self.grain))
                if self.by or self.grain:
                    found.append(builder.Part(f"total{suffix}", period, before))
                if self.by and self.grain and self.limit and not suffix:
                    found.append(builder.Part("slices", period, before, self.by))
        return found

    def statement(self, group: list[Metric], parameters: dict[str, object]) -> tuple[Scope, builder.Statement]:
        """Build the one statement for metrics of a group."""
        first = group[0]
        scope = builder.Scope(self.model, first.table, first.time_column, self.conditions[first.id], dict(parameters))
        selects = []
        for part in self.parts():
            query = select_customers(scope, first, part) if first.method else builder.select_metrics(scope, group, part)
            selects.append(builder.padded(query, part, self.by, self.grain))
        return scope, builder.union(selects)

    def notes(self) -> list[str]:
        """What one must know about the days that were measured."""
        found = []
        if self.is_anchored:
            newest = self.as_of - timedelta(days=1)
            found.append(f"The newest data are of {newest}; {self.period.label!r} is counted from the day after.")
        if self.grain and self.period.days:
            last = start_of(self.grain, self.period.end - timedelta(days=1))
            if last <= self.as_of < step(self.grain, last):
                found.append(f"The last {self.grain}, from {last}, is not over yet.")
        return found


def _listed(names: str | Sequence[str], what: Literal["metric", "by"], most: int) -> list[str]:
    items = [names] if isinstance(names, str) else list(names) if isinstance(names, (list, tuple, set, frozenset)) else [str(names)]
    if len(items) > most:
        raise InvalidArgument(f"{what} lists {len(items)} names", hint=f"at most {most}")
    return items
