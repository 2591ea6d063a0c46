"""Redis goes away and comes back; the workspace goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from cyberpunk_ai.core.errors import SettingsInvalid, StoreFailed
from cyberpunk_ai.data_fabric.stores.cache_redis import REST_S, WARN_EVERY_S, RedisCache
from tests.clock import Clock
from tests.fixtures_servers import redis_server
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures_servers import Server

pytestmark = pytest.mark.servers


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Redis that this test may take away."""
    redis = redis_server(tmp_path)
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
def clock() -> Clock:
    """The time of this process; Redis has its own."""
    return Clock()


@pytest.fixture
def cache(server: Server, clock: Clock) -> Iterator[RedisCache]:
    opened = RedisCache(f"redis://127.0.0.1:{server.port}/0", clock=clock)
    yield opened
    opened.close()


def test_a_lost_server_means_misses_and_a_warning_now_and_then(cache: RedisCache, server: Server, clock: Clock) -> None:
    cache.set("a", b"1", ttl_s=60)
    server.stop()

    def warnings_of_use() -> list[str]:
        with structlog.testing.capture_logs() as lines:
            assert cache.get("a") is None
            cache.set("a", b"2", ttl_s=60)
            cache.delete("a")
            cache.publish("c", b"x")
        return [line["action"] for line in lines if line["log_level"] == "warning"]

    assert warnings_of_use() == ["get"]
    for _ in range(3):
        clock.advance(REST_S)
        assert warnings_of_use() == []
    clock.advance(WARN_EVERY_S)
    assert warnings_of_use() == ["get"]


def test_counters_go_on_in_process_while_it_is_away(cache: RedisCache, server: Server, clock: Clock) -> None:
    assert cache.increment("limit", ttl_s=60) == 1
    server.stop()
    assert [cache.increment("limit", ttl_s=60) for _ in range(3)] == [1, 2, 3]
    clock.advance(60)
    assert cache.increment("limit", ttl_s=60) == 1


def test_a_server_that_failed_is_left_alone_for_a_moment(cache: RedisCache, server: Server, clock: Clock) -> None:
    """A verb must not wait for a dead server again and again, nor miss one that is back for longer than the moment."""
    cache.set("a", b"1", ttl_s=60)
    server.stop()
    assert cache.get("a") is None
    server.start()
    cache.set("a", b"2", ttl_s=60)
    clock.advance(REST_S * 0.9)
    assert cache.get("a") is None
    clock.advance(REST_S * 0.2)
    assert cache.get("a") is None, "what was set meanwhile was not sent"
    cache.set("a", b"3", ttl_s=60)
    assert cache.get("a") == b"3"


def test_a_subscription_comes_back_with_the_server(cache: RedisCache, server: Server, clock: Clock) -> None:
    with cache.subscribe("c") as subscription:
        server.stop()
        assert subscription.poll() is None
        server.start()
        clock.advance(REST_S)

        def published_again() -> bytes | None:
            cache.publish("c", b"again")
            return subscription.poll(timeout_s=0.2)

        assert until(published_again, "the subscription hears") == b"again"


def test_ping_says_that_it_is_away(cache: RedisCache, server: Server) -> None:
    server.stop()
    with pytest.raises(StoreFailed, match="Redis cannot be reached"):
        cache.ping()


def test_two_caches_share_one_server(cache: RedisCache, server: Server) -> None:
    other = RedisCache(f"redis://127.0.0.1:{server.port}/0")
    stranger = RedisCache(f"redis://127.0.0.1:{server.port}/0", prefix="other:")
    cache.set("a", b"1", ttl_s=60)
    assert other.get("a") == b"1"
    assert stranger.get("a") is None
    other.close()
    stranger.close()


def test_an_unreadable_url_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="REDIS_URL"):
        RedisCache("localhost:6379")
