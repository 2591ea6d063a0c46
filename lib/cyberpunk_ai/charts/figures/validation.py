"""Whether a report can be trusted: each held-out figure with its verdict, in words."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

MEANINGS = {"good": "good", "care": "warning", "bad": "failing", "unknown": "measured"}


@CHARTS.register("validation", needs=["holoviews", "bokeh"], extra="apps")
def validation_figure(result: Any, *, theme: Theme | str | None = None, height: int | None = None) -> Any:
    """Draw every figure between 0 and 1 as a bar beside what it is held against.

    Args:
        result: Has `figures` (`figure`, `value`, `against`, `verdict`, `meaning`), `verdict` and `sentence`.
        theme: Colours of the verdicts; the sign before the name says the same.
        height: Pixels; 34 for each figure without.
    """
    hv, look = holoviews(), chosen(theme)
    shown = [row for row in result.figures.to_dict("records") if 0 <= row["value"] <= 1 and row["figure"] != "held-out customers"][::-1]
    if not shown:
        return nothing_yet(look, height or 200, str(result.sentence))
    names = ["\n".join(textwrap.wrap(f"{look.signs[MEANINGS[row['verdict']]]} {row['figure']}", 34)) for row in shown]
    bars = [
        (
            0.0,
            place - 0.3,
            row["value"],
            place + 0.3,
            look.accent(MEANINGS[row["verdict"]]),
            row["figure"],
            f"{row['value']:.3f}",
            row["meaning"],
        )
        for place, row in enumerate(shown)
    ]
    against = [
        (row["against"], place - 0.4, row["against"], place + 0.4)
        for place, row in enumerate(shown)
        if row["against"] is not None and not math.isnan(row["against"]) and 0 <= row["against"] <= 1
    ]
    drawn = hv.Rectangles(bars, ["from", "low", "value", "high"], ["colour", "figure", "said", "meaning"]).opts(
        color="colour", fill_alpha=0.7, line_color="colour", **hover(("", "@figure"), ("", "@said"), ("", "@meaning"))
    )
    marks = hv.Segments(against).opts(color=look.text, line_width=2)
    return hv.Overlay([drawn, marks]).opts(
        **clean(
            look,
            height=height or 90 + 34 * len(shown),
            title=f"{result.verdict}; the upright line is what a figure is held against",
            xlim=(0, 1.02),
            ylim=(-0.6, len(shown) - 0.4),
            yticks=list(enumerate(names)),
            show_legend=False,
            show_grid=False,
        )
    )
