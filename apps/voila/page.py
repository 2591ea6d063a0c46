"""The cockpit as plain ipywidgets: headline numbers, the live city, the forecast. Every frame waits for the page to acknowledge the last one."""

from __future__ import annotations

import threading
import time
from html import escape
from typing import TYPE_CHECKING

import ipywidgets as widgets
import numpy as np

from apps.cockpit import pieces
from apps.cockpit.store import CockpitStore, city_values
from apps.kit.page import page_css
from cyberpunk_ai.charts.fan_svg import forecast_svg
from cyberpunk_ai.charts.live import FrameGate
from cyberpunk_ai.charts.scene3d import City, describe_city
from cyberpunk_ai.charts.theme import load_theme

if TYPE_CHECKING:
    from apps.cockpit.parts import Part
    from cyberpunk_ai import Workspace


class CockpitPage:
    """One visitor's Voilà page; `widget` is what the notebook shows.

    The stream is read only once the page has answered for the first time: kernels may be started ahead of their visitor.
    """

    def __init__(self, workspace: Workspace, *, theme: str = "neon", height: int = 460) -> None:
        self.theme = load_theme(theme)
        self.store = CockpitStore(lambda: workspace)
        self.gate = FrameGate()
        cards, city, forecast = (self._wait(name) for name in ("kpis", "city", "forecast"))
        self._status = widgets.HTML(pieces.status_line(self.store.hub.snapshot(), False))
        style = widgets.HTML(f"<style>{page_css(self.theme)}</style>")
        numbers = widgets.HTML(pieces.cards(cards.value) if cards.state == "ready" else pieces.waiting(cards, "the headline numbers"))
        fan = forecast_svg(forecast.value, theme=self.theme) if forecast.state == "ready" else pieces.waiting(forecast, "the forecast")
        shown: list[widgets.Widget] = [style, self._status, numbers]
        self.city: City | None = None
        if city.state == "ready":
            self._data = city.value
            self.city = City(city.value.buildings, theme=self.theme, width=1100, height=height)
            self._heartbeat = widgets.IntText(layout=widgets.Layout(display="none"))
            self._echo = widgets.IntText(layout=widgets.Layout(display="none"))
            # The browser copies the number of a frame back: that is its acknowledgement.
            widgets.jslink((self._heartbeat, "value"), (self._echo, "value"))
            self._echo.observe(lambda change: self.gate.acknowledge(int(change["new"])), "value")
            words = f'<p class="unseen">{escape(describe_city(city.value.buildings, city.value.label.lower()))}</p>'
            shown += [
                self.city.widget,
                widgets.HTML(pieces.legend(city.value, self.theme, has_link=False) + words),
                self._heartbeat,
                self._echo,
            ]
        shown.append(widgets.HTML(fan))
        self.widget = widgets.VBox(shown)
        if self.city is not None:
            threading.Thread(target=self._feed, args=(self.city,), name="voila-feed", daemon=True).start()

    def _wait(self, name: str, patience_s: float = 60.0) -> Part:
        ending = time.monotonic() + patience_s
        while (part := self.store.part(name)).state == "loading" and time.monotonic() < ending:
            time.sleep(0.05)
        return part

    def _feed(self, city: City) -> None:
        pulses = np.zeros(len(self._data.buildings), "f4")
        values = np.array([one.value for one in self._data.buildings])
        first = self.gate.send()
        self._heartbeat.value = first
        while self.gate.in_flight and not self.gate.is_page_gone:
            time.sleep(0.1)
        told = 0.0
        while not self.gate.is_page_gone:
            if self.gate.may_send():
                live = self.store.live()
                fresh = np.array(city_values(self._data, live.totals))
                pulses = np.where(fresh != values, 1.0, np.where(pulses > 0.03, pulses * 0.8, 0.0)).astype("f4")
                values = fresh
                idle_s = time.monotonic() - told
                if city.update(values, pulses) or (self.gate.in_flight == 0 and idle_s > 1.0):
                    told = time.monotonic()
                    self._status.value = pieces.status_line(live, False)
                    self._heartbeat.value = self.gate.send()
            time.sleep(0.1)
        self.store.close()
