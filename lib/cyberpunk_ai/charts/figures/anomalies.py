"""A history with what was expected of it, and the values that were not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._of_series import of_several, series_of
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme


@CHARTS.register("anomalies", needs=["holoviews", "bokeh"], extra="apps")
def anomalies_figure(
    result: Any, *, unique_id: str | None = None, theme: Theme | str | None = None, height: int = 300, unit: str = "", label: str = ""
) -> Any:
    """Draw the interval that the past gave for each value, and mark what lies outside.

    Args:
        result: Has `frame` (ds, y, expected, lo, hi, score, is_anomaly, direction) and `level`.
        unique_id: Which series; the one with the farthest value without.
        theme: Colours; a triangle points the way a value lies off.
        height: Pixels.
        unit: Of the axis.
        label: Of the axis.
    """
    hv, look = holoviews(), chosen(theme)
    whole = result.frame
    if unique_id is None and whole["is_anomaly"].any():
        unique_id = whole.loc[whole["score"].where(whole["is_anomaly"]).idxmax(), "unique_id"]
    frame = series_of(whole, unique_id)
    found = frame[frame["is_anomaly"]]
    parts: list[Any] = [
        hv.Area(frame, "ds", ["lo", "hi"], label=f"{result.level:g} % of cases").opts(color=look.predicted, alpha=0.16, line_alpha=0),
        hv.Curve(frame, "ds", "expected", label="expected").opts(color=look.predicted, line_width=1.2, line_dash="dotted", alpha=0.9),
        hv.Curve(frame, "ds", "y", label="measured").opts(color=look.measured, line_width=1.8),
    ]
    for direction, marker in (("above", "triangle"), ("below", "inverted_triangle")):
        rows = found[found["direction"] == direction]
        points = hv.Scatter(rows, "ds", ["y", "expected", "score"], label=f"{look.signs['failing']} {direction} what was expected")
        parts.append(
            points.opts(
                color=look.failing,
                line_color=look.surface,
                size=11,
                marker=marker,
                show_legend=bool(len(rows)),
                **hover(("", "@ds{%F}"), ("measured", "@y{0,0.[0]}"), ("expected", "@expected{0,0.[0]}"), ("distance", "@score{0.0}")),
                hover_formatters={"@ds": "datetime"},
            )
        )
    named = of_several(whole, unique_id)
    said = f"{len(found)} of {len(frame)} values were not to be expected" if len(found) else "every value was to be expected"
    top = float(np.nanmax(frame[["y", "hi"]].to_numpy())) if len(frame) else 1.0
    bottom = float(np.nanmin(frame[["y", "lo"]].to_numpy())) if len(frame) else 0.0
    room = 0.08 * (top - bottom) or 1.0
    return hv.Overlay(parts).opts(
        **clean(
            look, height=height, label=label, unit=unit, legend_position="top", legend_cols=5, show_legend=True,
            title=f"{said}{f' · {named}' if named else ''}", ylim=(bottom - room, top + room),
        )
    )  # fmt: skip
