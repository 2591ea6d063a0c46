"""GET /status, GET /health and GET /runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time
from cyberpunk_ai import __version__
from cyberpunk_ai.core.clock import utc_now

router = APIRouter(tags=["operations"])


@router.get("/status", summary="Is the server there")
async def status(request: Request) -> dict[str, Any]:
    """Answer without touching a store."""
    started = request.app.state.started_at
    return {
        "status": "running", "version": __version__, "started_at": started.isoformat(),
        "uptime_seconds": round((utc_now() - started).total_seconds(), 1), "websocket_clients": request.app.state.hub.clients,
    }  # fmt: skip


@router.get("/health", summary="Is every part well")
def health(ws: OpenWorkspace, who: WhoCalls, response: Response) -> dict[str, Any]:
    """Probe every part; 200 while healthy or degraded, 503 when unhealthy."""
    report = ws.health(caller=who)
    response.status_code = 503 if report.status == "unhealthy" else 200
    body: dict[str, Any] = report.to_dict()
    return body


@router.get("/runs", summary="Scheduled runs, newest first")
def runs(ws: OpenWorkspace, who: WhoCalls, pipeline: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> dict[str, Any]:
    """Return the record of runs."""
    return ws.runs(pipeline, limit=limit, caller=who).to_dict()
