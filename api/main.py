"""The API's application: `uvicorn api.main:app`. It assembles routes, sockets, metrics and the pages that settings mount beside them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from fastapi import FastAPI, WebSocket  # noqa: TC002 - FastAPI resolves annotations at run time
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from fastapi_offline import FastAPIOffline

from api import errors
from api.requests import RequestContext
from api.routes import router
from api.sockets.hub import Hub
from cyberpunk_ai import Workspace, __version__
from cyberpunk_ai.core import logs, server_process
from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.security.request_origin import OriginCheck, RequestOrigin
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.workspace import prometheus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DESCRIPTION = (
    "Data, forecasts, customers at risk and live events of one business. The same numbers as in notebooks, apps and scheduled runs."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application.

    Args:
        settings: Defaults to the environment.

    Raises:
        SettingsInvalid: The environment is wrong; every problem is named.
    """
    chosen = settings or Settings.load()
    logs.configure(chosen.log_level)
    # The stock documentation pages fetch their scripts from a CDN; these bring them along.
    app: FastAPI = FastAPIOffline(title="Cyberpunk AI", version=__version__, description=DESCRIPTION, lifespan=_lifespan)
    app.state.settings, app.state.started_at = chosen, utc_now()
    app.state.workspace = Workspace.open(chosen, is_server=True)
    app.state.hub = Hub(app.state.workspace)
    errors.install(app)
    app.include_router(router)
    _add_plain_routes(app)
    for target in filter(None, (name.strip() for name in chosen.mounts.split(","))):
        # Pages are another door; the settings name them, so that neither door imports the other.
        module, _, function = target.partition(":")
        getattr(import_module(module), function)(app)
    # Whoever reaches a loopback port counts as its administrator, so no page of another origin may reach a route, page or socket.
    app.add_middleware(OriginCheck, rule=RequestOrigin.of(chosen.host, chosen.allowed_hosts.split(",")))
    app.add_middleware(RequestContext, observe=prometheus.observe_request)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    process = server_process.own_server()
    server_process.set_limits(process, max_request_s=app.state.settings.max_request_s)
    server_process.give_threads(app.state.settings.max_calculations)
    app.state.hub.start()
    # The embedded engine takes seconds to start; whoever asks first should not be the one who waits.
    app.state.workspace.warm()
    warming = asyncio.create_task(asyncio.to_thread(app.state.workspace.health))
    port = app.state.settings.prometheus_port
    settings = app.state.settings
    server = prometheus.serve(settings.host, port, names=settings.allowed_hosts.split(",")) if port else None
    try:
        yield
    finally:
        # Each step has its bound: a store that hangs must not keep the process alive, and must not keep the next step from happening.
        await server_process.bounded(app.state.hub.stop(), warming)
        if server is not None:
            await server_process.bounded(server_process.on_a_thread(server.shutdown))
            server.socket.close()  # not server_close(): that waits for whoever has sent half a request
        await server_process.bounded(server_process.on_a_thread(app.state.workspace.close))
        server_process.end_soon(process)


def _add_plain_routes(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def front() -> RedirectResponse:
        """Send a person to the cockpit, or to the routes where no pages are mounted."""
        return RedirectResponse("/cockpit" if app.state.settings.mounts else "/docs")

    @app.get("/live", include_in_schema=False)
    async def live() -> PlainTextResponse:
        """Answer while the process runs."""
        return PlainTextResponse("live")

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        """Return the process's measurements for Prometheus."""
        content, content_type = prometheus.exposition()
        return Response(content, media_type=content_type)

    @app.websocket("/ws")
    async def live_messages(socket: WebSocket) -> None:
        """Send `connection`, then `metrics_update` and `data_sync` messages as they come; a client may ask for a forecast that grows."""
        await app.state.hub.serve(socket)


def __getattr__(name: str) -> FastAPI:
    # `uvicorn api.main:app` asks once; importing this module for its factory opens nothing.
    if name == "app":
        app: FastAPI = globals().setdefault("app", create_app())
        return app
    raise AttributeError(f"module 'api.main' has no attribute {name!r}")
