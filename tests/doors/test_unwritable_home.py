"""Where nothing can be written, verbs that read go on and verbs that change something fail before they begin."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import structlog
from sqlalchemy import event

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.health import metrics
from cyberpunk_ai.health import report as reports
from tests.doors.commands import cyberpunk
from tests.failing_storage import read_only

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="permissions as on Linux")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one order and one source."""
    home, day = tmp_path_factory.mktemp("built") / "home", pd.Timestamp("2024-01-05")
    with Workspace.open(Settings.load(home=home)) as ws:
        order = {
            "order_id": "o1", "line_id": "1", "ordered_at": day, "customer_id": "ada", "quantity": 1.0, "unit_price": 35.0, "amount": 35.0,
            "is_refund": False, "source": "test", "updated_at": day,
        }  # fmt: skip
        ws._stores.warehouse.append("orders", pd.DataFrame([order]))
        ws.sources()
        ws.quality()
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "home"))


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    with Workspace.open(Settings.load(home=home)) as opened:
        yield opened


def reads(ws: Workspace) -> None:
    assert ws.query("revenue").value == 35.0
    assert len(ws.metrics().to_frame())
    assert ws.sources().to_frame()["name"].tolist() == ["inbox"]
    assert ws.quality().score >= 0
    assert ws.runs().to_frame().empty


def failures(verb: str) -> float:
    return metrics.REGISTRY.get_sample_value("cyberpunk_audit_failures_total", {"verb": verb}) or 0.0


def lines(home: Path) -> int:
    with Workspace.open(Settings.load(home=home)) as ws:
        return len(ws.audit(limit=1_000)) - 1


def test_a_read_only_home_is_read_and_nothing_in_it_is_changed(home: Path) -> None:
    before, missed = lines(home), failures("query")
    with read_only(home), structlog.testing.capture_logs() as logs, Workspace.open(Settings.load(home=home)) as ws:
        reads(ws)
        for change in (ws.sync, lambda: ws.publish("orders", [{"event_id": "e"}]), lambda: ws.add_source("a", "csv_files", {"path": "x"})):
            with pytest.raises(StoreFailed, match="read only") as raised:
                change()
            assert "writable" in raised.value.hint
        health = ws.health()
        assert health.status == "unhealthy"
        assert {health.components[name]["status"] for name in ("database", "disk")} == {"unhealthy"}
        assert "make the file and its folder writable" in health.components["database"]["message"]
    lost = [line for line in logs if line["event"] == "audit line was not written"]
    assert {line["verb"] for line in lost} >= {"query", "metrics", "sources", "quality", "runs", "sync"}
    assert {line["outcome"] for line in lost if line["verb"] == "sync"} == {"store_failed"}
    assert failures("query") == missed + 1
    assert lines(home) == before + 1, "the one that counted before"


def test_sources_of_the_home_are_registered_once_it_can_be_written_again(home: Path) -> None:
    described = home / "sources" / "shop.yaml"
    described.write_text("connector: csv_files\nconfig: {path: shop}\n")
    with Workspace.open(Settings.load(home=home)) as ws:
        with read_only(home):
            found = ws.sources()
            assert (found.to_frame()["name"].tolist(), found.to_dict()["unreadable"]) == (["inbox"], {})
        assert ws.sources().to_frame()["name"].tolist() == ["inbox", "shop"]


def test_on_a_full_disk_a_verb_that_changes_something_fails_before_it_begins(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ws.query("revenue")
    limit, missed = {"pages": 1}, failures("metrics")

    @event.listens_for(ws._stores.operational.engine, "begin")
    def _limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit['pages']}")  # type: ignore[attr-defined]

    for _ in range(1_000):  # until the last page is full
        ws.metrics()
        if failures("metrics") > missed:
            break
    with monkeypatch.context() as patch:
        patch.setattr(type(ws._connector), "sync_all_sources", lambda *_asked, **_more: pytest.fail("it began"))
        with pytest.raises(StoreFailed, match="disk full"):
            ws.sync(["a source with a name that takes more than a page" * 100])
    assert ws.query("revenue", by=["region", "product"]).frame["revenue"].sum() == 35.0, "what only reads goes on"
    monkeypatch.setattr(reports, "KEPT_SECONDS", 0.0)
    assert ws.health().components["database"]["status"] == "unhealthy"
    limit["pages"] = 1_000_000
    ws.query("revenue")
    assert ws.health().components["database"]["status"] == "healthy"


def test_a_verb_that_changes_something_leaves_its_line_before_it_begins(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = type(ws._connector).add_source

    def watched(*asked: object, **more: object) -> None:
        seen.append(ws.audit(limit=1)["outcome"].tolist())
        real(*asked, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(ws._connector), "add_source", watched)
    ws.add_source("a", "csv_files", {"path": "a.csv"})
    assert seen == [["started"]]
    lines = ws.audit(limit=10)
    assert lines.loc[lines["verb"] == "add_source", "outcome"].tolist() == ["ok"]


DAMAGES = {
    "header": lambda whole: b"garbage!" * 12 + whole[96:],
    "truncated": lambda whole: whole[:5_000],
    "nothing but zeros": lambda whole: bytes(len(whole)),
}


@pytest.mark.parametrize("damage", ["header", "truncated", pytest.param("nothing but zeros", marks=pytest.mark.full)])
def test_a_damaged_record_does_not_keep_metrics_health_and_doctor_from_answering(home: Path, damage: str) -> None:
    file = home / "operational.sqlite3"
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    health = cyberpunk(home, "health", "--json")
    assert health.returncode == 1
    found = json.loads(health.stdout)["components"]
    assert found["database"]["status"] == "unhealthy"
    assert "damaged" in found["database"]["message"]
    assert "restore a backup" in found["database"]["message"]
    assert found["warehouse"]["status"] == "healthy"
    doctor = cyberpunk(home, "doctor")
    assert doctor.returncode == 1
    assert "restore a backup" in " ".join(doctor.stdout.split())
    assert json.loads(cyberpunk(home, "doctor", "--json").stdout)["health"]["status"] == "unhealthy"
    assert cyberpunk(home, "query", "revenue", "--json").returncode == 0
    sync = cyberpunk(home, "sync", "--json")
    assert sync.returncode == 1
    assert json.loads(sync.stderr.splitlines()[-1])["error"]["details"]["reason"] == "damaged"


def test_doctor_and_health_answer_over_a_read_only_home_and_a_home_that_is_a_file(home: Path, tmp_path: Path) -> None:
    with read_only(home):
        assert cyberpunk(home, "doctor").returncode == cyberpunk(home, "health").returncode == 1
        assert cyberpunk(home, "query", "revenue", "--json").returncode == 0
    (tmp_path / "file").touch()
    for command in ("doctor", "health"):
        done = cyberpunk(tmp_path / "file", command, "--json")
        assert done.returncode == 1
        assert "cannot be made" in done.stdout


def test_doctor_ends_with_zero_on_a_home_that_is_well(home: Path) -> None:
    assert cyberpunk(home, "doctor").returncode == 0


def test_a_damaged_event_log_degrades_health_and_stops_no_metric(home: Path) -> None:
    (home / "events.sqlite3").write_bytes(b"garbage!" * 2_000)
    health = cyberpunk(home, "health", "--json")
    found = json.loads(health.stdout)["components"]["kafka"]
    assert (health.returncode, found["status"]) == (0, "unhealthy")
    assert "damaged" in found["message"]
    assert cyberpunk(home, "query", "revenue", "--json").returncode == 0
