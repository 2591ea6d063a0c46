"""The pulse between a Voilà page and its kernel: a frame goes out only when the last one was acknowledged, and nothing runs without a visitor.

Kernels may be started ahead of their visitor, and a tab may die without a word. So the kernel waits, idle, for the first answer of a page, and
falls idle again when answers stay away; the server then ends it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import ipywidgets as widgets

from cyberpunk_ai.charts.live import FrameGate

if TYPE_CHECKING:
    from collections.abc import Callable

STEP_S = 0.1
BEAT_EVERY_S = 1.0  # where nothing else is sent; an idle kernel would be ended


class Pulse:
    """Hidden widgets that carry a number to the page and back.

    Args:
        on_open: Called once, when the page has answered for the first time.
        on_step: Called ten times a second while a frame may be sent; says whether it sent one.
        on_gone: Called once, when the page answers no more.
    """

    def __init__(self, on_open: Callable[[], None], on_step: Callable[[], bool], on_gone: Callable[[], None]) -> None:
        self.gate = FrameGate()
        self._on_open, self._on_step, self._on_gone = on_open, on_step, on_gone
        self._beat = widgets.IntText(layout=widgets.Layout(display="none"))
        self._echo = widgets.IntText(layout=widgets.Layout(display="none"))
        # The browser copies the number of a frame back: that is its acknowledgement.
        self._link = widgets.jslink((self._beat, "value"), (self._echo, "value"))
        self._is_open = threading.Event()
        self._echo.observe(self._answered, "value")
        self._settled = widgets.HTML()
        self.widget = widgets.HBox([self._beat, self._echo, self._settled], layout=widgets.Layout(display="none"))

    def start(self) -> None:
        """Begin to wait for the page."""
        self._beat.value = self.gate.send()
        threading.Thread(target=self._run, name="voila-pulse", daemon=True).start()

    def settle(self) -> None:
        """Mark the page as showing everything, for screenshots and tests; it carries `data-settled` once it has painted the last frame."""
        self._settled.value = "<i data-settled></i>"

    def _answered(self, change: dict[str, int]) -> None:
        self.gate.acknowledge(int(change["new"]))
        self._is_open.set()

    def _run(self) -> None:
        self._is_open.wait()
        self._on_open()
        told = time.monotonic()
        try:
            while not self.gate.is_page_gone:
                is_due = self.gate.in_flight == 0 and time.monotonic() - told > BEAT_EVERY_S
                if self.gate.may_send() and (self._on_step() or is_due):
                    told = time.monotonic()
                    self._beat.value = self.gate.send()
                time.sleep(STEP_S)
        finally:
            self._on_gone()
