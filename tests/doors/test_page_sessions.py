"""Sessions of pages in process, without a browser: what a page without data says, and that a session that ends closes what it opened."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import comm
import pytest
from bokeh.application.handlers.document_lifecycle import _on_session_destroyed
from bokeh.document import Document
from ipywidgets.widgets.widget import _instances
from panel.io.document import _destroy_document
from panel.io.state import set_curdoc

from apps.forecasts.store import KeptForecasts
from apps.forecasts.view import ForecastView
from apps.kit import visitors
from apps.kit.app import Host, found_apps
from apps.kit.guard import guarded
from apps.kit.live_feed import LiveFeed
from apps.kit.parts import Parts
from apps.kit.threads import repair_threads
from apps.voila.studio_page import StudioPage
from cyberpunk_ai import Workspace
from cyberpunk_ai.charts.theme import load_theme
from cyberpunk_ai.core.settings import Settings
from tests.doors.conftest import TODAY
from tests.waiting import until

# Panel means to rename parameters of widgets in a later major version.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

REGIONS = {"APAC", "EMEA", "LATAM", "North America"}
FIRST_STEP = "cyberpunk demo"


class Sessions:
    """Opens pages of a workspace as the server does, one document for each visitor."""

    def __init__(self, workspace: Workspace) -> None:
        repair_threads()
        self.host = Host(lambda: workspace, LiveFeed(lambda: workspace), lambda: "neon")
        self.build: dict[str, Callable[[], Any]] = {app.name: guarded(app, self.host) for app in found_apps()}

    def open(self, name: str) -> Document:
        document = Document()
        with set_curdoc(document):
            self.build[name]().server_doc(document)
        assert "cannot be shown" not in text_of(document), text_of(document)
        return document

    def wait_for_parts(self) -> None:
        """Wait until no page computes anything; opening pages again and again meanwhile would only keep the computing from its end."""
        every = [each for each in gc.get_objects() if isinstance(each, Parts)]
        until(lambda: not any(parts._busy for parts in every), "the parts of the pages are computed")

    def end(self, document: Document) -> None:
        """End a session as Bokeh's server does: the document is emptied first, so that nothing can be told to the page any more."""
        document.destroy = partial(_destroy_document, document)  # type: ignore[method-assign]
        document.destroy(None)  # type: ignore[arg-type]
        _on_session_destroyed(SimpleNamespace(_document=document, id=""))  # type: ignore[arg-type]


def text_of(document: Document) -> str:
    return " ".join(str(getattr(model, "text", "")) for model in document.models)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    """Nine customers who buy every month for two years, in four regions."""
    folder = tmp_path_factory.mktemp("shop")
    regions = sorted(REGIONS)
    lines = [
        f"o{year}{month:02d}{number},{year}-{month:02d}-0{1 + number},c{number},{5 + number + month},{regions[number % 4]},Lamp,Home,Web"
        for year in (2023, 2024)
        for month in range(1, 13)
        for number in range(9)
    ]
    (folder / "sales.csv").write_text("\n".join(["order_id,ordered_at,customer_id,amount,region,product,category,channel", *lines]) + "\n")
    with Workspace.open(Settings.load(home=folder / "home", today="2025-01-01")) as workspace:
        assert workspace.import_file(workspace.plan_import(folder / "sales.csv"), name="shop").ok
        opened = Sessions(workspace)
        yield opened
        opened.host.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    with Workspace.open(Settings.load(home=tmp_path_factory.mktemp("empty"), today=TODAY)) as workspace:
        opened = Sessions(workspace)
        yield opened
        opened.host.close()


@pytest.mark.parametrize("name", ["cockpit", "retention", "streams", "quality", "admin"])
async def test_without_data_a_page_names_the_first_step(empty: Sessions, name: str) -> None:
    def is_told() -> bool:
        document = empty.open(name)
        try:
            return FIRST_STEP in text_of(document) or "cyberpunk stream demo" in text_of(document)
        finally:
            empty.end(document)
            empty.wait_for_parts()

    until(is_told, f"{name} names the first step")


async def test_without_data_a_forecast_names_the_first_step(empty: Sessions) -> None:
    with set_curdoc(Document()):
        view = ForecastView(empty.host.workspace, load_theme(), KeptForecasts())
        await asyncio.create_task(view.start())
        assert FIRST_STEP in view.places["fan"].objects[0].object
        view.close()


@pytest.mark.parametrize(
    ("name", "scenes"), [("cockpit", 1), ("retention", 1), ("explore", 0), ("streams", 0), ("quality", 0), ("admin", 0)]
)
async def test_a_session_that_ends_closes_what_it_opened(shop: Sessions, name: str, scenes: int) -> None:
    def opened() -> tuple[Document, int]:
        before = len(_instances)
        document = shop.open(name)
        return document, len(_instances) - before

    def has_scene() -> tuple[Document, int] | None:
        document, widgets = opened()
        if not scenes or widgets:
            return document, widgets
        shop.end(document)
        shop.wait_for_parts()
        return None

    lines = comm.get_comm_manager().comms
    visitors_before, widgets_before, lines_before = len(visitors._open), len(_instances), len(lines)
    document, widgets = until(has_scene, f"{name} is drawn from the start")
    assert bool(widgets) == bool(scenes)
    assert len(visitors._open) == visitors_before + 1
    shop.end(document)
    assert len(visitors._open) == visitors_before
    assert len(_instances) == widgets_before
    assert len(lines) == lines_before


async def test_visitors_share_one_consumer(shop: Sessions) -> None:
    def consumers() -> int:
        return sum(each.name == "stream-hub" for each in threading.enumerate())

    before, alone = consumers(), Sessions(shop.host.workspace())
    documents = [alone.open("streams") for _ in range(3)]
    assert consumers() == before + 1
    for document in documents:
        alone.end(document)
    alone.host.close()
    until(lambda: consumers() == before, "the consumer is given back")


async def test_a_forecast_under_way_is_given_up_with_its_session(shop: Sessions) -> None:
    with set_curdoc(Document()):
        view = ForecastView(shop.host.workspace, load_theme(), KeptForecasts())
        task = asyncio.create_task(view.start())
        while view._task is None:
            await asyncio.sleep(0)
        view.close()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def test_the_studio_of_voila_shows_every_region_and_a_point_of_the_landscape_chooses_one(shop: Sessions) -> None:
    page = StudioPage(shop.host.workspace())
    until(lambda: page.wait(0), "every model is in")
    assert "APAC: Next 12 periods" in page.headline.value
    assert page.fan.value.count("aria-label") >= 4
    assert page.scene is not None
    headlines = set()
    for face in range(0, 4000, 7):  # from the front row to the back
        page.scene.picked(face)
        headlines |= {name for name in REGIONS if f"{name}: Next 12 periods" in page.headline.value}
    assert headlines == REGIONS
    page.scene.close()
