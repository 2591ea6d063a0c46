from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, SourceFailed
from cyberpunk_ai.data_fabric.connectors.base import StreamState
from cyberpunk_ai.data_fabric.connectors.sql_database import SqlDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

MAPPING = {
    "table": "customers",
    "columns": {"customer_id": "id", "name": "full_name", "country": "country", "signed_up_at": "joined", "updated_at": "changed"},
}
PEOPLE = pd.DataFrame(
    {
        "id": range(1, 101),
        "full_name": [f"Person {number}" for number in range(1, 101)],
        "country": "DE",
        "joined": pd.Timestamp("2024-01-01"),
        "changed": pd.date_range("2024-02-01", periods=100, freq="h"),
    }
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database with a hundred people, their ids as key."""
    url = f"sqlite:///{tmp_path / 'crm.sqlite3'}" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    engine = _engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS people"))
        connection.execute(
            text("CREATE TABLE people (id INTEGER PRIMARY KEY, full_name TEXT, country TEXT, joined TIMESTAMP, changed TIMESTAMP)")
        )
        PEOPLE.to_sql("people", connection, if_exists="append", index=False)
    engine.dispose()
    return url


def _engine(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))


def _sync(fabric: UnifiedDataConnector) -> tuple[int, int]:
    report = asyncio.run(fabric.sync_all_sources(["crm"]))
    assert report.ok, report.sources
    return report.rows, report.quarantined


def test_a_table_is_read_in_batches(fabric: UnifiedDataConnector, crm: str) -> None:
    fabric.add_source("crm", "sql_database", {"url": crm, "tables": ["people"], "batch_rows": 30}, MAPPING)
    assert _sync(fabric) == (100, 0)
    rows = fabric.warehouse.query("SELECT customer_id, name, signed_up_at, source FROM customers ORDER BY toInt32(customer_id) LIMIT 2")
    assert rows.iloc[0].tolist() == ["1", "Person 1", pd.Timestamp("2024-01-01"), "crm:people"]


def test_a_cursor_reads_only_what_changed(fabric: UnifiedDataConnector, crm: str) -> None:
    fabric.add_source("crm", "sql_database", {"url": crm, "tables": ["people"], "cursor": "changed", "batch_rows": 30}, MAPPING)
    assert _sync(fabric) == (100, 0)
    engine = _engine(crm)
    with engine.begin() as connection:
        connection.execute(text("UPDATE people SET full_name = 'New name', changed = '2024-06-01 00:00:00' WHERE id = 5"))
    engine.dispose()
    rows, _ = _sync(fabric)
    assert rows <= 2  # the changed row, and the one on the old cursor that is read again
    names = fabric.warehouse.query("SELECT name FROM customers WHERE customer_id = '5'")
    assert names["name"].tolist() == ["New name"]
    assert fabric.warehouse.row_count("customers") == 100


def test_a_query_is_a_stream(fabric: UnifiedDataConnector, crm: str) -> None:
    query = "SELECT id, full_name, country, joined, changed FROM people WHERE id <= 10;"
    fabric.add_source("crm", "sql_database", {"url": crm, "queries": {"first": query}, "cursor": "changed"}, MAPPING)
    assert _sync(fabric) == (10, 0)


def test_an_unknown_table_is_named(fabric: UnifiedDataConnector, crm: str) -> None:
    fabric.add_source("crm", "sql_database", {"url": crm, "tables": ["persons"]}, MAPPING)
    report = asyncio.run(fabric.sync_all_sources(["crm"]))
    assert not report.ok
    assert report.sources[0].error is not None
    assert report.sources[0].error["code"] == NotFound.code


def test_a_refused_connection_hides_the_password(fabric: UnifiedDataConnector) -> None:
    fabric.add_source("crm", "sql_database", {"url": "postgresql://reader:hidden-word@127.0.0.1:9/none"}, MAPPING)
    with pytest.raises(SourceFailed) as caught:
        fabric.check_source("crm")
    assert "hidden-word" not in str(caught.value.to_dict())


def test_dates_kept_as_text_are_read_in_their_notation(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE people (id TEXT, full_name TEXT, country TEXT, joined TEXT, changed TEXT)")
        database.execute("INSERT INTO people VALUES ('1', 'Ada', 'UK', '13.02.2024', '14.02.2024')")
        database.execute("INSERT INTO people VALUES ('2', 'Alan', 'UK', '01.02.2024', '02.02.2024')")
    fabric.add_source("crm", "sql_database", {"url": f"sqlite:///{path}"}, MAPPING)
    assert _sync(fabric) == (2, 0)
    assert fabric.warehouse.query("SELECT signed_up_at FROM customers WHERE customer_id = '2'").iloc[0, 0] == pd.Timestamp("2024-02-01")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM sales) AS stream; COMMIT; DELETE FROM sales; SELECT * FROM (SELECT 1",
        "SELECT 1; DELETE FROM sales",
        "DELETE FROM sales",
        "SELECT (1",
        "",
    ],
)
def test_a_query_cannot_lead_out_of_its_parentheses(tmp_path: Path, query: str) -> None:
    with sqlite3.connect(tmp_path / "erp.sqlite3") as database:
        database.execute("CREATE TABLE sales (id INTEGER)")
        database.execute("INSERT INTO sales VALUES (1)")
    database.close()
    source = SqlDatabase.configure({"url": f"sqlite:///{tmp_path / 'erp.sqlite3'}", "queries": {"s": query}}, home=tmp_path)

    async def read() -> None:
        async for _ in source.read(source.discover()[0], StreamState()):
            pass
        await source.close()

    with pytest.raises(InvalidArgument, match="one SELECT"):
        asyncio.run(read())
    with sqlite3.connect(tmp_path / "erp.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM sales").fetchone() == (1,)
    database.close()


def test_a_comment_at_the_end_of_a_query_does_no_harm(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "erp.sqlite3") as database:
        database.execute("CREATE TABLE sales (id INTEGER)")
        database.execute("INSERT INTO sales VALUES (7)")
    database.close()
    queries = {"s": "SELECT id FROM sales -- all of them;"}
    source = SqlDatabase.configure({"url": f"sqlite:///{tmp_path / 'erp.sqlite3'}", "queries": queries}, home=tmp_path)

    async def read() -> list[int]:
        found = [int(value) async for batch in source.read(source.discover()[0], StreamState()) for value in batch.rows["id"]]
        await source.close()
        return found

    assert asyncio.run(read()) == [7]


def test_a_missing_sqlite_file_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    source = SqlDatabase.configure({"url": f"sqlite:///{tmp_path / 'typo.sqlite3'}"}, home=tmp_path)
    with pytest.raises(SourceFailed, match="does not exist"):
        source.discover()
    assert not (tmp_path / "typo.sqlite3").exists()
