"""The Voilà dashboards in a real browser: numbers, city, landscape and forecasts, silent towards the outside, gone when the tab is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doors.browsing import GONE_AFTER_S, ROOT, Watched, all_are_told, chromium, free_port, open_browser, shows_canvas
from tests.doors.conftest import TODAY, environment

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def wait_for(port: int, server: subprocess.Popen[Any], log: Path) -> None:
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError("the server did not start")


@contextmanager
def voila(home: Path, *more: str) -> Iterator[tuple[str, int]]:
    """Serve the dashboards; gives the address and the server's process."""
    chromium()
    port = free_port()
    log_file = home / "voila.log"
    known = environment(home, CYBERPUNK_TODAY=TODAY) | {"PATH": os.environ["PATH"]}
    with log_file.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "apps.voila", "--port", str(port), *more], cwd=ROOT, env=known, stdout=log, stderr=log
        )
    try:
        wait_for(port, server, log_file)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("voila") / "home"))


def kernels_of(pid: int) -> int:
    """Count the kernels that a server has started and not ended."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
            found += parent == pid and "ipykernel" in (path.parent / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_dashboards_are_drawn_silent_and_leave_no_kernel_behind(home: Path) -> None:
    with voila(home, "--kernels-ahead", "0") as (address, server), open_browser() as browser:
        watched = Watched(browser, 1440, 1300)
        watched.open(f"{address}/")
        watched.until(lambda: shows_canvas(watched) and "Gross margin" in watched.text(), "cards and city are there")
        watched.until(lambda: watched.page.locator("svg[aria-label^='Forecast of']").count() == 1, "the forecast is there")
        watched.until(lambda: "quiet" in watched.text().lower() or "live" in watched.text().lower(), "the stream is told")
        watched.page.wait_for_timeout(3000)
        watched.picture("voila-cockpit")
        assert "voila/render/cockpit" in watched.page.url, "the front door leads to the cockpit"
        studio = Watched(browser, 1280, 1200)
        studio.open(f"{address}/voila/render/forecast_studio.ipynb")
        studio.until(lambda: all_are_told(studio) and shows_canvas(studio), "the members have landed and the landscape is there")
        studio.until(lambda: studio.page.locator("svg[aria-label^='Forecast of']").count() >= 4, "every region has its fan")
        studio.page.wait_for_timeout(3000)
        studio.picture("voila-studio")
        assert "APAC: Next 12 periods" in studio.text(), "the headline tells of the first series"
        named = {f"{region}: Next 12 periods" for region in ("EMEA", "LATAM", "North America")}
        for x, y in ((690, 330), (690, 300), (600, 250), (560, 220)):  # from the front row to the back
            studio.page.locator(".jupyter-threejs canvas").click(position={"x": x, "y": y})
            studio.page.wait_for_timeout(1500)
            if any(name in studio.text() for name in named):
                break
        else:
            raise AssertionError(f"no click on the landscape chose another series: {studio.text()[-2500:]}")
        assert kernels_of(server) == 2
        for each in (watched, studio):
            assert each.outside == []
            assert each.errors == []
        browser.close()
        ending = time.monotonic() + GONE_AFTER_S
        while kernels_of(server) and time.monotonic() < ending:
            time.sleep(0.5)
        assert kernels_of(server) == 0, f"kernels are left {GONE_AFTER_S:.0f} s after the browser was closed"


def test_a_kernel_that_ran_ahead_takes_its_visitor_at_once(home: Path) -> None:
    with voila(home) as (address, server), open_browser() as browser:
        log = home / "voila.log"
        for _ in range(240):
            if log.read_text().count("is filled with 1 kernel(s)") >= 2:
                break
            time.sleep(0.5)
        time.sleep(20)  # longer than a kernel whose tab has died would live
        assert kernels_of(server) == 2, log.read_text()[-2000:]
        watched = Watched(browser, 1200, 900)
        watched.open(f"{address}/voila/render/cockpit.ipynb")
        watched.until(lambda: shows_canvas(watched) and "Gross margin" in watched.text(), "cards and city are there")
        watched.until(lambda: "/s" in watched.text() and "lag" in watched.text(), "the stream is read")
        assert "Using pre-heated kernel" in log.read_text()
        assert watched.outside == []
        assert watched.errors == []
