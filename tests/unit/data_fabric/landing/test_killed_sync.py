"""A sync that is killed anywhere and run again: nothing lost, nothing doubled, counts that add up."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import Conflict
from cyberpunk_ai.data_fabric.landing import lease

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

ROWS, BROKEN = 6000, 60
SYNC = """
import asyncio, sys
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
import cyberpunk_ai.data_fabric.syncing.stream_sync as stream_sync
stream_sync.PUBLISH_ROWS = 400
connector = UnifiedDataConnector()
print("ready", flush=True)
report = asyncio.run(connector.sync_all_sources(["shop"]))
print("done", report.ok, report.sources[0].error, flush=True)
"""


def _write_orders(path: Path) -> None:
    rows = pd.DataFrame(
        {"order": range(ROWS), "date": "2024-01-02 10:00:00", "customer": [f"c{n % 50}" for n in range(ROWS)], "total": "1.50"}
    )
    rows.loc[rows.index % (ROWS // BROKEN) == 7, "total"] = "broken"
    rows.to_csv(path, index=False)


def _register(fabric: UnifiedDataConnector, path: Path) -> None:
    mapping = {"table": "orders", "columns": {"order_id": "order", "ordered_at": "date", "customer_id": "customer", "amount": "total"}}
    fabric.add_source("shop", "csv_files", {"path": str(path), "block_bytes": 4096}, mapping)


def _assert_complete(fabric: UnifiedDataConnector) -> None:
    found = fabric.warehouse.query(
        "SELECT count() AS rows, uniqExact(order_id) AS orders, sum(amount) AS amount FROM orders WHERE source = 'shop:orders.csv'"
    ).iloc[0]
    assert found.tolist() == [ROWS - BROKEN, ROWS - BROKEN, 1.5 * (ROWS - BROKEN)]
    assert fabric.landing.counts("shop") == {"landed": ROWS - BROKEN, "quarantined": BROKEN}
    assert fabric.quarantine("shop").total == BROKEN
    assert fabric.warehouse.row_count("customers") == 50
    assert fabric.landing.unpublished_streams("shop") == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_points_the_sync_ends_complete(fabric: UnifiedDataConnector, tmp_path: Path, seed: int) -> None:
    path = tmp_path / "orders.csv"
    _write_orders(path)
    _register(fabric, path)
    chance = random.Random(seed)
    kills = 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", SYNC], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        time.sleep(chance.uniform(0.0, 0.6))
        kills += process.poll() is None
        process.kill()
        process.wait(timeout=30)
        process.stdout.close()
    assert kills > 0
    report = asyncio.run(fabric.sync_all_sources(["shop"]))
    assert report.ok, report.sources
    _assert_complete(fabric)


@pytest.mark.parametrize("point", ["before_write", "after_write", "after_delete"])
def test_dying_around_the_publish_changes_nothing(fabric: UnifiedDataConnector, tmp_path: Path, point: str) -> None:
    """The narrow places, hit on purpose: the process ends right before or right after the warehouse wrote."""
    path = tmp_path / "orders.csv"
    _write_orders(path)
    _register(fabric, path)
    if point == "after_delete":
        assert asyncio.run(fabric.sync_all_sources(["shop"])).ok
        path.write_text(path.read_text().replace("2024-01-02", "2024-01-03"))
    name = "delete" if point == "after_delete" else "append"
    order = "os._exit(9); return real(*a, **k)" if point == "before_write" else "real(*a, **k); os._exit(9)"
    breaker = f"""
import os
real = connector.warehouse.{name}
def dying(*a, **k):
    {order}
connector.warehouse.{name} = dying
"""
    ended = subprocess.run(
        [sys.executable, "-c", SYNC.replace('print("ready"', breaker + 'print("ready"')], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 9, ended.stderr
    assert asyncio.run(fabric.sync_all_sources(["shop"])).ok
    _assert_complete(fabric)


def test_a_stream_has_one_writer(fabric: UnifiedDataConnector) -> None:
    with (
        lease(fabric.operational, "shop", "orders.csv"),
        pytest.raises(Conflict, match="another process"),
        lease(fabric.operational, "shop", "orders.csv"),
    ):
        pass
    with lease(fabric.operational, "shop", "orders.csv"):
        pass
