"""What every figure shares: the theme asked for, HoloViews with its Bokeh backend, and the options of a clean plot."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.theme import LOWEST_CONTRAST, Theme, channels, contrast, load_theme
from cyberpunk_ai.core.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARTS_OF_ONE = frozenset({"percent", "%", "ratio", "share", "fraction", "rate"})
MONEY = frozenset({"currency", "usd", "money", "$"})


@cache
def holoviews() -> Any:
    """Load HoloViews with its Bokeh backend, once; a notebook's own setup of it stays as it is."""
    load("holoviews.plotting.bokeh")
    import holoviews as hv
    import holoviews.plotting.bokeh

    if hv.Store.current_backend != "bokeh":
        hv.Store.set_current_backend("bokeh")
    return hv


def chosen(theme: Theme | str | None) -> Theme:
    """Take a theme, its name, or the default."""
    return theme if isinstance(theme, Theme) else load_theme(theme)


def clean(
    theme: Theme,
    *,
    height: int,
    label: str = "",
    unit: str | None = None,
    is_flipped: bool = False,
    hooks: Sequence[Callable[[Any, Any], None]] = (),
    **options: Any,
) -> dict[str, Any]:
    """Return plot options: as wide as its place, no toolbar in the way, colours of the theme.

    Args:
        theme: Colours.
        height: Pixels.
        label: Of the axis of values.
        unit: Of the axis of values; None leaves its ticks as they are.
        is_flipped: Whether values run to the right, as in lying bars.
        hooks: What else is done to the finished plot.
        options: Further options of HoloViews.
    """

    def paint(plot: Any, _element: Any) -> None:
        figure = plot.state
        figure.toolbar.autohide = True
        figure.toolbar.logo = None
        figure.background_fill_alpha = 0.0
        figure.border_fill_alpha = 0.0
        figure.outline_line_color = None
        figure.min_border_right = 14
        # Set here, since HoloViews gives the format of a flipped chart to the axis of names.
        for axis in figure.xaxis if is_flipped else figure.yaxis:
            axis.axis_label = label or None
            if unit is not None:
                axis.formatter = short_axis(unit)
        figure.title.text_color, figure.title.text_font = theme.text, theme.fonts["plot"]
        figure.title.text_font_size, figure.title.text_font_style = "12px", "normal"
        for axis in (*figure.xaxis, *figure.yaxis):
            axis.axis_line_color = theme.line
            axis.major_tick_line_color = theme.line
            axis.minor_tick_line_color = None
            axis.major_label_text_color = theme.muted
            axis.axis_label_text_color = theme.muted
            axis.axis_label_text_font_style = "normal"
            axis.major_label_text_font = axis.axis_label_text_font = theme.fonts["plot"]
        for grid in (*figure.xgrid, *figure.ygrid):
            grid.grid_line_color, grid.grid_line_alpha, grid.grid_line_dash = theme.line, 0.55, [2, 4]
            grid.visible = options.get("show_grid", True)
        for legend in figure.legend:
            legend.orientation = "horizontal"
            if options.get("legend_cols") == 1:
                # HoloViews takes the columns of bars for rows.
                legend.orientation, legend.ncols, legend.nrows = "vertical", 1, "auto"
            if legend in figure.above:
                legend.location, legend.margin = "top_left", 0
            legend.background_fill_alpha, legend.border_line_color, legend.label_text_color = 0.0, None, theme.muted
            legend.label_text_font = theme.fonts["plot"]
            legend.label_text_font_size, legend.spacing, legend.padding = "11px", 12, 2

    basics: dict[str, Any] = {
        "responsive": True,
        "height": height,
        "toolbar": None,
        "hooks": [paint, *hooks],
        "bgcolor": None,
        "xlabel": "",
        "ylabel": "",
    }
    return basics | options


def short_axis(unit: str = "") -> Any:
    """Write the ticks of an axis short: 1.5M, $12k, 30 %."""
    from bokeh.models import CustomJSTickFormatter

    kind = unit.lower()
    if kind in PARTS_OF_ONE:
        return CustomJSTickFormatter(code="return (tick * 100).toFixed(Math.abs(tick) < 0.1 && tick !== 0 ? 1 : 0) + ' %';")
    mark = "$" if kind in MONEY else ""
    code = f"""
    const size = Math.abs(tick), sign = tick < 0 ? "\\u2212" : "";
    for (const [step, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]])
      if (size >= step) return sign + "{mark}" + Number((size / step).toPrecision(3)) + letter;
    return sign + "{mark}" + Number(size.toPrecision(4));
    """
    return CustomJSTickFormatter(code=code)


def ramp(*colours: str, steps: int = 24) -> list[str]:
    """Run through colours evenly.

    Args:
        colours: Two or more stops, each `#rrggbb`.
        steps: How many colours come out, the first and last stop included.
    """
    last = len(colours) - 2
    spread = [step / (steps - 1) * (last + 1) for step in range(steps)]
    return [mixed(colours[min(int(at), last)], colours[min(int(at), last) + 1], at - min(int(at), last)) for at in spread]


def mixed(one: str, other: str, share: float) -> str:
    """Mix two colours; `share` is how much of the other."""
    pairs = zip(channels(one), channels(other), strict=True)
    return "#" + "".join(f"{round((a + (b - a) * share) * 255):02x}" for a, b in pairs)


def ink_on(fill: str, look: Theme) -> str:
    """Choose the colour of text on a fill: the theme's own where it can be read, else white or black."""
    own = max((look.text, look.ink), key=lambda each: contrast(each, fill))
    return own if contrast(own, fill) >= LOWEST_CONTRAST else max(("#ffffff", "#000000"), key=lambda each: contrast(each, fill))


def short(number: float, unit: str = "") -> str:
    """Write a number short, as the axes do: 1.5M, $12k, 30 %; a missing one is a question mark."""
    if math.isnan(number):
        return "?"
    kind = unit.lower()
    if kind in PARTS_OF_ONE:
        return f"{number * 100:.{1 if 0 < abs(number) < 0.1 else 0}f} %"
    size, sign, mark = abs(number), "\u2212" if number < 0 else "", "$" if kind in MONEY else ""
    for step, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= step:
            return f"{sign}{mark}{float(f'{size / step:.3g}'):g}{letter}"
    return f"{sign}{mark}{float(f'{size:.4g}'):g}"


def hover(*rows: tuple[str, str]) -> dict[str, Any]:
    """Return the options of a pointer that shows `(name, "@column{format}")` pairs."""
    return {"tools": ["hover"], "hover_tooltips": list(rows)}


def percent() -> Any:
    """Write the ticks of an axis as whole percent."""
    return short_axis("percent")


def log_ticks(start: float, end: float, unit: str = "") -> list[tuple[float, str]]:
    """Name places on an axis of logarithms: 1, 10, 100, and 2 and 5 between where there is room.

    Args:
        start: Decimal logarithm of the least value.
        end: Decimal logarithm of the greatest value.
        unit: Of the values.
    """
    steps = (0.0, math.log10(2), math.log10(5)) if end - start < 2.5 else (0.0,)
    places = [whole + step for whole in range(math.floor(start), math.ceil(end) + 1) for step in steps]
    inside = [at for at in places if start <= at <= end] or [(start + end) / 2]
    return [(at, short(10.0**at, unit)) for at in inside]
