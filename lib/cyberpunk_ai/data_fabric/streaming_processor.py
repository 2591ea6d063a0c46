"""From live topics into the warehouse, every event's effect exactly once. Metrics and alerts on live events are not its business.

The order is what makes it safe: set unfit events aside, write rows under a batch token, then commit offsets. A crash between two steps
repeats them, and none has a second effect: letters carry the place of their event, the warehouse knows the token and the key of every row.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import Conflict, ContractBroken, CyberpunkError
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.data_fabric.event_rows import rows_of
from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken
from cyberpunk_ai.data_fabric.streams.dead_letters import DeadLetters
from cyberpunk_ai.data_fabric.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse
    from cyberpunk_ai.data_fabric.streams.base import Consumer, Event, EventLog

log = get_logger("data_fabric.streaming_processor")

TOPICS: Mapping[str, str] = MappingProxyType({"orders": "orders", "web_sessions": "web_sessions", "telemetry": "telemetry"})
"""Live topics and the canonical tables that they fill."""
LONGEST_REST_S = 30.0


@dataclass(frozen=True)
class ProcessorStats:
    """What a processor did so far.

    Attributes:
        events: Polled and done.
        rows: Inserted or replaced in the warehouse; a batch repeated after a crash counts nothing.
        dead_letters: Set aside.
        batches: Rounds that ended with a commit.
        failures: Rounds that were given up and tried again.
        last_error: Of the last failed round, empty when the newest round went well.
    """

    events: int = 0
    rows: int = 0
    dead_letters: int = 0
    batches: int = 0
    failures: int = 0
    last_error: str = ""


@dataclass
class _Round:
    events: list[Event] = field(default_factory=list)
    rows: int = 0
    dead_letters: int = 0


class StreamingProcessor:
    """Keeps the warehouse up with the live topics.

    Several processors of one group, in any number of processes, share the work and take over from one another. A new group name processes
    everything that the log still holds once more.

    Args:
        event_log: Where events come from and dead letters go.
        warehouse: Where rows go.
        topics: Topic to canonical table.
        group: Name of the group, part of the batch tokens.
        max_events: Most events of a round.
        linger_s: How long a round waits for more once it has an event; many tiny commits cost a warehouse more than their data.
    """

    def __init__(
        self,
        event_log: EventLog,
        warehouse: Warehouse,
        *,
        topics: Mapping[str, str] = TOPICS,
        group: str = "warehouse",
        max_events: int = 20_000,
        linger_s: float = 1.0,
    ) -> None:
        self.topics = {topic: table(name) for topic, name in topics.items()}
        self.group, self.max_events, self.linger_s = group, max_events, linger_s
        self._log, self._warehouse = event_log, warehouse
        self._letters = DeadLetters(event_log)
        self._consumer: Consumer | None = None
        # Polled and not committed: after a failure the very same round is tried again, under the same tokens.
        self._round = _Round()
        self._expected: dict[tuple[str, int], int] = {}
        self._stats = ProcessorStats()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy = threading.Lock()

    @property
    def stats(self) -> ProcessorStats:
        """What was done so far."""
        return self._stats

    @property
    def is_running(self) -> bool:
        """Whether the thread of `start` is alive."""
        return self._thread is not None and self._thread.is_alive()

    def run_once(self, *, timeout_s: float = 1.0) -> int:
        """Do one round, and return how many events are done by it.

        Args:
            timeout_s: How long to wait for a first event.

        Raises:
            StoreFailed: The log or the warehouse could not be reached; the next call tries the same events again.
            Conflict: Another member took over; it is given these events. Or the processor is running in its thread.
        """
        if not self._busy.acquire(blocking=False):
            raise Conflict("this processor is already running", hint="stop() it first")
        try:
            return self._work(timeout_s)
        finally:
            self._busy.release()

    def start(self) -> None:
        """Work in a thread until `stop`. A failing store is waited for, with growing rests; nothing is lost meanwhile.

        Raises:
            Conflict: It is already running.
        """
        if self.is_running:
            raise Conflict("this processor is already running", hint="stop() it first")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"streaming-processor-{self.group}", daemon=True)
        self._thread.start()

    def stop(self, *, timeout_s: float = 60.0) -> None:
        """Finish the round in flight and leave the group. What was not committed is given to the next member.

        Raises:
            Conflict: The round in flight takes longer than `timeout_s`; it goes on, and the thread ends after it.
        """
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                raise Conflict(f"the round in flight takes longer than {timeout_s:g} s", hint="call stop() again later")
            self._thread = None
        self._leave()

    def _run(self) -> None:
        rest_s = 1.0
        while not self._stopping.is_set():
            try:
                self.run_once()
                rest_s = 1.0
            except Conflict as error:
                log.info("another member took over", group=self.group, reason=error.message)
            except Exception as error:  # noqa: BLE001 - whatever a store throws, live data must come in again when it is back
                log.warning("a round failed and will be tried again", group=self.group, rest_s=rest_s, error=str(error))
                self._stopping.wait(rest_s)
                rest_s = min(rest_s * 2, LONGEST_REST_S)
        self._leave()

    def _work(self, timeout_s: float) -> int:
        try:
            if self._consumer is None:
                self._consumer = self._log.consumer(list(self.topics), group=self.group)
            if not self._round.events:
                self._round = _Round(self._gather(self._consumer, timeout_s))
                self._notice_jumps()
            if not self._round.events:
                return 0
            self._store()
            self._consumer.commit()
        except Conflict:
            # The events now belong to another member. What was written of them stays, and is skipped or overwritten alike by that member.
            self._round = _Round()
            raise
        except Exception as error:
            message = error.message if isinstance(error, CyberpunkError) else f"{type(error).__name__}: {error}"
            self._stats = replace(self._stats, failures=self._stats.failures + 1, last_error=message)
            raise
        done, self._round = self._round, _Round()
        for event in done.events:
            self._expected[event.topic, event.partition] = event.offset + 1
        self._stats = ProcessorStats(
            events=self._stats.events + len(done.events),
            rows=self._stats.rows + done.rows,
            dead_letters=self._stats.dead_letters + done.dead_letters,
            batches=self._stats.batches + 1,
            failures=self._stats.failures,
        )
        return len(done.events)

    def _gather(self, consumer: Consumer, timeout_s: float) -> list[Event]:
        """Poll until the round is full or has lingered."""
        events: list[Event] = []
        deadline = time.monotonic() + timeout_s
        while len(events) < self.max_events:
            left = deadline - time.monotonic()
            if events and (left <= 0 or self._stopping.is_set()):
                break
            polled = consumer.poll(max_events=self.max_events - len(events), timeout_s=max(0.0, min(left, 0.25)))
            if polled and not events:
                deadline = time.monotonic() + self.linger_s
            events += polled
            if not events and (left <= 0 or self._stopping.is_set()):
                break
        return events

    def _notice_jumps(self) -> None:
        """Where events do not follow on ours, somebody else may have worked, and set some aside, in between."""
        for (topic, partition), events in _by_partition(self._round.events):
            if self._expected.get((topic, partition)) != events[0].offset:
                self._letters.doubt(topic)

    def _store(self) -> None:
        for (topic, partition), events in _by_partition(self._round.events):
            canonical = self.topics[topic]
            rows, rejected = rows_of(events, canonical)
            self._round.dead_letters += self._letters.write(topic, rejected)
            if not len(rows):
                continue
            token = BatchToken(f"{self.group}/{self._log.identity(topic)}/{partition}", events[-1].offset)
            try:
                # By key: also an event that its producer sent twice, or a changed one, leaves one row.
                self._round.rows += self._warehouse.upsert(canonical.name, rows, token=token)
            except ContractBroken as error:
                # No later attempt can succeed, and holding the topic up for ever would lose more than these.
                unfit = {id(event) for event, _ in rejected}
                refused = [(event, f"the warehouse refused its batch: {error.message}") for event in events if id(event) not in unfit]
                self._round.dead_letters += self._letters.write(topic, refused)

    def _leave(self) -> None:
        self._round = _Round()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            try:
                consumer.close()
            except CyberpunkError as error:
                # The group's lease or session ends by itself.
                log.warning("could not leave the group", group=self.group, error=error.message)


def _by_partition(events: Sequence[Event]) -> list[tuple[tuple[str, int], list[Event]]]:
    """Group events by topic and partition, each in order of its offsets."""
    ordered = sorted(events, key=lambda event: (event.topic, event.partition, event.offset))
    return [(place, list(group)) for place, group in groupby(ordered, key=lambda event: (event.topic, event.partition))]
