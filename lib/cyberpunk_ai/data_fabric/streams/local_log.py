"""The event log in one SQLite file: no server, many processes. One partition per topic, so a topic's order is total.

A group has one reading member per topic; others stand by and take over when it closes, dies, or does not poll for longer than its lease.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.data_fabric.streams.base import check_topic, encode
from cyberpunk_ai.data_fabric.streams.local_consumer import LocalConsumer
from cyberpunk_ai.data_fabric.streams.local_file import LogFile, topic_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from cyberpunk_ai.data_fabric.streams.base import Start

RETENTION_EVENTS = 5_000_000
RETENTION_S = 7 * 24 * 3600.0
TRIM_EVERY_S = 60.0
TRIM_CHUNK = 20_000


class LocalEventLog:
    """Events in a file that any number of processes append to and read.

    Args:
        path: The file; it is made when first used.
        retention_events: How many events a topic keeps; older ones go, read or not, as in Kafka.
        retention_s: How long a topic keeps an event.
        lease_s: How long a group's member may go without polling before another takes over; one whose process died is replaced at once.
        clock: Seconds since 1970, for moments, ages and leases: the file is shared, so it must be the same in every process.
    """

    kind = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        retention_events: int = RETENTION_EVENTS,
        retention_s: float = RETENTION_S,
        lease_s: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self.path, self.retention_events, self.retention_s, self.lease_s = path, retention_events, retention_s, lease_s
        self._file = LogFile(path)
        self._trims_after = time.monotonic() + TRIM_EVERY_S

    def append(self, topic: str, values: Sequence[Mapping[str, Any]], *, keys: Sequence[str | None] | None = None) -> int:
        """Append events in one step, all or none, and return how many.

        Raises:
            InvalidArgument: The topic's name, a value or the number of keys is wrong.
            StoreFailed: The file cannot be written.
        """
        check_topic(topic)
        encoded = encode(values, keys)
        if not encoded:
            return 0
        with self._file.writing() as connection:
            topic_id = topic_id_of(connection, topic)
            # The moment is taken under the write lock: within a topic, time never runs backwards along the offsets of one machine.
            now_ms = int(self._clock() * 1000)
            (end,) = connection.execute(
                "UPDATE topics SET next_offset = next_offset + ? WHERE topic_id = ? RETURNING next_offset", (len(encoded), topic_id)
            ).fetchone()
            first = end - len(encoded)
            connection.executemany(
                "INSERT INTO events (topic_id, offset, key, timestamp_ms, payload) VALUES (?, ?, ?, ?, ?)",
                ((topic_id, first + place, key, now_ms, payload) for place, (key, payload) in enumerate(encoded)),
            )
        if time.monotonic() > self._trims_after:
            self._trims_after = time.monotonic() + TRIM_EVERY_S
            self.trim(topic)
        return len(encoded)

    def consumer(self, topics: Sequence[str], *, group: str | None = None, start: Start = "committed") -> LocalConsumer:
        """Start reading; see `EventLog.consumer`. With a group, `earliest` and `latest` count only when no other member is reading."""
        names = [check_topic(topic) for topic in dict.fromkeys(topics)]
        return LocalConsumer(
            LogFile(self.path), names, group=group, start=start, owner=uuid.uuid4().hex, lease_s=self.lease_s, clock=self._clock
        )

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Return the offset that the next event will get, by partition; there is one. Empty for an unknown topic."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT next_offset FROM topics WHERE name = ?", (topic,)).fetchone()
        return {} if row is None else {0: row[0]}

    def identity(self, topic: str) -> str:
        """Return the name that the file was given when it was made, with the topic."""
        with self._file.reading() as connection:
            return f"{connection.execute('SELECT identity FROM log').fetchone()[0]}/{topic}"

    def trim(self, topic: str, *, keep_events: int | None = None, keep_s: float | None = None) -> int:
        """Let old events go, a chunk at a time, so that writers wait only briefly.

        Args:
            topic: An unknown one has nothing to trim.
            keep_events: How many to keep, the log's retention when None.
            keep_s: Up to which age to keep, the log's retention when None.

        Returns:
            How many went.
        """
        most = self.retention_events if keep_events is None else keep_events
        oldest_ms = int((self._clock() - (self.retention_s if keep_s is None else keep_s)) * 1000)
        gone = 0
        while True:
            with self._file.writing() as connection:
                row = connection.execute("SELECT topic_id, first_offset, next_offset FROM topics WHERE name = ?", (topic,)).fetchone()
                if row is None:
                    return gone
                topic_id, first, end = row
                fresh = connection.execute(
                    "SELECT offset FROM events WHERE topic_id = ? AND offset < ? AND timestamp_ms >= ? ORDER BY offset LIMIT 1",
                    (topic_id, first + TRIM_CHUNK, oldest_ms),
                ).fetchone()
                by_age = min(end, first + TRIM_CHUNK) if fresh is None else fresh[0]
                bound = min(max(by_age, end - most), first + TRIM_CHUNK)
                if bound <= first:
                    return gone
                connection.execute("DELETE FROM events WHERE topic_id = ? AND offset < ?", (topic_id, bound))
                connection.execute("UPDATE topics SET first_offset = ? WHERE topic_id = ?", (bound, topic_id))
            gone += bound - first

    def ping(self) -> float:
        """Return the latency in milliseconds.

        Raises:
            StoreFailed: The file cannot be read.
        """
        started = time.perf_counter()
        with self._file.reading() as connection:
            connection.execute("SELECT identity FROM log").fetchone()
        return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Close the file. It opens again when used."""
        self._file.close()
