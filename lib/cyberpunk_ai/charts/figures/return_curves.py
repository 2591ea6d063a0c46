"""How many customers come back: on a day, within a bracket of days, and at all from a day on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme


FEWEST = 30  # customers old enough to tell


@CHARTS.register("return_curves", needs=["holoviews", "bokeh"], extra="apps")
def return_curves_figure(result: Any, *, theme: Theme | str | None = None, height: int = 320) -> Any:
    """Draw the three kinds of retention; each counts only customers old enough to tell.

    Args:
        result: Has `return_curves` with `kind`, `day`, `until_day`, `eligible`, `returned`, `retention`, `lo` and `hi`.
        theme: Colours; the kinds differ in shape: a line with its 95 % band, bars as wide as their bracket, and points.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    curves = result.return_curves
    known = curves[curves["retention"].notna()] if len(curves) else curves
    if not len(known):
        return nothing_yet(look, height, "Nobody is old enough yet to tell who came back: this needs a longer history of purchases.")
    # Of a handful of customers the band would fill the figure and hide the others.
    known = known[known["eligible"] >= min(FEWEST, float(known["eligible"].max()))]
    kinds = {kind: rows.sort_values("day") for kind, rows in known.groupby("kind", observed=True)}
    tip = hover(
        ("day", "@day{0}"), ("came back", "@retention{0.0%}"), ("95 %", "@lo{0.0%} to @hi{0.0%}"), ("of", "@eligible{0,0} customers")
    )
    details = ["retention", "lo", "hi", "eligible"]
    parts: list[Any] = []
    if "bracket" in kinds:
        parts.append(_brackets(hv, look, kinds["bracket"]))
    if "unbounded" in kinds:
        rows = kinds["unbounded"]
        parts.append(hv.Area(rows, "day", ["lo", "hi"]).opts(color=look.measured, alpha=0.2, line_alpha=0))
        parts.append(hv.Curve(rows, "day", "retention", label="ever again until the data ends").opts(color=look.measured, line_width=2.2))
        parts.append(hv.Scatter(rows, "day", details).opts(color=look.surface, line_color=look.measured, size=5, **tip))
    if "n_day" in kinds:
        rows = kinds["n_day"]
        parts.append(hv.Segments(rows, ["day", "lo", "day", "hi"]).opts(color=look.text, line_width=1, alpha=0.6))
        points = hv.Scatter(rows, "day", details, label="on that very day")
        parts.append(points.opts(color=look.text, marker="diamond", size=7, **tip))
    top = float(known["hi"].fillna(known["retention"]).max())
    last = max(float(known[["day", "until_day"]].max().max()), 1.0)
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label="share that came back",
            unit="percent",
            legend_position="top",
            xlabel="days since the first purchase",
            xlim=(-0.01 * last, 1.02 * last),
            ylim=(0, min(1.0, max(top * 1.08, 0.05))),
            show_grid=True,
        )
    )


def _brackets(hv: Any, look: Theme, rows: pd.DataFrame) -> Any:
    bars = [(row["day"], 0.0, row["until_day"], row["retention"], row["eligible"], row["lo"], row["hi"]) for row in rows.to_dict("records")]
    drawn = hv.Rectangles(bars, ["day", "floor", "until", "retention"], ["eligible", "lo", "hi"], label="within the bracket of days")
    return drawn.opts(
        color=look.measured,
        fill_alpha=0.16,
        line_color=look.measured,
        line_alpha=0.5,
        **hover(
            ("days", "@day{0} to @until{0}"),
            ("came back", "@retention{0.0%}"),
            ("95 %", "@lo{0.0%} to @hi{0.0%}"),
            ("of", "@eligible{0,0} customers"),
        ),
    )
