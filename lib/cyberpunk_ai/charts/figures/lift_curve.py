"""How many leavers are reached by contacting the highest scores first, between contacting at random and knowing everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, percent
from cyberpunk_ai.core.errors import TooLittleData
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

TOP = 0.1


@CHARTS.register("lift_curve", needs=["holoviews", "bokeh"], extra="apps")
def lift_figure(result: Any, *, theme: Theme | str | None = None, height: int = 320) -> Any:
    """Draw leavers reached per share of customers contacted, on customers whose outcome the model had not seen.

    Args:
        result: A lift curve (`curve` with `share_contacted`, `leavers_reached` and `lift`; `churn_rate`, `lift_at_top`,
            `reached_at_top`), or a report whose `lift_curve()` gives one.
        theme: Colours.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    try:
        lift = result.lift_curve() if hasattr(result, "lift_curve") else result
    except TooLittleData as error:
        return nothing_yet(look, height, f"No lift to show: {error.message}.")
    # Contacting a tenth can reach no more than ten tenths, nor more than all who leave.
    most = min(1 / TOP, 1 / float(lift.churn_rate))
    rate, reached = float(lift.churn_rate), float(lift.reached_at_top)
    between = [(share, share, got) for share, got in zip(lift.curve["share_contacted"], lift.curve["leavers_reached"], strict=True)]
    parts = [
        hv.Area(between, "share_contacted", ["at_random", "leavers_reached"]).opts(color=look.measured, alpha=0.12, line_alpha=0),
        hv.Curve([(0.0, 0.0), (rate, 1.0), (1.0, 1.0)], label="if everything were known").opts(
            color=look.good, line_dash="dashed", line_width=1.5
        ),
        hv.Curve([(0.0, 0.0), (1.0, 1.0)], label="at random").opts(color=look.muted, line_dash="dotted", line_width=1.6),
        hv.Curve(lift.curve, "share_contacted", "leavers_reached", label="by score").opts(color=look.measured, line_width=2.4),
        hv.Scatter(lift.curve, "share_contacted", ["leavers_reached", "lift"]).opts(
            size=7,
            alpha=0,
            **hover(
                ("contacted", "@share_contacted{0%}"), ("leavers reached", "@leavers_reached{0.0%}"), ("lift", "@lift{0.00} times chance")
            ),
        ),
        hv.Segments([(TOP, 0.0, TOP, reached), (0.0, reached, TOP, reached)]).opts(color=look.warning, line_dash="dashed", line_width=1.3),
        hv.Scatter([(TOP, reached)]).opts(color=look.surface, line_color=look.warning, line_width=2, size=9, marker="diamond"),
    ]
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label="leavers reached",
            unit="percent",
            title=f"the top {TOP:.0%} hold {reached:.0%} of leavers, {lift.lift_at_top:.1f} times chance (at most {most:.1f})",
            legend_position="bottom_right",
            legend_cols=1,
            xlabel="customers contacted, highest scores first",
            xformatter=percent(),
            xlim=(0, 1),
            ylim=(0, 1.02),
            show_grid=True,
        )
    )
