"""Whether any of Kafka's bootstrap servers answers now, found out on connections of its own within a bounded time.

The client library keeps trying for half a minute before it gives up, which is right for a transfer and wrong for a question.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWER_S = 2.0
DEFAULT_PORT = 9092
# ApiVersions, version 0, correlation 1, no client id: the one request that every broker answers before any other, to anybody.
_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)


def answer_ms(servers: Sequence[str], *, timeout_s: float = ANSWER_S) -> float:
    """Ask all servers at once which requests they know, and return how long the first answer took, in milliseconds.

    Args:
        servers: `host:port` each.
        timeout_s: Seconds to wait, name resolution included.

    Raises:
        StoreFailed: None answers in time.
    """
    started, faults = time.perf_counter(), dict[str, str]()
    no_answer = f"no answer within {timeout_s:g} s"
    is_decided, latencies_ms = threading.Event(), list[float]()

    def ask(server: str) -> None:
        try:
            _ask(server, timeout_s)
            latencies_ms.append((time.perf_counter() - started) * 1000)
            is_decided.set()
        except OSError as error:
            is_late = isinstance(error, TimeoutError) and error.errno is None
            faults[server] = no_answer if is_late else error.strerror or str(error) or type(error).__name__
            if len(faults) == len(set(servers)):
                is_decided.set()

    for server in set(servers):
        # Daemons: resolving a name cannot be interrupted, and must not keep the process alive either.
        threading.Thread(target=ask, args=(server,), name=f"kafka-answer-{server}", daemon=True).start()
    is_decided.wait(timeout_s)
    if latencies_ms:
        return latencies_ms[0]
    reasons = "; ".join(f"{server}: {faults.get(server, no_answer)}" for server in dict.fromkeys(servers))
    raise StoreFailed(f"Kafka cannot be reached ({reasons})", hint=what_to_do(servers))


def what_to_do(servers: Sequence[str]) -> str:
    """Return the hint of every error about servers that cannot be used."""
    return f"check KAFKA_BOOTSTRAP_SERVERS ({', '.join(servers)}), and that the brokers are up"


def _ask(server: str, timeout_s: float) -> None:
    host, _, port = server.rpartition(":") if ":" in server.rpartition("]")[2] else (server, "", str(DEFAULT_PORT))
    if not port.isdigit():
        raise OSError(f"{port!r} is no port")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_s) as connection:
        connection.sendall(_API_VERSIONS)
        if not connection.recv(4):
            raise ConnectionResetError("the connection was closed without an answer")
