"""The event log in Kafka: many partitions, many readers per group. What a topic's order means across partitions is Kafka's rule: nothing.

`crc32c` is a dependency of the package and must stay one: without it the client computes checksums in Python, six to eleven times slower.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, TopicAlreadyExistsError

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.data_fabric.streams.base import check_topic, encode
from cyberpunk_ai.data_fabric.streams.kafka_answer import answer_ms, what_to_do
from cyberpunk_ai.data_fabric.streams.kafka_consumer import KafkaGroupConsumer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cyberpunk_ai.data_fabric.streams.base import Start

log = get_logger("data_fabric.streams.kafka")

PARTITIONS = 4
TIMEOUT_S = 30.0
# Brokers that just answered a question are given so long for the first exchange of a new client.
START_S = 5.0
# How long an answer stands for the next one: a stream of appends should not open a connection for each.
FRESH_S = 1.0
CLOSE_S = 2.0


class KafkaEventLog:
    """Events in Kafka. Nothing is contacted before the first use; threads may share it.

    Every operation first makes sure that a server answers, so that it fails within seconds while none does.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        partitions: How many a topic gets that this log makes; topics that exist are taken as they are.
    """

    kind = "kafka"

    def __init__(self, bootstrap_servers: str, *, partitions: int = PARTITIONS) -> None:
        self.servers = [server.strip() for server in bootstrap_servers.split(",") if server.strip()]
        self.partitions = partitions
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._clients: dict[str, Any] = {}
        self._known: set[str] = set()
        self._answered_at = float("-inf")

    def append(self, topic: str, values: Sequence[Mapping[str, Any]], *, keys: Sequence[str | None] | None = None) -> int:
        """Append events, wait until every replica has them, and return how many.

        Raises:
            InvalidArgument: The topic's name, a value or the number of keys is wrong, or an event is larger than the broker takes.
            StoreFailed: Kafka cannot be reached, or refused some; those that it took before stay.
        """
        check_topic(topic)
        encoded = encode(values, keys)
        if not encoded:
            return 0
        self._reach()
        self._ensure([topic])
        producer = self._client("producer")
        with self._failing(f"append to {topic}"):
            try:
                sent = [producer.send(topic, payload, key=None if key is None else key.encode()) for key, payload in encoded]
            except MessageSizeTooLargeError as error:
                raise InvalidArgument(f"an event is too large for Kafka: {error}", hint="send a reference to the data instead") from error
            self._flush(producer)
            failed = [future.exception for future in sent if not future.is_done or future.failed()]
        if failed:
            raise StoreFailed(
                f"Kafka did not take {len(failed)} of {len(sent)} events: {failed[0]}", hint="append those again", topic=topic
            )
        return len(sent)

    def consumer(self, topics: Sequence[str], *, group: str | None = None, start: Start = "committed") -> KafkaGroupConsumer:
        """Start reading; see `EventLog.consumer`. Unknown topics are made first, so that a reader may come before its writer."""
        names = [check_topic(topic) for topic in dict.fromkeys(topics)]
        self._reach()
        self._ensure(names)
        with self._failing("start reading"):
            client = KafkaConsumer(
                bootstrap_servers=self.servers,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                bootstrap_timeout_ms=int(START_S * 1000),
                # A killed member's partitions wait for this long before another takes them.
                session_timeout_ms=10_000,
                heartbeat_interval_ms=3_000,
            )
            return KafkaGroupConsumer(client, names, group=group, start=start)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Return per partition the offset that the next event will get; empty for an unknown topic."""
        self._reach()
        with self._lock, self._failing(f"ask for the ends of {topic}"):
            if topic not in self._client("admin").list_topics():
                return {}
            asking = self._client("asking")
            partitions = [TopicPartition(topic, number) for number in asking.partitions_for_topic(topic) or ()]
            return {partition.partition: end for partition, end in asking.end_offsets(partitions).items()}

    def identity(self, topic: str) -> str:
        """Return the cluster's and the topic's id. Brokers before 2.8 know no id of a topic; its name stands in."""
        self._reach()
        with self._lock, self._failing(f"describe {topic}"):
            cluster = self._client("admin").describe_cluster().get("cluster_id")
            known = {
                item["name"]: item.get("topic_id") for item in self._client("admin").describe_topics([topic]) if item["error_code"] == 0
            }
        return f"{cluster}/{known.get(topic) or topic}"

    def ping(self) -> float:
        """Return the latency in milliseconds, within a few seconds and whatever the other threads wait for.

        Raises:
            StoreFailed: Kafka cannot be reached.
        """
        return answer_ms(self.servers)

    def close(self) -> None:
        """Close every connection, within a few seconds. Using the log afterwards opens new ones."""
        deadline = time.monotonic() + CLOSE_S
        # Whoever holds the lock may be waiting for brokers that are gone.
        is_ours = self._lock.acquire(timeout=CLOSE_S)
        try:
            clients, self._clients = self._clients, {}
        finally:
            if is_ours:
                self._lock.release()
        if self._pid != os.getpid():
            return
        # The producer's own close waits for events that no broker takes; `append` has reported those as failed.
        closing = [threading.Thread(target=client.close, name=f"kafka-close-{purpose}", daemon=True) for purpose, client in clients.items()]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(max(0.0, deadline - time.monotonic()))
        if not is_ours or any(thread.is_alive() for thread in closing):
            log.warning("Kafka connections did not close in time; they end with the process", servers=self.servers)

    def _reach(self) -> None:
        """Make sure that a server answers now, or did a moment ago."""
        if time.monotonic() - self._answered_at > FRESH_S:
            answer_ms(self.servers)
            self._answered_at = time.monotonic()

    def _flush(self, producer: Any) -> None:
        """Wait until the brokers have what was sent, as long as one of them answers at all."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            try:
                producer.flush(timeout=FRESH_S)
                return
            except KafkaTimeoutError:
                if time.monotonic() > deadline:
                    raise
                self._reach()

    def _client(self, purpose: str) -> Any:
        with self._lock:
            if self._pid != os.getpid():
                # Sockets and threads of the clients stayed with the parent.
                self._pid, self._clients = os.getpid(), {}
            if purpose not in self._clients:
                with self._failing("be reached"):
                    self._clients[purpose] = self._opened(purpose)
            return self._clients[purpose]

    def _opened(self, purpose: str) -> Any:
        if purpose == "producer":
            return KafkaProducer(
                bootstrap_servers=self.servers,
                acks="all",
                linger_ms=5,
                batch_size=256 * 1024,
                max_block_ms=int(TIMEOUT_S * 1000),
                delivery_timeout_ms=int(TIMEOUT_S * 1000) + 5_000,
                request_timeout_ms=int(TIMEOUT_S * 1000),
                bootstrap_timeout_ms=int(START_S * 1000),
            )
        opening: dict[str, Any] = {"bootstrap_servers": self.servers, "bootstrap_timeout_ms": int(START_S * 1000)}
        if purpose == "admin":
            return KafkaAdminClient(**opening, request_timeout_ms=int(TIMEOUT_S * 1000))
        return KafkaConsumer(**opening, group_id=None, enable_auto_commit=False)

    def _ensure(self, topics: Iterable[str]) -> None:
        """Make topics that do not exist. Two processes may try at once; the second finds it made."""
        with self._lock:
            missing = [topic for topic in topics if topic not in self._known]
            if not missing:
                return
            with self._failing("make topics"):
                admin = self._client("admin")
                for topic in set(missing) - set(admin.list_topics()):
                    try:
                        admin.create_topics([NewTopic(topic, num_partitions=self.partitions, replication_factor=-1)])
                    except TopicAlreadyExistsError:
                        continue
                admin.wait_for_topics(missing, timeout_ms=int(TIMEOUT_S * 1000))
            self._known.update(missing)

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (KafkaError, OSError) as error:
            raise StoreFailed(f"Kafka did not {what}: {error or type(error).__name__}", hint=what_to_do(self.servers)) from error
