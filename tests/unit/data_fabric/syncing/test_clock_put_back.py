"""A clock that was ahead and is put right: what is read later wins all the same, in the warehouse and in the record of customers."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.operational import open_operational
from cyberpunk_ai.data_fabric.stores.records import customers
from cyberpunk_ai.data_fabric.stores.warehouse import open_warehouse
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
from tests.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_S = 86_400.0
MAPPING = {"table": "customers", "columns": {"customer_id": "number", "region": "town", "signed_up_at": "since"}}


class Company:
    """A connector whose clock the test moves, over databases of members that the test writes."""

    def __init__(self, home: Path, **stores: Any) -> None:
        settings = Settings.load(home=home, **stores)
        self.home, self.clock = home, Clock()
        self.fabric = UnifiedDataConnector(open_operational(settings), open_warehouse(settings), home=home)
        self.fabric.landing.clock = lambda: datetime.fromtimestamp(self.clock(), UTC)

    def write(self, source: str, **rows: tuple[str, str]) -> None:
        """Make a source say of each member the town and the day of joining."""
        path = self.home / f"{source}.db"
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("create table if not exists members (number text primary key, town text, since text)")
            for number, (town, since) in rows.items():
                database.execute("insert or replace into members values (?, ?, ?)", (number, town, since))
        self.fabric.add_source(source, "sql_database", {"url": f"sqlite:///{path}", "tables": ["members"]}, MAPPING)

    def sync(self, source: str) -> None:
        report = asyncio.run(self.fabric.sync_all_sources([source]))
        assert report.ok, report.sources

    @property
    def towns(self) -> dict[str, str]:
        """What both stores say; they never differ."""
        found = self.fabric.warehouse.query("SELECT customer_id, region FROM customers ORDER BY 1")
        in_warehouse = dict(zip(found["customer_id"], found["region"], strict=True))
        with self.fabric.operational.read() as connection:
            recorded = {row.customer_id: row.region for row in connection.execute(select(customers.c.customer_id, customers.c.region))}
        assert in_warehouse == recorded
        return in_warehouse


@pytest.fixture(params=["delta", pytest.param("clickhouse", marks=[pytest.mark.servers, pytest.mark.full])])
def company(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    url = {} if request.param == "delta" else {"clickhouse_url": request.getfixturevalue("clickhouse_database")}
    (tmp_path / "club").mkdir()
    made = Company(tmp_path / "club", **url)
    yield made
    made.fabric.close()


def test_a_row_that_changed_after_the_clock_went_back_wins(company: Company) -> None:
    company.clock.advance(DAY_S)
    company.write("club", m1=("Ulm", "2024-01-01"), m2=("Bonn", "2024-01-01"))
    company.sync("club")
    company.clock.advance(-DAY_S)
    for town in ("Kiel", "Jena"):
        company.write("club", m1=(town, "2024-01-01"))
        company.sync("club")
        assert company.towns == {"m1": town, "m2": "Bonn"}
    # Nor does it count how far a source was read: a source that starts anew is read later, too.
    company.fabric.reset_source("club", rows=False)
    company.write("club", m2=("Lauf", "2024-01-01"))
    company.sync("club")
    assert company.towns == {"m1": "Jena", "m2": "Lauf"}
    # And another source tells of the same members.
    company.write("shop", m1=("Rust", "2024-01-01"))
    company.sync("shop")
    assert company.towns == {"m1": "Rust", "m2": "Lauf"}


def test_rows_in_quarantine_are_as_old_as_their_reading(company: Company) -> None:
    company.clock.advance(DAY_S)
    company.write("club", m1=("Ulm", "2024-01-01"), m2=("Bonn", "soon"))
    company.sync("club")
    company.clock.advance(-DAY_S)
    company.write("club", m1=("Kiel", "soon"), m2=("Lauf", "2024-01-01"))
    company.sync("club")
    assert company.towns == {"m1": "Ulm", "m2": "Lauf"}
    company.fabric.add_source(
        "club", "sql_database", {"url": f"sqlite:///{company.home}/club.db", "tables": ["members"]},
        {"table": "customers", "columns": {"customer_id": "number", "region": "town"}},
    )  # fmt: skip
    assert company.fabric.replay("club").landed == 2
    # Of m1 the newest reading was set aside, of m2 an older one.
    assert company.towns == {"m1": "Kiel", "m2": "Lauf"}


def test_a_clock_that_goes_on_is_what_readings_are_stamped_with(company: Company) -> None:
    company.write("club", m1=("Ulm", "2024-01-01"))
    for _ in range(2):
        company.sync("club")
        company.clock.advance(DAY_S)
    stamped = company.fabric.warehouse.query("SELECT updated_at FROM customers")["updated_at"].iloc[0]
    assert stamped.to_pydatetime().replace(tzinfo=UTC) == datetime.fromtimestamp(company.clock(), UTC) - timedelta(seconds=DAY_S)
