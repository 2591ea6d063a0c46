"""A forecast beside the one with another plan, and below it what the change alone brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._of_series import bands, of_several, series_of
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, short
from cyberpunk_ai.charts.figures.forecast_fan import with_last_value
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

HISTORY_PER_STEP = 3


@CHARTS.register("scenario", needs=["holoviews", "bokeh"], extra="apps")
def scenario_figure(
    result: Any, *, unique_id: str | None = None, theme: Theme | str | None = None, height: int = 260, unit: str = "", label: str = ""
) -> Any:
    """Draw both forecasts, and their difference with its interval.

    Args:
        result: Has `base`, `scenario`, `difference`, `history` and `levels`.
        unique_id: Which series; the first without.
        theme: Colours: the forecast as it was is dotted.
        height: Pixels of the upper part.
        unit: Of the axis.
        label: Of the axis.
    """
    hv, look = holoviews(), chosen(theme)
    base, other, difference = (series_of(each, unique_id) for each in (result.base, result.scenario, result.difference))
    history = series_of(result.history, unique_id).tail(max(24, HISTORY_PER_STEP * len(base)))
    joined, planned = (with_last_value(history, each, result.levels) for each in (other, base))
    total = float(difference["mean"].sum())
    named = of_several(result.base, unique_id)
    title = f"the change brings {'+' if total >= 0 else ''}{short(total, unit)} over {len(base)} periods"
    upper = hv.Overlay(
        [
            *bands(hv, look, joined, result.levels),
            hv.Curve(history, "ds", "y", label="measured").opts(color=look.measured, line_width=2),
            hv.Curve(planned, "ds", "mean", label="as planned").opts(color=look.text, line_width=1.6, line_dash="dotted"),
            hv.Curve(joined, "ds", "mean", label="with the change").opts(color=look.predicted, line_width=2.4),
        ]
    ).opts(
        **clean(look, height=height, label=label, unit=unit, legend_position="top", legend_cols=5, show_legend=True,
                title=f"{title}{f' · {named}' if named else ''}")
    )  # fmt: skip
    lower = hv.Overlay(
        [
            *bands(hv, look, difference, result.levels[-1:]),
            hv.HLine(0).opts(color=look.line, line_width=1),
            hv.Curve(difference, "ds", "mean").opts(color=look.predicted, line_width=2),
            hv.Scatter(difference, "ds", "mean").opts(color=look.surface, line_color=look.predicted, size=6),
        ]
    ).opts(**clean(look, height=height // 2 + 30, unit=unit, show_legend=False, title="difference, with the interval of the effect"))
    return hv.Layout([upper, lower]).cols(1).opts(shared_axes=False, toolbar=None)
