"""The hub's endurance: stores that fail for a moment, and an end that waits for what is running."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest

from api.sockets import hub
from cyberpunk_ai import Workspace
from cyberpunk_ai.core.errors import StoreFailed


class Sleepy:
    """A consumer that notices being closed while it is polled."""

    def __init__(self) -> None:
        self.polled, self.is_polling, self.closed_while_polling = threading.Event(), False, False

    def poll(self, **_asked: Any) -> list[object]:
        self.is_polling = True
        self.polled.set()
        threading.Event().wait(0.2)
        self.is_polling = False
        return []

    def close(self) -> None:
        self.closed_while_polling = self.is_polling


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
    consumer = Sleepy()
    workspace = Shaky(consumer)
    running = hub.Hub(cast("Workspace", workspace))
    running.start()
    assert await asyncio.to_thread(consumer.polled.wait, 10)
    await running.stop()
    assert workspace.asked == 2
    assert not consumer.closed_while_polling
    assert not consumer.is_polling
