"""What every figure shares: the theme asked for, HoloViews with its Bokeh backend, and the options of a clean plot."""

from __future__ import annotations

from functools import cache
from typing import Any

from cyberpunk_ai.charts.theme import Theme, load_theme


@cache
def holoviews() -> Any:
    """Load HoloViews with its Bokeh backend, once; a notebook's own setup of it stays as it is."""
    import holoviews as hv
    import holoviews.plotting.bokeh

    if hv.Store.current_backend != "bokeh":
        hv.Store.set_current_backend("bokeh")
    return hv


def chosen(theme: Theme | str | None) -> Theme:
    """Take a theme, its name, or the default."""
    return theme if isinstance(theme, Theme) else load_theme(theme)


def clean(
    theme: Theme, *, height: int, label: str = "", unit: str | None = None, is_flipped: bool = False, **options: Any
) -> dict[str, Any]:
    """Return plot options: as wide as its place, no toolbar in the way, colours of the theme.

    Args:
        theme: Colours.
        height: Pixels.
        label: Of the axis of values.
        unit: Of the axis of values; None leaves its ticks as they are.
        is_flipped: Whether values run to the right, as in lying bars.
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
        for legend in figure.legend:
            legend.orientation = "horizontal"
            legend.background_fill_alpha, legend.border_line_color, legend.label_text_color = 0.0, None, theme.muted
            legend.label_text_font_size, legend.spacing, legend.padding = "11px", 12, 2

    basics: dict[str, Any] = {
        "responsive": True,
        "height": height,
        "toolbar": None,
        "hooks": [paint],
        "bgcolor": None,
        "xlabel": "",
        "ylabel": "",
    }
    return basics | options


def short_axis(unit: str = "") -> Any:
    """Write the ticks of an axis short: 1.5M, $12k, 30 %."""
    from bokeh.models import CustomJSTickFormatter

    kind = unit.lower()
    if kind in {"percent", "%", "ratio", "share", "fraction", "rate"}:
        return CustomJSTickFormatter(code="return (tick * 100).toFixed(Math.abs(tick) < 0.1 && tick !== 0 ? 1 : 0) + ' %';")
    mark = "$" if kind in {"currency", "usd", "money", "$"} else ""
    code = f"""
    const size = Math.abs(tick), sign = tick < 0 ? "\\u2212" : "";
    for (const [step, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]])
      if (size >= step) return sign + "{mark}" + Number((size / step).toPrecision(3)) + letter;
    return sign + "{mark}" + Number(size.toPrecision(4));
    """
    return CustomJSTickFormatter(code=code)
