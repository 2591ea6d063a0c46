"""A vendor's API on loopback that behaves as they do: pages of every kind, tokens that expire, limits with Retry-After, odd records."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

import contextlib


@dataclass
class Vendor:
    """The vendor's state; tests change it between calls.

    Attributes:
        records: What it has, each with `updated_at`.
        url: Where it listens.
        token_uses: Calls after which a token expires; None for never.
        limit_every: Every so many calls answer 429; 0 for never.
        retry_after: What the 429 says.
        revoked: Whether no new token is given.
        break_after: Calls after which every answer is a 500; None for never.
        expired_links: Whether page links and tokens are refused.
        foreign_next: Whether the next link leads to another origin.
        clock: Its time, which only moves while somebody rests.
        rests: How long those rested who were told to wait.
        token_padding: Bytes that an answer with a token is longer than it needs to be.
        tricks: Paths that are answered by a function of the handler instead.
    """

    records: list[Any] = field(default_factory=list)
    url: str = ""
    token_uses: int | None = None
    limit_every: int = 0
    retry_after: str = "0"
    revoked: bool = False
    break_after: int | None = None
    expired_links: bool = False
    foreign_next: bool = False
    calls: list[str] = field(default_factory=list)
    tokens_given: int = 0
    uses_left: int = 0
    refused_until: float = 0.0
    clock: Clock = field(default_factory=Clock)
    rests: list[float] = field(default_factory=list)
    token_padding: int = 0
    tricks: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    impolite: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def rest(self, seconds: float) -> None:
        """Let its time pass instead of waiting."""
        self.rests.append(seconds)
        self.clock.advance(seconds)

    def page(self, path: str, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
        """Return a body and headers."""
        since = query.get("since", "")
        found = [item for item in self.records if not isinstance(item, dict) or str(item.get("updated_at", "")) >= since]
        size = int(query.get("size", "10"))
        if path == "/all":
            return found, {}
        if path == "/page":
            start = (int(query.get("page", "1")) - 1) * size
        elif path == "/offset":
            start = int(query.get("offset", "0"))
        else:
            start = int(query.get("after", "0"))
        part, behind = found[start : start + size], start + size
        more = behind < len(found)
        following = f"{path}?" + urlencode({"after": behind, "size": size, **({"since": since} if since else {})})
        if path == "/link":
            return part, {"Link": f'<{self.url}{following}>; rel="next"'} if more else {}
        if path == "/next":
            base = "http://elsewhere.invalid" if self.foreign_next else self.url
            return {"data": {"items": part}, "links": {"next": base + following if more else None}}, {}
        if path == "/cursor":
            return {"data": {"items": part}, "paging": {"after": str(behind) if more else None}}, {}
        return {"data": {"items": part}}, {}


@contextlib.contextmanager
def running_vendor(records: list[Any]) -> Iterator[Vendor]:
    """Serve a vendor for the length of the block."""
    vendor = Vendor(records=records)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with vendor.lock:
                if vendor.revoked:
                    self._answer(401, {"error": "invalid_client"})
                    return
                vendor.tokens_given += 1
                vendor.uses_left = vendor.token_uses if vendor.token_uses is not None else 10**9
                self._answer(200, {"access_token": f"token-{vendor.tokens_given}", "expires_in": 60, "pad": " " * vendor.token_padding})

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if trick := vendor.tricks.get(parts.path):
                trick(self)
                return
            with vendor.lock:
                vendor.calls.append(self.path)
                count = len(vendor.calls)
                if vendor.break_after is not None and count > vendor.break_after:
                    self._answer(500, {"error": "down"})
                    return
                if vendor.tokens_given and (
                    vendor.uses_left <= 0 or self.headers.get("Authorization") != f"Bearer token-{vendor.tokens_given}"
                ):
                    self._answer(401, {"error": "expired"})
                    return
                vendor.uses_left -= 1
                if vendor.clock() < vendor.refused_until:
                    vendor.impolite += 1
                if vendor.limit_every and count % vendor.limit_every == 0:
                    seconds = float(vendor.retry_after) if vendor.retry_after.isdigit() else 0.0
                    vendor.refused_until = vendor.clock() + seconds
                    self._answer(429, {"error": "slow down"}, {"Retry-After": vendor.retry_after})
                    return
                if vendor.expired_links and ("after" in query):
                    self._answer(410, {"error": "gone"})
                    return
                body, headers = vendor.page(parts.path, query)
            self._answer(200, body, headers)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
