"""The widgets of one visitor: what is asked, and the answer that grows while members land."""

from __future__ import annotations

import asyncio
import io
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.forecasts import pieces
from apps.forecasts.store import BUDGET_S
from apps.kit.building import on_builder
from apps.kit.cards import empty_state, error_state, skeleton, unseen
from apps.kit.offline import WidgetPane
from apps.kit.panes import figure
from apps.kit.view import SceneView, camera_buttons
from apps.kit.words import dimensions_of
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.charts.scene3d import Terrain, TerrainPoint, describe_terrain
from cyberpunk_ai.core.csv_text import write_csv
from cyberpunk_ai.core.errors import CyberpunkError, TooLittleData

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.forecasts.store import KeptForecasts
    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.theme import Theme

GRAINS = ["day", "week", "month", "quarter", "year"]
NOBODY = "nothing"
COUNTRIES = ["", "AT", "BR", "CA", "CH", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "NL", "PL", "SE", "US"]
FIRST_STEPS = "Run `cyberpunk demo` for a demo company, or `cyberpunk import FILE` for your own."


class ForecastView(SceneView):
    """One visitor's page.

    Args:
        workspace: Answers.
        theme: Colours.
        kept: Answers of the process.
        is_terrain: Whether the forecast is shown as a landscape too.
    """

    def __init__(self, workspace: Callable[[], Workspace], theme: Theme, kept: KeptForecasts, *, is_terrain: bool = False) -> None:
        super().__init__(theme)
        self._workspace, self._kept, self.is_terrain = workspace, kept, is_terrain
        self.stage = pn.Column(pn.Spacer(height=0), sizing_mode="stretch_width", margin=0)
        self.links, self.alternative = _html(), _html()
        self.camera = camera_buttons(lambda: self.scene)
        catalogue = workspace().metrics()
        additive = catalogue.metrics[catalogue.metrics["additive"].astype(bool)]
        self._units = dict(zip(additive["metric"], additive["unit"], strict=True))
        self._dimensions = {row.metric: dimensions_of(row.dimensions) for row in additive.itertuples()}
        names = dict(zip(additive["label"], additive["metric"], strict=True))
        self.metric = pn.widgets.Select(name="Metric", options=names, value="revenue" if "revenue" in self._units else None)
        self.grain = pn.widgets.Select(name="Period", options=GRAINS, value="week")
        self.horizon = pn.widgets.IntInput(name="Periods ahead", value=12, start=1, end=120)
        self.by = pn.widgets.Select(name="One series per", options=self._choices(), value=NOBODY)
        self.series = pn.widgets.Select(name="Shown", options=[], visible=False)
        self.holidays = pn.widgets.Select(name="Holidays of", options={(each or "nobody"): each for each in COUNTRIES}, value="")
        self.windows = pn.widgets.IntInput(name="Past windows", value=2, start=0, end=6)
        self.clean = pn.widgets.Checkbox(name="Replace outliers", value=False)
        self.ask = pn.widgets.Button(name="Forecast", button_type="primary", sizing_mode="stretch_width")
        self.export = pn.widgets.FileDownload(
            callback=self._csv, filename="forecast.csv", label="Download CSV", sizing_mode="stretch_width", disabled=True, height=32
        )
        self.members = _html()
        self.headline = _html()
        self.notes = _html()
        self.places = {name: _place() for name in ("fan", "past", "board", "parts", "why")}
        self._task: asyncio.Task[None] | None = None
        self._result: Any = None
        self._drawing: object = None
        self._drawn: Any = None
        self.metric.param.watch(lambda _: self._offer(), "value")
        self.ask.on_click(self._on_ask)
        self.series.param.watch(self._on_series, "value")
        self._wait()

    def controls(self) -> pn.Column:
        """Return the widgets that ask, in reading order."""
        asked = (self.metric, self.grain, self.horizon, self.by, self.holidays, self.windows)
        for widget in (*asked, self.series):
            widget.sizing_mode = "stretch_width"
        return pn.Column(*asked, self.clean, self.ask, self.series, self.export, sizing_mode="stretch_width", margin=0)

    def in_the_address(self) -> dict[Any, dict[str, str]]:
        """Return which widgets are part of the page's address."""
        return {
            self.metric: {"value": "metric"}, self.grain: {"value": "grain"}, self.horizon: {"value": "horizon"}, self.by: {"value": "by"},
            self.holidays: {"value": "holidays"},
        }  # fmt: skip

    async def start(self) -> None:
        """Answer the question with which the page was opened."""
        await self._answer()

    def close(self) -> None:
        """Stop what is under way when the visitor has left."""
        if self._task is not None:
            self._task.cancel()
        super().close()

    def open_scene(self) -> None:
        """Draw the landscape where its forecast is known; call it before the page is open, since a scene cannot enter it later."""
        result = self._kept.of(self._question())
        if not self.is_terrain or result is None:
            return
        width, height = self.scene_size()
        self.scene = Terrain(result, theme=self.theme, width=width, height=height, on_select=self._pick, is_light=self.is_light)
        self.alternative.object = unseen(describe_terrain(self.scene.named, str(self.metric.value)))
        legend = _html(pieces.terrain_legend(min(result.levels)))
        self.stage.objects = [WidgetPane(self.scene.widget, sizing_mode="stretch_width", margin=0), self.camera, legend, self.alternative]

    def _pick(self, point: TerrainPoint | None) -> None:
        if point is not None and self.series.visible:
            self.series.value = point.entity

    def _question(self) -> tuple[Any, ...]:
        asked = (self.metric, self.grain, self.horizon, self.by, self.holidays, self.windows, self.clean)
        return tuple(widget.value for widget in asked)

    async def _on_ask(self, _event: Any) -> None:
        await self._answer()

    async def _answer(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.current_task()
        known = self._kept.of(self._question())
        self.probe.tell_settled(False)
        self._wait()
        if known is not None:  # shown at once, and replaced when today's members have all landed
            await self._take(known, is_last=True)
        try:
            await self._grow(is_shown=known is not None)
        except TooLittleData as error:
            self._fail(empty_state(error.message, error.hint))
        except CyberpunkError as error:
            is_empty = "is empty" in error.message
            self._fail(empty_state("There is nothing to forecast yet", FIRST_STEPS) if is_empty else _refused(error))
        finally:
            self.ask.disabled = False
            if self._task is asyncio.current_task():
                self.probe.tell_settled(True, scenes=int(self.scene is not None))

    async def _grow(self, *, is_shown: bool) -> None:
        workspace = self._workspace()
        by = None if self.by.value == NOBODY else self.by.value
        asked = {"horizon": self.horizon.value, "grain": self.grain.value, "by": by}
        steps = workspace.forecast_stream(
            self.metric.value, **asked, budget_s=BUDGET_S, backtest_windows=self.windows.value, holidays=self.holidays.value or None,
            outliers="clean" if self.clean.value else "keep",
        )  # fmt: skip
        async with aclosing(steps):
            async for step in steps:
                self.members.object = pieces.members(step.landed, step.waiting, is_last=step.is_last, elapsed_s=step.elapsed_s)
                if step.is_last or (len(step.landed) > 1 and not is_shown):
                    await self._take(step.result, is_last=step.is_last)
                if step.is_last:
                    self._keep(step.result)
        why = await asyncio.to_thread(workspace.forecast_reasons, self.metric.value, **asked, holidays=self.holidays.value or None)
        chosen = self._chosen()
        drawn = await _drawn(lambda: CHARTS.get("forecast_reasons")(why, unique_id=chosen, **self._look(310)))
        self.places["why"].objects = [drawn]

    def _keep(self, result: Any) -> None:
        """Keep the answer, and have the page loaded anew where its landscape is of another question."""
        was_known = self._kept.of(self._question()) is not None
        self._kept.keep(self._question(), result)
        named = {names["value"]: widget.value for widget, names in self.in_the_address().items()}
        self.links.object = pieces.scene_link(named, self.theme.name, is_terrain=self.is_terrain)
        if self.is_terrain and (self.scene is None or not was_known):
            self.probe.reload += 1

    async def _take(self, result: Any, *, is_last: bool) -> None:
        self._result = result
        several = len(result.unique_ids) > 1
        if several and list(self.series.options) != list(result.unique_ids):
            self.series.param.update(options=list(result.unique_ids), value=result.unique_ids[0])
        self.series.visible = several
        await self._draw(result, is_last=is_last)

    async def _on_series(self, event: Any) -> None:
        if event.new != self._drawn:  # else it was chosen along with the answer that is being drawn
            await self._draw(self._result, is_last=True)

    async def _draw(self, result: Any, *, is_last: bool) -> None:
        if result is None:
            return
        self._drawing = drawing = object()
        self._drawn, name = self.series.value, self._chosen()
        self.headline.object = pieces.headline(result, self._unit, name)
        figures: list[tuple[str, Callable[[], Any]]] = [
            ("fan", lambda: CHARTS.get("forecast_fan")(result, unique_id=name, **self._look(380))),
            ("board", lambda: CHARTS.get("forecast_leaderboard")(result, theme=self.theme, height=290)),
        ]
        if is_last:
            figures += [
                ("past", lambda: CHARTS.get("forecast_backtest")(result, unique_id=name, **self._look(290))),
                ("parts", lambda: CHARTS.get("components")(result.components(), unique_id=name, **self._look(92))),
            ]
        for place, draw in figures:
            drawn = await _drawn(draw)
            if self._drawing is not drawing:
                return  # a newer answer, or another series
            self.places[place].objects = [drawn]
        if is_last:
            self.notes.object = pieces.notes(result.notes)
            self.export.disabled = False

    def _chosen(self) -> str | None:
        return str(self.series.value) if self.series.visible and self.series.value else None

    @property
    def _unit(self) -> str:
        return str(self._units.get(self.metric.value, ""))

    def _look(self, height: int) -> dict[str, Any]:
        return {"theme": self.theme, "height": height, "unit": self._unit}

    def _wait(self) -> None:
        self._result = None
        self.ask.disabled = self.export.disabled = True
        self.members.object = pieces.members((), pieces.MEMBERS, is_last=False, elapsed_s=0.0)
        self.headline.object = skeleton(3, "Loading the headline")
        self.notes.object = ""
        for name, lines in (("fan", 9), ("past", 6), ("board", 6), ("parts", 9), ("why", 6)):
            self.places[name].objects = [_html(skeleton(lines, "Waiting for the members"))]

    def _fail(self, message: str) -> None:
        self.members.object = self.headline.object = self.notes.object = ""
        for name, place in self.places.items():
            place.objects = [_html(message if name == "fan" else "")]

    def _choices(self) -> list[str]:
        return [NOBODY, *self._dimensions.get(self.metric.value, [])]

    def _offer(self) -> None:
        choices = self._choices()
        self.by.param.update(options=choices, value=self.by.value if self.by.value in choices else NOBODY)

    def _csv(self) -> io.StringIO:
        return io.StringIO("" if self._result is None else write_csv(self._result.to_frame()))


async def _drawn(draw: Callable[[], Any]) -> Any:
    return await on_builder(lambda: figure(draw()))


def _refused(error: CyberpunkError) -> str:
    return error_state("This cannot be forecast", error.message, error.hint)


def _html(text: str = "") -> pn.pane.HTML:
    return pn.pane.HTML(text, sizing_mode="stretch_width", margin=0)


def _place() -> pn.Column:
    return pn.Column(sizing_mode="stretch_width", margin=0, min_height=200)
