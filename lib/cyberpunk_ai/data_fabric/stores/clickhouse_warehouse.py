"""The warehouse on a ClickHouse server, over HTTP. The same tables and SQL as the embedded one; replaced rows are resolved when reading."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.data_fabric.stores.chdb_reader import READER_SETTINGS
from cyberpunk_ai.data_fabric.stores.clickhouse_tables import BATCHES, create_missing, rows_name
from cyberpunk_ai.data_fabric.stores.delta_warehouse import check_where
from cyberpunk_ai.data_fabric.stores.warehouse_sql import ask, check_select, translate
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.data_fabric.tables import table as canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa

    from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken
    from cyberpunk_ai.data_fabric.tables import Table

BLOCK_ROWS = 250_000


class ClickHouseWarehouse:
    """Canonical tables on the server of `url`: `http[s]://user:password@host:port/database`, or `clickhouse[s]://` for the usual ports."""

    kind = "clickhouse"

    def __init__(self, url: str) -> None:
        self._address = _address(url)
        self._lock = threading.Lock()
        self._writer: Any = None
        self._reader: Any = None
        self._closed = False

    def append(self, table: str, rows: pd.DataFrame | pa.Table, *, token: BatchToken | None = None) -> int:
        """Add rows. See `Warehouse.append`; here a key that exists after all is replaced."""
        return self._insert(canonical(table), rows, token)

    def upsert(self, table: str, rows: pd.DataFrame | pa.Table, *, token: BatchToken | None = None) -> int:
        """Insert or replace rows by key. See `Warehouse.upsert`; the engine picks the newest later, so all rows sent count."""
        return self._insert(canonical(table), rows, token)

    def delete(self, table: str, *, where: Mapping[str, str]) -> int:
        """Delete rows by equality of text columns. See `Warehouse.delete`."""
        spec = canonical(table)
        check_where(spec, where)
        condition = " AND ".join(f"`{name}` = {{value_{position}:String}}" for position, name in enumerate(where))
        binds = {f"value_{position}": value for position, value in enumerate(where.values())}
        found = int(self._ask(f"SELECT count() AS n FROM `{spec.name}` WHERE {condition}", binds)["n"].iloc[0])
        if found:
            key = ", ".join(f"`{name}`" for name in spec.key)
            # By key: an older row that the deleted one had replaced must not come back to light.
            self._command(f"DELETE FROM {rows_name(spec.name)} WHERE ({key}) IN (SELECT {key} FROM `{spec.name}` WHERE {condition})", binds)
        return found

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pd.DataFrame:
        """Run one SELECT. See `Warehouse.query`."""
        check_select(sql)
        return ask(self._clients()[1], sql, parameters)

    def row_count(self, table: str) -> int:
        """Return the number of rows, counting a replaced row once."""
        return int(self._ask(f"SELECT count() AS n FROM `{canonical(table).name}`")["n"].iloc[0])

    def version(self, table: str) -> int:
        """Return the newest block or mutation number of the table: inserts and deletes draw from one counter, merges draw none."""
        sql = (
            "SELECT max(greatest(max_block_number, toInt64(data_version))) AS newest FROM system.parts "
            "WHERE database = currentDatabase() AND table = {name:String} AND active AND rows > 0"
        )
        return int(self._ask(sql, {"name": rows_name(canonical(table).name)})["newest"].iloc[0])

    def optimize(self) -> None:
        """Merge each table into one part, which drops replaced rows."""
        for name in (*map(rows_name, TABLES), BATCHES):
            self._command(f"OPTIMIZE TABLE {name} FINAL")

    def ping(self) -> float:
        """Return the milliseconds of a trivial query."""
        started = time.perf_counter()
        self._ask("SELECT 1 AS one")
        return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for client in (self._writer, self._reader):
                if client is not None:
                    client.close()
            self._writer = self._reader = None
            self._closed = True

    def _insert(self, spec: Table, rows: pd.DataFrame | pa.Table, token: BatchToken | None) -> int:
        from cyberpunk_ai.data_fabric.stores.warehouse_rows import conform, newest_per_key

        batch = newest_per_key(spec, conform(spec, rows))
        if token is not None and self._applied(spec.name, token):
            return 0
        for position, start in enumerate(range(0, batch.num_rows, BLOCK_ROWS)):
            self._insert_block(spec, batch.slice(start, BLOCK_ROWS), f"{token.stream}/{token.sequence}/{position}" if token else "")
        if token is not None:
            # After the rows: a crash in between sends the batch again, and the engine knows it by its blocks' tokens and its keys.
            self._command(
                f"INSERT INTO {BATCHES} SELECT {{name:String}}, {{stream:String}}, {{sequence:Int64}}, now64(6)",
                {"name": spec.name, "stream": token.stream, "sequence": token.sequence},
            )
        return int(batch.num_rows)

    def _insert_block(self, spec: Table, block: pa.Table, deduplication: str) -> None:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        frame = block.to_pandas(integer_object_nulls=True)
        settings: dict[str, Any] = {"insert_deduplication_token": deduplication} if deduplication else {}
        writer = self._clients()[0]
        try:
            writer.insert_df(rows_name(spec.name), frame, settings=settings)
        except ClickHouseError as error:
            raise translate(error) from error

    def _applied(self, table: str, token: BatchToken) -> bool:
        same = "table_name = {name:String} AND stream = {stream:String} AND sequence >= {sequence:Int64}"
        sql = f"SELECT count() AS n FROM {BATCHES} WHERE {same}"
        return bool(self._ask(sql, {"name": table, "stream": token.stream, "sequence": token.sequence})["n"].iloc[0])

    def _ask(self, sql: str, binds: Mapping[str, object] | None = None) -> pd.DataFrame:
        """Run a query of our own, without the gate."""
        return ask(self._clients()[0], sql, binds)

    def _command(self, sql: str, binds: Mapping[str, object] | None = None) -> None:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        writer = self._clients()[0]
        try:
            writer.command(sql, parameters=dict(binds or {}))
        except ClickHouseError as error:
            raise translate(error) from error

    def _clients(self) -> tuple[Any, Any]:
        """Return the writing and the read-only client; the first call connects and creates missing tables."""
        from clickhouse_connect.driver.exceptions import ClickHouseError

        with self._lock:
            if self._closed:
                raise StoreFailed("the warehouse is closed", hint="open a new one")
            if self._writer is None:
                try:
                    self._writer, self._reader = self._connect()
                except ClickHouseError as error:
                    raise StoreFailed(
                        f"ClickHouse at {self._address['host']}:{self._address['port']} cannot be used: {translate(error).message}",
                        hint="check CLICKHOUSE_URL and that the server runs; without it the embedded warehouse is used",
                    ) from error
            return self._writer, self._reader

    def _connect(self) -> tuple[Any, Any]:
        from datetime import UTC

        from clickhouse_connect import get_client
        from clickhouse_connect.driver.httputil import get_pool_manager

        # No session: a session takes one query at a time, and threads share these clients.
        shared: dict[str, Any] = {"autogenerate_session_id": False, "pool_mgr": get_pool_manager(maxsize=16)}
        name = self._address["database"]
        with get_client(**{**self._address, "database": "default"}, **shared) as first:
            if name not in [row[0] for row in first.query("SHOW DATABASES").result_rows]:
                first.command(f"CREATE DATABASE IF NOT EXISTS `{name}`")
        writer = get_client(**self._address, **shared, settings={"session_timezone": "UTC"})
        create_missing(writer)
        reader = get_client(**self._address, **shared, settings=READER_SETTINGS)
        writer.server_tz = reader.server_tz = UTC
        return writer, reader


def _address(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    secure = parts.scheme in {"https", "clickhouses"}
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or (8443 if secure else 8123),
        "username": unquote(parts.username) if parts.username else "default",
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.strip("/")) or "default",
        "secure": secure,
    }
