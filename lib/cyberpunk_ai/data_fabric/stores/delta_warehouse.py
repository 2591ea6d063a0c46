"""The embedded warehouse: Delta tables in a folder, written by any number of processes, queried in-process by chDB.

Commits are ACID through the Delta log, so nobody owns the folder. Upserts are resolved when writing, which keeps reading plain.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.storage_errors import reason_of, storage_failure, writing
from cyberpunk_ai.data_fabric.stores.chdb_reader import ChdbReader
from cyberpunk_ai.data_fabric.stores.delta_log import DeltaLog, refreshed
from cyberpunk_ai.data_fabric.stores.file_locks import file_lock
from cyberpunk_ai.data_fabric.stores.warehouse_sql import check_select
from cyberpunk_ai.data_fabric.tables import TABLES, Table
from cyberpunk_ai.data_fabric.tables import table as canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    import pyarrow as pa

    from cyberpunk_ai.data_fabric.stores.delta_log import Snapshot
    from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken

ATTEMPTS = 12
COMPACT_AT_FILES = 96
LOCK_SECONDS = 600.0
RETENTION_HOURS = 24
ROW_GROUP = 131_072
_log = get_logger(__name__)


class DeltaWarehouse:
    """Canonical tables as Delta Lake folders below `root`, one per table, made when first written."""

    kind = "delta+chdb"

    def __init__(self, root: Path) -> None:
        if set("*?{}") & set(str(root)):
            raise InvalidArgument(f"the warehouse cannot live in {root}", hint="choose a CYBERPUNK_HOME without * ? { }")
        self.root = root
        self._reader = ChdbReader()
        self._logs = {name: DeltaLog(root / name) for name in TABLES}
        self._locks = {name: threading.Lock() for name in TABLES}
        self._tables: dict[str, Any] = {}

    def append(self, table: str, rows: pd.DataFrame | pa.Table, *, token: BatchToken | None = None) -> int:
        """Add rows whose keys are new, in one commit. See `Warehouse.append`."""
        from cyberpunk_ai.data_fabric.stores.warehouse_rows import by_time, conform

        spec = canonical(table)
        batch = by_time(spec, conform(spec, rows))
        return self._commit(spec, lambda target: _append(target, batch, token), token, empty=batch.num_rows == 0)

    def upsert(self, table: str, rows: pd.DataFrame | pa.Table, *, token: BatchToken | None = None) -> int:
        """Insert or replace rows by key, in one commit. See `Warehouse.upsert`."""
        from cyberpunk_ai.data_fabric.stores.delta_keys import holds_any
        from cyberpunk_ai.data_fabric.stores.warehouse_rows import by_time, conform, newest_per_key

        spec = canonical(table)
        batch = by_time(spec, newest_per_key(spec, conform(spec, rows)))

        def write(target: Any) -> int:
            return (
                _merge(target, spec, batch, token) if holds_any(target, self.root / table, spec, batch) else _append(target, batch, token)
            )

        return self._commit(spec, write, token, empty=batch.num_rows == 0)

    def delete(self, table: str, *, where: Mapping[str, str]) -> int:
        """Delete rows by equality of text columns. See `Warehouse.delete`."""
        spec = canonical(table)
        check_where(spec, where)
        predicate = " AND ".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in where.items())
        return self._commit(spec, lambda target: int(target.delete(predicate, writer_properties=_properties())["num_deleted_rows"]), None)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pd.DataFrame:
        """Run one SELECT over the newest snapshots. See `Warehouse.query`."""
        names = check_select(sql)
        for name in names:
            self._reader.declare(TABLES[name], self._logs[name].verified())
        try:
            return self._reader.query(sql, parameters)
        except StoreFailed:
            for name in names:  # where the engine failed over a damaged file, the error should name the table
                self._logs[name].verified(is_doubted=True)
            raise

    def row_count(self, table: str) -> int:
        """Return the number of rows, from the log's statistics."""
        return self._logs[canonical(table).name].verified().rows

    def forget_missing(self, table: str) -> int:
        """Take files that are gone or cut out of a table's log, so that the rest can be read and written again.

        Returns:
            Files that were taken out.
        """
        spec = canonical(table)
        log = self._logs[spec.name]
        with self._only_writer(spec.name):
            for file, size in zip(log.snapshot().files, log.snapshot().sizes, strict=True):
                if Path(file).exists() and Path(file).stat().st_size != size:
                    Path(file).unlink()
            target = self._target(spec)
            removed = list(target.repair(dry_run=False)["files_removed"])
            log.note_version(target.version() + 1)
        return len(removed)

    def version(self, table: str) -> int:
        """Return the number of commits to the table."""
        return self._snapshot(table).version

    def optimize(self) -> None:
        """Compact small files, then remove files that were replaced more than `RETENTION_HOURS` ago."""
        for spec in TABLES.values():
            self._commit(spec, _compact, None, empty=self._snapshot(spec.name).version == 0)

    def ping(self) -> float:
        """Return the milliseconds of a trivial query.

        Raises:
            StoreFailed: The engine does not answer, or a table has lost a file or a commit.
        """
        started = time.perf_counter()
        for log in self._logs.values():
            log.verified()
        self._reader.query("SELECT 1", None)
        return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Let go of the engine's handles."""
        self._reader.close()

    def _snapshot(self, table: str) -> Snapshot:
        return self._logs[canonical(table).name].snapshot()

    def _commit(self, spec: Table, write: Callable[[Any], int], token: BatchToken | None, *, empty: bool = False) -> int:
        """Run one write against the newest version; again when another machine's commit came between."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        if empty and token is None:
            return 0
        with self._only_writer(spec.name):
            self._logs[spec.name].check_commits()
            for attempt in range(ATTEMPTS):
                try:
                    target = self._target(spec)
                    if (
                        token is not None
                        and (applied := target.transaction_version(token.stream)) is not None
                        and applied >= token.sequence
                    ):
                        return 0
                    rows = write(target)
                except CommitFailedError as error:
                    self._tables.pop(spec.name, None)
                    _log.info("commit conflict", table=spec.name, attempt=attempt + 1, reason=str(error))
                    time.sleep(random.uniform(0, 0.02 * 2 ** min(attempt, 6)))
                except (DeltaError, OSError) as error:
                    self._tables.pop(spec.name, None)
                    failure = storage_failure(f"{spec.name}: writing the batch to", self.root / spec.name, error)
                    hint = "send the batch again; `cyberpunk doctor` checks the stores"
                    raise failure or StoreFailed(f"{spec.name}: the batch could not be written: {error}", hint=hint) from error
                else:
                    with writing(f"{spec.name}: noting the commit in", self.root):
                        self._logs[spec.name].note_version(self._logs[spec.name].snapshot().version)
                    return rows
        raise StoreFailed(f"{spec.name}: {ATTEMPTS} commits in a row lost against other writers", hint="send the batch again")

    def _target(self, spec: Table) -> Any:
        """Return the table for writing, at its newest version; made, or given new columns, where needed."""
        from deltalake import DeltaTable

        from cyberpunk_ai.data_fabric.stores.warehouse_rows import arrow_schema

        folder = self.root / spec.name
        target = refreshed(folder, self._tables.get(spec.name))
        if target is None:
            target = DeltaTable.create(str(folder), arrow_schema(spec), mode="ignore", name=spec.name)
        elif missing := [f for f in arrow_schema(spec) if f.name not in {known.name for known in target.schema().fields}]:
            from deltalake import Schema

            target.alter.add_columns(Schema.from_arrow(arrow_schema(spec).empty_table().select([f.name for f in missing]).schema).fields)
        self._tables[spec.name] = target
        return target

    @contextmanager
    def _only_writer(self, table: str) -> Iterator[None]:
        """Queue the writers of one table on this machine: a lost merge costs more than waiting. The system frees it when one is killed."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreFailed(
                f"the warehouse cannot be made in {self.root}: {error}", hint="set CYBERPUNK_HOME to a folder of yours",
                reason=reason_of(error),
            ) from error  # fmt: skip
        with self._locks[table], file_lock(self.root / f"{table}.lock", timeout_s=LOCK_SECONDS):
            yield


def check_where(spec: Table, where: Mapping[str, str]) -> None:
    """Refuse conditions of a delete that are empty or not about text columns.

    Raises:
        InvalidArgument: As said.
    """
    texts = [column.name for column in spec.contract.columns if column.kind == "string"]
    wrong = [name for name, value in where.items() if name not in texts or not isinstance(value, str)]
    if wrong or not where:
        problem = f"cannot delete by {', '.join(wrong)}" if wrong else "a delete needs a condition"
        raise InvalidArgument(f"{spec.name}: {problem}", hint=f"text columns: {', '.join(texts)}")


def _append(target: Any, batch: pa.Table, token: BatchToken | None) -> int:
    from deltalake import write_deltalake

    write_deltalake(target, batch, mode="append", writer_properties=_properties(), commit_properties=_once(token))
    if batch.num_rows < ROW_GROUP and len(target.file_uris()) >= COMPACT_AT_FILES:
        _tidy(target)
    return int(batch.num_rows)


def _tidy(target: Any) -> None:
    """Compact after a commit. The rows are safe by then: a conflict here must not make them be written again."""
    from deltalake.exceptions import DeltaError

    try:
        target.optimize.compact(writer_properties=_properties())
    except DeltaError as error:
        _log.info("compaction left to the next writer", reason=str(error))


def _merge(target: Any, spec: Table, batch: pa.Table, token: BatchToken | None) -> int:
    same = " AND ".join(f"old.{name} = new.{name}" for name in spec.key)
    options = {"writer_properties": _properties(), "commit_properties": _once(token), "streamed_exec": False}
    merger = target.merge(batch, same, source_alias="new", target_alias="old", **options)
    done = merger.when_matched_update_all("new.updated_at >= old.updated_at").when_not_matched_insert_all().execute()
    return int(done["num_target_rows_inserted"] + done["num_target_rows_updated"])


def _compact(target: Any) -> int:
    target.optimize.compact(writer_properties=_properties())
    # In full: files that a killed writer left behind are in no log.
    return len(target.vacuum(retention_hours=RETENTION_HOURS, dry_run=False, enforce_retention_duration=False, full=True))


def _once(token: BatchToken | None) -> Any:
    """Write the token with the batch, in the same commit."""
    from deltalake import CommitProperties, Transaction

    return CommitProperties(app_transactions=[Transaction(token.stream, token.sequence)]) if token else None


def _properties() -> Any:
    """Row groups small enough that a period of a sorted table skips most of a file."""
    from deltalake import WriterProperties

    return WriterProperties(max_row_group_size=ROW_GROUP, compression="SNAPPY")
