"""Completeness: how often a column is filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from cyberpunk_ai.data_fabric.quality.base import CHECKS, Check, CheckConfig, Circumstances, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class CompletenessConfig(CheckConfig):
    """How often a column must be filled."""

    column: str
    at_least: float = Field(0.99, ge=0, le=1, description="Share of rows that must be filled.")


@CHECKS.register("completeness", summary="A column is filled")
class Completeness(Check):
    """A column is filled."""

    kind = "completeness"
    Config = CompletenessConfig
    config: CompletenessConfig

    @property
    def name(self) -> str:
        """Name of the check."""
        return f"{self.config.column} is filled"

    def failing(self) -> str:
        """Rows without a value; blank text is none."""
        column = self.known_column(self.config.column)
        is_text = self.table.contract[column].kind == "string"
        return f"({column} IS NULL OR trimBoth({column}) = '')" if is_text else f"({column} IS NULL)"

    def measures(self) -> Mapping[str, str]:
        """Count rows without a value."""
        return {"missing": f"countIf({self.failing()})"}

    def judge(self, measured: Mapping[str, Any], given: Circumstances) -> Outcome:
        """Fail when too many are missing."""
        what = f"{self.config.column} is missing"
        return self.share_outcome(int(measured["missing"]), given.rows, round(1 - self.config.at_least, 6), what)
