"""`python -m benchmarks.cockpit [--quick] [--only PART ...] [--json FILE]`: pages over a demo company in Chromium, no GPU.

Everything runs on this machine at once: the server, the stream, the browser and its software renderer. First pictures stand beside a blank
page of the same host in the same run, taken in turns, each in an empty browser profile. The whole takes a quarter of an hour.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import psutil

from benchmarks.cockpit.browsing import asked, first_picture_s, open_page, until, watch_building
from benchmarks.cockpit.company import BUILDINGS, MARK, prepare
from benchmarks.cockpit.hosts import BLANK
from benchmarks.cockpit.visitors import stay
from benchmarks.rows import Row, arguments, judged, report
from tests.browser.browsing import free_port, open_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 1000
VISITORS = 20
LEFT_S = 30.0
TIMES_BLANK = 2.0
FLAT = 1.1  # of the memory before, which a heap in pieces may take
IDLE_PERCENT = 25.0
CARD = "Gross margin"
PARTS = ("panel", "voila", "city", "visitors", "kernels")


@contextmanager
def host(which: str, home: Path) -> Iterator[tuple[str, psutil.Process, Path]]:
    """Serve what is measured; gives the address, the process and its log."""
    port, log = free_port(), home / f"{which}.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "benchmarks.cockpit.hosts", which, str(port)]
        server = subprocess.Popen(command, env=_environment(home), stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(address, server, log), f"{which} answers")
        yield address, psutil.Process(server.pid), log
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def stream(home: Path, seconds: float) -> Iterator[list[int]]:
    """Publish orders meanwhile; the list holds the moments of the marked ones once the block is left."""
    command = [sys.executable, "-m", "benchmarks.cockpit.company", "--rate", str(RATE), "--seconds", str(seconds)]
    publisher = subprocess.Popen(command, env=_environment(home), stdout=subprocess.PIPE, text=True)
    moments: list[int] = []
    try:
        yield moments
    finally:
        said, _ = publisher.communicate(timeout=seconds + 60)
        moments.extend(int(line) for line in said.split())


def first_picture(which: str, home: Path, *, repeats: int) -> list[Row]:
    """Open the cockpit and a blank page in turns."""
    page, blank = ("cockpit", "blank") if which == "panel" else ("voila/render/cockpit.ipynb", "voila/render/blank.ipynb")
    ours, peer = [], []
    with host(which, home) as (address, process, log), open_browser() as browser:
        for turn in range(repeats + 1):
            if which == "voila":
                _run_ahead(process, log)
            blank_s = first_picture_s(browser, f"{address}/{blank}", BLANK, has_scene=False)
            if which == "voila":
                _run_ahead(process, log)
            page_s = first_picture_s(browser, f"{address}/{page}", CARD, has_scene=True)
            if not turn:  # the first visit warms the server
                _settle(process)
            else:
                peer.append(blank_s)
                ours.append(page_s)
    middle = statistics.median(peer)
    what = f"first picture of the cockpit, {'Panel, warm' if which == 'panel' else 'Voilà, kernel ran ahead'}"
    return [judged(what, "s", statistics.median(ours), peer=middle, peer_name="blank page", must=TIMES_BLANK * middle)]


def city(home: Path, *, seconds: float) -> list[Row]:
    """Watch the city of 144 buildings while a thousand orders a second arrive."""
    place, length = _mark_in_the_city(home)
    with host("panel", home) as (address, process, _), open_browser() as browser:
        first_picture_s(browser, f"{address}/cockpit", CARD, has_scene=True)
        _settle(process)
        page = open_page(browser, f"{address}/cockpit", width=1440, height=900)
        until(lambda: asked(page, "seen.first"), "the city is drawn")
        page.reload()  # the browser has told by now that it draws on the processor
        until(lambda: asked(page, "seen.first"), "the city is drawn")
        page.wait_for_timeout(4000)
        watch_building(page, place, length)
        with stream(home, seconds) as moments:
            page.wait_for_timeout(5000)
            before, started = page.evaluate("seen.frames"), time.monotonic()
            page.wait_for_timeout((seconds - 8) * 1000)
            drawn = (page.evaluate("seen.frames") - before) / (time.monotonic() - started)
        page.wait_for_timeout(4000)
        grew = page.evaluate("seen.grew")
        ages = _ages_of_marks(moments, grew)
    if not ages:
        raise RuntimeError("no marked order was drawn")
    return [
        Row(
            f"frames drawn per second, city of {BUILDINGS} buildings, {RATE} events/s, 10 Hz", "frames/s", drawn, must=10.0, ok=drawn >= 9.5
        ),
        judged(f"event to pixel at {RATE} events/s, p95 of {len(ages)}", "s", float(np.percentile(ages, 95)), must=1.5),
        Row("event to pixel, median", "s", float(np.median(ages))),
        _counted("marked orders that were never drawn", len(moments) - len(ages), exactly=0),
    ]


def visitors(home: Path, *, seconds: float) -> list[Row]:
    """Keep twenty visitors on one process while orders arrive, then have them all leave."""
    with host("panel", home) as (address, process, _), httpx.Client(timeout=60) as client:

        def state() -> dict[str, Any]:
            return dict(client.get(f"{address}/pages/state").json())

        def all_left() -> dict[str, Any] | None:
            now = state()
            return now if now["visitors"] == 0 and now["widgets"] == 0 else None

        with stream(home, 40):
            asyncio.run(stay(address, "cockpit", VISITORS, 20))
        until(all_left, "the first visitors leave")
        before = state()
        seconds_before = _cpu_s(process)
        with stream(home, seconds):
            started = time.monotonic()
            seen = asyncio.run(stay(address, "cockpit", VISITORS, seconds - VISITORS * 0.5))
            elapsed = time.monotonic() - started
        busy = (_cpu_s(process) - seconds_before) / elapsed
        during = state()
        started = time.monotonic()
        left = until(all_left, "the visitors leave", patience_s=3 * LEFT_S)
        gone = time.monotonic() - started
    live = sum(not one.problem and one.frames > seconds and one.ages_s != [] for one in seen)
    ages = np.concatenate([one.ages_s[25:] for one in seen if one.ages_s] or [np.array([np.inf])])
    rates = [one.frames / seconds for one in seen]
    memory = before["resident_mb"]
    return [
        _counted(f"visitors live for {seconds:.0f} s on one process, {RATE} events/s", live, exactly=VISITORS),
        Row("age of the newest event shown, p95 over all visitors", "s", float(np.percentile(ages, 95))),
        Row("frames per second and visitor, least", "frames/s", min(rates)),
        Row("processor of the server", "cores", busy),
        _counted("consumers of the stream", during["consumers"], exactly=1),
        judged("until nothing of them is left", "s", gone, must=LEFT_S),
        judged("memory after they left", "MiB", left["resident_mb"], peer=memory, peer_name="before", must=memory * FLAT),
        judged(
            "threads after they left", "threads", left["threads"], peer=before["threads"], peer_name="before", must=before["threads"] + 2
        ),
    ]


def kernels(home: Path, *, count: int) -> list[Row]:
    """Visit the Voilà cockpit, four at a time, and kill the browser."""
    with host("voila", home) as (address, process, log):
        until(lambda: log.read_text().count("is filled with") >= 2, "kernels ran ahead")
        ahead, before = _kernels_of(process), process.memory_info().rss / 2**20
        for _ in range(count // 4):
            with open_browser() as browser:
                pages = [open_page(browser, f"{address}/voila/render/cockpit.ipynb", width=480, height=360) for _ in range(4)]
                for page in pages:
                    until(partial(asked, page, "seen.first"), "the city is drawn")
                browser.close()
            started = time.monotonic()
            until(lambda: _kernels_of(process) <= ahead and _is_filled(log), "the kernels end", patience_s=2 * LEFT_S)
            gone = time.monotonic() - started
        after = process.memory_info().rss / 2**20
        left = _kernels_of(process) - ahead
    return [
        _counted(f"kernels after {count} visits to Voilà, beside those that ran ahead", left, exactly=0),
        judged("until the kernels of four dead tabs ended", "s", gone, must=LEFT_S),
        Row("memory of Voilà after them", "MiB", after, before, "before"),
    ]


def _counted(what: str, ours: int, *, exactly: int) -> Row:
    return Row(what, "", float(ours), must=float(exactly), ok=ours == exactly)


def _mark_in_the_city(home: Path) -> tuple[int, int]:
    """Return where the watched building's height is in a frame, and the length of a frame."""
    from apps.cockpit.store import CockpitStore
    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.city_geometry import merge
    from cyberpunk_ai.charts.city_layout import plan_city
    from cyberpunk_ai.core.settings import Settings

    with Workspace.open(Settings.load(home=home)) as workspace:
        store = CockpitStore(lambda: workspace)
        part = until(lambda: part if (part := store.part("city")).state != "loading" else None, "the city is measured")
        store.close()
    entities = [one.entity for one in part.value.buildings]
    if len(entities) != BUILDINGS:
        raise RuntimeError(f"the city has {len(entities)} buildings, not {BUILDINGS}")
    numbers = merge(plan_city(part.value.buildings)).vertices * 4
    return entities.index("|".join(MARK)) * numbers, BUILDINGS * numbers


def _ages_of_marks(moments: list[int], grew: list[tuple[int, float]]) -> list[float]:
    """Return how long each marked order took; one frame may draw several of them, which its growth tells."""
    if not grew:
        return []
    growth = np.array([height for _, height in grew])
    drawn = np.cumsum(np.rint(growth / growth.min()))
    ages = []
    for number, moment in enumerate(moments, start=1):
        reached = np.flatnonzero(drawn >= number)
        if len(reached):
            ages.append((grew[int(reached[0])][0] - moment) / 1000)
    return ages


def _answers(address: str, server: subprocess.Popen[bytes], log: Path) -> bool:
    if server.poll() is not None:
        raise RuntimeError(log.read_text()[-2000:])
    try:
        httpx.get(address, timeout=60)
    except httpx.TransportError:
        return False
    return True


def _settle(process: psutil.Process) -> None:
    """Wait until the first visitor's forecasts and reports are done."""
    until(lambda: process.cpu_percent(2.0) < IDLE_PERCENT, "the server is idle", patience_s=180)


def _run_ahead(process: psutil.Process, log: Path) -> None:
    """Wait until the kernels of the pool are there and have run their notebooks, which Voilà tells of too early."""
    until(lambda: _is_filled(log), "kernels are there")
    for _ in range(60):
        before = [(child, child.cpu_times()) for child in process.children()]
        time.sleep(2.0)
        spent = sum(child.cpu_times().user - was.user for child, was in before if child.is_running())
        if spent < 2.0 * IDLE_PERCENT / 100:
            return
    raise TimeoutError("the kernels that run ahead are never idle")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _is_filled(log: Path) -> bool:
    text = log.read_text()
    return text.count("is filled with") >= 2 + text.count("Using pre-heated kernel")


def _kernels_of(process: psutil.Process) -> int:
    found = 0
    for child in process.children():
        with suppress(psutil.NoSuchProcess):  # it ended while it was looked at
            found += child.status() != psutil.STATUS_ZOMBIE and "ipykernel" in " ".join(child.cmdline())
    return found


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"CYBERPUNK_HOME": str(home), "OMP_NUM_THREADS": "1"}


def main() -> int:
    """Measure and report."""
    options = arguments(__doc__ or "", parts=PARTS)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        os.environ["CYBERPUNK_HOME"] = place
        prepare(home)
        measure = {
            "panel": lambda: first_picture("panel", home, repeats=2 if options.quick else 7),
            "voila": lambda: first_picture("voila", home, repeats=1 if options.quick else 5),
            "city": lambda: city(home, seconds=20 if options.quick else 75),
            "visitors": lambda: visitors(home, seconds=30 if options.quick else 310),
            "kernels": lambda: kernels(home, count=4 if options.quick else 20),
        }
        rows = [row for part in PARTS if part in options.only for row in measure[part]()]
    return 0 if report(rows, options.json) else 1


if __name__ == "__main__":
    sys.exit(main())
