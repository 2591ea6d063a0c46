"""What the whole base is expected to do over the horizon, with how far off that may be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import Label, labelling, nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, percent, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

NAMES = {"purchases": "purchases", "revenue": "net revenue", "leaving": "customers leaving"}


@CHARTS.register("totals", needs=["holoviews", "bokeh"], extra="apps")
def totals_figure(result: Any, *, theme: Theme | str | None = None, height: int | None = None, unit: str = "") -> Any:
    """Draw each total with its interval, as a share of what is expected, so that all three fit on one axis.

    Args:
        result: Has `totals` with `what`, `expected`, `lo`, `hi`, `level` and `status`, and `horizon_days`.
        theme: Colours; a total that past forecasts could not check is hollow and says so.
        height: Pixels; 70 for each total without.
        unit: Of money.
    """
    hv, look = holoviews(), chosen(theme)
    totals = result.totals
    shown = totals[totals["expected"] > 0] if len(totals) else totals
    if not len(shown):
        return nothing_yet(look, height or 220, "No totals to show yet: they need purchases from which the next ones can be expected.")
    height = height or 90 + 70 * len(shown)
    ticks, bars, points, reach = [], [], [], [0.8, 1.2]
    for place, row in enumerate(shown.to_dict("records")[::-1]):
        money = unit if row["what"] == "revenue" else ""
        expected, is_validated = float(row["expected"]), row["status"] == "validated"
        lo, hi = (float(row[side]) / expected for side in ("lo", "hi"))
        sign = look.signs["good"] if is_validated else look.signs["warning"]
        ticks.append((place, f"{NAMES.get(row['what'], row['what'])}\n{sign} {row['status']}"))
        # Purchases and customers are counted whole; money keeps its decimals.
        ends = [each if money or math.isnan(each) else float(round(each)) for each in (expected, float(row["lo"]), float(row["hi"]))]
        words = f"{short(ends[0], money)}  ({short(ends[1], money)} to {short(ends[2], money)})"
        points.append((1.0, place, look.predicted if is_validated else look.surface, short(expected, money), words))
        if not (math.isnan(lo) or math.isnan(hi)):
            level = float(row["level"])
            bars.append((lo, place - 0.16, hi, place + 0.16, words, f"{level * 100 if level <= 1 else level:.0f} %"))
            reach += [lo, hi]
    parts: list[Any] = []
    if bars:
        drawn = hv.Rectangles(bars, ["from", "low", "until", "high"], ["interval", "level"])
        parts.append(
            drawn.opts(
                color=look.predicted,
                fill_alpha=0.3,
                line_color=look.predicted,
                **hover(("interval", "@interval"), ("holds", "@level of cases")),
            )
        )
    parts.append(
        hv.Scatter(points, "share", ["place", "fill", "expected", "interval"]).opts(
            color="fill", line_color=look.predicted, line_width=1.8, size=10, marker="diamond"
        )
    )
    room = (max(reach) - min(reach)) * 0.08
    labels = [
        Label(1.0, place + 0.32, 2 * min(1.0 - min(reach) + room, max(reach) + room - 1.0), 0.3, (words,), look.text)
        for _, place, _, _, words in points
    ]
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            hooks=[labelling(labels, look, size=10)],
            title=f"expected over the next {int(result.horizon_days):,} days",
            xlabel="share of what is expected",
            xformatter=percent(),
            xlim=(min(reach) - room, max(reach) + room),
            ylim=(-0.4, len(shown) - 0.4),
            yticks=ticks,
            show_legend=False,
            show_grid=False,
        )
    )
