"""The forecast page in a real browser: it grows, answers another question, shows a landscape, and asks nobody outside."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.browser.browsing import Watched, all_models_are_in, colours_of, scene_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_forecast_grows_until_all_models_are_in_and_another_question_is_kept_in_the_address(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1500)
    watched.open(f"{pages}/forecasts?metric=units_sold&grain=quarter&horizon=2&theme=daylight")
    watched.settled("Next 2 periods")
    assert all_models_are_in(watched), watched.text()[-2500:]
    watched.resized(390, 844)
    watched.page.get_by_label("Periods ahead").fill("3")
    watched.page.keyboard.press("Tab")
    watched.page.get_by_role("button", name="Forecast", exact=True).click()
    watched.settled("Next 3 periods")
    assert "horizon=3" in watched.page.url
    watched.close()


def test_a_forecast_is_shown_as_a_terrain_and_turned(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1280, 1000)
    watched.open(f"{pages}/forecasts?by=region&grain=quarter&horizon=3")
    watched.until(lambda: watched.page.get_by_text("Show it as a 3D terrain").count(), "the answer is whole")
    watched.page.get_by_text("Show it as a 3D terrain").click()
    watched.until(lambda: "view=terrain" in watched.page.url, "the terrain has an address")
    watched.settled()
    before = scene_of(watched)
    watched.page.get_by_role("button", name="above").click()
    canvas = watched.page.locator(".jupyter-threejs canvas")

    def is_seen_from_above() -> bool:
        picture = canvas.screenshot()
        wide, tall = Image.open(io.BytesIO(picture)).size
        return picture != before and colours_of(picture, (wide // 3, tall // 3, wide * 2 // 3, tall * 2 // 3)) > 100

    watched.until(is_seen_from_above, "the camera has turned, and the terrain is in the middle")
    watched.close()
