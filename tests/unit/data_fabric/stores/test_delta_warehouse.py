"""What only the embedded warehouse promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed
from cyberpunk_ai.data_fabric.stores.delta_warehouse import COMPACT_AT_FILES, DeltaWarehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DeltaWarehouse]:
    opened = DeltaWarehouse(tmp_path / "a 'quoted' folder")
    yield opened
    opened.close()


def assets(*names: str, site: str | None = "north", day: str = "2025-01-01") -> pd.DataFrame:
    return pd.DataFrame({"asset": list(names), "site": site, "source": "s", "updated_at": pd.Timestamp(day)})


def files(warehouse: DeltaWarehouse) -> int:
    return len(warehouse._logs["assets"].snapshot().files)


def test_many_small_batches_are_compacted_along_the_way(warehouse: DeltaWarehouse) -> None:
    for number in range(COMPACT_AT_FILES + 10):
        warehouse.append("assets", assets(f"asset {number}"))
    assert files(warehouse) < COMPACT_AT_FILES
    assert warehouse.query("SELECT uniqExact(asset) AS n FROM assets")["n"].tolist() == [COMPACT_AT_FILES + 10]


def test_an_upsert_of_new_keys_rewrites_nothing(warehouse: DeltaWarehouse) -> None:
    warehouse.upsert("assets", assets("b", "d"))
    before = set(warehouse._logs["assets"].snapshot().files)
    warehouse.upsert("assets", assets("x", "y"))
    warehouse.upsert("assets", assets("c"))  # within the range of the first file, and yet new
    assert before < set(warehouse._logs["assets"].snapshot().files)
    warehouse.upsert("assets", assets("b", site="south"))
    assert warehouse.query("SELECT asset, site FROM assets ORDER BY asset").to_numpy().tolist() == [
        ["b", "south"], ["c", "north"], ["d", "north"], ["x", "north"], ["y", "north"],
    ]  # fmt: skip


def test_two_warehouses_of_one_process_do_not_mix(tmp_path: Path, warehouse: DeltaWarehouse) -> None:
    other = DeltaWarehouse(tmp_path / "other")
    warehouse.append("assets", assets("a"))
    other.append("assets", assets("b"))
    assert warehouse.query("SELECT asset FROM assets")["asset"].tolist() == ["a"]
    assert other.query("SELECT asset FROM assets")["asset"].tolist() == ["b"]
    other.close()
    assert warehouse.query("SELECT asset FROM assets")["asset"].tolist() == ["a"]


def test_another_warehouse_on_the_same_folder_sees_each_commit_at_once(warehouse: DeltaWarehouse) -> None:
    reader = DeltaWarehouse(warehouse.root)
    for count in range(1, 4):
        warehouse.append("assets", assets(f"a{count}"))
        assert reader.query("SELECT count() AS n FROM assets")["n"].tolist() == [count]
        assert reader.version("assets") == warehouse.version("assets")
        assert reader.row_count("assets") == count
    reader.close()


def test_gaps_may_come_and_go_in_a_text_column(warehouse: DeltaWarehouse) -> None:
    warehouse.append("assets", assets("a"))
    assert warehouse.query("SELECT site FROM assets")["site"].tolist() == ["north"]
    warehouse.append("assets", assets("b", site=None))
    assert warehouse.query("SELECT site FROM assets ORDER BY asset")["site"].tolist() == ["north", None]
    warehouse.upsert("assets", assets("b", site="south"))
    assert warehouse.query("SELECT site FROM assets ORDER BY asset")["site"].tolist() == ["north", "south"]


def test_a_column_that_a_release_adds_is_null_in_older_rows(warehouse: DeltaWarehouse) -> None:
    from deltalake import DeltaTable, write_deltalake

    from cyberpunk_ai.data_fabric.stores.warehouse_rows import conform
    from cyberpunk_ai.data_fabric.tables import TABLES

    old = conform(TABLES["assets"], assets("old")).drop_columns(["site"])
    write_deltalake(str(warehouse.root / "assets"), old)
    assert warehouse.query("SELECT site FROM assets")["site"].tolist() == [None]
    warehouse.append("assets", assets("new"))
    warehouse.upsert("assets", assets("old", site="south"))
    assert warehouse.query("SELECT asset, site FROM assets ORDER BY asset").to_numpy().tolist() == [["new", "north"], ["old", "south"]]
    assert "site" in {field.name for field in DeltaTable(str(warehouse.root / "assets")).schema().fields}


def test_a_folder_with_wildcards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument):
        DeltaWarehouse(tmp_path / "what*ever")


def test_a_folder_that_cannot_be_made_or_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreFailed, match="cannot be made"):
        DeltaWarehouse(tmp_path / "file" / "warehouse").append("assets", assets("a"))


def test_a_conflict_of_the_compaction_does_not_write_the_rows_again(warehouse: DeltaWarehouse) -> None:
    from deltalake.exceptions import CommitFailedError

    from cyberpunk_ai.data_fabric.stores import delta_warehouse

    class Losing:
        class optimize:
            @staticmethod
            def compact(**_: object) -> None:
                raise CommitFailedError("another machine was faster")

    delta_warehouse._tidy(Losing())


def test_files_of_a_killed_writer_go_away_after_a_day(warehouse: DeltaWarehouse) -> None:
    import os

    warehouse.append("assets", assets("a"))
    orphan, fresh = (warehouse.root / "assets" / f"part-00000-{name}-c000.snappy.parquet" for name in ("orphan", "fresh"))
    for file in (orphan, fresh):
        file.write_bytes(b"half a file")
    day_before_yesterday = pd.Timestamp.now().timestamp() - 2 * 86_400
    os.utime(orphan, (day_before_yesterday, day_before_yesterday))
    warehouse.optimize()
    assert (orphan.exists(), fresh.exists()) == (False, True)
    assert warehouse.row_count("assets") == 1
