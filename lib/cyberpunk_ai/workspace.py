"""The one door into the package: wires stores to engines and holds the verbs. Wiring only; what a verb knows lives on the floors below.

Each verb checks the caller's permission, narrows rows to the caller's filter, masks personal columns, remembers answers as long as the
data behind them stays the same, writes one audit line, and returns a frozen result.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from cyberpunk_ai.core import clock
from cyberpunk_ai.core.errors import CyberpunkError, InvalidArgument, NotBuilt
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.answers import Answers
from cyberpunk_ai.data_fabric.stores.bundle import Stores
from cyberpunk_ai.governance.callers import LOCAL_ADMIN, Caller
from cyberpunk_ai.health import metrics as prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path
    from types import TracebackType

    import pandas as pd

    from cyberpunk_ai.core.registry import Plugin
    from cyberpunk_ai.core.results import Result
    from cyberpunk_ai.customer_analytics.results import RetentionReport
    from cyberpunk_ai.data_fabric.imports import ImportPlan
    from cyberpunk_ai.data_fabric.quality.scorecard import QualityReport
    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer
    from cyberpunk_ai.data_fabric.semantic.results import QueryResult
    from cyberpunk_ai.data_fabric.stores.runs import RunHistory, RunLog, RunStatus
    from cyberpunk_ai.data_fabric.streams.base import Consumer
    from cyberpunk_ai.data_fabric.unified_connector import SyncReport, UnifiedDataConnector
    from cyberpunk_ai.forecasting.results import ForecastResult
    from cyberpunk_ai.governance.callers import Permission
    from cyberpunk_ai.health.report import HealthReport
    from cyberpunk_ai.models.customer_view import CustomerView
    from cyberpunk_ai.models.integrated_forecasting import IntegratedForecast

__all__ = ["LOCAL_ADMIN", "Caller", "Workspace", "prometheus"]

T = TypeVar("T")


class Workspace:
    """One business: its data, forecasts, customers and runs.

    Open it with `Workspace.open()`; stores are opened when a verb first needs them, so opening is instant. Verbs may be called
    from several threads. Every verb takes `caller=`, which defaults to the caller that opened the workspace.
    """

    def __init__(self, settings: Settings, caller: Caller) -> None:
        self.settings, self.caller = settings, caller
        self._stores = Stores(settings)
        self._answers = Answers()
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        self._rooms: dict[str, Any] = {}
        self._rooms_lock = threading.RLock()

    @classmethod
    def open(cls, settings: Settings | None = None, caller: Caller = LOCAL_ADMIN) -> Self:
        """Open the workspace that the settings describe.

        Args:
            settings: Defaults to the environment.
            caller: Identity of the verbs' calls unless a verb is given another.

        Raises:
            SettingsInvalid: The environment is wrong; every problem is named.
        """
        return cls(settings or Settings.load(), caller)

    def close(self) -> None:
        """Close the stores that were opened."""
        self._rooms.clear()
        self._answers.forget()
        self._stores.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # Metrics ------------------------------------------------------------------------------------------------------------------------

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
        asked = {"by": list(by), "where": where, "period": period, "grain": grain, "compare": compare, "limit": limit, "order": order}

        def work(who: Caller) -> QueryResult:
            def compute() -> QueryResult:
                return self._semantic.query(
                    metric, by=by, where=where, period=period, grain=grain, compare=compare, limit=limit, order=order,
                    row_filter=who.row_filter or None,
                )  # fmt: skip

            return self._remember("query", (metric, asked, who.scope, self._data_version(), clock.today(self.settings)), compute)

        return self._verb("query", "query", str(metric), asked, caller, work)

    def metrics(self, *, caller: Caller | None = None) -> Result:
        """Return the catalogue of metrics and dimensions."""
        return self._verb("metrics", "query", "catalogue", {}, caller, lambda _who: self._semantic.catalogue())

    # Forecasts ----------------------------------------------------------------------------------------------------------------------

    def forecast(
        self,
        metric: str = "revenue",
        *,
        horizon: int = 12,
        grain: str = "week",
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        levels: Sequence[int] = (80, 95),
        models: Sequence[str] | None = None,
        backtest_windows: int = 2,
        data: pd.DataFrame | pd.Series | None = None,
        caller: Caller | None = None,
    ) -> ForecastResult:
        """Forecast a metric, or a frame of your own.

        Args:
            metric: Additive metric of the semantic layer.
            horizon: Periods ahead, at least 1.
            grain: Length of a period.
            where: As in `query`.
            by: One dimension; one series per value.
            levels: Interval levels in percent.
            models: Names of forecasters; all of them when None.
            backtest_windows: Rolling origins of the backtest and of the intervals' calibration.
            data: Own series, or frame of (unique_id, ds, y), instead of a metric.
            caller: Who asks.
        """
        asked = {"horizon": horizon, "grain": grain, "where": where, "by": by, "levels": list(levels), "models": models}

        def work(who: Caller) -> ForecastResult:
            from cyberpunk_ai.forecasting.engine import forecast

            history = data if data is not None else self._history(metric, grain, where, by, who)
            chosen = {} if models is None else {"models": tuple(models)}

            def compute() -> ForecastResult:
                return forecast(history, horizon=horizon, levels=tuple(levels), backtest_windows=backtest_windows, **chosen)

            return self._remember("forecast", (asked, backtest_windows, _fingerprint(history)), compute)

        return self._verb("forecast", "forecast", "own data" if data is not None else metric, asked, caller, work)

    def forecast_with_retention(
        self,
        *,
        metric: str = "revenue",
        horizon: int = 12,
        grain: str = "month",
        where: Mapping[str, Any] | None = None,
        demand_data: pd.DataFrame | None = None,
        customer_data: pd.DataFrame | None = None,
        customer_source: str | None = None,
        caller: Caller | None = None,
    ) -> IntegratedForecast:
        """Forecast a metric with the effect of the customers who are expected to stay or leave as its own component.

        Args:
            metric: Additive metric of the semantic layer.
            horizon: Periods ahead, at least 1.
            grain: Length of a period.
            where: As in `query`.
            demand_data: Own history (ds, y) instead of the metric's.
            customer_data: Own purchases (customer_id, order_id, ordered_at, amount) instead of the warehouse's.
            customer_source: Only customers who came from this source.
            caller: Who asks.

        Raises:
            NotFound: No customer came from `customer_source`.
        """
        asked = {"metric": metric, "horizon": horizon, "grain": grain, "where": where, "customer_source": customer_source}

        def work(who: Caller) -> IntegratedForecast:
            from cyberpunk_ai.models.integrated_forecasting import IntegratedForecastingEngine

            demand = demand_data if demand_data is not None else self._history(metric, grain, where, None, who)
            customers = customer_data if customer_data is not None else self.transactions(where=where, source=customer_source, caller=who)

            def compute() -> IntegratedForecast:
                return _finish(IntegratedForecastingEngine().forecast_with_retention(demand, customers, horizon=horizon))

            return self._remember("forecast_with_retention", (asked, _fingerprint(demand), _fingerprint(customers)), compute)

        return self._verb("forecast_with_retention", "forecast", metric, asked, caller, work)

    # Customers ----------------------------------------------------------------------------------------------------------------------

    def retention(
        self,
        *,
        as_of: date | datetime | str | None = None,
        horizon_days: int | None = None,
        where: Mapping[str, Any] | None = None,
        caller: Caller | None = None,
    ) -> RetentionReport:
        """Return segments, cohorts, churn probability and lifetime value of the customers.

        Args:
            as_of: Moment to look from; the last transaction when None.
            horizon_days: How far churn and value look ahead; learnt from the gaps between purchases when None.
            where: As in `query`, e.g. `{"segment": "SMB"}`.
            caller: Who asks.
        """
        asked = {"as_of": as_of, "horizon_days": horizon_days, "where": where}

        def work(who: Caller) -> RetentionReport:
            from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer

            purchases = self.transactions(where=where, caller=who)

            def compute() -> RetentionReport:
                return RetentionAnalyzer().analyze_customer_retention(None, purchases, as_of=as_of, horizon_days=horizon_days)

            return self._remember("retention", (asked, _fingerprint(purchases)), compute)

        return self._verb("retention", "customers", "customers", asked, caller, work)

    def transactions(
        self, *, where: Mapping[str, Any] | None = None, source: str | None = None, caller: Caller | None = None
    ) -> pd.DataFrame:
        """Return one row per order of a known customer: customer_id, order_id, ordered_at, amount.

        Args:
            where: As in `query`.
            source: Only customers who came from this source.
            caller: Who asks.

        Raises:
            NotFound: No customer came from `source`.
        """

        def work(who: Caller) -> pd.DataFrame:
            from cyberpunk_ai.data_fabric.semantic import extracts

            purchases = extracts.transactions(self._semantic, where=_narrow(where, who))
            return purchases if source is None else extracts.only_from(self._stores.warehouse, purchases, source)

        return self._verb("transactions", "customers", "orders", {"where": where, "source": source}, caller, work)

    def customer(self, customer_id: str, *, caller: Caller | None = None) -> CustomerView:
        """Return one customer: profile, orders, segment, churn probability with reasons, and value.

        Raises:
            NotFound: No such customer, or not one that the caller may see.
        """

        def work(who: Caller) -> CustomerView:
            from cyberpunk_ai.models.customer_view import customer_view

            return customer_view(customer_id, self._stores.warehouse, lambda: self.retention(caller=who), who)

        return self._verb("customer", "customers", customer_id, {}, caller, work)

    # Data in ------------------------------------------------------------------------------------------------------------------------

    def sync(
        self, sources: Sequence[str] | None = None, *, on_progress: Callable[..., None] | None = None, caller: Caller | None = None
    ) -> SyncReport:
        """Bring all sources, or those named, up to date. One failing source fails alone and is reported."""

        def work(_who: Caller) -> SyncReport:
            report: SyncReport = _finish(self._connector.sync_all_sources(sources, on_progress=on_progress))
            return report

        return self._verb("sync", "sync", ",".join(sources or ["all"]), {}, caller, work)

    def connectors(self, *, caller: Caller | None = None) -> list[Plugin]:
        """List the kinds of sources, also those that can't be used here, with the reason."""

        def work(_who: Caller) -> list[Plugin]:
            from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS

            return CONNECTORS.plugins()

        return self._verb("connectors", "sources", "catalogue", {}, caller, work)

    def sources(self, *, caller: Caller | None = None) -> Result:
        """List the configured sources with the state of their last sync."""
        return self._verb("sources", "sources", "all", {}, caller, lambda _who: self._connector.source_list())

    def add_source(
        self,
        name: str,
        connector: str,
        config: Mapping[str, Any],
        *,
        mapping: Mapping[str, Any] | None = None,
        caller: Caller | None = None,
    ) -> None:
        """Configure a source. The next `sync` reads it.

        Raises:
            NotFound: No connector of this name.
            InvalidArgument: The configuration lacks or has too many fields.
        """
        self._verb(
            "add_source", "sources", name, {"connector": connector}, caller,
            lambda _who: self._connector.add_source(name, connector, dict(config), mapping=mapping),
        )  # fmt: skip

    def plan_import(self, path: str | Path, *, caller: Caller | None = None) -> ImportPlan:
        """Look at a file and propose which table it is and which column is which. Nothing is changed; correct the plan if it is wrong."""

        def work(_who: Caller) -> ImportPlan:
            from cyberpunk_ai.data_fabric.imports import guess_mapping

            return guess_mapping(path)

        return self._verb("plan_import", "sources", str(path), {}, caller, work)

    def import_file(
        self,
        path: str | Path | ImportPlan,
        *,
        name: str | None = None,
        on_progress: Callable[..., None] | None = None,
        caller: Caller | None = None,
    ) -> SyncReport:
        """Register a file, or a corrected plan, as a source and sync it."""

        def work(who: Caller) -> SyncReport:
            from cyberpunk_ai.data_fabric.imports import ImportPlan, guess_mapping

            plan = path if isinstance(path, ImportPlan) else guess_mapping(path)
            source = self._connector.add_import(plan, name=name)
            return self.sync([source], on_progress=on_progress, caller=who)

        return self._verb("import_file", "sources", str(getattr(path, "path", path)), {}, caller, work)

    def recent_syncs(self, *, limit: int = 20, caller: Caller | None = None) -> Result:
        """Return the newest syncs first."""
        return self._verb("recent_syncs", "sources", "all", {}, caller, lambda _who: self._connector.recent_syncs(limit=limit))

    def quarantine(self, source: str | None = None, *, limit: int = 100, caller: Caller | None = None) -> Result:
        """Return rows that could not be taken, each with its reason."""
        return self._verb(
            "quarantine", "sources", source or "all", {}, caller, lambda _who: self._connector.quarantine(source=source, limit=limit)
        )

    def load_demo(
        self, size: str = "small", *, seed: int = 7, on_progress: Callable[..., None] | None = None, caller: Caller | None = None
    ) -> Result:
        """Load the demo company: `small` (50k orders) through the connectors, `medium` (1M) and `large` (10M) in bulk."""

        def work(_who: Caller) -> Result:
            from cyberpunk_ai.demo.loading import load_demo

            return load_demo(
                size, seed=seed, end=clock.today(self.settings), home=self.settings.home, connector=self._connector,
                warehouse=self._stores.warehouse, on_progress=on_progress,
            )  # fmt: skip

        return self._verb("load_demo", "demo", size, {"seed": seed}, caller, work)

    def stream_demo(
        self,
        *,
        rate_per_s: float = 200.0,
        seconds: float | None = None,
        seed: int = 7,
        stop: threading.Event | None = None,
        on_progress: Callable[[int], None] | None = None,
        caller: Caller | None = None,
    ) -> int:
        """Send live events of the demo company into the event log until `seconds` are over or `stop` is set; return how many."""

        def work(_who: Caller) -> int:
            from cyberpunk_ai.demo.sending import send_live_events

            return send_live_events(
                self._stores.events, rate_per_s=rate_per_s, seconds=seconds, seed=seed, today=clock.today(self.settings), stop=stop,
                on_progress=on_progress,
            )  # fmt: skip

        return self._verb("stream_demo", "demo", "events", {"rate_per_s": rate_per_s}, caller, work)

    # Live ---------------------------------------------------------------------------------------------------------------------------

    def events(self, topics: Sequence[str], *, start: str = "latest", caller: Caller | None = None) -> Consumer:
        """Return a consumer of live events without a group: it sees every event from `start` on and commits nothing."""
        return self._verb(
            "events",
            "stream",
            ",".join(topics),
            {},
            caller,
            lambda _who: self._stores.events.consumer(list(topics), group=None, start=start),
        )

    def publish(self, topic: str, values: Sequence[Mapping[str, Any]], *, caller: Caller | None = None) -> int:
        """Append events to a topic; return how many."""
        return self._verb(
            "publish", "stream", topic, {"count": len(values)}, caller, lambda _who: self._stores.events.append(topic, values)
        )

    def ingest_events(self, *, seconds: float | None = None, stop: threading.Event | None = None, caller: Caller | None = None) -> int:
        """Carry live events of orders, sessions and telemetry into the warehouse; return how many were taken.

        Args:
            seconds: End after this long; one round over what is there now when 0.
            stop: End when set.
            caller: Who asks.
        """

        def work(_who: Caller) -> int:
            from cyberpunk_ai.data_fabric.streaming_processor import StreamingProcessor

            with StreamingProcessor(self._stores.events, self._stores.warehouse) as processor:
                deadline, taken = None if seconds is None else time.monotonic() + seconds, 0
                while True:
                    fresh = processor.run_once()
                    taken += fresh
                    if (stop is not None and stop.is_set()) or (deadline is not None and time.monotonic() >= deadline):
                        return taken
                    if not fresh:
                        time.sleep(0.2)

        return self._verb("ingest_events", "stream", "orders,web_sessions,telemetry", {}, caller, work)

    # Trust --------------------------------------------------------------------------------------------------------------------------

    def quality(self, dataset: str | None = None, *, caller: Caller | None = None) -> QualityReport:
        """Score the data: freshness, completeness, uniqueness, validity, references and volume."""

        def work(_who: Caller) -> QualityReport:
            from cyberpunk_ai.data_fabric.quality.scorecard import QualityScorecard

            return QualityScorecard(self._stores.warehouse, self._stores.operational).run(dataset)

        return self._verb("quality", "quality", dataset or "all", {}, caller, work)

    def health(self, *, caller: Caller | None = None) -> HealthReport:
        """Probe every part, each within half a second. Leaves no audit line, so that it answers while the database is down."""
        from cyberpunk_ai.health.report import workspace_health

        (caller or self.caller).require("health")
        return workspace_health(self._stores, self.settings)

    def audit(self, *, limit: int = 100, caller: Caller | None = None) -> pd.DataFrame:
        """Return the newest audit lines first."""
        from cyberpunk_ai.governance import audit

        return self._verb("audit", "audit", "log", {}, caller, lambda _who: audit.recent(self._stores.operational, limit=limit))

    # Runs ---------------------------------------------------------------------------------------------------------------------------

    def start_run(
        self, pipeline: str, *, scheduled_for: datetime, parameters: Mapping[str, object], caller: Caller | None = None
    ) -> str | None:
        """Claim the run of a pipeline for a moment; None when another process has it."""
        return self._verb(
            "start_run", "runs", pipeline, dict(parameters), caller,
            lambda _who: self._runs.claim(pipeline, scheduled_for=scheduled_for, parameters=parameters, owner=self._owner),
        )  # fmt: skip

    def heartbeat_run(self, run_id: str) -> None:
        """Keep a claimed run; raises Conflict when it was taken over."""
        self._runs.heartbeat(run_id, owner=self._owner)

    def finish_run(
        self,
        run_id: str,
        status: RunStatus,
        *,
        notebook_path: str = "",
        html_path: str = "",
        error: Mapping[str, object] | None = None,
        caller: Caller | None = None,
    ) -> None:
        """End a claimed run once."""
        self._verb(
            "finish_run", "runs", run_id, {"status": status}, caller,
            lambda _who: self._runs.finish(
                run_id, owner=self._owner, status=status, notebook_path=notebook_path, html_path=html_path, error=error
            ),
        )  # fmt: skip

    def runs(self, pipeline: str | None = None, *, limit: int = 20, caller: Caller | None = None) -> RunHistory:
        """Return the newest runs first."""
        return self._verb("runs", "runs", pipeline or "all", {}, caller, lambda _who: self._runs.history(pipeline=pipeline, limit=limit))

    # Not built yet ------------------------------------------------------------------------------------------------------------------

    def maintenance(self, **_asked: object) -> Result:
        """Remaining life, failures and schedules of assets: not built yet."""
        raise NotBuilt("predictive maintenance is not built yet", hint="telemetry metrics are there: query('avg_vibration', by=['asset'])")

    def chat(self, question: str, **_asked: object) -> Result:
        """Answer a plain question: not built yet."""
        raise NotBuilt("conversation is not built yet", hint="query() answers every metric; metrics() lists them", question=question)

    def insights(self, **_asked: object) -> Result:
        """What changed and why: not built yet."""
        raise NotBuilt("insights are not built yet", hint="query(..., compare='previous_period') shows what changed")

    def alerts(self, **_asked: object) -> Result:
        """Alert rules and channels: not built yet."""
        raise NotBuilt("alerts are not built yet", hint="health() and quality() show what is wrong now")

    # Wiring -------------------------------------------------------------------------------------------------------------------------

    @property
    def _semantic(self) -> SemanticLayer:
        def build() -> SemanticLayer:
            from cyberpunk_ai.data_fabric.semantic.model import load_model
            from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer

            return SemanticLayer(self._stores.warehouse, load_model(self.settings.semantic_file), today=lambda: clock.today(self.settings))

        return self._room("semantic", build)

    @property
    def _connector(self) -> UnifiedDataConnector:
        def build() -> UnifiedDataConnector:
            from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

            stores = self._stores
            connector = UnifiedDataConnector(stores.operational, stores.warehouse, stores.events, home=self.settings.home)
            connector.configure_default_connectors()
            return connector

        return self._room("connector", build)

    @property
    def _runs(self) -> RunLog:
        def build() -> RunLog:
            from cyberpunk_ai.data_fabric.stores.runs import RunLog

            return RunLog(self._stores.operational)

        return self._room("runs", build)

    def _room(self, name: str, build: Callable[[], T]) -> T:
        with self._rooms_lock:
            if name not in self._rooms:
                self._rooms[name] = build()
            room: T = self._rooms[name]
            return room

    def _history(self, metric: str, grain: str, where: Mapping[str, Any] | None, by: str | None, who: Caller) -> pd.DataFrame:
        from cyberpunk_ai.data_fabric.semantic import extracts

        return extracts.series(self._semantic, metric, grain=grain, where=_narrow(where, who), by=by)

    def _data_version(self) -> tuple[int, ...]:
        from cyberpunk_ai.data_fabric.tables import TABLES

        return tuple(self._stores.warehouse.version(name) for name in TABLES)

    def _remember(self, verb: str, parts: object, compute: Callable[[], T]) -> T:
        return self._answers.remember((verb, repr(parts)), compute)

    def _verb(
        self,
        verb: str,
        permission: Permission,
        resource: str,
        detail: Mapping[str, object],
        caller: Caller | None,
        work: Callable[[Caller], T],
    ) -> T:
        """Run a verb for a caller, measured and audited whatever its end."""
        from cyberpunk_ai.governance import audit

        who, started, outcome = caller or self.caller, time.perf_counter(), "internal"
        try:
            who.require(permission)
            answer = work(who)
            outcome = "ok"
        except CyberpunkError as error:
            outcome = error.code
            raise
        finally:
            prometheus.observe_verb(verb, outcome, time.perf_counter() - started)
            audit.write(self._stores.operational, who, verb, resource, detail, outcome)
        return answer


def _narrow(where: Mapping[str, Any] | None, who: Caller) -> dict[str, Any]:
    """Join a question's filter and the caller's row filter.

    Raises:
        InvalidArgument: Both name the same dimension; the caller's filter may not be widened or guessed around.
    """
    asked = dict(where or {})
    both = sorted(asked.keys() & who.row_filter.keys())
    if both:
        raise InvalidArgument(f"you already see only one slice of {', '.join(both)}", hint=f"leave {', '.join(both)} out of `where`")
    return asked | dict(who.row_filter)


def _fingerprint(frame: pd.DataFrame | pd.Series) -> str:
    """Content hash of an engine's input: an answer is remembered exactly as long as its input stays the same."""
    import pandas as pd

    digest = hashlib.blake2b(repr((getattr(frame, "columns", None), frame.shape)).encode(), digest_size=16)
    digest.update(pd.util.hash_pandas_object(frame, index=True).to_numpy().tobytes())
    return digest.hexdigest()


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where an event loop is already running in this thread, as in every notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
