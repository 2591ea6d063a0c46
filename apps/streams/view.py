"""The widgets of one visitor of the streams page: numbers and lines once a second, the list twice, never faster than the page can draw."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.kit import panes
from apps.kit.building import beside_the_loop
from apps.kit.livebar import status_line
from apps.kit.probe import PageProbe
from apps.streams import pieces
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.charts.live import FrameGate, Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from apps.kit.live_feed import LiveFeed
    from cyberpunk_ai.charts.theme import Theme

LIST_EVERY_S, DRAW_EVERY_S = 0.5, 1.0


class StreamsView:
    """One visitor's page.

    Args:
        feed: The stream of the process.
        theme: Colours.
    """

    def __init__(self, feed: LiveFeed, theme: Theme) -> None:
        self.feed, self.theme = feed, theme
        self.probe, self.gate = PageProbe(), FrameGate()
        self.headline, self.topics, self.status, self.said = panes.text(), panes.text(), panes.text(), panes.text()
        self.chart = panes.place(280)
        self.topic = pn.widgets.Select(name="Topic", options=[pieces.ALL], value=pieces.ALL, width=180)
        self.words = pn.widgets.TextInput(name="Holds", placeholder="a word, a customer, a region", width=240)
        self.pause = pn.widgets.Toggle(name="Pause", value=False, width=72, margin=(0, 0, 0, 12))
        self.export = panes.csv_button(self._csv, "events.csv")
        self._shown = Snapshot()
        self._due = {"list": 0.0, "draw": 0.0}
        self._is_drawing = False  # no second figure is asked for before the first is there: they would pile up
        self.probe.param.watch(lambda event: self.gate.acknowledge(event.new), "drawn")
        for widget in (self.topic, self.words):
            widget.param.watch(lambda _: self._tell_list(), "value")
        self.table = panes.table(pieces.events(self._shown, pieces.ALL, ""), titles=pieces.COLUMNS, height=420, rows=25,
                                 widths={"at": 90, "topic": 130}, empty="No events yet")  # fmt: skip
        self._take(feed.snapshot())

    def in_the_address(self) -> dict[Any, dict[str, str]]:
        """Return which widgets are part of the page's address."""
        return {self.topic: {"value": "topic"}, self.words: {"value": "holds"}}

    def tick(self) -> None:
        """Show what has come since, at the pace of this page."""
        if not pn.state.loaded or not self.probe.width or self.gate.is_page_gone or not self.probe.is_visible or not self.gate.may_send():
            return
        live, now = self.feed.snapshot(), time.monotonic()
        if now < self._due["list"]:
            return
        self._due["list"] = now + LIST_EVERY_S
        self.status.object = status_line(live, bool(self.pause.value))
        if self.pause.value:
            self.said.object = pieces.held(sum(live.counts.values()) - sum(self._shown.counts.values()))
        else:
            self.said.object = ""
            self._take(live)
        self.probe.frame = self.gate.send()

    @property
    def is_settled(self) -> bool:
        """Whether the page has painted what was sent; events that follow do not unsettle it."""
        return bool(self.probe.width) and (bool(self.probe.settled) or self.gate.in_flight == 0)

    def close(self) -> None:
        """Nothing is held for one visitor."""

    def _take(self, live: Snapshot) -> None:
        has_news = live.serial != self._shown.serial
        self._shown = live
        names = [pieces.ALL, *sorted(live.counts)]
        if list(self.topic.options) != names:
            self.topic.param.update(options=names, value=self.topic.value if self.topic.value in names else pieces.ALL)
        now = time.monotonic()
        if now >= self._due["draw"] and not self._is_drawing:
            self._due["draw"], self._is_drawing = now + DRAW_EVERY_S, True
            self.headline.object = pieces.headline(live)
            self.topics.object = pieces.topics(live)
            self.status.object = status_line(live, bool(self.pause.value))
            beside_the_loop(lambda: self._draw(live), self._stop_drawing)
        if has_news:
            self._tell_list()

    def _stop_drawing(self) -> None:
        self._is_drawing = False

    def _draw(self, live: Snapshot) -> None:
        self.chart.objects = [panes.figure(CHARTS.get("stream_rate")(live, theme=self.theme, height=270))]

    def _tell_list(self) -> None:
        self.table.value = pieces.events(self._shown, str(self.topic.value), self.words.value)

    def _csv(self) -> pd.DataFrame:
        return pieces.events(self._shown, str(self.topic.value), self.words.value, most=len(self._shown.events))
