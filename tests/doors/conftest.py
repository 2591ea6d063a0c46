"""Fixtures of the doors: a home with the demo company, built once and copied, and a real server over it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.doors.browsing import open_browser, page_server

ROOT = Path(__file__).resolve().parents[2]
TODAY = "2025-08-14"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a child that knows this home and nothing of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CYBERPUNK_")}
    paths = os.pathsep.join([str(ROOT / "lib"), str(ROOT)])
    return kept | {"CYBERPUNK_HOME": str(home), "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | more


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one worker build while the others wait."""
    import fcntl

    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def build_once(shared: Path, name: str, command: list[str], **more: str) -> Path:
    home = shared / f"home-{name}"
    with locked(shared / f"{name}.lock"):
        if not (home / ".built").exists():
            done = subprocess.run(
                command, env=environment(home, **more), cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
            )
            assert done.returncode == 0, done.stdout + done.stderr
            (home / ".built").touch()
    return home


@pytest.fixture(scope="session")
def demo_home(shared_folder: Path) -> Path:
    """Home with the small demo company, loaded through its connectors. Read only: copy it to change it."""
    command = [sys.executable, "-m", "cyberpunk_ai.cli", "demo", "--size", "small", "--json"]
    return build_once(shared_folder, "demo", command, CYBERPUNK_TODAY=TODAY)


@pytest.fixture
def own_demo_home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the demo home that a test may change."""
    return Path(shutil.copytree(demo_home, tmp_path / "demo"))


@contextmanager
def serving(home: Path, log: Path, **more: str) -> Iterator[str]:
    """Run the API over a home; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port), "--log-level", "warning"]
    with log.open("w") as lines:
        server = subprocess.Popen(
            command, env=environment(home, CYBERPUNK_API_PORT=str(port), **more), cwd=ROOT, stdout=lines, stderr=lines
        )
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/live"), 60, lambda: server.poll() is not None, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(true: Callable[[], bool], seconds: float, dead: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert not dead(), log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def demo_api(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the API over the demo company, without pages. Its tests must not change the data."""
    log = tmp_path_factory.mktemp("api") / "api.log"
    with (
        serving(demo_home, log, CYBERPUNK_TODAY=TODAY, CYBERPUNK_MOUNTS="") as address,
        httpx.Client(base_url=address, timeout=120) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def pages_home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo home for the pages; tests may publish events there."""
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("pages") / "home"))


@pytest.fixture(scope="session")
def pages(pages_home: Path) -> Iterator[str]:
    """Address of the pages over the demo company, one server for all tests of a worker."""
    with page_server(pages_home, pages_home / "server.log", CYBERPUNK_TODAY=TODAY) as address:
        yield address


@pytest.fixture(scope="session")
def empty_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the pages over a home without data."""
    home = tmp_path_factory.mktemp("empty-pages")
    with page_server(home, home / "server.log", CYBERPUNK_TODAY=TODAY) as address:
        yield address


# Not for the whole session: while Playwright's loop is there, tests with a loop of their own cannot run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for the tests of a file; each opens pages of its own."""
    with open_browser() as opened:
        yield opened
