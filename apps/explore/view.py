"""The widgets of one visitor: what is asked, and the answer as numbers, chart, table and SQL. Every change asks anew; the newest wins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.explore import pieces
from apps.explore.question import COMPARISONS, GRAINS, PERIODS, Question
from apps.kit import panes
from apps.kit.building import on_builder
from apps.kit.cards import empty_state, error_state, skeleton
from apps.kit.probe import PageProbe
from apps.kit.where import read_where, write_where
from apps.kit.words import dimensions_of
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.theme import Theme

MOST_ROWS = 5_000


class ExploreView:
    """One visitor's page.

    Args:
        workspace: Answers.
        theme: Colours.
    """

    def __init__(self, workspace: Callable[[], Workspace], theme: Theme) -> None:
        self._workspace, self.theme = workspace, theme
        self.probe = PageProbe()
        catalogue = workspace().metrics()
        self._labels = dict(zip(catalogue.dimensions["dimension"], catalogue.dimensions["label"], strict=True))
        self._offered = {row.metric: dimensions_of(row.dimensions) for row in catalogue.metrics.itertuples()}
        self._about = dict(zip(catalogue.metrics["metric"], catalogue.metrics["description"], strict=True))
        self.metric = _select("Metric", dict(zip(catalogue.metrics["label"], catalogue.metrics["metric"], strict=True)), "revenue")
        self.by = _select("Split by", self._choices("revenue"), "region")
        self.then_by = _select("and by", self._choices("revenue"), "")
        self.period = _select("Period", list(PERIODS), "last 12 months")
        self.grain = _select("Over time, per", {each or "the whole period": each for each in GRAINS}, "")
        self.compare = _select("Compare with", COMPARISONS, "previous_year")
        self.where = pn.widgets.TextInput(name="where", value="", visible=False, width=10)
        self.chips = pn.Row(sizing_mode="stretch_width", margin=0)
        self.about, self.headline, self.sql = panes.text(), panes.text(), panes.text()
        self.chart, self.table = panes.place(340), panes.place(120)
        self.export = panes.csv_button(lambda: None if self._answer is None else self._answer.to_frame(), "explore.csv")
        self._answer: Any = None
        self._task: asyncio.Task[None] | None = None
        self._is_quiet = False
        self.metric.param.watch(lambda _: self._offer(), "value")
        for widget in (self.metric, self.by, self.then_by, self.period, self.grain, self.compare, self.where):
            widget.param.watch(self._changed, "value")

    def controls(self) -> pn.Column:
        """Return the widgets that ask, in reading order."""
        asked = (self.metric, self.about, self.by, self.then_by, self.grain, self.period, self.compare)
        return pn.Column(*asked, self.where, self.export, sizing_mode="stretch_width", margin=0)

    def in_the_address(self) -> dict[Any, dict[str, str]]:
        """Return which widgets are part of the page's address."""
        named = {"metric": self.metric, "by": self.by, "then_by": self.then_by, "period": self.period, "grain": self.grain}
        return {widget: {"value": name} for name, widget in named.items()} | {
            self.compare: {"value": "compare"}, self.where: {"value": "where"},
        }  # fmt: skip

    def question(self) -> Question:
        """Return what the widgets ask."""
        return Question(
            self.metric.value, self.by.value or "", self.then_by.value or "", self.period.value, self.grain.value or "",
            self.compare.value or "", read_where(self.where.value),
        )  # fmt: skip

    async def start(self) -> None:
        """Answer the question with which the page was opened."""
        self._offer()
        await self._answer_now()

    def close(self) -> None:
        """Stop what is under way when the visitor has left."""
        if self._task is not None:
            self._task.cancel()

    async def _changed(self, _event: Any) -> None:
        if not self._is_quiet:
            await self._answer_now()

    async def _answer_now(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = asyncio.current_task()
        self.probe.tell_settled(False)
        await self._ask(self.question())
        if self._task is asyncio.current_task():
            self.probe.tell_settled(True)

    async def _ask(self, question: Question) -> None:
        self.headline.object = skeleton(2, "Asking")
        self._show_chips(question)
        try:
            answer = await asyncio.to_thread(self._workspace().query, question.metric, **question.asked())
        except CyberpunkError as error:
            self._fail(error_state("This cannot be answered", error.message, error.hint))
            return
        if not answer.rows or answer.total is None:
            self._fail(
                empty_state("There is nothing here", "Take a narrowing back, choose another period, or bring data with `cyberpunk demo`.")
            )
            return
        drawn = await on_builder(lambda: panes.figure(CHARTS.get("query")(answer, theme=self.theme, height=360)))
        self._show(answer, question, drawn)

    def _show(self, answer: Any, question: Question, drawn: Any) -> None:
        self._answer = answer
        self.export.disabled = False
        self.headline.object = pieces.headline(answer)
        self.chart.objects = [drawn]
        frame = pieces.written(answer.to_frame().head(MOST_ROWS), answer)
        titles = pieces.titles(answer, self._labels)
        can_drill = bool(question.by) and not question.grain
        self.table.objects = [
            panes.text(pieces.table_hint(answer, can_drill=can_drill, most=MOST_ROWS)),
            panes.table(
                frame,
                titles=titles,
                formats=pieces.formats(answer),
                height=360,
                on_row=self._drill if can_drill else None,
                searched=answer.by,
            ),
        ]
        self.sql.object = pieces.sql(answer)

    def _fail(self, message: str) -> None:
        self._answer = None
        self.export.disabled = True
        self.headline.object = message
        self.chart.objects, self.table.objects, self.sql.object = [], [], ""

    def _drill(self, row: int) -> None:
        question = self.question()
        value = str(self._answer.to_frame()[question.by].iloc[row])
        self._take(question.drilled(question.by, value, self._offered.get(question.metric, [])))

    def _show_chips(self, question: Question) -> None:
        chips = []
        for name, values in question.where.items():
            chip = pn.widgets.Button(name=f"{self._labels.get(name, name)}: {', '.join(values)}  \u00d7", margin=(0, 8, 8, 0))
            chip.on_click(lambda _event, name=name: self._take(self.question().without(name)))
            chips.append(chip)
        self.chips.objects = chips

    def _take(self, question: Question) -> None:
        """Put a question into the widgets and ask it once."""
        self._is_quiet = True
        self.by.value, self.then_by.value = question.by, question.then_by
        self._is_quiet = False
        self.where.value = write_where(question.where)

    def _offer(self) -> None:
        metric = self.metric.value
        self.about.object = pieces.about(self._about.get(metric, ""))
        choices = self._choices(metric)
        self._is_quiet = True
        for widget, standard in ((self.by, next(iter(self._offered.get(metric, [])), "")), (self.then_by, "")):
            known = widget.value in choices.values()
            widget.param.update(options=choices, value=widget.value if known else standard)
        kept = {name: values for name, values in read_where(self.where.value).items() if name in self._offered.get(metric, [])}
        self.where.value = write_where(kept)
        self._is_quiet = False

    def _choices(self, metric: str) -> dict[str, str]:
        return {"nothing": ""} | {self._labels.get(each, each): each for each in self._offered.get(metric, [])}


def _select(name: str, options: Any, value: str) -> pn.widgets.Select:
    values = list(options.values()) if isinstance(options, dict) else list(options)
    widget = pn.widgets.Select(name=name, options=options, value=value if value in values else values[0])
    # Set afterwards: given at construction it would keep its standard width as the least.
    widget.sizing_mode = "stretch_width"
    return widget
