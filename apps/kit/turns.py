"""Visitors who come at once are served in turn: one page is built at a time, so that those who have theirs are not kept waiting.

Each waiting page is a session's memory and a visitor's patience, so only so many wait; whoever comes then is told to come back.

Building a page takes the event loop for most of a second. Where many are asked for together, the loop would build them all before it
answers a single socket, and every one of those pages would stand dead meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

MOST_WAITING = 24
RETRY_S = 10
BREATH_S = 0.15  # between two pages: a socket takes several rounds of the loop to open

_BUSY = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta http-equiv="refresh" content="{RETRY_S}"><meta name="viewport" content="width=device-width">
<title>Busy - Cyberpunk AI</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto; padding: 0 1rem; color-scheme: light dark; }}
</style>
</head>
<body>
<h1>Too many visitors at once</h1>
<p>The server is building pages for others. This page loads again in {RETRY_S} seconds.</p>
<p>Where this happens often, raise <code>CYBERPUNK_MAX_PAGES_WAITING</code> or serve the pages from more than one process.</p>
</body>
</html>
"""


class InTurn:
    """ASGI middleware that lets one request for a page in after the other.

    Args:
        app: What it stands before.
        pages: Paths of the pages.
        most_waiting: Pages that are built or wait to be built; one more is refused with status 503, and loads again by itself.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], pages: Iterable[str], most_waiting: int = MOST_WAITING) -> None:
        self._app, self._pages, self._turn = app, frozenset(pages), asyncio.Lock()
        self._most_waiting, self._waiting = most_waiting, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, once its turn has come."""
        if scope["type"] != "http" or scope["path"].removeprefix(scope.get("root_path", "")) not in self._pages:
            await self._app(scope, receive, send)
            return
        if self._waiting >= self._most_waiting:
            await HTMLResponse(_BUSY, status_code=503, headers={"Retry-After": str(RETRY_S)})(scope, receive, send)
            return
        must_wait = self._turn.locked()
        self._waiting += 1
        try:
            await self._turn.acquire()
        except asyncio.CancelledError:
            self._waiting -= 1
            raise
        is_ours = True

        def give_up_turn() -> None:
            nonlocal is_ours
            if is_ours:
                is_ours = False
                self._waiting -= 1
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
