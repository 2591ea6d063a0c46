"""The first look at customers: segments with their risk beside the cohorts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures.cohort_heatmap import cohorts_figure
from cyberpunk_ai.charts.figures.segments import segments_figure
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme


@CHARTS.register("retention_summary", needs=["holoviews", "bokeh"], extra="apps")
def retention_figure(result: Any, *, theme: Theme | str | None = None, height: int = 300) -> Any:
    """Draw segments and cohorts beside each other.

    Args:
        result: Has `customers` (`segment`, `risk`) and `cohorts`.
        theme: Colours.
        height: Pixels of each.
    """
    both = segments_figure(result, theme=theme, height=height) + cohorts_figure(result, theme=theme, height=height)
    return both.opts(shared_axes=False)
