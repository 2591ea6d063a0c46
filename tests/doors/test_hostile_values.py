"""Values of the data cannot become markup on any page: regions, products, customers and segments called like tags."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import panel as pn
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from apps.explore.view import ExploreView
from apps.forecasts.store import KeptForecasts
from apps.forecasts.view import ForecastView
from apps.kit.app import Host, found_apps
from apps.kit.guard import guarded
from apps.kit.live_feed import LiveFeed
from apps.voila.studio_page import StudioPage
from cyberpunk_ai import Workspace
from cyberpunk_ai.charts.theme import load_theme
from cyberpunk_ai.core.settings import Settings
from tests.waiting import until

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

EVIL = "<img src=x onerror=alert(1)>"
PAGES = ("cockpit", "retention", "streams", "quality", "admin")


class Tags(HTMLParser):
    """Collects what a browser would take for elements and for handlers of events."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] * (tag in ("img", "script", "iframe", "object"))
        self.found += [f"{tag} {name}" for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]


def dangerous(html: str) -> list[str]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def texts(*roots: Any) -> list[str]:
    return [str(pane.object) for root in roots for pane in root.select(pn.pane.HTML)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("evil")
    names = [",".join(f"{name}{EVIL}" for name in (f"r{number % 3}", "product", f"k{number % 2}", "web")) for number in range(9)]
    lines = [
        f"o{month:02d}{customer},2024-{month:02d}-0{1 + customer},c{customer}{EVIL},{5 + customer + month},{names[customer]}"
        for month in range(1, 13)
        for customer in range(9)
    ]
    (folder / "sales.csv").write_text("\n".join(["order_id,ordered_at,customer_id,amount,region,product,category,channel", *lines]) + "\n")
    with Workspace.open(Settings.load(home=folder / "home", today="2025-01-01")) as opened:
        report = opened.import_file(opened.plan_import(folder / "sales.csv"), name="shop")
        assert report.ok
        yield opened


def test_what_the_checker_finds() -> None:
    assert dangerous(f"<p>{EVIL}</p>") == ["img", "img onerror"]
    assert dangerous("<p>&lt;img src=x onerror=alert(1)&gt;</p><a href='javascript:1'>") == ["a href"]


@pytest.mark.parametrize("name", PAGES)
async def test_no_page_runs_what_the_data_say(workspace: Workspace, name: str) -> None:
    host = Host(lambda: workspace, LiveFeed(lambda: workspace), lambda: "neon")
    build = guarded(next(app for app in found_apps() if app.name == name), host)

    def shown() -> list[str] | None:
        with set_curdoc(Document()):
            found = texts(*(item[0] for item in build()._render_items.values()))
        is_ready = any("img" in text for text in found) if name == "cockpit" else not any("skeleton" in text for text in found)
        return found if is_ready else None

    found = until(shown, f"{name} is shown") or []
    assert [part for text in found for part in dangerous(text)] == []
    host.close()


async def test_no_answer_runs_what_the_data_say(workspace: Workspace) -> None:
    with set_curdoc(Document()):
        explore = ExploreView(lambda: workspace, load_theme())
        await asyncio.create_task(explore.start())
        forecast = ForecastView(lambda: workspace, load_theme(), KeptForecasts(), is_terrain=True)
        forecast.by.value, forecast.grain.value, forecast.horizon.value = "region", "month", 3
        await asyncio.create_task(forecast.start())
        forecast.open_scene()
        found = texts(
            explore.headline, explore.chips, explore.sql, explore.table, forecast.headline, forecast.members, forecast.notes, forecast.stage
        )
        forecast.close()
    assert any("img" in text for text in found), "the values are shown"
    assert [part for text in found for part in dangerous(text)] == []


async def test_no_dashboard_of_voila_runs_what_the_data_say(workspace: Workspace) -> None:
    page = StudioPage(workspace)
    until(lambda: page.wait(0), "every model is in")
    found = [
        page.headline.value,
        page.fan.value,
        page.board.value,
        page.notes.value,
        *(each.value for each in page.stage.children if hasattr(each, "value")),
    ]
    assert any("img" in text for text in found), "the values are shown"
    assert [part for text in found for part in dangerous(text)] == []
