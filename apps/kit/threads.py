"""Repairs of libraries that keep what one thread works on where every thread sees it. Pages are built beside the event loop.

Bokeh's "current document" is a stack of the whole process, which an exception leaves as it was; Panel hands a page's kernel to its widgets
by way of a class; HoloViews counts options without a lock. Each could put a part of one visitor's page into another's.
"""

from __future__ import annotations

import functools
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Documents(threading.local):
    """The documents that a thread works on, the innermost last; stands in for Bokeh's list."""

    def __init__(self) -> None:
        self.references: list[Any] = []

    def __len__(self) -> int:
        return len(self.references)

    def __getitem__(self, index: int) -> Any:
        return self.references[index]

    def clear(self) -> None:
        self.references.clear()


def one_current_document_a_thread() -> None:
    """Give each thread its own current document, and take it back whatever happens; a second call changes nothing."""
    import bokeh.io.doc as io_doc
    from bokeh.application.handlers import code
    from panel.io import handlers

    if isinstance(io_doc._PATCHED_CURDOCS, _Documents):
        return
    documents = _Documents()

    @contextmanager
    def patch_curdoc(doc: Any) -> Iterator[None]:
        documents.references.append(weakref.ref(doc))
        del doc
        try:
            yield
        finally:
            documents.references.pop()

    io_doc._PATCHED_CURDOCS = documents
    for module in (io_doc, code, handlers):
        module.patch_curdoc = patch_curdoc


def _one_at_a_time(function: Callable[..., Any]) -> Callable[..., Any]:
    lock = threading.RLock()

    @functools.wraps(function)
    def alone(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return function(*args, **kwargs)

    alone.is_one_at_a_time = True  # type: ignore[attr-defined]
    return alone


def one_widget_at_a_time() -> None:
    """Let a widget open its line over its own page's kernel, whoever makes widgets meanwhile; a second call changes nothing."""
    import panel.io.ipywidget  # noqa: F401 - registers what is called for every new widget
    from ipywidgets import Widget

    connect = Widget._widget_construction_callback
    if connect is not None and not getattr(connect, "is_one_at_a_time", False):
        Widget.on_widget_constructed(_one_at_a_time(connect))


def one_set_of_options_at_a_time() -> None:
    """Let two figures that are styled at once keep their own options; a second call changes nothing."""
    from holoviews.core.options import StoreOptions

    if not getattr(StoreOptions.set_options, "is_one_at_a_time", False):
        StoreOptions.set_options = staticmethod(_one_at_a_time(StoreOptions.set_options))


def repair_threads() -> None:
    """Apply every repair."""
    one_current_document_a_thread()
    one_widget_at_a_time()
    one_set_of_options_at_a_time()
