"""Events per second over the last minute, one line per topic. Its data can be renewed without drawing it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme


@CHARTS.register("stream_rate", needs=["holoviews", "bokeh"], extra="apps")
def stream_rate_figure(result: Any, *, theme: Theme | str | None = None, height: int = 260) -> Any:
    """Draw what came in each of the last seconds.

    Args:
        result: Has `by_topic`: topic to events in each of the last seconds, oldest first.
        theme: Colours; lines are told apart by dashes too.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    colours = [look.measured, look.predicted, look.warning, look.good, look.muted, look.failing]
    dashes = ["solid", "dashed", "dotted", "dotdash", "dashdot", "solid"]
    curves = [
        hv.Curve(
            [(second - len(counts) + 1, count) for second, count in enumerate(counts)],
            "seconds ago",
            "events",
            label=topic.replace("_", " "),
        ).opts(color=colours[place % len(colours)], line_dash=dashes[place % len(dashes)], line_width=2)
        for place, (topic, counts) in enumerate(sorted(result.by_topic.items()))
    ]
    # An axis stands even before the first event has come.
    curves = curves or [hv.Curve([(-59, 0.0), (0, 0.0)], "seconds ago", "events").opts(color=look.line)]
    options = clean(look, height=height, label="events per second", legend_position="top", legend_cols=6, show_legend=bool(result.by_topic))
    return hv.Overlay(curves).opts(**options, ylim=(0, None))
