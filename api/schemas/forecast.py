"""Body of POST /forecast."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.series import SeriesPoint  # noqa: TC001 - pydantic needs the type at run time

Grain = Literal["day", "week", "month", "quarter", "year"]


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
    levels: list[int] = Field([80, 95], min_length=1, max_length=5, description="Interval levels in percent.")
    models: list[str] | None = Field(None, description="Forecasters to use; all of them when left out.")
    backtest_windows: int = Field(2, ge=0, le=10, description="Rolling origins for backtest and calibration.")
    data: list[SeriesPoint] | None = Field(None, max_length=200_000, description="Own series instead of a metric.")

    @model_validator(mode="after")
    def _nothing_is_overlooked(self) -> Self:
        """Refuse what the forecast with customers does not know, instead of answering another question."""
        ignored = sorted({"by", "levels", "models", "backtest_windows"} & self.model_fields_set)
        if self.customer_data_source is not None and ignored:
            raise ValueError(f"{', '.join(ignored)} cannot be combined with customer_data_source")
        return self
