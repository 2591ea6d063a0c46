"""What every operational store keeps, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from alembic import command
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from cyberpunk_ai.core.errors import SettingsInvalid, StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores import records
from cyberpunk_ai.data_fabric.stores.migrations import config_for
from cyberpunk_ai.data_fabric.stores.operational import Operational, open_operational
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, 0)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/record with % sign.sqlite3"
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
def store(url: str) -> Iterator[Operational]:
    operational = Operational(url)
    operational.upgrade()
    yield operational
    operational.close()


def source(name: str, **config: object) -> dict[str, object]:
    return {"name": name, "connector": "csv_files", "config": config, "created_at": NOON}


def test_upgrade_makes_every_table(store: Operational) -> None:
    with store.read() as connection:
        assert set(records.metadata.tables) <= set(inspect(connection).get_table_names())


def test_upgrade_again_changes_nothing(store: Operational) -> None:
    with store.begin() as connection:
        connection.execute(records.sources.insert(), [source("crm")])
    store.upgrade()
    with store.read() as connection:
        assert connection.execute(select(records.sources.c.name)).scalars().all() == ["crm"]


def test_migrations_and_records_do_not_drift(store: Operational) -> None:
    with store.begin() as connection:
        command.check(config_for(connection))


def test_revision_named_in_records_is_the_newest(store: Operational) -> None:
    with store.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == records.SCHEMA_REVISION


def test_migrations_can_go_back_and_forth(store: Operational) -> None:
    with store.begin() as connection:
        command.downgrade(config_for(connection), "base")
    with store.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    store.upgrade()
    with store.begin() as connection:
        command.check(config_for(connection))


def test_the_rows_of_an_older_home_survive_the_upgrade(store: Operational) -> None:
    with store.begin() as connection:
        command.downgrade(config_for(connection), "0001")
        assert "owner" not in {column["name"] for column in inspect(connection).get_columns("sync_runs")}
        connection.execute(
            text("INSERT INTO sync_runs (run_id, source, started_at, status) VALUES ('a', 'crm', :noon, 'running')"), {"noon": NOON}
        )
    store.upgrade()
    with store.read() as connection:
        row = connection.execute(select(records.sync_runs)).mappings().one()
    assert (row["source"], row["status"], row["owner"], row["lease_until"]) == ("crm", "running", None, None)


def test_a_store_of_a_newer_release_is_refused(store: Operational) -> None:
    with store.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreFailed, match="upgraded") as raised:
        store.upgrade()
    assert "newer release" in raised.value.hint


def test_a_failed_block_leaves_no_trace(store: Operational) -> None:
    with pytest.raises(RuntimeError, match="half-way"), store.begin() as connection:
        connection.execute(records.sources.insert(), [source("crm")])
        raise RuntimeError("half-way")
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(records.sources)).scalar() == 0


def test_reading_refuses_to_write(store: Operational) -> None:
    with pytest.raises(DBAPIError), store.read() as connection:
        connection.execute(records.sources.insert(), [source("crm")])
    with store.begin() as connection:  # and the pooled connection can write again
        connection.execute(records.sources.insert(), [source("crm")])


def test_a_broken_rule_is_told_by_the_database(store: Operational) -> None:
    run = {"pipeline": "weekly", "scheduled_for": NOON, "status": "running"}
    with store.begin() as connection:
        connection.execute(records.pipeline_runs.insert(), [{"run_id": "a", **run}])
    with pytest.raises(IntegrityError), store.begin() as connection:
        connection.execute(records.pipeline_runs.insert(), [{"run_id": "b", **run}])


def test_moments_are_naive_utc(store: Operational) -> None:
    moments = {
        "aware": datetime(2026, 3, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
        "utc": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
        "naive": datetime(2026, 3, 1, 12, 0, 0, 123456),
        "pandas": pd.Timestamp("2026-03-01T12:00:00.123456"),
    }
    rows = [{"customer_id": name, "source": "s", "signed_up_at": pd.NaT, "updated_at": moment} for name, moment in moments.items()]
    with store.begin() as connection:
        connection.execute(records.customers.insert(), rows)
    with store.read() as connection:
        stored = connection.execute(select(records.customers.c.signed_up_at, records.customers.c.updated_at)).all()
    assert stored == [(None, datetime(2026, 3, 1, 12, 0, 0, 123456))] * 4


def test_json_takes_what_results_hold(store: Operational) -> None:
    config = {"path": "a.csv", "since": NOON, "share": float("nan"), "list": (1, 2), "nested": {"ü": None}}
    with store.begin() as connection:
        connection.execute(records.sources.insert(), [source("crm", **config)])
    with store.read() as connection:
        stored = connection.execute(select(records.sources.c.config)).scalar_one()
    assert stored == {"path": "a.csv", "since": "2026-03-01T12:00:00", "share": None, "list": [1, 2], "nested": {"ü": None}}


def test_counters_count_up(store: Operational) -> None:
    line = {"at": NOON, "caller": "local", "verb": "query", "outcome": "ok", "detail": None}
    for _ in range(3):
        with store.begin() as connection:
            connection.execute(records.audit_log.insert(), [line])
    with store.read() as connection:
        assert connection.execute(select(records.audit_log.c.id).order_by(records.audit_log.c.id)).scalars().all() == [1, 2, 3]


def test_threads_write_side_by_side(store: Operational) -> None:
    def count_up() -> None:
        for _ in range(25):
            with store.begin() as connection:
                row = connection.execute(
                    select(records.sync_state.c.sequence).where(records.sync_state.c.source == "s").with_for_update()
                ).scalar_one()
                connection.execute(records.sync_state.update().values(sequence=row + 1))

    with store.begin() as connection:
        connection.execute(records.sync_state.insert(), [{"source": "s", "stream": "t", "sequence": 0}])
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        assert connection.execute(select(records.sync_state.c.sequence)).scalar() == 100


START_AND_WRITE = """
import sys
from cyberpunk_ai.data_fabric.stores import records
from cyberpunk_ai.data_fabric.stores.operational import Operational
from datetime import datetime
store = Operational(sys.argv[1])
sys.stdin.readline()
store.upgrade()
for number in range(20):
    with store.begin() as connection:
        connection.execute(records.sources.insert(), [
            {"name": f"{sys.argv[2]}-{number}", "connector": "c", "config": {}, "created_at": datetime(2026, 1, 1)}])
"""


def test_processes_upgrade_and_write_at_once(url: str) -> None:
    """They all wait at the same line, then meet an empty store together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START_AND_WRITE, url, str(number)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors
    store = Operational(url)
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(records.sources)).scalar() == 60
    store.close()


def test_ping_measures(store: Operational) -> None:
    assert store.ping() > 0


def test_a_closed_store_opens_again(store: Operational) -> None:
    store.close()
    assert store.ping() > 0


def test_settings_without_url_mean_sqlite_in_home(tmp_path: Path) -> None:
    store = open_operational(Settings.load(home=tmp_path / "new" / "home"))
    with store.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    store.close()
    assert (tmp_path / "new" / "home" / "operational.sqlite3").exists()


@pytest.mark.servers
def test_settings_with_url_mean_postgres(postgres_database: str) -> None:
    store = open_operational(Settings.load(database_url=postgres_database.replace("postgresql://", "postgres://")))
    assert store.kind == "postgresql"
    assert store.ping() > 0
    store.close()


def test_an_unreachable_server_is_told_without_its_password() -> None:
    store = Operational("postgresql://user:hunter2@127.0.0.1:1/nothing")
    with pytest.raises(StoreFailed) as raised:
        store.ping()
    assert "hunter2" not in str(raised.value.to_dict())
    assert "DATABASE_URL" in raised.value.hint


def test_another_database_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="mysql"):
        Operational("mysql://localhost/x")
