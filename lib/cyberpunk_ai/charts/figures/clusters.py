"""Groups that the data itself shows: how large each is, how likely it leaves, and the customer in its middle."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._fitted_labels import Label, labelling, nothing_yet
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, hover, ink_on, mixed, ramp, short
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberpunk_ai.charts.theme import Theme

# Beyond the longest bar stands the text of the middle customer; so much of the axis is kept for it.
ROOM = 1.3
FILL = 0.85


@CHARTS.register("clusters", needs=["holoviews", "bokeh"], extra="apps")
def clusters_figure(result: Any, *, theme: Theme | str | None = None, height: int | None = None, unit: str = "") -> Any:
    """Draw each cluster as a bar as long as its share of the customers, the redder the likelier they leave.

    Args:
        result: Has `clusters` with `cluster`, `customers`, `share` and, where known, the middle `recency_days`, `frequency`, `monetary`
            and `churn_probability`.
        theme: Colours; the chance to leave is written in words as well.
        height: Pixels; 46 for each cluster without.
        unit: Of money.
    """
    hv, look = holoviews(), chosen(theme)
    table = result.clusters
    if not len(table):
        return nothing_yet(look, height or 200, "No clusters yet: ask for them with clusters=True, or for a number of them.")
    rows = table.to_dict("records")[::-1]
    colours = ramp(look.good, look.warning, look.failing, steps=101)
    longest = max(row["share"] for row in rows)
    bars, labels = [], []
    for place, row in enumerate(rows):
        chance = _known(row, "churn_probability")
        accent = look.muted if math.isnan(chance) else colours[round(chance * 100)]
        fill = mixed(look.surface, accent, FILL)
        said = f"{row['customers']:,} · {short(row['share'], 'percent')}"
        middle = middle_of(row, unit)
        bars.append((0.0, place - 0.32, row["share"], place + 0.32, fill, row["cluster"], said, " · ".join(middle)))
        labels.append(Label(row["share"] / 2, place, row["share"], 0.64, (said, short(row["share"], "percent")), ink_on(fill, look)))
        room = longest * ROOM
        texts = tuple(" · ".join(middle[:count]) for count in range(len(middle), 0, -1))
        wrapped = ("\n".join([" · ".join(middle[:2]), " · ".join(middle[2:])]),) if len(middle) > 2 else ()
        labels.append(Label(longest + room / 2, place, room, 0.9, (*texts[:1], *wrapped, *texts[1:]), look.text))
    drawn = hv.Rectangles(bars, ["from", "low", "until", "high"], ["colour", "cluster", "said", "middle"]).opts(
        color="colour", line_color=look.surface, **hover(("", "@cluster"), ("customers", "@said"), ("in the middle", "@middle"))
    )
    names = ["\n".join(textwrap.wrap(str(row["cluster"]), 22)) for row in rows]
    return drawn.opts(
        **clean(
            look,
            height=height or 60 + 46 * len(rows),
            hooks=[labelling(labels, look)],
            title="groups found in the data; beside each the customer in its middle",
            xlim=(0, longest * (1 + ROOM)),
            ylim=(-0.6, len(rows) - 0.4),
            yticks=list(enumerate(names)),
            xaxis=None,
            show_legend=False,
            show_grid=False,
        )
    )


def middle_of(row: Mapping[str, Any], unit: str = "") -> list[str]:
    """Say the customer in the middle of a cluster in short parts, the chance to leave first; what is not known is left out.

    Args:
        row: Of the table of clusters.
        unit: Of money.
    """
    silent, days, money = _known(row, "recency_days"), _known(row, "frequency"), _known(row, "monetary")
    chance = _known(row, "churn_probability")
    parts = {
        f"{short(chance, 'percent')} to leave": chance,
        f"{silent:,.0f} days silent": silent,
        f"{days:,.0f} {'purchase' if round(days) == 1 else 'purchases'}" if not math.isnan(days) else "": days,
        f"{short(money, unit)} to date": money,
    }
    return [words for words, value in parts.items() if not math.isnan(value)]


def _known(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return math.nan if value is None else float(value)
