"""How many customers of each segment are at low, medium and high risk of leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme

RISKS = {"low": "good", "medium": "warning", "high": "failing"}


@CHARTS.register("segments", needs=["holoviews", "bokeh"], extra="apps")
def segments_figure(result: Any, *, theme: Theme | str | None = None, height: int = 300) -> Any:
    """Draw customers by segment and risk, the largest segment on top.

    Args:
        result: Has `customers` with `segment` and `risk`.
        theme: Colours; the risk is also said by the order of the bars and by a sign in the legend.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    counts = count_risks(result.customers)
    if not len(counts):
        return nothing_yet(look, height, "No segments: they need purchases, and there are none in this data.")
    names = {risk: f"{look.signs[meaning]} {risk} risk" for risk, meaning in RISKS.items()}
    rows = [(segment, names[risk], int(counts.loc[segment, risk])) for segment in counts.index[::-1] for risk in RISKS]
    bars = hv.Bars(rows, ["segment", "risk"], "customers").opts(
        stacked=True,
        invert_axes=True,
        cmap={names[risk]: look.accent(meaning) for risk, meaning in RISKS.items()},
        fill_alpha=0.75,
        line_color=look.surface,
        bar_width=0.7,
        **hover(("", "@segment"), ("", "@risk"), ("customers", "@customers{0,0}")),
    )
    return bars.opts(
        **clean(look, height=height, label="customers", unit="", is_flipped=True, legend_position="bottom_right", legend_cols=1)
    )


def count_risks(customers: pd.DataFrame) -> pd.DataFrame:
    """Count customers by segment and risk, the largest segment first, every risk a column."""
    counts = customers.groupby(["segment", "risk"], observed=True).size().unstack(fill_value=0).reindex(columns=list(RISKS), fill_value=0)
    counts.index = counts.index.astype(str)
    return counts.loc[counts.sum(axis=1).sort_values(ascending=False).index]
