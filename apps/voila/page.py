"""The cockpit as plain ipywidgets: headline numbers, the live city, the forecast. Every frame waits for the page to acknowledge the last one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import numpy as np

from apps.cockpit import pieces
from apps.cockpit.store import CockpitStore, city_values
from apps.kit.cards import unseen
from apps.kit.livebar import status_line
from apps.kit.page import page_css
from apps.kit.panes import waiting
from apps.voila.pulse import Pulse
from cyberpunk_ai.charts.fan_svg import forecast_svg
from cyberpunk_ai.charts.live import Snapshot
from cyberpunk_ai.charts.scene3d import City, describe_city
from cyberpunk_ai.charts.theme import load_theme

if TYPE_CHECKING:
    from apps.kit.parts import Part
    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.city_layout import Building

PARTS = ("kpis", "forecast")


class CockpitPage:
    """One visitor's Voilà page; `widget` is what the notebook shows.

    The stream is read and the numbers are renewed only once the page has answered for the first time: kernels may be started ahead of their
    visitor.

    Args:
        workspace: Where every number comes from.
        theme: Name of the colours.
        height: Pixels of the city.
    """

    def __init__(self, workspace: Workspace, *, theme: str = "neon", height: int = 460) -> None:
        self.theme = load_theme(theme)
        self.store = CockpitStore(lambda: workspace)
        city = self._wait("city")
        self._status = widgets.HTML(status_line(Snapshot(), False))
        self._places = {name: widgets.HTML() for name in PARTS}
        self._serials: dict[str, int] = {}
        for name in PARTS:
            self._show(name, self._wait(name))
        self._side = widgets.HTML()
        self.pulse = Pulse(self._opened, self._step, self.store.close)
        style = widgets.HTML(f"<style>{page_css(self.theme)}</style>")
        shown: list[widgets.Widget] = [style, self._status, self._places["kpis"]]
        self.city: City | None = None
        if city.state == "ready":
            self._data = city.value
            self._values = np.array([one.value for one in self._data.buildings])
            self._pulses = np.zeros(len(self._values), "f4")
            self.city = City(city.value.buildings, theme=self.theme, width=1100, height=height, on_select=self._pick)
            words = unseen(describe_city(city.value.buildings, city.value.label.lower()))
            shown += [self.city.widget, widgets.HTML(pieces.legend(city.value, self.theme, has_link=False) + words), self._side]
        shown += [self._places["forecast"], self.pulse.widget]
        self.widget = widgets.VBox(shown)
        self._looked = 0.0
        self.pulse.start()

    def _wait(self, name: str, patience_s: float = 60.0) -> Part:
        ending = time.monotonic() + patience_s
        while (part := self.store.part(name)).state == "loading" and time.monotonic() < ending:
            time.sleep(0.05)
        return part

    def _show(self, name: str, part: Part) -> None:
        self._serials[name] = part.serial
        if part.state != "ready":
            self._places[name].value = waiting(part, "the headline numbers" if name == "kpis" else "the forecast")
        elif name == "kpis":
            self._places[name].value = pieces.cards(part.value)
        else:
            self._places[name].value = forecast_svg(part.value, theme=self.theme)

    def _opened(self) -> None:
        self._looked = 0.0

    def _step(self) -> bool:
        """Send what has changed; whether anything was."""
        live = self.store.live()
        changed = self._renew() if time.monotonic() - self._looked > 1.0 else False
        if self.city is not None:
            fresh = np.array(city_values(self._data, live.totals))
            self._pulses = np.where(fresh != self._values, 1.0, np.where(self._pulses > 0.03, self._pulses * 0.8, 0.0)).astype("f4")
            self._values = fresh
            changed = self.city.update(fresh, self._pulses) or changed
        told = status_line(live, False)
        if changed or told != self._status.value:
            self._status.value = told
        if not changed and self.pulse.gate.in_flight == 0:
            self.pulse.settle()
        return changed

    def _renew(self) -> bool:
        self._looked = time.monotonic()
        changed = False
        for name in PARTS:
            part = self.store.part(name)
            if part.serial != self._serials[name]:
                self._show(name, part)
                changed = True
        return changed

    def _pick(self, one: Building | None) -> None:
        live: dict[Any, float] = dict(self.store.feed.hub.snapshot().totals)
        self._side.value = "" if one is None else pieces.selection(one, self._data, live, self.theme, has_links=False)
