"""A ClickHouse for tests: the real engine in a process of its own, behind ClickHouse's HTTP protocol."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures_servers import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server without database; tests that write take `clickhouse_database`."""
    folder, port = tmp_path_factory.mktemp("clickhouse"), free_port()
    server = Server(
        [sys.executable, str(Path(__file__).with_name("clickhouse_front.py")), str(port), str(folder)], port, folder / "front.log"
    )
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def clickhouse_database(clickhouse_url: str) -> str:
    """URL of a database that nobody else uses; the warehouse makes it."""
    return f"{clickhouse_url}/t{uuid.uuid4().hex}"
