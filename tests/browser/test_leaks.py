"""Twenty visits and a killed browser leave nothing behind: no session, no widget, no thread, one consumer."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.cockpit.visitors import stay
from tests.browser.browsing import PATIENCE_MS, Watched, page_server
from tests.doors.conftest import TODAY
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(600)]

VISITS, IN_A_BROWSER = 20, 4
PAGES = ("cockpit", "retention", "streams", "explore")


def test_twenty_visits_leave_nothing_behind(demo_home: Path, tmp_path: Path, browser: Any) -> None:
    """Most visitors speak the page's protocol without a screen, which a processor that draws could not keep up with; the last are tabs."""
    home = Path(shutil.copytree(demo_home, tmp_path / "home"))
    # The browser's loop has this thread.
    with page_server(home, home / "server.log", CYBERPUNK_TODAY=TODAY) as address, ThreadPoolExecutor(1) as aside:

        def state() -> dict[str, Any]:
            return httpx.get(f"{address}/pages/state", timeout=60).json()

        for page in PAGES:
            seen = aside.submit(asyncio.run, stay(address, page, (VISITS - IN_A_BROWSER) // len(PAGES), 3.0)).result()
            assert [one.problem for one in seen] == [""] * len(seen)
        tabs = [Watched(browser, 480, 360) for _ in range(IN_A_BROWSER)]
        for tab, page in zip(tabs, PAGES, strict=True):
            tab.page.goto(f"{address}/{page}", timeout=PATIENCE_MS, wait_until="domcontentloaded")
        tabs[0].until(lambda: "Gross margin" in tabs[0].text(), "the first tab is a live page")
        assert state()["visitors_ever"] >= VISITS
        assert state()["widgets"] > 0
        for tab in tabs:
            tab.page.context.close()
        until(lambda: not state()["visitors"] and not state()["widgets"], "every page is given back")
        left = state()
        assert left["consumers"] <= 1, left
        assert left["threads"] <= 30, left
