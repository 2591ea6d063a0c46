"""POST /retention, POST /retention/validation, GET /customer/{customer_id} and POST /customer/{customer_id}/what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time
from api.schemas.retention import CustomersAsked, RetentionRequest, WhatIfRequest
from api.serialise import retention_body, validation_body

if TYPE_CHECKING:
    from cyberpunk_ai.workspace import RetentionReport

router = APIRouter(tags=["customers"])


@router.post("/retention", summary="Churn, segments, cohorts and lifetime value")
def retention(ws: OpenWorkspace, who: WhoCalls, asked: RetentionRequest | None = None) -> dict[str, Any]:
    """Return the report with the customers most likely to leave."""
    wanted = asked or RetentionRequest()
    return retention_body(_report(ws, who, wanted, wanted.clusters), wanted)


@router.post("/retention/validation", summary="Whether to trust the report: held-out figures, lift and calibration")
def validation(ws: OpenWorkspace, who: WhoCalls, asked: CustomersAsked | None = None) -> dict[str, Any]:
    """Return the figures on customers whose outcome the model had not seen, each judged, and a verdict in a sentence."""
    return validation_body(_report(ws, who, asked or CustomersAsked()))


@router.get("/customer/{customer_id}", summary="One customer from all sides")
def customer(customer_id: str, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return profile, orders, segment, churn probability with what moves it, and value."""
    return ws.customer(customer_id, caller=who).to_dict()


@router.post("/customer/{customer_id}/what-if", summary="One customer, had something about it been different")
def what_if(customer_id: str, ws: OpenWorkspace, who: WhoCalls, asked: WhatIfRequest) -> dict[str, Any]:
    """Return chance and value before and after a change that is only thought of: an association, not a promised effect."""
    return _report(ws, who, asked).what_if(customer_id, asked.changes).to_dict()


def _report(ws: OpenWorkspace, who: WhoCalls, asked: CustomersAsked, clusters: bool | int = False) -> RetentionReport:
    return ws.retention(
        as_of=asked.as_of, horizon_days=asked.horizon_days, where=asked.where, regime=asked.regime, clusters=clusters, caller=who
    )
