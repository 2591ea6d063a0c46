"""How long customers stay: the survival curve with its 95 % band, the median, and how many are still watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme

TICKS = 6


@CHARTS.register("survival", needs=["holoviews", "bokeh"], extra="apps")
def survival_figure(result: Any, *, theme: Theme | str | None = None, height: int = 320) -> Any:
    """Draw the share of customers that is still there after each tenure.

    Args:
        result: Has `survival` with `days`, `survival`, `lo`, `hi` and `at_risk`.
        theme: Colours.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    curve = result.survival
    if not len(curve):
        return nothing_yet(look, height, "Nobody has left yet, so there is no curve to draw.")
    steps = stairs(curve)
    line = hv.Curve(steps, "days", "survival").opts(color=look.measured, line_width=2.2)
    points = hv.Scatter(curve, "days", ["survival", "lo", "hi", "at_risk"]).opts(
        size=6,
        alpha=0,
        **hover(
            ("after", "@days{0,0} days"),
            ("still there", "@survival{0.0%}"),
            ("95 %", "@lo{0.0%} to @hi{0.0%}"),
            ("watched", "@at_risk{0,0} customers"),
        ),
    )
    band = hv.Area(steps, "days", ["lo", "hi"]).opts(color=look.measured, alpha=0.2, line_alpha=0)
    parts = [band, line, points]
    below = curve[curve["survival"] <= 0.5]
    if len(below):
        day = float(below["days"].iloc[0])
        parts.append(hv.Segments([(0, 0.5, day, 0.5), (day, 0.0, day, 0.5)]).opts(color=look.warning, line_dash="dashed", line_width=1.3))
        title = f"half have left after {day:,.0f} days"
    else:
        title = f"{float(curve['survival'].iloc[-1]):.0%} are still there after {float(curve['days'].iloc[-1]):,.0f} days"
    last = max(float(curve["days"].iloc[-1]), 1.0)
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label="still customers",
            unit="percent",
            title=title,
            xlabel="days as a customer · below: customers still watched",
            xlim=(0, last * 1.02),
            ylim=(0, 1.03),
            xticks=_watched(curve, last),
            show_legend=False,
            show_grid=True,
        )
    )


def stairs(curve: pd.DataFrame) -> pd.DataFrame:
    """Turn the points into stairs that start with everybody on day 0."""
    import pandas as pd

    start = pd.DataFrame([{"days": 0.0, "survival": 1.0, "lo": 1.0, "hi": 1.0}])
    held = pd.concat([start, curve[["days", "survival", "lo", "hi"]].astype(float)], ignore_index=True)
    edges = held.loc[held.index.repeat(2)].reset_index(drop=True)
    edges["days"] = edges["days"].shift(-1)
    return edges.iloc[:-1].ffill()


def _watched(curve: pd.DataFrame, last: float) -> list[tuple[float, str]]:
    """Name each tick by its day and by how many customers were watched until then."""
    widths = (base * 10.0**power for power in range(9) for base in (1, 2, 3, 5))
    width = next(width for width in widths if width * TICKS >= last)
    days, at_risk = curve["days"].to_numpy(dtype=float), curve["at_risk"].to_numpy()
    ticks = []
    for day in np.arange(0, last * 1.001, width):
        place = int(np.searchsorted(days, day))
        ticks.append((float(day), f"{day:,.0f}\n{int(at_risk[place]) if place < len(days) else 0:,}"))
    return ticks
