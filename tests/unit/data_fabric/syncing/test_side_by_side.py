"""Sources side by side: what goes wrong with one ends no other, and only so many are read at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.data_fabric.unified_connector import AT_ONCE, UnifiedDataConnector

MAPPING = {"table": "orders", "columns": {"order_id": "order", "ordered_at": "date", "customer_id": "customer", "amount": "total"}}


@pytest.fixture
def add(fabric: UnifiedDataConnector, tmp_path: Path) -> Callable[[str], None]:
    def source(name: str) -> None:
        file = tmp_path / f"{name}.csv"
        file.write_text(f"order,date,customer,total\n{name}1,2024-01-02 10:00:00,c1,5\n")
        fabric.add_source(name, "csv_files", {"path": str(file)}, MAPPING)

    return source


def test_a_sync_that_cannot_be_recorded_ends_no_other(
    fabric: UnifiedDataConnector, add: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        add(name)
    start = fabric.syncs.start

    def start_or_fail(source: str) -> Any:
        if source == "b":
            raise StoreFailed("the record is locked", hint="try again")
        return start(source)

    monkeypatch.setattr(fabric.syncs, "start", start_or_fail)
    report = asyncio.run(fabric.sync_all_sources())
    assert [(each.name, each.status) for each in report.sources] == [("a", "ok"), ("b", "failed"), ("c", "ok")]
    assert report.sources[1].error is not None
    assert report.sources[1].error["message"] == "the record is locked"
    assert fabric.warehouse.row_count("orders") == 2


def test_only_so_many_sources_are_read_at_once(
    fabric: UnifiedDataConnector, add: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"s{number:02d}" for number in range(AT_ONCE + 3)]
    for name in names:
        add(name)
    under_way, most = 0, 0

    async def read(self: UnifiedDataConnector, name: str, tallies: dict[str, Any], on_progress: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in names:  # others get their chance to begin
            await asyncio.sleep(0)
        under_way -= 1

    monkeypatch.setattr(UnifiedDataConnector, "_read_source", read)
    assert asyncio.run(fabric.sync_all_sources()).ok
    assert most == AT_ONCE
