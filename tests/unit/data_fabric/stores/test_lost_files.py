"""A table that lost a data file or a commit gives an error that names it, never a smaller number; a repair reads its sources again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

SUM = "SELECT sum(amount) AS amount, count() AS n FROM orders"


@pytest.fixture
def shop(fabric: UnifiedDataConnector, tmp_path: Path) -> UnifiedDataConnector:
    """Two files of ten orders of 5 each, so that the table has two data files."""
    folder = tmp_path / "shop"
    folder.mkdir()
    mapping = {"table": "orders", "columns": {"order_id": "order", "ordered_at": "date", "customer_id": "customer", "amount": "total"}}
    fabric.add_source("shop", "csv_files", {"path": str(folder)}, mapping)
    for name in ("a", "b"):
        lines = [f"{name}{number},2024-01-02 10:00:00,c{number % 3},5" for number in range(10)]
        (folder / f"{name}.csv").write_text("\n".join(["order,date,customer,total", *lines]) + "\n")
        assert asyncio.run(fabric.sync_all_sources(["shop"])).ok
    assert found(fabric) == (100.0, 20)
    return fabric


def found(fabric: UnifiedDataConnector) -> tuple[float, int]:
    row = fabric.warehouse.query(SUM).iloc[0]
    return float(row["amount"]), int(row["n"])


def data_files(fabric: UnifiedDataConnector) -> list[Path]:
    return sorted((fabric.home / "warehouse" / "orders").glob("*.parquet"))


def lose(fabric: UnifiedDataConnector, how: str) -> None:
    if how == "commit":
        max((fabric.home / "warehouse" / "orders" / "_delta_log").glob("*.json")).unlink()
    elif how == "file":
        data_files(fabric)[0].unlink()
    else:
        place = data_files(fabric)[0]
        place.write_bytes(place.read_bytes()[:-100])


@pytest.mark.parametrize("how", ["file", "cut file", "commit"])
def test_what_is_lost_is_an_error_in_this_and_in_every_later_process(shop: UnifiedDataConnector, how: str) -> None:
    lose(shop, how)
    later = DeltaWarehouse(shop.home / "warehouse")
    readers = [later] if how == "commit" else [shop.warehouse, later]
    for reader in readers:
        with pytest.raises(StoreFailed, match="orders: ") as told:
            reader.query(SUM)
        assert "cyberpunk repair orders" in told.value.hint
        with pytest.raises(StoreFailed, match="orders: "):
            reader.ping()
    later.close()


def test_nothing_is_written_behind_a_lost_commit(shop: UnifiedDataConnector, tmp_path: Path) -> None:
    """The next commit would take the number of the lost one, and nobody could tell any more."""
    lose(shop, "commit")
    (tmp_path / "shop" / "c.csv").write_text("order,date,customer,total\nc1,2024-01-02 10:00:00,c1,5\n")
    with UnclosedFabric(shop) as again:
        report = asyncio.run(again.sync_all_sources(["shop"])).sources[0]
        assert report.status == "failed"
        assert "commits are lost" in report.error["message"]
        assert asyncio.run(again.repair("orders")).ok
        assert found(again) == (105.0, 21)


@pytest.mark.parametrize("how", ["file", "cut file", "commit"])
def test_a_repair_reads_the_sources_again(shop: UnifiedDataConnector, how: str) -> None:
    lose(shop, how)
    with UnclosedFabric(shop) as again:
        report = asyncio.run(again.repair("orders"))
        assert report.ok
        assert report.read_again == ("shop:a.csv", "shop:b.csv")
        assert found(again) == (100.0, 20)
        assert asyncio.run(again.sync_all_sources(["shop"])).sources[0].rows == 0, "a later sync brings nothing twice"


def test_a_stream_that_is_gone_keeps_what_is_left_and_is_named(shop: UnifiedDataConnector, tmp_path: Path) -> None:
    (tmp_path / "shop" / "a.csv").unlink()
    lose(shop, "file")
    report = asyncio.run(shop.repair("orders"))
    assert not report.ok
    assert report.not_read_again == ("shop:a.csv",)
    assert found(shop)[1] in (10, 20)


class UnclosedFabric:
    """A connector as another process would open it over the same home."""

    def __init__(self, first: UnifiedDataConnector) -> None:
        self.opened = UnifiedDataConnector(home=first.home)

    def __enter__(self) -> UnifiedDataConnector:
        return self.opened

    def __exit__(self, *_: object) -> None:
        self.opened.close()
