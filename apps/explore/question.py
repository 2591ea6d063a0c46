"""A question of the explore page as plain values, and how it is written into the page's address. No widget, no query."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

ALL = "all data"
PERIODS = ("last 30 days", "last 90 days", "last 12 months", "this year", "last year", ALL)
GRAINS = ("", "day", "week", "month", "quarter", "year")
COMPARISONS = {"nothing": "", "the period before": "previous_period", "the year before": "previous_year"}


@dataclass(frozen=True)
class Question:
    """What is asked: a metric, split by dimensions, narrowed to values."""

    metric: str = "revenue"
    by: str = ""
    then_by: str = ""
    period: str = "last 12 months"
    grain: str = ""
    compare: str = "previous_year"
    where: dict[str, list[str]] = field(default_factory=dict)

    def asked(self) -> dict[str, Any]:
        """Return the arguments of the workspace's query."""
        split = tuple(each for each in dict.fromkeys((self.by, self.then_by)) if each)
        return {
            "by": split, "where": dict(self.where) or None, "period": None if self.period == ALL else self.period,
            "grain": self.grain or None, "compare": None if self.period == ALL else self.compare or None,
            "order": None if self.grain else "desc",
        }  # fmt: skip

    def drilled(self, dimension: str, value: str, offered: list[str]) -> Question:
        """Narrow to one value and split by the next dimension that is not narrowed yet."""
        where = {**self.where, dimension: [value]}
        rest = [each for each in offered if each not in where]
        by = self.by if self.by != dimension else (self.then_by or (rest[0] if rest else ""))
        then_by = "" if self.then_by in (dimension, by) else self.then_by
        return replace(self, where=where, by=by, then_by=then_by)

    def without(self, dimension: str) -> Question:
        """Take a narrowing back."""
        return replace(self, where={name: values for name, values in self.where.items() if name != dimension})
