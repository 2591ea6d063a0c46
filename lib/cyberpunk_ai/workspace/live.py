"""The verbs of live events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

from cyberpunk_ai.workspace.wiring import Wiring

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.data_fabric.streams.base import Consumer
    from cyberpunk_ai.governance.callers import Caller


class LiveVerbs(Wiring):
    """Events, as they come."""

    def events(self, topics: Sequence[str], *, start: Literal["earliest", "latest"] = "latest", caller: Caller | None = None) -> Consumer:
        """Return a consumer of live events without a group: it sees every event from `start` on and commits nothing."""
        return self._verb(
            "events",
            "stream",
            ",".join(topics),
            {},
            caller,
            lambda _who: self._stores.events.consumer(list(topics), group=None, start=start),
        )

    def publish(self, topic: str, values: Sequence[Mapping[str, Any]], *, caller: Caller | None = None) -> int:
        """Append events to a topic; return how many."""
        return self._verb(
            "publish",
            "stream",
            topic,
            {"count": len(values)},
            caller,
            lambda _who: self._stores.events.append(topic, values),
            changes=True,
        )

    def ingest_events(self, *, seconds: float | None = None, stop: threading.Event | None = None, caller: Caller | None = None) -> int:
        """Carry live events of orders, sessions and telemetry into the warehouse; return how many were taken.

        Args:
            seconds: End after this long; one round over what is there now when 0.
            stop: End when set.
            caller: Who asks.
        """

        def work(_who: Caller) -> int:
            from cyberpunk_ai.data_fabric.streaming_processor import StreamingProcessor

            processor = StreamingProcessor(self._stores.events, self._stores.warehouse)
            deadline, taken = None if seconds is None else time.monotonic() + seconds, 0
            try:
                while True:
                    taken += processor.run_once(timeout_s=0.5)
                    if (stop is not None and stop.is_set()) or (deadline is not None and time.monotonic() >= deadline):
                        return taken
            finally:
                processor.stop()

        return self._verb("ingest_events", "stream", "orders,web_sessions,telemetry", {}, caller, work, changes=True)
