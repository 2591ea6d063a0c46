"""Explore, customers, streams, quality and admin in a real browser, wide and narrow: drawn, answering, silent towards the outside."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.settings import Settings
from tests.doors.browsing import Watched, colours_of, resembles, shows_canvas
from tests.doors.conftest import TODAY

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

SAYS = {
    "explore": "SQL that answered",
    "retention": "At risk and still active",
    "streams": "Events per second",
    "quality": "Trust in the data",
    "admin": "Settings in force",
}
SIZES = {"desktop": (1440, 1000), "phone": (390, 844)}


def is_clean(watched: Watched) -> None:
    assert watched.outside == []
    assert watched.errors == []
    watched.page.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SAYS)
def test_every_page_is_drawn_at_both_widths_without_a_request_to_the_outside(pages: str, browser: Any, name: str, size: str) -> None:
    width, height = SIZES[size]
    watched = Watched(browser, width, height)
    watched.open(f"{pages}/{name}?theme={'noir' if size == 'phone' else 'neon'}")
    watched.until(lambda: SAYS[name] in watched.text(), "the page says what it is about")
    if name == "retention":
        watched.until(lambda: shows_canvas(watched), "the galaxy is there")
    watched.page.wait_for_timeout(3500)
    picture = watched.picture_when(f"{name}-{size}", lambda seen: colours_of(seen, (0, 0, width, height)) > 60, "more than a background")
    resembles(picture, f"{name}-{size}")
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out to the side"
    is_clean(watched)


@pytest.mark.parametrize("name", SAYS)
def test_without_data_every_page_says_what_to_do(empty_pages: str, browser: Any, name: str) -> None:
    watched = Watched(browser, 1280, 900)
    watched.open(f"{empty_pages}/{name}?theme=daylight")
    watched.until(lambda: "cyberpunk" in watched.text().lower().replace("cyberpunk ai", ""), "the first step is named")
    watched.page.wait_for_timeout(1000)
    watched.picture(f"{name}-empty")
    is_clean(watched)


def test_a_row_of_explore_is_looked_into_kept_in_the_address_and_taken_back(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/explore?metric=revenue&by=region&compare=previous_year")
    watched.until(lambda: watched.page.locator(".tabulator-row", has_text="EMEA").count(), "the rows are there")
    watched.page.locator(".tabulator-row", has_text="EMEA").first.locator(".tabulator-cell:visible").first.click()
    watched.until(lambda: watched.page.get_by_role("button", name="Region: EMEA").count(), "the narrowing is shown")
    watched.until(lambda: watched.page.locator(".tabulator-row", has_text="Germany").count(), "it is split by country now")
    assert "EMEA" in watched.page.url
    watched.page.get_by_role("button", name="Region: EMEA").click()
    watched.until(lambda: watched.page.get_by_role("button", name="Region: EMEA").count() == 0, "the narrowing is taken back")
    assert "EMEA" not in watched.page.url
    is_clean(watched)


def test_a_customer_is_found_by_row_and_by_address(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/retention?risk=high")
    watched.until(lambda: watched.page.locator(".tabulator-row").count() > 5, "the rows are there")
    row = watched.page.locator(".tabulator-row").nth(1)
    customer = row.locator(".tabulator-cell:visible").first.inner_text().strip()
    row.locator(".tabulator-cell:visible").first.click()
    watched.until(lambda: "Expected value" in watched.text() and "By rule" in watched.text(), "the customer is told")
    watched.until(lambda: f"customer={customer}" in watched.page.url, "the customer is in the address")
    again = Watched(browser, 1280, 900)
    again.open(f"{pages}/retention?customer={customer}&view=flat&theme=daylight")
    again.until(lambda: "By rule" in again.text(), "the address tells the same customer")
    assert customer in again.text()
    is_clean(again)
    is_clean(watched)


def test_events_appear_and_stand_still_while_paused(pages: str, browser: Any, pages_home: Path) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/streams?topic=all topics")
    watched.until(lambda: "No live events" in watched.text() or "per second" in watched.text(), "the page is there")
    watched.page.wait_for_timeout(1500)
    with Workspace.open(Settings.load(home=pages_home, today=TODAY)) as workspace:

        def told(word: str) -> bool:
            workspace.publish("orders", [{"event_id": str(time.time_ns()), "region": word, "amount": 5.0}])
            return word in watched.text()

        watched.until(lambda: told("Nightcity"), "the event is in the list")
        watched.page.get_by_role("button", name="Pause").click()
        watched.until(lambda: "paused" in watched.text().lower(), "the page is paused")
        workspace.publish("orders", [{"event_id": str(time.time_ns()), "region": "Chiba", "amount": 5.0}] * 3)
        watched.until(lambda: "events have come since" in watched.text(), "what comes is counted")
        assert "Chiba" not in watched.text()
    is_clean(watched)


def test_failed_checks_are_shown_alone_when_asked(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/quality?failed=true")
    watched.until(lambda: watched.page.locator(".tabulator-row", has_text="failed").count(), "the failed checks are there")
    assert watched.page.locator(".tabulator-row", has_text="▲ passed").count() == 0
    is_clean(watched)


def test_a_source_is_synced_from_the_page(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/admin")
    watched.until(lambda: watched.page.locator(".tabulator-row", has_text="crm").count(), "the sources are there")
    watched.page.get_by_label("Source", exact=True).select_option("crm")
    watched.page.get_by_role("button", name="Sync now").click()
    watched.until(lambda: "1 sources," in watched.text(), "the sync says what it brought")
    is_clean(watched)
