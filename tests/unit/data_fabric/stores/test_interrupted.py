"""A run or sync whose process has ended is `interrupted` for every reader, and for good at the next start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cyberpunk_ai.core.errors import Conflict
from cyberpunk_ai.core.processes import this_process
from cyberpunk_ai.data_fabric.stores.interrupted import LEASE_SECONDS, OVERDUE_SECONDS
from cyberpunk_ai.data_fabric.stores.operational import Operational
from cyberpunk_ai.data_fabric.stores.records import pipeline_runs, sync_runs
from cyberpunk_ai.data_fabric.stores.runs import RunLog
from cyberpunk_ai.data_fabric.syncing.reports import SourceReport
from cyberpunk_ai.data_fabric.syncing.sync_log import SyncLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ELSEWHERE = "db-7/4026531836:12:99"


class Moment:
    """A clock of moments that only the test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Moment:
    return Moment()


@pytest.fixture(scope="module")
def dead() -> str:
    """A process of this machine that was killed."""
    name = "from cyberpunk_ai.core.processes import this_process; print(this_process(), flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    process = child.stdout.readline().strip()
    child.kill()
    child.communicate()
    return process


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Operational]:
    operational = Operational(f"sqlite:///{tmp_path}/record.sqlite3")
    operational.upgrade()
    yield operational
    operational.close()


def kept(store: Operational, table: Any) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(table.c.status).order_by(table.c.started_at)).scalars())


def own_sync(store: Operational, source: str, **values: Any) -> None:
    row = {"run_id": source, "source": source, "started_at": NOON, "status": "running", "lease_until": NOON + timedelta(seconds=60)}
    with store.begin() as connection:
        connection.execute(sync_runs.insert().values(**row | values))


def test_a_run_of_a_killed_process_is_interrupted_at_once_and_says_what_to_do(store: Operational, clock: Moment, dead: str) -> None:
    runs = RunLog(store, clock=clock)
    run = runs.claim("nightly", scheduled_for=NOON, parameters={}, owner=dead)
    assert run is not None
    for seen in (runs.history().runs.iloc[0], runs.get(run)):
        assert seen["status"] == "interrupted"
        assert "ended before it was done" in seen["error"]["message"]
        assert "Run it again: cyberpunk run nightly" in seen["error"]["message"]
    assert kept(store, pipeline_runs) == ["running"], "reading writes nothing"
    clock.now += timedelta(hours=1)
    assert runs.claim("weekly", scheduled_for=NOON, parameters={}, owner=this_process())
    assert kept(store, pipeline_runs) == ["interrupted", "running"]
    assert runs.get(run)["error"] == seen["error"], "what is kept is what was shown"


def test_an_interrupted_run_is_taken_over_at_once_under_its_own_id(store: Operational, clock: Moment, dead: str) -> None:
    runs = RunLog(store, clock=clock)
    run = runs.claim("nightly", scheduled_for=NOON, parameters={}, owner=dead)
    assert runs.claim("nightly", scheduled_for=NOON, parameters={"horizon": 2}, owner=this_process()) == run
    taken = runs.get(str(run))
    assert (taken["status"], taken["error"], taken["parameters"]) == ("running", None, {"horizon": 2})
    assert runs.claim("nightly", scheduled_for=NOON, parameters={}, owner=this_process()) is None


def test_a_run_that_goes_on_here_is_not_interrupted_by_a_late_heartbeat(store: Operational, clock: Moment) -> None:
    runs = RunLog(store, clock=clock)
    run = str(runs.claim("nightly", scheduled_for=NOON, parameters={}, owner=this_process()))
    clock.now += timedelta(seconds=LEASE_SECONDS + OVERDUE_SECONDS)
    assert runs.get(run)["status"] == "running"
    clock.now += timedelta(seconds=1)
    assert runs.get(run)["status"] == "interrupted", "nothing beats for it any more, whatever its process does"


def test_the_heartbeat_decides_about_a_run_of_another_machine(store: Operational, clock: Moment) -> None:
    runs = RunLog(store, clock=clock)
    run = str(runs.claim("nightly", scheduled_for=NOON, parameters={}, owner=ELSEWHERE))
    clock.now += timedelta(seconds=LEASE_SECONDS)
    assert runs.get(run)["status"] == "running"
    clock.now += timedelta(seconds=1)
    seen = runs.get(run)
    assert seen["status"] == "interrupted"
    assert "the last heartbeat of its process on db-7 was at 2026-03-01 12:00:00 UTC" in seen["error"]["message"]


def test_a_machine_that_comes_back_goes_on_and_ends_its_run(store: Operational, clock: Moment) -> None:
    runs = RunLog(store, clock=clock)
    run = str(runs.claim("nightly", scheduled_for=NOON, parameters={}, owner=ELSEWHERE))
    clock.now += timedelta(seconds=LEASE_SECONDS + 1)
    runs.claim("weekly", scheduled_for=NOON, parameters={}, owner=this_process())
    assert kept(store, pipeline_runs)[0] == "interrupted"
    runs.heartbeat(run, owner=ELSEWHERE)
    assert (runs.get(run)["status"], runs.get(run)["error"]) == ("running", None)
    runs.finish(run, owner=ELSEWHERE, status="succeeded")
    with pytest.raises(Conflict):
        runs.heartbeat(run, owner=ELSEWHERE)


def test_a_killed_sync_is_interrupted_and_the_next_start_records_it(store: Operational, clock: Moment, dead: str) -> None:
    syncs = SyncLog(store, clock=clock)
    own_sync(store, "crm", owner=dead)
    own_sync(store, "shop", owner=ELSEWHERE)
    syncs.start("ads")
    seen = syncs.recent().runs.set_index("source")
    assert seen["status"].to_dict() == {"crm": "interrupted", "shop": "running", "ads": "running"}
    assert "cyberpunk sync crm. It continues after the last batch" in seen.loc["crm", "error"]["message"]
    assert syncs.settle() == 1
    assert syncs.settle() == 0
    assert sorted(kept(store, sync_runs)) == ["interrupted", "running", "running"]


def test_a_sync_lives_by_its_heartbeats_elsewhere_and_ends_once(store: Operational, clock: Moment) -> None:
    syncs = SyncLog(store, clock=clock)
    run_id = syncs.start("crm")
    with store.begin() as connection:
        connection.execute(sync_runs.update().values(owner=ELSEWHERE))
    for _ in range(3):
        clock.now += timedelta(seconds=LEASE_SECONDS)
        syncs.beat()
    assert syncs.recent().runs["status"].tolist() == ["running"]
    clock.now += timedelta(seconds=LEASE_SECONDS + 1)
    assert syncs.recent().runs["status"].tolist() == ["interrupted"]
    syncs.end(run_id, SourceReport("crm", "csv_files", "ok", rows=3))
    syncs.beat()
    assert syncs.recent().runs[["status", "rows"]].to_numpy().tolist() == [["ok", 3]]


def test_a_sync_of_an_older_release_left_no_owner_and_is_interrupted(store: Operational, clock: Moment) -> None:
    own_sync(store, "crm", owner=None, lease_until=None, started_at=NOON - timedelta(days=3))
    assert SyncLog(store, clock=clock).recent().runs["status"].tolist() == ["interrupted"]
