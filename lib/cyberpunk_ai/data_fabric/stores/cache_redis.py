"""The cache in Redis, shared by every process that names the same URL. When Redis is away the workspace goes on without a cache."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from cyberpunk_ai.core.errors import SettingsInvalid, StoreFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.data_fabric.stores.cache_memory import MemoryCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

T = TypeVar("T")
log = get_logger("data_fabric.stores.cache")

REST_S = 1.0
"""How long Redis is left alone after it failed, so that a verb does not wait for it again and again."""
WARN_EVERY_S = 30.0
SLICE_S = 0.25
# Counting and setting the window in one step: a counter whose client died in between would otherwise never run out.
COUNT = "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n"


class RedisCache:
    """Redis behind the promise of `Cache`: a lost server means misses and one warning now and then, never an exception in a verb.

    While it is away, counters go on in this process (a rate limit then holds per replica) and publications are not heard by others.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        prefix: Put before every key and channel, so that several products can share a server.
        clock: Monotonic seconds, for resting, warning and counting while Redis is away.

    Raises:
        SettingsInvalid: The URL cannot be read.
    """

    kind = "redis"

    def __init__(self, url: str, *, prefix: str = "cyberpunk:", clock: Callable[[], float] = time.monotonic) -> None:
        self.prefix, self._clock = prefix, clock
        try:
            # One retry replaces a pooled connection that the server closed while idle. More would only make a verb wait.
            self._client: redis.Redis = redis.Redis.from_url(
                url, socket_timeout=2.0, socket_connect_timeout=1.0, health_check_interval=30, retry=Retry(NoBackoff(), 1)
            )
        except ValueError as error:
            raise SettingsInvalid("REDIS_URL cannot be read as a URL", hint="redis://:password@host:6379/0") from error
        self._count = self._client.register_script(COUNT)
        self._counters = MemoryCache(clock=clock)
        self._rests_until = 0.0
        self._warns_after = 0.0
        self._subscriptions: set[RedisSubscription] = set()

    def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none, it ran out, or Redis is away."""
        return self._attempt("get", lambda: self._client.get(self.prefix + key), None)  # type: ignore[arg-type, return-value, unused-ignore]

    def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep a value for at most `ttl_s` seconds."""
        if ttl_s <= 0:
            self.delete(key)
            return
        self._attempt("set", lambda: self._client.set(self.prefix + key, value, px=max(1, round(ttl_s * 1000))), None)

    def delete(self, key: str) -> None:
        """Forget a value or a counter. What could not be deleted because Redis was away ends with its time to live."""
        self._counters.delete(key)
        self._attempt("delete", lambda: self._client.delete(self.prefix + key, f"{self.prefix}count:{key}"), None)

    def increment(self, key: str, *, ttl_s: float) -> int:
        """Add one to a counter and return it; while Redis is away, the count of this process."""
        window_ms = max(1, round(ttl_s * 1000))
        counted: Any = self._attempt("increment", lambda: self._count(keys=[f"{self.prefix}count:{key}"], args=[window_ms]), None)
        return self._counters.increment(key, ttl_s=ttl_s) if counted is None else int(counted)

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload to every present subscriber of every process."""
        self._attempt("publish", lambda: self._client.publish(self.prefix + channel, payload), None)

    def subscribe(self, channel: str) -> RedisSubscription:
        """Start listening. When Redis is away, listening begins as soon as it is back."""
        subscription = RedisSubscription(self, channel)
        self._subscriptions.add(subscription)
        return subscription

    def ping(self) -> float:
        """Return the latency in milliseconds.

        Raises:
            StoreFailed: Redis cannot be reached.
        """
        started = time.perf_counter()
        try:
            self._client.ping()
        except (RedisError, OSError) as error:
            raise StoreFailed(f"Redis cannot be reached: {error}", hint="check REDIS_URL, and that the server is up") from error
        self._rests_until = 0.0
        return (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Close every connection and subscription."""
        for subscription in tuple(self._subscriptions):
            subscription.close()
        self._client.close()

    def pubsub(self) -> Any:
        """Return a new listening connection, for subscriptions."""
        return self._client.pubsub()  # type: ignore[no-untyped-call, unused-ignore]

    def lost(self, action: str, error: Exception) -> None:
        """Note that Redis did not answer: it is left alone for a moment, and a warning is logged, but not for every call."""
        now = self._clock()
        self._rests_until = now + REST_S
        if now >= self._warns_after:
            self._warns_after = now + WARN_EVERY_S
            log.warning("redis is away, going on without a cache", action=action, error=str(error))

    def forget(self, subscription: RedisSubscription) -> None:
        """Drop a closed subscription."""
        self._subscriptions.discard(subscription)

    def _attempt(self, action: str, do: Callable[[], T], otherwise: T) -> T:
        if self._clock() < self._rests_until:
            return otherwise
        try:
            return do()
        except (RedisError, OSError) as error:
            self.lost(action, error)
            return otherwise


class RedisSubscription:
    """One channel of Redis. It comes back by itself after the server did; what was published in between is gone."""

    def __init__(self, cache: RedisCache, channel: str) -> None:
        self.channel = channel
        self._cache = cache
        self._pubsub: Any = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        with self._lock:
            self._listen()

    def poll(self, *, timeout_s: float = 0.0) -> bytes | None:
        """Return the next payload, or None when none came in time or the subscription is closed."""
        deadline = time.monotonic() + timeout_s
        while not self._closed.is_set():
            left = max(0.0, deadline - time.monotonic())
            # Waiting in slices lets `close` in from another thread.
            payload = self._receive(min(left, SLICE_S))
            if payload is not None:
                return payload
            if time.monotonic() >= deadline:
                return None
        return None

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        with self._lock:
            self._hang_up()
        self._cache.forget(self)

    def __iter__(self) -> Iterator[bytes]:
        while not self._closed.is_set():
            payload = self.poll(timeout_s=60.0)
            if payload is not None:
                yield payload

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _receive(self, timeout_s: float) -> bytes | None:
        with self._lock:
            if self._closed.is_set():
                return None
            if self._pubsub is None and not self._listen():
                self._closed.wait(timeout_s)
                return None
            try:
                message = self._pubsub.get_message(timeout=timeout_s)
            except (RedisError, OSError) as error:
                self._cache.lost("listen", error)
                self._hang_up()
                return None
        return message["data"] if message is not None and message["type"] == "message" else None

    def _listen(self) -> bool:
        pubsub = self._cache.pubsub()
        try:
            pubsub.subscribe(self._cache.prefix + self.channel)
            # Only after the server confirmed is everything published from now on heard.
            if pubsub.get_message(timeout=2.0) is None:
                raise redis.exceptions.TimeoutError("the subscription was not confirmed")
        except (RedisError, OSError) as error:
            self._cache.lost("subscribe", error)
            pubsub.close()
            return False
        self._pubsub = pubsub
        return True

    def _hang_up(self) -> None:
        if self._pubsub is not None:
            self._pubsub.close()
            self._pubsub = None
