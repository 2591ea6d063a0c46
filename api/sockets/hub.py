"""The hub behind /ws: one consumer a process, one bounded mailbox and one writer a client, so that a stalled reader harms nobody else."""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from api.sockets.forecasts import ForecastAsks
from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cyberpunk_ai import Workspace

SEND_TIMEOUT_S = 2.0
METRICS_EVERY_S = 5.0
RETRY_S = 5.0
MOST_SLOTS, MOST_BYTES = 64, 32 * 1024 * 1024
METRICS = ("revenue", "orders", "avg_order_value", "active_customers")
log = get_logger("api.hub")
P = ParamSpec("P")
T = TypeVar("T")


class Mailbox:
    """What one client has not been sent yet: the newest message of each kind and subject, up to a number and a size.

    Args:
        most_slots: Messages that wait at most.
        most_bytes: Bytes that wait at most, beside the newest message.
    """

    def __init__(self, *, most_slots: int = MOST_SLOTS, most_bytes: int = MOST_BYTES) -> None:
        self._most_slots, self._most_bytes = most_slots, most_bytes
        self._waiting: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._filled = asyncio.Event()

    def put(self, slot: str, message: bytes) -> None:
        """Leave a message; an older one of the same slot is replaced, and of a reader who leaves too many waiting the oldest go."""
        self._bytes += len(message) - len(self._waiting.pop(slot, b""))
        self._waiting[slot] = message
        while len(self._waiting) > self._most_slots or (self._bytes > self._most_bytes and len(self._waiting) > 1):
            self._bytes -= len(self._waiting.popitem(last=False)[1])
        self._filled.set()

    async def take(self) -> bytes:
        """Wait for the oldest message."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        message = self._waiting.popitem(last=False)[1]
        self._bytes -= len(message)
        return message


class Hub:
    """Fans messages out to the clients of this process.

    Args:
        workspace: Where events and metrics come from.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._mailboxes: dict[str, Mailbox] = {}
        self._ids = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._mailboxes)

    def start(self) -> None:
        """Begin to consume and to measure; call it inside the running loop."""
        self._tasks = [asyncio.create_task(self._keep_going(work)) for work in (self._forward_events, self._send_metrics)]

    async def stop(self) -> None:
        """End the tasks and wait for them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def broadcast(self, kind: str, data: object, *, slot: str = "") -> None:
        """Leave a message for every client, serialised once."""
        message = orjson.dumps({"type": kind, "timestamp": utc_now(), "data": data}, default=str)
        for mailbox in self._mailboxes.values():
            mailbox.put(slot or kind, message)

    async def serve(self, socket: WebSocket) -> None:
        """Serve one client until it leaves or stops reading."""
        await socket.accept()
        client = f"client-{next(self._ids)}"
        mailbox = self._mailboxes[client] = Mailbox()
        hello = {
            "client_id": client,
            "kinds": ["connection", "metrics_update", "data_sync", "forecast"],
            "metrics_every_seconds": METRICS_EVERY_S,
        }
        mailbox.put("connection", orjson.dumps({"type": "connection", "timestamp": utc_now(), "data": hello}))
        writer = asyncio.create_task(self._write(socket, mailbox))
        asks = ForecastAsks(self.workspace, mailbox)
        reader = asyncio.create_task(self._read(socket, mailbox, asks))
        try:
            await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._mailboxes.pop(client, None)
            writer.cancel()
            reader.cancel()
            await asyncio.gather(writer, reader, asks.close(), return_exceptions=True)
            if socket.application_state == WebSocketState.CONNECTED and socket.client_state == WebSocketState.CONNECTED:
                await socket.close(1013)

    async def _write(self, socket: WebSocket, mailbox: Mailbox) -> None:
        while True:
            message = await mailbox.take()
            await asyncio.wait_for(socket.send_text(message.decode()), SEND_TIMEOUT_S)

    async def _read(self, socket: WebSocket, mailbox: Mailbox, asks: ForecastAsks) -> None:
        while True:
            try:
                text = await socket.receive_text()
            except WebSocketDisconnect:
                return
            if text == "ping":
                mailbox.put("pong", b'{"type":"pong"}')
            else:
                asks.hear(text)

    async def _forward_events(self) -> None:
        """Carry `data_sync` events from the log to the clients; polling blocks, so it happens in a thread."""
        consumer = await _in_thread(self.workspace.events, ["data_sync"])
        try:
            while True:
                for event in await _in_thread(consumer.poll, max_events=500, timeout_s=0.5):
                    self.broadcast("data_sync", event.value, slot=f"data_sync:{event.value.get('source', '')}")
        finally:
            await _in_thread(consumer.close)

    async def _send_metrics(self) -> None:
        while True:
            if self._mailboxes:
                self.broadcast("metrics_update", await _in_thread(self._measure))
            await asyncio.sleep(METRICS_EVERY_S if self._mailboxes else 0.5)

    async def _keep_going(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin again when a store fails: a broker that restarts must not leave the clients without news until the server restarts, too."""
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may find it gone; it is logged
                log.warning("live messages broke off, trying again", work=work.__name__, problem=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY_S)

    def _measure(self) -> dict[str, Any]:
        """Ask the semantic layer; a metric without data is None, a failure is told, never hidden."""
        values: dict[str, Any] = {"period": "this month"}
        for metric in METRICS:
            try:
                values[metric] = self.workspace.query(metric, period="this month").value
            except CyberpunkError as error:
                values[metric] = None
                values.setdefault("problems", {})[metric] = error.message
                log.warning("metric failed", metric=metric, code=error.code, problem=error.message)
        return values


async def _in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call in a thread. Cancelling waits for its end, so that nothing is closed under a call that still uses it."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
