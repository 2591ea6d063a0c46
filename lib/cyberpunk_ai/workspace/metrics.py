"""The verbs of metrics: query and the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core import clock
from cyberpunk_ai.workspace.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.core.results import Result
    from cyberpunk_ai.data_fabric.semantic.results import QueryResult
    from cyberpunk_ai.governance.callers import Caller


class MetricVerbs(Wiring):
    """Answers of the semantic layer."""

    def query(
        self,
        metric: str | Sequence[str],
        *,
        by: Sequence[str] = (),
        where: Mapping[str, Any] | None = None,
        period: Any = None,
        grain: str | None = None,
        compare: Any = None,
        limit: int | None = None,
        order: str | None = None,
        caller: Caller | None = None,
    ) -> QueryResult:
        """Answer a metric of the semantic layer.

        Args:
            metric: Id of a metric, or several.
            by: Dimensions to split by.
            where: Dimension to value, list of values, or `{"not": [...]}`.
            period: Phrase such as `last 12 months`, a pair of dates, or None for all data.
            grain: `day`, `week`, `month`, `quarter` or `year` for one row per period.
            compare: `previous_period`, `previous_year` or a pair of dates.
            limit: At most this many rows.
            order: `asc` or `desc` by the metric.
            caller: Who asks.

        Raises:
            InvalidArgument: A metric, dimension, value or phrase is unknown; the hint lists close matches.
        """
        split = (by,) if isinstance(by, str) else tuple(by)
        asked = {"by": split, "where": where, "period": period, "grain": grain, "compare": compare, "limit": limit, "order": order}

        def work(who: Caller) -> QueryResult:
            def compute() -> QueryResult:
                return self._semantic.query(
                    metric, by=split, where=where, period=period, grain=grain, compare=compare, limit=limit, order=order,
                    row_filter=who.row_filter or None,
                )  # fmt: skip

            return self._remember("query", (metric, asked, who.scope, self._data_version(), clock.today(self.settings)), compute)

        return self._verb("query", "query", str(metric), asked, caller, work)

    def metrics(self, *, caller: Caller | None = None) -> Result:
        """Return the catalogue of metrics and dimensions."""
        return self._verb("metrics", "query", "catalogue", {}, caller, lambda _who: self._semantic.catalogue())
