"""How far past forecasts were off: by steps ahead, and by the moment they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme


@CHARTS.register("cross_validation", needs=["holoviews", "bokeh"], extra="apps")
def cross_validation_figure(result: Any, *, theme: Theme | str | None = None, height: int = 280) -> Any:
    """Draw the error of every model by step ahead and by cut-off; the ensemble stands out, the baseline is dashed.

    Args:
        result: Has `by_step` (step, model, mae) and `by_cutoff` (cutoff, model, mase).
        theme: Colours.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    if not len(result.by_step):
        return nothing_yet(look, height, "No past forecast was made.")
    steps = _lines(hv, look, result.by_step, "step", "mae").opts(
        **clean(look, height=height, label="mean error / mean demand", unit="percent", legend_position="top_left", legend_cols=3,
                show_legend=True, title="error by periods ahead", xlabel="periods ahead")
    )  # fmt: skip
    times = _lines(hv, look, result.by_cutoff, "cutoff", "mase").opts(
        **clean(look, height=height, label="MASE", unit="", show_legend=False, title="error by the last date known")
    )
    return hv.Layout([steps, times]).cols(2).opts(shared_axes=False, toolbar=None)


def _lines(hv: Any, look: Theme, table: pd.DataFrame, across: str, value: str) -> Any:
    parts: list[Any] = []
    members = 0
    for model, rows in sorted(table.groupby("model"), key=lambda pair: pair[0] == "ensemble"):
        drawn = rows.sort_values(across)
        if model == "ensemble":
            style: dict[str, Any] = {"color": look.predicted, "line_width": 2.6}
            label = "ensemble"
        elif model == "seasonal_naive":
            style, label = {"color": look.text, "line_dash": "dashed", "line_width": 1.4}, "season before"
        else:
            style, label = {"color": look.measured, "line_width": 1.1, "alpha": 0.55}, "members" if members == 0 else ""
            members += 1
        parts.append(hv.Curve(drawn, across, value, label=label).opts(**style))
        if len(drawn) < 6:
            parts.append(hv.Scatter(drawn, across, value).opts(color=style["color"], size=5))
    return hv.Overlay(parts)
