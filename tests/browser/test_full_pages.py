"""Every page at every width in a real browser beside its kept picture; pages without data; a server that goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browsing import IS_SIDEWAYS, Watched, colours_of, free_port, page_server, resembles
from tests.browser.test_pages import SAYS
from tests.doors.conftest import TODAY

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(600)]

ALL_SAY = {"cockpit": "Gross margin", **SAYS}
SIZES = {"desktop": (1440, 1000), "phone": (390, 844)}


@pytest.fixture(scope="module")
def empty_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the pages over a home without data."""
    home = tmp_path_factory.mktemp("empty-pages")
    with page_server(home, home / "server.log", CYBERPUNK_TODAY=TODAY) as address:
        yield address


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ALL_SAY)
def test_every_page_looks_like_its_kept_picture(pages: str, browser: Any, name: str, size: str) -> None:
    width, height = SIZES[size]
    watched = Watched(browser, width, height)
    watched.open(f"{pages}/{name}?theme={'noir' if size == 'phone' else 'neon'}")
    watched.settled(ALL_SAY[name])
    picture = watched.picture_when(f"{name}-{size}", lambda seen: colours_of(seen) > 60, "more than a background")
    resembles(picture, f"{name}-{size}")
    assert not watched.page.evaluate(IS_SIDEWAYS), "nothing sticks out to the side"
    watched.close()


@pytest.mark.parametrize(("width", "height", "name"), [(1440, 1500, "forecasts-desktop"), (390, 844, "forecasts-phone")])
def test_a_monthly_forecast_is_drawn(pages: str, browser: Any, width: int, height: int, name: str) -> None:
    watched = Watched(browser, width, height)
    watched.open(f"{pages}/forecasts?grain=month&horizon=6")
    watched.settled("Next 6 periods")
    watched.picture_when(name, lambda seen: colours_of(seen) > 60, "more than a background")
    watched.close()


@pytest.mark.parametrize("name", [*ALL_SAY, "forecasts"])
def test_without_data_every_page_says_what_to_do(empty_pages: str, browser: Any, name: str) -> None:
    watched = Watched(browser, 1280, 900)
    watched.open(f"{empty_pages}/{name}?theme=daylight")
    watched.settled()
    assert ("cyberpunk stream demo" if name == "streams" else "cyberpunk demo") in watched.text()
    watched.picture(f"{name}-empty")
    watched.close()


def test_a_page_tells_that_the_server_is_gone_and_comes_back_with_it(pages_home: Path, browser: Any) -> None:
    port = free_port()
    with page_server(pages_home, pages_home / "first.log", port=port, CYBERPUNK_TODAY=TODAY) as address:
        watched = Watched(browser, 1280, 900)
        watched.open(f"{address}/quality?theme=daylight")
        watched.settled("Trust in the data")
        assert not watched.page.locator(".lost").is_visible()
    watched.until(lambda: watched.page.locator(".lost").is_visible(), "the loss is told")
    with page_server(pages_home, pages_home / "second.log", port=port, CYBERPUNK_TODAY=TODAY):
        watched.until(
            lambda: not watched.page.locator(".lost").is_visible() and "Trust in the data" in watched.text(), "the page came back by itself"
        )
        assert watched.outside == []
        watched.page.context.close()
