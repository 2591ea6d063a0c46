"""What the semantic layer answers: frozen, and able to become a frame, a dict and a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from cyberpunk_ai.core.results import Result

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from cyberpunk_ai.data_fabric.semantic.periods import Period


@dataclass(frozen=True)
class QueryResult(Result):
    """Metrics over a period, split by dimensions and time.

    Attributes:
        metric: Id of the first metric; `metrics` has all of them.
        label: For people; `labels` has those of all metrics.
        unit: currency, percent (a share: 0.25 is 25%), ratio, count, units, hours, mm/s or °C.
        format: Python format of a value.
        good_direction: up, down or none.
        by: Dimensions that the rows are split by.
        grain: day, week, month, quarter, year, or None.
        where: Conditions that were asked for.
        period: Days that were measured.
        comparison: Days that they are compared with, or None.
        frame: One row per slice: [period,] one column per dimension, then per metric <metric>[, <metric>_previous, <metric>_change].
            `_change` is relative to the size of the previous value: 0.1 is 10% more. Missing where the previous value is nought or unknown.
        totals: The same columns over the whole period and all slices, whatever `limit` left out.
        total: Total of the first metric.
        rows: Rows in the frame.
        sql: Statements that were run.
        parameters: Values bound to them.
        notes: What one must know to read the numbers.
    """

    metric: str
    metrics: tuple[str, ...]
    label: str
    labels: dict[str, str]
    unit: str
    units: dict[str, str]
    format: str
    formats: dict[str, str]
    good_direction: str
    by: tuple[str, ...]
    grain: str | None
    where: dict[str, object]
    period: Period
    comparison: Period | None
    frame: pd.DataFrame
    totals: dict[str, float | None]
    total: float | None
    rows: int
    sql: str
    parameters: dict[str, object]
    notes: tuple[str, ...] = ()
    chart_name: ClassVar[str] = "query"
    scene_name: ClassVar[str] = "city"

    def to_frame(self) -> pd.DataFrame:
        """Return the rows."""
        return self.frame

    @property
    def value(self) -> float | None:
        """The one number of a query without splits; of any other query, its total."""
        return self.total

    @property
    def previous(self) -> float | None:
        """Total of the first metric over the comparison, or None."""
        return self.totals.get(f"{self.metric}_previous")

    @property
    def change(self) -> float | None:
        """Relative change of the total against the comparison, or None."""
        return self.totals.get(f"{self.metric}_change")


@dataclass(frozen=True)
class MetricSeries(Result):
    """A metric as evenly spaced series, ready for a forecast.

    Attributes:
        metric: Id of the metric.
        label: For people.
        unit: As in `QueryResult`.
        grain: Spacing.
        frame: Long: unique_id (text), ds (first day of the period), y.
        dropped: First day of the unfinished last period that was left out, or None.
        as_of: Day from which the last period was judged unfinished.
        notes: What was filled and left out.
    """

    metric: str
    label: str
    unit: str
    grain: str
    frame: pd.DataFrame
    dropped: date | None
    as_of: date
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the long frame."""
        return self.frame


@dataclass(frozen=True)
class MetricCatalogue(Result):
    """Everything that can be asked for.

    Attributes:
        metrics: metric, label, description, synonyms, unit, format, additive, good_direction, table, dimensions.
        dimensions: dimension, label, description, synonyms, values, metrics.
    """

    metrics: pd.DataFrame
    dimensions: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the metrics."""
        return self.metrics
