"""What a notebook's first cell calls: figures and pages that work offline, in the theme.

from cyberpunk_ai import notebook
notebook.setup()
"""

from __future__ import annotations

from typing import Any

from cyberpunk_ai.core.settings import Settings


def setup(theme: str | None = None) -> None:
    """Make figures show inline, offline and in the theme. Call it once, in the first cell.

    Args:
        theme: `neon`, `noir` or `daylight`; the setting when None.
    """
    import holoviews as hv
    import panel as pn

    from cyberpunk_ai.charts.theme import apply_to_figures

    # Inline resources: the stock extension would fetch its scripts from a CDN.
    hv.extension("bokeh", inline=True, logo=False)
    pn.extension(inline=True, notifications=False)
    apply_to_figures(theme or Settings.load().theme)


def record(name: str, value: Any) -> None:
    """Show a value and leave it in the notebook's outputs as JSON, where runs and programs find it by name.

    Args:
        name: What it is called.
        value: A result, a frame or plain values.
    """
    from IPython.display import display

    from cyberpunk_ai.core.results import to_jsonable

    plain = to_jsonable(value)
    display({"application/json": {name: plain}, "text/plain": f"{name}: {plain}"}, raw=True)
