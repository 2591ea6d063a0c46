"""Which requests a server answers: checked once, by host and origin, for every route and socket of every door.

A browser sends requests of any web page to any address, also to this machine's loopback ports, with the cookies of that address. Whoever
reaches a loopback port counts as its administrator, so a page of another origin must reach nothing: neither read, nor write, nor be framed.
Programs send none of a browser's headers and are answered as before.

Source: Fetch Metadata (W3C, Sec-Fetch-*), RFC 6454 (origin), OWASP's resource isolation policy.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    Scope = dict[str, Any]
    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Bokeh's pages carry inline scripts and evaluate templates, so these stay allowed; nothing may be loaded from, or sent to, another origin.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
SAFE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class RequestOrigin:
    """The rule of one server.

    Args:
        names: Host names beside `localhost` that it answers to, in lower case. Addresses need no name: a web page can only point a name of
            its own at this machine (DNS rebinding).
        is_loopback: Whether it listens on a loopback address only; then only loopback addresses are its own.
    """

    names: frozenset[str] = frozenset()
    is_loopback: bool = True

    @classmethod
    def of(cls, host: str, names: Iterable[str] = ()) -> RequestOrigin:
        """Make the rule of a server.

        Args:
            host: Address that it listens on.
            names: Further names that it is reached by.
        """
        return cls(frozenset(name.strip().lower() for name in (*names, host) if name.strip()), is_loopback(host))

    def knows(self, host: str) -> bool:
        """Return whether a `Host` header names this server; the port does not matter."""
        name = host_name(host)
        if name in self.names or name == "localhost":
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.is_loopback

    def refusal(self, method: str, headers: Mapping[str, str]) -> Refusal | None:
        """Return why a request is refused, None if it is answered.

        Args:
            method: Of the request; `GET` for the opening of a socket.
            headers: By lower-case name. A browser sends `origin` and `sec-fetch-*`, which no page can forge.
        """
        host = headers.get("host", "")
        if not self.knows(host):
            return Refusal(
                HTTPStatus.BAD_REQUEST,
                "unknown_host",
                f"this server is not called {host[:100]!r}",
                "use its address, or list the name in CYBERPUNK_ALLOWED_HOSTS",
            )
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return _foreign(f"a page of {origin[:100]!r}")
        site = headers.get("sec-fetch-site", "none")
        if site in ("none", "same-origin"):
            return None
        # A link may lead here from anywhere, into a window of its own: that only reads, and the page it came from sees nothing of it.
        is_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        if method in _READING and is_link and "upgrade" not in headers:
            return None
        return _foreign("a page of another site")


def _foreign(who: str) -> Refusal:
    return Refusal(
        HTTPStatus.FORBIDDEN, "foreign_origin", f"{who} may not use this server", "open the server's own pages, or call it from a program"
    )


def host_name(host: str) -> str:
    """Return the name or address in a `Host` header, without port and brackets, in lower case."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text if text.count(":") > 1 else text.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on is reached from this machine only."""
    name = host_name(host)
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class OriginCheck:
    """ASGI middleware that answers only what a `RequestOrigin` lets through, and sends headers that keep pages to themselves.

    Args:
        app: What it stands before: every route, page and socket of a server.
        rule: Which requests are answered.
    """

    def __init__(self, app: AsgiApp, rule: RequestOrigin) -> None:
        self._app, self._rule = app, rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a socket on, or refuse it before anything of it is read."""
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._rule.refusal(scope.get("method", "GET"), headers)
        if refusal is None:
            await self._app(scope, receive, send if kind == "websocket" else _with_safe_headers(send))
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.message})
        else:
            await _answer(refusal, scope.get("request_id", ""), send)


def _with_safe_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent = message.get("headers", [])
            known = {name.lower() for name, _ in sent}
            message["headers"] = [*sent, *(pair for pair in SAFE_HEADERS if pair[0] not in known)]
        await send(message)

    return send_with_headers


async def _answer(refusal: Refusal, request_id: str, send: Send) -> None:
    error = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint, "details": None, "request_id": request_id}
    body = json.dumps({"error": error}).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": refusal.status, "headers": [(b"content-type", b"application/json"), length]})
    await send({"type": "http.response.body", "body": body})
