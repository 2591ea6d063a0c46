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
from kafka.errors import KafkaError, MessageSizeTooLargeError, TopicAlreadyExistsError

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed
from cyberpunk_ai.data_fabric.streams.base import check_topic, encode
from cyberpunk_ai.data_fabric.streams.kafka_consumer import KafkaGroupConsumer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cyberpunk_ai.data_fabric.streams.base import Start

PARTITIONS = 4
TIMEOUT_S = 30.0


class KafkaEventLog:
    """Events in Kafka. Nothing is contacted before the first use; threads may share it.

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
        self._ensure([topic])
        producer = self._client("producer")
        with self._failing(f"append to {topic}"):
            try:
                sent = [producer.send(topic, payload, key=None if key is None else key.encode()) for key, payload in encoded]
            except MessageSizeTooLargeError as error:
                raise InvalidArgument(f"an event is too large for Kafka: {error}", hint="send a reference to the data instead") from error
            producer.flush(timeout=TIMEOUT_S)
            failed = [future.exception for future in sent if not future.is_done or future.failed()]
        if failed:
            raise StoreFailed(
                f"Kafka did not take {len(failed)} of {len(sent)} events: {failed[0]}", hint="append those again", topic=topic
            )
        return len(sent)

    def consumer(self, topics: Sequence[str], *, group: str | None = None, start: Start = "committed") -> KafkaGroupConsumer:
        """Start reading; see `EventLog.consumer`. Unknown topics are made first, so that a reader may come before its writer."""
        names = [check_topic(topic) for topic in dict.fromkeys(topics)]
        self._ensure(names)
        with self._failing("start reading"):
            client = KafkaConsumer(
                bootstrap_servers=self.servers,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                # A killed member's partitions wait for this long before another takes them.
                session_timeout_ms=10_000,
                heartbeat_interval_ms=3_000,
            )
            return KafkaGroupConsumer(client, names, group=group, start=start)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Return per partition the offset that the next event will get; empty for an unknown topic."""
        with self._lock, self._failing(f"ask for the ends of {topic}"):
            if topic not in self._client("admin").list_topics():
                return {}
            asking = self._client("asking")
            partitions = [TopicPartition(topic, number) for number in asking.partitions_for_topic(topic) or ()]
            return {partition.partition: end for partition, end in asking.end_offsets(partitions).items()}

    def identity(self, topic: str) -> str:
        """Return the cluster's and the topic's id. Brokers before 2.8 know no id of a topic; its name stands in."""
        with self._lock, self._failing(f"describe {topic}"):
            cluster = self._client("admin").describe_cluster().get("cluster_id")
            known = {
                item["name"]: item.get("topic_id") for item in self._client("admin").describe_topics([topic]) if item["error_code"] == 0
            }
        return f"{cluster}/{known.get(topic) or topic}"

    def ping(self) -> float:
        """Return the latency in milliseconds.

        Raises:
            StoreFailed: Kafka cannot be reached.
        """
        with self._lock, self._failing("answer"):
            admin = self._client("admin")
            started = time.perf_counter()
            admin.describe_cluster()
            return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Close every connection. Using the log afterwards opens new ones."""
        with self._lock:
            clients, self._clients = self._clients, {}
        if self._pid == os.getpid():
            for client in clients.values():
                client.close()

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
            )
        if purpose == "admin":
            return KafkaAdminClient(bootstrap_servers=self.servers, request_timeout_ms=int(TIMEOUT_S * 1000))
        return KafkaConsumer(bootstrap_servers=self.servers, group_id=None, enable_auto_commit=False)

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
            hint = f"check KAFKA_BOOTSTRAP_SERVERS ({', '.join(self.servers)}), and that the brokers are up"
            raise StoreFailed(f"Kafka did not {what}: {error or type(error).__name__}", hint=hint) from error
