"""Redis goes away and comes back; the workspace goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import structlog

from cyberpunk_ai.core.errors import SettingsInvalid, StoreFailed
from cyberpunk_ai.data_fabric.stores import cache_redis
from cyberpunk_ai.data_fabric.stores.cache_redis import RedisCache
from tests.fixtures_servers import redis_server

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
def cache(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisCache]:
    monkeypatch.setattr(cache_redis, "REST_S", 0.1)
    opened = RedisCache(f"redis://127.0.0.1:{server.port}/0")
    yield opened
    opened.close()


def test_a_lost_server_means_misses_and_one_warning(cache: RedisCache, server: Server) -> None:
    cache.set("a", b"1", ttl_s=60)
    server.stop()
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            assert cache.get("a") is None
            cache.set("a", b"2", ttl_s=60)
            cache.delete("a")
            cache.publish("c", b"x")
            time.sleep(0.12)
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert len(warnings) == 1
    assert warnings[0]["action"] == "get"


def test_counters_go_on_in_process_while_it_is_away(cache: RedisCache, server: Server) -> None:
    assert cache.increment("limit", ttl_s=60) == 1
    server.stop()
    assert [cache.increment("limit", ttl_s=60) for _ in range(3)] == [1, 2, 3]


def test_the_cache_works_again_when_the_server_is_back(cache: RedisCache, server: Server) -> None:
    cache.set("a", b"1", ttl_s=60)
    server.stop()
    assert cache.get("a") is None
    server.start()
    time.sleep(0.2)
    cache.set("a", b"2", ttl_s=60)
    assert cache.get("a") == b"2"


def test_a_subscription_comes_back_with_the_server(cache: RedisCache, server: Server) -> None:
    with cache.subscribe("c") as subscription:
        server.stop()
        assert subscription.poll(timeout_s=0.3) is None
        server.start()
        deadline = time.monotonic() + 20
        heard = None
        while heard is None and time.monotonic() < deadline:
            cache.publish("c", b"again")
            heard = subscription.poll(timeout_s=0.2)
        assert heard == b"again"


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
