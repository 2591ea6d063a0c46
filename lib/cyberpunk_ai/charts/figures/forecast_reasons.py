"""The way from the last value to the forecast, step by step, averaged over the horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._of_series import of_several, series_of
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

MOST = 10


@CHARTS.register("forecast_reasons", needs=["holoviews", "bokeh"], extra="apps")
def forecast_reasons_figure(
    result: Any, *, unique_id: str | None = None, theme: Theme | str | None = None, height: int = 320, unit: str = ""
) -> Any:
    """Draw a waterfall from the last value in its season to the mean of the forecast.

    Args:
        result: Has `totals` with `unique_id`, `reason`, `contribution`; the first reason is where the way begins.
        unique_id: Which series; the first without.
        theme: Colours; a sign before the number says the direction as well.
        height: Pixels.
        unit: Of the axis.
    """
    hv, look = holoviews(), chosen(theme)
    totals = series_of(result.totals, unique_id)
    start = totals[totals["reason"] == "last value in its season"]
    moves = totals[totals["reason"] != "last value in its season"]
    shown, small = moves.head(MOST), moves.iloc[MOST:]
    steps = list(zip(shown["reason"].astype(str), shown["contribution"].astype(float).tolist(), strict=True))
    if len(small):
        steps.append((f"{len(small)} smaller ones", float(small["contribution"].sum())))
    at = float(start["contribution"].sum())
    rows: list[tuple[str, float, float, str, str]] = [("last value in its season", 0.0, at, short(at, unit), look.measured)]
    for name, move in steps:
        rows.append((name, at, at + move, f"{'+' if move >= 0 else ''}{short(move, unit)}", look.good if move >= 0 else look.failing))
        at += move
    rows.append(("forecast", 0.0, at, short(at, unit), look.predicted))
    rows.reverse()
    values = [value for row in rows for value in row[1:3] if value]
    lowest, highest = min(values, default=0.0), max(values, default=1.0)
    room = 0.25 * (highest - lowest) or abs(highest) or 1.0
    # Beginning at zero would hide the steps where they are small beside the level.
    left = 0.0 if lowest - room <= 0 < highest else lowest - room
    boxes = [(min(max(row[1], left), row[2]), place - 0.33, max(row[1], left, row[2]), place + 0.33, row[4], row[0], row[3])
             for place, row in enumerate(rows)]  # fmt: skip
    bars = hv.Rectangles(boxes, vdims=["colour", "reason", "words"]).opts(
        color="colour", alpha=0.8, line_color=look.surface, **hover(("", "@reason"), ("", "@words"))
    )
    texts = hv.Labels([(box[2] + room * 0.06, place, row[3]) for place, (box, row) in enumerate(zip(boxes, rows, strict=True))]).opts(
        text_color=look.text, text_font_size="10px", text_align="left"
    )
    options = clean(
        look, height=height, unit=unit, is_flipped=True, show_legend=False, xlim=(left, highest + room),
        yticks=[(place, row[0]) for place, row in enumerate(rows)],
        title=of_several(result.totals, unique_id) or "mean over the horizon",
    )  # fmt: skip
    options["hooks"] = [*options["hooks"], _value_axis(unit)]
    return (bars * texts).opts(**options)


def _value_axis(unit: str) -> Any:
    from cyberpunk_ai.charts.figures._style import short_axis

    def write(plot: Any, _element: Any) -> None:
        for axis in plot.state.xaxis:
            axis.formatter = short_axis(unit)

    return write
