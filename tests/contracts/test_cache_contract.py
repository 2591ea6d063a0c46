"""What every cache keeps, in process and in Redis alike."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

import pytest
import redis

from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.cache import open_cache
from tests.clock import Clock
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cyberpunk_ai.data_fabric.stores.cache import Cache


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def settings(request: pytest.FixtureRequest) -> Settings:
    return Settings.load() if request.param == "memory" else Settings.load(redis_url=request.getfixturevalue("redis_url"))


@pytest.fixture
def clock() -> Clock:
    """The time of this process."""
    return Clock()


@pytest.fixture
def cache(settings: Settings, clock: Clock) -> Iterator[Cache]:
    opened = open_cache(settings, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def key() -> str:
    return f"key-{uuid.uuid4().hex}"


@pytest.fixture
def let_pass(settings: Settings, clock: Clock, key: str) -> Iterator[Callable[[float], None]]:
    """Let so many seconds pass: on the clock of this process, or by bringing nearer what Redis says is the end of this test's keys."""
    if not settings.redis_url:
        yield clock.advance
        return
    client = redis.Redis.from_url(settings.redis_url)

    def come_nearer(seconds: float) -> None:
        for name in client.scan_iter(match=f"*{key}*"):
            left_ms = client.pttl(name)
            assert left_ms >= 0, f"{name!r} would stay for ever"
            client.pexpire(name, left_ms - round(seconds * 1000))

    yield come_nearer
    client.close()


def test_what_is_set_is_got(cache: Cache, key: str) -> None:
    cache.set(key, b"\x00value\xff", ttl_s=60)
    assert cache.get(key) == b"\x00value\xff"


def test_an_empty_value_is_not_a_miss(cache: Cache, key: str) -> None:
    cache.set(key, b"", ttl_s=60)
    assert cache.get(key) == b""


def test_unknown_and_deleted_are_misses(cache: Cache, key: str) -> None:
    assert cache.get(key) is None
    cache.set(key, b"value", ttl_s=60)
    cache.delete(key)
    cache.delete(key)
    assert cache.get(key) is None


def test_setting_again_replaces(cache: Cache, key: str) -> None:
    cache.set(key, b"old", ttl_s=60)
    cache.set(key, b"new", ttl_s=60)
    assert cache.get(key) == b"new"


def test_a_value_runs_out(cache: Cache, key: str, let_pass: Callable[[float], None]) -> None:
    cache.set(key, b"value", ttl_s=3600)
    let_pass(1800)
    assert cache.get(key) == b"value"
    let_pass(1800)
    assert cache.get(key) is None


def test_time_runs_by_itself(settings: Settings, key: str) -> None:
    cache = open_cache(settings)
    cache.set(key, b"value", ttl_s=0.01)
    until(lambda: cache.get(key) is None, "the value ran out")
    cache.close()


def test_no_time_to_live_means_not_kept(cache: Cache, key: str) -> None:
    cache.set(key, b"old", ttl_s=60)
    cache.set(key, b"new", ttl_s=0)
    assert cache.get(key) is None


def test_a_counter_counts_and_starts_anew(cache: Cache, key: str, let_pass: Callable[[float], None]) -> None:
    assert [cache.increment(key, ttl_s=3600) for _ in range(3)] == [1, 2, 3]
    cache.delete(key)
    assert cache.increment(key, ttl_s=3600) == 1
    let_pass(3600)
    assert cache.increment(key, ttl_s=3600) == 1


def test_counting_on_does_not_prolong_the_window(cache: Cache, key: str, let_pass: Callable[[float], None]) -> None:
    cache.increment(key, ttl_s=3600)
    let_pass(1800)
    assert cache.increment(key, ttl_s=3600) == 2
    let_pass(1800)
    assert cache.increment(key, ttl_s=3600) == 1


def test_a_counter_is_not_a_value(cache: Cache, key: str) -> None:
    cache.set(key, b"value", ttl_s=60)
    assert cache.increment(key, ttl_s=60) == 1
    assert cache.get(key) == b"value"


def test_threads_lose_no_count(cache: Cache, key: str) -> None:
    threads = [threading.Thread(target=lambda: [cache.increment(key, ttl_s=60) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.increment(key, ttl_s=60) == 201


def test_every_subscriber_hears_its_channel_in_order(cache: Cache, key: str) -> None:
    with cache.subscribe(key) as first, cache.subscribe(key) as second, cache.subscribe(f"{key}-other") as other:
        for number in range(5):
            cache.publish(key, b"%d" % number)
        for subscription in (first, second):
            assert [subscription.poll(timeout_s=PATIENCE_S) for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
        cache.publish(f"{key}-other", b"mine")
        assert other.poll(timeout_s=PATIENCE_S) == b"mine"
        assert [subscription.poll() for subscription in (first, second, other)] == [None] * 3


def test_closing_releases_whoever_iterates(cache: Cache, key: str) -> None:
    heard: list[bytes] = []
    subscription = cache.subscribe(key)
    listener = threading.Thread(target=lambda: heard.extend(subscription))
    listener.start()
    cache.publish(key, b"one")
    until(lambda: heard, "the listener hears")
    subscription.close()
    subscription.close()
    until(lambda: not listener.is_alive(), "the listener is released")
    assert heard == [b"one"]
    assert subscription.poll(timeout_s=PATIENCE_S) is None


def test_publishing_to_nobody_is_fine(cache: Cache, key: str) -> None:
    cache.publish(key, b"into the void")


def test_ping_measures(cache: Cache) -> None:
    assert cache.ping() >= 0


def test_kind_follows_the_settings(cache: Cache, settings: Settings) -> None:
    assert cache.kind == ("redis" if settings.redis_url else "memory")
