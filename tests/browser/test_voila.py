"""The Voilà dashboards in a real browser: numbers, city, landscape and forecasts, silent towards the outside, gone when the tab is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.browsing import Watched, all_models_are_in, chromium, free_port, running, scene_of
from tests.doors.conftest import TODAY, environment
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@contextmanager
def voila(home: Path, *more: str, most_kernels: int = 8) -> Iterator[tuple[str, int]]:
    """Serve the dashboards; gives the address and the server's process."""
    chromium()
    port = free_port()
    known = environment(home, CYBERPUNK_TODAY=TODAY, CYBERPUNK_MAX_KERNELS=str(most_kernels)) | {"PATH": os.environ["PATH"]}
    with running([sys.executable, "-m", "apps.voila", "--port", str(port), *more], port, home / "voila.log", known) as server:
        yield f"http://127.0.0.1:{port}", server.pid


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("voila") / "home"))


def ages_s(pid: int) -> list[float]:
    """Return how long ago each kernel of a server was started, in seconds, of those that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid and "ipykernel" in (path.parent / "cmdline").read_text():
                found.append(float(Path("/proc/uptime").read_text().split()[0]) - int(fields[19]) / os.sysconf("SC_CLK_TCK"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def kernels_of(pid: int) -> int:
    """Count the kernels that a server has started and not ended."""
    return len(ages_s(pid))


def refuses_strangers(address: str) -> None:
    """No page of another origin and no other name reaches a dashboard or the socket of a kernel."""
    foreign = {"origin": "http://elsewhere.example"}
    socket = "/api/kernels/0123/channels"
    for path in ("/voila/render/cockpit.ipynb", socket):
        assert httpx.get(f"{address}{path}", headers=foreign).status_code == 403
        assert httpx.get(f"{address}{path}", headers={"host": "rebound.example"}).status_code == 400
    with pytest.raises(InvalidStatus) as refused:
        connect(address.replace("http", "ws") + socket, origin="http://elsewhere.example")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


def test_the_cockpit_is_drawn_silent_and_leaves_no_kernel_behind(home: Path, browser: Any) -> None:
    with voila(home, "--kernels-ahead", "0", most_kernels=1) as (address, server):
        watched = Watched(browser, 1440, 1300)
        watched.open(f"{address}/")
        watched.settled("Gross margin")
        scene_of(watched)
        assert watched.page.locator("svg[aria-label^='Forecast of']").count() == 1
        assert "voila/render/cockpit" in watched.page.url, "the front door leads to the cockpit"
        assert kernels_of(server) == 1
        refuses_strangers(address)
        full = httpx.get(f"{address}/voila/render/cockpit.ipynb", timeout=PATIENCE_S)
        assert full.status_code == 503
        assert "CYBERPUNK_MAX_KERNELS" in full.text
        assert kernels_of(server) == 1, "one visitor more gets words, and no kernel"
        watched.close()
        until(lambda: kernels_of(server) == 0, "the kernel of a page that was closed is ended")


@pytest.mark.full
def test_the_studio_shows_every_region_and_a_click_chooses_one(home: Path, browser: Any) -> None:
    with voila(home, "--kernels-ahead", "0") as (address, _):
        studio = Watched(browser, 1280, 1200)
        studio.open(f"{address}/voila/render/forecast_studio.ipynb")
        studio.settled()
        assert all_models_are_in(studio), studio.text()[-2500:]
        scene_of(studio)
        assert studio.page.locator("svg[aria-label^='Forecast of']").count() >= 4, "every region has its fan"
        studio.picture("voila-studio")
        assert "APAC: Next 12 periods" in studio.text(), "the headline tells of the first series"
        named = {f"{region}: Next 12 periods" for region in ("EMEA", "LATAM", "North America")}
        places = iter([(690, 330), (690, 300), (600, 250), (560, 220)] * 10)  # from the front row to the back, again where a click was lost

        def choose() -> bool:
            x, y = next(places)
            studio.page.locator(".jupyter-threejs canvas").click(position={"x": x, "y": y})
            return any(name in studio.text() for name in named)

        studio.until(choose, "a click on the landscape chooses another series")
        studio.close()


@pytest.mark.full
def test_a_kernel_that_ran_ahead_takes_its_visitor_at_once(home: Path, browser: Any) -> None:
    with voila(home) as (address, server):
        log = home / "voila.log"
        until(lambda: log.read_text().count("is filled with 1 kernel(s)") >= 2, "a kernel per dashboard has run ahead")
        # The server ends kernels that were idle for 10 s and looks every 4 s; these wait for their visitor for longer.
        until(lambda: min(ages_s(server), default=0.0) > 16.0, "they are older than an idle kernel may be")
        assert kernels_of(server) == 2, log.read_text()[-2000:]
        watched = Watched(browser, 1200, 900)
        watched.open(f"{address}/voila/render/cockpit.ipynb")
        watched.settled("Gross margin", "lag")
        assert "Using pre-heated kernel" in log.read_text()
        watched.close()
