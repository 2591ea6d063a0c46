"""POST /data/sync, GET /data/quality, GET /data/sources and GET /data/quarantine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time
from api.schemas.sync import SyncRequest  # noqa: TC001

router = APIRouter(prefix="/data", tags=["data"])


@router.post("/sync", summary="Bring sources up to date")
def sync(ws: OpenWorkspace, who: WhoCalls, asked: SyncRequest | None = None) -> dict[str, Any]:
    """Sync and report per source; progress goes out as `data_sync` messages over /ws meanwhile."""
    return ws.sync(asked.sources if asked else None, caller=who).to_dict()


@router.get("/quality", summary="How far the data can be trusted")
def quality(ws: OpenWorkspace, who: WhoCalls, dataset: str | None = None) -> dict[str, Any]:
    """Return scores, checks and deductions per dataset."""
    return ws.quality(dataset, caller=who).to_dict()


@router.get("/sources", summary="Configured sources and kinds of sources")
def sources(ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return the sources with their last sync, and the connectors with whether they can be used here."""
    kinds = [
        {"name": kind.name, "summary": kind.summary, "available": kind.available, "reason": kind.reason}
        for kind in ws.connectors(caller=who)
    ]
    return ws.sources(caller=who).to_dict() | {"connectors": kinds}


@router.get("/quarantine", summary="Rows that could not be taken, with the reason")
def quarantine(
    ws: OpenWorkspace, who: WhoCalls, source: str | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 100
) -> dict[str, Any]:
    """Return quarantined rows, newest first."""
    return ws.quarantine(source, limit=limit, caller=who).to_dict()
