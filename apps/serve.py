"""Serves the Panel pages: `python -m apps.serve` alone, or `mount(app)` inside another FastAPI application such as the API."""

from __future__ import annotations

import argparse
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from cyberpunk_ai.core.loading import load
from cyberpunk_ai.core.request_arrival import limited
from cyberpunk_ai.core.security.request_origin import OriginCheck, RequestOrigin
from cyberpunk_ai.core.server_process import give_threads
from cyberpunk_ai.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cyberpunk_ai import Workspace

FRONT = "/cockpit"
# Loaded before the first visitor comes, who would wait for it.
DRAWN_WITH = ("holoviews.plotting.bokeh", "scipy.spatial.transform")
# A page that was left is given back within half a minute; on a busy machine one may need so long to connect.
LEFT = {"check_unused_sessions_milliseconds": 4_000, "unused_session_lifetime_milliseconds": 20_000}


def mount(app: FastAPI, workspace: Workspace | None = None) -> None:
    """Add the pages to an application, `/cockpit` and its neighbours, and the files they load.

    Args:
        app: Its `state.workspace` and `state.settings` are used where it has them.
        workspace: Where the numbers come from; the application's, or one opened at the first visit.
    """
    import panel as pn
    from panel.io.fastapi import add_applications

    from apps.kit.app import Host, found_apps
    from apps.kit.building import BuiltOnThread
    from apps.kit.guard import guarded
    from apps.kit.live_feed import LiveFeed
    from apps.kit.offline import serve_widget_files
    from apps.kit.page import serve_theme_files
    from apps.kit.sockets import repair_sockets
    from apps.kit.threads import repair_threads
    from apps.kit.turns import InTurn
    from apps.kit.visitors import serve_page_state

    settings: Settings = getattr(app.state, "settings", None) or Settings.load()
    opened: dict[str, Workspace] = {}

    def current() -> Workspace:
        from cyberpunk_ai import Workspace

        given = workspace or getattr(app.state, "workspace", None)
        return given if given is not None else opened.setdefault("own", Workspace.open(settings, is_server=True))

    load(*DRAWN_WITH)
    # Tables may enter a page after it was opened, so that their scripts must be on it from the start.
    pn.extension("tabulator")
    host = Host(current, LiveFeed(current), lambda: settings.theme)
    app.state.pages = host
    before = {id(route) for route in app.routes}
    repair_sockets()
    repair_threads()
    serve_theme_files(app)
    serve_widget_files(app)
    serve_page_state(app, host.feed)
    app.add_middleware(InTurn, pages=[f"/{page.name}" for page in found_apps()], most_waiting=settings.max_pages_waiting)
    # Sessions live in this process, and so does the key that their tokens are signed with.
    secret = secrets.token_bytes(32)
    for page in found_apps():
        options: dict[str, Any] = {**LEFT, "sign_sessions": True, "secret_key": secret}
        built = BuiltOnThread(guarded(page, host), f"{page.title} · Cyberpunk AI")
        add_applications({f"/{page.name}": built}, app=app, **options)
    for route in app.routes:
        if id(route) not in before and hasattr(route, "include_in_schema"):
            route.include_in_schema = False  # pages are no part of the API's description
    _stop_with(app, host, opened, waiting=settings.max_calculations)


def _stop_with(app: FastAPI, host: Any, opened: dict[str, Any], *, waiting: int) -> None:
    """Give the loop its threads, and end the stream's thread before the application closes the workspace that feeds it."""
    outer = app.router.lifespan_context

    @asynccontextmanager
    async def with_pages(inside: FastAPI) -> AsyncIterator[Any]:
        give_threads(waiting)
        async with outer(inside) as state:
            try:
                yield state
            finally:
                host.close()
                for workspace in opened.values():
                    workspace.close()

    app.router.lifespan_context = with_pages


def create_app(settings: Settings | None = None, *, host: str = "") -> FastAPI:
    """Build an application with the pages only.

    Args:
        settings: Defaults to the environment.
        host: Address that it is served on, where that is not the one of the settings.
    """
    app = FastAPI(title="Cyberpunk AI pages", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings or Settings.load()

    @app.get("/", include_in_schema=False)
    async def front() -> RedirectResponse:
        """Send a visitor to the first page."""
        return RedirectResponse(FRONT)

    mount(app)
    chosen = app.state.settings
    app.add_middleware(OriginCheck, rule=RequestOrigin.of(host or chosen.host, chosen.allowed_hosts.split(",")))
    return app


def main() -> None:
    """Serve the pages on this machine until interrupted."""
    import uvicorn
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    settings = Settings.load()
    options = argparse.ArgumentParser(prog="python -m apps.serve", description="Serve the Panel pages.")
    options.add_argument("--host", default=settings.host)
    options.add_argument("--port", type=int, default=settings.api_port)
    chosen = options.parse_args()
    uvicorn.run(
        create_app(settings, host=chosen.host),
        host=chosen.host,
        port=chosen.port,
        log_level=settings.log_level.lower(),
        timeout_graceful_shutdown=3,
        http=limited(AutoHTTPProtocol, settings.max_request_s),
        # A forecast on all cores may keep the answer to a ping waiting; a page must not take that for a lost connection.
        ws_ping_timeout=60.0,
    )


if __name__ == "__main__":
    main()
