"""The chart of a metric query: a line over periods, bars over a dimension, lines per value where both are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

MOST_BARS = 20


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
    kept = frame.nlargest(MOST_BARS, metric) if len(frame) > MOST_BARS else frame
    names = kept[by].astype(str).agg(" · ".join, axis=1) if by else [label] * len(kept)
    pairs = list(zip(names, kept[metric].astype(float), strict=True))[::-1]
    bars = hv.Bars(pairs, "name", metric).opts(
        color=look.measured, fill_alpha=0.75, line_color=look.measured, bar_width=0.65, invert_axes=True
    )
    return bars.opts(**clean(look, height=height, label=label, unit=unit, is_flipped=True))
