"""Assembly of the cockpit: the store of the process, a view per visitor, the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import panel as pn
from bokeh.events import ConnectionLost
from bokeh.models import CustomJS

from apps.cockpit.views import TICK_MS, CockpitView
from apps.kit.page import Area, build_page
from cyberpunk_ai.charts.theme import Theme, load_theme, theme_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.cockpit.store import CockpitStore

# Tell the reader at once, then ask until the server answers and load the page anew.
_LOST = """
const banner = document.querySelector(".lost");
if (banner) banner.hidden = false;
const again = () => setTimeout(ask, 2000);
const ask = () => fetch(window.location.href, { cache: "no-store" })
  .then((answer) => answer.ok ? window.location.reload() : again())
  .catch(again);
setTimeout(ask, 1500);
"""


def cockpit_page(store: CockpitStore, standard_theme: Callable[[], str]) -> pn.Template:
    """Build the page of one visitor. The address may carry `?theme=noir` and `?view=flat`.

    Args:
        store: Shared by all visitors.
        standard_theme: Name of the theme where the address names none.
    """
    theme = _asked_theme(standard_theme())
    view = CockpitView(store, theme, is_flat=_argument("view") == "flat")
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
        pn.state.curdoc.js_on_event(ConnectionLost, CustomJS(code=_LOST))
    return page


def _argument(name: str) -> str:
    values = (pn.state.session_args or {}).get(name, [b""])
    return str(values[0].decode(errors="replace"))


def _asked_theme(standard: str) -> Theme:
    asked = _argument("theme")
    return load_theme(asked if asked in theme_names() else standard if standard in theme_names() else None)
