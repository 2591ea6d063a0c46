"""The WebSocket door: what a client gets, and what a bad one cannot do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.doors.conftest import TODAY, serving


@pytest.fixture
def address(own_demo_home: Path, tmp_path: Path) -> Iterator[str]:
    with serving(own_demo_home, tmp_path / "log", CYBERPUNK_TODAY=TODAY, CYBERPUNK_MOUNTS="") as at:
        yield at


async def until(socket: object, kind: str) -> dict:
    async with asyncio.timeout(60):
        while True:
            message = json.loads(await socket.recv())  # type: ignore[attr-defined]
            if message["type"] == kind:
                return message


async def test_a_client_is_greeted_then_hears_metrics_and_syncs(address: str) -> None:
    async with connect(address.replace("http", "ws") + "/ws") as socket, httpx.AsyncClient(base_url=address, timeout=120) as client:
        hello = json.loads(await socket.recv())
        assert hello["type"] == "connection"
        assert hello["data"]["client_id"]
        metrics = await until(socket, "metrics_update")
        assert metrics["data"]["revenue"] > 0
        assert metrics["data"]["orders"] > 0
        asked = asyncio.create_task(client.post("/api/v1/data/sync", json={}))
        synced = await until(socket, "data_sync")
        assert synced["data"]["source"]
        report = (await asked).json()
        assert {row["status"] for row in report["sources"]} <= {"ok", "succeeded", "unchanged"}
        await socket.send("ping")
        await until(socket, "pong")


async def test_a_page_of_another_origin_is_refused(address: str) -> None:
    with pytest.raises(InvalidStatus):
        async with connect(address.replace("http", "ws") + "/ws", origin="http://elsewhere.example"):  # type: ignore[arg-type]
            pass


async def test_a_client_that_leaves_is_forgotten(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        async with connect(address.replace("http", "ws") + "/ws") as socket:
            await socket.recv()
            assert (await client.get("/api/v1/status")).json()["websocket_clients"] == 1
        async with asyncio.timeout(10):
            while (await client.get("/api/v1/status")).json()["websocket_clients"]:
                await asyncio.sleep(0.1)
