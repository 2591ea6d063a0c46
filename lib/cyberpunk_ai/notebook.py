"""What a notebook's first cell calls, `notebook.setup()`: figures that work offline, in the theme.

Also what leaves numbers and still pictures behind. It is a door of its own: it shows results and computes nothing.
"""

from __future__ import annotations

import time
from html import escape
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core import logs
from cyberpunk_ai.core.results import DRAWING
from cyberpunk_ai.core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from IPython.display import HTML

    from cyberpunk_ai.core.results import Result

PARTS_OF_ONE = ("probability", "share", "rate")


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
    look = apply_to_figures(theme or Settings.load().theme)
    _style_matplotlib(look.name)
    pd.options.display.float_format = _readable
    DRAWING["html"] = lambda figure: str(_figure(figure)[0]["text/html"])
    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.mimebundle_formatter.for_type(hv.core.Dimensioned, _figure)


def _style_matplotlib(theme: str) -> None:
    """Give figures of matplotlib the theme too, where it is installed."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        return
    import matplotlib as mpl

    from cyberpunk_ai.charts.theme import load_theme
    from cyberpunk_ai.charts.theme_targets.matplotlib import style

    with NamedTemporaryFile("w", suffix=".mplstyle", encoding="utf-8") as file:
        file.write(style(load_theme(theme)))
        file.flush()
        mpl.rcParams.update(mpl.rc_params_from_file(file.name, use_default_template=False))


def _readable(number: float) -> str:
    """Show money with its cents and rates with three digits; the full number stays in the frame."""
    return f"{number:,.2f}" if abs(number) >= 1 else f"{number:.3g}"


def _number(number: float) -> str:
    """Show counts without, and everything else with decimals."""
    return f"{number:,.0f}" if float(number).is_integer() else _readable(number)


def _figure(element: Any, **_asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a figure with Bokeh alone. HoloViews would wrap it in Panel, whose style sheets are links to a CDN."""
    import holoviews as hv
    from bokeh.embed.notebook import notebook_content

    from cyberpunk_ai.charts.theme import load_theme

    script, div, _ = notebook_content(hv.render(element, backend="bokeh"))
    look = load_theme()
    # On a surface of its own, since the page around may be light where the theme is dark.
    card = f"background: {look.surface}; border: 1px solid {look.line}; border-radius: 6px; padding: 8px"
    return {"text/html": f'<div style="{card}">{div}</div><script>{script}</script>', "text/plain": repr(element)}, {}


class Progress:
    """A bar of long work in a notebook; give it to whatever takes `on_progress`.

    Example:
        ``ws.forecast_many(data, horizon=12, on_progress=notebook.progress("Forecasting"))``

    Args:
        what: What is done, shown before the bar.
    """

    def __init__(self, what: str) -> None:
        from IPython.display import display

        self._what, self._start, self._shown_at = what, time.monotonic(), 0.0
        self._handle = display({"text/plain": what, "text/html": escape(what)}, raw=True, display_id=True)

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done; at most ten times a second."""
        now = time.monotonic()
        if done < total and now - self._shown_at < 0.1:
            return
        self._shown_at = now
        spent = now - self._start
        left = f"{spent:.0f} s" if done >= total else f"about {spent / done * (total - done):.0f} s left" if done else "starting"
        words = f"{self._what}: {done:,} of {total:,}, {left}"
        bar = f'<progress value="{done}" max="{max(total, 1)}" style="width: 240px; vertical-align: middle"></progress>'
        self._handle.update({"text/plain": words, "text/html": f"{bar} {escape(words)}"}, raw=True)


def progress(what: str) -> Progress:
    """Show a bar of long work; see `Progress`."""
    return Progress(what)


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


def table(rows: pd.DataFrame) -> HTML:
    """Show a frame for reading: whole sentences from the left, numbers from the right, chances and shares in percent.

    Args:
        rows: What to show; names that end in `probability`, `share` or `rate` hold parts of one.
    """
    import pandas as pd
    from IPython.display import HTML

    shown = pd.DataFrame(index=rows.index)
    for name in rows.columns:
        column, is_part = rows[name], str(name).endswith(PARTS_OF_ONE)
        write = (lambda value: f"{value:.0%}") if is_part else _number
        is_number = pd.api.types.is_numeric_dtype(column)
        shown[str(name).replace("_", " ")] = column.map(write, na_action="ignore").fillna("") if is_number else column
    is_text = [not pd.api.types.is_numeric_dtype(rows[name]) for name in rows.columns]
    styles: list[Any] = [{"selector": "td", "props": "vertical-align: top"}]
    styles += [{"selector": f".col{place}", "props": "text-align: left"} for place, each in enumerate(is_text) if each]
    # pandas escapes nothing by itself, and JupyterLab runs what stands in an output of its own kernel.
    styler = shown.style.format(escape="html").format_index(escape="html", axis="columns")
    styler = styler.hide(axis="index").set_table_styles(styles)
    return HTML(styler.to_html())
