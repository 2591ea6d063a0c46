"""Twenty visits and a killed browser leave nothing behind: no session, no widget, no thread, one consumer."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.cockpit.visitors import stay
from tests.doors.browsing import GONE_AFTER_S, Watched, open_browser, page_server
from tests.doors.conftest import TODAY

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

VISITS, IN_A_BROWSER = 20, 4
PAGES = ("cockpit", "retention", "streams", "explore")


def test_twenty_visits_leave_nothing_behind(demo_home: Path, tmp_path: Path) -> None:
    """Most visitors speak the page's protocol without a screen, which a processor that draws could not keep up with; the last are tabs."""
    home = Path(shutil.copytree(demo_home, tmp_path / "home"))
    with page_server(home, home / "server.log", CYBERPUNK_TODAY=TODAY) as address:

        def state() -> dict[str, Any]:
            return httpx.get(f"{address}/pages/state", timeout=60).json()

        for page in PAGES:
            seen = asyncio.run(stay(address, page, (VISITS - IN_A_BROWSER) // len(PAGES), 3.0))
            assert [one.problem for one in seen] == [""] * len(seen)
        with open_browser() as browser:
            tabs = [Watched(browser, 480, 360) for _ in range(IN_A_BROWSER)]
            for tab, page in zip(tabs, PAGES, strict=True):
                tab.page.goto(f"{address}/{page}", timeout=120_000, wait_until="domcontentloaded")
            tabs[0].until(lambda: "Gross margin" in tabs[0].text(), "the first tab is a live page")
            assert state()["visitors_ever"] >= VISITS
            assert state()["widgets"] > 0
            browser.close()
        ending = time.monotonic() + GONE_AFTER_S
        while ((left := state())["visitors"] or left["widgets"]) and time.monotonic() < ending:
            time.sleep(1)
        assert left["visitors"] == 0, left
        assert left["widgets"] == 0, left
        assert left["consumers"] <= 1, left
        assert left["threads"] <= 30, left
