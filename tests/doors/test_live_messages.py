"""The WebSocket door: what a client gets, and what a bad one cannot do."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.doors.conftest import TODAY, serving
from tests.waiting import PATIENCE_S, until_async


@pytest.fixture(scope="module")
def address(built_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a home of its own, since one of these tests syncs it."""
    folder = tmp_path_factory.mktemp("live")
    home = Path(shutil.copytree(built_demo, folder / "home"))
    with serving(home, folder / "log", CYBERPUNK_TODAY=TODAY, CYBERPUNK_MOUNTS="") as at:
        yield at


async def until(socket: object, kind: str) -> dict:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = json.loads(await socket.recv())  # type: ignore[attr-defined]
            if message["type"] == kind:
                return message


async def test_a_client_is_greeted_then_hears_metrics_and_syncs(address: str) -> None:
    async with connect(address.replace("http", "ws") + "/ws") as socket, httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as client:
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
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as client:

        async def are_there(clients: int) -> bool:
            return (await client.get("/api/v1/status")).json()["websocket_clients"] == clients

        await until_async(lambda: are_there(0), "those of other tests are gone")
        async with connect(address.replace("http", "ws") + "/ws") as socket:
            await socket.recv()
            assert await are_there(1)
        await until_async(lambda: are_there(0), "the client is forgotten")


@pytest.mark.full
async def test_two_hundred_clients_at_once_are_all_sent_what_happens(address: str) -> None:
    """One of them never reads, and holds up nobody; all leave, and none is remembered."""
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as client, AsyncExitStack() as stack:

        async def are_there(clients: int) -> bool:
            return (await client.get("/api/v1/status")).json()["websocket_clients"] == clients

        await until_async(lambda: are_there(0), "those of other tests are gone")
        opening = [connect(address.replace("http", "ws") + "/ws", open_timeout=PATIENCE_S, max_queue=1) for _ in range(200)]
        sockets = [await stack.enter_async_context(each) for each in opening]
        silent, *reading = sockets
        await until_async(lambda: are_there(200), "all are counted")
        for _ in range(2):
            messages = await asyncio.gather(*(until(socket, "metrics_update") for socket in reading))
            assert len({message["data"]["revenue"] for message in messages}) == 1
        for socket in reading:
            await socket.send("ping")
        await asyncio.gather(*(until(socket, "pong") for socket in reading))
        assert await are_there(200)
        assert silent.close_code is None
        await asyncio.gather(*(socket.close() for socket in sockets))
        await until_async(lambda: are_there(0), "all are forgotten")


async def test_a_forecast_grows_over_the_socket(address: str) -> None:
    async with connect(address.replace("http", "ws") + "/ws", max_size=None) as socket:
        await until(socket, "connection")
        await socket.send(json.dumps({"type": "forecast", "id": "a", "horizon": 6, "grain": "month", "budget_s": 60}))
        steps = []
        while not steps or not steps[-1]["data"]["is_last"]:
            steps.append(await until(socket, "forecast"))
        last = steps[-1]
        assert last["id"] == "a"
        assert len(last["data"]["forecast"]["forecast"]) == 6
        assert {"theta", "ets", "ces", "arima", "xgboost", "lstm"} < set(last["data"]["landed"])
        assert last["data"]["waiting"] == []
        assert [step["data"]["elapsed_s"] for step in steps] == sorted(step["data"]["elapsed_s"] for step in steps)
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S) as client:
            whole = (await client.post("/api/v1/forecast", json={"horizon": 6, "grain": "month"})).json()
        assert last["data"]["forecast"]["forecast"] == whole["forecast"]


async def test_an_illegal_question_over_the_socket_is_refused_and_the_socket_stays(address: str) -> None:
    async with connect(address.replace("http", "ws") + "/ws") as socket:
        await until(socket, "connection")
        for message, words in (
            ("{", "no JSON"),
            (json.dumps({"type": "dance"}), "forecast or cancel"),
            (json.dumps({"type": "forecast", "id": "x", "horizon": 0}), "horizon"),
            (json.dumps({"type": "forecast", "id": "x", "metric": "happiness"}), "happiness"),
            (json.dumps({"type": "forecast", "id": "x", "customer_data_source": "crm"}), "cannot be streamed"),
        ):
            await socket.send(message)
            refused = await until(socket, "forecast_error")
            assert words in refused["data"]["message"]
        await socket.send("ping")
        await until(socket, "pong")
