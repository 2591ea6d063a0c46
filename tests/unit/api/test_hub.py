"""The hub's endurance: stores that fail for a moment, and an end that waits for what is running."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from api.sockets import hub
from cyberpunk_ai import Workspace
from cyberpunk_ai.core.errors import StoreFailed
from tests.waiting import PATIENCE_S


class Sleepy:
    """A consumer whose poll lasts as long as the test wants, and which notices being closed meanwhile."""

    def __init__(self) -> None:
        self.polled, self.may_end = threading.Event(), threading.Event()
        self.is_polling, self.is_closed, self.closed_while_polling = False, False, False

    def poll(self, **_asked: Any) -> list[object]:
        self.is_polling = True
        self.polled.set()
        assert self.may_end.wait(PATIENCE_S)
        self.is_polling = False
        return []

    def close(self) -> None:
        self.is_closed, self.closed_while_polling = True, self.is_polling


class Shaky:
    """A workspace whose event log fails once."""

    def __init__(self, consumer: Sleepy) -> None:
        self.consumer, self.asked = consumer, 0

    def events(self, _topics: list[str]) -> Sleepy:
        self.asked += 1
        if self.asked == 1:
            raise StoreFailed("the broker is starting")
        return self.consumer


async def test_a_failed_log_is_asked_again_and_never_closed_under_a_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "RETRY_S", 0.01)
    # One thread for the poll and one for whatever else is asked, in the order in which it is asked.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    consumer = Sleepy()
    workspace = Shaky(consumer)
    running = hub.Hub(cast("Workspace", workspace))
    running.start()
    assert await asyncio.to_thread(consumer.polled.wait, PATIENCE_S)
    stopping = asyncio.create_task(running.stop())
    for _ in range(10):
        await asyncio.to_thread(bool)  # a close would have been asked for, and done, by now
    assert (stopping.done(), consumer.is_closed) == (False, False)
    consumer.may_end.set()
    await stopping
    assert workspace.asked == 2
    assert (consumer.is_closed, consumer.closed_while_polling, consumer.is_polling) == (True, False, False)


async def test_a_reader_who_leaves_ever_new_answers_waiting_costs_no_more_than_a_bound() -> None:
    """A client that asks under ever new names and does not read made the process grow by 85 MB a second."""
    mailbox = hub.Mailbox(most_slots=5, most_bytes=1000)
    for number in range(1000):
        mailbox.put(f"forecast:{number}", b"x" * 10)
    assert [await mailbox.take() for _ in range(5)] == [b"x" * 10] * 5
    assert mailbox._bytes == 0
    for number in range(5):
        mailbox.put(f"forecast:{number}", bytes([number]) * 400)
    assert [await mailbox.take() for _ in range(2)] == [b"\x03" * 400, b"\x04" * 400], "the newest stay"
    mailbox.put("one", b"y" * 5000)
    assert await mailbox.take() == b"y" * 5000, "a message over the bound is sent alone"
    mailbox.put("same", b"a" * 600)
    mailbox.put("same", b"b" * 600)
    mailbox.put("other", b"c")
    assert [await mailbox.take() for _ in range(2)] == [b"b" * 600, b"c"]
