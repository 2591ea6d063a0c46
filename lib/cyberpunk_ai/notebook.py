"""What a notebook's first cell calls, `notebook.setup()`: figures that work offline, in the theme.

Also what leaves numbers and still pictures behind. It is a door of its own: it shows results and computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core import logs
from cyberpunk_ai.core.settings import Settings

if TYPE_CHECKING:
    from cyberpunk_ai.core.results import Result


def setup(theme: str | None = None) -> None:
    """Make figures show inline, offline and in the theme. Call it once, in the first cell.

    Args:
        theme: `neon`, `noir` or `daylight`; the setting when None.
    """
    import holoviews as hv
    import pandas as pd
    import panel as pn
    from IPython import get_ipython

    from cyberpunk_ai.charts.theme import apply_to_figures

    # Inline resources: the stock extension would fetch its scripts from a CDN.
    hv.extension("bokeh", inline=True, logo=False)
    pn.extension(inline=True, notifications=False)
    logs.configure("WARNING")  # a reader of a notebook wants results between the cells, not a log
    apply_to_figures(theme or Settings.load().theme)
    pd.options.display.float_format = _readable
    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.mimebundle_formatter.for_type(hv.core.Dimensioned, _figure)


def _readable(number: float) -> str:
    """Show money with its cents and rates with three digits; the full number stays in the frame."""
    return f"{number:,.2f}" if abs(number) >= 1 else f"{number:.3g}"


def _figure(element: Any, **_asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a figure with Bokeh alone. HoloViews would wrap it in Panel, whose style sheets are links to a CDN."""
    import holoviews as hv
    from bokeh.embed.notebook import notebook_content

    script, div, _ = notebook_content(hv.render(element, backend="bokeh"))
    return {"text/html": f"{div}<script>{script}</script>", "text/plain": repr(element)}, {}


def record(name: str, value: Any) -> None:
    """Leave a value in the notebook's outputs as JSON, where runs and programs find it by name.

    Args:
        name: What it is called.
        value: A result, a frame or plain values.
    """
    from IPython.display import display

    from cyberpunk_ai.core.results import to_jsonable

    display({"application/json": {name: to_jsonable(value)}, "text/plain": f"{name} is kept as JSON in this notebook"}, raw=True)


def picture(forecast: Result) -> None:
    """Show a forecast as a still picture, which also stands in pages that may carry no scripts.

    Args:
        forecast: A forecast of the workspace.
    """
    from IPython.display import SVG, display

    from cyberpunk_ai.charts.fan_svg import forecast_svg

    display(SVG(forecast_svg(forecast)))
