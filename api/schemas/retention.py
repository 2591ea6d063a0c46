"""Body of POST /retention."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic needs the type at run time
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class RetentionRequest(BaseModel):
    """Which customers to analyse, from when, and how far ahead."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{}, {"where": {"segment": "SMB"}, "horizon_days": 90, "limit": 50}]}
    )

    as_of: datetime | None = Field(None, description="Moment to look from; the last transaction when left out.")
    horizon_days: int | None = Field(None, ge=1, le=3650, description="How far churn and value look ahead; learnt when left out.")
    where: dict[str, Any] = Field(default_factory=dict, description="Dimension to value, list of values, or {'not': [...]}.")
    limit: int = Field(100, ge=0, le=100_000, description="At most this many customers in the answer, highest churn probability first.")
