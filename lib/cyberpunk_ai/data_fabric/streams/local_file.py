"""The SQLite file of the local event log: its tables, connections and who-reads-what leases. Reading and writing are in `local_log.py`."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.storage_errors import storage_failure
from cyberpunk_ai.data_fabric.stores.file_locks import file_lock
from cyberpunk_ai.data_fabric.stores.sqlite_files import BUSY_TIMEOUT_S, is_for_one_transaction, open_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS log (identity TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS topics (
    topic_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    first_offset INTEGER NOT NULL DEFAULT 0, next_offset INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS events (
    topic_id INTEGER NOT NULL, offset INTEGER NOT NULL, key TEXT, timestamp_ms INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (topic_id, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    group_name TEXT NOT NULL, topic_id INTEGER NOT NULL, committed INTEGER, owner TEXT, host TEXT, pid INTEGER, lease_until_ms INTEGER,
    PRIMARY KEY (group_name, topic_id)) WITHOUT ROWID;
"""


class LogFile:
    """One connection to the file, used by one thread at a time.

    Args:
        path: The file; it is made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = os.getpid()

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, opened when first used and again after a fork."""
        if self._connection is None or self._pid != os.getpid():
            self._pid = os.getpid()
            self._connection = _opened(self.path)
        return self._connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold one state of the file inside the block."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock inside the block; everything or nothing is kept."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def close(self) -> None:
        """Close the connection. It opens again when used."""
        with self.lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self.lock:
            try:
                connection = self.connection
                if is_for_one_transaction(connection):  # it was opened for one transaction
                    self.close()
                    connection = self.connection
                connection.execute(begin)
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    # SQLite has ended the transaction itself where the disk is full or the file damaged.
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                failure = storage_failure("the event log", self.path, error)
                if failure is not None and failure.details["reason"] in ("damaged", "cannot_open"):
                    self.close()  # so that a file that was restored is found
                raise failure or StoreFailed(f"the event log {self.path} refused: {error}", hint="see the log") from error


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = open_sqlite(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'members'").fetchone()[0] == 0:
        with file_lock(path.with_name(path.name + ".create-lock"), timeout_s=BUSY_TIMEOUT_S * 2):
            # Switching the mode is the one step that does not wait for other processes, hence under the lock.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, SCHEMA.split(";")):
                connection.execute(statement)
            if connection.execute("SELECT count(*) FROM log").fetchone()[0] == 0:
                connection.execute("INSERT INTO log (identity) VALUES (?)", (uuid.uuid4().hex,))
            connection.execute("COMMIT")


def topic_id_of(connection: sqlite3.Connection, topic: str) -> int:
    """Return a topic's number, within a write transaction that makes the topic when it is new."""
    row = connection.execute("SELECT topic_id FROM topics WHERE name = ?", (topic,)).fetchone()
    if row is None:
        row = connection.execute("INSERT INTO topics (name) VALUES (?) RETURNING topic_id", (topic,)).fetchone()
    return int(row[0])


def this_host() -> str:
    """Name the machine and, on Linux, the process namespace: process ids mean the same only within both."""
    try:
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def is_gone(host: str, pid: int) -> bool:
    """Tell whether a process has certainly ended. Elsewhere, and where asking is not safe, only its lease tells."""
    # On Windows os.kill would end the process instead of asking after it.
    if os.name == "nt" or host != this_host():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[:1] == ["Z"]
    except OSError:
        return False
