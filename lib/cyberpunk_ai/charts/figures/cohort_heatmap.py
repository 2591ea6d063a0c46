"""The cohort table as a picture: of those who first bought in a month, how many bought in each later month, or what that brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cyberpunk_ai.charts.figures._fitted_labels import Label, labelling, nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, ink_on, ramp, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

STEPS = 64


@CHARTS.register("cohorts", needs=["holoviews", "bokeh"], extra="apps")
def cohorts_figure(
    result: Any,
    *,
    measure: Literal["retention", "revenue"] = "retention",
    cohorts: int = 12,
    theme: Theme | str | None = None,
    height: int = 300,
    unit: str = "",
) -> Any:
    """Draw the newest cohorts; months that are not finished stay empty, months in which nobody came back say 0 %.

    Args:
        result: Has `cohorts` with `cohort`, `period`, `customers`, `retention` and `revenue`.
        measure: `retention` (share of the cohort that bought, from the month after the first) or `revenue` (net, from the first month).
        cohorts: How many of the newest cohorts are drawn.
        theme: Colours.
        height: Pixels.
        unit: Of revenue.
    """
    hv, look = holoviews(), chosen(theme)
    table = result.cohorts
    from_period = 1 if measure == "retention" else 0
    shown = table[(table["period"] >= from_period) & table[measure].notna()]
    if not len(shown):
        what = "amounts" if measure == "revenue" and len(table) else "purchases over at least one finished month"
        return nothing_yet(look, height, f"No cohorts to show yet: they need {what}.")
    months = np.sort(shown["cohort"].unique())[-cohorts:]
    shown = shown[shown["cohort"].isin(months)]
    row = np.searchsorted(months, shown["cohort"].to_numpy())
    period = shown["period"].to_numpy(dtype=int)
    value = shown[measure].to_numpy(dtype=float)
    colours = ramp(look.raised, look.measured, steps=STEPS)
    low, high = min(0.0, float(value.min())), max(float(value.max()), 1e-9)
    share = (value - low) / (high - low)
    # Money is far from even over cohorts: its root keeps the lesser ones apart.
    step = np.clip(((np.sqrt(share) if measure == "revenue" else share) * (STEPS - 1)).astype(int), 0, STEPS - 1)
    kind = "percent" if measure == "retention" else unit
    names = [np.datetime_as_string(month, "M") for month in months.astype("datetime64[M]")]
    words = [short(each, kind) for each in value.tolist()]
    sizes = shown["customers"].to_numpy(dtype=int)
    cells = [
        (at - 0.5, place - 0.5, at + 0.5, place + 0.5, colours[shade], names[place], text, size)
        for at, place, shade, text, size in zip(period.tolist(), row.tolist(), step.tolist(), words, sizes.tolist(), strict=True)
    ]
    drawn = hv.Rectangles(cells, ["from", "top", "until", "bottom"], ["colour", "cohort", "value", "customers"]).opts(
        color="colour",
        line_color=look.surface,
        line_width=1.5,
        **hover(("cohort", "@cohort"), ("months since", "@{from}{0}"), (measure, "@value"), ("customers at the start", "@customers{0,0}")),
    )
    labels = [
        Label(at, place, 1, 1, (text, text.removesuffix(" %")), ink_on(colours[shade], look))
        for at, place, shade, text in zip(period.tolist(), row.tolist(), step.tolist(), words, strict=True)
    ]
    counts = dict(zip(row.tolist(), sizes.tolist(), strict=True))
    return drawn.opts(
        **clean(
            look,
            height=height,
            hooks=[labelling(labels, look, size=10)],
            invert_yaxis=True,
            show_grid=False,
            xlim=(from_period - 0.5, int(period.max()) + 0.5),
            ylim=(-0.5, len(months) - 0.5),
            xticks=_months(from_period, int(period.max())),
            yticks=[(place, f"{name} · {counts[place]:,}") for place, name in enumerate(names)],
            xlabel="months since the first purchase",
        )
    )


def _months(first: int, last: int) -> list[int]:
    """Every month, or every third of many."""
    return list(range(first, last + 1, 1 if last - first < 16 else 3))
