from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.connectors.csv_files import CsvFiles

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.data_fabric.syncing.reports import SyncReport
    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

HEADER = "order_id,order_date,customer_id,quantity,unit_price\n"


def row(number: int) -> str:
    return f"o{number},2024-01-{1 + number % 28:02d},c{number % 5},2,1.50\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "shop"
    place.mkdir()
    (place / "a.csv").write_text(HEADER + "".join(row(number) for number in range(10)))
    return place


def sync(fabric: UnifiedDataConnector, path: Path) -> SyncReport:
    fabric.add_source("shop", "csv_files", {"path": str(path)})
    report = asyncio.run(fabric.sync_all_sources(["shop"]))
    assert report.ok, report.sources
    return report


def lines(fabric: UnifiedDataConnector) -> list[str]:
    return fabric.warehouse.query("SELECT order_id FROM orders ORDER BY order_id")["order_id"].tolist()


def test_an_unchanged_file_is_skipped(fabric: UnifiedDataConnector, folder: Path) -> None:
    assert sync(fabric, folder).rows == 10
    version = fabric.warehouse.version("orders")
    report = sync(fabric, folder)
    assert (report.rows, report.sources[0].bytes) == (0, 0)
    assert fabric.warehouse.version("orders") == version


def test_a_grown_file_is_read_from_its_old_end(fabric: UnifiedDataConnector, folder: Path) -> None:
    sync(fabric, folder)
    with (folder / "a.csv").open("a") as file:
        file.write(row(10) + row(11))
    assert sync(fabric, folder).rows == 2
    assert len(lines(fabric)) == 12
    ids = fabric.warehouse.query("SELECT line_id FROM orders WHERE order_id = 'o11'")["line_id"].tolist()
    assert ids == ["a.csv#12"]


def test_a_changed_file_replaces_its_rows_and_no_others(fabric: UnifiedDataConnector, folder: Path) -> None:
    (folder / "b.csv").write_text(HEADER + row(90) + "broken\n")
    assert sync(fabric, folder).quarantined == 1
    (folder / "a.csv").write_text(HEADER + row(1).replace("2,1.50", "5,1.50") + row(50))
    assert sync(fabric, folder).rows == 2
    assert lines(fabric) == ["o1", "o50", "o90"]
    assert fabric.quarantine("shop").total == 1


def test_a_last_line_that_was_not_finished_is_read_again(fabric: UnifiedDataConnector, folder: Path) -> None:
    path = folder / "a.csv"
    path.write_text(HEADER + row(1) + row(2).rstrip("\n"))
    sync(fabric, folder)
    path.write_text(HEADER + row(1) + row(2).rstrip("\n") + "5\n" + row(3))
    sync(fabric, folder)
    assert fabric.warehouse.query("SELECT sum(unit_price) FROM orders WHERE order_id = 'o2'").iloc[0, 0] == pytest.approx(1.505)
    assert lines(fabric) == ["o1", "o2", "o3"]


def test_one_bad_file_does_not_keep_its_neighbours_out(fabric: UnifiedDataConnector, folder: Path) -> None:
    (folder / "bad.csv").write_text("x,y\n1,2\n")
    fabric.add_source("shop", "csv_files", {"path": str(folder)})
    report = asyncio.run(fabric.sync_all_sources(["shop"]))
    assert not report.ok
    assert report.rows == 10
    assert report.sources[0].error is not None
    assert "bad.csv" in report.sources[0].error["message"]


def test_globs_excel_and_parquet_are_read(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "order_id": ["o1", "o2"],
            "order_date": pd.to_datetime(["2024-01-01", "2024-01-02"]),
            "customer_id": [17850, None],
            "amount": [1.5, 2.5],
        }
    )
    rows.to_excel(tmp_path / "sheet.xlsx", index=False)
    rows.astype({"customer_id": "Int64"}).to_parquet(tmp_path / "table.parquet", index=False)
    fabric.add_source("shop", "csv_files", {"path": str(tmp_path / "*.*")})
    report = asyncio.run(fabric.sync_all_sources(["shop"]))
    assert report.ok, report.sources
    assert report.sources[0].streams == {"sheet.xlsx": 2, "table.parquet": 2}
    customers = fabric.warehouse.query("SELECT customer_id FROM orders WHERE customer_id IS NOT NULL")["customer_id"].tolist()
    assert customers == ["17850", "17850"]
    assert asyncio.run(fabric.sync_all_sources(["shop"])).rows == 0


def test_what_lies_in_the_inbox_is_a_source(fabric: UnifiedDataConnector, folder: Path) -> None:
    assert fabric.configure_default_connectors() == ["inbox"]
    (fabric.home / "sources" / "inbox" / "orders.csv").write_text((folder / "a.csv").read_text())
    (fabric.home / "sources" / "shop.yaml").write_text(f"connector: csv_files\nconfig: {{path: {folder}}}\n")
    (fabric.home / "sources" / "odd.yaml").write_text("connector: no_such\n")
    assert fabric.configure_default_connectors() == ["inbox", "shop"]
    assert "odd.yaml" in fabric.source_list().unreadable
    report = asyncio.run(fabric.sync_all_sources())
    assert {source.name: source.rows for source in report.sources} == {"inbox": 10, "shop": 10}
    assert fabric.events is not None
    consumer = fabric.events.consumer(["data_sync"], start="earliest")
    assert {event.value["source"] for event in consumer.poll(timeout_s=1)} == {"inbox", "shop"}
    consumer.close()


def test_a_link_to_a_file_outside_of_the_folder_is_left_out(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "secret.csv").write_text("user,password\nroot,hunter2\n")
    (inbox / "sales.csv").write_text("order,total\n1,5\n")
    (inbox / "link.csv").symlink_to(tmp_path / "secret.csv")
    (inbox / "same.csv").symlink_to(inbox / "sales.csv")
    assert set(CsvFiles.configure({"path": str(inbox)}, home=tmp_path).files()) == {"sales.csv", "same.csv"}
    assert set(CsvFiles.configure({"path": str(inbox / "*.csv")}, home=tmp_path).files()) == {"sales.csv", "same.csv"}
