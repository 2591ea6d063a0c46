"""The chart of a quality report: the score of every data set, with what it lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

GOOD, FAIR = 90, 70


@CHARTS.register("quality", needs=["holoviews", "bokeh"], extra="apps")
def quality_figure(result: Any, *, theme: Theme | str | None = None, height: int = 240) -> Any:
    """Draw scores from 0 to 100.

    Args:
        result: Has `datasets` with `dataset` and `score`.
        theme: Colours: good from 90, warning from 70, failing below; the sign before the name says the same.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    rows, colours = [], []
    for record in result.datasets.sort_values("score", ascending=False).to_dict("records")[::-1]:
        score = float(record["score"])
        meaning = "good" if score >= GOOD else "warning" if score >= FAIR else "failing"
        rows.append((f"{look.signs[meaning]} {record['dataset']}", score, look.accent(meaning)))
        colours.append(look.accent(meaning))
    bars = hv.Bars(rows, "dataset", ["score", "colour"]).opts(
        color="colour", fill_alpha=0.75, line_color="colour", invert_axes=True, bar_width=0.6
    )
    return bars.opts(**clean(look, height=height, label="score", is_flipped=True, ylim=(0, 100)))
