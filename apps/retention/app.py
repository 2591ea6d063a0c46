"""Assembly of the retention page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from apps.kit.app import App
from apps.kit.page import Area, Grid, argument, asked_theme
from apps.kit.view import open_page
from apps.kit.where import read_where
from apps.retention.store import RetentionStore
from apps.retention.view import RetentionView

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.app import Host

GRID = Grid(
    "minmax(0, 1fr) minmax(0, 1fr) 340px",
    ("kpis kpis kpis", "city city side", "table table table", "cohorts survival value"),
    "minmax(0, 1fr) minmax(0, 1fr)", ("kpis kpis", "city city", "side side", "table table", "cohorts survival", "value value"),
)  # fmt: skip


def retention_page(host: Host, store: RetentionStore) -> pn.Template:
    """Build the page of one visitor. The address may carry `?segment=Champions&risk=high&customer=C-17&view=flat&where=…`."""
    where = read_where(argument("where"))
    view = RetentionView(host.workspace, store.of(where), asked_theme(host.theme()), is_flat=argument("view") == "flat")
    if pn.state.location is not None:
        for widget, names in view.in_the_address().items():
            pn.state.location.sync(widget, names)
    wide = {"sizing_mode": "stretch_width", "margin": 0}
    filters = pn.FlexBox(
        view.segment, view.risk, view.least, view.customer, pn.Column(view.export, width=150, margin=(18, 0, 0, 10)), **wide
    )
    named = " · ".join(", ".join(values) for values in where.values())
    galaxy = pn.Column(view.stage, *([] if view.is_flat else [view.camera]), view.legend, view.alternative, **wide)
    areas = [
        Area("kpis", view.headline),
        Area("city", galaxy, "Customer galaxy", named or "the farther out, the likelier to leave", "predicted", has_picture=True),
        Area("side", view.side, "One customer"),
        Area("table", pn.Column(filters, view.table, **wide), "Customers", "who can still be kept stands on top", "failing"),
        Area("cohorts", view.places["cohorts"], "Cohorts", "share that still buys", has_picture=True),
        Area("survival", view.places["survival"], "Survival", "share that is still a customer", has_picture=True),
        Area("value", view.places["value"], "Value and risk", "", "predicted", has_picture=True),
    ]
    pn.state.onload(view.start)
    return open_page("Customers", view, areas, GRID)


def open_app(host: Host) -> Callable[[], pn.Template]:
    """Open the report that all visitors share."""
    store = RetentionStore(host.workspace)
    host.closing.append(store.close)
    return lambda: retention_page(host, store)


APP = App("retention", "Customers", 3, open_app)
