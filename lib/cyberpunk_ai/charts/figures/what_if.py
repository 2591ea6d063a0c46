"""One customer before and after a change that was only thought of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import Label, labelling
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, percent, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme


@CHARTS.register("what_if", needs=["holoviews", "bokeh"], extra="apps")
def what_if_figure(result: Any, *, theme: Theme | str | None = None, height: int = 150) -> Any:
    """Draw the chance to leave before and after as two points with a line between them.

    Args:
        result: Has `customer_id`, `changes`, `probability_before` and `probability_after`.
        theme: Colours; before is a filled circle, after a hollow diamond.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    before, after = float(result.probability_before), float(result.probability_after)
    text = f"{short(before, 'percent')} as it is, {short(after, 'percent')} with the change"
    change = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.changes.items()) or "nothing changed"
    parts = [
        hv.Segments([(before, 0.0, after, 0.0)]).opts(color=look.muted, line_width=2, line_dash="dotted"),
        hv.Scatter([(before, 0.0)], label="as it is").opts(color=look.measured, size=12),
        hv.Scatter([(after, 0.0)], label="with the change").opts(
            color=look.surface, line_color=look.predicted, line_width=2, marker="diamond", size=14
        ),
    ]
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            hooks=[labelling([Label(0.5, 0.6, 1.0, 0.6, (text,), look.text)], look)],
            title=f"{result.customer_id}: {change}",
            xlabel="chance to leave; an association, not a promised effect",
            xformatter=percent(),
            yaxis=None,
            show_legend=False,
            show_grid=False,
            xlim=(-0.02, 1.02),
            ylim=(-0.6, 1),
        )
    )
