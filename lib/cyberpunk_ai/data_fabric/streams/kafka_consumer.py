"""Reading Kafka: partitions assigned by hand without a group, by the broker within one. Made by `KafkaEventLog.consumer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from kafka import ConsumerRebalanceListener, TopicPartition
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from cyberpunk_ai.core.errors import Conflict, InvalidArgument, NotFound, StoreFailed
from cyberpunk_ai.data_fabric.streams.base import Event, decode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from kafka import KafkaConsumer

    from cyberpunk_ai.data_fabric.streams.base import Start

CLOSE_MS = 2_000
COMMIT_MS = 30_000  # without a limit the client tries for ever while the brokers are gone
LOST_MEMBERSHIP = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


class KafkaGroupConsumer:
    """A reader of Kafka, with or without a group."""

    def __init__(self, client: KafkaConsumer, topics: Sequence[str], *, group: str | None, start: Start) -> None:
        self.topics, self.group = tuple(topics), group
        self._client = client
        self._is_closed = False
        try:
            partitions = [TopicPartition(topic, number) for topic in topics for number in sorted(client.partitions_for_topic(topic) or ())]
            # `latest` is the end now, not at the first poll, or events in between would be missed.
            places = client.end_offsets(partitions) if start == "latest" else client.beginning_offsets(partitions)
            if group is None:
                client.assign(partitions)
                for partition, place in places.items():
                    client.seek(partition, place)
            else:
                client.subscribe(list(topics), listener=_Placing(client, {} if start == "committed" else places))
        except BaseException:
            client.close()
            raise

    def poll(self, *, max_events: int = 500, timeout_s: float = 0.1) -> list[Event]:
        """Return the next events, as soon as there are any, at most after `timeout_s`. A rebalance of the group happens in here."""
        if self._is_closed:
            raise InvalidArgument("the consumer is closed", hint="open another one")
        try:
            polled = self._client.poll(timeout_ms=int(timeout_s * 1000), max_records=max_events)
        except KafkaError as error:
            raise StoreFailed(f"Kafka did not hand out events: {error}", hint="the consumer may go on when Kafka is back") from error
        return [_event(record) for records in polled.values() for record in records]

    def commit(self) -> None:
        """Record for the group that everything polled so far is done.

        Raises:
            Conflict: The group was shared out anew; what was polled since the last commit will be delivered again, maybe to another member.
            InvalidArgument: The consumer has no group.
            StoreFailed: Kafka cannot be reached.
        """
        if self.group is None:
            raise InvalidArgument("a consumer without a group has nowhere to commit", hint="consumer(topics, group=...)")
        try:
            self._client.commit(timeout_ms=COMMIT_MS)
        except LOST_MEMBERSHIP as error:
            raise Conflict(
                f"the group {self.group!r} was shared out anew: {error}", hint="drop what was polled since the last commit"
            ) from error
        except KafkaError as error:
            raise StoreFailed(f"Kafka did not commit: {error}", hint="commit again when Kafka is back") from error

    def seek(self, topic: str, offset: int, *, partition: int | None = None) -> None:
        """Go on reading a topic at an offset, in one partition or in all that this consumer reads now.

        Raises:
            NotFound: This consumer does not read the topic or partition now.
        """
        mine = [own for own in self._client.assignment() if own.topic == topic and partition in {None, own.partition}]
        if not mine:
            raise NotFound(f"this consumer does not read {topic!r} now", hint="a member of a group is given partitions while it polls")
        for own in mine:
            self._client.seek(own, max(0, offset))

    def lag(self) -> int:
        """Return how many events of its present partitions this consumer has not polled yet."""
        mine = list(self._client.assignment())
        return sum(max(0, end - self._client.position(partition)) for partition, end in self._client.end_offsets(mine).items())

    def close(self) -> None:
        """Leave the group without committing."""
        if not self._is_closed:
            self._is_closed = True
            self._client.close(autocommit=False, timeout_ms=CLOSE_MS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Placing(ConsumerRebalanceListener):  # type: ignore[misc, unused-ignore]
    """Sets partitions to their asked-for places, once each: after a rebalance the group's commits count."""

    def __init__(self, client: KafkaConsumer, places: dict[TopicPartition, int]) -> None:
        self._client, self._places = client, places

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Seek where no commit may decide."""
        for partition in assigned:
            if partition in self._places:
                self._client.seek(partition, self._places[partition])
        self._places = {}

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Nothing is in flight here: whoever polls has the events, and its commit will tell it that they moved."""


def _event(record: Any) -> Event:
    value, problem = decode(record.value)
    key = None if record.key is None else record.key.decode(errors="replace")
    return Event(record.topic, value, key, record.timestamp, record.partition, record.offset, problem)
