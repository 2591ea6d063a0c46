"""Closes connections whose request does not arrive in time: half a header or half a body would hold its place for as long as it likes.

Works on the protocol classes of uvicorn, because an application never sees a request whose header is not complete.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.logs import get_logger

if TYPE_CHECKING:
    import asyncio

MAX_REQUEST_S = 60.0
# What a body adds to its time by arriving: 10 MB at this pace take 200 s more, and a byte every few seconds next to nothing.
SLOWEST_BYTES_PER_S = 50_000
# A timer that comes later than this says that the loop was busy, in which time nobody could have read what did arrive.
BUSY_S = 1.0
log = get_logger("server")


def limited(protocol: type[asyncio.Protocol], max_request_s: float = MAX_REQUEST_S) -> type[asyncio.Protocol]:
    """Return a protocol of uvicorn that closes connections whose request does not arrive in time.

    Args:
        protocol: `H11Protocol` or `HttpToolsProtocol`, or a class made of one; any other is returned as it is, and that is logged.
        max_request_s: Seconds for a request to arrive whole, and one more per 50,000 bytes of it.
    """
    if issubclass(protocol, RequestArrival):
        return protocol
    if not all(hasattr(protocol, name) for name in ("handle_websocket_upgrade", "on_response_complete", "timeout_keep_alive_handler")):
        log.warning("slow requests are not limited with this protocol", protocol=protocol.__name__)
        return protocol
    return type(f"Limited{protocol.__name__}", (RequestArrival, protocol), {"max_request_s": max_request_s})


class RequestArrival:
    """What `limited` puts before a protocol; the protocol's own attributes say how far the present request is."""

    max_request_s: float
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    connections: set[Any]
    cycle: Any
    flow: Any

    _timer: asyncio.TimerHandle | None = None
    _began_s = _due_s = 0.0
    _taken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)  # type: ignore[misc]
        self._watch(0)

    def data_received(self, data: bytes) -> None:
        """Take what arrived; a request that is whole is waited for no more."""
        super().data_received(data)  # type: ignore[misc]
        self._watch(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget()
        super().connection_lost(exc)  # type: ignore[misc]

    def _is_arriving(self) -> bool:
        if self.transport.is_closing() or self not in self.connections:  # a WebSocket is served by another protocol
            return False
        # Data behind a complete answer belong to the next request, or to a body that nobody wanted.
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _watch(self, taken: int) -> None:
        if not self._is_arriving():
            self._forget()
        elif self._timer is None:
            self._began_s, self._taken = self.loop.time(), taken
            self._look_at(self._began_s + self.max_request_s)
        else:
            self._taken += taken

    def _look_at(self, moment_s: float) -> None:
        self._due_s = moment_s
        self._timer = self.loop.call_at(moment_s, self._look)

    def _look(self) -> None:
        now_s, due_s = self.loop.time(), self._began_s + self.max_request_s + self._taken / SLOWEST_BYTES_PER_S
        is_ours = self.flow.read_paused or now_s - self._due_s > BUSY_S
        if not self._is_arriving():
            self._forget()
        elif now_s < due_s or is_ours:
            self._look_at(max(due_s, now_s + BUSY_S) if is_ours else due_s)
        else:
            self._timer = None
            if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
                self.transport.write(_answer(self.max_request_s))
            self.transport.close()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _answer(max_request_s: float) -> bytes:
    status = HTTPStatus.REQUEST_TIMEOUT
    error = {
        "code": "request_too_slow",
        "message": f"the request did not arrive within {max_request_s:g} s",
        "hint": "send it without pauses, or raise CYBERPUNK_MAX_REQUEST_S",
    }
    body = json.dumps({"error": error}).encode()
    headers = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}\r\n".encode() + body
