"""Referential integrity: what a row points to exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from cyberpunk_ai.data_fabric.quality.base import CHECKS, Check, CheckConfig, Circumstances, Outcome
from cyberpunk_ai.data_fabric.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping


class ReferentialConfig(CheckConfig):
    """Where a column points."""

    column: str
    to: str = Field(description="`table.column` that must hold the value.")
    allowed: float = Field(0.0, ge=0, le=1, description="Share of dangling rows that is tolerated.")


@CHECKS.register("referential", summary="What a row points to exists")
class Referential(Check):
    """What a row points to exists."""

    kind = "referential"
    Config = ReferentialConfig
    config: ReferentialConfig

    @property
    def name(self) -> str:
        """Name of the check."""
        return f"{self.config.column} exists in {self.config.to}"

    def failing(self) -> str:
        """Rows that point nowhere."""
        other, _, theirs = self.config.to.partition(".")
        ours = self.known_column(self.config.column)
        table(other).contract[theirs]
        return f"({ours} IS NOT NULL AND {ours} NOT IN (SELECT {theirs} FROM {other} WHERE {theirs} IS NOT NULL))"

    def measures(self) -> Mapping[str, str]:
        """Count rows that point nowhere."""
        return {"dangling": f"countIf({self.failing()})"}

    def judge(self, measured: Mapping[str, Any], given: Circumstances) -> Outcome:
        """Fail when there are more than tolerated."""
        return self.share_outcome(
            int(measured["dangling"]), given.rows, self.config.allowed, f"{self.config.column} is not in {self.config.to}"
        )
