"""The chart of a forecast: history in cyan, forecast in magenta with nested bands, and how it did on the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._of_series import bands, of_several, series_of
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme

HISTORY_PER_STEP = 6  # periods of history drawn per period of forecast, at least 24


@CHARTS.register("forecast_fan", needs=["holoviews", "bokeh"], extra="apps")
def forecast_figure(
    result: Any,
    *,
    unique_id: str | None = None,
    theme: Theme | str | None = None,
    height: int = 320,
    unit: str = "",
    label: str = "",
    with_backtest: bool = True,
) -> Any:
    """Draw one series of a forecast.

    Args:
        result: Has `history`, `forecast` (`mean`, `lo-…`, `hi-…`), `levels`, `horizon`, and perhaps `backtest`.
        unique_id: Which series; the first without.
        theme: Colours.
        height: Pixels; the width follows the place.
        unit: Of the axis.
        label: Of the axis.
        with_backtest: Whether to draw what would have been forecast in the past.
    """
    hv, look = holoviews(), chosen(theme)
    forecast = series_of(result.forecast, unique_id)
    kept = max(24, HISTORY_PER_STEP * len(forecast))
    history = series_of(result.history, unique_id).tail(kept)
    joined = with_last_value(history, forecast, result.levels)
    parts: list[Any] = []
    parts += bands(hv, look, joined, result.levels)
    parts.append(hv.Curve(history, "ds", "y", label="measured").opts(color=look.measured, line_width=2))
    parts.append(hv.Curve(joined, "ds", "mean", label="forecast").opts(color=look.predicted, line_width=2.4))
    parts.append(
        hv.Scatter(forecast, "ds", "mean").opts(color=look.surface, line_color=look.predicted, line_width=1.6, size=6, marker="diamond")
    )
    tried = getattr(result, "backtest", None)
    if with_backtest and tried is not None and len(tried):
        parts += _backtest(hv, look, series_of(tried, unique_id), history)
    options = clean(
        look,
        height=height,
        label=label,
        unit=unit,
        legend_position="top",
        legend_cols=6,
        show_legend=True,
        title=of_several(result.forecast, unique_id),
    )
    return hv.Overlay(parts).opts(**options)


def with_last_value(history: pd.DataFrame, forecast: pd.DataFrame, levels: Any) -> pd.DataFrame:
    """Let the fan open at the last measured value, where nothing is uncertain."""
    import pandas as pd

    if not len(history) or not len(forecast):
        return forecast
    last = history.iloc[-1]
    start = {"ds": last["ds"], "mean": last["y"]} | {f"{side}-{level}": last["y"] for level in levels for side in ("lo", "hi")}
    return pd.concat([pd.DataFrame([start]), forecast[[name for name in forecast.columns if name in start]]], ignore_index=True)


def _backtest(hv: Any, look: Theme, tried: pd.DataFrame, history: pd.DataFrame) -> list[Any]:
    columns = set(tried.columns)
    if not {"ds", "mean"} <= columns or not len(history):
        return []
    if "model" in columns:
        preferred = "ensemble" if (tried["model"] == "ensemble").any() else tried["model"].iloc[0]
        tried = tried[tried["model"] == preferred]
    seen = tried[tried["ds"] >= history["ds"].iloc[0]]
    windows = seen.groupby("window") if "window" in columns else [(0, seen)]
    return [
        hv.Curve(part, "ds", "mean", label="forecast then").opts(color=look.predicted, line_dash="dotted", line_width=1.6, alpha=0.9)
        for _, part in windows
        if len(part)
    ]
