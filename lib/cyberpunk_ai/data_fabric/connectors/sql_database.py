"""Databases as a source: anything that SQLAlchemy can open. Tables or own queries, read as streams, in full or from a cursor on.

Rows are taken from a server-side cursor in batches, so a table of any size fits. Nothing is ever written to the source.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, SourceFailed, Unavailable
from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS, Batch, Connector, ConnectorConfig, StreamSpec, StreamState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping

    import pandas as pd
    from sqlalchemy.engine import Connection, Engine

    from cyberpunk_ai.data_fabric.files.formats import ColumnFormat


class SqlDatabaseConfig(ConnectorConfig):
    """Which database, and what of it."""

    url: str = Field(description="SQLAlchemy URL, e.g. postgresql://reader:${ERP_PASSWORD}@erp/prod; an installed driver is needed.")
    schema_name: str | None = Field(None, description="Schema of the tables; the database's default when empty.")
    tables: tuple[str, ...] | None = Field(
        None, description="Tables and views to read; all tables when neither these nor queries are given."
    )
    queries: dict[str, str] = Field(default_factory=dict, description="Stream name to SELECT.")
    cursor: str | dict[str, str] = Field(
        "", description="Column that grows with every change, for all streams or by stream; empty reads in full."
    )
    keys: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Stream name to key columns, where the database knows none.")
    overlap_s: float = Field(
        0.0, ge=0, description="Seconds before the last cursor that are read again, for rows that were committed late."
    )
    batch_rows: int = Field(20_000, ge=1, description="Rows fetched at once.")


@CONNECTORS.register("sql_database", needs=("sqlalchemy",), summary="Tables and queries of any SQL database")
class SqlDatabase(Connector):
    """Tables and queries of any SQL database."""

    name = "sql_database"
    needs = ("sqlalchemy",)
    Config = SqlDatabaseConfig
    config: SqlDatabaseConfig
    _opened: Engine | None = None

    def check(self) -> None:
        """Find out whether the database answers."""
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine().connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def discover(self) -> list[StreamSpec]:
        """List tables with their columns and keys, and the queries."""
        from sqlalchemy import inspect
        from sqlalchemy.exc import SQLAlchemyError

        settings = self.config
        try:
            inspector = inspect(self._engine())
            known = inspector.get_table_names(schema=settings.schema_name)
            views = inspector.get_view_names(schema=settings.schema_name)
            wanted = settings.tables if settings.tables is not None else () if settings.queries else tuple(sorted(known))
            missing = [name for name in wanted if name not in known and name not in views]
            if missing:
                raise NotFound(f"the database has no table {', '.join(map(repr, missing))}", hint=f"tables: {', '.join(sorted(known))}")
            streams = []
            for name in wanted:
                columns = tuple(str(column["name"]) for column in inspector.get_columns(name, schema=settings.schema_name))
                key = settings.keys.get(name) or tuple(
                    inspector.get_pk_constraint(name, schema=settings.schema_name)["constrained_columns"]
                )
                streams.append(StreamSpec(name, columns, key, self._cursor_of(name)))
        except SQLAlchemyError as error:
            raise self._failed(error) from error
        return streams + [StreamSpec(name, (), settings.keys.get(name, ()), self._cursor_of(name)) for name in settings.queries]

    async def read(self, stream: StreamSpec, state: StreamState) -> AsyncIterator[Batch]:
        """Read rows at or behind the cursor, oldest first; all rows when there is none."""
        batches = self._batches(stream, state)
        try:
            while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                yield batch
        finally:
            await asyncio.to_thread(batches.close)

    async def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            self._opened.dispose()
            self._opened = None

    def _batches(self, stream: StreamSpec, state: StreamState) -> Generator[Batch, None, None]:
        from sqlalchemy.exc import SQLAlchemyError

        from cyberpunk_ai.data_fabric.files.formats import text_formats

        formats: dict[str, ColumnFormat] = {}
        position = dict(state.position)
        try:
            with self._connect() as connection:
                result = connection.execution_options(stream_results=True, yield_per=self.config.batch_rows).execute(
                    self._select(stream, position)
                )
                columns = [str(name) for name in result.keys()]  # noqa: SIM118 - a result's keys are not a mapping's
                key = [name for name in stream.key if name in columns]
                for part in result.partitions():
                    rows = _frame([tuple(row) for row in part], columns, key)
                    if not formats:
                        formats = text_formats(rows)
                    if stream.cursor_field:
                        position = _cursor_position(rows, stream.cursor_field, position)
                    yield Batch(
                        rows=rows, position=position, cursor=position.get("cursor"), mode="upsert", formats=formats, bytes=_size(rows)
                    )
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def _select(self, stream: StreamSpec, position: Mapping[str, Any]) -> Any:
        from sqlalchemy import bindparam, column, literal_column, select, table, text

        name = stream.name
        if name in self.config.queries:
            inner = text(_one_select(self.config.queries[name], name)).columns()
            origin: Any = inner.subquery("stream")
        else:
            origin = table(name, schema=self.config.schema_name)
        query: Any = select(literal_column("*")).select_from(origin)
        if not stream.cursor_field:
            return query
        cursor: Any = column(stream.cursor_field)
        if position.get("cursor") is not None:
            query = query.where(cursor >= bindparam("since", _since(position, self.config.overlap_s)))
        return query.order_by(cursor, *(column(part) for part in stream.key if part != stream.cursor_field))

    def _cursor_of(self, stream: str) -> str | None:
        cursor = self.config.cursor
        return (cursor if isinstance(cursor, str) else cursor.get(stream, "")) or None

    def _connect(self) -> Connection:
        engine = self._engine()
        options: dict[str, Any] = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
        return engine.connect().execution_options(**options)

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError

        if self._opened is None:
            try:
                url = make_url(self.config.url)
                if url.drivername in {"postgres", "postgresql"}:
                    url = url.set(drivername="postgresql+psycopg2")
                if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:") and not Path(url.database).exists():
                    raise SourceFailed(f"the database {url.database} does not exist", hint="check the path in the URL")
                self._opened = create_engine(url, pool_pre_ping=True)
                _forbid_writing(self._opened)
            except ArgumentError as error:
                raise SourceFailed(
                    "the URL of the database cannot be read", hint="dialect+driver://user:password@host:port/name"
                ) from error
            except (NoSuchModuleError, ModuleNotFoundError) as error:
                raise Unavailable(
                    f"the database's driver is not installed: {error}", hint="pip install the driver that the URL names"
                ) from error
        return self._opened

    def _failed(self, error: Exception) -> SourceFailed:
        shown = self._engine().url.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        return SourceFailed(f"the database refused: {reason}", hint="check the URL, the table names and the rights of the user", url=shown)


def _one_select(query: str, stream: str) -> str:
    """Return the query of a stream, which is put between parentheses and must not lead out of them.

    Raises:
        InvalidArgument: It is more than one statement.
    """
    from sqlglot import TokenType, tokenize
    from sqlglot.errors import SqlglotError

    written = query.strip().rstrip(";").rstrip()
    problem = InvalidArgument(f"{stream}: the query must be one SELECT", hint="one statement, without ';' and with its parentheses closed")
    try:
        tokens = tokenize(written)
    except SqlglotError as error:
        raise problem from error
    depth = 0
    for token in tokens:
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth < 0 or token.token_type == TokenType.SEMICOLON:
            raise problem
    if depth or not tokens or tokens[0].token_type not in (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN, TokenType.VALUES):
        raise problem
    return f"{written}\n"  # a comment at its end must not swallow what closes the parentheses


def _forbid_writing(engine: Engine) -> None:
    """Have a database refuse writes of ours where a connection can be told so; PostgreSQL is told with each transaction."""
    from sqlalchemy import event

    told = {
        "sqlite": "PRAGMA query_only = ON",
        "mysql": "SET SESSION TRANSACTION READ ONLY",
        "mariadb": "SET SESSION TRANSACTION READ ONLY",
    }
    statement = told.get(engine.dialect.name)
    if statement is None:
        return

    def tell(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()

    event.listen(engine, "connect", tell)


def _frame(rows: list[tuple[Any, ...]], columns: list[str], key: list[str]) -> pd.DataFrame:
    """Return rows as the driver gave them; with a key the index names each row for good."""
    import pandas as pd

    # Objects on purpose: pandas would turn whole numbers with a gap into floats, and 17850 into 17850.0.
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    if key:
        index = frame[key[0]].astype(str)
        for name in key[1:]:
            index = index + "|" + frame[name].astype(str)
        frame.index = pd.Index(index, name="key")
    return frame


def _cursor_position(rows: pd.DataFrame, name: str, before: dict[str, Any]) -> dict[str, Any]:
    filled = rows[name].dropna()
    if filled.empty:
        return before
    last = filled.iloc[-1]
    if isinstance(last, (datetime, date)):
        return {"cursor": last.isoformat(), "kind": "datetime" if isinstance(last, datetime) else "date"}
    return {"cursor": str(last), "kind": "text" if isinstance(last, str) else "number"}


def _since(position: Mapping[str, Any], overlap_s: float) -> Any:
    text, kind = str(position["cursor"]), position.get("kind")
    if kind == "datetime":
        return datetime.fromisoformat(text) - timedelta(seconds=overlap_s)
    if kind == "date":
        return date.fromisoformat(text) - timedelta(seconds=overlap_s)
    if kind == "number":
        return float(text) if "." in text else int(text)
    return text


def _size(rows: pd.DataFrame) -> int:
    """Estimate bytes from a sample; databases do not tell."""
    head = rows.head(200)
    return int(head.astype(str).map(len).to_numpy().sum() / max(1, len(head)) * len(rows)) if len(head) else 0
