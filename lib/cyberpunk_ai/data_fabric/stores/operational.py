"""The operational record: SQLite by default, PostgreSQL by URL, through SQLAlchemy Core. Its tables are in `records.py`.

It holds what must not be lost: customers, sources, sync state, runs, quarantine and audit. Analytics live in the warehouse.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from cyberpunk_ai.core.errors import SettingsInvalid, StoreFailed
from cyberpunk_ai.core.results import to_jsonable
from cyberpunk_ai.core.storage_errors import HINTS, UNWRITABLE, reason_of, storage_failure
from cyberpunk_ai.core.texts import escape_surrogates
from cyberpunk_ai.data_fabric.stores.file_locks import file_lock
from cyberpunk_ai.data_fabric.stores.records import SCHEMA_REVISION
from cyberpunk_ai.data_fabric.stores.sqlite_files import BUSY_TIMEOUT_S, INTENT, is_for_one_transaction, not_writable, sqlite_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

    from cyberpunk_ai.core.settings import Settings

_POSTGRES = {"53100": "disk_full", "25006": "read_only"}
# Any constant serves, as long as every release uses the same one.
_UPGRADE_LOCK = 0x43594245


class Operational:
    """The operational record. Threads may share it, and any number of processes may open it at once.

    Args:
        url: SQLAlchemy URL; `postgres://` and `postgresql://` mean PostgreSQL through psycopg2.

    Raises:
        SettingsInvalid: The URL is not one of SQLite or PostgreSQL.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = _normal(url)
        self.kind = self.url.get_backend_name()
        self._write_failure: StoreFailed | None = None
        self._engine: Engine | None = None
        self._pid = os.getpid()

    @property
    def engine(self) -> Engine:
        """The engine, made when first used. Prefer `begin()` and `read()`, which know what a transaction is for."""
        if self._engine is not None and self._pid != os.getpid():
            # After a fork both processes would talk over the same sockets; the child leaves them to its parent.
            self._engine.dispose(close=False)
            self._engine = None
        if self._engine is None:
            self._pid = os.getpid()
            make = sqlite_engine if self.kind == "sqlite" else _postgres_engine
            self._engine = make(self.url, json_serializer=_to_json, json_deserializer=orjson.loads)
        return self._engine

    @property
    def write_failure(self) -> StoreFailed | None:
        """Why nothing can be written at present: what the last write failed over, or a file or folder that may not be written."""
        database = self.url.database
        if self._write_failure is not None or self.kind != "sqlite" or not database or database == ":memory:":
            return self._write_failure
        return not_writable("the operational store", Path(database))

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction: committed at the end of the block, undone when the block raises.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so that two writers wait for each other instead of failing half-way.

        Raises:
            StoreFailed: The store cannot be reached, its disk is full or may not be written, its file is damaged, or another writer held it
                for longer than the busy timeout; `details["reason"]` says which.
        """
        with self._failures("write"), self._connect("write") as connection, self._transaction(connection):
            yield connection
        self._write_failure = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the store and refuses to write.

        Raises:
            StoreFailed: The store cannot be reached, or its file is damaged.
        """
        with self._failures("read"), self._connect("read") as connection, self._transaction(connection):
            yield connection

    def upgrade(self) -> None:
        """Bring the tables to the newest revision. Safe when several processes start at once: one works, the others wait and find it done.

        Raises:
            StoreFailed: A step failed; nothing of the upgrade is kept. Or the store was written by a newer release.
        """
        if self._revision() == SCHEMA_REVISION:
            return
        if self.kind != "sqlite":
            with self.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
                _migrate(connection)
            return
        database = self.url.database
        if not database or database == ":memory:":
            with self.begin() as connection:
                _migrate(connection)
            return
        with file_lock(Path(database + ".upgrade-lock"), timeout_s=BUSY_TIMEOUT_S * 4):
            # The mode is kept in the file. Switching it is the one step that does not wait for other writers, hence under the lock.
            with self._failures("write"):
                raw = self.engine.raw_connection()
                try:
                    raw.cursor().execute("PRAGMA journal_mode = WAL")
                finally:
                    raw.close()
            with self.begin() as connection:
                _migrate(connection)

    def ping(self) -> float:
        """Return how long one trivial query takes, in milliseconds.

        Raises:
            StoreFailed: The store cannot be reached.
        """
        started = time.perf_counter()
        with self.read() as connection:
            connection.execute(text("SELECT 1"))
        return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Close every pooled connection. Using the store afterwards opens new ones."""
        if self._engine is not None:
            self._engine.dispose(close=self._pid == os.getpid())
            self._engine = None

    def _revision(self) -> str | None:
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    @contextmanager
    def _connect(self, intent: str) -> Iterator[Connection]:
        try:
            connection = self.engine.connect()
        except (OperationalError, InterfaceError) as error:
            if self.kind == "sqlite":
                raise
            raise self._failed("cannot be opened", error) from error
        options: dict[str, Any] = {INTENT: intent}
        if intent == "read" and self.kind != "sqlite":
            options["postgresql_readonly"] = True
        with connection.execution_options(**options):
            try:
                yield connection
            finally:
                if not connection.invalidated and is_for_one_transaction(connection.connection.dbapi_connection):
                    connection.invalidate()

    @contextmanager
    def _failures(self, intent: str) -> Iterator[None]:
        """Turn what SQLite or the server says about the disk into one error: which file, why, and what to do."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            failure = self._storage_failure(error, intent)
            if failure is None:
                raise
            if intent == "write" and failure.details["reason"] in UNWRITABLE:
                self._write_failure = failure
            if self._engine is not None and failure.details["reason"] in ("damaged", "cannot_open"):
                self._engine.dispose()  # so that a file that was restored is found
            raise failure from error

    def _storage_failure(self, error: DBAPIError | sqlite3.Error, intent: str) -> StoreFailed | None:
        original = error.orig if isinstance(error, DBAPIError) else error
        if self.kind != "sqlite":
            reason = _POSTGRES.get(str(getattr(original, "pgcode", "")))
            if reason is None or intent == "read":
                return None
            where = self.url.render_as_string(hide_password=True)
            return StoreFailed(f"the operational store failed: {original}", hint=HINTS[reason], url=where, reason=reason)
        if intent == "read" and getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY:
            return None  # a write within `read()`: a fault of the program, not of the disk
        return storage_failure("the operational store", self.url.database or "", original or error)

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[None]:
        try:
            transaction = connection.begin()
        except OperationalError as error:
            if self.kind == "sqlite":
                raise
            raise self._failed("did not let this writer in", error) from error
        with transaction:
            yield

    def _failed(self, what: str, error: DBAPIError) -> StoreFailed:
        shown = self.url.render_as_string(hide_password=True)
        return StoreFailed(f"the operational store {what}: {error.orig}", hint="check DATABASE_URL, and that the server is up", url=shown)


def open_operational(settings: Settings) -> Operational:
    """Open the record of `settings`, migrated to the newest revision: `DATABASE_URL`, or `operational.sqlite3` in the home folder.

    Raises:
        SettingsInvalid: `DATABASE_URL` is not one of SQLite or PostgreSQL.
        StoreFailed: The store cannot be reached or upgraded.
    """
    if settings.database_url:
        store = Operational(settings.database_url)
    else:
        store = Operational(URL.create("sqlite", database=str(settings.home / "operational.sqlite3")))
    store.upgrade()
    return store


def _normal(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsInvalid("DATABASE_URL cannot be read as a URL", hint="postgresql://user:password@host:5432/name") from error
    if parsed.drivername in {"postgres", "postgresql", "postgresql+psycopg2"}:
        return parsed.set(drivername="postgresql+psycopg2")
    if parsed.get_backend_name() == "sqlite":
        return parsed
    raise SettingsInvalid(f"DATABASE_URL names {parsed.drivername!r}", hint="postgresql:// and sqlite:// are supported")


def _postgres_engine(url: URL, **options: Any) -> Engine:
    # A connection that the server dropped while idle is replaced, instead of failing the next verb.
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10}, **options)


def _to_json(value: object) -> str:
    plain = to_jsonable(value)
    try:
        return orjson.dumps(plain).decode()
    except TypeError:  # half of a character: what was asked is recorded all the same
        return orjson.dumps(escape_surrogates(plain)).decode()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.util.exc import CommandError

    from cyberpunk_ai.data_fabric.stores.migrations import config_for

    try:
        command.upgrade(config_for(connection), "head")
    except CommandError as error:
        raise StoreFailed(
            f"the operational store cannot be upgraded: {error}",
            hint="it was written by a newer release; install that release, or open another CYBERPUNK_HOME",
        ) from error
    except DBAPIError as error:
        if error.orig is not None and reason_of(error.orig) is not None:
            raise  # the disk or the file, not the step
        raise StoreFailed(f"a step of the upgrade failed, and all of it was undone: {error.orig}", hint="the store is as it was") from error
