"""Twenty visits and a killed browser leave nothing behind: no session, no widget, no thread, one consumer."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.doors.browsing import open_browser, page_server
from tests.doors.conftest import TODAY

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

VISITS = 20
PATIENCE_S = 30.0
PAGES = ("cockpit", "retention", "streams", "explore")


def test_twenty_visits_leave_nothing_behind(demo_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(demo_home, tmp_path / "home"))
    with page_server(home, home / "server.log", CYBERPUNK_TODAY=TODAY) as address:

        def state() -> dict[str, Any]:
            return httpx.get(f"{address}/pages/state", timeout=60).json()

        with open_browser() as browser:
            pages = []
            for visit in range(VISITS):
                page = browser.new_page(viewport={"width": 480, "height": 360})
                page.goto(f"{address}/{PAGES[visit % len(PAGES)]}", timeout=120_000, wait_until="domcontentloaded")
                pages.append(page)
                page.wait_for_timeout(400)
                if visit % 4 == 3:
                    for each in pages[:-1]:  # a software renderer cannot draw twenty scenes at once
                        each.close()
                    pages = pages[-1:]
            assert state()["visitors_ever"] >= VISITS
            browser.close()
        ending = time.monotonic() + PATIENCE_S
        while (left := state())["visitors"] and time.monotonic() < ending:
            time.sleep(1)
        assert left["visitors"] == 0, left
        assert left["widgets"] == 0, left
        assert left["consumers"] <= 1, left
        assert left["threads"] <= 30, left
