"""Following the commits of a table, which must be cheap while nothing happens and never miss one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cyberpunk_ai.data_fabric.stores.delta_log import EMPTY, DeltaLog
from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

if TYPE_CHECKING:
    from pathlib import Path


def machines(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"asset": names, "asset_type": "pump", "site": "north", "source": "test", "updated_at": pd.Timestamp("2024-01-01")})


def test_every_commit_of_another_writer_is_seen_at_once(tmp_path: Path) -> None:
    log, writer = DeltaLog(tmp_path / "assets"), DeltaWarehouse(tmp_path)
    assert log.snapshot() == EMPTY
    for number in range(1, 30):
        writer.append("assets", machines(f"a{number}"))
        snapshot = log.snapshot()
        assert (snapshot.rows, snapshot.version) == (number, writer.version("assets"))


def test_an_unchanged_table_is_the_same_snapshot(tmp_path: Path) -> None:
    log, writer = DeltaLog(tmp_path / "assets"), DeltaWarehouse(tmp_path)
    writer.append("assets", machines("a", "b"))
    log.snapshot()
    assert log.snapshot() is log.snapshot()


def test_commits_are_seen_after_the_log_was_cleaned_up(tmp_path: Path) -> None:
    log, writer = DeltaLog(tmp_path / "assets"), DeltaWarehouse(tmp_path)
    writer.append("assets", machines("a"))
    log.snapshot()
    for number in range(3):
        writer.append("assets", machines(f"b{number}"))
    from deltalake import DeltaTable

    DeltaTable(str(tmp_path / "assets")).create_checkpoint()
    for old in sorted((tmp_path / "assets" / "_delta_log").glob("*.json"))[:-1]:
        old.unlink()
    assert log.snapshot().rows == 4
