"""The segments as a map: the larger the area, the more customers or money; the redder, the likelier they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cyberpunk_ai.charts.figures._fitted_labels import Label, labelling, nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, ink_on, mixed, ramp, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

SHAPE = 2.2  # usual width of the place over its height, so that tiles come out square
CALM = 0.42  # how much of the accent is in a tile


@CHARTS.register("segment_treemap", needs=["holoviews", "bokeh", "squarify"], extra="apps")
def treemap_figure(
    result: Any,
    *,
    area: Literal["customers", "revenue", "expected_value"] = "customers",
    colour: Literal["churn", "value"] = "churn",
    theme: Theme | str | None = None,
    height: int = 360,
    unit: str = "",
) -> Any:
    """Draw every segment that has customers as a tile.

    Args:
        result: Has `segments` with `segment`, `customers`, `share`, `revenue`, `average_churn_probability` and `expected_value`.
        area: What the area of a tile shows; segments without it, or with a negative one, are named in the title.
        colour: `churn` (green stays, red leaves; the number says the same) or `value` (expected value per customer).
        theme: Colours.
        height: Pixels.
        unit: Of money.

    Source:
        Bruls, Huizing & van Wijk (2000), squarified treemaps.
    """
    import squarify

    hv, look = holoviews(), chosen(theme)
    segments = result.segments
    shown = segments[segments[area] > 0].sort_values(area, ascending=False) if len(segments) else segments
    if not len(shown):
        why = "amounts" if len(segments) and int(segments["customers"].sum()) else "purchases"
        return nothing_yet(
            look, height, f"No segments to show by {area.replace('_', ' ')}: they need {why}, and there are none in this data."
        )
    sizes = squarify.normalize_sizes(shown[area].tolist(), SHAPE, 1.0)
    tiles, labels = [], []
    heat = shown["average_churn_probability"] if colour == "churn" else shown["expected_value"] / shown["customers"]
    top = 1.0 if colour == "churn" else float(heat.max())
    stops = (look.good, look.warning, look.failing) if colour == "churn" else (look.raised, look.predicted)
    colours = ramp(*stops, steps=101)
    for box, warmth, row in zip(
        squarify.squarify(sizes, 0.0, 0.0, SHAPE, 1.0),
        heat.astype(object).where(heat.notna(), None).tolist(),
        shown.to_dict("records"),
        strict=True,
    ):
        accent = colours[round(100 * min(max(warmth / top, 0.0), 1.0))] if warmth is not None and top > 0 else look.muted
        fill = mixed(look.surface, accent, CALM)
        left, low = box["x"], 1.0 - box["y"] - box["dy"]  # the largest is at the top left
        tiles.append((left, low, left + box["dx"], low + box["dy"], fill, accent, *_facts(row, unit)))
        labels.append(Label(left + box["dx"] / 2, low + box["dy"] / 2, box["dx"], box["dy"], _texts(row, area, unit), ink_on(fill, look)))
    drawn = hv.Rectangles(tiles, ["left", "low", "right", "high"], ["fill", "accent", *FACTS]).opts(
        color="fill",
        line_color="accent",
        line_width=1.4,
        **hover(*(("" if name == "segment" else name.replace("_", " "), f"@{name}") for name in FACTS)),
    )
    left_out = [str(row["segment"]) for row in segments.to_dict("records") if row["customers"] and not row[area] > 0]
    title = f"{area.replace('_', ' ')} by segment" + (f", without {', '.join(left_out)}" if left_out else "")
    return drawn.opts(
        **clean(
            look,
            height=height,
            hooks=[labelling(labels, look, size=12)],
            title=title,
            xaxis=None,
            yaxis=None,
            show_grid=False,
            xlim=(0, SHAPE),
            ylim=(0, 1),
        )
    )


FACTS = ("segment", "customers", "revenue", "chance_to_leave", "expected_value")


def _facts(row: dict[str, Any], unit: str) -> tuple[str, ...]:
    return (
        str(row["segment"]),
        f"{int(row['customers']):,} ({short(row['share'], 'percent')})",
        short(row["revenue"], unit),
        short(row["average_churn_probability"], "percent"),
        short(row["expected_value"], unit),
    )


def _texts(row: dict[str, Any], area: str, unit: str) -> tuple[str, ...]:
    name = str(row["segment"])
    size = f"{int(row['customers']):,} customers" if area == "customers" else short(row[area], unit)
    leave, wrapped = f"{short(row['average_churn_probability'], 'percent')} leave", name.replace(" ", "\n")
    return (f"{name}\n{size}\n{leave}", f"{name}\n{leave}", f"{wrapped}\n{leave}", name, wrapped)
