"""Questions to forecasts, forecasts that add up, and many at once in the background."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time
from api.schemas.forecast import (  # noqa: TC001
    AnomaliesRequest,
    BatchRequest,
    CrossValidationRequest,
    HierarchyRequest,
    ReasonsRequest,
    ScenarioRequest,
    StudyRequest,
)
from api.serialise import own_data, own_future
from cyberpunk_ai.core.csv_text import write_csv
from cyberpunk_ai.core.results import to_jsonable

router = APIRouter(tags=["forecast"])


@router.post("/forecast/components", summary="Trend, seasons and covariates of history and forecast")
def components(asked: StudyRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return parts that add up to every value and every forecast."""
    result = ws.forecast(**_history(asked), horizon=asked.horizon, caller=who)
    return result.components().to_dict()


@router.post("/forecast/reasons", summary="Why a forecast is what it is")
def reasons(asked: ReasonsRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return the way from the last value to each forecast value; contributions add up to it."""
    return ws.forecast_reasons(
        **_history(asked), horizon=asked.horizon, future=own_future(asked.future), holidays=asked.holidays, caller=who
    ).to_dict()


@router.post("/forecast/scenario", summary="What another plan would bring")
def scenario(asked: ScenarioRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return the forecast as planned, with the change, and the difference with its interval."""
    data, future, changed = own_data(asked.data), own_future(asked.future), own_future(asked.changed)
    assert data is not None and future is not None and changed is not None  # noqa: S101 - the schema requires all three
    return ws.forecast_scenario(data, future=future, changed=changed, horizon=asked.horizon, caller=who).to_dict()


@router.post("/forecast/cross-validation", summary="How forecasts did at past points in time")
def cross_validation(asked: CrossValidationRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return every past forecast, and scores by model, cut-off and steps ahead."""
    return ws.cross_validation(
        **_history(asked), horizon=asked.horizon, windows=asked.windows, step=asked.step, models=asked.models, caller=who
    ).to_dict()


@router.post("/forecast/hierarchy", summary="A total, its parts and their parts, so that they add up")
def hierarchy(asked: HierarchyRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return reconciled forecasts of every node, and what adding up gained on the past."""
    return ws.forecast_hierarchy(
        asked.metric, by=asked.by, horizon=asked.horizon, grain=asked.grain, where=asked.where, method=asked.method, caller=who
    ).to_dict()


@router.post("/anomalies", summary="Past values that were not to be expected")
def anomalies(asked: AnomaliesRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return what was expected of past values and which lay outside."""
    found = ws.anomalies(**_history(asked), level=asked.level, caller=who)
    body = found.to_dict()
    return body | {"frame": to_jsonable(found.to_frame())} if asked.only_anomalies else body


@router.post("/forecast/batch", status_code=202, summary="Forecast many series in the background")
def batch(asked: BatchRequest, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Accept the series and return the job; ask for it until it is done."""
    data = own_data(asked.data)
    assert data is not None  # noqa: S101 - the schema requires it
    return ws.submit_forecasts(
        data, horizon=asked.horizon, tier=asked.tier, levels=asked.levels, backtest_windows=asked.backtest_windows,
        holidays=asked.holidays, caller=who,
    ).to_dict()  # fmt: skip


@router.get("/forecast/batch/{job_id}", summary="Where a job stands")
def job(job_id: str, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return its state and how many series are done."""
    return ws.forecast_job(job_id, caller=who).to_dict()


@router.delete("/forecast/batch/{job_id}", summary="Stop a job")
def cancel(job_id: str, ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Stop it after its present chunk; finished chunks are kept for the next try."""
    return ws.forecast_job(job_id, cancel=True, caller=who).to_dict()


@router.get("/forecast/batch/{job_id}/result", summary="What a job made")
def result(
    job_id: str,
    ws: OpenWorkspace,
    who: WhoCalls,
    part: Literal["forecast", "quarantine"] = "forecast",
    file: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Return forecasts, or the series that could not be forecast, as JSON rows or CSV."""
    frame = ws.forecast_job_frame(job_id, part, caller=who)
    if file == "csv":
        return Response(write_csv(frame), media_type="text/csv")
    return Response(frame.to_json(orient="records", date_format="iso"), media_type="application/json")


def _history(asked: StudyRequest | AnomaliesRequest) -> dict[str, Any]:
    return {"metric": asked.metric, "grain": asked.grain, "where": asked.where, "by": asked.by, "data": own_data(asked.data)}
