"""The widgets of one visitor of the retention page: the galaxy, the table and one customer, which follow each other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.kit import panes
from apps.kit.cards import error_state, skeleton, unseen
from apps.kit.offline import WidgetPane
from apps.kit.view import PartsView, camera_buttons
from apps.retention import pieces
from apps.retention.store import ANY, EVERY, RISKS, Narrowing
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.charts.scene3d import Galaxy, describe_galaxy
from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.parts import Part, Parts
    from cyberpunk_ai import Workspace
    from cyberpunk_ai.charts.theme import Theme

CHARTS_SHOWN = {"cohorts": "cohorts", "survival": "survival", "value": "value_and_risk"}


class RetentionView(PartsView):
    """One visitor's page.

    Args:
        workspace: Tells of one customer.
        parts: Of the process.
        theme: Colours.
        is_flat: Whether the galaxy is a flat chart.
    """

    def __init__(self, workspace: Callable[[], Workspace], parts: Parts, theme: Theme, *, is_flat: bool = False) -> None:
        super().__init__(parts, ("report",), theme)
        self._workspace, self.is_flat = workspace, is_flat
        self.headline, self.legend, self.alternative, self.side = panes.text(), panes.text(), panes.text(), panes.text()
        self.stage, self.table = panes.place(300), panes.place(300)
        self.places = {name: panes.place(280) for name in CHARTS_SHOWN}
        self.camera = camera_buttons(lambda: self.scene)
        self.segment = pn.widgets.Select(name="Segment", options=[EVERY], value=EVERY, width=200)
        self.risk = pn.widgets.Select(name="Risk", options=list(RISKS), value=ANY, width=130)
        self.least = pn.widgets.FloatInput(name="Revenue at least", value=0.0, start=0.0, step=100.0, width=150)
        self.customer = pn.widgets.TextInput(name="Customer", placeholder="an id", value="", width=170)
        self.export = panes.csv_button(lambda: None if self._report is None else self._shown, "customers.csv")
        self._report: Any = None
        self._shown: Any = None
        for widget in (self.segment, self.risk, self.least):
            widget.param.watch(lambda _: self._narrow(), "value")
        self.customer.param.watch(self._told, "value")
        self.fill()

    def in_the_address(self) -> dict[Any, dict[str, str]]:
        """Return which widgets are part of the page's address."""
        return {
            self.segment: {"value": "segment"}, self.risk: {"value": "risk"}, self.least: {"value": "least"},
            self.customer: {"value": "customer"},
        }  # fmt: skip

    def show_report(self, part: Part) -> None:
        """Show everything: it is all one report."""
        if part.state != "ready":
            self.headline.object = panes.waiting(part, "the customers", 3)
            for place in (self.stage, self.table, *self.places.values()):
                place.objects = [panes.text(panes.waiting(part, "the customers", 6))] if part.state == "loading" else []
            return
        if not self.is_flat and self.must_reload_for_scene():
            return
        self._report = part.value
        names = [EVERY, *part.value.segments["segment"].astype(str)]
        if list(self.segment.options) != names:
            self.segment.param.update(options=names, value=self.segment.value if self.segment.value in names else EVERY)
        self.headline.object = pieces.headline(part.value)
        for name, chart in CHARTS_SHOWN.items():
            self.places[name].objects = [panes.figure(CHARTS.get(chart)(part.value, theme=self.theme, height=300))]
        if self.scene is None:
            self._draw()
        self._narrow()
        self.side.object = pieces.nobody(part.value)

    async def start(self) -> None:
        """Show the customer of the page's address."""
        if self.customer.value:
            await self._tell(self.customer.value)

    def _draw(self) -> None:
        if self.is_flat:
            drawn = CHARTS.get("value_and_risk")(self._report, theme=self.theme, height=self.scene_size()[1])
            self.stage.objects = [panes.figure(drawn)]
            return
        width, height = self.scene_size()
        galaxy = Galaxy(self._report.customers, theme=self.theme, width=width, height=height, on_select=self._pick, is_light=self.is_light)
        self.scene = galaxy
        self.stage.objects = [WidgetPane(galaxy.widget, sizing_mode="stretch_width", margin=0)]
        self.alternative.object = unseen(describe_galaxy(galaxy.plan))

    def _narrow(self) -> None:
        if self._report is None:
            return
        chosen = Narrowing(str(self.segment.value), str(self.risk.value), float(self.least.value or 0.0))
        self._shown = chosen.of(self._report.customers, set(self._report.at_risk()["customer_id"].astype(str)))
        drawn = len(self._report.customers)
        if isinstance(self.scene, Galaxy):
            everybody = len(self._shown) == drawn
            self.scene.show_only(None if everybody else set(self._shown["customer_id"].astype(str)))
        self.legend.object = pieces.legend(len(self._shown), drawn)
        shown = pieces.rows_of(self._shown, self.theme)
        self.table.objects = [
            panes.table(
                shown,
                titles=pieces.COLUMNS,
                height=400,
                rows=25,
                on_row=self._pick_row,
                searched=("customer_id",),
                formats=pieces.formats(),
                widths={"action": "34%", "churn": 100, "risk": 100},
            )
        ]

    def _pick(self, entity: str | None) -> None:
        self.customer.value = entity or ""

    def _pick_row(self, row: int) -> None:
        self.customer.value = str(self._shown["customer_id"].iloc[row])

    async def _told(self, event: Any) -> None:
        await self._tell(str(event.new or ""))

    async def _tell(self, customer_id: str) -> None:
        if isinstance(self.scene, Galaxy) and self.scene.selected != (customer_id or None):
            self.scene.select(customer_id or None)
        if not customer_id:
            self.side.object = "" if self._report is None else pieces.nobody(self._report)
            return
        self.side.object = skeleton(8, "Loading the customer")
        self.is_busy = True
        try:
            found = await asyncio.to_thread(self._workspace().customer, customer_id)
        except CyberpunkError as error:
            self.side.object = error_state("This customer cannot be shown", error.message, error.hint)
            return
        finally:
            self.is_busy = False
        if self.customer.value == customer_id:
            self.side.object = pieces.selection(found, self.theme)
