"""A server in mixed use for minutes or an hour: pages, forecasts, sockets, reports and imports. Does its memory stay flat, does it answer?

`python -m benchmarks.soak [--minutes 60] [--json FILE]`. A real server over the small demo company; memory counts from ten minutes on, in a
shorter run from its half on. Its worker processes are counted apart: they come and go with the forecasts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import http.client
import itertools
import json
import math
import multiprocessing
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import websockets

from benchmarks.cockpit.visitors import Visitor, visit
from benchmarks.rows import Row, judged, report

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PAGES = ("cockpit", "explore", "forecasts", "retention", "quality", "streams", "admin")
LIVE_EVERY_S = 0.1
MEMORY_EVERY_S = 2.0
SETTLED_S = 600.0
MUST_GROW_PERCENT, MUST_LIVE_S = 10.0, 1.0


def watch(port: int, until: float, queue: Any) -> None:
    """Ask `/live` again and again from a process of its own, and hand over how long each answer took, in seconds."""
    taken = []
    while time.time() < until:
        started = time.perf_counter()
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            line.request("GET", "/live")
            line.getresponse().read()
            line.close()
        except OSError:
            taken.append(60.0)
        else:
            taken.append(time.perf_counter() - started)
        time.sleep(LIVE_EVERY_S)
    queue.put(taken)


class Use:
    """What is done to the server, each kind in a loop until the time is over.

    Args:
        address: Of the server.
        home: Its home, for imports by another process's hand.
        until: When to stop, in seconds since 1970.
    """

    def __init__(self, address: str, home: Path, until: float) -> None:
        self.address, self.home, self.until = address, home, until
        self.done: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self._draws = random.Random(0)

    async def all(self) -> None:
        """Do everything at once."""
        async with httpx.AsyncClient(base_url=self.address, timeout=300) as client:
            await asyncio.gather(
                *(self._again("page", 1.0, self._page) for _ in range(2)),
                *(self._again("forecast", 2.0, lambda: self._forecast(client)) for _ in range(2)),
                self._again("streamed forecast", 5.0, self._stream),
                self._again("report", 15.0, lambda: self._report(client)),
                self._again("question", 1.0, lambda: self._ask(client)),
                self._again("import", 30.0, self._bring),
            )

    async def _again(self, name: str, pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
        while time.time() < self.until:
            try:
                await work()
                self.done[name] += 1
            except (OSError, ValueError, httpx.HTTPError, websockets.WebSocketException, TimeoutError) as error:
                self.problems[f"{name}: {type(error).__name__} {error}"[:120]] += 1
            await asyncio.sleep(pause_s)

    async def _page(self) -> None:
        await visit(self.address, self._draws.choice(PAGES), self._draws.uniform(2, 8), Visitor())

    async def _forecast(self, client: httpx.AsyncClient) -> None:
        count = self._draws.choice((40, 150, 800, 5_000))
        first, turn = datetime(2020, 1, 1, tzinfo=UTC), self._draws.random()
        rows = [
            {"ds": (first + timedelta(hours=hour)).isoformat()[:19], "y": 100 + 10 * math.sin(hour / 24 * math.tau) + turn * (hour % 7)}
            for hour in range(count)
        ]
        self._check(await client.post("/api/v1/forecast", json={"data": rows, "horizon": 24, "budget_s": 5}))

    async def _report(self, client: httpx.AsyncClient) -> None:
        self._check(await client.post("/api/v1/retention", json={"horizon_days": self._draws.randint(30, 180)}))

    async def _ask(self, client: httpx.AsyncClient) -> None:
        metric, by = self._draws.choice(("revenue", "orders")), self._draws.choice(("region", "category", "channel"))
        self._check(await client.get(f"/api/v1/metrics/{metric}", params={"by": by, "grain": "month"}))

    async def _stream(self) -> None:
        async with websockets.connect(f"{self.address.replace('http', 'ws', 1)}/ws", max_size=None, open_timeout=60) as line:
            asked = {"type": "forecast", "id": "1", "grain": "week", "horizon": self._draws.randint(1, 26), "budget_s": 10}
            await line.send(json.dumps(asked))
            async with asyncio.timeout(120):
                while True:
                    message = json.loads(await line.recv())
                    if message["type"] == "forecast_error":
                        raise ValueError(message["data"]["message"])
                    if message["type"] == "forecast" and message["data"]["is_last"]:
                        return

    async def _bring(self) -> None:
        path, now = self.home / "brought.csv", datetime.now(UTC)
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("order_id", "ordered_at", "customer_id", "region", "category", "channel", "product", "quantity", "amount"))
            for number in range(200):
                name = f"S{now:%H%M%S}-{number}"
                rows.writerow((name, now.isoformat(), f"C{number}", "EMEA", "Books", "web", "Book", 1, self._draws.randint(5, 90)))
        command = [sys.executable, "-m", "cyberpunk_ai.cli", "import", str(path), "--yes"]
        process = await asyncio.create_subprocess_exec(
            *command, env=_environment(self.home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, said = await process.communicate()
        if process.returncode:
            raise ValueError(said.decode()[-100:])

    def _check(self, answer: httpx.Response) -> None:
        if answer.status_code != 200:
            raise ValueError(f"{answer.status_code} {answer.text[:80]}")


async def note_memory(pid: int, until: float) -> list[tuple[float, float, float]]:
    """Note seconds, MiB of the server and MiB of its processes, every other second."""
    server, found, started = psutil.Process(pid), [], time.time()
    while time.time() < until:
        below = 0.0
        for child in server.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                below += child.memory_info().rss
        found.append((time.time() - started, server.memory_info().rss / 2**20, below / 2**20))
        await asyncio.sleep(MEMORY_EVERY_S)
    return found


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"CYBERPUNK_HOME": str(home)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def soak(minutes: float) -> list[Row]:
    """Use a server for so long and judge what it did."""
    with tempfile.TemporaryDirectory() as place:
        home, port = Path(place) / "home", _free_port()
        subprocess.run([sys.executable, "-m", "cyberpunk_ai.cli", "demo", "--size", "small"], env=_environment(home), check=True)
        command = [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port), "--log-level", "warning", "--no-access-log"]
        with (Path(place) / "log").open("w") as log, subprocess.Popen(command, env=_environment(home), stdout=log, stderr=log) as server:
            try:
                return _use(server.pid, port, home, minutes)
            finally:
                server.terminate()
                print((Path(place) / "log").read_text()[-2_000:] if server.poll() not in (None, 0) else "")


def _use(pid: int, port: int, home: Path, minutes: float) -> list[Row]:
    for _ in itertools.count():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        if not psutil.pid_exists(pid):
            raise SystemExit("the server did not start")
        time.sleep(0.1)
    until = time.time() + 60 * minutes
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    watcher = context.Process(target=watch, args=(port, until, queue), daemon=True)
    watcher.start()
    use = Use(f"http://127.0.0.1:{port}", home, until)

    async def both() -> list[tuple[float, float, float]]:
        noted, _ = await asyncio.gather(note_memory(pid, until), use.all())
        return noted

    memory, taken = asyncio.run(both()), sorted(queue.get())
    settled_s = min(SETTLED_S, 30 * minutes)
    window_s = max(60 * minutes / 10, MEMORY_EVERY_S)
    early = statistics.median(each for age, each, _ in memory if settled_s <= age <= settled_s + window_s)
    late = statistics.median(each for age, each, _ in memory if age >= 60 * minutes - window_s)
    for age, mine, below in memory[:: max(len(memory) // 12, 1)]:
        print(f"{age / 60:5.1f} min  server {mine:6.0f} MiB  its processes {below:6.0f} MiB")
    print(", ".join(f"{count} x {name}" for name, count in use.done.items()))
    for problem, count in use.problems.most_common(10):
        print(f"{count} x {problem}")
    return [
        judged("growth of the server's memory", "%", 100 * (late / early - 1), must=MUST_GROW_PERCENT),
        Row("memory of the server when settled", "MiB", early),
        Row("memory of the server at the end", "MiB", late),
        Row("most memory of its processes", "MiB", max(below for _, _, below in memory)),
        judged("/live, 99 of 100", "s", taken[int(0.99 * (len(taken) - 1))], must=MUST_LIVE_S),
        Row("/live, the longest", "s", taken[-1]),
        judged("uses that failed", "", float(sum(use.problems.values())), must=0.0),
    ]


def main() -> int:
    """Soak and report."""
    parser = argparse.ArgumentParser(description="Mixed use of a server for a while.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    options = parser.parse_args()
    return 0 if report(soak(options.minutes), options.json) else 1


if __name__ == "__main__":
    raise SystemExit(main())
