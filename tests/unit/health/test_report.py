"""Health: the ledger adds up, a hanging part is not waited for, and nothing secret gets out."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.bundle import Stores
from cyberpunk_ai.health import probes
from cyberpunk_ai.health import report as reports
from cyberpunk_ai.health.probes import (
    Component,
    Prober,
    disk_probe,
    engines_probe,
    notebooks_probe,
    ping_probe,
    without_addresses,
    worker_probe,
)
from cyberpunk_ai.health.report import KEPT_SECONDS, health_report, ledger_of, workspace_health
from tests.clock import Clock
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from pathlib import Path

STATUSES = st.sampled_from(["healthy", "degraded", "unhealthy", "not_configured"])
NAMES = ["database", "warehouse", "cache", "kafka", "ai_models", "disk", "worker", "notebooks", "another"]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, a part that answers at all is not called dead."""
    monkeypatch.setattr(probes, "PROBE_SECONDS", PATIENCE_S)
    monkeypatch.setattr(reports, "EMBEDDED_START_SECONDS", PATIENCE_S)


class Answering:
    def ping(self) -> float:
        return 1.25


class Refusing:
    def ping(self) -> float:
        raise StoreFailed("cannot reach postgresql://ann:secret@db:5432/prod")


@given(st.dictionaries(st.sampled_from(NAMES), STATUSES))
def test_score_and_deductions_add_up_to_one_hundred(statuses: dict[str, str]) -> None:
    report = health_report({name: (lambda status=status: Component(status)) for name, status in statuses.items()})
    assert report.health_score + sum(one.points for one in report.deductions) == pytest.approx(100)
    assert 0 <= report.health_score <= 100
    assert {one.component for one in report.deductions} == {name for name, s in statuses.items() if s in {"degraded", "unhealthy"}}


def test_what_is_not_configured_costs_nothing() -> None:
    assert ledger_of({"worker": Component("not_configured")}) == ()


def test_a_dead_database_makes_the_whole_unhealthy_and_a_dead_cache_only_degrades_it() -> None:
    alive, dead = ping_probe(Answering, "sqlite"), ping_probe(Refusing, "postgresql")
    assert health_report({"database": dead, "cache": alive}).status == "unhealthy"
    assert health_report({"database": alive, "cache": dead}).status == "degraded"
    assert health_report({"database": alive, "cache": alive}).status == "healthy"


def test_no_address_and_no_secret_gets_into_the_report() -> None:
    def crash() -> Component:
        raise RuntimeError("postgresql://ann:secret@db:5432/prod")

    body = json.dumps(health_report({"database": ping_probe(Refusing, "postgresql"), "cache": crash}).to_dict())
    assert "secret" not in body
    assert "db:5432" not in body
    assert without_addresses("at redis://:pw@host/0 now") == "at (address) now"


def test_a_hanging_probe_is_not_waited_for_and_not_asked_twice() -> None:
    release, asked = threading.Event(), []

    def hang() -> Component:
        asked.append(1)
        release.wait()
        return Component("healthy")

    prober = Prober()
    first = prober.ask({"database": hang, "cache": ping_probe(Answering, "in-process")}, patience_s={"database": 0.25})
    assert first["database"].status == "unhealthy"
    assert first["database"].message == "no answer within 0.25 s"
    assert first["cache"] == Component("healthy", 1.25, details={"kind": "in-process"})
    assert prober.ask({"database": hang})["database"].status == "unhealthy"
    assert len(asked) == 1
    release.set()
    until(lambda: prober.ask({"database": hang})["database"].status == "healthy", "the probe answers")
    assert len(asked) == 2


def test_a_missing_engine_is_named_and_none_is_imported() -> None:
    found = engines_probe({"arima": ("pmdarima",), "oracle": ("no_such_module_anywhere",)})()
    assert found.status == "degraded"
    assert found.message == "oracle needs no_such_module_anywhere"
    assert found.details["engines"] == {"arima": "available", "oracle": "unavailable"}


def test_disk_is_measured_where_the_home_will_be(tmp_path: Path) -> None:
    found = disk_probe(tmp_path / "not" / "yet")()
    assert found.status in {"healthy", "degraded", "unhealthy"}
    assert found.details["free_gb"] >= 0


def test_absent_servers_are_not_configured() -> None:
    assert notebooks_probe("127.0.0.1", 1)().status == "not_configured"
    assert worker_probe().status == "not_configured"


def test_a_fresh_workspace_is_healthy_and_every_part_is_named(tmp_path: Path) -> None:
    settings, clock = Settings.load(home=tmp_path / "fresh"), Clock()
    stores = Stores(settings)
    try:
        report = workspace_health(stores, settings, clock=clock)
        assert set(report.components) == {"database", "warehouse", "cache", "kafka", "ai_models", "disk", "worker", "notebooks"}
        assert {report.components[name]["status"] for name in ("database", "warehouse", "cache", "kafka")} == {"healthy"}
        assert report.status != "unhealthy"
        clock.advance(KEPT_SECONDS - 0.01)
        assert workspace_health(stores, settings, clock=clock) is report
        clock.advance(0.01)
        assert workspace_health(stores, settings, clock=clock) is not report
        assert list(report.to_frame()["component"]) == list(report.components)
    finally:
        stores.close()


def test_an_unreachable_database_does_not_hold_up_the_others(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path, database_url="postgresql://ann:secret@127.0.0.1:1/prod", today=None)
    stores = Stores(settings)
    try:
        report = workspace_health(stores, settings)
        assert report.status == "unhealthy"
        assert report.components["database"]["status"] == "unhealthy"
        assert report.components["cache"]["status"] == "healthy"
        assert "secret" not in json.dumps(report.to_dict())
    finally:
        stores.close()
