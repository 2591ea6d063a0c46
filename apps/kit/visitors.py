"""Who is on the pages of this process, and what they cost: sessions, threads, widgets, memory. For operators and for tests of leaks."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn

if TYPE_CHECKING:
    from fastapi import FastAPI

    from apps.kit.live_feed import LiveFeed

_open: set[int] = set()
_seen = {"ever": 0}


def enter() -> None:
    """Count the visitor whose page is being built, until the session ends."""
    document = pn.state.curdoc
    if document is None:
        return
    place = id(document)
    _open.add(place)
    _seen["ever"] += 1

    def leave(session_context: Any) -> None:  # noqa: ARG001 - Bokeh checks the parameter's name
        _open.discard(place)

    pn.state.on_session_destroyed(leave)


def page_state(feed: LiveFeed) -> dict[str, Any]:
    """Return what the pages cost now."""
    from ipywidgets.widgets.widget import _instances

    return {
        "visitors": len(_open),
        "visitors_ever": _seen["ever"],
        "threads": threading.active_count(),
        "widgets": len(_instances),
        "consumers": sum(each.name == "stream-hub" for each in threading.enumerate()),
        "events_read": sum(feed.hub.snapshot().counts.values()),
        "resident_mb": resident_mb(),
    }


def resident_mb(pid: int | None = None) -> float:
    """Return the resident memory of a process in MiB; 0 where the system does not tell."""
    path = Path(f"/proc/{pid or os.getpid()}/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if path.exists() else 0.0


def serve_page_state(app: FastAPI, feed: LiveFeed) -> None:
    """Add `/pages/state` to an application."""

    @app.get("/pages/state", include_in_schema=False)
    def state() -> dict[str, Any]:
        return page_state(feed)
