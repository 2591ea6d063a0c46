"""Reading the local log: positions, groups with leases, polling. Nothing here writes events."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Self

from cyberpunk_ai.core.errors import Conflict, InvalidArgument, NotFound
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.data_fabric.streams.base import Event, decode
from cyberpunk_ai.data_fabric.streams.local_file import is_gone, this_host, topic_id_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from cyberpunk_ai.data_fabric.streams.base import Start
    from cyberpunk_ai.data_fabric.streams.local_file import LogFile

log = get_logger("data_fabric.streams.local_log")

POLL_EVERY_S = 0.05
CLAIM_EVERY_S = 0.5


class LocalConsumer:
    """A reader of the local log, made by `LocalEventLog.consumer`."""

    def __init__(
        self,
        file: LogFile,
        topics: Sequence[str],
        *,
        group: str | None,
        start: Start,
        owner: str,
        lease_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.topics, self.group = tuple(topics), group
        self._clock = clock
        self._file, self._owner, self._lease_s = file, owner, lease_s
        self._ids: dict[str, int] = {}
        # Where the next poll reads, only for topics that this consumer reads now.
        self._positions: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        # Where to begin when the group never committed.
        self._origins: dict[str, int] = {}
        self._leased_at, self._claimed_at = clock(), time.monotonic()
        self._turn = 0
        self._is_closed = False
        with self._file.writing() as connection:
            for topic in self.topics:
                self._join(connection, topic, start)

    def poll(self, *, max_events: int = 500, timeout_s: float = 0.1) -> list[Event]:
        """Return the next events, as soon as there are any, at most after `timeout_s`."""
        if self._is_closed:
            raise InvalidArgument("the consumer is closed", hint="open another one")
        deadline = time.monotonic() + timeout_s
        while True:
            if self.group is not None:
                self._keep_membership()
            events = self._read(max_events)
            left = deadline - time.monotonic()
            if events or left <= 0:
                return events
            time.sleep(min(POLL_EVERY_S, left))

    def commit(self) -> None:
        """Record for the group that everything polled so far is done.

        Raises:
            Conflict: Another member has taken a topic over; what was polled of it since the last commit is delivered to that member.
            InvalidArgument: The consumer has no group.
        """
        if self.group is None:
            raise InvalidArgument("a consumer without a group has nowhere to commit", hint="consumer(topics, group=...)")
        changed = {topic: place for topic, place in self._positions.items() if place != self._committed.get(topic)}
        if not changed:
            return
        lost = []
        with self._file.writing() as connection:
            for topic, place in changed.items():
                done = connection.execute(
                    "UPDATE members SET committed = ? WHERE group_name = ? AND topic_id = ? AND owner = ?",
                    (place, self.group, self._ids[topic], self._owner),
                )
                if done.rowcount == 1:
                    self._committed[topic] = place
                else:
                    lost.append(topic)
        for topic in lost:
            self._positions.pop(topic)
        if lost:
            raise Conflict(
                f"another member of {self.group!r} has taken over {', '.join(lost)}", hint="drop what was polled of it", topics=lost
            )

    def seek(self, topic: str, offset: int, *, partition: int | None = None) -> None:
        """Go on reading a topic at an offset.

        Raises:
            NotFound: This consumer does not read the topic or partition now.
        """
        if topic not in self._positions or partition not in {None, 0}:
            raise NotFound(f"this consumer does not read {topic!r} now", hint=f"it reads: {', '.join(self._positions) or 'nothing'}")
        self._positions[topic] = max(0, offset)

    def lag(self) -> int:
        """Return how many events have not been polled yet; of a topic that another member reads, how many are not committed."""
        total = 0
        with self._file.reading() as connection:
            for topic, topic_id in self._ids.items():
                first, end = connection.execute("SELECT first_offset, next_offset FROM topics WHERE topic_id = ?", (topic_id,)).fetchone()
                place = self._positions.get(topic)
                if place is None:
                    place = self._committed_by_group(connection, topic)
                total += max(0, end - max(first, place))
        return total

    def close(self) -> None:
        """Leave the group without committing, and close the file."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.group is not None and self._positions:
            with self._file.writing() as connection:
                connection.execute(
                    "UPDATE members SET owner = NULL, lease_until_ms = NULL WHERE group_name = ? AND owner = ?", (self.group, self._owner)
                )
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _join(self, connection: sqlite3.Connection, topic: str, start: Start) -> None:
        topic_id = self._ids[topic] = topic_id_of(connection, topic)
        first, end = connection.execute("SELECT first_offset, next_offset FROM topics WHERE topic_id = ?", (topic_id,)).fetchone()
        self._origins[topic] = end if start == "latest" else first
        if self.group is None:
            self._positions[topic] = self._origins[topic]
        elif self._claim(connection, topic) and start != "committed":
            place = self._positions[topic] = self._committed[topic] = self._origins[topic]
            connection.execute("UPDATE members SET committed = ? WHERE group_name = ? AND topic_id = ?", (place, self.group, topic_id))

    def _claim(self, connection: sqlite3.Connection, topic: str) -> bool:
        """Become the group's reader of a topic, within a write transaction, if nobody living is."""
        row = connection.execute(
            "SELECT owner, host, pid, lease_until_ms FROM members WHERE group_name = ? AND topic_id = ?", (self.group, self._ids[topic])
        ).fetchone()
        if row is not None and not self._is_free(row):
            return False
        connection.execute(
            "INSERT INTO members (group_name, topic_id, owner, host, pid, lease_until_ms) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (group_name, topic_id) DO UPDATE SET "
            "owner = excluded.owner, host = excluded.host, pid = excluded.pid, lease_until_ms = excluded.lease_until_ms",
            (self.group, self._ids[topic], self._owner, this_host(), os.getpid(), self._now_ms() + int(self._lease_s * 1000)),
        )
        if topic not in self._positions:
            self._positions[topic] = self._committed[topic] = self._committed_by_group(connection, topic)
        return True

    def _keep_membership(self) -> None:
        if len(self._positions) < len(self.topics) and time.monotonic() >= self._claimed_at + CLAIM_EVERY_S:
            self._claimed_at = time.monotonic()
            standing_by = [topic for topic in self.topics if topic not in self._positions]
            if self._any_free(standing_by):
                with self._file.writing() as connection:
                    for topic in standing_by:
                        self._claim(connection, topic)
        now = self._clock()
        if self._positions and now >= self._leased_at + self._lease_s / 6:
            self._leased_at = now
            self._renew()

    def _any_free(self, topics: Sequence[str]) -> bool:
        # Looking needs no write lock; only who sees a chance queues up for it.
        marks = ", ".join("?" * len(topics))
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT owner, host, pid, lease_until_ms FROM members WHERE group_name = ? AND topic_id IN ({marks})",
                (self.group, *(self._ids[topic] for topic in topics)),
            ).fetchall()
        return any(self._is_free(row) for row in rows)

    def _renew(self) -> None:
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE members SET lease_until_ms = ? WHERE group_name = ? AND owner = ?",
                (self._now_ms() + int(self._lease_s * 1000), self.group, self._owner),
            )
            held = {
                row[0]
                for row in connection.execute("SELECT topic_id FROM members WHERE group_name = ? AND owner = ?", (self.group, self._owner))
            }
        for topic in [topic for topic in self._positions if self._ids[topic] not in held]:
            log.warning("another member has taken over", topic=topic, group=self.group)
            self._positions.pop(topic)

    def _committed_by_group(self, connection: sqlite3.Connection, topic: str) -> int:
        row = connection.execute(
            "SELECT committed FROM members WHERE group_name = ? AND topic_id = ?", (self.group, self._ids[topic])
        ).fetchone()
        return self._origins[topic] if row is None or row[0] is None else int(row[0])

    def _read(self, max_events: int) -> list[Event]:
        events: list[Event] = []
        names = list(self._positions)
        # Begin with another topic each time, so that a busy one never starves the others.
        self._turn += 1
        turn = self._turn % len(names) if names else 0
        with self._file.reading() as connection:
            for topic in names[turn:] + names[:turn]:
                if len(events) >= max_events:
                    break
                rows = connection.execute(
                    "SELECT offset, key, timestamp_ms, payload FROM events WHERE topic_id = ? AND offset >= ? ORDER BY offset LIMIT ?",
                    (self._ids[topic], self._positions[topic], max_events - len(events)),
                ).fetchall()
                if not rows:
                    continue
                if rows[0][0] > self._positions[topic]:
                    log.warning(
                        "events were gone before they were read", topic=topic, group=self.group, lost=rows[0][0] - self._positions[topic]
                    )
                self._positions[topic] = rows[-1][0] + 1
                for offset, key, timestamp_ms, payload in rows:
                    value, problem = decode(payload)
                    events.append(Event(topic, value, key, timestamp_ms, 0, offset, problem))
        return events

    def _is_free(self, row: tuple[str | None, str, int, int | None]) -> bool:
        holder, host, pid, lease_until_ms = row
        return holder is None or holder == self._owner or (lease_until_ms or 0) < self._now_ms() or is_gone(host, pid)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
