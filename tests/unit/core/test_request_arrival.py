"""Requests that do not arrive: half a header, half a body, nothing at all. The loop's clock is moved by hand; there is no network."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from cyberpunk_ai.core.request_arrival import BUSY_S, SLOWEST_BYTES_PER_S, limited
from tests.clock import Clock

LIMIT_S = 60.0
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"


class Transport(asyncio.Transport):
    """What was written, and whether the connection was closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop, self.protocol = loop, None
        self.written, self.is_closed = b"", False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            if self.protocol is not None:
                self.loop.call_soon(self.protocol.connection_lost, None)

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Line:
    """A connection to an application that answers a whole body with its length; time passes on it when the test says so."""

    def __init__(self, protocol: type[asyncio.Protocol], clock: Clock) -> None:
        self.clock, self.disconnects, self.may_answer = clock, 0, asyncio.Event()
        self.may_answer.set()
        config = Config(self._app, http=limited(protocol, LIMIT_S), interface="asgi3", lifespan="off", log_config=None)
        config.load()
        self.state = ServerState()
        self.transport = Transport(asyncio.get_running_loop())
        self.protocol: Any = config.http_protocol_class(config=config, server_state=self.state, app_state={})  # type: ignore[call-arg]
        self.transport.set_protocol(self.protocol)
        self.protocol.connection_made(self.transport)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            return
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnects += 1
                return
            size, more = size + len(message["body"]), message["more_body"]
        await self.may_answer.wait()
        body = str(size).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async def feed(self, data: bytes) -> None:
        self.protocol.data_received(data)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        # In steps: a timer that comes much too late is taken for a busy loop.
        while seconds > 0 and not self.transport.is_closed:
            step = min(seconds, BUSY_S / 2)
            self.clock.advance(step)
            seconds -= step
            await self.settle()


def on_a_line(protocol: type[asyncio.Protocol], story: Any) -> None:
    clock = Clock(0.0)

    class Loop(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return clock()

    loop = Loop()
    try:

        async def main() -> None:
            await story(Line(protocol, clock))

        loop.run_until_complete(main())
    finally:
        loop.close()


def _protocols() -> list[type[asyncio.Protocol]]:
    """uvicorn takes httptools where that is installed, and h11 otherwise."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return [H11Protocol]
    return [H11Protocol, HttpToolsProtocol]


both = pytest.mark.parametrize("protocol", _protocols())


@both
@pytest.mark.parametrize("said", [b"", b"POST / HTTP/1.1\r\nHost: he"], ids=["nothing", "half a header"])
def test_a_header_that_does_not_end_is_answered_408_and_closed(protocol: type[asyncio.Protocol], said: bytes) -> None:
    async def story(line: Line) -> None:
        if said:
            await line.feed(said)
        await line.wait(LIMIT_S - 1)
        assert not line.transport.is_closed
        if said:
            await line.feed(b"r")  # a byte now and then buys no time
        await line.wait(2)
        assert line.transport.is_closed
        assert line.transport.written.startswith(b"HTTP/1.1 408 ")
        error = json.loads(line.transport.written.partition(b"\r\n\r\n")[2])["error"]
        assert "60 s" in error["message"]
        assert "CYBERPUNK_MAX_REQUEST_S" in error["hint"]

    on_a_line(protocol, story)


@both
def test_a_body_that_trickles_ends_the_request_of_the_application(protocol: type[asyncio.Protocol]) -> None:
    async def story(line: Line) -> None:
        await line.feed(POST % 5_000 + b"{")
        for _ in range(int(LIMIT_S)):
            await line.wait(1.1)
            if line.transport.is_closed:
                break
            await line.feed(b" ")
        await line.settle()
        assert line.transport.written.startswith(b"HTTP/1.1 408 ")
        assert line.disconnects == 1

    on_a_line(protocol, story)


@both
def test_a_large_body_has_as_long_as_its_bytes_take(protocol: type[asyncio.Protocol]) -> None:
    async def story(line: Line) -> None:
        size = 3 * int(LIMIT_S) * SLOWEST_BYTES_PER_S
        await line.feed(POST % size)
        for _ in range(12):
            await line.wait(LIMIT_S / 4)
            await line.feed(bytes(size // 12))
        assert line.transport.written.endswith(str(size).encode())

    on_a_line(protocol, story)


@both
def test_an_answer_may_take_as_long_as_it_likes_and_the_next_request_starts_anew(protocol: type[asyncio.Protocol]) -> None:
    async def story(line: Line) -> None:
        line.may_answer.clear()
        await line.feed(POST % 2 + b"{}")
        await line.wait(10 * LIMIT_S)
        line.may_answer.set()
        await line.settle()
        assert line.transport.written.endswith(b"2")
        await line.feed(b"GET / HT")
        await line.wait(LIMIT_S - 1)
        assert not line.transport.is_closed
        await line.wait(2)
        assert line.transport.is_closed

    on_a_line(protocol, story)


@both
def test_a_busy_loop_is_no_fault_of_the_client(protocol: type[asyncio.Protocol]) -> None:
    async def story(line: Line) -> None:
        await line.feed(POST % 2)
        line.clock.advance(10 * LIMIT_S)  # nobody read in this time
        await line.settle()
        assert not line.transport.is_closed
        await line.feed(b"{}")
        assert line.transport.written.endswith(b"2")

    on_a_line(protocol, story)


@both
def test_an_open_socket_is_left_alone(protocol: type[asyncio.Protocol]) -> None:
    async def story(line: Line) -> None:
        handshake = b"GET /ws HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        with contextlib.suppress(AttributeError):  # the protocol of sockets wants more of a transport than there is here
            await line.feed(handshake + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        assert line.protocol not in line.state.connections
        await line.wait(2 * LIMIT_S)
        assert b"408" not in line.transport.written

    on_a_line(protocol, story)


def test_another_protocol_is_served_as_it_is() -> None:
    assert limited(asyncio.Protocol) is asyncio.Protocol
    once = limited(H11Protocol)
    assert limited(once) is once
