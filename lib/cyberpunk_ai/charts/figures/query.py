"""The chart of a metric query: a line over periods, bars over a dimension beside what was before, lines per value where both are asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cyberpunk_ai.charts.theme import Theme

    FloatArray = NDArray[np.float64]

MOST_BARS = 20
ROOM = 1.14


@CHARTS.register("query", needs=["holoviews", "bokeh"], extra="apps")
def query_figure(result: Any, *, theme: Theme | str | None = None, height: int = 280) -> Any:
    """Draw a query result.

    Args:
        result: Has `frame` with the metric's column, `by`, `grain`, `label`, `unit` and `metric` or `metrics`.
        theme: Colours.
        height: Pixels; the width follows the place.
    """
    hv, look = holoviews(), chosen(theme)
    metric = _metric(result)
    frame, by = result.to_frame(), [name for name in result.by if name in result.to_frame().columns]
    unit, label = getattr(result, "unit", ""), getattr(result, "label", metric)
    if "period" not in frame.columns:
        return _bars(hv, look, frame, by, metric, label, unit, height)
    if not by:
        line = hv.Curve(frame, "period", metric, label=label).opts(color=look.measured, line_width=2)
        area = hv.Area(frame, "period", metric).opts(color=look.measured, alpha=0.12, line_alpha=0)
        parts = [area, line]
        if f"{metric}_previous" in frame.columns:
            parts.insert(
                1,
                hv.Curve(frame, "period", f"{metric}_previous", label="before").opts(color=look.muted, line_dash="dashed", line_width=1.5),
            )
        return hv.Overlay(parts).opts(**clean(look, height=height, label=label, unit=unit, legend_position="top_left"))
    colours = [look.measured, look.predicted, look.warning, look.good, look.failing, look.muted]
    curves = [
        hv.Curve(part, "period", metric, label=str(name)).opts(color=colours[place % len(colours)], line_width=2)
        for place, (name, part) in enumerate(frame.groupby(by[0], sort=False))
    ]
    return hv.Overlay(curves).opts(**clean(look, height=height, label=label, unit=unit, legend_position="top_left"))


def _metric(result: Any) -> str:
    named = getattr(result, "metric", None) or getattr(result, "metrics", None)
    return str(named if isinstance(named, str) else next(iter(named or ())))


def _bars(hv: Any, look: Theme, frame: Any, by: list[str], metric: str, label: str, unit: str, height: int) -> Any:
    kept = (frame.nlargest(MOST_BARS, metric) if len(frame) > MOST_BARS else frame).iloc[::-1]
    names = (kept[by].astype(str).agg(" · ".join, axis=1) if by else kept[metric].map(lambda _: label)).tolist()
    values = kept[metric].to_numpy(float)
    before = kept[f"{metric}_previous"].to_numpy(float) if f"{metric}_previous" in kept.columns else np.full(len(kept), np.nan)
    bars = hv.Bars(list(zip(names, values, strict=True)), "name", metric).opts(
        color=look.measured, fill_alpha=0.75, line_color=look.measured, bar_width=min(0.62, 0.2 * len(kept)), invert_axes=True
    )
    # Room at the end of the longest bar for its number.
    reach = np.nan_to_num([*values, *before, 0.0])
    ends = (float(reach.min()) * ROOM, float(reach.max()) * ROOM)
    title = f"bars: {label.lower()}; upright marks: before" if np.isfinite(before).any() else ""
    hooks = [_telling(names, values, before, look, unit)]
    limits = {"ylim": ends} if ends[0] < ends[1] else {}
    return bars.opts(**clean(look, height=height, label=label, unit=unit, is_flipped=True, hooks=hooks, title=title, **limits))


def _telling(names: list[str], values: FloatArray, before: FloatArray, look: Theme, unit: str) -> Callable[[Any, Any], None]:
    """Return a hook that writes each bar's number at its end, and marks where it was before."""

    def write(plot: Any, _element: Any) -> None:
        from bokeh.core.properties import value
        from bokeh.models import ColumnDataSource

        figure = plot.state
        for old in [each for each in figure.renderers if each.name == "telling"]:
            figure.renderers.remove(old)
        texts = [short(each, unit) for each in values]
        source = ColumnDataSource({"name": names, "end": np.fmax(values, before), "before": before, "text": texts})
        figure.text(
            "end", "name", "text", source=source, x_offset=9, text_baseline="middle", text_color=look.text,
            text_font=value(look.fonts["plot"]), text_font_size="11px", name="telling",
        )  # fmt: skip
        if np.isfinite(before).any():
            style = {"marker": "dash", "angle": math.pi / 2, "size": 26, "line_width": 2, "line_color": look.text}
            figure.scatter("before", "name", source=source, name="telling", **style)

    return write
