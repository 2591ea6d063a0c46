"""Several syncs of one home at once: each row lands once, and who comes too late is told."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cyberpunk_ai.data_fabric.syncing import stream_sync
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from cyberpunk_ai.data_fabric.syncing.reports import SourceReport

MAPPING = {"table": "orders", "columns": {"order_id": "order", "ordered_at": "date", "customer_id": "customer", "amount": "total"}}
AT_ONCE = 4


def written(folder: Path, rows: int, broken: int) -> Path:
    """Write a file of orders, every so many of them without a number."""
    lines = [f"o{n},2024-01-02 10:00:00,c{n % 17},{'broken' if n % (rows // broken) == 3 else 1.5}" for n in range(rows)]
    (folder / "orders.csv").write_text("\n".join(["order,date,customer,total", *lines]) + "\n")
    return folder / "orders.csv"


def assert_landed_once(fabric: UnifiedDataConnector, rows: int, broken: int) -> None:
    assert asyncio.run(fabric.sync_all_sources(["shop"])).ok
    found = fabric.warehouse.query("SELECT count() AS n, uniqExact(order_id) AS orders, sum(amount) AS amount FROM orders").iloc[0]
    assert found.tolist() == [rows - broken, rows - broken, 1.5 * (rows - broken)]
    assert fabric.landing.counts("shop") == {"landed": rows - broken, "quarantined": broken}
    assert fabric.quarantine("shop").total == broken
    assert fabric.landing.unpublished_streams("shop") == []


def test_syncs_at_once_take_each_row_once(fabric: UnifiedDataConnector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_sync, "PUBLISH_ROWS", 100)
    fabric.add_source("shop", "csv_files", {"path": str(written(tmp_path, 600, 6)), "block_bytes": 4096}, MAPPING)
    together = threading.Barrier(AT_ONCE)

    def sync(_number: int) -> SourceReport:
        connector = UnifiedDataConnector()
        try:
            together.wait(PATIENCE_S)
            return asyncio.run(connector.sync_all_sources(["shop"])).sources[0]
        finally:
            connector.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = list(pool.map(sync, range(AT_ONCE)))
    assert any(report.status != "failed" for report in reports)
    assert sum(report.rows for report in reports) == 594
    assert {report.error["code"] for report in reports if report.error} <= {"conflict"}
    assert_landed_once(fabric, 600, 6)


@pytest.mark.full
def test_programs_at_once_take_each_row_once(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    fabric.add_source("shop", "csv_files", {"path": str(written(tmp_path, 60_000, 60)), "block_bytes": 16_384}, MAPPING)
    command = [sys.executable, "-m", "cyberpunk_ai.cli", "sync", "shop", "--json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(AT_ONCE)]
    try:
        reports = [json.loads(process.communicate(timeout=PATIENCE_S)[0])["sources"][0] for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert any(report["status"] != "failed" for report in reports)
    assert sum(report["rows"] for report in reports) == 59_940
    assert {report["error"]["code"] for report in reports if report["error"]} <= {"conflict"}
    assert_landed_once(fabric, 60_000, 60)
