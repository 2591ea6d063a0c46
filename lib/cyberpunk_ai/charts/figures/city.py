"""The neon city as a flat chart, for pages without 3D: the same buildings as bars, the status as colour and sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.charts.city_layout import Building
    from cyberpunk_ai.charts.theme import Theme

MOST = 24


@CHARTS.register("city", needs=["holoviews", "bokeh"], extra="apps")
def city_figure(
    buildings: Sequence[Building], *, theme: Theme | str | None = None, height: int = 460, unit: str = "", label: str = ""
) -> Any:
    """Draw the tallest buildings as bars.

    Args:
        buildings: What the city would show.
        theme: Colours.
        height: Pixels.
        unit: Of the axis.
        label: Of the axis.
    """
    hv, look = holoviews(), chosen(theme)
    tallest = sorted(buildings, key=lambda one: -one.value)[:MOST]
    rows = [
        (f"{look.signs[one.status]} {one.label}{f' · {one.district}' if one.district else ''}", one.value, look.accent(one.status))
        for one in reversed(tallest)
    ]
    bars = hv.Bars(rows, "building", ["value", "colour"]).opts(
        color="colour", fill_alpha=0.7, line_color="colour", invert_axes=True, bar_width=0.7
    )
    return bars.opts(**clean(look, height=height, label=label, unit=unit, is_flipped=True))
