"""One message after the other on a page's web socket.

A Bokeh message is several frames (header, metadata, content, buffers). `bokeh_fastapi` sends them without a lock, so two messages sent
at once mix their frames as soon as the socket makes one of them wait, and the page then understands nothing any more.
"""

from __future__ import annotations

import asyncio
from typing import Any


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
