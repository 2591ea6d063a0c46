"""Assembly of the explore page: a view per visitor, the page, its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from apps.explore.view import ExploreView
from apps.kit.app import App
from apps.kit.page import Area, Grid, asked_theme
from apps.kit.view import open_page

if TYPE_CHECKING:
    from apps.kit.app import Host

GRID = Grid(
    "264px minmax(0, 1fr) minmax(0, 1fr)", ("ask kpis kpis", "ask chart chart", "ask table table", "sql sql sql"),
    "220px minmax(0, 1fr)", ("ask kpis", "ask chart", "table table", "sql sql"),
)  # fmt: skip


def explore_page(host: Host) -> pn.Template:
    """Build the page of one visitor. The address carries the whole question, such as `?metric=revenue&by=region&period=this year`."""
    view = ExploreView(host.workspace, asked_theme(host.theme()))
    location = pn.state.location
    if location is not None:
        for widget, names in view.in_the_address().items():
            location.sync(widget, names)
    areas = [
        Area("ask", view.controls(), "Question"),
        Area("kpis", pn.Column(view.chips, view.headline, sizing_mode="stretch_width", margin=0)),
        Area("chart", view.chart, "Answer", has_picture=True),
        Area("table", view.table, "Rows"),
        Area("sql", view.sql),
    ]
    pn.state.onload(view.start)
    return open_page("Explore", view, areas, GRID, period_ms=None)


APP = App("explore", "Explore", 1, lambda host: lambda: explore_page(host))
