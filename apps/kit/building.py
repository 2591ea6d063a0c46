"""Pages are built, and figures drawn, on a thread of their own: they take up to a second, in which the event loop would answer nobody."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from panel.io.application import Application, build_applications
from panel.io.state import set_curdoc, state

from cyberpunk_ai.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    import panel as pn
    from bokeh.document import Document

T = TypeVar("T")
LOG = get_logger("pages")
# One at a time: two threads that build at once would each take twice as long.
_BUILDER = ThreadPoolExecutor(1, thread_name_prefix="page-builder")


class BuiltOnThread(Application):  # type: ignore[misc]
    """A page that is built off the event loop.

    Bokeh fills a new document inside the loop, right after it has awaited the hook for new sessions; here the hook fills it.

    Args:
        build: Returns the page of one visitor.
        title: Of the browser's tab until the page says its own.
    """

    def __init__(self, build: Callable[[], pn.Template], title: str) -> None:
        super().__init__(*build_applications(build, title=title)["/"].handlers, admin=False)
        self._outcomes: WeakKeyDictionary[Document, BaseException | None] = WeakKeyDictionary()

    async def on_session_created(self, session_context: Any) -> None:
        """Build the page of a new session."""
        await super().on_session_created(session_context)
        document = session_context._document
        outcome = None
        try:
            await asyncio.get_running_loop().run_in_executor(_BUILDER, super().initialize_document, document)
        except Exception as error:  # noqa: BLE001 - Bokeh swallows what this hook raises; initialize_document raises it again
            outcome = error
        self._outcomes[document] = outcome
        state._thread_id_[document] = threading.get_ident()  # from here on the document belongs to the loop

    def initialize_document(self, doc: Document) -> None:
        """Fill a document, where the hook has not done so; whatever stopped the hook is raised here."""
        if doc not in self._outcomes:
            super().initialize_document(doc)
            return
        outcome = self._outcomes.pop(doc)
        if outcome is not None:
            raise outcome


def beside_the_loop(work: Callable[[], None], done: Callable[[], None]) -> None:
    """Change the page that is being served on the thread that builds pages; what was changed reaches the visitor by way of the loop.

    Args:
        work: Changes widgets of the page.
        done: Called in the loop once everything has reached it, also where `work` failed.
    """
    document = state.curdoc
    if document is None or getattr(document.session_context, "session", None) is None:
        work()  # there is no loop to keep free: a notebook, or a page that is still being built
        done()
        return

    def run() -> None:
        try:
            with set_curdoc(document):
                work()
        except Exception:
            if document.session_context is not None:  # else the visitor left meanwhile
                LOG.exception("a page could not be changed")
        if document.session_context is not None:
            document.add_next_tick_callback(done)

    _BUILDER.submit(run)


async def on_builder(work: Callable[[], T]) -> T:
    """Return what a function makes for the page that is being served, such as a figure, on the thread that builds pages."""
    document = state.curdoc

    def run() -> T:
        with set_curdoc(document):
            return work()

    return await asyncio.get_running_loop().run_in_executor(_BUILDER, run)
