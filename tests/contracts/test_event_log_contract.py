"""What every event log keeps, in a local file and in Kafka alike.

Kafka is checked against a broker that reports the end of a partition too low and takes about 20 seconds to let a group's first member in.
Lag and the exact place of `latest` are therefore asserted on the local log only, and one test says about groups all there is to say.
"""

from __future__ import annotations

import time
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.streams import open_event_log
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberpunk_ai.data_fabric.streams import Consumer, Event, EventLog


@pytest.fixture(params=["local", pytest.param("kafka", marks=pytest.mark.servers)])
def log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    kafka = {} if request.param == "local" else {"kafka_bootstrap_servers": request.getfixturevalue("kafka_bootstrap")}
    opened = open_event_log(Settings.load(**kafka))
    yield opened
    opened.close()


@pytest.fixture
def topic() -> str:
    return f"orders-{uuid.uuid4().hex}"


def numbers(count: int, *, start: int = 0) -> list[dict[str, object]]:
    return [{"event_id": f"e{number}", "number": number} for number in range(start, start + count)]


def drain(consumer: Consumer, count: int) -> list[Event]:
    """Poll until so many events came, and a moment longer, so that one too many would be seen."""
    events: list[Event] = []

    def all_came() -> bool:
        events.extend(consumer.poll(timeout_s=0.5))
        return len(events) >= count

    until(all_came, f"{count} events")
    return events + consumer.poll(timeout_s=0.05)


def test_what_is_appended_is_polled(log: EventLog, topic: str) -> None:
    assert log.append(topic, numbers(3), keys=["a", None, "ü"]) == 3
    with log.consumer([topic]) as consumer:
        events = drain(consumer, 3)
    assert sorted((event.value["number"], event.key) for event in events) == [(0, "a"), (1, None), (2, "ü")]
    assert {event.topic for event in events} == {topic}
    now = time.time()
    assert all(now - 3600 < event.timestamp_ms / 1000 <= now + 1 for event in events)
    assert not any(event.problem for event in events)


def test_one_key_keeps_its_order(log: EventLog, topic: str) -> None:
    for start in range(0, 300, 30):
        log.append(topic, numbers(30, start=start), keys=["same"] * 30)
    with log.consumer([topic]) as consumer:
        events = drain(consumer, 300)
    assert [event.value["number"] for event in events] == list(range(300))
    assert [event.offset for event in events] == list(range(300))
    assert len({event.partition for event in events}) == 1


def test_a_poll_keeps_to_its_limit(log: EventLog, topic: str) -> None:
    log.append(topic, numbers(25), keys=["same"] * 25)
    with log.consumer([topic]) as consumer:
        sizes: list[int] = []

        def all_came() -> bool:
            sizes.append(len(consumer.poll(max_events=10, timeout_s=1)))
            return sum(sizes) >= 25

        until(all_came, "25 events")
    assert sum(sizes) == 25
    assert max(sizes) <= 10


def test_several_topics_are_read_together(log: EventLog, topic: str) -> None:
    log.append(topic, numbers(5))
    log.append(f"{topic}-b", numbers(5))
    with log.consumer([topic, f"{topic}-b"]) as consumer:
        events = drain(consumer, 10)
    assert sorted((event.topic, event.value["number"]) for event in events) == [
        (name, n) for name in (topic, f"{topic}-b") for n in range(5)
    ]


def test_readers_without_a_group_all_read_everything(log: EventLog, topic: str) -> None:
    log.append(topic, numbers(5))
    with log.consumer([topic]) as first, log.consumer([topic], start="earliest") as second:
        assert len(drain(first, 5)) == 5
        assert len(drain(second, 5)) == 5


def test_latest_hears_what_comes_after_the_call(log: EventLog, topic: str) -> None:
    log.append(topic, numbers(50), keys=["same"] * 50)
    with log.consumer([topic], start="latest") as consumer:
        log.append(topic, numbers(5, start=100), keys=["same"] * 5)
        heard = [event.value["number"] for event in drain(consumer, 5)]
    assert heard[-5:] == [100, 101, 102, 103, 104]
    if log.kind == "sqlite":
        assert len(heard) == 5


def test_a_topic_may_come_later_than_its_reader(log: EventLog, topic: str) -> None:
    with log.consumer([topic]) as consumer:
        assert consumer.poll(timeout_s=0.05) == []
        log.append(topic, numbers(2))
        assert len(drain(consumer, 2)) == 2


def test_seeking_replays(log: EventLog, topic: str) -> None:
    log.append(topic, numbers(10), keys=["same"] * 10)
    with log.consumer([topic]) as consumer:
        events = drain(consumer, 10)
        consumer.seek(topic, 4, partition=events[0].partition)
        assert [event.value["number"] for event in drain(consumer, 6)] == [4, 5, 6, 7, 8, 9]


def test_an_event_without_id_is_given_one(log: EventLog, topic: str) -> None:
    log.append(topic, [{"number": 1}, {"number": 2, "event_id": "mine"}])
    with log.consumer([topic]) as consumer:
        ids = {event.value["number"]: event.value["event_id"] for event in drain(consumer, 2)}
    assert ids[2] == "mine"
    assert len(ids[1]) == 32


def test_values_become_json(log: EventLog, topic: str) -> None:
    value = {
        "event_id": "e",
        "at": datetime(2026, 1, 2, 3, 4, 5),
        "share": float("nan"),
        "count": np.int64(3),
        "list": (1, 2),
        "text": "ü\n",
    }
    log.append(topic, [value])
    with log.consumer([topic]) as consumer:
        (event,) = drain(consumer, 1)
    assert event.value == {"event_id": "e", "at": "2026-01-02T03:04:05", "share": None, "count": 3, "list": [1, 2], "text": "ü\n"}


@pytest.mark.parametrize("bad", [["text"], [{"number": 1}, 5]])
def test_a_value_that_is_no_mapping_is_refused_whole(log: EventLog, topic: str, bad: list[object]) -> None:
    with pytest.raises(InvalidArgument, match="mapping"):
        log.append(topic, bad)  # type: ignore[arg-type]
    assert log.append(topic, []) == 0


def test_wrong_keys_and_names_are_refused(log: EventLog, topic: str) -> None:
    with pytest.raises(InvalidArgument, match="keys"):
        log.append(topic, numbers(2), keys=["a"])
    with pytest.raises(InvalidArgument, match="topic"):
        log.append("no spaces please", numbers(1))
    with pytest.raises(InvalidArgument, match="topic"):
        log.consumer(["../up"])


def test_committing_needs_a_group(log: EventLog, topic: str) -> None:
    log.append(topic, numbers(1))
    with log.consumer([topic]) as consumer, pytest.raises(InvalidArgument, match="group"):
        consumer.commit()


def test_ends_are_known_per_partition(log: EventLog, topic: str) -> None:
    assert log.end_offsets(topic) == {}
    log.append(topic, numbers(1), keys=["same"])
    assert all(isinstance(partition, int) for partition in log.end_offsets(topic))
    if log.kind == "sqlite":
        assert log.end_offsets(topic) == {0: 1}


def test_the_identity_of_a_topic_stays(log: EventLog, topic: str) -> None:
    log.append(topic, numbers(1))
    assert topic in log.identity(topic) or log.kind == "kafka"
    assert log.identity(topic) == log.identity(topic) != log.identity(f"{topic}-b")


def test_a_group_goes_on_where_it_committed(log: EventLog, topic: str) -> None:
    group = f"group-{uuid.uuid4().hex}"
    log.append(topic, numbers(10), keys=["same"] * 10)
    with log.consumer([topic], group=group) as consumer:
        assert [event.value["number"] for event in drain(consumer, 10)] == list(range(10))
        consumer.commit()
        log.append(topic, numbers(5, start=10), keys=["same"] * 5)
        assert [event.value["number"] for event in drain(consumer, 5)] == list(range(10, 15))
        # Leaving without a commit: these five were not done.
    with log.consumer([topic], group=group) as consumer:
        assert [event.value["number"] for event in drain(consumer, 5)] == list(range(10, 15))
        consumer.commit()


def test_ping_measures_and_closing_twice_is_fine(log: EventLog, topic: str) -> None:
    assert log.ping() > 0
    consumer = log.consumer([topic])
    consumer.close()
    consumer.close()
