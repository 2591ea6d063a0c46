"""The cache inside one process: bounded, thread-safe, gone with the process. Other processes see nothing of it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


class MemoryCache:
    """Least-recently-used values, bounded in number and bytes; counters apart, so that many values never push a rate limit out.

    Args:
        max_values: How many values are kept.
        max_bytes: How many bytes all values together may hold; a larger single value is not kept.
        max_counters: How many counters are kept.
        clock: Monotonic seconds.
    """

    kind = "memory"

    def __init__(
        self,
        *,
        max_values: int = 10_000,
        max_bytes: int = 256 * 2**20,
        max_counters: int = 100_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_values, self.max_bytes, self.max_counters = max_values, max_bytes, max_counters
        self._clock = clock
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._listeners: dict[str, list[MemorySubscription]] = {}

    def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none or it ran out."""
        with self._lock:
            kept = self._values.get(key)
            if kept is None:
                return None
            if kept[1] <= self._clock():
                self._drop(key)
                return None
            self._values.move_to_end(key)
            return kept[0]

    def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep a value for at most `ttl_s` seconds; the least recently used go when it grows too large."""
        with self._lock:
            self._drop(key)
            if ttl_s <= 0 or len(value) > self.max_bytes:
                return
            self._values[key] = (value, self._clock() + ttl_s)
            self._bytes += len(value)
            while len(self._values) > self.max_values or self._bytes > self.max_bytes:
                self._drop(next(iter(self._values)))

    def delete(self, key: str) -> None:
        """Forget a value or a counter."""
        with self._lock:
            self._drop(key)
            self._counters.pop(key, None)

    def increment(self, key: str, *, ttl_s: float) -> int:
        """Add one to a counter and return it; it starts anew `ttl_s` seconds after its first count."""
        with self._lock:
            now = self._clock()
            count, until = self._counters.get(key, (0, 0.0))
            if until <= now:
                count, until = 0, now + ttl_s
                self._counters.pop(key, None)
            self._counters[key] = (count + 1, until)
            while len(self._counters) > self.max_counters:
                self._counters.popitem(last=False)
            return count + 1

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload to every present subscriber of this process."""
        with self._lock:
            listeners = tuple(self._listeners.get(channel, ()))
        for listener in listeners:
            listener.offer(payload)

    def subscribe(self, channel: str) -> MemorySubscription:
        """Start listening to a channel."""
        subscription = MemorySubscription(self._forget, channel)
        with self._lock:
            self._listeners.setdefault(channel, []).append(subscription)
        return subscription

    def ping(self) -> float:
        """Return the latency in milliseconds."""
        started = time.perf_counter()
        self.get("ping")
        return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Forget everything and release subscribers."""
        with self._lock:
            self._values.clear()
            self._counters.clear()
            self._bytes = 0
            listeners = [listener for group in self._listeners.values() for listener in group]
        for listener in listeners:
            listener.close()

    def _drop(self, key: str) -> None:
        kept = self._values.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept[0])

    def _forget(self, subscription: MemorySubscription) -> None:
        with self._lock:
            left = [other for other in self._listeners.get(subscription.channel, ()) if other is not subscription]
            if left:
                self._listeners[subscription.channel] = left
            else:
                self._listeners.pop(subscription.channel, None)


class MemorySubscription:
    """A bounded queue of payloads. A listener that falls behind loses the oldest ones, and `dropped` counts them."""

    LIMIT = 10_000

    def __init__(self, forget: Callable[[MemorySubscription], None], channel: str) -> None:
        self.channel, self.dropped = channel, 0
        self._forget = forget
        self._waiting: deque[bytes] = deque(maxlen=self.LIMIT)
        self._changed = threading.Condition()
        self._is_closed = False

    def offer(self, payload: bytes) -> None:
        """Queue a payload, called by the cache."""
        with self._changed:
            if self._is_closed:
                return
            self.dropped += len(self._waiting) == self.LIMIT
            self._waiting.append(payload)
            self._changed.notify()

    def poll(self, *, timeout_s: float = 0.0) -> bytes | None:
        """Return the next payload, or None when none came in time or the subscription is closed."""
        with self._changed:
            if not self._waiting and not self._is_closed and timeout_s > 0:
                self._changed.wait_for(lambda: self._waiting or self._is_closed, timeout_s)
            return self._waiting.popleft() if self._waiting and not self._is_closed else None

    def close(self) -> None:
        """Stop listening."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._forget(self)

    def __iter__(self) -> Iterator[bytes]:
        while not self._is_closed:
            payload = self.poll(timeout_s=60.0)
            if payload is not None:
                yield payload

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
