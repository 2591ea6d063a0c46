"""What customers are expected to bring: the spread of lifetime value, its quantiles, and how much of it the best fifth holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.charts.figures._fitted_labels import Label, labelling, nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, log_ticks, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cyberpunk_ai.charts.theme import Theme

BARS, BEST = 40, 0.2
QUANTILES = ((0.1, "10 %"), (0.5, "median"), (0.9, "90 %"))


@CHARTS.register("value_distribution", needs=["holoviews", "bokeh"], extra="apps")
def value_figure(result: Any, *, theme: Theme | str | None = None, height: int = 320, unit: str = "") -> Any:
    """Draw how many customers are worth how much, on a logarithmic axis.

    Args:
        result: Has `customers` with `lifetime_value`.
        theme: Colours; the best fifth is drawn fuller.
        height: Pixels.
        unit: Of money.
    """
    hv, look = holoviews(), chosen(theme)
    known = result.customers["lifetime_value"].to_numpy(dtype=float)
    known = known[~np.isnan(known)]
    worth = np.sort(known[known > 0])
    if not len(worth):
        why = "nobody is expected to bring anything" if len(known) else "it needs amounts, and there are none in this data"
        return nothing_yet(look, height, f"No lifetime value to show: {why}.")
    # A few worth next to nothing would push all others into a corner: they are counted in the first bar.
    places = np.log10(np.maximum(worth, np.quantile(worth, 0.01) / 3))
    edges = np.linspace(places[0] - 0.02, places[-1] + 0.02, BARS + 1)
    counts, _ = np.histogram(places, edges)
    share, border = best_share(known)
    borders = [float(worth[0]), *(10 ** edges[1:]).tolist()]
    bars = [
        (edges[at], 0.0, edges[at + 1], float(count), f"{short(borders[at], unit)} to {short(borders[at + 1], unit)}")
        for at, count in enumerate(counts.tolist())
        if count
    ]
    cut = np.log10(border) if border > 0 else -np.inf
    best = [bar for bar in bars if bar[2] > cut]
    tip = hover(("worth", "@worth"), ("customers", "@customers{0,0}"))
    top = float(counts.max())
    parts = [
        hv.Rectangles(rows, ["from", "floor", "until", "customers"], "worth").opts(
            color=look.predicted, fill_alpha=alpha, line_color=look.predicted, line_alpha=0.9, **tip
        )
        for rows, alpha in (([bar for bar in bars if bar[2] <= cut], 0.25), (best, 0.7))
        if rows
    ]
    quantiles = [float(np.quantile(worth, quantile)) for quantile, _ in QUANTILES]
    marks = np.log10(quantiles)
    parts.append(hv.Segments([(at, 0.0, at, top * 1.08) for at in marks]).opts(color=look.text, line_dash="dashed", alpha=0.8))
    sides = np.concatenate([[2 * edges[0] - marks[0]], (marks[1:] + marks[:-1]) / 2, [2 * edges[-1] - marks[-1]]])
    rooms = 2 * np.minimum(marks - sides[:-1], sides[1:] - marks)
    labels = [
        Label(at, top * 1.21, room, top * 0.26, (f"{name}\n{short(value, unit)}", short(value, unit)), look.text)
        for (_, name), at, room, value in zip(QUANTILES, marks.tolist(), rooms.tolist(), quantiles, strict=True)
    ]
    left_out = len(known) - len(worth)
    title = f"the best {BEST:.0%} hold {share:.0%} of the value" + (f"; {left_out:,} customers are worth nothing" if left_out else "")
    return hv.Overlay(parts).opts(
        **clean(
            look,
            height=height,
            label="customers",
            unit="",
            hooks=[labelling(labels, look, size=10)],
            title=title,
            xlabel="expected value over the horizon",
            xticks=log_ticks(edges[0], edges[-1], unit),
            xlim=(edges[0], edges[-1]),
            ylim=(0, top * 1.34),
            show_grid=False,
        )
    )


def best_share(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return how much of the whole the best fifth of customers hold, and the least that one of them is worth."""
    ordered = np.sort(np.maximum(values, 0.0))[::-1]
    count = max(1, round(BEST * len(ordered)))
    return float(ordered[:count].sum() / ordered.sum()), float(ordered[count - 1])
