"""Whether predicted chances come true: groups of customers with the 95 % band, the line of truth, and how scores are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, percent
from cyberpunk_ai.core.errors import TooLittleData
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

BARS, FLOOR = 40, 0.16  # bars of the spread, and how much of the height they take


@CHARTS.register("calibration", needs=["holoviews", "bokeh"], extra="apps")
def calibration_figure(result: Any, *, theme: Theme | str | None = None, height: int = 340) -> Any:
    """Draw predicted against observed shares, on customers whose outcome the model had not seen.

    Args:
        result: A calibration (`bins` with `customers`, `predicted`, `observed`, `lo` and `hi`; `predicted_rate`, `churn_rate`), or a
            report whose `calibration()` gives one; a report's `held_out` also gives the spread of scores, drawn along the floor.
        theme: Colours.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    try:
        checked = result.calibration() if hasattr(result, "held_out") else result
    except TooLittleData as error:
        return nothing_yet(look, height, f"No calibration to show: {error.message}.")
    bins = checked.bins
    top = min(1.0, np.ceil(float(max(bins["predicted"].max(), bins["hi"].max())) * 10 + 0.2) / 10)
    parts: list[Any] = []
    if hasattr(result, "held_out"):
        counts, edges = np.histogram(result.held_out["probability"].to_numpy(dtype=float), BARS, (0.0, top))
        bars = [
            (edges[at], 0.0, edges[at + 1], count / counts.max() * FLOOR * top, count) for at, count in enumerate(counts.tolist()) if count
        ]
        spread = hv.Rectangles(bars, ["score", "floor", "until", "tall"], "customers", label="customers per score")
        parts.append(
            spread.opts(
                color=look.muted,
                fill_alpha=0.25,
                line_alpha=0,
                **hover(("score", "@score{0.0%} to @until{0.0%}"), ("customers", "@customers{0,0}")),
            )
        )
    parts += [
        hv.Curve([(0.0, 0.0), (top, top)], label="as predicted").opts(color=look.muted, line_dash="dotted", line_width=1.6),
        hv.Segments(bins, ["predicted", "lo", "predicted", "hi"], label="95 % band").opts(color=look.measured, line_width=2, alpha=0.55),
        hv.Curve(bins, "predicted", "observed").opts(color=look.measured, line_width=1.4, alpha=0.8),
        hv.Scatter(bins, "predicted", ["observed", "lo", "hi", "customers"], label="group of customers").opts(
            color=look.surface,
            line_color=look.measured,
            line_width=2,
            size=9,
            **hover(
                ("predicted", "@predicted{0.0%}"),
                ("left", "@observed{0.0%}"),
                ("95 %", "@lo{0.0%} to @hi{0.0%}"),
                ("customers", "@customers{0,0}"),
            ),
        ),
    ]
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label="really left",
            unit="percent",
            title=f"{checked.predicted_rate:.1%} were expected to leave, {checked.churn_rate:.1%} did",
            legend_position="top_left",
            legend_cols=1,
            xlabel="predicted chance to leave",
            xformatter=percent(),
            xlim=(0, top),
            ylim=(0, top),
            show_grid=True,
        )
    )
