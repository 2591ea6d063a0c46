"""A sync that is killed anywhere and run again: nothing lost, nothing doubled, counts that add up."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from sqlalchemy import select

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import Conflict, SourceFailed, StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.landing import lease, leases
from cyberpunk_ai.data_fabric.stores.operational import Operational
from cyberpunk_ai.data_fabric.stores.records import sync_runs, sync_state
from cyberpunk_ai.data_fabric.syncing import stream_sync
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

SYNC = """
import asyncio, os, signal, sys
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
import cyberpunk_ai.data_fabric.syncing.stream_sync as stream_sync
stream_sync.PUBLISH_ROWS = 400
connector = UnifiedDataConnector()
print("ready", flush=True)
report = asyncio.run(connector.sync_all_sources(["shop"], on_progress=lambda at: print(at["rows"], flush=True)))
print("done", report.ok, report.sources[0].error, flush=True)
"""


def _write_orders(path: Path, rows: int, broken: int, *, day: str = "2024-01-02", people: str = "c") -> None:
    customers = [f"{people}{n % 17}" for n in range(rows)]
    frame = pd.DataFrame({"order": range(rows), "date": f"{day} 10:00:00", "customer": customers, "total": "1.50", "note": "n" * 30})
    frame.loc[frame.index % (rows // broken) == 7, "total"] = "broken"
    frame.to_csv(path, index=False)


def _register(fabric: UnifiedDataConnector, path: Path | str, *, block_bytes: int = 4096) -> None:
    mapping = {"table": "orders", "columns": {"order_id": "order", "ordered_at": "date", "customer_id": "customer", "amount": "total"}}
    fabric.add_source("shop", "csv_files", {"path": str(path), "block_bytes": block_bytes}, mapping)


def _assert_complete(fabric: UnifiedDataConnector, rows: int, broken: int, *, day: str = "2024-01-02", people: str = "c") -> None:
    found = fabric.warehouse.query(
        "SELECT count() AS rows, uniqExact(order_id) AS orders, sum(amount) AS amount, countIf(toDate(ordered_at) = {day:Date}) AS of_day "
        "FROM orders WHERE source = 'shop:orders.csv'",
        {"day": pd.Timestamp(day).date()},
    ).iloc[0]
    good = rows - broken
    assert found.tolist() == [good, good, 1.5 * good, good]
    assert fabric.landing.counts("shop") == {"landed": good, "quarantined": broken}
    assert fabric.quarantine("shop").total == broken
    known = fabric.warehouse.query("SELECT customer_id FROM customers WHERE startsWith(customer_id, {people:String})", {"people": people})
    assert sorted(known["customer_id"]) == sorted(f"{people}{n}" for n in range(17))
    assert fabric.landing.unpublished_streams("shop") == []


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_points_the_sync_ends_complete(fabric: UnifiedDataConnector, tmp_path: Path, seed: int) -> None:
    path = tmp_path / "orders.csv"
    _write_orders(path, 6000, 60)
    _register(fabric, path)
    chance = random.Random(seed)
    kills = 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", SYNC], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        # Somewhere behind this many lines: it does not wait for us to read them.
        for _ in range(chance.randrange(1, 12)):
            process.stdout.readline()
        kills += process.poll() is None
        process.kill()
        process.wait()
        process.stdout.close()
    assert kills > 0
    report = asyncio.run(fabric.sync_all_sources(["shop"]))
    assert report.ok, report.sources
    _assert_complete(fabric, 6000, 60)


def test_a_process_killed_right_behind_its_write_leaves_nothing_to_repair(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    """A real process and a real kill; every other place where a sync can end is tried in this process, below."""
    path = tmp_path / "orders.csv"
    _write_orders(path, 1200, 12)
    _register(fabric, path)
    dying = """
real = connector.warehouse.append
def dying(*a, **k):
    real(*a, **k)
    os.kill(os.getpid(), signal.SIGKILL)
connector.warehouse.append = dying
"""
    ended = subprocess.run(
        [sys.executable, "-c", SYNC.replace('print("ready"', dying + 'print("ready"')], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert fabric.recent_syncs().runs["status"].tolist() == ["interrupted"]
    last = fabric.sources().set_index("name").loc["shop"]
    assert (last["status"], "cyberpunk sync shop" in last["error"]["message"]) == ("interrupted", True)
    report = asyncio.run(fabric.sync_all_sources(["shop"]))
    assert report.ok, report.sources
    assert 0 < report.rows < 1188, "the killed process had landed some of them"
    assert _recorded(fabric) == ["interrupted", "ok"], "the next start records it for good"
    _assert_complete(fabric, 1200, 12)


def _recorded(fabric: UnifiedDataConnector) -> list[str]:
    with fabric.operational.read() as connection:
        return list(connection.execute(select(sync_runs.c.status).order_by(sync_runs.c.started_at)).scalars())


def test_a_sync_that_is_broken_off_is_interrupted_while_its_process_goes_on(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    _write_orders(path, 60, 3)
    _register(fabric, path, block_bytes=1024)

    def break_off(_at: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(fabric.sync_all_sources(["shop"], on_progress=break_off))
    assert _recorded(fabric) == ["interrupted"]
    assert "stopped before it was done" in fabric.recent_syncs().runs["error"][0]["message"]
    assert asyncio.run(fabric.sync_all_sources(["shop"])).ok
    _assert_complete(fabric, 60, 3)


class Images:
    """Copies of a connector's home as it is behind every transaction of its record and every write to its warehouse.

    Each is what a process leaves behind that ends there, with nothing tidied up.
    """

    def __init__(self, fabric: UnifiedDataConnector, folder: Path) -> None:
        self.taken: list[tuple[str, Path]] = []
        self._home, self._folder = fabric.home, folder
        self._begin = fabric.operational.begin
        fabric.operational.begin = self._beginning  # type: ignore[method-assign]
        for name in ("append", "upsert", "delete"):
            setattr(fabric.warehouse, name, self._writing(name, getattr(fabric.warehouse, name)))

    def _take(self, step: str) -> None:
        self.taken.append((step, shutil.copytree(self._home, self._folder / f"image-{len(self.taken)}-{step}")))

    @contextmanager
    def _beginning(self) -> Iterator[Connection]:
        with self._begin() as connection:
            yield connection
        self._take("commit")

    def _writing(self, name: str, write: Callable[..., int]) -> Callable[..., int]:
        def writing(*arguments: Any, **named: Any) -> int:
            rows = write(*arguments, **named)
            self._take(name)
            return rows

        return writing


def _end_everywhere(home: Path, folder: Path, **written: str) -> list[str]:
    """Sync a home, then go on from every place where that sync could have ended; return its steps."""
    fabric = UnifiedDataConnector(home=home, **_stores(home))
    images = Images(fabric, folder)
    assert asyncio.run(fabric.sync_all_sources(["shop"])).ok
    fabric.close()
    for place, (_, image) in enumerate(images.taken):
        again = UnifiedDataConnector(home=image, **_stores(image))
        report = asyncio.run(again.sync_all_sources(["shop"]))
        assert report.ok, (place, report.sources)
        _assert_complete(again, 60, 3, **written)
        again.close()
    return [step for step, _ in images.taken]


def _stores(home: Path) -> dict[str, Any]:
    from cyberpunk_ai.data_fabric.stores.operational import open_operational
    from cyberpunk_ai.data_fabric.stores.warehouse import open_warehouse

    settings = Settings.load(home=home)
    return {"operational": open_operational(settings), "warehouse": open_warehouse(settings)}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a source of sixty orders, in four batches and two publications, not synced yet."""
    monkeypatch.setattr(stream_sync, "PUBLISH_ROWS", 25)
    # Leases look as if a former process of our number had held them: the one that died.
    monkeypatch.setattr(leases, "_process", lambda pid: f"{socket.gethostname()}:{pid}:0")
    home = tmp_path / "shop"
    home.mkdir()
    _write_orders(home / "orders.csv", 60, 3)
    fabric = UnifiedDataConnector(home=home, **_stores(home))
    _register(fabric, "orders.csv", block_bytes=1024)
    fabric.close()
    return home


LAND, PUBLISH = ["commit"], ["append", "commit"]
START, END = ["commit"] * 2, ["commit"] * 2  # the run and the lease, noted and let go
CUSTOMERS = ["commit", "upsert", "commit"]


@pytest.mark.full
def test_a_first_sync_may_end_anywhere(home: Path, tmp_path: Path) -> None:
    steps = _end_everywhere(home, tmp_path)
    assert steps == [*START, *LAND, *LAND, *PUBLISH, *LAND, *LAND, *PUBLISH, *CUSTOMERS, *END]


def test_reading_a_changed_file_again_may_end_anywhere(home: Path, tmp_path: Path) -> None:
    fabric = UnifiedDataConnector(home=home, **_stores(home))
    assert asyncio.run(fabric.sync_all_sources(["shop"])).ok
    fabric.close()
    _write_orders(home / "orders.csv", 60, 3, day="2024-01-03", people="d")
    steps = _end_everywhere(home, tmp_path, day="2024-01-03", people="d")
    assert steps == [*START, *LAND, *LAND, "delete", "commit", *PUBLISH, *LAND, *LAND, *PUBLISH, *CUSTOMERS, *END]


def test_a_stream_has_one_writer(fabric: UnifiedDataConnector) -> None:
    with (
        lease(fabric.operational, "shop", "orders.csv"),
        pytest.raises(Conflict, match="another process"),
        lease(fabric.operational, "shop", "orders.csv"),
    ):
        pass
    with lease(fabric.operational, "shop", "orders.csv"):
        pass


def test_a_lease_that_could_not_be_released_is_taken_again_at_once(fabric: UnifiedDataConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = fabric.operational.begin

    @contextmanager
    def away() -> Iterator[Connection]:
        raise StoreFailed("the operational store cannot be opened")
        yield

    with pytest.raises(SourceFailed, match="the first reason"), lease(fabric.operational, "shop", "orders.csv"):
        monkeypatch.setattr(fabric.operational, "begin", away)
        raise SourceFailed("the first reason is the one that is told")
    monkeypatch.setattr(fabric.operational, "begin", begin)
    with lease(fabric.operational, "shop", "orders.csv") as held, fabric.operational.begin() as connection:
        held.renew(connection)


@pytest.mark.parametrize(
    ("owner", "is_free"),
    [
        ("{host}:{pid}:{started}:another-block", True),
        ("{host}:{pid}:1:of-an-earlier-process-with-this-number", True),
        ("{host}:{parent}:{parent_started}:a-process-that-runs", False),
        ("elsewhere:{pid}:{started}:a-process-of-another-machine", False),
    ],
)
def test_only_a_lease_whose_holder_is_known_to_be_over_is_taken(fabric: UnifiedDataConnector, owner: str, is_free: bool) -> None:
    known = {"host": socket.gethostname(), "pid": os.getpid(), "started": leases._started(os.getpid())}
    known |= {"parent": os.getppid(), "parent_started": leases._started(os.getppid())}
    until_then = utc_now() + timedelta(seconds=leases.LEASE_S)
    with fabric.operational.begin() as connection:
        state = {"source": "shop", "stream": "orders.csv", "sequence": 0, "lock_owner": owner.format(**known), "lock_until": until_then}
        connection.execute(sync_state.insert().values(**state))
    with nullcontext() if is_free else pytest.raises(Conflict), lease(fabric.operational, "shop", "orders.csv"):
        pass


@pytest.mark.full
@pytest.mark.servers
def test_postgresql_that_goes_away_in_a_sync_locks_nobody_out(postgres_url: str, postgres_database: str) -> None:
    import psycopg2
    from sqlalchemy.engine import make_url

    name = make_url(postgres_database).database
    operational = Operational(postgres_database)
    operational.upgrade()
    server = psycopg2.connect(postgres_url)
    server.autocommit = True
    with server.cursor() as administer:
        with pytest.raises(StoreFailed), lease(operational, "shop", "orders.csv"):
            administer.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
            administer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            with operational.begin():
                pass
        administer.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    server.close()
    with lease(operational, "shop", "orders.csv"), pytest.raises(Conflict), lease(operational, "shop", "orders.csv"):
        pass
    operational.close()
