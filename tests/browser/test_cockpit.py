"""The cockpit in a real browser: drawn, live, silent towards the outside; a click finds its building."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from apps.cockpit.store import CityData, CockpitStore
from apps.kit.view import WIDE
from apps.kit.words import number
from cyberpunk_ai import Workspace
from cyberpunk_ai.charts.city_layout import Building
from cyberpunk_ai.charts.labels import View
from cyberpunk_ai.charts.scene3d import City
from cyberpunk_ai.charts.scene3d.stage import ANGLE
from tests.browser.browsing import Watched, scene_of
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def city(workspace: Workspace) -> CityData:
    """What the page's city is drawn from."""
    store = CockpitStore(lambda: workspace)
    found = until(lambda: store.part("city").value, "the city is measured")
    store.close()
    return found


def nearest_building(data: CityData) -> tuple[Building, float, float]:
    """Find the building nearest to the camera, which nothing can hide, and where its wall is on the picture (shares from the top left)."""
    city = City(data.buildings, width=WIDE[0], height=WIDE[1])
    view = View(tuple(city._camera.position), (0.0, 0.0, 0.0), ANGLE, WIDE[0] / WIDE[1])
    x, z = city.plan.plots[:, 0], city.plan.plots[:, 1]
    points = np.stack([x, city._heights * 0.6 - city.lift, z], axis=1).astype(float)
    seen = view.project(points)
    chosen = int(np.argmin(seen[:, 2] + 100 * (np.abs(seen[:, :2]).max(axis=1) > 0.85)))
    building = city.plan.buildings[chosen]
    city.close()
    return building, float(seen[chosen, 0] + 1) / 2, float(1 - seen[chosen, 1]) / 2


def order_in(building: Building, amount: float, product: str) -> dict[str, Any]:
    region, category, channel = building.entity.split("|")
    number_ = time.time_ns()
    where = {"region": region, "category": category, "channel": channel, "product": product}
    return {"event_id": f"e{number_}", "order_id": f"o{number_}", "line_id": "1", "amount": amount, **where}


def test_cockpit_is_drawn_at_both_widths_without_a_request_to_the_outside(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 900, is_first=True)
    watched.open(f"{pages}/cockpit")
    watched.settled("Gross margin", "Revenue forecast", "Cohorts")
    scene_of(watched)
    assert not watched.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), "nothing sticks out to the side"
    watched.resized(390, 844)
    scene_of(watched)
    watched.close()


def test_orders_are_told_and_added_to_their_building(pages: str, browser: Any, workspace: Workspace, city: CityData) -> None:
    watched = Watched(browser, 1440, 900)
    watched.open(f"{pages}/cockpit")
    watched.settled("Electronics · Web")
    nearest = nearest_building(city)[0]
    grown = max((each for each in city.buildings if each.entity != nearest.entity), key=lambda each: each.value)

    def is_reading() -> bool:
        workspace.publish("web_sessions", [{"event_id": f"s{time.time_ns()}", "device": "Deck", "region": "Chiba"}])
        return "Deck" in watched.text()

    watched.until(is_reading, "the ticker shows what comes")
    workspace.publish("orders", [order_in(grown, 7777.0, "Pulse Headset")])
    watched.until(lambda: "$7.78k" in watched.text(), "the ticker shows the order")
    workspace.publish("orders", [order_in(grown, 900_000.0, "Pulse Headset") for _ in range(40)])
    told = number(grown.value + 7777.0 + 40 * 900_000.0, city.unit)
    first = watched.page.locator("ol.rank li").first
    watched.until(lambda: told in first.inner_text(), f"{grown.entity} stands at {told}")
    assert grown.label in first.inner_text()
    watched.close()


def test_a_click_selects_its_building_also_while_heights_stream(pages: str, browser: Any, workspace: Workspace, city: CityData) -> None:
    building, across, down = nearest_building(city)
    watched = Watched(browser, 1440, 900)
    watched.open(f"{pages}/cockpit")
    watched.settled(building.district)
    scene_of(watched)

    def click() -> bool:
        box = watched.page.locator(".jupyter-threejs canvas").bounding_box()
        watched.page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
        return "Look inside" in watched.text() and building.label in watched.page.locator(".pick h3").inner_text()

    watched.until(click, f"{building.entity} is selected")
    workspace.publish("orders", [order_in(building, building.value / 40, "Pulse Headset") for _ in range(15)])
    watched.until(lambda: "+ $" in watched.page.locator(".pick dl").inner_text(), "its number has grown")
    watched.until(click, "it is selected while it grows")
    link = watched.page.get_by_role("link", name="Look inside").get_attribute("href")
    assert building.entity.split("|")[0] in link.replace("%20", " ")
    watched.close()
