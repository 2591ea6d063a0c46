"""The chart of synchronisations: rows moved by each run, failed ones marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

FINE = {"ok", "success", "succeeded", "done", "up_to_date"}


@CHARTS.register("syncs", needs=["holoviews", "bokeh"], extra="apps")
def syncs_figure(result: Any, *, theme: Theme | str | None = None, height: int = 240) -> Any:
    """Draw rows per source.

    Args:
        result: Its `to_frame()` has `source` (or `name`), `rows` and `status`.
        theme: Colours; a failed source also carries a sign.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    runs = result.to_frame()
    key = "source" if "source" in runs.columns else "name"
    rows = []
    for name, group in runs.groupby(key, sort=False):
        fine = bool(group["status"].astype(str).str.lower().isin(FINE).all())
        meaning = "measured" if fine else "failing"
        rows.append((f"{look.signs[meaning]} {name}", float(group["rows"].sum()), look.accent(meaning)))
    bars = hv.Bars(rows[::-1], "source", ["rows", "colour"]).opts(
        color="colour", fill_alpha=0.75, line_color="colour", invert_axes=True, bar_width=0.6
    )
    return bars.opts(**clean(look, height=height, label="rows", unit="", is_flipped=True))
