"""How the canonical tables look on a ClickHouse server: rows in ReplacingMergeTree, read through a view of the table's own name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.data_fabric.stores.chdb_reader import column_types
from cyberpunk_ai.data_fabric.tables import TABLES

if TYPE_CHECKING:
    from cyberpunk_ai.data_fabric.tables import Table

BATCHES = "warehouse_batches"
"""Newest applied token of each stream and table."""


def rows_name(table: str) -> str:
    """Return the name of the table that holds the rows behind a view."""
    return f"{table}_rows"


def create_missing(client: Any) -> None:
    """Create what the database lacks: tables, columns that newer versions of the product added, views. Safe from several processes."""
    held: dict[str, set[str]] = {}
    for table, column in client.query("SELECT table, name FROM system.columns WHERE database = currentDatabase()").result_rows:
        held.setdefault(table, set()).add(column)
    if BATCHES not in held:
        client.command(
            f"CREATE TABLE IF NOT EXISTS {BATCHES} (table_name String, stream String, sequence Int64, applied_at DateTime64(6, 'UTC')) "
            "ENGINE = ReplacingMergeTree(sequence) ORDER BY (table_name, stream)"
        )
    for spec in TABLES.values():
        rows, names = rows_name(spec.name), set(spec.contract.names)
        if rows not in held:
            client.command(_create(spec))
        for declared in _columns(spec) if names - held.get(rows, names) else ():
            client.command(f"ALTER TABLE {rows} ADD COLUMN IF NOT EXISTS {declared}")
        if held.get(spec.name) != names:
            columns = ", ".join(f"`{name}`" for name in spec.contract.names)
            client.command(f"CREATE OR REPLACE VIEW `{spec.name}` AS SELECT {columns} FROM {rows} FINAL")


def _columns(spec: Table) -> list[str]:
    # A type holds commas only as ", 'UTC'", so columns part at a comma before a back quote.
    first, *others = column_types(spec).split(", `")
    return [first, *(f"`{other}" for other in others)]


def _create(spec: Table) -> str:
    # The key orders the rows, because only rows of one key may replace each other; the skip index brings back pruning by time.
    skip = f", INDEX by_time `{spec.time_column}` TYPE minmax GRANULARITY 1" if spec.time_column else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {rows_name(spec.name)} ({column_types(spec)}{skip}) ENGINE = ReplacingMergeTree(updated_at) "
        f"ORDER BY ({', '.join(spec.key)}) SETTINGS non_replicated_deduplication_window = 1000"
    )
