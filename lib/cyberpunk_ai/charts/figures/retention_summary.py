"""The charts of customers: value and churn risk by segment, and how many of each cohort still buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, short_axis
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme

RISKS = ("low", "medium", "high")


@CHARTS.register("retention_summary", needs=["holoviews", "bokeh"], extra="apps")
def retention_figure(result: Any, *, theme: Theme | str | None = None, height: int = 280) -> Any:
    """Draw segments and cohorts beside each other.

    Args:
        result: Has `customers` (`segment`, `risk`) and `cohorts`.
        theme: Colours.
        height: Pixels of each.
    """
    return segments_figure(result, theme=theme, height=height) + cohorts_figure(result, theme=theme, height=height)


@CHARTS.register("segments", needs=["holoviews", "bokeh"], extra="apps")
def segments_figure(result: Any, *, theme: Theme | str | None = None, height: int = 280) -> Any:
    """Draw how many customers of each segment are at low, medium and high risk of leaving.

    Args:
        result: Has `customers` with `segment` and `risk`.
        theme: Colours; the risk is also said by the order of the bars and by a sign in the legend.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    counts = count_risks(result.customers)
    colours = {"low": look.good, "medium": look.warning, "high": look.failing}
    signs = {"low": look.signs["good"], "medium": look.signs["warning"], "high": look.signs["failing"]}
    rows = [(segment, f"{signs[risk]} {risk}", int(counts.loc[segment, risk])) for segment in counts.index[::-1] for risk in RISKS]
    cmap = {f"{signs[risk]} {risk}": colours[risk] for risk in RISKS}
    bars = hv.Bars(rows, ["segment", "risk"], "customers").opts(
        stacked=True, invert_axes=True, cmap=cmap, fill_alpha=0.8, line_color=look.surface, bar_width=0.7
    )
    return bars.opts(**clean(look, height=height, label="customers", unit="", is_flipped=True, legend_position="bottom_right"))


@CHARTS.register("cohorts", needs=["holoviews", "bokeh"], extra="apps")
def cohorts_figure(result: Any, *, theme: Theme | str | None = None, height: int = 280) -> Any:
    """Draw the share of every cohort that bought in each later period; unfinished periods stay empty.

    Args:
        result: Has `cohorts` with `cohort`, `period` and `retention`.
        theme: Colours.
        height: Pixels.
    """
    hv, look = holoviews(), chosen(theme)
    cohorts = result.cohorts
    shown = cohorts[(cohorts["period"] > 0) & cohorts["retention"].notna()]
    kept = sorted(shown["cohort"].astype(str).unique())[-12:]
    shown = shown[shown["cohort"].astype(str).isin(kept)]
    names = [name[:7] for name in shown["cohort"].astype(str)]
    cells = sorted(
        zip(shown["period"].astype(int), names, shown["retention"].astype(float), strict=True), key=lambda cell: (cell[0], cell[1])
    )
    drawn = hv.HeatMap(cells, ["period", "cohort"], "retention").sort(["cohort"])
    colours = _ramp(look.raised, look.measured)
    options: dict[str, Any] = {
        "cmap": colours,
        "colorbar": True,
        "clabel": "",
        "clipping_colors": {"NaN": "rgba(0,0,0,0)"},
        "xlabel": "months since the first order",
        "invert_yaxis": True,
    }
    return drawn.opts(**clean(look, height=height, line_color=look.surface, line_width=1.5, **options)).opts(
        colorbar_opts={
            "formatter": short_axis("percent"),
            "width": 8,
            "bar_line_color": None,
            "background_fill_alpha": 0,
            "major_label_text_color": look.muted,
        }
    )


def count_risks(customers: pd.DataFrame) -> pd.DataFrame:
    """Count customers by segment and risk, the largest segment first, every risk a column."""
    counts = customers.groupby(["segment", "risk"], observed=True).size().unstack(fill_value=0).reindex(columns=list(RISKS), fill_value=0)
    counts.index = counts.index.astype(str)
    return counts.loc[counts.sum(axis=1).sort_values(ascending=False).index]


def _ramp(start: str, end: str, steps: int = 24) -> list[str]:
    from cyberpunk_ai.charts.theme import channels

    one, other = channels(start), channels(end)
    mixed = [[a + (b - a) * step / (steps - 1) for a, b in zip(one, other, strict=True)] for step in range(steps)]
    return ["#" + "".join(f"{round(value * 255):02x}" for value in colour) for colour in mixed]
