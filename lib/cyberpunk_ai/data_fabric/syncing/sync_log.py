"""The record of syncs, one row per source and sync: started, kept alive by heartbeats, ended, listed."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import func, select, update

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.core.heartbeats import repeated
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.processes import this_process
from cyberpunk_ai.data_fabric.stores.interrupted import HEARTBEAT_SECONDS, INTERRUPTED, RUNNING, as_seen, lease_from, settle
from cyberpunk_ai.data_fabric.stores.records import sources, sync_runs
from cyberpunk_ai.data_fabric.syncing.reports import SyncHistory

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from cyberpunk_ai.data_fabric.stores.interrupted import Row
    from cyberpunk_ai.data_fabric.stores.operational import Operational
    from cyberpunk_ai.data_fabric.syncing.reports import SourceReport

_log = get_logger(__name__)


class SyncLog:
    """Starts, heartbeats and endings of syncs in the operational store. Threads may share it.

    Args:
        operational: Store of the record.
        clock: Says the moment that leases are judged by.
    """

    def __init__(self, operational: Operational, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.operational, self._clock = operational, clock
        self._open: set[str] = set()
        self._lock = threading.Lock()

    def settle(self) -> int:
        """Record syncs whose process has ended as `interrupted`, and return how many."""
        return settle(self.operational, sync_runs, self._clock(), _what_next)

    def start(self, source: str) -> str:
        """Record that this process syncs a source from now on, and return the id of the sync."""
        run_id, now = uuid.uuid4().hex, self._clock()
        row = {"run_id": run_id, "source": source, "started_at": now, "status": RUNNING}
        with self.operational.begin() as connection:
            connection.execute(sync_runs.insert().values(**row, owner=this_process(), lease_until=lease_from(now)))
        with self._lock:
            self._open.add(run_id)
        return run_id

    def beat(self) -> None:
        """Extend the leases of the syncs that this process works on. One that was taken for interrupted goes on."""
        with self._lock:
            going_on = sorted(self._open)
        if going_on:
            values = {"status": RUNNING, "error": None, "lease_until": lease_from(self._clock())}
            with self.operational.begin() as connection:
                connection.execute(update(sync_runs).where(sync_runs.c.run_id.in_(going_on), _is_open()).values(**values))

    def heartbeats(self) -> AbstractContextManager[None]:
        """Extend the leases from a thread while a block runs."""

        def beat() -> bool:
            try:
                self.beat()
            except CyberpunkError as error:  # the sync itself fails over a store that stays away
                _log.warning("heartbeat failed, trying again", reason=error.message)
            return True

        return repeated(beat, every_s=HEARTBEAT_SECONDS, name="sync-heartbeat")

    def end(self, run_id: str, report: SourceReport) -> None:
        """Record how a sync ended."""
        self._close(
            run_id, status=report.status, rows=report.rows, bytes=report.bytes, quarantined=report.quarantined, seconds=report.seconds,
            error=report.error,
        )  # fmt: skip

    def interrupt(self, run_id: str, source: str) -> None:
        """Record that a sync was stopped, e.g. by Ctrl-C, while its process goes on."""
        what_next = _what_next({"source": source})
        error = {"code": INTERRUPTED, "message": f"Interrupted: it was stopped before it was done. {what_next}", "hint": what_next}
        self._close(run_id, status=INTERRUPTED, error=error)

    def recent(self, *, limit: int = 20) -> SyncHistory:
        """Return the newest syncs, one row per source and sync; `interrupted` where the process has ended."""
        columns = [column.name for column in sync_runs.c if column.name != "lease_until"]
        with self.operational.read() as connection:
            rows = connection.execute(select(sync_runs).order_by(sync_runs.c.started_at.desc()).limit(limit)).mappings().all()
        now = self._clock()
        return SyncHistory(pd.DataFrame([as_seen(row, now, _what_next) for row in rows], columns=columns))

    def sources(self) -> pd.DataFrame:
        """Return one row per registered source, with how its last sync ended."""
        newest = select(sync_runs.c.source, func.max(sync_runs.c.started_at).label("started_at")).group_by(sync_runs.c.source).subquery()
        last = (
            select(sync_runs)
            .join(newest, (sync_runs.c.source == newest.c.source) & (sync_runs.c.started_at == newest.c.started_at))
            .subquery()
        )
        columns = ["name", "connector", "enabled", "created_at", "status", "rows", "quarantined", "seconds", "finished_at", "error"]
        query = (
            select(
                sources.c.name, sources.c.connector, sources.c.enabled, sources.c.created_at, last.c.source,
                last.c.status, last.c.rows, last.c.quarantined, last.c.seconds, last.c.finished_at, last.c.error,
                last.c.owner, last.c.lease_until, last.c.started_at,
            )
            .outerjoin(last, last.c.source == sources.c.name)
            .order_by(sources.c.name)
        )  # fmt: skip
        with self.operational.read() as connection:
            rows = connection.execute(query).mappings().all()
        now = self._clock()
        found = pd.DataFrame([as_seen(row, now, _what_next) for row in rows], columns=columns)
        return found.drop_duplicates("name", ignore_index=True)

    def _close(self, run_id: str, **values: Any) -> None:
        with self._lock:
            self._open.discard(run_id)
        with self.operational.begin() as connection:
            ending = update(sync_runs).where(sync_runs.c.run_id == run_id)
            connection.execute(ending.values(finished_at=self._clock(), lease_until=None, **values))


def _is_open() -> Any:
    return sync_runs.c.status.in_((RUNNING, INTERRUPTED))


def _what_next(row: Row) -> str:
    return f"Sync it again: cyberpunk sync {row['source']}. It continues after the last batch that was kept"
