"""What the pages of customers, streams, quality and administration say, from plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from apps.admin import pieces as admin
from apps.admin.store import settings_lines
from apps.kit.app import found_apps
from apps.kit.parts import Loader, Parts
from apps.quality import pieces as quality
from apps.retention.store import ANY, EVERY, Narrowing
from apps.streams import pieces as streams
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.charts.live import Snapshot
from cyberpunk_ai.charts.theme import load_theme, theme_names
from cyberpunk_ai.core.settings import Settings


def test_every_app_is_found_once_and_in_order() -> None:
    names = [app.name for app in found_apps()]
    assert names == ["cockpit", "explore", "forecasts", "retention", "streams", "quality", "admin"]
    assert len({app.title for app in found_apps()}) == len(names)


def people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "segment": ["Champions", "Lost", "Champions"],
            "risk": ["high", "high", "low"],
            "churn_probability": [0.9, 0.8, 0.1],
            "monetary": [100.0, 900.0, 5_000.0],
        }
    )


def test_customers_are_narrowed_and_those_with_most_value_at_risk_stand_on_top() -> None:
    assert Narrowing().of(people())["customer_id"].tolist() == ["b", "c", "a"]
    assert Narrowing().of(people(), {"a"})["customer_id"].tolist() == ["a", "b", "c"]
    assert Narrowing("Champions", ANY).of(people())["customer_id"].tolist() == ["c", "a"]
    assert Narrowing(EVERY, "high", 500.0).of(people())["customer_id"].tolist() == ["b"]


def snapshot() -> Snapshot:
    events = tuple(
        SimpleNamespace(topic=topic, value={"event_id": f"x{n}", "region": region, "amount": 3.14159}, timestamp_ms=1_780_000_000_000 + n)
        for n, (topic, region) in enumerate([("orders", "EMEA"), ("telemetry", "<b>"), ("orders", "APAC")])
    )
    return Snapshot(
        1, events, counts={"orders": 2, "telemetry": 1}, rates={"orders": 0.2}, history=(0.0, 1.0), by_topic={"orders": (0.0, 2.0)},
        last_event_ms=1_780_000_000_002,
    )  # fmt: skip


def test_events_are_filtered_by_topic_and_word_the_newest_on_top() -> None:
    assert streams.events(snapshot(), streams.ALL, "")["what"].tolist() == [
        "region APAC · amount 3.142", "region <b> · amount 3.142", "region EMEA · amount 3.142",
    ]  # fmt: skip
    assert streams.events(snapshot(), "orders", "emea")["what"].tolist() == ["region EMEA · amount 3.142"]
    assert streams.events(Snapshot(), streams.ALL, "").empty
    assert "cyberpunk stream demo" in streams.topics(Snapshot())
    assert "orders" in streams.topics(snapshot())
    assert "3" in streams.headline(snapshot())


@pytest.mark.parametrize("theme", theme_names())
@pytest.mark.parametrize("live", [Snapshot(), snapshot()])
def test_the_rate_of_the_stream_is_drawn_with_and_without_events(theme: str, live: Snapshot) -> None:
    import holoviews as hv

    assert hv.renderer("bokeh").get_plot(CHARTS.get("stream_rate")(live, theme=theme)).state is not None


def a_scorecard() -> SimpleNamespace:
    datasets = pd.DataFrame(
        {"dataset": ["orders", "crm"], "label": ["Orders", "<Crm>"], "score": [100.0, 60.0], "rows": [10, 5], "freshest": [pd.NaT, pd.NaT]}
    )
    checks = pd.DataFrame(
        {
            "dataset": ["orders", "crm", "crm"], "check": ["a", "b", "c"], "passed": [True, False, False], "critical": [False, False, True],
            "failing_rows": [0, 2, 3], "deduction": [0.0, 5.0, 40.0], "message": ["", "m", "n"],
        }
    )  # fmt: skip
    return SimpleNamespace(score=80.0, datasets=datasets, checks=checks, at=datetime.now(UTC), seconds=0.5)


def test_failed_checks_stand_on_top_the_costliest_first() -> None:
    shown = quality.checks_of(a_scorecard(), load_theme(), "", only_failed=False)
    assert shown["check"].tolist() == ["c", "b", "a"]
    assert shown["status"].tolist() == ["▼ critical", "◆ failed", "▲ passed"]
    assert quality.checks_of(a_scorecard(), load_theme(), "orders", only_failed=True).empty
    assert "80.0" in quality.headline(a_scorecard(), 7)
    assert "&lt;Crm&gt;" in quality.freshness(a_scorecard(), load_theme())


def test_rows_held_back_show_what_they_said() -> None:
    rows = pd.DataFrame(
        {
            "source": ["erp"],
            "stream": ["f.csv"],
            "reason": ["bad"],
            "payload": [{"values": {"a": "ü"}}],
            "first_seen": [datetime(2026, 1, 2)],
        }
    )
    assert quality.held_back_of(rows)["row"].tolist() == ['{"a": "ü"}']
    assert quality.held_back_of(rows.iloc[:0]).empty


def test_settings_never_show_a_secret(tmp_path) -> None:
    lines = {each.variable: each for each in settings_lines(Settings.load(home=tmp_path, database_url="postgresql://me:hush@host/db"))}
    assert lines["DATABASE_URL"].value == "set, not shown"
    assert lines["DATABASE_URL"].is_set
    assert lines["CLICKHOUSE_URL"].value.startswith("not set: Delta tables")
    assert not lines["CLICKHOUSE_URL"].is_set
    assert "hush" not in admin.settings(list(lines.values()))


def test_admin_tables_write_counts_times_and_errors_for_people() -> None:
    syncs = pd.DataFrame(
        {
            "status": ["ok", "failed"], "source": ["a", "b"], "rows": [12_345, None], "quarantined": [0, None], "seconds": [1.23, 0.0],
            "finished_at": [datetime(2026, 1, 2, 3, 4), pd.NaT], "error": [None, {"message": "no file"}],
        }
    )  # fmt: skip
    shown = admin.syncs_of(syncs, load_theme())
    assert shown["rows"].tolist() == ["12,345", "\u2013"]
    assert shown["finished"].tolist() == ["2026-01-02 03:04", "\u2013"]
    assert shown["error"].tolist() == ["", "no file"]
    assert shown["status"].tolist() == ["▲ ok", "▼ failed"]


def test_a_renewed_part_is_computed_at_the_next_question() -> None:
    calls: list[int] = []
    parts = Parts({"n": Loader(lambda: calls.append(1) or len(calls), 1_000)}, workers=1)
    while parts.get("n").serial == 0:
        pass
    parts.renew("n")
    while parts.get("n").serial == 1:
        pass
    assert parts.get("n").value == 2
    parts.close()
