"""Assembly of the quality page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from apps.kit.app import App
from apps.kit.page import Area, Grid, asked_theme
from apps.kit.view import open_page
from apps.quality.store import quality_parts
from apps.quality.view import QualityView

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.app import Host
    from apps.kit.parts import Parts

GRID = Grid(
    "minmax(0, 3fr) minmax(0, 2fr)", ("kpis kpis", "scores fresh", "checks checks", "held held"),
    "minmax(0, 1fr) minmax(0, 1fr)", ("kpis kpis", "scores fresh", "checks checks", "held held"),
)  # fmt: skip


def quality_page(host: Host, parts: Parts) -> pn.Template:
    """Build the page of one visitor. The address may carry `?dataset=orders&failed=true`."""
    view = QualityView(host.workspace, parts, asked_theme(host.theme()))
    if pn.state.location is not None:
        for widget, names in view.in_the_address().items():
            pn.state.location.sync(widget, names)
    wide = {"sizing_mode": "stretch_width", "margin": 0}
    areas = [
        Area("kpis", view.headline),
        Area("scores", view.scores, "Score of every data set", "100 where nothing is amiss", has_picture=True),
        Area("fresh", view.fresh, "How much, how new"),
        Area("checks", pn.Column(pn.Row(view.dataset, view.only_failed, **wide), view.checks, **wide), "Checks", "failures on top"),
        Area(
            "held", pn.Column(pn.Row(view.again, view.export, **wide), view.said, view.held, **wide), "Rows held back",
            "they could not be taken as they were; nothing is lost", "warning",
        ),
    ]  # fmt: skip
    return open_page("Quality", view, areas, GRID)


def open_app(host: Host) -> Callable[[], pn.Template]:
    """Open the parts that all visitors share."""
    parts = quality_parts(host.workspace)
    host.closing.append(parts.close)
    return lambda: quality_page(host, parts)


APP = App("quality", "Quality", 5, open_app)
