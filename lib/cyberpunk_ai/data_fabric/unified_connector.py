"""The one door to all sources: which are registered, their sync side by side, their report, and the rows that were set aside.

Reading is done by `connectors/`, the work on one stream by `syncing/`, keeping and publishing by `landing/`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import Conflict, CyberpunkError, InvalidArgument, NotFound, SourceFailed, StoreFailed
from cyberpunk_ai.core.logs import get_logger, mask_text
from cyberpunk_ai.core.storage_errors import writing
from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS
from cyberpunk_ai.data_fabric.limits import DEFAULT, Limits
from cyberpunk_ai.data_fabric.mapping.declaration import read_mapping
from cyberpunk_ai.data_fabric.syncing.reports import Quarantine, ReplayReport, SourceList, SourceReport, SyncHistory, SyncReport
from cyberpunk_ai.data_fabric.syncing.source_files import INBOX, read_source_file, source_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from cyberpunk_ai.data_fabric.imports.plan import ImportPlan
    from cyberpunk_ai.data_fabric.stores.operational import Operational
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse
    from cyberpunk_ai.data_fabric.streams.base import EventLog
    from cyberpunk_ai.data_fabric.syncing.repair import RepairReport
    from cyberpunk_ai.data_fabric.syncing.stream_sync import StreamTally

_log = get_logger(__name__)
AT_ONCE = 8  # sources that are read at once: each holds connections, files and a batch of rows


class UnifiedDataConnector:
    """Registers sources and syncs them into the stores.

    Args:
        operational: Operational record; the one of the settings by default.
        warehouse: Warehouse; the one of the settings by default.
        events: Event log that `data_sync` events go to; with default stores the one of the settings, otherwise none.
        home: Folder that relative paths start from; the one of the settings by default.
        limits: How much one source may take of this process; those of the settings by default, where settings are read.
    """

    def __init__(
        self,
        operational: Operational | None = None,
        warehouse: Warehouse | None = None,
        events: EventLog | None = None,
        *,
        home: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        if operational is None or warehouse is None or home is None:
            from cyberpunk_ai.core.settings import Settings
            from cyberpunk_ai.data_fabric.stores.operational import open_operational
            from cyberpunk_ai.data_fabric.stores.warehouse import open_warehouse
            from cyberpunk_ai.data_fabric.streams import open_event_log

            settings = Settings.load()
            home, limits = home or settings.home, limits or Limits.of(settings)
            if operational is None and warehouse is None and events is None:
                events = open_event_log(settings)
            operational = operational or open_operational(settings)
            warehouse = warehouse or open_warehouse(settings)
        from cyberpunk_ai.data_fabric.landing import Landing
        from cyberpunk_ai.data_fabric.syncing.sync_log import SyncLog

        self.operational, self.warehouse, self.events, self.home = operational, warehouse, events, home
        self.landing, self.limits = Landing(operational, warehouse), limits or DEFAULT
        self.syncs = SyncLog(operational)
        self.unreadable: dict[str, str] = {}

    def configure_default_connectors(self) -> list[str]:
        """Register the sources that the home folder describes: every `sources/*.yaml`, and the files dropped into `sources/inbox`.

        A file that is no source is left out, logged and listed by `source_list`: it must not keep the others from syncing.

        Returns:
            Names of the sources, sorted.
        """
        self.unreadable = {}
        for path in source_files(self.home / "sources"):
            try:
                self.add_source(*read_source_file(path))
            except StoreFailed:
                raise  # the file is well; what it says cannot be kept
            except CyberpunkError as error:
                self.unreadable[path.name] = error.message
                _log.warning("source file was not taken", file=path.name, reason=error.message)
        inbox = self.home / "sources" / INBOX
        with writing("making the folder", inbox):
            inbox.mkdir(parents=True, exist_ok=True)
        self.add_source(INBOX, "csv_files", {"path": f"sources/{INBOX}"})
        return sorted(self.sources()["name"])

    def add_source(self, name: str, connector: str, config: Mapping[str, Any], mapping: Mapping[str, Any] | None = None) -> None:
        """Register a source, or change one of the same name; what it synced so far is kept.

        Args:
            name: Name of the source.
            connector: One of `CONNECTORS`.
            config: Its config; `${NAME}` stands for an environment variable and is kept unresolved.
            mapping: `{"table": …, "columns": {canonical: column or rule}}`, for all streams or by stream name. Guessed when missing.

        Raises:
            NotFound: No such connector.
            Unavailable: The connector's driver is not installed.
            InvalidArgument: The config or the mapping is wrong.
        """
        from sqlalchemy.dialects import postgresql, sqlite

        from cyberpunk_ai.data_fabric.stores.records import sources

        if not name or len(name) > 100 or any(sign in name for sign in ":/@\n"):
            raise InvalidArgument(f"a source cannot be called {name!r}", hint="up to 100 signs without : / @")
        CONNECTORS.get(connector).configure(config, home=self.home)
        read_mapping(mapping)
        kept = {"config": dict(config), "mapping": dict(mapping) if mapping else None}
        with self.operational.begin() as connection:
            insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(sources)
            values = insert.values(name=name, connector=connector, config=kept, enabled=True, created_at=utc_now())
            connection.execute(values.on_conflict_do_update(index_elements=["name"], set_={"connector": connector, "config": kept}))

    def add_import(self, plan: ImportPlan, *, name: str | None = None) -> str:
        """Register an import plan as a source and return its name.

        Raises:
            InvalidArgument: The plan is of a frame, or lacks columns that the table needs.
        """
        source, config, mapping = plan.source(name)
        self.add_source(source, "csv_files", config, mapping)
        return source

    def remove_source(self, name: str, *, rows: bool = False) -> None:
        """Forget a source; its rows stay unless `rows` says otherwise, and its checkpoints stay for the day it comes back.

        Raises:
            NotFound: No such source.
        """
        from sqlalchemy import delete

        from cyberpunk_ai.data_fabric.stores.records import sources

        if rows:
            self.reset_source(name, rows=True)
        with self.operational.begin() as connection:
            if connection.execute(delete(sources).where(sources.c.name == name)).rowcount == 0:
                raise NotFound(f"no source is called {name!r}", hint="list them with sources()")

    def reset_source(self, name: str, *, rows: bool = True) -> None:
        """Forget how far a source was read, so that the next sync reads all of it; `rows` also takes its rows out of the warehouse."""
        from sqlalchemy import delete, select, update

        from cyberpunk_ai.data_fabric.stores.records import landing_batches, quarantine, sync_state
        from cyberpunk_ai.data_fabric.tables import TABLES

        with self.operational.read() as connection:
            streams = list(connection.execute(select(sync_state.c.stream).where(sync_state.c.source == name)).scalars())
        if rows:
            for stream in streams:
                for table in TABLES:
                    if self.warehouse.row_count(table):
                        self.warehouse.delete(table, where={"source": f"{name}:{stream}"})
        with self.operational.begin() as connection:
            # The number of the last batch stays: the warehouse skips numbers that it has seen.
            connection.execute(update(sync_state).where(sync_state.c.source == name).values(position=None, cursor=None))
            connection.execute(delete(quarantine).where(quarantine.c.source == name))
            if rows:
                connection.execute(delete(landing_batches).where(landing_batches.c.source == name))

    def sources(self) -> pd.DataFrame:
        """Return one row per source: name, connector, enabled, created_at, and status, rows and error of its last sync."""
        return self.syncs.sources()

    def source_list(self) -> SourceList:
        """Return the sources with their last sync, and the source files that could not be read."""
        return SourceList(self.sources(), dict(self.unreadable))

    def recent_syncs(self, *, limit: int = 20) -> SyncHistory:
        """Return the newest syncs, one row per source and sync; `interrupted` where the process of one has ended."""
        return self.syncs.recent(limit=limit)

    def check_source(self, name: str) -> None:
        """Find out cheaply whether a source answers.

        Raises:
            NotFound: No such source.
            SourceFailed: It does not answer.
        """
        connector, kept = self._registered(name)
        CONNECTORS.get(connector).configure(kept["config"], home=self.home, limits=self.limits).check()

    async def sync_all_sources(
        self, names: Sequence[str] | None = None, *, on_progress: Callable[[dict[str, Any]], None] | None = None
    ) -> SyncReport:
        """Sync sources side by side, at most eight at once; one that fails, fails alone.

        Args:
            names: Sources to sync; all that are enabled by default.
            on_progress: Called with `{source, stream, rows, quarantined, status}` after every batch and at the end of every source.

        Returns:
            A report per source, in order of name.

        Raises:
            NotFound: A name is not registered.
        """
        from sqlalchemy import select

        from cyberpunk_ai.data_fabric.stores.records import sources

        with self.operational.read() as connection:
            enabled = {row.name: row.enabled for row in connection.execute(select(sources.c.name, sources.c.enabled))}
        wanted = sorted(set(names)) if names is not None else sorted(name for name, is_on in enabled.items() if is_on)
        unknown = [name for name in wanted if name not in enabled]
        if unknown:
            raise NotFound(
                f"no source is called {', '.join(map(repr, unknown))}", hint=f"sources: {', '.join(sorted(enabled)) or 'none yet'}"
            )
        started = utc_now()
        await asyncio.to_thread(self.syncs.settle)
        with self.syncs.heartbeats():
            turn = asyncio.Semaphore(AT_ONCE)
            reports = await asyncio.gather(*(self._sync_alone(name, on_progress, turn) for name in wanted))
        return SyncReport(tuple(reports), started, utc_now())

    async def repair(self, table: str) -> RepairReport:
        """Make a table readable that has lost data files or commits, and read its streams again from their start.

        Raises:
            NotFound: No such table.
            InvalidArgument: The warehouse is a server, which keeps its own files.
        """
        from cyberpunk_ai.data_fabric.syncing.repair import repair_table

        return await repair_table(self, table)

    def replay(self, source: str | None = None) -> ReplayReport:
        """Try rows in quarantine again with their source's mapping of now; those that fit land, the others stay.

        A row lands as the one that the sync would have landed, so nothing doubles, and it never replaces what was read later.

        Args:
            source: Only of this source; of all by default.

        Raises:
            NotFound: No such source.
        """
        from cyberpunk_ai.data_fabric.syncing.replay import replay_streams, waiting_streams

        if source is not None:
            self._registered(source)
        registered = set(self.sources()["name"])
        waiting = waiting_streams(self.operational, source)
        mappings = {name: read_mapping(self._registered(name)[1].get("mapping")) for name in {name for name, _ in waiting} & registered}
        return replay_streams(self.landing, waiting, mappings)

    def quarantine(self, source: str | None = None, *, limit: int = 100, replayed: bool = False) -> Quarantine:
        """Return rows that were set aside, newest first; those that a replay has landed only when asked for."""
        import pandas as pd
        from sqlalchemy import func, select

        from cyberpunk_ai.data_fabric.stores.records import quarantine

        c = quarantine.c
        query = select(c.id, c.source, c.stream, c.reason, c.payload, c.first_seen, c.replayed_at).order_by(c.id.desc()).limit(limit)
        count = select(func.count()).select_from(quarantine)
        wanted = ([] if source is None else [c.source == source]) + ([] if replayed else [c.replayed_at.is_(None)])
        query, count = query.where(*wanted), count.where(*wanted)
        with self.operational.read() as connection:
            found = connection.execute(query)
            rows = pd.DataFrame([dict(row) for row in found.mappings()], columns=list(found.keys()))
            return Quarantine(rows, int(connection.execute(count).scalar_one()))

    def close(self) -> None:
        """Close the stores."""
        for store in (self.events, self.warehouse, self.operational):
            if store is not None:
                store.close()

    async def _sync_alone(self, name: str, on_progress: Callable[[dict[str, Any]], None] | None, turn: asyncio.Semaphore) -> SourceReport:
        """Sync a source when it is its turn. What cannot even be recorded, say a source just removed, ends nobody else's."""
        async with turn:
            started = utc_now()
            try:
                return await self._sync_source(name, on_progress)
            except Exception as failure:  # noqa: BLE001 - whatever it is, the other sources go on
                _log.exception("a sync could not be recorded", source=name)
                error = failure if isinstance(failure, CyberpunkError) else _surprise(failure)
                seconds = (utc_now() - started).total_seconds()
                return SourceReport(name=name, connector="", status="failed", error=error.to_dict(), seconds=seconds)

    async def _sync_source(self, name: str, on_progress: Callable[[dict[str, Any]], None] | None) -> SourceReport:
        started = utc_now()
        connector_name, _ = self._registered(name)
        run_id = self.syncs.start(name)
        tallies: dict[str, StreamTally] = {}
        error: dict[str, Any] | None = None
        status = "ok"
        try:
            await self._read_source(name, tallies, on_progress)
        except Conflict as conflict:
            status, error = "locked", conflict.to_dict()
        except CyberpunkError as failure:
            status, error = "failed", failure.to_dict()
        except Exception as failure:  # noqa: BLE001 - one source's surprise must not end the others; it is logged with its trace
            _log.exception("sync failed", source=name)
            status, error = "failed", _surprise(failure).to_dict()
        except BaseException:
            self.syncs.interrupt(run_id, name)  # cancelled, Ctrl-C, or the process is being ended
            raise
        report = SourceReport(
            name=name, connector=connector_name, status=status, error=error,  # type: ignore[arg-type]
            rows=sum(t.rows for t in tallies.values()), bytes=sum(t.bytes for t in tallies.values()),
            seconds=(utc_now() - started).total_seconds(), quarantined=sum(t.quarantined for t in tallies.values()),
            cursor=next((t.cursor for t in reversed(tallies.values()) if t.cursor), None),
            warnings=tuple(text for t in tallies.values() for text in t.warnings),
            new_columns=tuple(text for t in tallies.values() for text in t.new_columns),
            streams={stream: t.rows for stream, t in tallies.items()},
        )  # fmt: skip
        await asyncio.to_thread(self._note_end, run_id, report)
        if on_progress is not None:
            on_progress({"source": name, "stream": None, "rows": report.rows, "quarantined": report.quarantined, "status": status})
        return report

    async def _read_source(self, name: str, tallies: dict[str, StreamTally], on_progress: Callable[[dict[str, Any]], None] | None) -> None:
        from cyberpunk_ai.data_fabric.landing import lease
        from cyberpunk_ai.data_fabric.syncing.stream_sync import StreamSync

        connector_name, kept = self._registered(name)
        connector = CONNECTORS.get(connector_name).configure(kept["config"], home=self.home, limits=self.limits)
        mappings = read_mapping(kept.get("mapping"))
        failures: list[CyberpunkError] = []
        try:
            # Kept batches of a stream that the source no longer has would wait for ever otherwise.
            for stream_name in await asyncio.to_thread(self.landing.unpublished_streams, name):
                with lease(self.operational, name, stream_name) as held:
                    await asyncio.to_thread(self.landing.publish, held)
            newest = await asyncio.to_thread(self.landing.newest_reading)
            for stream in await asyncio.to_thread(connector.discover):
                if mappings and stream.name not in mappings and "*" not in mappings:
                    continue

                def told(tally: StreamTally, stream_name: str = stream.name) -> None:
                    if on_progress is not None:
                        on_progress(
                            {
                                "source": name,
                                "stream": stream_name,
                                "rows": tally.rows,
                                "quarantined": tally.quarantined,
                                "status": "running",
                            }
                        )

                sync = StreamSync(self.landing, name, mappings.get(stream.name) or mappings.get("*"), told, after=newest)
                tallies[stream.name] = sync.tally
                try:
                    await sync.run(connector, stream)
                except Conflict:
                    raise
                except CyberpunkError as failure:
                    failure.details |= {"source": name, "stream": stream.name}
                    failures.append(failure)  # one bad file must not keep its neighbours out
                except Exception as failure:  # noqa: BLE001 - as above, whatever a damaged file makes a library raise; logged with its trace
                    _log.exception("stream failed", source=name, stream=stream.name)
                    said = mask_text(f"{stream.name}: it could not be read: {type(failure).__name__}: {failure}")
                    failures.append(SourceFailed(said, hint="check the file; the log has the details"))
        finally:
            await connector.close()
        if failures:
            raise (
                failures[0]
                if len(failures) == 1
                else SourceFailed(
                    f"{len(failures)} streams failed: " + "; ".join(failure.message for failure in failures[:3]), hint=failures[0].hint
                )
            )

    def _registered(self, name: str) -> tuple[str, dict[str, Any]]:
        from sqlalchemy import select

        from cyberpunk_ai.data_fabric.stores.records import sources

        with self.operational.read() as connection:
            row = connection.execute(select(sources.c.connector, sources.c.config).where(sources.c.name == name)).one_or_none()
        if row is None:
            raise NotFound(f"no source is called {name!r}", hint="list them with sources()")
        return row.connector, row.config

    def _note_end(self, run_id: str, report: SourceReport) -> None:
        self.syncs.end(run_id, report)
        _log.info("source synced", source=report.name, status=report.status, rows=report.rows, quarantined=report.quarantined)
        if self.events is None:
            return
        event = {
            "event_id": run_id, "source": report.name, "connector": report.connector, "status": report.status, "rows": report.rows,
            "quarantined": report.quarantined, "seconds": round(report.seconds, 3), "at": utc_now().isoformat(),
        }  # fmt: skip
        try:
            self.events.append("data_sync", [event], keys=[report.name])
        except CyberpunkError as failure:
            # The rows are safe; a broker that is down only costs the hint to those who watch.
            _log.warning("data_sync event was not sent", source=report.name, reason=failure.message)


def _surprise(failure: Exception) -> SourceFailed:
    return SourceFailed(mask_text(f"{type(failure).__name__}: {failure}"), hint="see the log")
