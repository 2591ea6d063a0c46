"""What two threads work on at once stays apart: documents, widgets' lines, options of figures; and a page is built off the event loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import holoviews as hv
import panel as pn
import pytest
from bokeh.document import Document
from bokeh.io import curdoc
from bokeh.io import doc as io_doc
from ipywidgets import IntSlider
from panel.io.state import set_curdoc, state

from apps.kit.building import BuiltOnThread, beside_the_loop, on_builder
from apps.kit.threads import repair_threads
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


@pytest.fixture(autouse=True)
def repaired() -> None:
    repair_threads()
    repair_threads()


def test_each_thread_has_its_own_current_document() -> None:
    mine, others = Document(), Document()
    entered, may_leave = threading.Event(), threading.Event()

    def work() -> Document:
        with io_doc.patch_curdoc(others):
            entered.set()
            may_leave.wait(PATIENCE_S)
            return curdoc()

    with ThreadPoolExecutor(1) as pool, io_doc.patch_curdoc(mine):
        theirs = pool.submit(work)
        assert entered.wait(PATIENCE_S)
        assert curdoc() is mine
        may_leave.set()
        assert theirs.result() is others
        assert curdoc() is mine


def test_a_callback_that_fails_leaves_no_current_document_behind() -> None:
    outer, inner = Document(), Document()
    with io_doc.patch_curdoc(outer):
        with pytest.raises(ZeroDivisionError), io_doc.patch_curdoc(inner):
            1 / 0  # noqa: B018 - raises
        assert curdoc() is outer


def test_widgets_of_two_pages_that_are_made_at_once_speak_to_their_own() -> None:
    start = threading.Barrier(2, timeout=PATIENCE_S)

    def make() -> bool:
        document = Document()
        start.wait()
        with set_curdoc(document):
            kernels = {id(IntSlider().comm.kernel.session._document) for _ in range(60)}
        return kernels == {id(document)}

    with ThreadPoolExecutor(2) as pool:
        assert all(each.result() for each in [pool.submit(make), pool.submit(make)])


def test_figures_that_are_styled_at_once_keep_their_own_options() -> None:
    hv.extension("bokeh")
    start = threading.Barrier(2, timeout=PATIENCE_S)

    def style(colour: str) -> set[str]:
        start.wait()
        drawn = [hv.Curve([1, 2]).opts(color=colour) for _ in range(60)]
        return {hv.Store.lookup_options("bokeh", each, "style").kwargs["color"] for each in drawn}

    with ThreadPoolExecutor(2) as pool:
        red, blue = pool.submit(style, "red"), pool.submit(style, "blue")
        assert (red.result(), blue.result()) == ({"red"}, {"blue"})


async def test_the_loop_answers_while_a_page_is_built_and_the_document_is_its_own_afterwards() -> None:
    building, answered = threading.Event(), threading.Event()

    def build() -> Any:
        building.set()
        assert answered.wait(PATIENCE_S)
        return pn.template.VanillaTemplate(title="Shop")

    page, document = BuiltOnThread(build, "Shop"), Document()
    opening = asyncio.create_task(page.on_session_created(session_of(document)))
    while not building.is_set():
        await asyncio.sleep(0)
    answered.set()  # by the loop, while the page is built
    await opening
    page.initialize_document(document)
    assert document.title == "Shop"
    assert state._thread_id_[document] == threading.get_ident()


async def test_a_page_that_fails_fails_where_bokeh_expects_it() -> None:
    class Broken(BuiltOnThread):
        def _set_session_prefix(self, doc: Document) -> None:
            raise RuntimeError("no session")

    page, document = Broken(pn.template.VanillaTemplate, "Shop"), Document()
    await page.on_session_created(session_of(document))
    with pytest.raises(RuntimeError, match="no session"):
        page.initialize_document(document)


class Visit:
    """A session that is open, as far as a document knows."""

    session = object()

    def __init__(self, document: Document) -> None:
        document._session_context = weakref.ref(self)  # type: ignore[assignment]


@pytest.mark.parametrize("fails", [False, True])
def test_an_open_page_is_changed_beside_the_loop_which_hears_of_the_end(fails: bool) -> None:
    document, seen = Document(), []
    visit = Visit(document)

    def work() -> None:
        seen.append((threading.current_thread() is threading.main_thread(), state.curdoc is document))
        if fails:
            raise ValueError("no figure")

    with set_curdoc(document):
        beside_the_loop(work, lambda: seen.append("done"))
    until(lambda: document.session_callbacks, "the loop is told")
    assert seen == [(False, True)]
    document.session_callbacks[0].callback()
    assert seen == [(False, True), "done"]
    assert visit.session


def test_a_page_that_is_still_being_built_is_changed_at_once() -> None:
    seen: list[str] = []
    beside_the_loop(lambda: seen.append("work"), lambda: seen.append("done"))
    assert seen == ["work", "done"]


async def test_what_the_builder_makes_comes_back_to_the_page_that_asked() -> None:
    document = Document()
    with set_curdoc(document):
        made = await on_builder(lambda: (state.curdoc is document, threading.current_thread() is threading.main_thread()))
    assert made == (True, False)


def session_of(document: Document) -> Any:
    return SimpleNamespace(_document=document, id="1")
