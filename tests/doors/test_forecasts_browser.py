"""The forecast page in a real browser: it grows, answers another question, and asks nobody outside."""

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

from tests.doors.browsing import ROOT, Watched, chromium, free_port, open_browser
from tests.doors.conftest import TODAY, environment

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


def serve(home: Path, log: Path) -> Iterator[str]:
    chromium()
    port = free_port()
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "apps.serve", "--port", str(port)],
            cwd=ROOT,
            env=environment(home, CYBERPUNK_TODAY=TODAY) | {"PATH": os.environ["PATH"]},
            stdout=out,
            stderr=out,
        )
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}/forecasts"
    server.terminate()
    assert server.wait(20) is not None


@pytest.fixture(scope="module")
def address(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve(demo_home, tmp_path_factory.mktemp("page") / "server.log")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("empty-home")
    yield from serve(home, home / "server.log")


@pytest.mark.parametrize(("width", "height", "name"), [(1440, 1500, "forecasts-desktop"), (390, 844, "forecasts-phone")])
def test_a_forecast_grows_until_all_members_have_landed(address: str, browser: Any, width: int, height: int, name: str) -> None:
    watched = Watched(browser, width, height)
    watched.open(f"{address}?grain=month&horizon=6")
    watched.until(lambda: "6 of 6 after" in watched.text(), "all members have landed")
    watched.until(lambda: "Next 6 periods" in watched.text() and "at work" not in watched.text(), "the headline is there")
    watched.page.wait_for_timeout(2500)
    watched.picture(name)
    assert watched.outside == []
    assert watched.errors == []


def test_another_question_is_answered_and_kept_in_the_address(address: str, browser: Any) -> None:
    watched = Watched(browser, 1280, 900)
    watched.open(f"{address}?metric=units_sold&grain=quarter&horizon=2&theme=daylight")
    watched.until(lambda: "Next 2 periods" in watched.text(), "the question of the address is answered")
    watched.page.get_by_label("Periods ahead").fill("3")
    watched.page.keyboard.press("Tab")
    watched.page.get_by_role("button", name="Forecast", exact=True).click()
    watched.until(lambda: "Next 3 periods" in watched.text(), "the new question is answered")
    assert "horizon=3" in watched.page.url
    assert watched.outside == []


def test_without_data_the_page_says_how_to_begin(empty: str, browser: Any) -> None:
    watched = Watched(browser, 1280, 900)
    watched.open(empty)
    watched.until(lambda: "cyberpunk demo" in watched.text(), "the first steps are told")
    assert watched.errors == []
