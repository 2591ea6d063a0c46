"""A demand forecast divided between today's customers and others, and below it what the state of the customer base adds or takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._of_series import bands
from cyberpunk_ai.charts.figures._style import chosen, clean, holoviews, short
from cyberpunk_ai.charts.figures.forecast_fan import with_last_value
from cyberpunk_ai.core.results import CHARTS

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

HISTORY_PER_STEP = 3


@CHARTS.register("retention_effect", needs=["holoviews", "bokeh"], extra="apps")
def retention_effect_figure(
    result: Any, *, theme: Theme | str | None = None, height: int = 280, unit: str = "", label: str = "", level: int | None = None
) -> Any:
    """Draw demand from today's customers and from others on top of each other, and the effect with its interval.

    Args:
        result: Has `history`, `baseline`, `combined`, `retention_effect`, `components`, `levels` and `applied`.
        theme: Colours: what the history alone says is dotted.
        height: Pixels of the upper part.
        unit: Of the axis.
        label: Of the axis.
        level: Whose interval is drawn around the whole, in percent; the narrowest without.
    """
    hv, look = holoviews(), chosen(theme)
    shown = min(result.levels) if level is None else level
    history = result.history.tail(max(24, HISTORY_PER_STEP * result.horizon))
    whole = with_last_value(history, result.combined, (shown,))
    parts: list[Any] = [*_stack(hv, look, result.components), *bands(hv, look, whole, (shown,))]
    parts += [
        hv.Curve(history, "ds", "y", label="measured").opts(color=look.measured, line_width=2),
        hv.Curve(with_last_value(history, result.baseline, ()), "ds", "mean", label="demand alone").opts(
            color=look.text, line_width=1.6, line_dash="dotted"
        ),
        hv.Curve(whole, "ds", "mean", label="forecast").opts(color=look.predicted, line_width=2.4),
    ]
    share = _share_of_existing(result)
    title = "" if share is None else f"{share:.0%} of the horizon from customers who are active today".replace("%", " %")
    options: dict[str, Any] = {"height": height, "label": label, "unit": unit, "title": title}
    upper = hv.Overlay(parts).opts(**clean(look, legend_position="top", legend_cols=6, show_legend=True, **options))
    effect = result.retention_effect
    total = float(effect["mean"].sum())
    state = "applied" if result.applied else "shown, not applied"
    name = f"effect of the customer base, {state}: {'+' if total >= 0 else ''}{short(total, unit)}"
    lower = hv.Overlay(
        [
            *bands(hv, look, effect, result.levels),
            hv.HLine(0).opts(color=look.line, line_width=1),
            hv.Curve(effect, "ds", "mean").opts(color=look.predicted, line_width=2, line_dash="solid" if result.applied else "dashed"),
            hv.Scatter(effect, "ds", "mean").opts(color=look.surface, line_color=look.predicted, size=6),
        ]
    ).opts(**clean(look, height=height // 2 + 30, unit=unit, show_legend=False, title=name))
    return hv.Layout([upper, lower]).cols(1).opts(shared_axes=False, toolbar=None)


def _stack(hv: Any, look: Theme, components: Any) -> list[Any]:
    if not len(components):
        return []
    heights = components.assign(whole=components["existing"] + components["new"], floor=0.0)
    return [
        hv.Area(heights, "ds", ["floor", "existing"], label="customers of today").opts(color=look.measured, alpha=0.30, line_alpha=0),
        hv.Area(heights, "ds", ["existing", "whole"], label="new customers").opts(color=look.good, alpha=0.30, line_alpha=0),
    ]


def _share_of_existing(result: Any) -> float | None:
    total = float(result.combined["mean"].sum())
    return float(result.components["existing"].sum()) / total if len(result.components) and total > 0 else None
