"""Uniqueness: no two rows share what must be theirs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from cyberpunk_ai.data_fabric.quality.base import CHECKS, Check, CheckConfig, Circumstances, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class UniquenessConfig(CheckConfig):
    """What must be unique."""

    columns: tuple[str, ...] = Field((), description="Columns that together are unique; the table's key when empty.")
    ignore_case: bool = Field(False, description="Whether ADA@X and ada@x are the same.")
    allowed: float = Field(0.0, ge=0, le=1, description="Share of surplus rows that is tolerated.")


@CHECKS.register("uniqueness", summary="No two rows share a key")
class Uniqueness(Check):
    """No two rows share a key."""

    kind = "uniqueness"
    Config = UniquenessConfig
    config: UniquenessConfig

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that together are unique."""
        return self.config.columns or self.table.key

    @property
    def column(self) -> str:
        """Columns that it is about."""
        return ", ".join(self.columns)

    @property
    def name(self) -> str:
        """Name of the check."""
        return f"{self.column} is unique"

    def _value(self) -> str:
        parts = [f"lower(trimBoth({name}))" if self.config.ignore_case else self.known_column(name) for name in self.columns]
        return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"

    def _filled(self) -> str:
        return " AND ".join(f"{self.known_column(name)} IS NOT NULL" for name in self.columns)

    def failing(self) -> str:
        """Every row whose key occurs more than once."""
        source = f"SELECT {self._value()} AS again FROM {self.table.name} WHERE {self._filled()} GROUP BY again HAVING count() > 1"
        return f"({self._filled()} AND {self._value()} IN ({source}))"

    def measures(self) -> Mapping[str, str]:
        """Count rows with a key, and keys, by a 128-bit hash: exact in practice, and it fits in memory."""
        parts = ", ".join(f"lower(trimBoth({name}))" if self.config.ignore_case else name for name in self.columns)
        return {"filled": f"countIf({self._filled()})", "distinct": f"uniqExactIf(sipHash128({parts}), {self._filled()})"}

    def judge(self, measured: Mapping[str, Any], given: Circumstances) -> Outcome:
        """Fail when there are more rows than keys."""
        surplus = int(measured["filled"]) - int(measured["distinct"])
        return self.share_outcome(surplus, given.rows, self.config.allowed, f"{self.column} occurs again")
