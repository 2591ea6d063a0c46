"""Bounds of the in-process cache."""

from __future__ import annotations

from cyberpunk_ai.data_fabric.stores.cache_memory import MemoryCache, MemorySubscription


def test_the_least_recently_used_goes_first() -> None:
    cache = MemoryCache(max_values=2)
    cache.set("a", b"1", ttl_s=60)
    cache.set("b", b"2", ttl_s=60)
    cache.get("a")
    cache.set("c", b"3", ttl_s=60)
    assert [cache.get(key) for key in "abc"] == [b"1", None, b"3"]


def test_bytes_are_bounded() -> None:
    cache = MemoryCache(max_bytes=10)
    cache.set("a", b"x" * 6, ttl_s=60)
    cache.set("b", b"x" * 6, ttl_s=60)
    assert cache.get("a") is None
    assert cache.get("b") == b"x" * 6


def test_replacing_a_value_gives_its_bytes_back() -> None:
    cache = MemoryCache(max_bytes=10)
    for _ in range(5):
        cache.set("a", b"x" * 6, ttl_s=60)
    cache.set("b", b"x" * 4, ttl_s=60)
    assert cache.get("a") is not None
    assert cache.get("b") is not None


def test_a_value_larger_than_the_cache_is_not_kept() -> None:
    cache = MemoryCache(max_bytes=10)
    cache.set("small", b"x", ttl_s=60)
    cache.set("huge", b"x" * 11, ttl_s=60)
    assert cache.get("huge") is None
    assert cache.get("small") == b"x"


def test_many_values_do_not_push_a_counter_out() -> None:
    cache = MemoryCache(max_values=2)
    cache.increment("limit", ttl_s=60)
    for number in range(10):
        cache.set(f"v{number}", b"x", ttl_s=60)
    assert cache.increment("limit", ttl_s=60) == 2


def test_time_is_the_given_clock() -> None:
    now = [0.0]
    cache = MemoryCache(clock=lambda: now[0])
    cache.set("a", b"1", ttl_s=10)
    now[0] = 9.9
    assert cache.get("a") == b"1"
    now[0] = 10.0
    assert cache.get("a") is None


def test_a_listener_that_falls_behind_loses_the_oldest() -> None:
    cache = MemoryCache()
    with cache.subscribe("c") as subscription:
        for number in range(MemorySubscription.LIMIT + 3):
            cache.publish("c", b"%d" % number)
        assert subscription.dropped == 3
        assert subscription.poll() == b"3"


def test_closing_the_cache_releases_listeners() -> None:
    cache = MemoryCache()
    subscription = cache.subscribe("c")
    cache.close()
    assert list(subscription) == []
