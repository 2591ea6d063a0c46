"""Fixtures of the doors: a home with the demo company, built once and copied for every worker, and a real server over it."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import OURS
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
TODAY = "2025-08-14"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a child that knows this home and nothing of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CYBERPUNK_") and name not in OURS}
    paths = os.pathsep.join([str(ROOT / "lib"), str(ROOT)])
    return kept | {"CYBERPUNK_HOME": str(home), "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | more


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one worker build while the others wait."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def built_demo(shared_folder: Path) -> Path:
    """Home with the tiny demo company, loaded through its connectors, once for all workers. Nobody works in it: it is copied."""
    home = shared_folder / "home-demo"
    with locked(shared_folder / "demo.lock"):
        if not (home / ".built").exists():
            command = [sys.executable, "-m", "cyberpunk_ai.cli", "demo", "--size", "tiny", "--json"]
            known = environment(home, CYBERPUNK_TODAY=TODAY)
            done = subprocess.run(command, env=known, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            (home / ".built").touch()
    return home


@pytest.fixture(scope="session")
def demo_home(built_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This worker's home with the tiny demo company. Its data stay as they are: take `own_demo_home` to change them."""
    return Path(shutil.copytree(built_demo, tmp_path_factory.mktemp("demo") / "home"))


@pytest.fixture
def own_demo_home(built_demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo home that a test may change."""
    return Path(shutil.copytree(built_demo, tmp_path / "demo"))


# Most of these servers never forecast; those that do load the libraries then.
UNHURRIED = {"CYBERPUNK_PRELOAD_WORKERS": "false"}


@contextmanager
def serving(home: Path, log: Path, **more: str) -> Iterator[str]:
    """Run the API over a home; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port), "--log-level", "warning"]
    with log.open("w") as lines:
        server = subprocess.Popen(
            command, env=environment(home, CYBERPUNK_API_PORT=str(port), **UNHURRIED | more), cwd=ROOT, stdout=lines, stderr=lines
        )
        try:
            address = f"http://127.0.0.1:{port}"
            ended = lambda: "" if server.poll() is None else f"it has ended: {log.read_text()}"  # noqa: E731
            until(lambda: answers(f"{address}/live"), "the API answers", give_up=ended)
            yield address
        finally:
            server.terminate()
            server.wait(PATIENCE_S)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def demo_api(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the API over the demo company, without pages; one server for all tests of a worker. They must not change the data."""
    log = tmp_path_factory.mktemp("api") / "api.log"
    with (
        serving(demo_home, log, CYBERPUNK_TODAY=TODAY, CYBERPUNK_MOUNTS="") as address,
        httpx.Client(base_url=address, timeout=PATIENCE_S) as client,
    ):
        yield client
