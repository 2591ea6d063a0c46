"""The widgets of one visitor of the admin page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.admin import pieces
from apps.kit import panes
from apps.kit.cards import error_state
from apps.kit.view import PartsView
from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.parts import Part, Parts
    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.theme import Theme

SOURCES = {
    "status": "Status", "name": "Source", "connector": "Connector", "rows": "Rows", "quarantined": "Held back",
    "finished": "Last sync", "error": "Error",
}  # fmt: skip
SYNCS = {
    "status": "Status", "source": "Source", "rows": "Rows", "quarantined": "Held back", "seconds": "Seconds", "finished": "Finished",
    "error": "Error",
}  # fmt: skip
RUNS = {
    "status": "Status", "pipeline": "Pipeline", "scheduled": "For", "started": "Started", "finished": "Finished", "error": "Error",
}  # fmt: skip
EVERY = "all sources"
WIDTHS = {"status": 124, "connector": 112, "finished": 134, "rows": 82, "quarantined": 82, "seconds": 82}
COUNTS = ("rows", "quarantined")


class AdminView(PartsView):
    """One visitor's page.

    Args:
        workspace: Syncs when asked.
        parts: Of the process.
        theme: Colours.
    """

    def __init__(self, workspace: Callable[[], Workspace], parts: Parts, theme: Theme) -> None:
        super().__init__(parts, ("health", "sources", "syncs", "runs", "settings"), theme)
        self._workspace = workspace
        self.headline, self.components, self.settings, self.connectors, self.said = (panes.text() for _ in range(5))
        self.sources, self.syncs, self.runs = panes.place(160), panes.place(200), panes.place(120)
        self.which = pn.widgets.Select(name="Source", options=[EVERY], value=EVERY, width=220)
        self.sync = pn.widgets.Button(name="Sync now", button_type="primary", height=32, margin=(26, 0, 0, 10))
        self.sync.on_click(self._sync)
        self.fill()

    def show_health(self, part: Part) -> None:
        """Show how every part is."""
        if part.state != "ready":
            self.headline.object = panes.waiting(part, "the state of the parts", 3)
            return
        self.headline.object = pieces.headline(part.value)
        self.components.object = pieces.components(part.value, self.theme)

    def show_sources(self, part: Part) -> None:
        """Show what is connected and what could be."""
        if part.state != "ready":
            self.sources.objects = [panes.text(panes.waiting(part, "the sources", 4))]
            return
        frame, plugins = part.value
        self.connectors.object = pieces.connectors(plugins, self.theme)
        self.sync.disabled = frame.empty
        names = [EVERY, *(frame["name"] if len(frame) else [])]
        if list(self.which.options) != names:
            self.which.param.update(options=names, value=EVERY)
        if frame.empty:
            self.sources.objects = [panes.text(pieces.no_sources())]
            return
        height = min(70 + 32 * len(frame), 340)
        self.sources.objects = [
            panes.table(pieces.sources_of(frame, self.theme), titles=SOURCES, height=height, rows=25, widths=WIDTHS, right=COUNTS)
        ]

    def show_syncs(self, part: Part) -> None:
        """Show the newest synchronisations."""
        if part.state != "ready":
            self.syncs.objects = [panes.text(panes.waiting(part, "recent syncs", 4))]
            return
        if part.value.empty:
            self.syncs.objects = [panes.text(pieces.no_sources())]
            return
        shown = pieces.syncs_of(part.value, self.theme)
        self.syncs.objects = [panes.table(shown, titles=SYNCS, height=300, rows=15, searched=("source",), widths=WIDTHS, right=COUNTS)]

    def show_runs(self, part: Part) -> None:
        """Show scheduled runs."""
        if part.state != "ready":
            self.runs.objects = [panes.text(panes.waiting(part, "recent runs", 4))]
            return
        if part.value.empty:
            self.runs.objects = [panes.text(pieces.no_runs())]
            return
        self.runs.objects = [panes.table(pieces.runs_of(part.value, self.theme), titles=RUNS, height=260, rows=15)]

    def show_settings(self, part: Part) -> None:
        """Show which settings are in force."""
        is_ready = part.state == "ready"
        self.settings.object = pieces.settings(part.value) if is_ready else panes.waiting(part, "the settings", 6)

    async def _sync(self, _event: Any) -> None:
        chosen = None if self.which.value == EVERY else [str(self.which.value)]
        self.sync.disabled = self.is_busy = True
        self.said.object = f'<p class="muted small" role="status">Syncing {"all sources" if chosen is None else "the source"} \u2026</p>'
        try:
            report = await asyncio.to_thread(self._workspace().sync, chosen)
        except CyberpunkError as error:
            self.said.object = error_state("The sync failed", error.message, error.hint)
        else:
            self.said.object = pieces.synced(report)
        finally:
            self.sync.disabled = self.is_busy = False
            self.parts.renew("sources", "syncs", "health")
