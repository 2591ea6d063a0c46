"""Why one customer scores as it does: each feature's part of the score, away from the typical customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

MOST = 10


@CHARTS.register("explanation", needs=["holoviews", "bokeh"], extra="apps")
def explanation_figure(result: Any, *, theme: Theme | str | None = None, height: int | None = None) -> Any:
    """Draw the strongest parts of one customer's score; bars to the right raise the chance to leave.

    Args:
        result: Has `customer_id`, `probability`, `typical_probability` and `contributions` (`words`, `contribution`, `direction`).
        theme: Colours; a sign before the words says the direction as well.
        height: Pixels; 26 for each part without.
    """
    hv, look = holoviews(), chosen(theme)
    parts = result.contributions
    shown = parts[parts["contribution"].abs() > 0].head(MOST) if len(parts) else parts
    if not len(shown):
        return nothing_yet(
            look, height or 200, f"The score of {result.customer_id} comes from a curve over all customers and has no parts."
        )
    meanings = {"raises": "failing", "lowers": "good"}
    rows = [
        (f"{look.signs[meanings[row['direction']]]} {row['words']}", row["contribution"], look.accent(meanings[row["direction"]]))
        for row in shown.to_dict("records")[::-1]
    ]
    bars = hv.Bars(rows, "part", ["moved", "colour"]).opts(
        color="colour",
        fill_alpha=0.75,
        line_color="colour",
        invert_axes=True,
        bar_width=0.62,
        **hover(("", "@part"), ("log odds", "@moved{+0.00}")),
    )
    title = f"{result.customer_id}: {result.probability:.0%} to leave, typical is {result.typical_probability:.0%}"
    options = clean(look, height=height or 90 + 26 * len(rows), label="change of the log odds of leaving", is_flipped=True, title=title)
    return bars.opts(**options)
