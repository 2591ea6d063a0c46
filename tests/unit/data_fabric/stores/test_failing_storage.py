"""A full disk, a read-only folder and a damaged file are one error each: which file, why, and what to do."""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import event, func, select, text

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.storage_errors import HINTS, reason_of, storage_failure, writing
from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse
from cyberpunk_ai.data_fabric.stores.operational import Operational
from cyberpunk_ai.data_fabric.stores.records import sources
from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog
from tests.failing_storage import read_only, small_files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="permissions and limits as on Linux")
NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder / "record.sqlite3"


@pytest.fixture
def store(file: Path) -> Iterator[Operational]:
    operational = Operational(f"sqlite:///{file}")
    operational.upgrade()
    add(operational, "crm")
    yield operational
    operational.close()


def add(store: Operational, name: str, *, size: int = 0) -> None:
    with store.begin() as connection:
        connection.execute(sources.insert(), [{"name": name, "connector": "c", "config": {"x": "x" * size}, "created_at": NOON}])


def restore(file: Path, content: bytes) -> None:
    """Put a backup in place of a file, as a new file of its name."""
    backup = file.with_name("backup")
    backup.write_bytes(content)
    backup.replace(file)


def names(store: Operational) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(sources.c.name).order_by(sources.c.name)).scalars())


def fill(store: Operational) -> Callable[[], None]:
    """Let the database grow no further, as on a full disk; return what makes room again."""
    limit = {"pages": 1}

    @event.listens_for(store.engine, "begin")
    def _limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit['pages']}")  # type: ignore[attr-defined]

    return lambda: limit.update(pages=1_000_000)


def test_a_full_disk_keeps_nothing_of_a_block_and_is_remembered_until_a_write_succeeds(store: Operational, file: Path) -> None:
    make_room = fill(store)
    with pytest.raises(StoreFailed, match="disk full") as raised:
        add(store, "shop", size=1_000_000)
    assert raised.value.details == {"file": str(file), "reason": "disk_full"}
    assert raised.value.hint == HINTS["disk_full"]
    assert store.write_failure is raised.value
    assert names(store) == ["crm"], "reading goes on"
    make_room()
    add(store, "shop", size=1_000_000)
    assert (names(store), store.write_failure) == (["crm", "shop"], None)


def test_a_read_only_folder_is_read_and_refuses_to_be_written(store: Operational, file: Path) -> None:
    store.close()
    assert not list(file.parent.glob("*-wal")), "the log was merged when the last connection closed"
    with read_only(file.parent):
        assert names(store) == ["crm"]
        assert store.write_failure is not None
        with pytest.raises(StoreFailed, match="read only") as raised:
            add(store, "shop")
        assert raised.value.details["reason"] == "read_only"
    add(store, "shop")
    assert (names(store), store.write_failure) == (["crm", "shop"], None)


def test_rows_that_still_stand_in_the_log_are_read_in_a_read_only_folder_or_nothing_is(store: Operational, file: Path) -> None:
    other = Operational(f"sqlite:///{file}")
    add(other, "shop")
    with read_only(file.parent):
        try:
            assert names(Operational(f"sqlite:///{file}")) == ["crm", "shop"]
        except StoreFailed as failure:
            assert failure.details["reason"] in HINTS
    other.close()


@pytest.mark.parametrize("damage", ["header", "truncated"])
def test_a_damaged_file_is_told_with_how_to_recover_and_a_restored_one_is_found(store: Operational, file: Path, damage: str) -> None:
    add(store, "shop", size=200_000)
    store.close()
    backup = file.read_bytes()
    file.write_bytes(b"\x13garbage" * 12 + backup[96:] if damage == "header" else backup[:20_000])
    for use in (names, lambda opened: add(opened, "ads", size=200_000), Operational.upgrade, Operational.ping):
        try:
            use(store)
        except StoreFailed as failure:
            assert (failure.details["reason"], failure.details["file"]) == ("damaged", str(file))
            assert "restore a backup" in failure.hint
        else:
            assert damage == "truncated", "what does not read the lost pages may succeed"
    with pytest.raises(StoreFailed, match="damaged"), store.read() as connection:
        connection.execute(text("PRAGMA integrity_check")).all()
        connection.execute(select(func.sum(func.length(sources.c.config)))).all()
    restore(file, backup)
    assert names(store) == ["crm", "shop"]


def spoil(file: Path) -> bytes:
    """Overwrite a database under an open connection, all but its first page, and return what it was."""
    merging = sqlite3.connect(file)
    merging.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    merging.close()
    whole = file.read_bytes()
    with file.open("r+b") as content:
        content.seek(4_096)
        content.write(b"garbage!" * ((len(whole) - 4_096) // 8))
    return whole


def test_a_file_that_is_damaged_while_it_is_open_is_found_again_once_restored(store: Operational, file: Path, tmp_path: Path) -> None:
    add(store, "shop", size=4_000_000)  # more than a connection keeps in memory
    whole = spoil(file)
    with pytest.raises(StoreFailed, match="damaged"), store.read() as connection:
        connection.execute(select(sources.c.config)).all()
    restore(file, whole)
    assert names(store) == ["crm", "shop"]

    events = tmp_path / "events.sqlite3"
    log = LocalEventLog(events)
    log.append("t", [{"event_id": "e", "text": "x" * 4_000_000}])
    whole = spoil(events)
    with pytest.raises(StoreFailed, match="damaged"), log._file.reading() as connection_of_log:
        connection_of_log.execute("SELECT payload FROM events").fetchall()
    restore(events, whole)
    assert log.end_offsets("t") == {0: 1}
    log.close()


def test_another_writer_is_told_apart_from_a_fault_of_the_disk(file: Path) -> None:
    blocked = sqlite3.connect(file, isolation_level=None)
    blocked.execute("BEGIN IMMEDIATE")
    impatient = sqlite3.connect(file, timeout=0, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError) as raised:
        impatient.execute("BEGIN IMMEDIATE")
    failure = storage_failure("the operational store", file, raised.value)
    assert failure is not None
    assert failure.details["reason"] == "locked"
    impatient.close()
    blocked.close()


def test_the_event_log_tells_the_same(tmp_path: Path) -> None:
    file = tmp_path / "home" / "events.sqlite3"
    log = LocalEventLog(file)
    log.append("t", [{"event_id": "e", "n": 1}])
    log._file.connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreFailed, match="disk full"):
        log.append("t", [{"event_id": "e", "text": "x" * 1_000_000}])
    log.close()
    with read_only(file.parent):
        assert log.ping() > 0
        with pytest.raises(StoreFailed, match="read only"):
            log.append("t", [{"event_id": "f", "n": 2}])
    whole = file.read_bytes()
    file.write_bytes(b"garbage!" * 40 + whole[320:])
    with pytest.raises(StoreFailed, match="damaged"):
        log.ping()
    restore(file, whole)
    assert log.end_offsets("t") == {0: 1}
    log.close()


def order(number: int) -> pd.DataFrame:
    day = pd.Timestamp("2024-01-01")
    return pd.DataFrame(
        {
            "order_id": [f"o{number}"], "line_id": "1", "ordered_at": day, "customer_id": "c", "quantity": 1.0, "unit_price": 1.0,
            "amount": 1.0, "is_refund": False, "source": "s", "updated_at": day,
        }
    )  # fmt: skip


def test_the_warehouse_tells_a_read_only_folder_and_goes_on_reading(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path / "warehouse")
    warehouse.append("orders", order(1))
    with read_only(tmp_path / "warehouse"):
        with pytest.raises(StoreFailed) as raised:
            warehouse.append("orders", order(2))
        assert raised.value.details["reason"] == "read_only"
        assert str(tmp_path / "warehouse") in raised.value.message
        assert warehouse.row_count("orders") == 1
    warehouse.close()


def test_the_warehouse_tells_a_file_that_may_not_grow(tmp_path: Path) -> None:
    warehouse = DeltaWarehouse(tmp_path / "warehouse")
    warehouse.append("orders", order(1))
    with small_files(512), pytest.raises(StoreFailed) as raised:
        warehouse.append("orders", order(2))
    assert raised.value.details["reason"] == "file_too_large"
    warehouse.append("orders", order(2))
    assert warehouse.row_count("orders") == 2
    warehouse.close()


def test_a_full_device_is_told_and_anything_else_stays_as_it_is() -> None:
    with pytest.raises(StoreFailed, match="the export to /dev/full failed: disk full") as raised, writing("the export to", "/dev/full"):
        Path("/dev/full").write_text("x" * 100_000)
    assert raised.value.hint == HINTS["disk_full"]
    with pytest.raises(FileNotFoundError), writing("the export to", "/nowhere/x"):
        Path("/nowhere/x").write_text("x")
    with pytest.raises(ValueError, match="shape"), writing("the export to", "x"):
        raise ValueError("shape")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EDQUOT, "x"), "quota_exceeded"), (OSError(errno.EROFS, "x"), "read_only"), (OSError(errno.EIO, "x"), "io_error"),
        (Exception("Generic LocalFileSystem error: No space left on device (os error 28)"), "disk_full"),
        (Exception("write failed: No space left on device"), "disk_full"), (KeyError("disk"), None), (OSError("no number"), None),
        (FileNotFoundError(errno.ENOENT, "x"), None), (sqlite3.IntegrityError("UNIQUE"), None),
    ],
)  # fmt: skip
def test_the_reason_is_read_from_whatever_the_library_raises(error: Exception, reason: str | None) -> None:
    assert reason_of(error) == reason
