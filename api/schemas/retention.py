"""Bodies of the routes of customers."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic needs the type at run time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Part = Literal[
    "customers", "segments", "cohorts", "return_curves", "revenue_retention", "survival", "totals", "clusters", "validation", "parameters",
    "held_out",
]  # fmt: skip


class CustomersAsked(BaseModel):
    """Which customers to analyse, from when, and how far ahead."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}, {"where": {"segment": "SMB"}, "horizon_days": 90}]})

    as_of: datetime | None = Field(None, description="Moment to look from; the last transaction when left out.")
    horizon_days: int | None = Field(None, ge=1, le=3650, description="How far churn and value look ahead; learnt when left out.")
    where: dict[str, Any] = Field(default_factory=dict, description="Dimension to value, list of values, or {'not': [...]}.")
    regime: Literal["contractual", "non_contractual"] | None = Field(None, description="Found in the data when left out.")


class RetentionRequest(CustomersAsked):
    """Which customers to analyse, and how much of the answer to send."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {},
                {"where": {"segment": "SMB"}, "horizon_days": 90, "limit": 50},
                {"parts": ["totals", "revenue_retention"], "limit": 0},
            ]
        },
    )

    clusters: bool | int = Field(
        default=False,
        le=50,
        description="Also group customers by recency, frequency and money: how many groups, or true to have it chosen.",
    )
    limit: int = Field(100, ge=0, le=100_000, description="At most this many customers in the answer, highest churn probability first.")
    parts: list[Part] | None = Field(
        None, description="Tables to send beside the summary; all of them but `held_out` when left out. `held_out` obeys `limit` too."
    )


class WhatIfRequest(CustomersAsked):
    """What would be different about one customer."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"changes": {"purchases_today": 1}}, {"changes": {"extra_days_of_silence": 30}}]}
    )

    changes: dict[str, str | float | bool] = Field(
        min_length=1, max_length=50, description="Name to new value; a name that cannot be changed is answered with those that can."
    )
