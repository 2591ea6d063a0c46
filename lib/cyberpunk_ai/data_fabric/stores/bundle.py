"""All stores of one workspace, each opened when first used. Which one is opened is decided by the settings alone."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from cyberpunk_ai.data_fabric.stores.home import keep_private

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.core.settings import Settings
    from cyberpunk_ai.data_fabric.stores.cache import Cache
    from cyberpunk_ai.data_fabric.stores.operational import Operational
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse
    from cyberpunk_ai.data_fabric.streams.base import EventLog

T = TypeVar("T")


class Stores:
    """The operational record, the warehouse, the cache and the event log, opened lazily and closed together."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._opening: dict[str, threading.RLock] = {}

    @property
    def operational(self) -> Operational:
        """The record of truth, migrated to the newest revision."""

        def opened() -> Operational:
            from cyberpunk_ai.data_fabric.stores.operational import open_operational

            store = open_operational(self.settings)
            store.upgrade()
            return store

        return self._once("operational", opened)

    @property
    def warehouse(self) -> Warehouse:
        """Transactions, demand, telemetry and events."""
        from cyberpunk_ai.data_fabric.stores.warehouse import open_warehouse

        return self._once("warehouse", lambda: open_warehouse(self.settings))

    @property
    def cache(self) -> Cache:
        """Answers, counters and the bus between replicas; losing it loses nothing."""
        from cyberpunk_ai.data_fabric.stores.cache import open_cache

        return self._once("cache", lambda: open_cache(self.settings))

    @property
    def events(self) -> EventLog:
        """The event log."""
        from cyberpunk_ai.data_fabric.streams import open_event_log

        return self._once("events", lambda: open_event_log(self.settings))

    def close(self) -> None:
        """Close what was opened. Opening again afterwards is allowed."""
        with self._lock:
            stores, self._open = list(self._open.values()), {}
        with ExitStack() as closing:  # one store that refuses to close must not leave the others open
            for store in stores:
                closing.callback(store.close)

    def _once(self, name: str, opener: Callable[[], T]) -> T:
        # One lock per store: while one server doesn't answer, the others still open.
        with self._lock:
            own = self._opening.setdefault(name, threading.RLock())
        with own:
            store: T | None = self._open.get(name)
            if store is None:
                keep_private(self.settings.home)
                store = self._open[name] = opener()
            return store
