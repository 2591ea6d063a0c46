"""The cockpit in a real browser: drawn, live, and silent towards the outside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.settings import Settings
from tests.doors.browsing import ROOT, Watched, chromium, colours_of, free_port, resembles, shows_canvas

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def orders(count: int, amount: float, region: str = "EMEA") -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"{time.time_ns()}-{n}",
            "order_id": f"live-{time.time_ns()}-{n}",
            "line_id": "1",
            "product": "Pulse Headset",
            "region": region,
            "category": "Electronics",
            "channel": "Web",
            "amount": amount,
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cockpit-home")


def serve(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    environment = os.environ | {"CYBERPUNK_HOME": str(home), "CYBERPUNK_TODAY": "2026-06-01", "OMP_NUM_THREADS": "1"}
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "apps.serve", "--port", str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return server, f"http://127.0.0.1:{port}/cockpit"
        assert server.poll() is None, (home / "server.log").read_text()
        time.sleep(0.2)
    server.kill()
    raise AssertionError("the page server did not start")


@pytest.fixture(scope="module")
def filled(home: Path) -> Iterator[tuple[str, Workspace]]:
    chromium()
    settings = Settings.load(home=home, today="2026-06-01")
    with Workspace.open(settings) as workspace:
        workspace.load_demo("small")
        server, address = serve(home)
        yield address, workspace
        server.terminate()
        assert server.wait(20) is not None


@pytest.mark.parametrize(("width", "height", "name"), [(1440, 900, "cockpit-desktop"), (390, 844, "cockpit-phone")])
def test_cockpit_is_drawn_without_a_request_to_the_outside(
    filled: tuple[str, Workspace], browser: Any, width: int, height: int, name: str
) -> None:
    address, _ = filled
    watched = Watched(browser, width, height, is_first=True)
    watched.open(address)
    watched.until(lambda: shows_canvas(watched) and "Gross margin" in watched.text(), "the city and the cards are there")
    watched.page.wait_for_timeout(4000)
    half = (0, height // 4, int(width * 0.6), int(height * 0.85))
    picture = watched.picture_when(name, lambda seen: colours_of(seen, half) > 400, "the city is more than a background")
    resembles(picture, name)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out to the side"
    assert watched.outside == []
    assert watched.errors == []
    watched.page.close()


def test_values_change_while_events_arrive(filled: tuple[str, Workspace], browser: Any) -> None:
    address, workspace = filled
    watched = Watched(browser, 1440, 900)
    watched.open(address)
    watched.until(lambda: shows_canvas(watched) and "Electronics · Web" in watched.text(), "the city is there")
    watched.page.wait_for_timeout(3000)
    before = watched.picture("cockpit-before-events")

    def is_told() -> bool:
        workspace.publish("orders", orders(5, 7777.0))
        words = watched.text()
        return "Pulse Headset" in words and "$7.78k" in words and "live" in words.lower()

    watched.until(is_told, "the ticker shows the orders")
    workspace.publish("orders", orders(40, 900_000.0))
    watched.until(lambda: "36." in watched.text() or "36M" in watched.text() or "$3" in watched.text(), "the building grew")
    watched.page.wait_for_timeout(1500)
    after = watched.picture("cockpit-after-events")
    assert before != after
    assert watched.outside == []
    assert watched.errors == []
    watched.page.close()


def test_empty_store_says_what_to_do(browser: Any, tmp_path: Path) -> None:
    server, address = serve(tmp_path)
    try:
        watched = Watched(browser, 1440, 900)
        watched.open(f"{address}?theme=daylight")
        watched.until(
            lambda: "cyberpunk demo" in watched.text() and "cyberpunk import FILE" in watched.text(), "the empty page names the first step"
        )
        watched.picture("cockpit-empty")
        assert watched.outside == []
        assert watched.errors == []
        watched.page.close()
    finally:
        server.terminate()
        server.wait(20)
