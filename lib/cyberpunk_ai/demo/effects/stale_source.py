"""A source that goes stale: its rows simply stop some days before the end, without an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from cyberpunk_ai.demo.history import History


@dataclass(frozen=True)
class StaleSource:
    """The source that nobody noticed.

    Attributes:
        source: Its name.
        table: The table that it feeds.
        silent_days: Days up to the end without rows.
    """

    source: str = "marketing_ads"
    table: str = "marketing_ads"
    silent_days: int = 9

    def last_day(self, history: History) -> date:
        """Return the last day with rows."""
        return history.date_of(history.days - 1 - self.silent_days)

    def to_truth(self, history: History) -> dict[str, object]:
        """Return what the truth file records."""
        last = self.last_day(history).isoformat()
        return {"source": self.source, "table": self.table, "silent_days": self.silent_days, "last_day": last}
