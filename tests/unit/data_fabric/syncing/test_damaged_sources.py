"""One damaged file or row fails or is quarantined alone; its neighbours come in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pandas as pd
import pytest

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.connectors.csv_files import CsvFiles
from cyberpunk_ai.data_fabric.mapping.declaration import StreamMapping
from cyberpunk_ai.data_fabric.mapping.sorting import sort_rows
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

MAPPING = {"table": "orders", "columns": {"order_id": "order", "ordered_at": "date", "customer_id": "customer", "amount": "total"}}


@pytest.mark.parametrize("surprise", [ValueError("bad block"), MemoryError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")])
def test_a_file_that_makes_a_library_fail_keeps_no_neighbour_out(
    fabric: UnifiedDataConnector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, surprise: Exception
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.csv").write_text(f"order,date,customer,total\n{name}1,2024-01-02 10:00:00,c1,5\n")
    fabric.add_source("shop", "csv_files", {"path": str(folder)}, MAPPING)
    read = CsvFiles.read

    async def read_or_fail(self, stream, state):  # type: ignore[no-untyped-def]
        if stream.name == "a.csv":
            raise surprise
        async for batch in read(self, stream, state):
            yield batch

    monkeypatch.setattr(CsvFiles, "read", read_or_fail)
    report = asyncio.run(fabric.sync_all_sources(["shop"])).sources[0]
    assert report.status == "failed"
    assert "a.csv" in report.error["message"]
    assert type(surprise).__name__ in report.error["message"]
    assert fabric.warehouse.query("SELECT arraySort(groupArray(order_id)) AS ids FROM orders").iloc[0]["ids"] == ["b1", "c1"]


def test_half_a_character_sets_its_row_aside_and_no_other() -> None:
    orders, notes = ["o1", "o\ud83d2", "o3"], ["", "", "\udc00"]
    rows = pd.DataFrame({"order": orders, "date": "2024-01-02", "customer": "c1", "total": [1.0, 2.0, 3.0], "note": notes})
    outcome = sort_rows(rows, StreamMapping.model_validate(MAPPING), stream="api", source="shop:api", now=utc_now())
    assert outcome.good.column("order_id").to_pylist() == ["o1", "o3"]
    (bad,) = outcome.bad
    assert bad.reason == "order: holds half of a character (a lone surrogate)"
    assert bad.payload["values"]["order"] == "o\\ud83d2"


@pytest.mark.parametrize("loss", ["deleted", "emptied"])
def test_a_lost_operational_record_doubles_no_row_that_lacks_a_key_of_its_own(tmp_path: Path, loss: str) -> None:
    settings = Settings.load(home=tmp_path / "home")
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "a.csv").write_text("order,date,customer,total\no1,2024-01-02 10:00:00,c1,5\no1,2024-01-02 10:00:00,c1,2\n")

    def synced() -> tuple[float, int]:
        with Workspace.open(settings) as ws:
            ws._connector.add_source("shop", "csv_files", {"path": str(folder)}, MAPPING)
            ws._connector.add_source("other", "csv_files", {"path": str(folder)}, MAPPING)
            assert all(each.status == "ok" for each in ws.sync().sources)
            told = ws._stores.warehouse.query("SELECT sum(amount) AS amount, count() AS rows FROM orders").iloc[0]
            return float(told["amount"]), int(told["rows"])

    assert synced() == (14.0, 4)
    for file in settings.home.glob("operational.sqlite3*"):
        file.unlink() if loss == "deleted" or file.suffix != ".sqlite3" else file.write_bytes(b"")
    assert synced() == (14.0, 4)
    (folder / "a.csv").write_text("order,date,customer,total\no1,2024-01-02 10:00:00,c1,6\n")
    assert synced() == (12.0, 2)
