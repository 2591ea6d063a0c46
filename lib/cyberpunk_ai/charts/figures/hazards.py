"""Which fields make customers under contract leave sooner: hazard ratios with their 95 % intervals."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, log_ticks
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

MOST, WIDEST = 14, 3.0  # fields, and powers of ten to each side that are drawn
SOONER, LATER, UNSURE = "leaves sooner", "stays longer", "cannot be told"


@CHARTS.register("hazards", needs=["holoviews", "bokeh"], extra="apps")
def hazards_figure(result: Any, *, theme: Theme | str | None = None, height: int | None = None) -> Any:
    """Draw a forest: a point and its interval per field on an axis of ratios, sorted, with the line at 1 where a field changes nothing.

    Args:
        result: Has `parameters["hazards"]`: field, hazard_ratio, lo, hi, p_value.
        theme: Colours; the sign before the name says the direction too.
        height: Pixels; 30 for each field without.
    """
    hv, look = holoviews(), chosen(theme)
    found = [row for row in result.parameters.get("hazards") or () if _is_drawable(row)]
    if not found:
        why = "this needs customers under contract with fields of their own, of whom twenty or more have left"
        return nothing_yet(look, height or 200, f"No hazards to show: {why}.")
    rows = sorted(found[:MOST], key=lambda row: row["hazard_ratio"])
    meanings = {SOONER: "failing", LATER: "good", UNSURE: "measured"}
    signs = {SOONER: look.signs["failing"], LATER: look.signs["good"], UNSURE: "?"}
    points, spans = [], []
    for place, row in enumerate(rows):
        way = direction_of(row)
        ratio, lo, hi = (_drawn_at(row[name]) for name in ("hazard_ratio", "lo", "hi"))
        said = f"{_number(row['hazard_ratio'])} ({_number(row['lo'])} to {_number(row['hi'])})"
        colour = look.text if way == UNSURE else look.accent(meanings[way])
        beside = f"than {_name(row['against'])}" if row.get("against") else "per unit"
        points.append((ratio, place, colour, _name(row["field"]), f"{way} {beside}", said, row["p_value"]))
        spans.append((lo, place, hi, place, colour))
    ends = [at for lo, _, hi, *_ in spans for at in (lo, hi)]
    start, end = min(*ends, -0.15), max(*ends, 0.15)
    edge = 0.04 * (end - start)
    tip = hover(("", "@field"), ("", "@way"), ("hazard ratio, 95 %", "@said"), ("p value", "@p_value{0.0000}"))
    one = hv.VLine(0.0).opts(color=look.muted, line_dash="dashed", line_width=1.3)
    intervals = hv.Segments(spans, ["lo", "low", "hi", "high"], "colour").opts(color="colour", line_width=2.4, alpha=0.8)
    centres = hv.Scatter(points, "ratio", ["place", "colour", "field", "way", "said", "p_value"]).opts(
        color="colour", line_color=look.surface, size=10, marker="square", **tip
    )
    names = [
        (place, "\n".join(textwrap.wrap(f"{signs[direction_of(row)]} {_label(row)}", 40, break_on_hyphens=False)))
        for place, row in enumerate(rows)
    ]
    left_out = len(found) - len(rows)
    title = f"{signs[SOONER]} {SOONER}   {signs[LATER]} {LATER}   {signs[UNSURE]} {UNSURE}"
    return hv.Overlay([one, intervals, centres]).opts(
        **clean(
            look,
            height=height or 96 + 30 * len(rows),
            title=title,
            xlabel="hazard ratio, 95 % interval" + (f"; the {MOST} surest of {len(found)}" if left_out else ""),
            xlim=(start - edge, end + edge),
            ylim=(-0.7, len(rows) - 0.3),
            xticks=log_ticks(start - edge, end + edge),
            yticks=names,
            show_legend=False,
            show_grid=True,
        )
    )


def direction_of(row: dict[str, Any]) -> str:
    """Say what a field does; an interval that holds 1 says nothing."""
    return SOONER if row["lo"] > 1 else LATER if row["hi"] < 1 else UNSURE


def _is_drawable(row: dict[str, Any]) -> bool:
    return math.isfinite(row["hazard_ratio"]) and row["hazard_ratio"] > 0 and not math.isnan(row["lo"]) and not math.isnan(row["hi"])


def _drawn_at(ratio: float) -> float:
    """Place on the axis of logarithms; what nobody could read any more stands at its edge."""
    low, high = 10.0**-WIDEST, 10.0**WIDEST
    return math.log10(min(max(ratio, low), high))


def _number(ratio: float) -> str:
    return f"{ratio:.2f}" if 0.1 <= ratio < 100 else f"{ratio:.2g}"


def _label(row: dict[str, Any]) -> str:
    """`Contract is Two year, not Month-to-month`; a number says that its ratio is per unit."""
    against = str(row.get("against") or "").partition("=")[2]
    if against:
        return f"{_name(row['field'])}, not {against}"
    return _name(row["field"]) if "=" in str(row["field"]) else f"{_name(row['field'])}, per unit"


def _name(field: str) -> str:
    return str(field).replace("=", " is ").replace("_", " ")
