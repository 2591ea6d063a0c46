"""The widgets of one visitor: built empty, filled from the store part by part, fed with live frames while the page keeps up."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn

from apps.cockpit import pieces
from apps.cockpit.store import city_values
from apps.kit.building import beside_the_loop
from apps.kit.cards import unseen
from apps.kit.livebar import status_line
from apps.kit.offline import WidgetPane
from apps.kit.panes import figure as drawn
from apps.kit.panes import waiting
from apps.kit.parts import Part
from apps.kit.view import WIDE, SceneView, are_drawn, camera_buttons
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.charts.live import FrameGate, Snapshot
from cyberpunk_ai.charts.scene3d import City, describe_city

if TYPE_CHECKING:
    from apps.cockpit.store import CityData, CockpitStore
    from cyberpunk_ai.charts.city_layout import Building
    from cyberpunk_ai.charts.theme import Theme

TICK_MS = 50  # twice as often as a frame may be sent, so that the beat of the ticks costs none
FADE = 0.80  # of a building's light per frame
PARTS = ("kpis", "city", "forecast", "customers", "syncs")
BELOW = ("forecast", "customers")  # figures that are drawn once the first picture stands


class CockpitView(SceneView):
    """One visitor's page.

    Args:
        store: Shared state of the process.
        theme: Colours.
        is_flat: Whether to start with the flat chart instead of the 3D city.
    """

    def __init__(self, store: CockpitStore, theme: Theme, *, is_flat: bool = False) -> None:
        super().__init__(theme)
        self.store = store
        self.gate = FrameGate()
        self.kpis = _html()
        self.live = _html()
        self.status = _html()
        self.side = _html()
        self.ticker = _html()
        self.syncs = _html()
        self.legend = _html(margin=0)
        self.alternative = _html(margin=0)
        self.stage = pn.Column(sizing_mode="stretch_width", margin=0, min_height=300)
        self.forecast = pn.Column(sizing_mode="stretch_width", margin=0, min_height=320)
        self.segments = pn.Column(sizing_mode="stretch_width", margin=0, min_height=280)
        self.cohorts = pn.Column(sizing_mode="stretch_width", margin=0, min_height=280)
        self.camera = camera_buttons(lambda: self.scene)
        self.pause = pn.widgets.Toggle(name="Pause", value=False, width=72, margin=(0, 0, 0, 12))
        self.is_flat = is_flat
        self.probe.param.watch(lambda event: self.gate.acknowledge(event.new), "drawn")
        self._data: CityData | None = None
        self._picked: Building | None = None
        self._pulses = np.zeros(0, "f4")
        self._values = np.zeros(0)
        self._drawn: dict[str, tuple[int, str]] = {}
        self._snapshot = Snapshot()
        self._shown_text: dict[str, tuple[float, str]] = {}
        self._is_open = self._is_drawing = False
        for name in PARTS:
            part = store.part(name)
            self._show(name, Part() if name in BELOW and part.state == "ready" else part, first=True)
        self._tell_live(self._snapshot, force=True)
        self._is_open = True

    def tick(self) -> None:
        """Bring the page one step further: at most one part and one frame."""
        if not pn.state.loaded:
            return  # what is changed between the page's first answer and its start would be lost on the way
        for name in PARTS if not self._is_drawing else ():
            part = self.store.part(name)
            if self._drawn.get(name) != (part.serial, part.state):
                self._is_drawing = True
                beside_the_loop(partial(self._show, name, part), self._stop_drawing)
                break
        # Before the page has told its width nobody draws, and frames would only pile up.
        if not self.probe.width or self.gate.is_page_gone or not self.probe.is_visible or not self.gate.may_send():
            return
        live = self.store.live()
        changed = False
        if not self.pause.value:
            self._snapshot = live
            changed = self._feed_city(live)
        changed = self._tell_live(live) or changed
        if changed:
            self.probe.frame = self.gate.send()

    @property
    def is_settled(self) -> bool:
        """Whether every part is drawn as it is now, and the page has painted what was sent; live frames that follow do not unsettle it."""
        is_drawn = not self._is_drawing and are_drawn(self._drawn, {name: self.store.part(name) for name in PARTS})
        return is_drawn and bool(self.probe.width) and (bool(self.probe.settled) or self.gate.in_flight == 0)

    def _stop_drawing(self) -> None:
        self._is_drawing = False

    def _show(self, name: str, part: Part, *, first: bool = False) -> None:
        if not first or part.state != "loading":
            self._drawn[name] = (part.serial, part.state)
        getattr(self, f"_show_{name}")(part)

    def _show_kpis(self, part: Part) -> None:
        self.kpis.object = pieces.cards(part.value) if part.state == "ready" else waiting(part, "the headline numbers", 3)

    def _show_syncs(self, part: Part) -> None:
        self.syncs.object = pieces.syncs(part.value, self.theme) if part.state == "ready" else waiting(part, "recent syncs")

    def _show_forecast(self, part: Part) -> None:
        if part.state != "ready":
            self.forecast.objects = [_html(waiting(part, "the forecast", 6))]
            return
        figure = CHARTS.get("forecast_fan")(part.value, theme=self.theme, height=318, unit="currency")
        self.forecast.objects = [drawn(figure)]

    def _show_customers(self, part: Part) -> None:
        if part.state != "ready":
            self.segments.objects = [_html(waiting(part, "customer segments", 6))]
            self.cohorts.objects = [_html(waiting(part, "cohorts", 6))]
            return
        for place, name in ((self.segments, "segments"), (self.cohorts, "cohorts")):
            figure = CHARTS.get(name)(part.value, theme=self.theme, height=300)
            place.objects = [drawn(figure)]

    def _show_city(self, part: Part) -> None:
        if part.state != "ready":
            self.stage.objects = [_html(waiting(part, "the city", 9), margin=12)]
            self.side.object = waiting(part, "the list", 8)
            return
        known = None if self._data is None else [one.entity for one in self._data.buildings]
        same = known == [one.entity for one in part.value.buildings]
        if self._is_open and not same:
            # A scene put into an open page breaks on the page's side, so the page is loaded anew, with the scene in it from the start.
            self.probe.reload += 1
            return
        self._data = part.value
        self._values = np.array(city_values(part.value, self._snapshot.totals))
        if same and self.scene is not None:
            self.scene.update(self._values, self._pulses, [one.status for one in part.value.buildings])
        else:
            self._pulses = np.zeros(len(part.value.buildings), "f4")
            self._draw_city()
        self.legend.object = pieces.legend(part.value, self.theme, is_flat=self.is_flat)
        words = describe_city(part.value.buildings, f"{part.value.label.lower()} of {part.value.period}")
        self.alternative.object = unseen(words)
        self._tell_side()

    def _draw_city(self) -> None:
        if self._data is None:
            return
        if self.is_flat:
            figure = CHARTS.get("city")(
                self._data.buildings, theme=self.theme, height=WIDE[1], unit=self._data.unit, label=self._data.label
            )
            self.stage.objects = [drawn(figure, margin=(0, 10))]
            return
        width, height = self.scene_size()
        self.scene = City(self._data.buildings, theme=self.theme, width=width, height=height, on_select=self._pick, is_light=self.is_light)
        self.stage.objects = [WidgetPane(self.scene.widget, sizing_mode="stretch_width", margin=0)]

    def _feed_city(self, live: Snapshot) -> bool:
        if self._data is None or self.scene is None:
            return False
        values = np.array(city_values(self._data, live.totals))
        arrived = values != self._values if len(values) == len(self._values) else np.ones(len(values), bool)
        faded = np.where(self._pulses > 0.03, self._pulses * FADE, 0.0)
        # Who asked for reduced motion sees heights change, but no flashes.
        self._pulses = np.where(arrived, 0.0 if self.probe.prefers_calm else 1.0, faded).astype("f4")
        self._values = values
        return self.scene.update(values, self._pulses)

    def _pick(self, one: Building | None) -> None:
        self._picked = one
        self._tell_side()

    def _tell_side(self) -> None:
        if self._data is None:
            return
        if self._picked is not None and self._picked.entity in {one.entity for one in self._data.buildings}:
            self.side.object = pieces.selection(self._picked, self._data, self._snapshot.totals, self.theme)
        else:
            self.side.object = pieces.overview(self._data, self._snapshot.totals)

    def _tell_live(self, live: Snapshot, *, force: bool = False) -> bool:
        """Renew the texts of the stream, each at its own pace, only where they changed."""
        changed = self._say("status", self.status, lambda: status_line(live, self.pause.value), 0.5, force=force)
        changed = self._say("live", self.live, lambda: pieces.live_card(self._snapshot), 1.0, force=force) or changed
        changed = self._say("ticker", self.ticker, lambda: pieces.ticker(self._snapshot), 0.5, force=force) or changed
        if self._snapshot.totals and self._data is not None:
            due = time.monotonic() - self._shown_text.get("side", (0.0, ""))[0] > 1.0
            if due:
                self._shown_text["side"] = (time.monotonic(), "")
                self._tell_side()
        return changed

    def _say(self, name: str, pane: pn.pane.HTML, write: Any, every_s: float, *, force: bool) -> bool:
        when, before = self._shown_text.get(name, (0.0, ""))
        now = time.monotonic()
        if not force and now - when < every_s:
            return False
        text = write()
        self._shown_text[name] = (now, text)
        if text == before:
            return False
        pane.object = text
        return True


def _html(text: str = "", margin: Any = 0) -> pn.pane.HTML:
    return pn.pane.HTML(text, sizing_mode="stretch_width", margin=margin)
