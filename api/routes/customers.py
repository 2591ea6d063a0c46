"""POST /retention and GET /customer/{customer_id}."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time
from api.schemas.retention import RetentionRequest
from api.serialise import retention_body

router = APIRouter(tags=["customers"])


@router.post("/retention", summary="Churn, segments, cohorts and lifetime value")
def retention(ws: OpenWorkspace, who: WhoCalls, asked: RetentionRequest | None = None) -> dict[str, Any]:
    """Return the report with the customers most likely to leave."""
    wanted = asked or RetentionRequest()
    report = ws.retention(as_of=wanted.as_of, horizon_days=wanted.horizon_days, where=wanted.where, caller=who)
    return retention_body(report, wanted.limit)


@router.get("/customer/{customer_id}", summary="One customer from all sides")
def customer(customer_id: str, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return profile, orders, segment, churn probability with reasons, and value."""
    return ws.customer(customer_id, caller=who).to_dict()
