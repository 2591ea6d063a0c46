"""The forecast page in a real browser: it grows, answers another question, and asks nobody outside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doors.browsing import Watched, all_are_told

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def address(pages: str) -> str:
    return f"{pages}/forecasts"


@pytest.mark.parametrize(("width", "height", "name"), [(1440, 1500, "forecasts-desktop"), (390, 844, "forecasts-phone")])
def test_a_forecast_grows_until_all_members_have_landed(address: str, browser: Any, width: int, height: int, name: str) -> None:
    watched = Watched(browser, width, height)
    watched.open(f"{address}?grain=month&horizon=6")
    watched.until(lambda: all_are_told(watched) and "Next 6 periods" in watched.text(), "the members have landed and the headline is there")
    watched.page.wait_for_timeout(2500)
    watched.picture(name)
    assert watched.outside == []
    assert watched.errors == []
    watched.page.close()


def test_another_question_is_answered_and_kept_in_the_address(address: str, browser: Any) -> None:
    watched = Watched(browser, 1280, 900)
    watched.open(f"{address}?metric=units_sold&grain=quarter&horizon=2&theme=daylight")
    watched.until(lambda: "Next 2 periods" in watched.text(), "the question of the address is answered")
    watched.page.get_by_label("Periods ahead").fill("3")
    watched.page.keyboard.press("Tab")
    watched.page.get_by_role("button", name="Forecast", exact=True).click()
    watched.until(lambda: "Next 3 periods" in watched.text(), "the new question is answered")
    assert "horizon=3" in watched.page.url
    assert watched.outside == []
    watched.page.close()


def test_without_data_the_page_says_how_to_begin(empty_pages: str, browser: Any) -> None:
    watched = Watched(browser, 1280, 900)
    watched.open(f"{empty_pages}/forecasts")
    watched.until(lambda: "cyberpunk demo" in watched.text(), "the first steps are told")
    assert watched.errors == []
