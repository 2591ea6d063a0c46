"""Body of POST /forecast."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.series import FuturePoint, SeriesPoint  # noqa: TC001 - pydantic needs the type at run time

Grain = Literal["day", "week", "month", "quarter", "year"]
Levels = list[Annotated[int, Field(ge=1, le=99)]]


class ForecastRequest(BaseModel):
    """What to forecast."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"horizon": 12, "include_confidence": True, "customer_data_source": "crm"},
                {"metric": "revenue", "grain": "week", "horizon": 12, "where": {"region": "EMEA"}},
            ]
        },
    )

    metric: str = Field("revenue", description="Additive metric of the semantic layer.")
    horizon: int = Field(12, ge=1, le=1000, description="Periods ahead.")
    grain: Grain = Field("month", description="Length of a period.")
    include_confidence: bool = Field(default=True, description="Whether interval columns are returned.")
    customer_data_source: str | None = Field(
        None, description="Name of the source whose customers move the forecast; their expected churn becomes its own component."
    )
    where: dict[str, Any] = Field(default_factory=dict, description="Dimension to value, list of values, or {'not': [...]}.")
    by: str | None = Field(None, description="One dimension; one series per value.")
    levels: list[Annotated[int, Field(ge=1, le=99)]] = Field(
        [80, 95], min_length=1, max_length=5, description="Interval levels in percent."
    )
    models: list[str] | None = Field(None, description="Forecasters to use; all of them when left out.")
    backtest_windows: int = Field(2, ge=0, le=10, description="Rolling origins for backtest and calibration.")
    data: list[SeriesPoint] | None = Field(None, max_length=200_000, description="Own series instead of a metric.")
    future: list[FuturePoint] | None = Field(None, max_length=50_000, description="Covariates of own series over the horizon.")
    holidays: str | None = Field(None, max_length=20, description="Country whose holidays move demand, such as DE or DE-BY.")
    outliers: Literal["keep", "clean"] = Field("keep", description="Whether single values far off are replaced, and listed.")
    resample: Literal["sum", "mean", "last"] | None = Field(None, description="How rows of own data with irregular dates are put together.")
    budget_s: float | None = Field(None, ge=0, le=600, description="Wall seconds after which members that have not landed are left out.")

    @model_validator(mode="after")
    def _nothing_is_overlooked(self) -> Self:
        """Refuse what the forecast with customers does not know, instead of answering another question."""
        known = {"metric", "horizon", "grain", "where", "data", "include_confidence", "customer_data_source"}
        ignored = sorted(self.model_fields_set - known)
        if self.customer_data_source is not None and ignored:
            raise ValueError(f"{', '.join(ignored)} cannot be combined with customer_data_source")
        return self


class StudyRequest(BaseModel):
    """A question to a forecast: which history, how far ahead."""

    model_config = ConfigDict(extra="forbid")

    metric: str = Field("revenue", description="Additive metric of the semantic layer.")
    horizon: int = Field(12, ge=1, le=1000, description="Periods ahead.")
    grain: Grain = Field("month", description="Length of a period.")
    where: dict[str, Any] = Field(default_factory=dict, description="As in the forecast.")
    by: str | None = Field(None, description="One dimension; one series per value.")
    data: list[SeriesPoint] | None = Field(None, max_length=200_000, description="Own series instead of a metric.")


class ReasonsRequest(StudyRequest):
    """Why a forecast is what it is."""

    future: list[FuturePoint] | None = Field(None, max_length=50_000, description="Covariates of own series over the horizon.")
    holidays: str | None = Field(None, max_length=20, description="Country whose holidays move demand.")


class CrossValidationRequest(StudyRequest):
    """How forecasts did at past points in time."""

    windows: int = Field(3, ge=1, le=20, description="Past points in time.")
    step: int | None = Field(None, ge=1, description="Periods from one to the next; the horizon when left out.")
    models: list[str] | None = Field(None, description="Forecasters to use; all of them when left out.")


class HierarchyRequest(BaseModel):
    """Forecasts that add up."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": ["region", "channel"], "horizon": 6, "grain": "month"}]}
    )

    metric: str = Field("revenue", description="Additive metric of the semantic layer.")
    by: list[str] = Field(min_length=1, max_length=4, description="Dimensions from the coarsest to the finest.")
    horizon: int = Field(12, ge=1, le=1000, description="Periods ahead.")
    grain: Grain = Field("month", description="Length of a period.")
    where: dict[str, Any] = Field(default_factory=dict, description="As in the forecast.")
    method: Literal["auto", "mint", "wls", "ols", "bottom_up"] = Field("auto", description="How forecasts are made to add up.")


class ScenarioRequest(BaseModel):
    """What another plan would bring."""

    model_config = ConfigDict(extra="forbid")

    data: list[SeriesPoint] = Field(min_length=1, max_length=200_000, description="History with covariates.")
    future: list[FuturePoint] = Field(min_length=1, max_length=50_000, description="Covariates over the horizon as planned.")
    changed: list[FuturePoint] = Field(min_length=1, max_length=50_000, description="The same with other values.")
    horizon: int = Field(12, ge=1, le=1000, description="Periods ahead.")


class AnomaliesRequest(BaseModel):
    """Which past values were not to be expected."""

    model_config = ConfigDict(extra="forbid")

    metric: str = Field("revenue", description="Additive metric of the semantic layer.")
    grain: Grain = Field("day", description="Length of a period.")
    where: dict[str, Any] = Field(default_factory=dict, description="As in the forecast.")
    by: str | None = Field(None, description="One dimension; one series per value.")
    level: float = Field(99.0, ge=50, lt=100, description="So many percent of ordinary values are no anomaly.")
    data: list[SeriesPoint] | None = Field(None, max_length=200_000, description="Own series instead of a metric.")
    only_anomalies: bool = Field(default=True, description="Leave the ordinary values out of the answer.")


class BatchRequest(BaseModel):
    """Many series, in the background."""

    model_config = ConfigDict(extra="forbid")

    data: list[SeriesPoint] = Field(min_length=1, max_length=500_000, description="All series.")
    horizon: int = Field(12, ge=1, le=1000, description="Periods ahead.")
    tier: Literal["full", "fast"] = Field("full", description="All members, or the quick ones for a long tail.")
    levels: list[Annotated[int, Field(ge=1, le=99)]] = Field(
        [80, 95], min_length=1, max_length=5, description="Interval levels in percent."
    )
    backtest_windows: int = Field(1, ge=0, le=10, description="Rolling origins for the intervals.")
    holidays: str | None = Field(None, max_length=20, description="Country whose holidays move demand.")
