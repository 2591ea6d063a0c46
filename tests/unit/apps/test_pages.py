"""What pages say: numbers, changes, states; and parts that load by themselves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest

from apps.cockpit import pieces
from apps.cockpit.store import CityData, CockpitStore, city_values, whole_months
from apps.kit.cards import empty_state, kpi_card, sparkline
from apps.kit.panes import waiting
from apps.kit.parts import Loader, NothingYet, Part, Parts
from apps.kit.words import ago, change, number, signed_percent
from cyberpunk_ai.charts.buildings import status_of
from cyberpunk_ai.charts.city_layout import Building
from cyberpunk_ai.charts.live import Snapshot
from cyberpunk_ai.charts.theme import load_theme
from cyberpunk_ai.core.errors import TooLittleData
from tests.waiting import until


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1_234_567, "currency", "$1.23M"),
        (-950.0, "currency", "\u2212$950"),
        (0.4123, "percent", "41.2 %"),
        (18_500, "count", "18.5k"),
        (7.0, "count", "7"),
        (None, "count", "\u2013"),
        (float("nan"), "currency", "\u2013"),
    ],
)
def test_numbers_are_written_short(value: float | None, unit: str, words: str) -> None:
    assert number(value, unit) == words


def test_change_needs_something_to_compare_with() -> None:
    assert change(110.0, 100.0) == pytest.approx(0.1)
    assert change(5.0, -10.0) == pytest.approx(1.5)
    assert change(5.0, 0.0) is None
    assert change(None, 1.0) is None
    assert signed_percent(-0.031) == "▼ \u22123.1 %"
    assert signed_percent(None) == "no comparison"


def test_age_is_written_in_one_unit() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert ago(now - timedelta(seconds=1), now) == "now"
    assert ago(now - timedelta(minutes=7), now) == "7 min ago"
    assert ago(datetime(2026, 5, 30, 12), now) == "2 d ago"
    assert ago(None, now) == "never"


def test_falling_churn_is_good_news_and_falling_revenue_is_not() -> None:
    assert "delta good" in kpi_card("Churn rate", "7 %", delta=-0.04, good="down")
    assert "delta failing" in kpi_card("Revenue", "$1M", delta=-0.04, good="up")


def test_text_from_data_cannot_become_markup() -> None:
    card = kpi_card("<script>", "<b>1</b>", note="<i>")
    assert "<script>" not in card
    assert "<b>1</b>" not in card
    events = (SimpleNamespace(topic="orders", value={"product": "<img src=x>", "amount": 3}, timestamp_ms=1_780_000_000_000),)
    assert "<img" not in pieces.ticker(Snapshot(events=events))
    assert "<code>cyberpunk demo</code>" in empty_state("Nothing", "run `cyberpunk demo`")


def test_sparkline_needs_two_values() -> None:
    assert sparkline([1.0]) == ""
    assert "polyline" in sparkline([1.0, 2.0, float("nan"), 3.0])


def test_months_that_the_period_cuts_are_no_fall() -> None:
    rows = pd.DataFrame({"period": pd.date_range("2024-08-01", periods=4, freq="MS"), "revenue": [5.0, 9.0, 9.0, 4.0]})
    period = SimpleNamespace(start=datetime(2024, 8, 14), end=datetime(2024, 11, 14))
    assert whole_months(rows, period)["revenue"].tolist() == [9.0, 9.0]
    whole = SimpleNamespace(start=datetime(2024, 8, 1), end=datetime(2024, 12, 1))
    assert len(whole_months(rows, whole)) == 4
    assert len(whole_months(rows, "all data")) == 4


@pytest.mark.parametrize(("moved", "status"), [(0.2, "good"), (0.0, "measured"), (-0.06, "warning"), (-0.3, "failing"), (None, "measured")])
def test_status_of_a_building_follows_its_change(moved: float | None, status: str) -> None:
    assert status_of(moved) == status


def a_city() -> CityData:
    buildings = (Building("EMEA|Lamps|Web", "Lamps · Web", 100.0, "good", "EMEA", "$100"), Building("APAC|Desks|Web", "Desks · Web", 50.0))
    before = {"EMEA|Lamps|Web": 80.0, "APAC|Desks|Web": None}
    return CityData(
        buildings, ("region", "category", "channel"), before, "Revenue", "currency", "2026", 150.0, 0, {("EMEA", "Lamps", "Web"): 7.0}
    )


def test_live_orders_are_added_from_the_moment_the_city_was_measured() -> None:
    live = {("EMEA", "Lamps", "Web"): 12.0, ("LATAM", "Lamps", "Web"): 99.0}
    assert city_values(a_city(), live) == [105.0, 50.0]


def test_selection_says_share_rank_and_change() -> None:
    city = a_city()
    text = pieces.selection(city.buildings[0], city, {("EMEA", "Lamps", "Web"): 7.0}, load_theme())
    assert "▲ +25.0 %" in text
    assert "66.7 %" in text
    assert "1 of 2" in text


def test_syncs_show_held_back_rows_and_failures() -> None:
    runs = pd.DataFrame(
        {"source": ["crm", "erp"], "status": ["ok", "failed"], "rows": [1200, 0], "quarantined": [3, 0], "finished_at": [pd.NaT, pd.NaT]}
    )
    text = pieces.syncs(runs, load_theme())
    assert "1 200" in text
    assert "◆ 3" in text
    assert "tone-failing" in text


def settled(parts: Parts, name: str) -> Part:
    def is_computed() -> Part | None:
        part = parts.get(name)
        return part if part.serial else None

    return until(is_computed, f"{name} is computed")  # type: ignore[return-value]


def test_part_is_a_skeleton_until_it_is_there_and_is_computed_once() -> None:
    calls, go = [], threading.Event()

    def load() -> int:
        calls.append(1)
        go.wait(5)
        return 42

    parts = Parts({"answer": Loader(load, 60)})
    assert [parts.get("answer").state for _ in range(5)] == ["loading"] * 5
    go.set()
    assert settled(parts, "answer").value == 42
    assert len(calls) == 1
    parts.close()


def test_part_tells_nothing_yet_from_a_failure() -> None:
    def nothing() -> None:
        raise NothingYet("No data yet")

    def failure() -> None:
        raise TooLittleData("only 2 orders", hint="load more")

    parts = Parts({"none": Loader(nothing, 60), "broken": Loader(failure, 60)})
    assert settled(parts, "none").state == "empty"
    broken = settled(parts, "broken")
    assert (broken.state, broken.message, broken.hint) == ("error", "only 2 orders", "load more")
    assert "cyberpunk import FILE" in waiting(settled(parts, "none"), "the numbers")
    parts.close()


def test_store_measures_only_orders_that_have_a_building() -> None:
    store = CockpitStore(lambda: pytest.fail("no workspace is needed"))
    order = {"region": "EMEA", "category": "Lamps", "channel": "Web", "amount": "12.5"}
    assert store._measure(SimpleNamespace(topic="orders", value=order, timestamp_ms=0)) == (("EMEA", "Lamps", "Web"), 12.5)
    assert store._measure(SimpleNamespace(topic="orders", value={"amount": 1}, timestamp_ms=0)) is None
    assert store._measure(SimpleNamespace(topic="telemetry", value=order, timestamp_ms=0)) is None
    store.close()
