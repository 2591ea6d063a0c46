"""The forecast studio as plain ipywidgets: ask, watch members land, see the landscape, the fan and who forecasts best."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from html import escape
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from apps.forecasts import pieces
from apps.forecasts.store import BUDGET_S
from apps.kit.cards import empty_state, error_state, skeleton, unseen
from apps.kit.page import page_css
from apps.kit.panes import FIRST_STEPS
from apps.kit.words import dimensions_of
from apps.voila.pulse import Pulse
from cyberpunk_ai.charts.fan_svg import forecast_svg
from cyberpunk_ai.charts.scene3d import Terrain, TerrainPoint, describe_terrain
from cyberpunk_ai.charts.theme import load_theme
from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from cyberpunk_ai import Workspace

GRAINS = ["day", "week", "month", "quarter"]


class StudioPage:
    """One visitor's Voilà page; `widget` is what the notebook shows.

    Args:
        workspace: Answers.
        theme: Name of the colours.
        height: Pixels of the landscape.
    """

    def __init__(self, workspace: Workspace, *, theme: str = "neon", height: int = 420) -> None:
        self.workspace, self.theme, self._height = workspace, load_theme(theme), height
        catalogue = workspace.metrics()
        additive = catalogue.metrics[catalogue.metrics["additive"].astype(bool)]
        self._units = dict(zip(additive["metric"], additive["unit"], strict=True))
        self._dimensions = {row.metric: dimensions_of(row.dimensions) for row in additive.itertuples()}
        options = list(zip(additive["label"], additive["metric"], strict=True))
        self.metric = widgets.Dropdown(
            options=options, value="revenue" if "revenue" in self._units else options[0][1], description="Metric"
        )
        self.by = widgets.Dropdown(options=self._choices(), value="region", description="One per")
        self.grain = widgets.Dropdown(options=GRAINS, value="week", description="Period")
        self.horizon = widgets.IntSlider(value=12, min=1, max=52, description="Ahead", continuous_update=False)
        self.ask = widgets.Button(description="Forecast", button_style="primary")
        self.members, self.headline, self.fan, self.board, self.notes = (widgets.HTML() for _ in range(5))
        self.stage = widgets.VBox()
        self.scene: Terrain | None = None
        self._run: threading.Thread | None = None
        self._asked = 0
        self.metric.observe(lambda _: setattr(self.by, "options", self._choices()), "value")
        self.ask.on_click(lambda _: self.start())
        style = widgets.HTML(f"<style>{page_css(self.theme)}</style>")
        controls = widgets.HBox([self.metric, self.by, self.grain, self.horizon, self.ask], layout=widgets.Layout(flex_flow="row wrap"))
        # A reader who only looks must not lose the kernel: the pulse keeps it while the page answers.
        self.pulse = Pulse(lambda: None, self._step, lambda: None)
        shown = [style, controls, self.members, self.headline, self.stage, self.fan, self.board, self.notes, self.pulse.widget]
        self.widget = widgets.VBox(shown)
        self.pulse.start()
        self.start()

    def _step(self) -> bool:
        if self.wait(0) and self.pulse.gate.in_flight == 0:
            self.pulse.settle()
        return False

    def start(self) -> None:
        """Answer what the widgets ask; an older question that is still under way gives way."""
        self._asked += 1
        self.headline.value = skeleton(3, "Loading the headline")
        self.members.value = pieces.members((), (), is_last=False, elapsed_s=0.0)
        self._run = threading.Thread(target=self._answer, args=(self._asked,), name="voila-studio", daemon=True)
        self._run.start()

    def wait(self, patience_s: float = 1.5 * BUDGET_S) -> bool:
        """Wait for the answer; whether it came in time."""
        if self._run is not None:
            self._run.join(patience_s)
        return self._run is None or not self._run.is_alive()

    def _answer(self, number: int) -> None:
        try:
            asyncio.run(self._grow(number))
        except CyberpunkError as error:
            is_empty = "is empty" in error.message
            said = (
                empty_state("There is nothing to forecast yet", FIRST_STEPS)
                if is_empty
                else error_state("No forecast", error.message, error.hint)
            )
            self.headline.value, self.members.value = said, ""
            self.fan.value = self.board.value = self.notes.value = ""

    async def _grow(self, number: int) -> None:
        steps = self.workspace.forecast_stream(
            self.metric.value, horizon=self.horizon.value, grain=self.grain.value, by=self.by.value or None, budget_s=BUDGET_S,
            backtest_windows=1,
        )  # fmt: skip
        async with aclosing(steps):
            async for step in steps:
                if number != self._asked:
                    return  # another question was asked meanwhile
                self.members.value = pieces.members(step.landed, step.waiting, is_last=step.is_last, elapsed_s=step.elapsed_s)
                if len(step.landed) > 1:
                    self._show(step.result, is_last=step.is_last)

    def _show(self, result: Any, *, is_last: bool) -> None:
        self._tell(result, result.unique_ids[0])
        fans = [forecast_svg(_one(result, name), theme=self.theme) for name in result.unique_ids[:6]]
        titles = [f"<h3>{escape(name)}</h3>" if len(result.unique_ids) > 1 else "" for name in result.unique_ids[:6]]
        self.fan.value = "".join(f"<section>{title}{fan}</section>" for title, fan in zip(titles, fans, strict=True))
        if is_last:
            self.board.value = pieces.board(result.leaderboard)
            self.notes.value = pieces.notes(result.notes)
            self._draw(result)

    def _tell(self, result: Any, name: str) -> None:
        unit = str(self._units.get(self.metric.value, ""))
        self.headline.value = pieces.headline(result, unit, None if len(result.unique_ids) == 1 else name)

    def _draw(self, result: Any) -> None:
        def pick(point: TerrainPoint | None) -> None:
            if point is not None:
                self._tell(result, point.entity)

        before, self.scene = self.scene, Terrain(result, theme=self.theme, width=1100, height=self._height, on_select=pick)
        words = widgets.HTML(unseen(describe_terrain(self.scene.named, str(self.metric.value))))
        legend = widgets.HTML(pieces.terrain_legend(min(result.levels)))
        self.stage.children = [self.scene.widget, legend, words]
        if before is not None:
            before.close()

    def _choices(self) -> list[tuple[str, str]]:
        return [("nothing", ""), *((each.replace("_", " "), each) for each in self._dimensions.get(self.metric.value, []))]


def _one(result: Any, name: str) -> SimpleNamespace:
    """Take one series of a forecast, for a picture."""
    mine = {part: getattr(result, part) for part in ("history", "forecast")}
    return SimpleNamespace(levels=result.levels, **{part: rows[rows["unique_id"] == name] for part, rows in mine.items()})
