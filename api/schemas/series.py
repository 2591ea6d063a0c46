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
