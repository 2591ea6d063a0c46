"""The end of a server's process: bounded steps, and nothing that outlives it."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading

import pytest
from uvicorn import Config, Server

from cyberpunk_ai.core.request_arrival import RequestArrival
from cyberpunk_ai.core.server_process import REQUESTS_S, bounded, end_soon, give_threads, on_a_thread, own_server, set_limits
from tests.waiting import PATIENCE_S, until


def server(**options: object) -> Server:
    config = Config("nowhere:app", log_config=None, **options)  # type: ignore[arg-type]
    config.http_protocol_class = __import__("uvicorn.protocols.http.auto", fromlist=["auto"]).AutoHTTPProtocol
    return Server(config)


def test_a_server_is_found_from_inside_while_it_handles_signals() -> None:
    assert own_server() is None
    one = server()
    with one.capture_signals():
        assert own_server() is one
    assert own_server() is None


def test_limits_are_set_once_and_a_chosen_one_stays() -> None:
    one, chosen = server(), server(timeout_graceful_shutdown=30)
    for each in (one, one, chosen, None):
        set_limits(each, max_request_s=7)
    assert one.config.timeout_graceful_shutdown == REQUESTS_S
    assert chosen.config.timeout_graceful_shutdown == 30
    assert issubclass(one.config.http_protocol_class, RequestArrival)
    assert one.config.http_protocol_class.max_request_s == 7


async def test_a_step_that_hangs_is_left_and_one_that_fails_is_told() -> None:
    release = threading.Event()
    hanging = on_a_thread(release.wait)

    async def stubborn() -> None:
        await asyncio.shield(hanging)

    assert not await bounded(stubborn(), within_s=0.01)
    release.set()
    assert await bounded(hanging, on_a_thread(lambda: 1 / 0), within_s=PATIENCE_S)


def idle() -> None:
    threading.Event().wait()


@pytest.mark.full
def test_children_and_the_process_end_only_where_a_server_was_stopped_by_a_signal() -> None:
    ended: list[int] = []
    child = multiprocessing.get_context("spawn").Process(target=idle, daemon=True)
    child.start()
    end_soon(None, after_s=0, end=ended.append)
    assert child.is_alive()
    end_soon(server(), after_s=0, end=ended.append)
    child.join(PATIENCE_S)
    assert not child.is_alive()
    assert ended == []


def test_the_process_ends_after_a_signal_whatever_its_threads_do() -> None:
    ended: list[int] = []
    stopped = server()
    stopped.handle_exit(15, None)
    end_soon(stopped, after_s=0, end=ended.append)
    until(lambda: ended == [0], "the process is ended")


async def test_whoever_waits_for_a_calculation_leaves_threads_for_others() -> None:
    waiting, may_end = 24, threading.Event()
    give_threads(waiting)
    held = [asyncio.create_task(asyncio.to_thread(may_end.wait, PATIENCE_S)) for _ in range(waiting)]
    try:
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "page"), PATIENCE_S) == "page"
    finally:
        may_end.set()
    assert all(await asyncio.gather(*held))
