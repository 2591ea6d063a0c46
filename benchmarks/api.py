"""What protection costs a request: CPU of the origin check and of the request context, beside the same application without them.

`python -m benchmarks.api [--quick] [--json FILE]`. The application answers at once, and both are called as a server calls them, so that the
difference is theirs alone.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from api.requests import RequestContext
from benchmarks.rows import Row, arguments, judged, report
from cyberpunk_ai.core.security.request_origin import OriginCheck, RequestOrigin

if TYPE_CHECKING:
    from collections.abc import Callable

MUST_US = 30.0
BROWSER = {
    "host": "127.0.0.1:8000", "connection": "keep-alive", "accept": "application/json", "origin": "http://127.0.0.1:8000",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36",
    "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "accept-encoding": "gzip, deflate, br",
    "accept-language": "en", "cookie": "cyberpunk_renderer=software",
}  # fmt: skip
PROGRAM = {"host": "127.0.0.1:8000", "accept": "*/*", "user-agent": "curl/8.0"}


async def answer_at_once(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer two bytes."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


async def receive() -> dict[str, Any]:
    """Give an empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: dict[str, Any]) -> None:
    """Take an answer."""


def cpu_us(app: Callable[..., Any], headers: dict[str, str], *, calls: int, rounds: int) -> float:
    """Return the CPU of one request in microseconds: the least of several rounds, which the rest of the machine disturbed least."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def once() -> float:
        started = time.process_time()
        for _ in range(calls):
            scope = {"type": "http", "method": "GET", "path": "/api/v1/status", "headers": raw}
            await app(scope, receive, send)
        return (time.process_time() - started) / calls * 1e6

    return min(asyncio.run(once()) for _ in range(rounds))


def main() -> int:
    """Measure and report."""
    options = arguments("CPU of the checks of a request.")
    size = {"calls": 2_000 if options.quick else 20_000, "rounds": 5}
    rule = RequestOrigin.of("127.0.0.1")
    rows: list[Row] = []
    for who, headers in (("a page of ours", BROWSER), ("a program", PROGRAM)):
        bare = cpu_us(answer_at_once, headers, **size)
        checked = cpu_us(OriginCheck(answer_at_once, rule), headers, **size)
        whole = cpu_us(RequestContext(OriginCheck(answer_at_once, rule), lambda *_: None), headers, **size)
        rows.append(judged(f"origin check, {who}", "us", checked - bare, peer=bare, peer_name="no check", must=MUST_US))
        rows.append(judged(f"origin check and request context, {who}", "us", whole - bare, peer=bare, peer_name="no check"))
    return 0 if report(rows, options.json) else 1


if __name__ == "__main__":
    raise SystemExit(main())
