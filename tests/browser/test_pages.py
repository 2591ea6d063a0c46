"""Explore, customers, streams, quality and admin in a real browser, wide and narrow: drawn, answering, silent towards the outside."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from cyberpunk_ai import Workspace
from tests.browser.browsing import IS_SIDEWAYS, Watched, scene_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SAYS = {
    "explore": "SQL that answered",
    "retention": "At risk and still active",
    "streams": "Events per second",
    "quality": "Trust in the data",
    "admin": "Settings in force",
}


@pytest.mark.parametrize("name", SAYS)
def test_every_page_is_drawn_at_both_widths_without_a_request_to_the_outside(pages: str, browser: Any, name: str) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/{name}")
    watched.settled(SAYS[name])
    if name == "retention":
        scene_of(watched)
    assert not watched.page.evaluate(IS_SIDEWAYS), "nothing sticks out to the side"
    watched.resized(390, 844)
    watched.close()


def test_a_row_of_explore_is_looked_into_kept_in_the_address_and_taken_back(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/explore?metric=revenue&by=region&compare=previous_year")
    watched.settled("EMEA")
    rows = watched.page.locator(".tabulator-row")
    watched.until(lambda: rows.filter(has_text="EMEA").count(), "the rows are there")
    rows.filter(has_text="EMEA").first.locator(".tabulator-cell:visible").first.click()
    watched.until(lambda: watched.page.get_by_role("button", name="Region: EMEA").count(), "the narrowing is shown")
    watched.until(lambda: rows.filter(has_text="Germany").count(), "it is split by country now")
    assert "EMEA" in watched.page.url
    watched.page.get_by_role("button", name="Region: EMEA").click()
    watched.until(lambda: watched.page.get_by_role("button", name="Region: EMEA").count() == 0, "the narrowing is taken back")
    assert "EMEA" not in watched.page.url
    watched.close()


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
    again.settled("By rule", customer)
    again.close()
    watched.close()


def test_events_appear_and_stand_still_while_paused(pages: str, browser: Any, workspace: Workspace) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/streams?topic=all topics")
    watched.settled("Events per second")

    def is_told(word: str) -> bool:
        workspace.publish("orders", [{"event_id": str(time.time_ns()), "region": word, "amount": 5.0}])
        return word in watched.text()

    watched.until(lambda: is_told("Nightcity"), "the event is in the list")
    watched.page.get_by_role("button", name="Pause").click()
    watched.until(lambda: "paused" in watched.text().lower(), "the page is paused")
    workspace.publish("orders", [{"event_id": str(time.time_ns()), "region": "Chiba", "amount": 5.0}] * 3)
    watched.until(lambda: "events have come since" in watched.text(), "what comes is counted")
    assert "Chiba" not in watched.text()
    watched.close()


def test_failed_checks_are_shown_alone_when_asked(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/quality?failed=true")
    watched.settled("Trust in the data")
    watched.until(lambda: watched.page.locator(".tabulator-row", has_text="failed").count(), "the failed checks are there")
    assert watched.page.locator(".tabulator-row", has_text="▲ passed").count() == 0
    watched.close()


def test_a_source_is_synced_from_the_page(pages: str, browser: Any) -> None:
    watched = Watched(browser, 1440, 1000)
    watched.open(f"{pages}/admin")
    watched.until(lambda: watched.page.locator(".tabulator-row", has_text="crm").count(), "the sources are there")
    watched.page.get_by_label("Source", exact=True).select_option("crm")
    watched.page.get_by_role("button", name="Sync now").click()
    watched.until(lambda: "1 sources," in watched.text(), "the sync says what it brought")
    watched.close()


def test_a_lost_connection_is_told_and_the_page_comes_back_by_itself(pages: str, browser: Any) -> None:
    """The page's socket is cut; a server that really ends and comes back is a test of the full tier."""
    watched, sockets = Watched(browser, 1280, 900), []

    def pass_on(socket: Any) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    watched.page.route_web_socket(re.compile("/quality/ws"), pass_on)
    watched.open(f"{pages}/quality?theme=daylight")
    watched.settled("Trust in the data")
    watched.page.evaluate("window.before = true")
    assert not watched.page.locator(".lost").is_visible()
    sockets[0].close(code=1011)
    watched.until(lambda: watched.page.locator(".lost").is_visible(), "the loss is told")
    watched.until(lambda: watched.page.evaluate("window.before !== true"), "the page was loaded anew")
    watched.settled("Trust in the data")
    assert not watched.page.locator(".lost").is_visible()
    assert len(sockets) == 2
    watched.close()
