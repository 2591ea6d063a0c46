"""What history and forecast are made of, one lane per component above each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._of_series import of_several, series_of
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

MOST_LANES = 7


@CHARTS.register("components", needs=["holoviews", "bokeh"], extra="apps")
def components_figure(
    result: Any, *, unique_id: str | None = None, theme: Theme | str | None = None, height: int = 110, unit: str = ""
) -> Any:
    """Draw the whole and below it each component on its own axis; the horizon is in the colour of what is predicted.

    Args:
        result: Has `frame` (ds, part, y and one column per component) and `names`.
        unique_id: Which series; the first without.
        theme: Colours.
        height: Pixels of one lane.
        unit: Of the axes.
    """
    hv, look = holoviews(), chosen(theme)
    frame = series_of(result.frame, unique_id)
    # The effects that move most are drawn; the others would be flat lines.
    fixed = [name for name in result.names if name in ("trend", "season", "long season", "remainder")]
    reach = {name: float(np.abs(frame[name].to_numpy(float)).max()) for name in result.names}
    others = sorted((name for name in result.names if name not in fixed), key=lambda name: -reach[name])
    wanted = [*fixed[:-1], *others[: MOST_LANES - len(fixed) - 1], fixed[-1]]
    lanes: list[Any] = []
    for name in ["y", *[name for name in wanted if reach[name] > 0 or name == "trend"]]:
        known = frame[frame["part"] == "history"]
        ahead = frame[frame["part"] == "forecast"]
        joined = frame.loc[[known.index[-1], *ahead.index]] if len(known) else ahead
        parts = [
            hv.Curve(known, "ds", name).opts(color=look.measured, line_width=1.6),
            hv.Curve(joined, "ds", name).opts(color=look.predicted, line_width=2),
        ]
        if name not in ("y", "trend"):
            parts.insert(0, hv.HLine(0).opts(color=look.line, line_width=1))
        title = f"demand and forecast  {of_several(result.frame, unique_id)}".rstrip() if name == "y" else name
        is_last = name == wanted[-1]
        shared = clean(look, height=height + (24 if is_last else 0), unit=unit, title=title, show_legend=False)
        lanes.append(hv.Overlay(parts).opts(**shared, xaxis="bottom" if is_last else None))
    return hv.Layout(lanes).cols(1).opts(shared_axes=True, toolbar=None)
