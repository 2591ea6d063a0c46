"""What a retention report would have said on past days, beside what then came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme


@CHARTS.register("churn_backtest", needs=["holoviews", "bokeh"], extra="apps")
def churn_backtest_figure(result: Any, *, theme: Theme | str | None = None, height: int = 300) -> Any:
    """Draw the share that left after each past day, and the share that was expected to.

    Args:
        result: Has `origins` (`origin`, `churn_rate`, `predicted_rate`, `auc`, `customers`) and `horizon_days`.
        theme: Colours; what came is a filled circle, what was expected a hollow diamond.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    days = result.origins
    said = [
        ("day", "@origin{%F}"),
        ("left", "@churn_rate{0.0%}"),
        ("expected", "@predicted_rate{0.0%}"),
        ("AUC", "@auc{0.00}"),
        ("customers", "@customers{0,0}"),
    ]
    options = {**hover(*said), "hover_formatters": {"@origin": "datetime"}}
    others = ["auc", "customers"]
    parts = [
        hv.Segments([(row["origin"], row["churn_rate"], row["origin"], row["predicted_rate"]) for row in days.to_dict("records")]).opts(
            color=look.muted, line_width=1.6, line_dash="dotted"
        ),
        hv.Curve(days, "origin", "churn_rate").opts(color=look.measured, line_width=1.2, alpha=0.7),
        hv.Scatter(days, "origin", ["churn_rate", "predicted_rate", *others], label="left").opts(color=look.measured, size=10, **options),
        hv.Scatter(days, "origin", ["predicted_rate", "churn_rate", *others], label="expected to leave").opts(
            color=look.surface, line_color=look.predicted, line_width=2, marker="diamond", size=13, **options
        ),
    ]
    low, high = float(days["auc"].min()), float(days["auc"].max())
    ranked = f"AUC {low:.2f}" if round(low, 2) == round(high, 2) else f"AUC {low:.2f} to {high:.2f}"
    top = min(1.0, float(days[["churn_rate", "predicted_rate"]].to_numpy().max()) * 1.25)
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label=f"of customers, within {int(result.horizon_days):,} days",
            unit="percent",
            title=f"{len(days)} past day{'s' if len(days) > 1 else ''}, {ranked}",
            legend_position="top",
            xlabel="as told on this day",
            ylim=(0, top),
            show_grid=True,
        )
    )
