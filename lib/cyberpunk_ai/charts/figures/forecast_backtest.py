"""Past forecasts beside what came: the ensemble with its intervals at every past window, and each member faintly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._of_series import bands, of_several, series_of
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

ENSEMBLE, BASELINE = "ensemble", "seasonal_naive"
BEFORE_PER_STEP = 3


@CHARTS.register("forecast_backtest", needs=["holoviews", "bokeh"], extra="apps")
def forecast_backtest_figure(
    result: Any, *, unique_id: str | None = None, theme: Theme | str | None = None, height: int = 320, unit: str = "", label: str = ""
) -> Any:
    """Draw what would have been forecast at past points in time.

    Args:
        result: Has `history`, `backtest`, `levels` and `leaderboard`.
        unique_id: Which series; the first without.
        theme: Colours.
        height: Pixels.
        unit: Of the axis.
        label: Of the axis.
    """
    hv, look = holoviews(), chosen(theme)
    tried = series_of(result.backtest, unique_id)
    if not len(tried):
        return nothing_yet(look, height, "No past window was forecast: the history is too short, or backtest_windows is 0.")
    history = series_of(result.history, unique_id)
    first = tried["ds"].min()
    steps = tried.loc[tried["model"] == tried["model"].iloc[0], "ds"].nunique()
    drawn = history[history["ds"] >= first]
    # One value beyond the first date, so that the line does not break there.
    before = pd.concat([history[history["ds"] < first].tail(BEFORE_PER_STEP * max(steps, 8)), drawn.head(1)])
    parts: list[Any] = []
    own = tried[tried["model"] == ENSEMBLE]
    for _, window in own.groupby("window"):
        parts += bands(hv, look, window, result.levels)
    members = tried[~tried["model"].isin([ENSEMBLE, BASELINE])]
    for number, (_, path) in enumerate(members.groupby(["model", "window"])):
        line = hv.Curve(path, "ds", "mean", label="members" if number == 0 else "")
        parts.append(line.opts(color=look.muted, line_width=1, alpha=0.45))
    for number, (_, path) in enumerate(tried[tried["model"] == BASELINE].groupby("window")):
        line = hv.Curve(path, "ds", "mean", label="season before" if number == 0 else "")
        parts.append(line.opts(color=look.text, line_dash="dashed", line_width=1.2, alpha=0.6))
    for _, path in own.groupby("window"):
        parts.append(hv.Curve(path, "ds", "mean", label="forecast then").opts(color=look.predicted, line_width=2.2))
    parts.append(hv.Curve(before, "ds", "y", label="what came").opts(color=look.measured, line_width=1.6))
    parts.append(hv.Curve(drawn, "ds", "y", label="what came").opts(color=look.measured, line_width=2.2))
    said = of_several(result.backtest, unique_id) or _said(result)
    options = clean(look, height=height, label=label, unit=unit, legend_position="top", legend_cols=3, show_legend=True, title=said)
    return hv.Overlay(parts).opts(**options)


def _said(result: Any) -> str:
    board = result.leaderboard.set_index("model")
    if not {ENSEMBLE, BASELINE} <= set(board.index):
        return ""
    own, plain = float(board.loc[ENSEMBLE, "mase"]), float(board.loc[BASELINE, "mase"])
    if np.isnan(own) or not plain > 0:
        return ""
    gain = 1 - own / plain
    return f"error of past forecasts {short(abs(gain), 'percent')} {'below' if gain >= 0 else 'above'} that of the season before"
