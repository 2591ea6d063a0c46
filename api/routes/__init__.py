"""One file per subject. Each route is at most ten lines: parse, one verb, serialise."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes import customers, data, forecast, forecast_studies, metrics, not_built, operations

router = APIRouter(prefix="/api/v1")
for subject in (operations, forecast, forecast_studies, customers, data, metrics, not_built):
    router.include_router(subject.router)
