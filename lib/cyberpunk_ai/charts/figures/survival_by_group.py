"""How long groups of customers stay beside one another: one survival curve per value of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, mixed
from cyberpunk_ai.charts.figures.survival import stairs
from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

DASHES = ("solid", "dashed", "dotted", "dashdot", "dotdash", "solid", "dashed", "dotted")  # from the one that leaves soonest
BANDS = 4  # beyond so many groups the bands hide one another


@CHARTS.register("survival_by_group", needs=["holoviews", "bokeh"], extra="apps")
def survival_by_group_figure(result: Any, *, field: str | None = None, theme: Theme | str | None = None, height: int = 340) -> Any:
    """Draw one survival curve per group.

    Args:
        result: Has `field` and `curves` (`group` and the columns of a survival curve); or a report that can say them by `survival_by`.
        field: Of a report; the field with the strongest hazard when None.
        theme: Colours; dashes tell the groups apart as well.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    try:
        found = result if hasattr(result, "curves") else result.survival_by(field or _strongest(result))
    except CyberpunkError as refused:
        if field is not None:
            raise
        return nothing_yet(look, height, f"No groups to compare: {refused.message}.")
    curves = found.curves
    if not len(curves):
        return nothing_yet(look, height, "No groups to compare: no customer is in any group.")
    groups = list(dict.fromkeys(curves["group"]))
    # From the most to the least loyal, so that the legend reads as the curves lie.
    ends = {group: _area(curves[curves["group"] == group]) for group in groups}
    order = sorted(groups, key=lambda group: -ends[group])
    colours = shades(look, len(order))
    parts: list[Any] = []
    for place, group in enumerate(order):
        rows = curves[curves["group"] == group]
        steps = stairs(rows)
        size = int(rows["at_risk"].iloc[0])
        name = f"{group} ({size:,})"
        if len(order) <= BANDS:
            parts.append(hv.Area(steps, "days", ["lo", "hi"]).opts(color=colours[place], alpha=0.13, line_alpha=0))
        parts.append(
            hv.Curve(steps, "days", "survival", label=name).opts(
                color=colours[place], line_dash=DASHES[len(order) - 1 - place], line_width=2.2
            )
        )
        points = rows.assign(name=name)
        parts.append(
            hv.Scatter(points, "days", ["survival", "lo", "hi", "at_risk", "name"]).opts(
                size=6,
                alpha=0,
                **hover(
                    ("", "@name"),
                    ("after", "@days{0,0} days"),
                    ("still there", "@survival{0.0%}"),
                    ("95 %", "@lo{0.0%} to @hi{0.0%}"),
                    ("watched", "@at_risk{0,0} customers"),
                ),
            )
        )
    last = max(float(curves["days"].max()), 1.0)
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label="still customers",
            unit="percent",
            title=f"by {str(found.field).replace('_', ' ')}",
            xlabel="days as a customer",
            xlim=(0, last * 1.02),
            ylim=(0, 1.03),
            legend_position="right",
            legend_cols=1,
            show_grid=True,
        )
    )


def _strongest(report: Any) -> str:
    hazards = report.parameters.get("hazards") or ()
    return str(hazards[0]["field"]).partition("=")[0] if hazards else ""


def _area(rows: Any) -> float:
    """Mean height of the curve, as a sort key."""
    return float(rows["survival"].mean())


def shades(look: Theme, count: int) -> list[str]:
    """Shades of what is measured, since every group is; the last, which leaves soonest, is the fullest."""
    faint = mixed(look.muted, look.text, 0.4)
    return [look.measured] if count == 1 else [mixed(faint, look.measured, place / (count - 1)) for place in range(count)]
