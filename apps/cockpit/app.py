"""Assembly of the cockpit: the store of the process, a view per visitor, the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import panel as pn

from apps.cockpit.views import TICK_MS, CockpitView
from apps.kit.page import Area, argument, asked_theme, build_page, reload_when_lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.cockpit.store import CockpitStore


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
        view.legend,
        view.alternative,
        sizing_mode="stretch_width",
        margin=0,
    )
    areas = [
        Area("kpis", view.kpis),
        Area("pulse", view.live),
        Area("city", city, "Revenue city", "height is revenue, district by district"),
        Area("side", view.side, "Buildings", "tallest first"),
        Area("forecast", view.forecast, "Revenue forecast", "next 12 weeks, with the range it should stay in"),
        Area("ticker", view.ticker, "Event ticker"),
        Area("segments", view.segments, "Customers at risk", "by segment"),
        Area("cohorts", view.cohorts, "Cohorts", "share that still buys"),
        Area("syncs", view.syncs, "Recent syncs"),
    ]
    page = build_page("Cockpit", areas, theme=theme, header=header, hidden=[view.probe])
    pn.state.add_periodic_callback(view.tick, period=TICK_MS)

    def leave(session_context: Any) -> None:  # noqa: ARG001 - Bokeh checks the parameter's name
        view.close()

    if pn.state.curdoc is not None:
        pn.state.on_session_destroyed(leave)
        reload_when_lost(pn.state.curdoc)
    return page
