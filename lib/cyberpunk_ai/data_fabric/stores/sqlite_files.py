"""How a SQLite file is opened, also one in a folder that nobody may write in. What lies in the file is its owners' business."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.storage_errors import storage_failure, writing

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    from cyberpunk_ai.core.errors import StoreFailed

BUSY_TIMEOUT_S = 30.0
INTENT = "cyberpunk_intent"


class ReadOnlyConnection(sqlite3.Connection):
    """A connection to a file that was taken to stay as it is. Use it for one transaction only: it does not see what others write."""


def open_sqlite(path: Path, **options: Any) -> sqlite3.Connection:
    """Open a file; without a single write where its folder allows none.

    A database in write-ahead mode needs two files beside it even to be read. Where they cannot be made, it is read as it lies there, unless
    a log with rows that are not in the database yet lies beside it: leaving those out would give older answers without a word.

    Args:
        path: The file.
        options: Of `sqlite3.connect`.
    """
    if is_writable(path.parent) or not path.is_file() or _has_rows(path.with_name(path.name + "-wal")):
        opened: sqlite3.Connection = sqlite3.connect(path, **options)
        return opened
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, factory=ReadOnlyConnection, **options)


def is_for_one_transaction(connection: Any) -> bool:
    """Whether a connection was opened to a file that was taken to stay as it is."""
    return isinstance(connection, ReadOnlyConnection)


def not_writable(what: str, file: Path) -> StoreFailed | None:
    """Return why a database cannot be written, where its file or folder may not be; None where they may, or are not there yet."""
    refused = next((path for path in (file, file.parent) if path.exists() and not is_writable(path)), None)
    return None if refused is None else storage_failure(what, refused, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def is_writable(path: Path) -> bool:
    """Whether this process may write a file, or make files in a folder; also on a file system that is mounted for reading."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def sqlite_engine(url: URL, **more: Any) -> Engine:
    """Return an engine whose transactions begin as their option `INTENT` says: `write` with the write lock, `read` without any write.

    Args:
        url: Of a file or of memory.
        more: Further options of the engine.

    Raises:
        StoreFailed: The folder cannot be made.
    """
    from sqlalchemy import create_engine, event  # not above: the event log opens its file without it

    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_TIMEOUT_S}}
    file = Path(url.database or ":memory:")
    if str(file) != ":memory:":
        with writing("the operational store", file):
            file.parent.mkdir(parents=True, exist_ok=True)
    if str(file) != ":memory:" and not url.query:
        options = {"creator": lambda: open_sqlite(file, timeout=BUSY_TIMEOUT_S, check_same_thread=False)}
    engine = create_engine(url, **more, **options)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin transactions by itself, late and without the write lock; ours begin below.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        intent = connection.get_execution_options().get(INTENT)
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if intent == 'read' else 'OFF'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if intent == "write" else "BEGIN")

    return engine


def _has_rows(log: Path) -> bool:
    return log.exists() and log.stat().st_size > 0
