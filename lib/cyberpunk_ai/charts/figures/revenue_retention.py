"""What months keep of those before them: customers, revenue without and with growth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

KINDS = (("nrr", "net revenue", "solid", 2.4), ("grr", "gross revenue", "dashed", 1.8), ("logo_retention", "customers", "dotted", 1.8))


@CHARTS.register("revenue_retention", needs=["holoviews", "bokeh"], extra="apps")
def revenue_retention_figure(result: Any, *, theme: Theme | str | None = None, height: int = 300) -> Any:
    """Draw net and gross revenue retention and customer retention by month; months that are not finished stay out.

    Args:
        result: Has `revenue_retention` with `month`, `nrr`, `grr`, `logo_retention`, and `window_months` where more than one month is
            compared.
        theme: Colours; the three are one colour, being measured, and differ in dash and marker.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    months = result.revenue_retention
    drawn = [kind for kind in KINDS if kind[0] in months.columns and months[kind[0]].notna().any()]
    if not drawn:
        return nothing_yet(look, height, "Nothing can be compared with the months before yet: this needs two finished months of payments.")
    markers = {"nrr": "circle", "grr": "square", "logo_retention": "triangle"}
    parts: list[Any] = [hv.HLine(1.0).opts(color=look.muted, line_width=1, line_dash="dashed", alpha=0.7)]
    for column, name, dash, width in drawn:
        rows = months.loc[months[column].notna(), ["month", column]]
        colour = look.text if column == "logo_retention" else look.measured
        parts.append(hv.Curve(rows, "month", column, label=name).opts(color=colour, line_dash=dash, line_width=width))
        parts.append(
            hv.Scatter(rows, "month", column, label=name).opts(
                color=look.surface,
                line_color=colour,
                size=6,
                marker=markers[column],
                **hover(("month", "@month{%Y-%m}"), (f"{name} kept", f"@{column}{{0.0%}}")),
                hover_formatters={"@month": "datetime"},
            )
        )
    known = months.loc[months[[column for column, *_ in drawn]].notna().any(axis=1), "month"]
    # One month alone would be stretched to milliseconds.
    month = np.timedelta64(31, "D")
    span: dict[str, Any] = {"xlim": (known.iloc[0] - 3 * month, known.iloc[0] + 3 * month)} if len(known) == 1 else {}
    window = int(months["window_months"].iloc[0]) if "window_months" in months.columns else 1
    before = "the month before" if window == 1 else f"the {window} months before"
    highest = max(float(months[column].max()) for column, *_ in drawn)
    newest = months.loc[months["month"] == known.iloc[-1]].iloc[-1]
    said = [f"{name} {short(float(newest[column]), 'percent')}" for column, name, *_ in drawn if newest[column] == newest[column]]
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label=f"kept of {before}",
            title=f"{known.iloc[-1]:%B %Y} kept: {', '.join(said)}",
            unit="percent",
            legend_position="top",
            ylim=(0, max(1.05, highest * 1.05)),
            show_grid=True,
            **span,
        )
    )
