"""Every customer by what they are worth and how likely they leave; above a few thousand, datashader counts how many stand where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cyberpunk_ai.charts.figures._fitted_labels import Label, labelling, nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, log_ticks, mixed, ramp
from cyberpunk_ai.core.loading import load
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme

MOST_POINTS = 5_000
CELLS = (200, 72)
LIKELY, BEST = 0.5, 0.8  # more likely than not to leave; the best fifth in value
RISKS = {"low": ("good", "circle"), "medium": ("warning", "diamond"), "high": ("failing", "inverted_triangle")}
QUADRANTS = {(True, True): "save now", (False, True): "keep happy", (True, False): "one cheap try", (False, False): "grow"}
WORTH = {"monetary": "brought so far", "lifetime_value": "expected over the horizon"}


@CHARTS.register("value_and_risk", needs=["holoviews", "bokeh"], extra="apps")
def value_and_risk_figure(
    result: Any,
    *,
    value: Literal["monetary", "lifetime_value"] = "monetary",
    theme: Theme | str | None = None,
    height: int = 380,
    unit: str = "",
) -> Any:
    """Draw customers who have not left, in four quarters: the best fifth in value, and half a chance to leave.

    Args:
        result: Has `customers` with `monetary`, `lifetime_value`, `churn_probability`, `risk` and `churned`.
        value: `monetary` (net revenue to date) or `lifetime_value` (expected, which already counts the chance to leave); where one is
            unknown the other is drawn.
        theme: Colours; the risk is also said by the marker.
        height: Pixels.
        unit: Of money.
    """
    hv, look = holoviews(), chosen(theme)
    customers = result.customers[~result.customers["churned"].eq(True)]
    if not customers[value].notna().any():
        value = "lifetime_value" if value == "monetary" else "monetary"
    shown = customers[(customers[value] > 0) & customers["churn_probability"].notna()]
    if not len(shown):
        return nothing_yet(look, height, "No customer to show: this needs amounts, and a chance to leave.")
    worth = shown[value].to_numpy(dtype=float)
    # A few customers whose refunds left next to nothing would push all others into a corner: they stand at the edge.
    worth = np.maximum(worth, np.quantile(worth, 0.01) / 3)
    points = shown[["customer_id", "risk", "churn_probability", value]].assign(place=np.log10(worth))
    border = float(points["place"].quantile(BEST))
    low, high = float(points["place"].min()) - 0.1, float(points["place"].max()) + 0.1
    layers = _cloud(hv, look, points, (low, high)) if len(points) > MOST_POINTS else _points(hv, look, points, value)
    layers.append(hv.Segments([(border, 0.0, border, 1.0), (low, LIKELY, high, LIKELY)]).opts(color=look.line, line_width=1.5))
    labels = []
    for (is_likely, is_best), name in QUADRANTS.items():
        inside = ((points["churn_probability"] >= LIKELY) == is_likely) & ((points["place"] >= border) == is_best)
        sides, middle = ((border, high) if is_best else (low, border)), (1.07 if is_likely else -0.07)
        long = f"{name} · {int(inside.sum()):,} customers"
        labels.append(Label(sum(sides) / 2, middle, sides[1] - sides[0], 0.13, (long, f"{name} · {int(inside.sum()):,}", name), look.text))
    left_out = len(customers) - len(shown)
    return hv.Overlay(layers).opts(
        **clean(
            look,
            height=height,
            label="chance to leave",
            unit="percent",
            hooks=[labelling(labels, look)],
            title=f"{len(shown):,} customers" + (f", without {left_out:,} worth nothing or unknown" if left_out else ""),
            legend_position="top",
            xlabel=f"{WORTH[value]}; the upright line parts the best fifth",
            xticks=log_ticks(low, high, unit),
            yticks=[0, 0.25, 0.5, 0.75, 1],
            xlim=(low, high),
            ylim=(-0.14, 1.14),
            show_grid=False,
        )
    )


def _points(hv: Any, look: Theme, points: pd.DataFrame, value: str) -> list[Any]:
    parts = []
    for risk, (meaning, marker) in RISKS.items():
        rows = points[points["risk"] == risk]
        drawn = hv.Scatter(rows, "place", ["churn_probability", "customer_id", value], label=f"{risk} risk")
        tip = hover(("", "@customer_id"), ("worth", f"@{value}{{0,0.00}}"), ("chance to leave", "@churn_probability{0.0%}"))
        parts.append(drawn.opts(color=look.accent(meaning), marker=marker, size=5, alpha=0.55, line_alpha=0, **tip))
    return parts


def _cloud(hv: Any, look: Theme, points: pd.DataFrame, ends: tuple[float, float]) -> list[Any]:
    """Count customers per cell, so that a million of them cost the page no more than a few thousand."""
    load("datashader")
    import datashader as ds

    canvas = ds.Canvas(plot_width=CELLS[0], plot_height=CELLS[1], x_range=ends, y_range=(-0.02, 1.02))
    counted = canvas.points(points, "place", "churn_probability", agg=ds.count()).astype(float).rename("customers")
    drawn = hv.Image(counted.where(counted > 0))
    glow = ramp(mixed(look.raised, look.measured, 0.35), look.measured, mixed(look.measured, look.text, 0.6))
    return [drawn.opts(cmap=glow, cnorm="log", clipping_colors={"NaN": (0, 0, 0, 0)}, **hover(("customers", "@image{0,0}")))]
