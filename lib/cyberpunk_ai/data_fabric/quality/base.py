"""What a check is: aggregates to measure in the dataset's one pass, a judgement on them, and the rows that fail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.registry import Registry
from cyberpunk_ai.data_fabric.tables import Table  # noqa: TC001 - kept resolvable for those who write checks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse

FULL_AT = 0.1  # a tenth of the rows failing costs the whole weight of a check
LEAST = 0.1  # a check that fails costs at least this share of its weight


@dataclass(frozen=True)
class Outcome:
    """A check's judgement.

    Attributes:
        passed: Whether the data is as it should be.
        failing_rows: Rows that are not; for checks of the dataset as a whole 0.
        severity: From 0 to 1, the share of the weight that is taken off.
        message: What was found, in a sentence.
    """

    passed: bool
    failing_rows: int
    severity: float
    message: str


@dataclass(frozen=True)
class Circumstances:
    """What a judgement may need beyond the measures: the row count, the present moment, and the warehouse for a query of its own."""

    rows: int
    now: datetime
    warehouse: Warehouse


class CheckConfig(BaseModel):
    """What every check of `checks.yml` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(description="Family of the check.")
    weight: float = Field(10.0, gt=0, le=100, description="Points taken off when it fails badly.")
    critical: bool = Field(False, description="Whether a failure caps the dataset's score at 50.")


class Check(ABC):
    """One check of one dataset.

    Args:
        table: The dataset's table.
        config: Validated settings.
    """

    kind: ClassVar[str]
    Config: ClassVar[type[CheckConfig]]

    def __init__(self, table: Table, config: Any) -> None:
        self.table, self.config = table, config

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the check, unique within its dataset."""

    @property
    def column(self) -> str:
        """Column that it is about, empty for the dataset as a whole."""
        return str(getattr(self.config, "column", ""))

    @abstractmethod
    def measures(self) -> Mapping[str, str]:
        """Return aggregates in ClickHouse SQL by a name of their own; they are computed in the dataset's one pass."""

    @abstractmethod
    def judge(self, measured: Mapping[str, Any], given: Circumstances) -> Outcome:
        """Judge by the measured values."""

    def failing(self) -> str | None:
        """Return the condition that failing rows meet, or None when there are no single rows to show."""
        return None

    def share_outcome(self, bad: int, rows: int, allowed: float, what: str) -> Outcome:
        """Judge by the share of failing rows."""
        share = bad / rows if rows else 0.0
        if share <= allowed:
            return Outcome(passed=True, failing_rows=bad, severity=0.0, message=f"{what} in {bad:,} of {rows:,} rows")
        severity = min(1.0, max(LEAST, share / FULL_AT))
        limit = f", at most {allowed:.1%} allowed" if allowed else ""
        return Outcome(
            passed=False, failing_rows=bad, severity=severity, message=f"{what} in {bad:,} of {rows:,} rows ({share:.2%}){limit}"
        )

    def known_column(self, name: str) -> str:
        """Return a column's name after making sure that the table has it.

        Raises:
            InvalidArgument: It has not.
        """
        if name not in self.table.contract.names:
            raise InvalidArgument(
                f"check of {self.table.name}: no column {name!r}", hint=f"columns: {', '.join(self.table.contract.names)}"
            )
        return name


CHECKS: Registry[type[Check]] = Registry("quality_check", "cyberpunk_ai.data_fabric.quality")


def literal(value: object) -> str:
    """Write a value of `checks.yml` as ClickHouse SQL."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
