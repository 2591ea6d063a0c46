"""The layer that answers: has a question checked, runs its SQL and has the answer put into one frame. It builds no SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core import clock
from cyberpunk_ai.data_fabric.semantic import assemble, builder, filters
from cyberpunk_ai.data_fabric.semantic.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from cyberpunk_ai.data_fabric.semantic.model import Dimension, Metric, Model
    from cyberpunk_ai.data_fabric.semantic.periods import PeriodLike
    from cyberpunk_ai.data_fabric.semantic.results import MetricCatalogue, QueryResult
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse


PERIOD_START = "ds"
"""Time column of tables whose rows stand for a whole period, named by its first day."""


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
        return self._answer(Question(self, metric, by, where, period, grain, compare, limit, order, row_filter))

    def data_days(self, table: str, time_column: str) -> tuple[date, date] | None:
        """Return the day of the oldest row and the day after the newest, or None when the table is empty.

        A row that stands for a whole week or month reaches to its end, which is told by the distance of the newest two.
        """
        version = self.warehouse.version(table)
        kept = self._days.get((table, time_column))
        if kept is None or kept[0] != version:
            scope = builder.Scope(self.model, table, time_column)
            days = assemble.days(self.warehouse.query(builder.render(builder.select_days(scope)), scope.parameters))
            if days and time_column == PERIOD_START:
                starts = self.warehouse.query(builder.render(builder.select_last_starts(scope)), scope.parameters)
                days = (days[0], assemble.end_of_last(starts, days[1]))
            kept = self._days[table, time_column] = (version, days)
        return kept[1]

    def as_of(self, metrics: Sequence[Metric]) -> date:
        """Return the day that relative periods are counted from: today, or the day after the newest row when the data are older."""
        found = [days for metric in metrics if (days := self.data_days(metric.table, metric.time_column))]
        today = self.today()
        return min(today, max(end for _, end in found)) if found else today

    def _answer(self, question: Question) -> QueryResult:
        answers: list[pd.DataFrame] = []
        statements: list[str] = []
        parameters: dict[str, object] = {}
        for group in question.groups():
            scope, statement = question.statement(group, parameters)
            parameters = scope.parameters
            statements.append(builder.render(statement, pretty=True))
            answers.append(self.warehouse.query(builder.render(statement), parameters))
        return assemble.result(question, answers, ";\n\n".join(statements), parameters)
