from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.streams import open_event_log
from cyberpunk_ai.demo.sending import send_live_events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cyberpunk_ai.data_fabric.streams.base import EventLog
    from cyberpunk_ai.demo import DemoCompany

TOPICS = ["orders", "web_sessions", "telemetry"]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    opened = open_event_log(Settings.load(home=tmp_path))
    yield opened
    opened.close()


def test_events_arrive_at_the_asked_rate_and_with_their_keys(log: EventLog, company: DemoCompany) -> None:
    told: list[int] = []
    sent = send_live_events(log, rate_per_s=300, seconds=1.0, seed=7, today=company.end, on_progress=told.append, company=company)

    with log.consumer(TOPICS, start="earliest") as consumer:
        events = [event for _ in range(3) for event in consumer.poll(max_events=1_000)]
    assert sent == len(events) == told[-1]
    assert 290 <= sent <= 301, "an event each 1/300 s of the second, both ends counted"
    assert set(Counter(event.topic for event in events)) == set(TOPICS)
    assert len({event.value["event_id"] for event in events}) == sent
    assert all(event.key in {event.value.get(name) for name in ("order_id", "session_id", "asset")} for event in events)


def test_a_stop_ends_the_sending(log: EventLog, company: DemoCompany) -> None:
    stop = threading.Event()
    sent = send_live_events(
        log, rate_per_s=100, seconds=None, seed=7, today=company.end, stop=stop, on_progress=lambda _: stop.set(), company=company
    )

    assert sent >= 1


def test_a_rate_of_nothing_is_refused(log: EventLog, company: DemoCompany) -> None:
    with pytest.raises(InvalidArgument, match="0 events"):
        send_live_events(log, rate_per_s=0, seconds=1, seed=7, today=company.end, company=company)
