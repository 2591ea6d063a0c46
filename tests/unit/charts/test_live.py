"""The way of a stream to the screen: nothing twice, nothing lost, nothing left running, never more frames than a page can draw."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from cyberpunk_ai.charts.live import FrameGate, StreamHub


@dataclass(frozen=True)
class Arrival:
    topic: str
    value: dict[str, Any]
    timestamp_ms: int = 1_700_000_000_000


@dataclass
class Queue:
    """A consumer over a list, which a test fills."""

    waiting: list[Arrival] = field(default_factory=list)
    is_closed: bool = False
    fails: bool = False
    polled: threading.Event = field(default_factory=threading.Event)

    def poll(self, *, max_events: int = 500, timeout_s: float = 0.1) -> list[Arrival]:
        if self.fails:
            self.fails = False
            raise ConnectionError("broker gone")
        taken, self.waiting = self.waiting[:max_events], self.waiting[max_events:]
        if not taken:
            self.polled.set()
            threading.Event().wait(timeout_s / 10)
        return taken

    def lag(self) -> int:
        return len(self.waiting)

    def close(self) -> None:
        self.is_closed = True


def by_region(event: Any) -> tuple[tuple[str, ...], float] | None:
    return ((event.value["region"],), event.value["amount"]) if event.topic == "orders" else None


def test_hub_counts_every_event_once_and_sums_what_is_measured() -> None:
    queue = Queue([Arrival("orders", {"region": "EMEA", "amount": 2.0})] * 700 + [Arrival("telemetry", {"asset": "P-101"})] * 5)
    hub = StreamHub(lambda: queue, measure=by_region).start()
    assert queue.polled.wait(10)
    live = hub.snapshot()
    assert hub.stop()
    assert live.counts == {"orders": 700, "telemetry": 5}
    assert live.totals == {("EMEA",): 1400.0}
    assert len(live.events) == 200


def test_hub_stops_and_gives_its_consumer_back() -> None:
    queue = Queue()
    hub = StreamHub(lambda: queue).start()
    assert queue.polled.wait(10)
    assert hub.is_running
    assert hub.stop()
    assert queue.is_closed
    assert not hub.is_running


def test_hub_has_one_consumer_however_often_it_is_started() -> None:
    opened: list[Queue] = []
    queue = Queue()

    def open_consumer() -> Queue:
        opened.append(queue)
        return queue

    hub = StreamHub(open_consumer)
    for _ in range(5):
        hub.start()
    assert queue.polled.wait(10)
    assert hub.stop()
    assert len(opened) == 1


def test_hub_says_what_failed_and_reads_on() -> None:
    queue = Queue(fails=True)
    hub = StreamHub(lambda: queue)
    hub.start()
    assert queue.polled.wait(10), "the hub opened the stream again"
    assert hub.stop()
    assert hub.snapshot().error == ""


def test_gate_lets_two_unanswered_frames_pass_and_no_third() -> None:
    now = [0.0]
    gate = FrameGate(clock=lambda: now[0])
    first = gate.send()
    now[0] = 0.2
    assert gate.may_send()
    second = gate.send()
    now[0] = 0.4
    assert not gate.may_send()
    gate.acknowledge(first)
    assert gate.may_send()
    assert (first, second) == (1, 2)


def test_gate_lets_no_more_than_ten_frames_a_second_pass() -> None:
    now, sent = [0.0], 0
    gate = FrameGate(clock=lambda: now[0])
    for step in range(1000):
        now[0] = step * 0.004
        if gate.may_send():
            gate.acknowledge(gate.send())
            sent += 1
    assert 38 <= sent <= 43


def test_ticks_that_come_a_little_late_lose_no_frames() -> None:
    now = [0.0]
    gate, sent = FrameGate(clock=lambda: now[0]), 0
    for tick in range(400):
        now[0] = tick * 0.05 + 0.013 * (tick % 3)
        if gate.may_send():
            gate.acknowledge(gate.send())
            sent += 1
    assert 196 <= sent <= 201, "ten a second over twenty seconds"


def test_gate_knows_a_page_that_never_answers() -> None:
    now = [0.0]
    gate = FrameGate(clock=lambda: now[0])
    gate.send()
    now[0] = 9.0
    assert not gate.is_page_gone
    now[0] = 11.0
    assert gate.is_page_gone
    gate.acknowledge(1)
    assert not gate.is_page_gone
