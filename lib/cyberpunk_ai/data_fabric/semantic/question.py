"""A question, checked and resolved: which metrics, slices, conditions and days. It knows its SQL, but runs nothing itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.data_fabric.semantic import assemble, builder, filters, periods
from cyberpunk_ai.data_fabric.semantic.calendar import GRAINS, start_of, step
from cyberpunk_ai.data_fabric.semantic.customer_sql import select_customers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.data_fabric.semantic.builder import Part, Scope
    from cyberpunk_ai.data_fabric.semantic.model import Metric
    from cyberpunk_ai.data_fabric.semantic.periods import Period, PeriodLike
    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer

MOST_METRICS, MOST_DIMENSIONS = 12, 4


class Question:
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

    def parts(self, group: Sequence[Metric]) -> list[Part]:
        """The selects of one statement: the rows and, unless they add up, totals of their own; once more for the comparison."""
        needs_total = bool(self.by or self.grain) and not all(metric.additive for metric in group)
        found = []
        for suffix, period in (("", self.period), ("_previous", self.comparison)):
            if period is not None:
                before = periods.comparison(period, "previous_period").start if period.is_bounded else period.start
                found.append(builder.Part(f"rows{suffix}", period, before, self.by, self.grain))
                if needs_total:
                    found.append(builder.Part(f"total{suffix}", period, before))
                if self.by and self.grain and self.limit and not suffix:
                    found.append(builder.Part("slices", period, before, self.by))
        return found

    def statement(self, group: list[Metric], parameters: dict[str, object]) -> tuple[Scope, builder.Statement]:
        """Build the one statement for metrics of a group."""
        first = group[0]
        scope = builder.Scope(self.model, first.table, first.time_column, self.conditions[first.id], dict(parameters))
        selects = []
        for part in self.parts(group):
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
