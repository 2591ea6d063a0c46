"""The one stream of a process: every page reads it, nobody else consumes. Which events move which sums is told by whoever shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.charts.live import Snapshot, StreamEvent, StreamHub

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai import Workspace

TOPICS = ("orders", "web_sessions", "telemetry", "data_sync", "metrics_update")


class LiveFeed:
    """A hub over the workspace's events that starts at the first question.

    Args:
        workspace: Whose events.
    """

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self.measure: Callable[[StreamEvent], tuple[tuple[str, ...], float] | None] | None = None
        self.hub = StreamHub(lambda: workspace().events(list(TOPICS), start="latest"), measure=self._measured)

    def snapshot(self) -> Snapshot:
        """Return what the stream has brought; the first call starts reading."""
        if not self.hub.is_running:
            self.hub.start()
        return self.hub.snapshot()

    def close(self) -> None:
        """Stop the stream's thread and give the consumer back."""
        self.hub.stop()

    def _measured(self, event: StreamEvent) -> tuple[tuple[str, ...], float] | None:
        return None if self.measure is None else self.measure(event)
