"""The query engine of the embedded warehouse: one chDB per process, told per query which Parquet files make up each table.

Writing, commits and files are none of its business: `delta_warehouse` hands it snapshots.
"""

from __future__ import annotations

import itertools
import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.data_fabric.stores.warehouse_sql import ask, translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from cyberpunk_ai.data_fabric.stores.delta_log import Snapshot
    from cyberpunk_ai.data_fabric.tables import Table

HANDLES = 4
"""Queries of one warehouse that run side by side in a process; more wait. The engine spreads each over the cores anyway."""
# In this order: nothing can be set after readonly. Without join_use_nulls, what a LEFT JOIN finds nothing for would be empty text or null,
# depending on the column's type.
# Without extended results, the start of a month is a Date, which ends in 2149: one of 2226 would come out as 1970 or 2149.
READER_SETTINGS = {
    "session_timezone": "UTC", "join_use_nulls": 1, "enable_extended_results_for_datetime_functions": 1, "max_execution_time": 300,
    "readonly": 1,
}  # fmt: skip
_TYPES = {"string": "String", "float": "Float64", "int": "Int64", "bool": "Bool", "timestamp": "DateTime64(6, 'UTC')"}
_numbers = itertools.count(1)


def column_types(table: Table, full: frozenset[str] = frozenset()) -> str:
    """Return the columns of a canonical table as ClickHouse declares them.

    Args:
        table: The table.
        full: Columns in which nothing is missing now. Texts among them need no null map, which makes reading them a fifth faster; numbers
            stay nullable all the same, since the sum of no rows must not depend on it.
    """
    declared = []
    for column in table.contract.columns:
        plain = not column.nullable or (column.kind == "string" and column.name in full)
        declared.append(f"`{column.name}` {_TYPES[column.kind]}" if plain else f"`{column.name}` Nullable({_TYPES[column.kind]})")
    return ", ".join(declared)


class ChdbReader:
    """Runs queries over snapshots. Starts the engine at the first one (about a second, 250 MB).

    The engine is shared by all warehouses of the process, so each reader has a database of its own in it. A snapshot becomes a table over
    an explicit list of files; replacing it is atomic and queries under way keep the files they began with.
    """

    def __init__(self) -> None:
        self._database = f"warehouse_{next(_numbers)}"
        self._lock = threading.Lock()
        self._admin: Any = None
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._slots = threading.Semaphore(HANDLES)
        self._declared: dict[str, Snapshot] = {}
        self._closed = False

    def declare(self, table: Table, snapshot: Snapshot) -> None:
        """Make `table` mean the files of this snapshot from now on, unless a newer one is declared already."""
        with self._lock:
            declared, files = self._declared.get(table.name), snapshot.files
            if declared is not None and (declared.version >= snapshot.version or declared.files == files):
                return
            engine = f"File(Parquet, {_literal(_glob(files))})" if files else "Memory"
            self._command(
                f"CREATE OR REPLACE TABLE {self._database}.`{table.name}` ({column_types(table, snapshot.full)}) ENGINE = {engine}"
            )
            self._declared[table.name] = snapshot

    def query(self, sql: str, parameters: Mapping[str, object] | None) -> pd.DataFrame:
        """Run a query that has passed the gate, on a read-only handle.

        Raises:
            CyberpunkError: What went wrong, in our terms.
        """
        with self._handle() as handle:
            return ask(handle, sql, parameters)

    def close(self) -> None:
        """Drop this reader's tables and handles; the engine ends with the last reader of the process."""
        with self._lock:
            if self._admin is not None:
                self._command(f"DROP DATABASE IF EXISTS {self._database} SYNC")
                self._admin.close()
            self._admin, self._closed = None, True
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    @contextmanager
    def _handle(self) -> Iterator[Any]:
        with self._slots:
            try:
                handle = self._idle.get_nowait()
            except queue.Empty:
                with self._lock:
                    self._start()
                    # A handle of its own that never writes, since readonly sticks; it comes last, since nothing can be set after it.
                    handle = _connect(
                        database=self._database,
                        settings={"storage_file_read_method": "pread", **READER_SETTINGS},  # a fifth faster than mmap, and smaller
                    )
            try:
                yield handle
            finally:
                if self._closed:
                    handle.close()
                else:
                    self._idle.put(handle)

    def _command(self, statement: str) -> None:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        self._start()
        try:
            self._admin.command(statement)
        except (ClickHouseError, RuntimeError) as error:
            raise translate(error) from error

    def _start(self) -> None:
        """Start the engine; the lock is held."""
        if self._closed:
            raise StoreFailed("the warehouse is closed", hint="open a new one")
        if self._admin is None:
            self._admin = _connect()
            self._admin.command(f"CREATE DATABASE {self._database} ENGINE = Atomic")


def _connect(**options: Any) -> Any:
    from datetime import UTC

    import clickhouse_connect

    client = clickhouse_connect.get_client(interface="chdb", **options)
    # Some results lose their zone on the way and would be read in the host's; ours are UTC throughout.
    client.server_tz = UTC
    return client


def _glob(files: Sequence[str]) -> str:
    """Return one path that names exactly these files, which lie in one folder."""
    if len(files) == 1:
        return files[0]
    folder = files[0].rpartition("/")[0]
    return f"{folder}/{{{','.join(file.rpartition('/')[2] for file in files)}}}"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
