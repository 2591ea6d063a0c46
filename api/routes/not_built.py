"""Documented routes whose engine is not built yet. The workspace says so, and the error map makes it 501 with the reason."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time

router = APIRouter(tags=["not built yet"], responses={501: {"description": "The engine is not built yet; the body gives the reason."}})


@router.post("/chat", summary="Ask a plain question (not built yet)")
def chat(question: dict[str, Any], ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Answer 501 until the conversation engine is built."""
    return ws.chat(str(question.get("query", "")), caller=who).to_dict()


@router.post("/maintenance", summary="Remaining life of assets (not built yet)")
def maintenance(ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Answer 501 until the maintenance engine is built."""
    return ws.maintenance(caller=who).to_dict()


@router.get("/insights", summary="What changed and why (not built yet)")
def insights(ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Answer 501 until the insights engine is built."""
    return ws.insights(caller=who).to_dict()


@router.get("/alerts", summary="Alerts (not built yet)")
def alerts(ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Answer 501 until the alert engine is built."""
    return ws.alerts(caller=who).to_dict()
