"""Validity: values within their range, of the words that are known, of the right shape, not in the future, and consistent in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from cyberpunk_ai.data_fabric.quality.base import CHECKS, Check, CheckConfig, Circumstances, Outcome, literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class ValidityConfig(CheckConfig):
    """What a value may be; exactly one condition beside `minimum` and `maximum`."""

    column: str = ""
    minimum: float | None = Field(None, description="Smallest value.")
    maximum: float | None = Field(None, description="Largest value.")
    values: tuple[str, ...] = Field((), description="Words that are known.")
    pattern: str = Field("", description="Regular expression that text must match.")
    past: bool = Field(False, description="Whether a moment must not lie in the future.")
    rule: str = Field("", description="Condition in ClickHouse SQL that every row must meet.")
    says: str = Field("", description="What is wrong with a row that fails, for the message.")
    allowed: float = Field(0.0, ge=0, le=1, description="Share of failing rows that is tolerated.")

    @model_validator(mode="after")
    def _has_a_condition(self) -> ValidityConfig:
        conditions = [
            self.minimum is not None or self.maximum is not None,
            bool(self.values),
            bool(self.pattern),
            self.past,
            bool(self.rule),
        ]
        if sum(conditions) != 1:
            raise ValueError("give one of minimum/maximum, values, pattern, past, rule")
        if not self.rule and not self.column:
            raise ValueError("name the column")
        if self.rule and not self.says:
            raise ValueError("a rule needs `says`")
        return self


@CHECKS.register("validity", summary="Values are possible")
class Validity(Check):
    """Values are possible."""

    kind = "validity"
    Config = ValidityConfig
    config: ValidityConfig

    @property
    def name(self) -> str:
        """Name of the check."""
        return f"validity: {self._what()}"

    def _what(self) -> str:
        c = self.config
        if c.says:
            return c.says
        if c.values:
            return f"{c.column} is an unknown word"
        if c.pattern:
            return f"{c.column} has the wrong shape"
        if c.past:
            return f"{c.column} lies in the future"
        low = f"below {c.minimum:g}" if c.minimum is not None else ""
        high = f"above {c.maximum:g}" if c.maximum is not None else ""
        return f"{c.column} is {' or '.join(part for part in (low, high) if part)}"

    def failing(self) -> str:
        """Rows whose value is impossible; a missing value is not this check's business."""
        c = self.config
        if c.rule:
            return f"(NOT coalesce(({c.rule}), 1))"
        column = self.known_column(c.column)
        if c.values:
            return f"({column} IS NOT NULL AND {column} NOT IN ({', '.join(map(literal, c.values))}))"
        if c.pattern:
            return f"({column} IS NOT NULL AND NOT match({column}, {literal(c.pattern)}))"
        if c.past:
            return f"({column} IS NOT NULL AND {column} > now('UTC') + INTERVAL 1 DAY)"
        parts = [f"{column} < {literal(c.minimum)}"] if c.minimum is not None else []
        parts += [f"{column} > {literal(c.maximum)}"] if c.maximum is not None else []
        return f"({column} IS NOT NULL AND ({' OR '.join(parts)}))"

    def measures(self) -> Mapping[str, str]:
        """Count impossible values."""
        return {"bad": f"countIf({self.failing()})"}

    def judge(self, measured: Mapping[str, Any], given: Circumstances) -> Outcome:
        """Fail when there are more than tolerated."""
        return self.share_outcome(int(measured["bad"]), given.rows, self.config.allowed, self._what())
