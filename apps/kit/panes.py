"""Widgets that every page builds: text, places for figures, tables, downloads. No page and no query lives here."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.kit.cards import empty_state, error_state, skeleton
from cyberpunk_ai.core.csv_text import write_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from apps.kit.parts import Part

HEAD_PX, ROW_PX = 76, 27
FIRST_STEPS = "Run `cyberpunk demo` for a demo company, or `cyberpunk import FILE` for your own."


def text(words: str = "", margin: Any = 0) -> pn.pane.HTML:
    """Return a pane of HTML as wide as its place."""
    return pn.pane.HTML(words, sizing_mode="stretch_width", margin=margin)


def place(least_px: int = 200) -> pn.Column:
    """Return a column for one figure or one state; it takes no room while there is nothing in it."""
    column = pn.Column(sizing_mode="stretch_width", margin=0, min_height=least_px)
    column.param.watch(lambda event: column.param.update(visible=bool(event.new)), "objects")
    return column


class DrawnFigure(pn.pane.HoloViews):  # type: ignore[misc]
    """A figure that is drawn when it is made, by whoever makes it; Panel's own is drawn by the event loop when it enters a page."""

    def __init__(self, drawn: Any, **options: Any) -> None:
        super().__init__(drawn, **options)
        document = pn.state.curdoc
        self._plot = None if document is None else super()._render(document, None, None)

    def _render(self, doc: Any, comm: Any, root: Any) -> Any:
        plot, self._plot = self._plot, None
        return super()._render(doc, comm, root) if plot is None else plot


def figure(drawn: Any, margin: Any = 0) -> DrawnFigure:
    """Draw a figure for its place. It takes a tenth of a second and more: call it off the event loop."""
    return DrawnFigure(drawn, sizing_mode="stretch_width", margin=margin)


def waiting(part: Part, what: str, lines: int = 4) -> str:
    """Write what a part shows while it has no value: a skeleton, what to do first, or what failed."""
    if part.state == "loading":
        return skeleton(lines, f"Loading {what}")
    if part.state == "empty":
        return empty_state(part.message, part.hint or FIRST_STEPS)
    return error_state(f"{what[:1].upper()}{what[1:]} could not be loaded", part.message, part.hint)


def table(
    frame: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    formats: Mapping[str, Any] | None = None,
    height: int = 420,
    rows: int = 50,
    on_row: Callable[[int], None] | None = None,
    searched: tuple[str, ...] = (),
    widths: Mapping[str, Any] | None = None,
    empty: str = "Nothing fits",
    right: tuple[str, ...] = (),
) -> pn.widgets.Tabulator:
    """Build a table that sorts, filters and pages on the server.

    Args:
        frame: Rows; only the columns in `titles` are shown, in that order.
        titles: Column to heading.
        formats: Column to Tabulator's formatter.
        height: Pixels at most; a few rows whose number stays take less, and no pages.
        rows: Rows of a page.
        on_row: Called with the position in `frame` of a row that was clicked.
        searched: Columns that get a field to search in their heading.
        widths: Column to width in pixels or percent.
        empty: Said where there is no row.
        right: Columns of words that stand at the right, as numbers do.
    """
    shown = frame[list(titles)].reset_index(drop=True)
    numbers = [name for name in titles if name in (formats or {}) and shown[name].dtype.kind in "if"]
    is_wrapped = any(isinstance(each, dict) for each in (formats or {}).values())
    is_short = 0 < len(shown) <= (height - HEAD_PX) // ROW_PX and not is_wrapped
    widget = pn.widgets.Tabulator(
        shown, titles=dict(titles), formatters=dict(formats or {}), height=HEAD_PX + ROW_PX * len(shown) if is_short else height,
        pagination=None if is_short else "remote", page_size=rows, show_index=False,
        disabled=True, selectable=1 if on_row else False, sizing_mode="stretch_width", margin=0, widths=dict(widths or {}),
        header_filters={name: {"type": "input", "func": "like", "placeholder": "search"} for name in searched},
        layout="fit_columns", stylesheets=["assets/tables.css"], text_align=dict.fromkeys((*numbers, *right), "right"),
        # A narrow page scrolls sideways instead of cutting words.
        configuration={"columnDefaults": {"minWidth": 92}, "placeholder": empty},
    )  # fmt: skip
    if on_row is not None:
        widget.on_click(lambda event: on_row(int(event.row)))
    return widget


def csv_button(frame: Callable[[], pd.DataFrame | None], filename: str) -> pn.widgets.FileDownload:
    """Build a button that downloads a table as it is when it is pressed."""

    def written() -> io.StringIO:
        rows = frame()
        return io.StringIO("" if rows is None else write_csv(rows))

    return pn.widgets.FileDownload(callback=written, filename=filename, label="Download CSV", sizing_mode="stretch_width", height=32)
