"""Assembly of the cockpit: the store of the process, a view per visitor, the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from apps.cockpit.store import CockpitStore
from apps.cockpit.views import TICK_MS, CockpitView
from apps.kit.app import App
from apps.kit.page import Area, argument, asked_theme, build_page
from apps.kit.view import keep_going

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.app import Host


def cockpit_page(store: CockpitStore, standard_theme: Callable[[], str]) -> pn.Template:
    """Build the page of one visitor. The address may carry `?theme=noir` and `?view=flat`.

    Args:
        store: Shared by all visitors.
        standard_theme: Name of the theme where the address names none.
    """
    theme = asked_theme(standard_theme())
    view = CockpitView(store, theme, is_flat=argument("view") == "flat")
    header = pn.Row(view.status, view.pause, sizing_mode="stretch_width", align="center")
    city = pn.Column(
        view.stage,
        *([] if view.is_flat else [view.camera]),
        view.legend,
        view.alternative,
        sizing_mode="stretch_width",
        margin=0,
    )
    areas = [
        Area("kpis", view.kpis),
        Area("pulse", view.live),
        Area("city", city, "Revenue city", "height is revenue, district by district", has_picture=True),
        Area("side", view.side, "Buildings", "tallest first"),
        Area("forecast", view.forecast, "Revenue forecast", "next 12 weeks, with the range it should stay in", has_picture=True),
        Area("ticker", view.ticker, "Event ticker"),
        Area("segments", view.segments, "Customers at risk", "by segment", has_picture=True),
        Area("cohorts", view.cohorts, "Cohorts", "share that still buys", has_picture=True),
        Area("syncs", view.syncs, "Recent syncs"),
    ]
    page = build_page("Cockpit", areas, theme=theme, header=header, hidden=[view.probe])
    keep_going(view, TICK_MS)
    return page


def open_app(host: Host) -> Callable[[], pn.Template]:
    """Open the store that all visitors share."""
    store = CockpitStore(host.workspace, host.feed)
    host.closing.append(store.close)
    return lambda: cockpit_page(store, host.theme)


APP = App("cockpit", "Cockpit", 0, open_app)
