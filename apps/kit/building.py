"""Pages are built on a thread of their own: one takes most of a second, in which the event loop would answer nobody."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from panel.io.application import Application, build_applications
from panel.io.state import state

if TYPE_CHECKING:
    from collections.abc import Callable

    import panel as pn
    from bokeh.document import Document

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
