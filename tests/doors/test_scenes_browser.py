"""Scenes in a real browser: a click finds its building also while heights stream, the terrain enters the forecasts, pages come back."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from apps.cockpit.store import CockpitStore
from apps.kit.view import WIDE
from cyberpunk_ai import Workspace
from cyberpunk_ai.charts.labels import View
from cyberpunk_ai.charts.scene3d import City
from cyberpunk_ai.charts.scene3d.stage import ANGLE
from cyberpunk_ai.core.settings import Settings
from tests.doors.browsing import Watched, colours_of, free_port, page_server, shows_canvas
from tests.doors.conftest import TODAY

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def nearest_building(workspace: Workspace) -> tuple[Any, float, float]:
    """Find the building nearest to the camera, which nothing can hide, and where its wall is on the picture (shares from the top left)."""
    store = CockpitStore(lambda: workspace)
    while (part := store.part("city")).state == "loading":
        time.sleep(0.1)
    city = City(part.value.buildings, width=WIDE[0], height=WIDE[1])
    view = View(tuple(city._camera.position), (0.0, 0.0, 0.0), ANGLE, WIDE[0] / WIDE[1])
    x, z = city.plan.plots[:, 0], city.plan.plots[:, 1]
    points = np.stack([x, city._heights * 0.6 - city.lift, z], axis=1).astype(float)
    seen = view.project(points)
    chosen = int(np.argmin(seen[:, 2] + 100 * (np.abs(seen[:, :2]).max(axis=1) > 0.85)))
    building = city.plan.buildings[chosen]
    city.close()
    store.close()
    return building, float(seen[chosen, 0] + 1) / 2, float(1 - seen[chosen, 1]) / 2


def test_a_click_selects_its_building_also_while_heights_stream(pages: str, pages_home: Path, browser: Any) -> None:
    with Workspace.open(Settings.load(home=pages_home, today=TODAY)) as workspace:
        building, across, down = nearest_building(workspace)
        watched = Watched(browser, 1440, 900)
        watched.open(f"{pages}/cockpit")
        watched.until(lambda: shows_canvas(watched) and building.district in watched.text(), "the city is there")
        watched.page.wait_for_timeout(3000)
        box = watched.page.locator(".jupyter-threejs canvas").bounding_box()

        def click() -> bool:
            watched.page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
            watched.page.wait_for_timeout(1200)
            return "Look inside" in watched.text() and building.label in watched.page.locator(".pick h3").inner_text()

        watched.until(click, f"{building.entity} is selected")
        region, category, channel = building.entity.split("|")
        for _ in range(15):
            order = {"region": region, "category": category, "channel": channel, "amount": building.value / 40}
            workspace.publish("orders", [{"event_id": str(time.time_ns()), **order}])
            watched.page.wait_for_timeout(120)
        watched.until(click, "it is selected while it grows")
        link = watched.page.get_by_role("link", name="Look inside").get_attribute("href")
        assert region in link.replace("%20", " ")
        watched.picture("cockpit-selected")
        assert watched.outside == []
        assert watched.errors == []
        watched.page.close()


def test_a_forecast_is_shown_as_a_terrain_and_turned(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1280, 1000)
    watched.open(f"{pages}/forecasts?by=region&grain=quarter&horizon=3")
    watched.until(lambda: watched.page.get_by_text("Show it as a 3D terrain").count(), "the answer is whole")
    watched.page.get_by_text("Show it as a 3D terrain").click()
    watched.until(lambda: "view=terrain" in watched.page.url and shows_canvas(watched), "the terrain is there")
    watched.page.wait_for_timeout(3000)
    canvas = watched.page.locator(".jupyter-threejs canvas")
    before = canvas.screenshot()
    watched.page.get_by_role("button", name="above").click()

    def is_seen_from_above() -> bool:
        picture = canvas.screenshot()
        wide, tall = Image.open(io.BytesIO(picture)).size
        return picture != before and colours_of(picture, (wide // 3, tall // 3, wide * 2 // 3, tall * 2 // 3)) > 100

    watched.until(is_seen_from_above, "the camera has turned, and the terrain is in the middle")
    watched.picture("forecasts-terrain")
    assert watched.outside == []
    assert watched.errors == []
    watched.page.close()


def test_a_page_tells_that_the_server_is_gone_and_comes_back_with_it(pages_home: Path, browser: Any) -> None:
    port = free_port()
    with page_server(pages_home, pages_home / "first.log", port=port, CYBERPUNK_TODAY=TODAY) as address:
        watched = Watched(browser, 1280, 900)
        watched.open(f"{address}/quality?theme=daylight")
        watched.until(lambda: "Trust in the data" in watched.text(), "the page is there")
        assert not watched.page.locator(".lost").is_visible()
    watched.until(lambda: watched.page.locator(".lost").is_visible(), "the loss is told")
    with page_server(pages_home, pages_home / "second.log", port=port, CYBERPUNK_TODAY=TODAY):
        watched.until(
            lambda: not watched.page.locator(".lost").is_visible() and "Trust in the data" in watched.text(), "the page came back by itself"
        )
        assert watched.outside == []
        watched.page.close()
