"""Freshness: how long ago the newest row happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import Field

from cyberpunk_ai.data_fabric.quality.base import CHECKS, Check, CheckConfig, Circumstances, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class FreshnessConfig(CheckConfig):
    """When a dataset is stale."""

    column: str
    max_days: float = Field(gt=0, description="Age of the newest row that is still fresh, in days.")


@CHECKS.register("freshness", summary="The newest row is recent")
class Freshness(Check):
    """The newest row is recent."""

    kind = "freshness"
    Config = FreshnessConfig
    config: FreshnessConfig

    @property
    def name(self) -> str:
        """Name of the check."""
        return f"freshness of {self.config.column}"

    def measures(self) -> Mapping[str, str]:
        """Measure the newest moment that is not in the future."""
        return {"newest": f"max({self.known_column(self.config.column)})"}

    def judge(self, measured: Mapping[str, Any], given: Circumstances) -> Outcome:
        """Fail when the newest row is older than allowed."""
        newest = pd.Timestamp(measured["newest"]) if measured["newest"] is not None else pd.NaT
        if pd.isna(newest):
            return Outcome(passed=False, failing_rows=0, severity=1.0, message=f"{self.config.column} is never filled")
        age = (pd.Timestamp(given.now) - newest).total_seconds() / 86400
        limit = self.config.max_days
        text = f"newest row is from {newest:%Y-%m-%d %H:%M}, {max(age, 0):.1f} days ago"
        if age <= limit:
            return Outcome(passed=True, failing_rows=0, severity=0.0, message=text)
        severity = min(1.0, max(0.25, (age - limit) / (3 * limit)))
        return Outcome(passed=False, failing_rows=0, severity=severity, message=f"{text}; {limit:g} are allowed")
