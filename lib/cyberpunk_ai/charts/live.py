"""From a stream to the screen: one consumer per process, ring buffers, and views that are fed no faster than they can draw.

A `StreamHub` owns the only consumer and its thread. Views take immutable `Snapshot`s from it. A `FrameGate` belongs to one view and
lets a frame pass at most ten times a second and only while at most two are unacknowledged. No store and no widget is known here: a
consumer is anything with `poll`, `lag` and `close`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RATE_WINDOW_S = 10
FRAMES_PER_SECOND = 10.0
FRAMES_IN_FLIGHT = 2
GONE_AFTER_S = 10.0


class StreamEvent(Protocol):
    """What a hub reads of an event."""

    @property
    def topic(self) -> str:
        """Name of the topic."""

    @property
    def value(self) -> Mapping[str, Any]:
        """Fields of the event."""

    @property
    def timestamp_ms(self) -> int:
        """When it was appended, milliseconds since 1970."""


class Consumer(Protocol):
    """What a hub needs of a stream."""

    def poll(self, *, max_events: int = 500, timeout_s: float = 0.1) -> Sequence[StreamEvent]:
        """Return the next events, none when nothing came in time."""

    def lag(self) -> int:
        """Return how many events wait."""

    def close(self) -> None:
        """Give the stream back."""


@dataclass(frozen=True)
class Snapshot:
    """What a view may show at one moment.

    `events` are the newest, oldest first; `totals` sums by (topic, key) since the hub started and only ever grows, so that a view takes
    differences and misses nothing between two frames.
    """

    serial: int = 0
    events: tuple[StreamEvent, ...] = ()
    totals: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    history: tuple[float, ...] = ()
    by_topic: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    lag: int = 0
    last_event_ms: int | None = None
    error: str = ""

    @property
    def rate(self) -> float:
        """Events per second over all topics."""
        return sum(self.rates.values())


class StreamHub:
    """One consumer for the whole process.

    Args:
        open_consumer: Opens the stream; called in the hub's own thread, again after an error.
        measure: Says what an event adds to which key, for `Snapshot.totals`; None where it adds nothing.
        kept: Events kept for the ticker.
    """

    def __init__(
        self,
        open_consumer: Callable[[], Consumer],
        *,
        measure: Callable[[StreamEvent], tuple[tuple[str, ...], float] | None] | None = None,
        kept: int = 200,
    ) -> None:
        self._open, self._measure = open_consumer, measure
        self._events: deque[StreamEvent] = deque(maxlen=kept)
        self._seconds: deque[tuple[int, dict[str, int]]] = deque(maxlen=120)
        self._totals: dict[tuple[str, ...], float] = {}
        self._counts: dict[str, int] = {}
        self._last_ms: int | None = None
        self._serial, self._lag, self._error = 0, 0, ""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> StreamHub:
        """Start reading; a second call changes nothing."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="stream-hub", daemon=True)
                self._thread.start()
        return self

    def stop(self, *, timeout_s: float = 5.0) -> bool:
        """Stop reading and give the consumer back.

        Returns:
            Whether the thread ended in time.
        """
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
            return not thread.is_alive()
        return True

    @property
    def is_running(self) -> bool:
        """Whether the hub reads."""
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    def snapshot(self) -> Snapshot:
        """Take what is known now."""
        now = int(time.time())
        with self._lock:
            recent = {second: counts for second, counts in self._seconds if now - RATE_WINDOW_S <= second < now}
            topics = {topic for counts in recent.values() for topic in counts}
            rates = {topic: sum(counts.get(topic, 0) for counts in recent.values()) / RATE_WINDOW_S for topic in topics}
            by_second = {second: float(sum(counts.values())) for second, counts in self._seconds}
            history = tuple(by_second.get(second, 0.0) for second in range(now - 60, now))
            minute = {second: counts for second, counts in self._seconds if now - 60 <= second < now}
            by_topic = {
                topic: tuple(float(minute.get(second, {}).get(topic, 0)) for second in range(now - 60, now)) for topic in self._counts
            }
            return Snapshot(
                self._serial,
                tuple(self._events),
                dict(self._totals),
                dict(self._counts),
                rates,
                history,
                by_topic,
                self._lag,
                self._last_ms,
                self._error,
            )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 - any driver may fail in its own way; the page shows the reason and the hub tries again
                with self._lock:
                    self._error = f"{type(error).__name__}: {error}"
                    self._serial += 1
                self._stop.wait(2.0)

    def _read(self) -> None:
        consumer = self._open()
        try:
            with self._lock:
                self._error = ""
            asked = 0.0
            while not self._stop.is_set():
                events = consumer.poll(max_events=500, timeout_s=0.1)
                now = time.monotonic()
                lag = self._lag
                if now - asked >= 1.0:
                    asked, lag = now, consumer.lag()
                self._keep(events, lag)
        finally:
            consumer.close()

    def _keep(self, events: Sequence[StreamEvent], lag: int) -> None:
        with self._lock:
            if lag != self._lag:
                self._lag = lag
                self._serial += 1
            if not events:
                return
            second = int(time.time())
            if not self._seconds or self._seconds[-1][0] != second:
                self._seconds.append((second, {}))
            counts = self._seconds[-1][1]
            for event in events:
                counts[event.topic] = counts.get(event.topic, 0) + 1
                self._counts[event.topic] = self._counts.get(event.topic, 0) + 1
                measured = self._measure(event) if self._measure is not None else None
                if measured is not None:
                    key, amount = measured
                    self._totals[key] = self._totals.get(key, 0.0) + amount
            self._events.extend(events)
            self._last_ms = max(event.timestamp_ms for event in events)
            self._serial += 1


class FrameGate:
    """Says when a view may send its next frame.

    A page that draws slowly answers slowly, so frames never pile up; a page that stopped answering is gone.
    """

    def __init__(
        self, *, per_second: float = FRAMES_PER_SECOND, in_flight: int = FRAMES_IN_FLIGHT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap, self._allowed, self._clock = 1.0 / per_second, in_flight, clock
        self._sent = self._answered = 0
        self._sent_at = self._due = -1e9
        self._answered_at = clock()

    @property
    def in_flight(self) -> int:
        """Frames sent and not yet acknowledged."""
        return self._sent - self._answered

    @property
    def is_page_gone(self) -> bool:
        """Whether a frame has waited for its answer too long."""
        return self.in_flight > 0 and self._clock() - max(self._answered_at, self._sent_at) > GONE_AFTER_S

    def may_send(self) -> bool:
        """Whether a frame may be sent now."""
        return self.in_flight < self._allowed and self._clock() >= self._due

    def send(self) -> int:
        """Count a frame as sent.

        Returns:
            Its number, which the page sends back.
        """
        now = self._clock()
        # A frame that is a little late does not push back all that follow: callers come by at a beat of their own.
        self._due = self._due + self._gap if now - self._due < self._gap else now + self._gap
        self._sent += 1
        self._sent_at = now
        return self._sent

    def acknowledge(self, number: int) -> None:
        """Count the frames up to `number` as drawn."""
        self._answered = max(self._answered, min(number, self._sent))
        self._answered_at = self._clock()
