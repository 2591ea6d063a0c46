"""A real server that is told to end while clients, stores and jobs hold on to it, and one whose clients never finish their request."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.doors.conftest import ROOT, answers, environment, free_port
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.full

HALF = b"POST /api/v1/forecast HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"


@contextmanager
def process(home: Path, **more: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the API as anybody may, without an option that would help it to end."""
    port, log = free_port(), home.parent / "api.log"
    command = [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port), "--log-level", "warning"]
    with log.open("wb") as lines:
        env = environment(home, CYBERPUNK_MOUNTS="", **more)
        server = subprocess.Popen(command, env=env, cwd=ROOT, stdout=lines, stderr=lines, start_new_session=True)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/live"), "the API answers", give_up=lambda: server.poll() and log.read_text())
        yield server, port
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(PATIENCE_S)


def half_sent(port: int, data: bytes = HALF) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    line.sendall(data)
    return line


def children(pid: int) -> set[int]:
    """Return the processes whose parent, or whose parent's parent, is this one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    first = {child for child, parent in parents.items() if parent == pid}
    return first | {child for child, parent in parents.items() if parent in first}


def test_the_server_ends_whatever_clients_stores_and_jobs_do(tmp_path: Path) -> None:
    silent = socket.create_server(("127.0.0.1", 0))  # a Kafka that takes connections and never answers
    kafka = f"127.0.0.1:{silent.getsockname()[1]}"
    with ExitStack() as held, process(tmp_path / "home", KAFKA_BOOTSTRAP_SERVERS=kafka) as (server, port):
        held.callback(silent.close)
        months = [f"20{year}-{month:02}-01" for year in range(10, 20) for month in range(1, 13)]
        rows = [{"unique_id": f"s{s}", "ds": ds, "y": (7 * s * n) % 19 + 1} for s in range(700) for n, ds in enumerate(months)]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
            job = client.post("/api/v1/forecast/batch", json={"data": rows, "horizon": 6}).json()["job_id"]
            until(lambda: client.get(f"/api/v1/forecast/batch/{job}").json()["state"] == "running", "the job runs")
        held.enter_context(connect(f"ws://127.0.0.1:{port}/ws"))
        held.enter_context(half_sent(port))
        workers = children(server.pid)
        server.terminate()
        server.wait(PATIENCE_S)
        state = json.loads((tmp_path / "home" / "jobs" / "forecasts" / job / "state.json").read_text())
        assert state["state"] == "interrupted"
        assert "finished chunks are taken up" in state["message"]
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), "its workers have ended, too")


def test_half_a_request_is_closed_after_its_time(tmp_path: Path) -> None:
    with ExitStack() as held, process(tmp_path / "home", CYBERPUNK_MAX_REQUEST_S="1") as (_, port):
        for said in (HALF, HALF[:40], b""):
            line, received = held.enter_context(half_sent(port, said)), b""
            while more := line.recv(10_000):
                received += more
            assert re.match(rb"HTTP/1.1 408 ", received)
            assert b"CYBERPUNK_MAX_REQUEST_S" in received
