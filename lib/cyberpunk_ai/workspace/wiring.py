"""What every verb stands on: stores, rooms, remembered answers, permission, audit and measurement. No verb lives here."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from cyberpunk_ai.core import clock
from cyberpunk_ai.core.errors import CyberpunkError, StoreFailed
from cyberpunk_ai.core.loading import load
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.core.storage_errors import UNWRITABLE
from cyberpunk_ai.data_fabric.stores.answers import Answers
from cyberpunk_ai.data_fabric.stores.bundle import Stores
from cyberpunk_ai.health import metrics as prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    import pandas as pd

    from cyberpunk_ai.core.settings import Settings
    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer
    from cyberpunk_ai.data_fabric.stores.runs import RunLog
    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
    from cyberpunk_ai.governance.callers import Caller, Permission
    from cyberpunk_ai.models.artefacts import ArtefactStore
    from cyberpunk_ai.models.worker_processes import WorkerProcesses

T = TypeVar("T")
_log = get_logger(__name__)
# What the verbs of a permission work with. Pages and the API call several of them at once, in a process that has loaded none of it yet.
_WAREHOUSE = ("pandas", "pyarrow.compute", "sqlglot", "clickhouse_connect", "cyberpunk_ai.data_fabric.semantic.query")
_WORKS_WITH: dict[Permission, tuple[str, ...]] = {
    "query": _WAREHOUSE,
    "quality": _WAREHOUSE,
    "forecast": (*_WAREHOUSE, "scipy.stats", "cyberpunk_ai.forecasting.engine"),
    "customers": (
        *_WAREHOUSE, "scipy.stats", "sklearn.linear_model", "sklearn.cluster", "xgboost",
        "cyberpunk_ai.customer_analytics.retention_analyzer",
    ),
}  # fmt: skip


class Wiring:
    """Stores and rooms of one workspace, and the frame in which each verb runs."""

    def __init__(self, settings: Settings, caller: Caller, *, is_server: bool = False) -> None:
        self.settings, self.caller = settings, caller
        self._is_server = is_server and settings.worker_processes != 0
        self._stores = Stores(settings)
        self._answers = Answers(max_bytes=settings.max_remembered_mb * 2**20)
        self._rooms: dict[str, Any] = {}
        self._rooms_lock = threading.RLock()

    def close(self) -> None:
        """Close the stores that were opened, and end what works in the background."""
        for room in ("forecast_jobs", "job_processes", "processes"):
            if room in self._rooms:
                self._rooms[room].close()
        self._rooms.clear()
        self._answers.forget()
        self._stores.close()

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
            from cyberpunk_ai.data_fabric.limits import Limits
            from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

            stores, limits = self._stores, Limits.of(self.settings)
            return UnifiedDataConnector(stores.operational, stores.warehouse, stores.events, home=self.settings.home, limits=limits)

        connector = self._room("connector", build)
        self._room("default sources", lambda: self._configured(connector))
        return connector

    def _configured(self, connector: UnifiedDataConnector) -> bool:
        """Register the sources that the home folder describes; where nothing can be written, those of earlier are read all the same."""
        try:
            connector.configure_default_connectors()
        except StoreFailed as failure:
            if failure.details.get("reason") not in UNWRITABLE:
                raise
            _log.warning("sources of the home folder were not registered", reason=failure.message)
            return False
        return True

    @property
    def _runs(self) -> RunLog:
        def build() -> RunLog:
            from cyberpunk_ai.data_fabric.stores.runs import RunLog

            return RunLog(self._stores.operational)

        return self._room("runs", build)

    @property
    def _artefacts(self) -> ArtefactStore:
        from cyberpunk_ai.models.artefacts import ArtefactStore

        return ArtefactStore(self.settings.home / "models")

    @property
    def _processes(self) -> WorkerProcesses | None:
        """Where a server works out forecasts; None where there is nobody but the caller to be kept waiting."""

        def build() -> WorkerProcesses:
            from cyberpunk_ai.models.worker_processes import WorkerProcesses

            return WorkerProcesses(self.settings.worker_processes, self.settings.max_calculations, self.settings.max_calculation_s)

        return self._room("processes", build) if self._is_server else None

    @property
    def _job_processes(self) -> WorkerProcesses | None:
        """As `_processes`, for what nobody waits for: one at a time, as long as it takes."""

        def build() -> WorkerProcesses:
            from cyberpunk_ai.models.worker_processes import WorkerProcesses

            return WorkerProcesses(1, limit_s=None)

        return self._room("job_processes", build) if self._is_server else None

    def warm(self) -> None:
        """Load what forecasts need into the server of worker processes in the background, where this is a server that is to."""
        if self._processes is not None and self.settings.preload_workers:
            self._processes.warm()

    def _work_out(
        self,
        function: Callable[..., T],
        *args: Any,
        told: Mapping[str, Callable[..., None] | None] | None = None,
        is_job: bool = False,
        **kwargs: Any,
    ) -> T:
        """Call a function here, or in a process of its own where this is a server."""
        processes = self._job_processes if is_job else self._processes
        if processes is None:
            return function(*args, **(told or {}), **kwargs)
        return processes.run(function, *args, told=told, **kwargs)

    def _room(self, name: str, build: Callable[[], T]) -> T:
        with self._rooms_lock:
            room: T = self._rooms[name] if name in self._rooms else build()
            if room is not False:  # what could not be done for now is tried again
                self._rooms[name] = room
            return room

    def _history(self, metric: str, grain: str, where: Mapping[str, Any] | None, by: str | None, who: Caller) -> pd.DataFrame:
        from cyberpunk_ai.data_fabric.semantic import extracts

        return extracts.series(self._semantic, metric, grain=grain, where=where, by=by, row_filter=who.row_filter or None)

    def _data_version(self) -> tuple[int, ...]:
        from cyberpunk_ai.data_fabric.tables import TABLES

        return tuple(self._stores.warehouse.version(name) for name in TABLES)

    def _remember(self, verb: str, parts: object, compute: Callable[[], T], keeps: Callable[[T], bool] | None = None) -> T:
        # A frame can be written to, whatever holds it: each asker gets its own, so that nobody changes another's answer.
        return _own(self._answers.remember((verb, repr(_without_frames(parts))), compute, keeps))

    def _verb(
        self,
        verb: str,
        permission: Permission,
        resource: str,
        detail: Mapping[str, object],
        caller: Caller | None,
        work: Callable[[Caller], T],
        *,
        changes: bool = False,
    ) -> T:
        """Run a verb for a caller, measured and audited whatever its end.

        Args:
            verb: Its name.
            permission: What the caller needs.
            resource: What it is done to.
            detail: Its arguments.
            caller: Who asks; whoever opened the workspace when None.
            work: Does it.
            changes: Whether it changes something. Then it fails before it begins where no audit line can be written. A verb that only reads
                answers all the same while the disk is full, read-only or damaged; the missing line is logged, and health is unhealthy.
        """
        from cyberpunk_ai.governance import audit

        who, started, outcome, line = caller or self.caller, time.perf_counter(), "internal", None
        try:
            who.require(permission)
            if changes:
                line = audit.write(self._stores.operational, who, verb, resource, detail, audit.STARTED)
            load(*_WORKS_WITH.get(permission, ()))
            answer = work(who)
            outcome = "ok"
        except CyberpunkError as error:
            outcome = error.code
            raise
        finally:
            prometheus.observe_verb(verb, outcome, time.perf_counter() - started)
            try:
                if line is None:
                    audit.write(self._stores.operational, who, verb, resource, detail, outcome)
                else:
                    audit.end(self._stores.operational, line, outcome)
            except StoreFailed as failure:
                prometheus.observe_audit_failure(verb)
                told = {"caller": who.caller_id, "verb": verb, "resource": resource[:200], "outcome": outcome, "reason": failure.message}
                _log.error("audit line was not written", **told)
                if outcome == "ok" and line is None and failure.details.get("reason") not in UNWRITABLE:
                    raise
        return answer


def _own(answer: T) -> T:
    """Return a result with frames of its own; what it says is copied, not computed again."""
    import pandas as pd

    mine = copy.copy(answer)
    for field in dataclasses.fields(mine) if isinstance(mine, Result) else ():
        value = getattr(mine, field.name)
        if isinstance(value, (pd.DataFrame, pd.Series, dict)):
            object.__setattr__(mine, field.name, value.copy())
        elif isinstance(value, Result):
            object.__setattr__(mine, field.name, _own(value))
    return mine


def _without_frames(parts: object) -> object:
    """Put fingerprints in the place of frames, of which `repr` shows the first and last rows only."""
    import pandas as pd

    if isinstance(parts, pd.DataFrame | pd.Series):
        return fingerprint(parts)
    if isinstance(parts, dict):
        return {name: _without_frames(each) for name, each in parts.items()}
    if isinstance(parts, list | tuple):
        return [_without_frames(each) for each in parts]
    return parts


def fingerprint(frame: pd.DataFrame | pd.Series) -> str:
    """Content hash of an engine's input: an answer is remembered exactly as long as its input stays the same."""
    import pandas as pd

    digest = hashlib.blake2b(repr((getattr(frame, "columns", None), frame.shape)).encode(), digest_size=16)
    digest.update(pd.util.hash_pandas_object(frame, index=True).to_numpy().tobytes())
    return digest.hexdigest()


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where an event loop is already running in this thread, as in every notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
