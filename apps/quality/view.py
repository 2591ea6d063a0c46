"""The widgets of one visitor of the quality page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.kit import panes
from apps.kit.cards import error_state
from apps.kit.view import PartsView
from apps.quality import pieces
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.parts import Part, Parts
    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.theme import Theme

EVERY = "all data sets"


class QualityView(PartsView):
    """One visitor's page.

    Args:
        workspace: Tries held-back rows again.
        parts: Of the process.
        theme: Colours.
    """

    def __init__(self, workspace: Callable[[], Workspace], parts: Parts, theme: Theme) -> None:
        super().__init__(parts, ("scorecard", "held_back"), theme)
        self._workspace = workspace
        self.headline, self.fresh, self.said = panes.text(), panes.text(), panes.text()
        self.scores, self.checks, self.held = panes.place(260), panes.place(300), panes.place(260)
        self.dataset = pn.widgets.Select(name="Data set", options=[EVERY], value=EVERY, width=220)
        self.only_failed = pn.widgets.Checkbox(name="Only what failed", value=False, margin=(28, 10, 0, 10))
        self.again = pn.widgets.Button(name="Try them again", button_type="primary", height=32, disabled=True)
        self.export = panes.csv_button(self._csv, "quarantine.csv")
        self._report: Any = None
        self._rows: Any = None
        for widget in (self.dataset, self.only_failed):
            widget.param.watch(lambda _: self._tell_checks(), "value")
        self.again.on_click(self._replay)
        self.fill()

    def in_the_address(self) -> dict[Any, dict[str, str]]:
        """Return which widgets are part of the page's address."""
        return {self.dataset: {"value": "dataset"}, self.only_failed: {"value": "failed"}}

    def show_scorecard(self, part: Part) -> None:
        """Show the scores and the ledger."""
        if part.state != "ready":
            self.headline.object = panes.waiting(part, "the scorecard", 3)
            self.scores.objects = self.checks.objects = []
            self.fresh.object = ""
            return
        self._report = part.value
        names = [EVERY, *part.value.datasets["dataset"]]
        if list(self.dataset.options) != names:
            self.dataset.param.update(options=names, value=self.dataset.value if self.dataset.value in names else EVERY)
        self._tell_headline()
        self.scores.objects = [panes.figure(CHARTS.get("quality")(part.value, theme=self.theme, height=300))]
        self.fresh.object = pieces.freshness(part.value, self.theme)
        self._tell_checks()

    def show_held_back(self, part: Part) -> None:
        """Show the rows that were held back."""
        if part.state != "ready":
            self.held.objects = [panes.text(panes.waiting(part, "the rows held back", 4))]
            return
        self._rows = part.value
        self.again.disabled = part.value.empty
        self.export.disabled = part.value.empty
        self._tell_headline()
        if part.value.empty:
            self.held.objects = [panes.text(pieces.nothing_held_back())]
            return
        titles = {"source": "Source", "stream": "From", "reason": "Why it was held back", "row": "What it said", "seen": "First seen"}
        shown = pieces.held_back_of(part.value)
        self.held.objects = [panes.table(shown, titles=titles, height=340, rows=25, searched=("source", "reason"), widths=WIDTHS)]

    def _tell_headline(self) -> None:
        if self._report is not None:
            self.headline.object = pieces.headline(self._report, None if self._rows is None else len(self._rows))

    def _tell_checks(self) -> None:
        if self._report is None:
            return
        dataset = "" if self.dataset.value == EVERY else str(self.dataset.value)
        shown = pieces.checks_of(self._report, self.theme, dataset, only_failed=bool(self.only_failed.value))
        titles = {
            "status": "Status", "dataset": "Data set", "check": "Check", "message": "Found", "failing_rows": "Rows", "deduction": "Points",
        }  # fmt: skip
        self.checks.objects = [panes.table(shown, titles=titles, height=420, rows=30, searched=("check",), widths=NARROW)]

    async def _replay(self, _event: Any) -> None:
        self.again.disabled = self.is_busy = True
        self.said.object = '<p class="muted small" role="status">Trying them again with the mappings of now \u2026</p>'
        try:
            report = await asyncio.to_thread(self._workspace().replay)
        except CyberpunkError as error:
            self.said.object = error_state("They could not be tried again", error.message, error.hint)
        else:
            self.said.object = pieces.replayed(report)
            self.parts.renew("held_back", "scorecard")
        finally:
            self.again.disabled = self.is_busy = False

    def _csv(self) -> Any:
        return None if self._rows is None else pieces.held_back_of(self._rows)


NARROW = {"status": 100, "dataset": 140, "message": "46%", "failing_rows": 80, "deduction": 90}
WIDTHS = {"source": 110, "stream": 150, "seen": 130}
