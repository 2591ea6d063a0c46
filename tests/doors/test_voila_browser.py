"""The Voilà page in a real browser: numbers, city and forecast, silent towards the outside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.settings import Settings
from tests.doors.browsing import ROOT, Watched, chromium, free_port, open_browser, shows_canvas

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_voila_page_shows_numbers_city_and_forecast_without_a_request_to_the_outside(tmp_path: Path) -> None:
    chromium()
    port = free_port()
    with Workspace.open(Settings.load(home=tmp_path, today="2026-06-01")) as workspace:
        workspace.load_demo("small")
    environment = os.environ | {"CYBERPUNK_HOME": str(tmp_path), "CYBERPUNK_TODAY": "2026-06-01", "OMP_NUM_THREADS": "1"}
    with (tmp_path / "voila.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "apps.voila", "--port", str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(port, server, tmp_path / "voila.log")
        with open_browser() as browser:
            watched = Watched(browser, 1440, 1300)
            watched.open(f"http://127.0.0.1:{port}/")
            watched.until(lambda: shows_canvas(watched) and "Gross margin" in watched.text(), "cards and city are there")
            watched.until(lambda: watched.page.locator("svg[aria-label^='Forecast of']").count() == 1, "the forecast is there")
            watched.page.wait_for_timeout(4000)
            watched.picture("voila-cockpit")
            assert watched.outside == []
            assert watched.errors == []
            watched.page.close()
    finally:
        server.terminate()
        server.wait(30)


def wait_for(port: int, server: subprocess.Popen[Any], log: Path) -> None:
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError("the Voilà server did not start")
