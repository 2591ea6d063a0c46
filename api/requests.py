"""One pure-ASGI middleware: request id, size limit, one log line and one measurement a request."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from cyberpunk_ai.core import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 10 * 1024 * 1024
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
log = logs.get_logger("api")


class RequestContext:
    """Wrap an application.

    Args:
        app: The application.
        observe: Called with method, route template, status and seconds.
    """

    def __init__(self, app: ASGIApp, observe: Callable[[str, str, int, float], None]) -> None:
        self.app, self.observe = app, observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; sockets and lifespan pass through untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        asked = headers.get(b"x-request-id", b"")
        request_id = asked.decode() if REQUEST_ID.fullmatch(asked) else uuid.uuid4().hex
        scope["request_id"] = request_id
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        with logs.bind(request_id=request_id):
            try:
                await self._bounded(scope, headers, receive, watched)
            finally:
                # Templates, never paths: a label per customer id would grow without end.
                template = _template(scope)
                seconds = time.perf_counter() - started
                # A client may invent methods, too.
                method = scope["method"] if scope["method"] in METHODS else "other"
                self.observe(method, template, status, seconds)
                if template.startswith("/api/"):
                    log.info("request", method=scope["method"], route=template, status=status, latency_ms=round(seconds * 1000, 1))

    async def _bounded(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        length = headers.get(b"content-length", b"0")
        error = {"code": "too_large", "message": f"bodies may have at most {MAX_BODY_BYTES} bytes", "hint": "import files instead"}
        too_large = JSONResponse({"error": error | {"request_id": scope["request_id"]}}, status_code=413)
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            await too_large(scope, receive, send)
            return
        taken, is_refused = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                # A chunked body has no length to refuse by; cutting it off ends the request as a disconnect.
                return {"type": "http.disconnect"}
            return message

        async def answered(message: Message) -> None:
            nonlocal is_refused
            if taken <= MAX_BODY_BYTES:
                await send(message)
            elif not is_refused:  # what the application makes of a body that was cut off is not what the client did wrong
                is_refused = True
                await too_large(scope, receive, send)

        await self.app(scope, counted, answered)


def _template(scope: Scope) -> str:
    """Return the whole template of the matched route; a route of an included router only knows its own part."""
    own = getattr(scope.get("route"), "path", None)
    if own is None:
        return "unmatched"
    # Filled in, a template is the end of the path; what stands before it is the prefix of the router. Nothing of the client's may be in it.
    values = scope.get("path_params", {})
    end = PARAMETER.sub(lambda found: str(values.get(found[1], found[0])), own)
    path = scope["path"]
    return (path[: len(path) - len(end)] if path.endswith(end) else "") + str(own)
