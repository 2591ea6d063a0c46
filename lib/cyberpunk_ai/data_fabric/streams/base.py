"""The promise of every event log, and how an event is written as bytes. The logs themselves are one file each beside this one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import orjson

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import to_jsonable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

Start = Literal["committed", "earliest", "latest"]
# What Kafka allows; the local log keeps to it, so that a move to Kafka renames nothing.
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a topic.

    Attributes:
        topic: Where it was appended.
        value: The event; it always holds `event_id`, unless it could not be read.
        key: Events with equal keys keep their order; None when it has none.
        timestamp_ms: When it was appended, in milliseconds since 1970 UTC.
        partition: Always 0 in the local log.
        offset: Position within the partition, without order across partitions.
        problem: Why the payload could not be read as a JSON object, empty when it could; `value` then holds the payload under `unreadable`.
    """

    topic: str
    value: dict[str, Any]
    key: str | None
    timestamp_ms: int
    partition: int
    offset: int
    problem: str = ""


class Consumer(Protocol):
    """Reads topics in order. For one thread; close it when done, so that others of its group take over at once."""

    def poll(self, *, max_events: int = 500, timeout_s: float = 0.1) -> list[Event]:
        """Return the next events, as soon as there are any, at most after `timeout_s`; order holds within a topic's partition."""
        ...

    def commit(self) -> None:
        """Record for the group that everything polled so far is done.

        Raises:
            Conflict: Another member has taken over; what was polled since the last commit will be delivered to it.
            InvalidArgument: The consumer has no group.
        """
        ...

    def seek(self, topic: str, offset: int, *, partition: int | None = None) -> None:
        """Go on reading at an offset, in one partition or in all that this consumer reads; older than kept means the oldest kept."""
        ...

    def lag(self) -> int:
        """Return how many events this consumer has not polled yet."""
        ...

    def close(self) -> None:
        """Leave the group without committing. A second call does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class EventLog(Protocol):
    """Topics of events. Threads may share it, and any number of processes may open it."""

    kind: str

    def append(self, topic: str, values: Sequence[Mapping[str, Any]], *, keys: Sequence[str | None] | None = None) -> int:
        """Append events and return how many. On return they are durable; a topic comes into being with its first event.

        Args:
            topic: Letters, digits, `.`, `_`, `-`.
            values: JSON-ready, or made so; an event without `event_id` is given a random one.
            keys: One per event.

        Raises:
            InvalidArgument: The topic's name, a value or the number of keys is wrong; nothing was appended.
            StoreFailed: The log cannot be reached. The local log then kept nothing; Kafka may have kept some.
        """
        ...

    def consumer(self, topics: Sequence[str], *, group: str | None = None, start: Start = "committed") -> Consumer:
        """Start reading.

        Args:
            topics: They need not exist yet.
            group: Its members share the work: each event goes to one of them. Without a group a consumer reads everything for itself.
            start: `committed`: where the group left off, or the oldest event when it never committed or there is no group. `earliest` and
                `latest` set the place anew; `latest` is the end at the moment of this call.
        """
        ...

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Return per partition the offset that the next event will get; empty for an unknown topic."""
        ...

    def identity(self, topic: str) -> str:
        """Return what tells this incarnation of a topic from any other: offsets mean the same only while it stays."""
        ...

    def ping(self) -> float:
        """Return the latency in milliseconds.

        Raises:
            StoreFailed: The log cannot be reached.
        """
        ...

    def close(self) -> None:
        """Let connections go. Consumers are closed by whoever opened them."""
        ...


def check_topic(topic: str) -> str:
    """Return the name, or raise.

    Raises:
        InvalidArgument: Kafka would refuse it.
    """
    if not _TOPIC.fullmatch(topic) or topic in {".", ".."}:
        raise InvalidArgument(f"{topic!r} cannot name a topic", hint="letters, digits, '.', '_' and '-', at most 249")
    return topic


def encode(values: Iterable[Mapping[str, Any]], keys: Sequence[str | None] | None) -> list[tuple[str | None, bytes]]:
    """Return key and payload per event, every event with an `event_id`.

    Raises:
        InvalidArgument: A value is not a mapping or cannot become JSON, or there is not one key per event.
    """
    payloads = [_payload(value) for value in values]
    if keys is None:
        return [(None, payload) for payload in payloads]
    if len(keys) != len(payloads):
        raise InvalidArgument(f"{len(payloads)} events came with {len(keys)} keys", hint="give one key per event, or none at all")
    return list(zip(keys, payloads, strict=True))


def decode(payload: bytes | None) -> tuple[dict[str, Any], str]:
    """Return the value and, when it is not a JSON object, the problem."""
    try:
        value = orjson.loads(payload or b"")
    except orjson.JSONDecodeError as error:
        return {"unreadable": (payload or b"").decode(errors="replace")}, f"not JSON: {error}"
    if not isinstance(value, dict):
        return {"unreadable": value}, f"a JSON {type(value).__name__}, not an object"
    return value, ""


def _payload(value: Mapping[str, Any]) -> bytes:
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"an event must be a mapping, not {type(value).__name__}", hint="append(topic, [{...}, {...}])")
    named = value if "event_id" in value else {"event_id": uuid.uuid4().hex, **value}
    try:
        return orjson.dumps(dict(named), default=to_jsonable, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise InvalidArgument(
            f"an event cannot become JSON: {error}", hint="use text, numbers, booleans, times, lists and mappings"
        ) from error
