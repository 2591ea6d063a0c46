"""Rows in quarantine, tried again."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from cyberpunk_ai.core.errors import CyberpunkError, NotFound
from cyberpunk_ai.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

COLUMNS: dict[str, Any] = {"order_id": "order", "ordered_at": "date", "customer_id": "customer", "amount": "total"}
CORRECTED = COLUMNS | {"amount": "net"}
LINES = [
    "order,date,customer,total,net",
    *(f"{n},2024-01-{n:02d},c{n},{n}.50,1.00" for n in range(1, 20)),
    "20,2024-01-20,c20,broken,2.00",
    "21,never,c21,3.00,2.00",
    "22,2024-01-22,c22",
]


def sync(fabric: UnifiedDataConnector, path: Path, columns: dict[str, Any]) -> None:
    fabric.add_source("shop", "csv_files", {"path": str(path)}, {"table": "orders", "columns": columns})
    assert asyncio.run(fabric.sync_all_sources(["shop"])).ok


@pytest.fixture
def orders(fabric: UnifiedDataConnector, tmp_path: Path) -> Path:
    """A synced file of nineteen good rows, one with a broken total, one with a broken date, and one too short."""
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(LINES) + "\n")
    sync(fabric, path, COLUMNS)
    assert fabric.landing.counts("shop") == {"landed": 19, "quarantined": 3}
    return path


def correct(fabric: UnifiedDataConnector, path: Path) -> None:
    fabric.add_source("shop", "csv_files", {"path": str(path)}, {"table": "orders", "columns": CORRECTED})


def test_a_corrected_mapping_lets_rows_in_and_the_rest_stays(fabric: UnifiedDataConnector, orders: Path) -> None:
    correct(fabric, orders)
    report = fabric.replay("shop")
    assert report.to_frame()[["source", "stream", "tried", "landed", "left"]].to_numpy().tolist() == [["shop", "orders.csv", 3, 1, 2]]
    assert fabric.landing.counts("shop") == {"landed": 20, "quarantined": 2}
    landed = fabric.warehouse.query("SELECT line_id, amount, source FROM orders WHERE order_id = '20'")
    assert landed.to_numpy().tolist() == [["orders.csv#20", 2.0, "shop:orders.csv"]]
    assert fabric.warehouse.query("SELECT count() AS n FROM customers WHERE customer_id = 'c20'")["n"].tolist() == [1]
    assert fabric.quarantine("shop").total == 2
    everything = fabric.quarantine("shop", replayed=True).to_frame()
    assert everything["replayed_at"].notna().sum() == 1


def test_a_second_replay_changes_nothing(fabric: UnifiedDataConnector, orders: Path) -> None:
    correct(fabric, orders)
    fabric.replay()
    version = fabric.warehouse.version("orders")
    assert (fabric.replay().landed, fabric.replay().left) == (0, 2)
    assert fabric.warehouse.version("orders") == version


def test_without_a_new_mapping_nothing_fits(fabric: UnifiedDataConnector, orders: Path) -> None:
    report = fabric.replay("shop")
    assert (report.landed, report.left) == (0, 3)
    assert report.to_frame()["reason"].notna().all()


def test_many_misfits_of_one_optional_column_are_no_drift_when_replayed(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    lines = [f"{n},2024-01-02,c,1.00,{'bad' if n % 25 == 0 else '0.50'}" for n in range(1, 1001)]
    path.write_text("\n".join(["order,date,customer,total,cost", *lines]) + "\n")
    sync(fabric, path, COLUMNS | {"cost": "cost"})
    assert (fabric.replay("shop").landed, fabric.quarantine("shop").total) == (0, 40)


def test_a_replayed_row_never_replaces_what_was_read_later(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    path = tmp_path / "crm.sqlite3"

    def put(total: str, stamp: str) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS sales (id TEXT PRIMARY KEY, at TEXT, total TEXT, net REAL, stamp TEXT)")
            database.execute("INSERT OR REPLACE INTO sales VALUES ('a', '2024-01-01', ?, 2.0, ?)", (total, stamp))
            database.execute("INSERT OR REPLACE INTO sales VALUES ('b', '2024-01-01', '1', 1.0, ?)", (stamp,))

    config = {"url": f"sqlite:///{path}", "tables": ["sales"], "cursor": "stamp"}
    columns = {"order_id": "id", "ordered_at": "at", "amount": "total"}
    put("broken", "2024-01-01T00:00:00")
    fabric.add_source("crm", "sql_database", config, {"table": "orders", "columns": columns})
    assert asyncio.run(fabric.sync_all_sources(["crm"])).quarantined == 1
    put("7", "2024-01-02T00:00:00")
    assert asyncio.run(fabric.sync_all_sources(["crm"])).quarantined == 0
    fabric.add_source("crm", "sql_database", config, {"table": "orders", "columns": columns | {"amount": "net"}})
    assert fabric.replay("crm").landed == 1
    found = fabric.warehouse.query("SELECT order_id, line_id, amount FROM orders WHERE order_id = 'a'").to_numpy().tolist()
    assert found == [["a", "sales#a", 7.0]]


def test_a_mark_and_its_rows_are_kept_together(fabric: UnifiedDataConnector, orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replay dies after it landed and before it published: the next one publishes, and nothing doubles."""
    correct(fabric, orders)
    publish, calls = fabric.landing.publish, []

    def dying(held: Any) -> int:
        calls.append(held)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return publish(held)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fabric.landing, "publish", dying)
        fabric.replay("shop")
    assert fabric.quarantine("shop").total == 2
    assert fabric.landing.unpublished_streams("shop") == ["orders.csv"]
    fabric.replay("shop")
    assert fabric.warehouse.row_count("orders") == 20


def test_rows_of_a_removed_source_wait(fabric: UnifiedDataConnector, orders: Path) -> None:
    fabric.remove_source("shop")
    assert fabric.replay().to_frame()["reason"].tolist() == ["the source is no longer registered"]
    with pytest.raises(NotFound):
        fabric.replay("shop")


def test_the_workspace_replays_for_those_who_may_sync(fabric: UnifiedDataConnector, orders: Path) -> None:
    correct(fabric, orders)
    with Workspace.open() as ws:
        assert ws.replay("shop").to_dict()["landed"] == 1
        with pytest.raises(CyberpunkError):
            ws.replay("nobody")
