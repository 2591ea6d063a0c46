"""Visitors who come at once are served in turn: one page is built at a time, so that those who have theirs are not kept waiting.

Building a page takes the event loop for most of a second. Where many are asked for together, the loop would build them all before it
answers a single socket, and every one of those pages would stand dead meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

BREATH_S = 0.15  # between two pages: a socket takes several rounds of the loop to open


class InTurn:
    """ASGI middleware that lets one request for a page in after the other.

    Args:
        app: What it stands before.
        pages: Paths of the pages.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], pages: Iterable[str]) -> None:
        self._app, self._pages, self._turn = app, frozenset(pages), asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, once its turn has come."""
        if scope["type"] != "http" or scope["path"].removeprefix(scope.get("root_path", "")) not in self._pages:
            await self._app(scope, receive, send)
            return
        must_wait = self._turn.locked()
        await self._turn.acquire()
        is_ours = True

        def give_up_turn() -> None:
            nonlocal is_ours
            if is_ours:
                is_ours = False
                self._turn.release()

        async def send_after_turn(message: Any) -> None:
            give_up_turn()  # the page is built; a slow line holds up nobody else
            await send(message)

        try:
            if must_wait:
                await asyncio.sleep(BREATH_S)
            await self._app(scope, receive, send_after_turn)
        finally:
            give_up_turn()
