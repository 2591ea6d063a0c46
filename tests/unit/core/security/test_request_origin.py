"""Which requests a server answers, by host and origin."""

from __future__ import annotations

from typing import Any

import pytest

from cyberpunk_ai.core.security.request_origin import OriginCheck, RequestOrigin, is_loopback

HERE = {"host": "127.0.0.1:8000"}


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000", "127.0.0.2", "::1"])
@pytest.mark.parametrize("listening", ["127.0.0.1", "::1", "127.0.0.2", "LOCALHOST", "localhost"])
def test_a_loopback_server_is_called_by_its_addresses(listening: str, host: str) -> None:
    assert is_loopback(listening)
    assert RequestOrigin.of(listening).refusal("GET", {"host": host}) is None


@pytest.mark.parametrize(
    "host", ["rebound.example", "rebound.example:8000", "127.0.0.1.example", "localhost.example", "10.0.0.5", "", "[::1"]
)
def test_any_other_name_is_refused(host: str) -> None:
    refusal = RequestOrigin.of("127.0.0.1").refusal("GET", {"host": host})
    if host == "[::1":  # an address without its bracket is still that address
        assert refusal is None
        return
    assert refusal is not None
    assert (refusal.status, refusal.code) == (400, "unknown_host")
    assert "CYBERPUNK_ALLOWED_HOSTS" in refusal.hint


def test_a_server_of_the_network_is_called_by_addresses_and_listed_names() -> None:
    rule = RequestOrigin.of("0.0.0.0", ["Analytics.Example.com", " "])
    assert rule.refusal("GET", {"host": "10.0.0.5:8000"}) is None
    assert rule.refusal("GET", {"host": "analytics.example.com"}) is None
    assert rule.refusal("GET", {"host": "rebound.example"}) is not None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),  # a program
        ("POST", {}),
        ("POST", {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}),
        ("GET", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}),  # typed into the address bar
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}),  # a link in a mail
    ],
)
def test_programs_own_pages_and_links_are_answered(method: str, headers: dict[str, str]) -> None:
    assert RequestOrigin.of("127.0.0.1").refusal(method, HERE | headers) is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"origin": "http://elsewhere.example"}),
        ("GET", {"origin": "http://elsewhere.example"}),
        ("GET", {"origin": "null"}),
        ("GET", {"origin": "http://127.0.0.1:9999"}),  # another program's page on this machine
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
        ("GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty"}),
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}),  # a form
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "upgrade": "websocket"}),
    ],
)
def test_pages_of_others_are_refused(method: str, headers: dict[str, str]) -> None:
    refusal = RequestOrigin.of("127.0.0.1").refusal(method, HERE | headers)
    assert refusal is not None
    assert (refusal.status, refusal.code) == (403, "foreign_origin")
    assert refusal.hint


async def answered(kind: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"DENY")]})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": kind, "method": "GET", "headers": [(name.encode(), value.encode()) for name, value in (HERE | headers).items()]}
    await OriginCheck(app, RequestOrigin.of("127.0.0.1"))(scope, receive, send)
    return sent


async def test_answers_keep_pages_to_themselves() -> None:
    (start,) = await answered("http", {})
    headers = dict(start["headers"])
    assert headers[b"x-frame-options"] == b"DENY", "what a route says is kept"
    assert b"frame-ancestors 'self'" in headers[b"content-security-policy"]
    assert headers[b"cross-origin-resource-policy"] == b"same-origin"


async def test_a_refusal_says_why_and_what_to_do() -> None:
    start, body = await answered("http", {"origin": "http://elsewhere.example"})
    assert start["status"] == 403
    assert b'"code": "foreign_origin"' in body["body"]
    assert b'"hint": "open the server' in body["body"]


async def test_a_foreign_socket_is_closed_before_it_opens() -> None:
    (close,) = await answered("websocket", {"origin": "http://elsewhere.example"})
    assert (close["type"], close["code"]) == ("websocket.close", 1008)
