"""One observation of a series that a client sends."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic needs the type at run time

from pydantic import BaseModel, ConfigDict, Field


class SeriesPoint(BaseModel):
    """A value at a time."""

    model_config = ConfigDict(extra="forbid")

    ds: datetime = Field(description="Start of the period.")
    y: float | None = Field(description="Value; null where missing.")
    unique_id: str = Field("series", description="Which series it belongs to.")
    covariates: dict[str, float | bool | str] = Field(
        default_factory=dict, description="What is known ahead, such as a promotion or price."
    )


class FuturePoint(BaseModel):
    """Covariates of a period to come."""

    model_config = ConfigDict(extra="forbid")

    ds: datetime = Field(description="Start of the period.")
    unique_id: str | None = Field(None, description="Which series it belongs to; left out where it is the same for all.")
    covariates: dict[str, float | bool | str] = Field(description="The same names as in the data.")
