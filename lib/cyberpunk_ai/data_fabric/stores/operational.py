"""The operational record: SQLite by default, PostgreSQL by URL, through SQLAlchemy Core. Its tables are in `records.py`.

It holds what must not be lost: customers, sources, sync state, runs, quarantine and audit. Analytics live in the warehouse.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from cyberpunk_ai.core.errors import SettingsInvalid, StoreFailed
from cyberpunk_ai.core.results import to_jsonable
from cyberpunk_ai.core.texts import escape_surrogates
from cyberpunk_ai.data_fabric.stores.file_locks import file_lock
from cyberpunk_ai.data_fabric.stores.records import SCHEMA_REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    from cyberpunk_ai.core.settings import Settings

BUSY_TIMEOUT_S = 30.0
_INTENT = "cyberpunk_intent"
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
            self._engine = _sqlite_engine(self.url) if self.kind == "sqlite" else _postgres_engine(self.url)
        return self._engine

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction: committed at the end of the block, undone when the block raises.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so that two writers wait for each other instead of failing half-way.

        Raises:
            StoreFailed: The store cannot be reached, or another writer held it for longer than the busy timeout.
        """
        with self._connect("write") as connection, self._transaction(connection):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the store and refuses to write.

        Raises:
            StoreFailed: The store cannot be reached.
        """
        with self._connect("read") as connection, self._transaction(connection):
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
            raise self._failed("cannot be opened", error) from error
        options: dict[str, Any] = {_INTENT: intent}
        if intent == "read" and self.kind != "sqlite":
            options["postgresql_readonly"] = True
        with connection.execution_options(**options):
            yield connection

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[None]:
        try:
            transaction = connection.begin()
        except OperationalError as error:
            raise self._failed("did not let this writer in", error) from error
        with transaction:
            yield

    def _failed(self, what: str, error: DBAPIError) -> StoreFailed:
        shown = self.url.render_as_string(hide_password=True)
        hint = (
            "is another process writing for very long?" if "locked" in str(error.orig) else "check DATABASE_URL, and that the server is up"
        )
        return StoreFailed(f"the operational store {what}: {error.orig}", hint=hint, url=shown)


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


def _postgres_engine(url: URL) -> Engine:
    # A connection that the server dropped while idle is replaced, instead of failing the next verb.
    return create_engine(
        url, pool_pre_ping=True, connect_args={"connect_timeout": 10}, json_serializer=_to_json, json_deserializer=orjson.loads
    )


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, json_serializer=_to_json, json_deserializer=orjson.loads)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin transactions by itself, late and without the write lock; ours begin below.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        intent = connection.get_execution_options().get(_INTENT)
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if intent == 'read' else 'OFF'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if intent == "write" else "BEGIN")

    return engine


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
        raise StoreFailed(f"a step of the upgrade failed, and all of it was undone: {error.orig}", hint="the store is as it was") from error
