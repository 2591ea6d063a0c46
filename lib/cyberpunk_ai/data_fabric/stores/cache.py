"""The promise of every cache, and which one is opened. In-process is in `cache_memory.py`, Redis in `cache_redis.py`.

A cache is a convenience: answers, rate counters, a bus between replicas. Losing it loses nothing, so no verb may fail because of it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from cyberpunk_ai.core.settings import Settings


class Subscription(Protocol):
    """What is published on one channel from now on. Iterating waits for payloads until the subscription is closed."""

    def poll(self, *, timeout_s: float = 0.0) -> bytes | None:
        """Return the next payload, or None when none came in time or the subscription is closed."""
        ...

    def close(self) -> None:
        """Stop. Whoever iterates is released; a second call does nothing."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Cache(Protocol):
    """Values by key for a while, counters, and channels. Threads may share it."""

    kind: str

    def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none, it ran out, or the cache is away."""
        ...

    def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep a value for at most `ttl_s` seconds."""
        ...

    def delete(self, key: str) -> None:
        """Forget a value or a counter."""
        ...

    def increment(self, key: str, *, ttl_s: float) -> int:
        """Add one to a counter and return it. A counter lives `ttl_s` seconds from its first count: a fixed window."""
        ...

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload to everybody who is subscribed now; nobody else will ever see it."""
        ...

    def subscribe(self, channel: str) -> Subscription:
        """Start listening: whatever is published after this call returns is heard, unless the listener falls too far behind."""
        ...

    def ping(self) -> float:
        """Return the latency in milliseconds.

        Raises:
            StoreFailed: The cache cannot be reached.
        """
        ...

    def close(self) -> None:
        """Let connections go and end subscriptions."""
        ...


def open_cache(settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> Cache:
    """Open the cache of `settings`: Redis at `REDIS_URL`, or one inside this process.

    Args:
        settings: Name the server.
        clock: Monotonic seconds of this process; a server has its own.
    """
    if settings.redis_url:
        from cyberpunk_ai.data_fabric.stores.cache_redis import RedisCache

        return RedisCache(settings.redis_url, clock=clock)
    from cyberpunk_ai.data_fabric.stores.cache_memory import MemoryCache

    return MemoryCache(clock=clock)
