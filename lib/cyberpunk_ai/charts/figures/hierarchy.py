"""A total and its parts ahead: small charts of every node of the upper levels, largest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._of_series import bands, series_of
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, short
from cyberpunk_ai.charts.figures.forecast_fan import with_last_value
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

HISTORY_PER_STEP = 4


@CHARTS.register("hierarchy", needs=["holoviews", "bokeh"], extra="apps")
def hierarchy_figure(
    result: Any, *, level: str | None = None, most: int = 8, theme: Theme | str | None = None, height: int = 170, unit: str = ""
) -> Any:
    """Draw the total and the largest nodes of a level, each with its share of the total ahead.

    Args:
        result: Has `forecast`, `history`, `nodes` (unique_id, level) and `levels`.
        level: Which level; the one below the total without.
        most: Nodes at most.
        theme: Colours.
        height: Pixels of each chart.
        unit: Of the axes.
    """
    hv, look = holoviews(), chosen(theme)
    names = list(dict.fromkeys(result.nodes["level"]))
    wanted = level or (names[1] if len(names) > 1 else names[0])
    sums = result.forecast.groupby("unique_id")["mean"].sum()
    top = result.nodes["unique_id"].iloc[0]
    members = result.nodes.loc[result.nodes["level"] == wanted, "unique_id"]
    largest = sums[members].sort_values(ascending=False).index[:most]
    charts = []
    for name in [top, *[name for name in largest if name != top]]:
        ahead = series_of(result.forecast, name)
        history = series_of(result.history, name).tail(max(16, HISTORY_PER_STEP * len(ahead)))
        joined = with_last_value(history, ahead, result.levels)
        share = float(sums[name] / sums[top]) if sums[top] else float("nan")
        title = f"{name}: {short(float(sums[name]), unit)}" + ("" if name == top else f", {short(share, 'percent')}")
        parts = [
            *bands(hv, look, joined, result.levels),
            hv.Curve(history, "ds", "y").opts(color=look.measured, line_width=1.6),
            hv.Curve(joined, "ds", "mean").opts(color=look.predicted, line_width=2),
        ]
        charts.append(hv.Overlay(parts).opts(**clean(look, height=height, unit=unit, title=title, show_legend=False)))
    return hv.Layout(charts).cols(3).opts(shared_axes=False, toolbar=None)
