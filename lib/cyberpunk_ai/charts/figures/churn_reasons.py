"""Why customers at high risk score as they do: how often each reason comes first, and which way it pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme

MOST = 12
RAISES, LOWERS = "raises the risk", "lowers the risk"


@CHARTS.register("churn_reasons", needs=["holoviews", "bokeh"], extra="apps")
def churn_reasons_figure(result: Any, *, risk: str = "high", theme: Theme | str | None = None, height: int = 300) -> Any:
    """Draw the main reasons of the customers at one risk, the most frequent on top.

    Args:
        result: Has `customers` with `risk`, `main_reason`, `reasons` and `churned`.
        risk: Whose reasons: `high`, `medium` or `low`.
        theme: Colours; a sign in the legend says the direction as well.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    counts = count_reasons(result.customers, risk)
    if not len(counts):
        return nothing_yet(look, height, f"No customer who has not left is at {risk} risk, so there are no reasons to count.")
    names = {RAISES: f"{look.signs['failing']} {RAISES}", LOWERS: f"{look.signs['good']} {LOWERS}"}
    colours = {names[RAISES]: look.failing, names[LOWERS]: look.good}
    drawn = [way for way in (RAISES, LOWERS) if counts[way].any()]
    everybody = int(counts.to_numpy().sum())
    shares = {reason: f"{reason} · {short(counts.loc[reason].sum() / everybody, 'percent')}" for reason in counts.index[:MOST]}
    rows = [(shares[reason], names[way], int(counts.loc[reason, way])) for reason in counts.index[:MOST][::-1] for way in drawn]
    bars = hv.Bars(rows, ["reason", "direction"], "customers").opts(
        stacked=True,
        invert_axes=True,
        cmap=colours,
        fill_alpha=0.75,
        line_color=look.surface,
        bar_width=0.66,
        **hover(("", "@reason"), ("", "@direction"), ("customers", "@customers{0,0}")),
    )
    title = f"main reasons of {everybody:,} customers at {risk} risk"
    return bars.opts(
        **clean(
            look,
            height=height,
            label="customers",
            unit="",
            is_flipped=True,
            legend_position="bottom_right",
            legend_cols=1,
            title=title,
        )
    )


def count_reasons(customers: pd.DataFrame, risk: str) -> pd.DataFrame:
    """Count the main reasons of customers who have not left, by the direction in which the first reason pushes.

    Returns:
        Reasons as index, the most frequent first; columns are the two directions.
    """
    import pandas as pd

    asked = customers[(customers["risk"] == risk) & ~customers["churned"].eq(True) & customers["main_reason"].notna()]
    way = asked["reasons"].astype(str).str.startswith("lowers").map({True: LOWERS, False: RAISES})
    name = asked["main_reason"].astype(str).str.replace("=", " is ").str.replace("_", " ")
    counts = pd.crosstab(name, way).reindex(columns=[RAISES, LOWERS], fill_value=0)
    return counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
