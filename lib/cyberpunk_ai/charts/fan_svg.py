"""The forecast fan as SVG text, for pages that carry no plotting scripts, such as Voilà's."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._of_series import series_of
from cyberpunk_ai.charts.figures.forecast_fan import with_last_value
from cyberpunk_ai.charts.theme import Theme, load_theme

if TYPE_CHECKING:
    from numpy.typing import NDArray


def forecast_svg(result: Any, *, theme: Theme | None = None, width: int = 960, height: int = 280, periods: int = 72) -> str:
    """Draw history in the measured colour and the forecast with its bands in the predicted one.

    Args:
        result: Has `history`, `forecast` and `levels`, as a forecast of the workspace.
        theme: Colours.
        width: Units of the picture; it scales with its place.
        height: Units of the picture.
        periods: Periods of history drawn.

    Returns:
        An `<svg>` element with a description in words.
    """
    look = theme or load_theme()
    history = series_of(result.history, None).tail(periods)
    forecast = series_of(result.forecast, None)
    joined = with_last_value(history, forecast, result.levels)
    bands = [(f"lo-{level}", f"hi-{level}") for level in sorted(result.levels, reverse=True) if f"lo-{level}" in joined.columns]
    everything = np.concatenate([history["y"].to_numpy(float), *(joined[name].to_numpy(float) for pair in bands for name in pair)])
    low, high = float(np.nanmin(everything)), float(np.nanmax(everything))
    span, count = (high - low) or 1.0, len(history) + len(forecast)
    left, right, top, bottom = 64, 12, 14, 26

    def place(values: NDArray[np.float64], start: int) -> list[str]:
        x = left + (start + np.arange(len(values))) * (width - left - right) / max(count - 1, 1)
        y = top + (high - values) / span * (height - top - bottom)
        return [f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True)]

    begin = len(history) - 1
    drawn = []
    for step in range(4):
        value = low + span * step / 3
        y = top + (high - value) / span * (height - top - bottom)
        drawn.append(f'<line x1="{left}" x2="{width - right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{look.line}" stroke-dasharray="2 4"/>')
        drawn.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{look.muted}" font-size="11">{_short(value)}</text>')
    for order, (lower, upper) in enumerate(bands):
        outline = place(joined[upper].to_numpy(float), begin) + place(joined[lower].to_numpy(float), begin)[::-1]
        drawn.append(f'<polygon points="{" ".join(outline)}" fill="{look.predicted}" opacity="{0.14 + 0.10 * order:.2f}"/>')
    for values, start, colour in ((history["y"], 0, look.measured), (joined["mean"], begin, look.predicted)):
        line = " ".join(place(values.to_numpy(float), start))
        drawn.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>')
    for ds, anchor, x in ((history["ds"].iloc[0], "start", left), (forecast["ds"].iloc[-1], "end", width - right)):
        drawn.append(f'<text x="{x}" y="{height - 6}" text-anchor="{anchor}" fill="{look.muted}" font-size="11">{ds:%d %b %Y}</text>')
    words = escape(f"Forecast of {len(forecast)} periods: from {_short(forecast['mean'].iloc[0])} to {_short(forecast['mean'].iloc[-1])}.")
    body = "".join(drawn)
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="100%" role="img" aria-label="{words}"'
    return f'{opened} font-family="monospace">{body}</svg>'


def _short(value: float) -> str:
    for step, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step:
            return f"{value / step:.3g}{letter}"
    return f"{value:.3g}"
