"""What the cockpit knows: numbers from the workspace's verbs and live events, no widget. One store serves every visitor of the process."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from apps.kit.live_feed import LiveFeed
from apps.kit.parts import Loader, NothingYet, Part, Parts
from apps.kit.words import number
from cyberpunk_ai.charts.buildings import buildings_of, previous_of
from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.city_layout import Building
    from cyberpunk_ai.charts.live import Snapshot, StreamEvent

PERIOD, COMPARE = "last 12 months", "previous_year"
METRICS = ("revenue", "orders", "active_customers", "avg_order_value", "gross_margin", "churn_rate")
# Ways to build the city, the richest first; each needs only columns that a live order carries, so that events find their building.
GROUNDPLANS: tuple[tuple[str, ...], ...] = (("region", "category", "channel"), ("region", "category"), ("product",), ("country",))
FEWEST, MOST = 4, 144
NO_DATA = "No data yet"


@dataclass(frozen=True)
class Kpi:
    """One headline number with its past; `problem` says why there is none."""

    metric: str
    label: str
    value: float | None
    unit: str
    change: float | None
    good: str
    series: tuple[float, ...]
    problem: str = ""


@dataclass(frozen=True)
class CityData:
    """The buildings with what they were, and the live totals at the moment they were measured."""

    buildings: tuple[Building, ...]
    dimensions: tuple[str, ...]
    previous: Mapping[str, float | None]
    label: str
    unit: str
    period: str
    total: float
    left_out: int
    baseline: Mapping[tuple[str, ...], float]


class CockpitStore:
    """State of the cockpit.

    Args:
        workspace: Where every number comes from; opened when first needed.
        feed: The stream of the process; one of its own without.
    """

    def __init__(self, workspace: Callable[[], Workspace], feed: LiveFeed | None = None) -> None:
        self._open = workspace
        self.feed = feed or LiveFeed(workspace)
        self.feed.measure = self._measure
        self._dimensions: tuple[str, ...] = GROUNDPLANS[0]
        self._measured: CityData | None = None
        self.parts = Parts(
            {
                "kpis": Loader(self._kpis, 30),
                "city": Loader(self._city, 30),
                "forecast": Loader(lambda: self._with_data(lambda ws: ws.forecast("revenue", horizon=12, grain="week")), 600),
                "customers": Loader(lambda: self._with_data(lambda ws: ws.retention()), 600),
                "syncs": Loader(self._syncs, 10),
            }
        )

    def part(self, name: str) -> Part:
        """Return a part of the page; never waits."""
        return self.parts.get(name)

    def live(self) -> Snapshot:
        """Return what the stream has brought; the first call starts reading."""
        return self.feed.snapshot()

    def close(self) -> None:
        """Stop the stream's thread and start no more work."""
        self.feed.close()
        self.parts.close()

    def _with_data(self, ask: Callable[[Workspace], Any]) -> Any:
        """Ask for something that needs sales, unless there are none."""
        workspace = self._open()
        if not _has_sales(workspace):
            raise NothingYet(NO_DATA)
        return ask(workspace)

    def _kpis(self) -> tuple[Kpi, ...]:
        workspace = self._open()
        if not _has_sales(workspace):
            raise NothingYet(NO_DATA)
        return tuple(self._kpi(workspace, metric) for metric in METRICS)

    def _kpi(self, workspace: Workspace, metric: str) -> Kpi:
        try:
            whole = workspace.query(metric, period=PERIOD, compare=COMPARE)
            months = workspace.query(metric, period=PERIOD, grain="month")
        except CyberpunkError as error:
            return Kpi(metric, metric.replace("_", " ").capitalize(), None, "", None, "none", (), str(error))
        known = whole_months(months.to_frame(), months.period)[metric]
        series = tuple(float(value) for value in known if value is not None and not math.isnan(float(value)))
        return Kpi(metric, whole.label, whole.total, whole.unit, _finite(whole.change), whole.good_direction, series)

    def _city(self) -> CityData:
        workspace = self._open()
        if not _has_sales(workspace):
            raise NothingYet(NO_DATA)
        last: CyberpunkError | None = None
        for dimensions in GROUNDPLANS:
            try:
                answer = workspace.query("revenue", by=list(dimensions), period=PERIOD, compare=COMPARE, order="desc")
            except CyberpunkError as error:
                last = error
                continue
            rows = _named(answer.to_frame(), dimensions)
            if len(rows) >= FEWEST:
                self._dimensions = dimensions
                return self._build(answer, rows, dimensions)
        if last is not None:
            raise last
        raise NothingYet("Not enough groups for a city")

    def _build(self, answer: Any, rows: pd.DataFrame, dimensions: tuple[str, ...]) -> CityData:
        kept = rows.head(MOST)
        buildings = buildings_of(kept, dimensions, "revenue", lambda value: number(value, answer.unit))
        entities = [one.entity for one in buildings]
        previous = dict(zip(entities, (previous_of(record, "revenue") for record in kept.to_dict("records")), strict=True))
        baseline = carry_baseline(self._measured, {one.entity: one.value for one in buildings}, self.feed.hub.snapshot().totals)
        period = (
            f"{answer.period.start:%d %b %Y} to {answer.period.end - timedelta(days=1):%d %b %Y}"
            if hasattr(answer.period, "start")
            else PERIOD
        )
        self._measured = CityData(
            tuple(buildings),
            dimensions,
            previous,
            answer.label,
            answer.unit,
            period,
            float(answer.total or 0.0),
            len(rows) - len(kept),
            baseline,
        )
        return self._measured

    def _measure(self, event: StreamEvent) -> tuple[tuple[str, ...], float] | None:
        if event.topic != "orders":
            return None
        try:
            return tuple(str(event.value[name]) for name in self._dimensions), float(event.value["amount"])
        except (KeyError, TypeError, ValueError):
            return None  # an order without these columns has no building; the ticker still shows it

    def _syncs(self) -> pd.DataFrame:
        runs = self._open().recent_syncs(limit=8).to_frame()
        if not len(runs):
            raise NothingYet("No sync yet")
        return runs


def whole_months(rows: pd.DataFrame, period: Any) -> pd.DataFrame:
    """Leave out the months that the period cuts, whose sums would look like a fall at either end.

    Args:
        rows: One per month, which begins in `period`.
        period: What was asked for: dates `start` and, exclusive, `end`; anything else keeps every row.
    """
    if not hasattr(period, "start"):
        return rows
    begins = pd.to_datetime(rows["period"])
    inside = (begins >= pd.Timestamp(period.start)) & (begins + pd.offsets.MonthBegin(1) <= pd.Timestamp(period.end))
    return rows[inside]


def carry_baseline(
    before: CityData | None, values: Mapping[str, float], totals: Mapping[tuple[str, ...], float]
) -> dict[tuple[str, ...], float]:
    """Say how much of the live totals is in freshly measured values already.

    What a building gained in the warehouse since it was measured before was live first. The rest has not been carried there yet and goes on
    counting, so that no building falls back when the city is measured anew.

    Args:
        before: The last measurement, None for the first.
        values: Fresh value by entity.
        totals: Live sums by key.
    """
    if before is None:
        return dict(totals)
    known = {one.entity: one.value for one in before.buildings}
    baseline = {}
    for key, total in totals.items():
        counted = before.baseline.get(key, 0.0)
        entity = "|".join(key)
        if entity not in known or entity not in values:
            baseline[key] = total
            continue
        low, high = min(counted, total), max(counted, total)
        baseline[key] = min(max(counted + values[entity] - known[entity], low), high)
    return baseline


def city_values(city: CityData, live: Mapping[tuple[str, ...], float]) -> list[float]:
    """Add what came since the city was measured to its buildings, in their order."""
    keys = [tuple(one.entity.split("|")) for one in city.buildings]
    return [one.value + live.get(key, 0.0) - city.baseline.get(key, 0.0) for one, key in zip(city.buildings, keys, strict=True)]


def kpi_note(kpi: Kpi) -> str:
    """Say what the delta of a card compares with."""
    if kpi.problem:
        return kpi.problem
    return "y/y" if kpi.change is not None else "last 12 months"


def _named(rows: pd.DataFrame, dimensions: Sequence[str]) -> pd.DataFrame:
    """Keep rows that have a name in every dimension and a value above nought."""
    for dimension in dimensions:
        names = rows[dimension].astype("string").str.strip()
        rows = rows[names.notna() & (names != "") & (names.str.lower() != "unknown")]
    return rows[rows["revenue"] > 0].sort_values("revenue", ascending=False)


def _has_sales(workspace: Workspace) -> bool:
    return bool(workspace.query("orders").total)


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(float(value)) else None
