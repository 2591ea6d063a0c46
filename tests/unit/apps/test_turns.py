"""Pages are built one after the other, and nothing else waits for its turn."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from apps.kit import turns as rules
from apps.kit.turns import InTurn


class Site:
    """Notes what happens in which order; a page is built when its event is set, and then sent slowly."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.built: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["name"]
        self.told.append(f"{name} begins")
        if name in self.built:
            await self.built[name].wait()
        if name == "broken":
            raise RuntimeError("no page")
        await send({"type": "http.response.start"})
        self.told.append(f"{name} is sent")


def asked(name: str, path: str = "/cockpit", kind: str = "http") -> dict[str, str]:
    return {"type": kind, "path": path, "name": name}


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def no_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "BREATH_S", 0.0)


async def test_the_next_page_begins_when_the_one_before_is_built_and_not_when_it_has_arrived() -> None:
    site = Site()
    site.built = {"first": asyncio.Event()}
    turns, line = InTurn(site, ["/cockpit"]), asyncio.Event()

    async def slow(_message: Any) -> None:
        await line.wait()

    async def quick(_message: Any) -> None:
        return

    first = asyncio.create_task(turns(asked("first"), None, slow))
    await settle()
    second = asyncio.create_task(turns(asked("second"), None, quick))
    other = asyncio.create_task(turns(asked("file", "/theme.css"), None, quick))
    socket = asyncio.create_task(turns(asked("socket", "/cockpit", "websocket"), None, quick))
    await settle()
    assert site.told == ["first begins", "file begins", "file is sent", "socket begins", "socket is sent"]
    site.built["first"].set()
    await settle()
    assert site.told[5:] == ["second begins", "second is sent"]
    line.set()
    await asyncio.gather(first, second, other, socket)
    assert site.told[-1] == "first is sent"


async def test_a_page_that_fails_or_is_left_gives_its_turn_up() -> None:
    site = Site()
    site.built = {"left": asyncio.Event()}
    turns = InTurn(site, ["/cockpit"])

    async def quick(_message: Any) -> None:
        return

    with pytest.raises(RuntimeError, match="no page"):
        await turns(asked("broken"), None, quick)
    left = asyncio.create_task(turns(asked("left"), None, quick))
    await settle()
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    await asyncio.wait_for(turns(asked("next"), None, quick), 5)
    assert site.told[-1] == "next is sent"


async def test_more_pages_than_may_wait_are_refused_and_told_when_to_come_back() -> None:
    site = Site()
    site.built = {"first": asyncio.Event()}
    turns, heard = InTurn(site, ["/cockpit"], most_waiting=2), []

    async def quick(message: Any) -> None:
        heard.append(message)

    first, second = (asyncio.create_task(turns(asked(name), None, quick)) for name in ("first", "second"))
    await settle()
    await turns(asked("third"), None, quick)
    start, body = heard
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"10")
    assert b"CYBERPUNK_MAX_PAGES_WAITING" in body["body"]
    assert b'http-equiv="refresh"' in body["body"]
    await turns(asked("file", "/theme.css"), None, quick)
    second.cancel()  # a visitor who leaves makes room
    await asyncio.gather(second, return_exceptions=True)
    fourth = asyncio.create_task(turns(asked("fourth"), None, quick))
    await settle()
    site.built["first"].set()
    await asyncio.gather(first, fourth)
    assert "third begins" not in site.told
    assert site.told[-1] == "fourth is sent"
