"""Visitors without a screen: each speaks the page's own protocol over a WebSocket and acknowledges every frame, as a browser does."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import websockets

WIDTH_PX = 1440
AGE_EVERY_S = 0.2
PATIENCE_S = 120.0
_TOKEN = re.compile(r'"token":"([^"]+)"')
_MOMENT = re.compile(r'datetime=(?:&quot;|")([^"&]+)')


@dataclass
class Visitor:
    """What one visitor saw."""

    frames: int = 0
    newest: float | None = None
    last_frame: float = 0.0
    ages_s: list[float] = field(default_factory=list)
    is_open: bool = False
    problem: str = ""


async def visit(address: str, page: str, seconds: float, visitor: Visitor) -> None:
    """Stay on a page for some seconds; every 0.2 s note how old the newest event is that the page shows."""
    async with httpx.AsyncClient(timeout=120) as client:
        answer = await client.get(f"{address}/{page}")
    token = _TOKEN.search(answer.text)
    if token is None:
        raise ValueError(f"{address}/{page} carries no session: {answer.status_code}")
    place = f"{address.replace('http', 'ws', 1)}/{page}/ws"
    protocols = [websockets.Subprotocol("bokeh"), websockets.Subprotocol(token[1])]
    # The library gives a handshake up after ten seconds, a browser only after minutes.
    async with websockets.connect(place, subprotocols=protocols, max_size=None, open_timeout=PATIENCE_S) as line:
        await _receive(line)
        await _send(line, "PULL-DOC-REQ", {})
        _, document = await _receive(line)
        probe = _probe_of(document)
        ready = {"type": "event", "name": "document_ready", "values": {"type": "map"}}
        await _send(line, "PATCH-DOC", {"events": [{"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": ready}]})
        await _change(line, probe, "width", WIDTH_PX)
        await _change(line, probe, "drawn", 0)
        visitor.is_open = True
        noting = asyncio.create_task(_note_ages(visitor))
        try:
            async with asyncio.timeout(seconds):
                while True:
                    kind, content = await _receive(line)
                    if kind == "PATCH-DOC":
                        for event in content["events"]:
                            await _take(line, probe, visitor, event)
        except TimeoutError:
            pass
        finally:
            noting.cancel()
            visitor.is_open = False


async def stay(address: str, page: str, count: int, seconds: float) -> list[Visitor]:
    """Have several visitors stay on a page at once; one that is thrown out says why."""
    visitors = [Visitor() for _ in range(count)]

    async def one(place: int) -> None:
        await asyncio.sleep(place * 0.5)
        try:
            await visit(address, page, seconds, visitors[place])
        except (OSError, ValueError, websockets.WebSocketException, httpx.HTTPError) as error:
            visitors[place].problem = f"{type(error).__name__}: {error}"

    await asyncio.gather(*(one(place) for place in range(count)))
    return visitors


async def _take(line: Any, probe: str, visitor: Visitor, event: dict[str, Any]) -> None:
    if event["kind"] != "ModelChanged":
        return
    if event["attr"] == "frame" and event["model"]["id"] == probe:
        visitor.frames += 1
        visitor.last_frame = time.time()
        await _change(line, probe, "drawn", event["new"])
    elif isinstance(event["new"], str) and (found := _MOMENT.search(event["new"])):
        visitor.newest = datetime.fromisoformat(found[1]).timestamp()


async def _note_ages(visitor: Visitor) -> None:
    while True:
        await asyncio.sleep(AGE_EVERY_S)
        if visitor.newest is not None:
            visitor.ages_s.append(time.time() - visitor.newest)


async def _receive(line: Any) -> tuple[str, dict[str, Any]]:
    header = json.loads(await line.recv())
    await line.recv()
    content = json.loads(await line.recv())
    for _ in range(2 * header.get("num_buffers", 0)):
        await line.recv()
    return header["msgtype"], content


async def _send(line: Any, kind: str, content: dict[str, Any]) -> None:
    for part in ({"msgid": f"{time.time_ns():x}", "msgtype": kind}, {}, content):
        await line.send(json.dumps(part))


async def _change(line: Any, model: str, name: str, value: Any) -> None:
    await _send(line, "PATCH-DOC", {"events": [{"kind": "ModelChanged", "model": {"id": model}, "attr": name, "new": value}]})


def _probe_of(document: Any) -> str:
    """Find the component through which a page acknowledges its frames."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("class_name") == "PageProbe" and isinstance(one.get("data"), dict):
                return str(one["data"]["id"])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    raise ValueError("the page has no probe")
