"""Repairs of `bokeh_fastapi`: one message after the other on a page's web socket, and an end for every page that was left.

A Bokeh message is several frames (header, metadata, content, buffers). `bokeh_fastapi` sends them without a lock, so two messages sent
at once mix their frames as soon as the socket makes one of them wait, and the page then understands nothing any more.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bokeh.protocol.exceptions import ProtocolError

from cyberpunk_ai.core.logs import get_logger

log = get_logger("pages")


def send_whole_messages() -> None:
    """Let every socket finish a message before it begins the next; a second call changes nothing."""
    from bokeh_fastapi.handler import WSHandler

    send = WSHandler.send_message
    if getattr(send, "is_whole", False):
        return

    async def send_whole(self: Any, message: Any) -> int:
        lock: asyncio.Lock = self.__dict__.setdefault("_one_message_at_a_time", asyncio.Lock())
        async with lock:
            sent: int = await send(self, message)
        return sent

    send_whole.is_whole = True  # type: ignore[attr-defined]
    WSHandler.send_message = send_whole


def keep_cleaning() -> None:
    """Let the search for left pages go on after one of them could not be ended; a second call changes nothing.

    `bokeh_fastapi` gives up for good at the first error, and every later visitor would stay in memory.
    """
    from bokeh_fastapi.application import BokehFastAPI

    if getattr(BokehFastAPI._cleanup_loop, "is_stubborn", False):
        return

    async def clean(self: Any) -> None:
        while True:
            await asyncio.sleep(self._cleanup_timeout)
            try:
                await self._cleanup_sessions()
            except Exception:
                log.exception("a page that was left could not be ended")

    clean.is_stubborn = True  # type: ignore[attr-defined]
    BokehFastAPI._cleanup_loop = clean


def let_go_of_closed_sockets() -> None:
    """Detach a page from its session whenever its socket has ended; a second call changes nothing.

    `bokeh_fastapi` waits for an exception where the socket only tells that it was closed, so that a page to which nothing is sent any more
    would count as connected for good.
    """
    from bokeh_fastapi.handler import WSHandler

    connect = WSHandler.ws_connect
    if getattr(connect, "lets_go", False):
        return

    async def connect_and_let_go(self: Any, websocket: Any) -> None:
        try:
            await connect(self, websocket)
        except (RuntimeError, ValueError, ProtocolError) as error:
            # A token that is missing, foreign, expired or forged: refused before anything is answered, and no fault of the server.
            log.warning("a page's socket was refused", reason=str(error)[:200])
        finally:
            if self.connection is not None:
                self.application.client_lost(self.connection)

    connect_and_let_go.lets_go = True  # type: ignore[attr-defined]
    WSHandler.ws_connect = connect_and_let_go


def start_every_session() -> None:
    """Let every visit start a session of its own: an address that names one could make a visitor enter somebody else's."""
    from bokeh_fastapi.handler import DocHandler
    from fastapi import Request
    from fastapi.responses import HTMLResponse

    get = DocHandler.get
    if getattr(get, "starts_every_session", False):
        return

    async def get_new(self: Any, request: Request) -> HTMLResponse:
        return await get(self, request, None)

    get_new.__annotations__ = {"request": Request, "return": HTMLResponse}
    get_new.starts_every_session = True  # type: ignore[attr-defined]
    DocHandler.get = get_new


def repair_sockets() -> None:
    """Apply every repair."""
    start_every_session()
    send_whole_messages()
    keep_cleaning()
    let_go_of_closed_sockets()
