"""From results to JSON bodies, where a body is more than the result's own dict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from api.schemas.retention import Part
from cyberpunk_ai.core.errors import TooLittleData

if TYPE_CHECKING:
    import pandas as pd

    from api.schemas.forecast import ForecastRequest
    from api.schemas.retention import RetentionRequest
    from api.schemas.series import FuturePoint, SeriesPoint
    from cyberpunk_ai.core.results import Result
    from cyberpunk_ai.workspace import RetentionReport

INTERVALS = ("lo-", "hi-")


def own_data(points: list[SeriesPoint] | None) -> pd.DataFrame | None:
    """Return the client's series as a long frame (unique_id, ds, y, covariates), or None when it sent none."""
    if points is None:
        return None
    return _frame([{"unique_id": each.unique_id, "ds": each.ds, "y": each.y, **each.covariates} for each in points])


def own_future(points: list[FuturePoint] | None) -> pd.DataFrame | None:
    """Return covariates over the horizon as a frame; without unique_id where no point names a series."""
    if points is None:
        return None
    frame = _frame([{"unique_id": each.unique_id, "ds": each.ds, **each.covariates} for each in points])
    return frame.drop(columns="unique_id") if frame["unique_id"].isna().all() else frame


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows)
    if not len(frame):
        return pd.DataFrame(columns=["unique_id", "ds", "y"])
    return frame.assign(ds=pd.to_datetime(frame["ds"], utc=True).dt.tz_localize(None))


def forecast_body(result: Result, asked: ForecastRequest) -> dict[str, Any]:
    """Return a forecast with what was asked; without intervals when the client wants none."""
    body = {"metric": asked.metric if asked.data is None else "own data", "grain": asked.grain} | result.to_dict()
    return body if asked.include_confidence else _without_intervals(body)


def _without_intervals(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_intervals(item) for name, item in value.items() if not name.startswith(INTERVALS)}
    return [_without_intervals(item) for item in value] if isinstance(value, list) else value


def retention_body(report: RetentionReport, asked: RetentionRequest) -> dict[str, Any]:
    """Return what was asked of a report: its `limit` customers of highest churn probability, and how many there are in all."""
    body = report.to_dict()
    kept = set(get_args(Part)) - {"held_out"} if asked.parts is None else set(asked.parts)
    customers = body["customers"]
    ranked = sorted(customers, key=lambda row: (-(row["churn_probability"] or 0.0), str(row["customer_id"])))
    body |= {"customers": ranked[: asked.limit], "held_out": body["held_out"][: asked.limit]}
    told = {name: value for name, value in body.items() if name in kept or name not in get_args(Part)}
    return told | {"headline": report.headline, "customers_total": len(customers)}


def validation_body(report: RetentionReport) -> dict[str, Any]:
    """Return whether to trust a report; lift and calibration are missing where nobody was held out."""
    body: dict[str, Any] = {"validation": report.validate(None).to_dict(), "lift": None, "calibration": None}
    try:
        return body | {"lift": report.lift_curve().to_dict(), "calibration": report.calibration().to_dict()}
    except TooLittleData:
        return body
