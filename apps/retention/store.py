"""What the retention page knows: one report for all visitors, and how it is narrowed."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from apps.kit.parts import Loader, NothingYet, Parts
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.charts.figures.value_and_risk import MOST_POINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pandas as pd

    from cyberpunk_ai import Workspace

EVERY = "all segments"
ANY = "any risk"
EVERYBODY, MOST_KEPT = "{}", 8
RISKS = (ANY, "high", "medium", "low")


@dataclass(frozen=True)
class Narrowing:
    """Which customers are shown."""

    segment: str = EVERY
    risk: str = ANY
    least_value: float = 0.0

    def of(self, customers: pd.DataFrame, can_be_kept: Collection[str] = ()) -> pd.DataFrame:
        """Return the rows that fit: who is at risk and still active first, then those who brought most and may leave.

        Args:
            customers: Of a retention report.
            can_be_kept: Ids of those at risk who are still active.
        """
        rows = customers
        if self.segment != EVERY:
            rows = rows[rows["segment"].astype(str) == self.segment]
        if self.risk != ANY:
            rows = rows[rows["risk"].astype(str) == self.risk]
        if self.least_value > 0:
            rows = rows[rows["monetary"].astype(float) >= self.least_value]
        at_risk = rows["churn_probability"].astype(float) * rows["monetary"].astype(float)
        first = rows["customer_id"].astype(str).isin(list(can_be_kept))
        return rows.assign(can_be_kept=first, value_at_risk=at_risk).sort_values(
            ["can_be_kept", "value_at_risk"], ascending=False, kind="stable"
        )


class RetentionStore:
    """Reports for all visitors: one of everybody, and of the few parts of the customers that were asked for last.

    Args:
        workspace: Where they come from.
    """

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace
        self._parts: OrderedDict[str, Parts] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, where: dict[str, list[str]]) -> Parts:
        """Return the parts of the page for customers whose orders fit `where`."""
        key = json.dumps(where, sort_keys=True)
        with self._lock:
            if key not in self._parts:
                self._parts[key] = Parts({"report": Loader(partial(self._report, where), 600)}, workers=1)
                while len(self._parts) > MOST_KEPT:
                    oldest = next(each for each in self._parts if each not in (key, EVERYBODY))
                    self._parts.pop(oldest).close()
            self._parts.move_to_end(key)
            return self._parts[key]

    def close(self) -> None:
        """Start no more work."""
        for parts in self._parts.values():
            parts.close()

    def _report(self, where: dict[str, list[str]]) -> Any:
        found = self._workspace()
        if not found.query("orders", where=where or None).total:
            raise NothingYet("No customers here")
        report = found.retention(where=where or None)
        if len(report.customers) > MOST_POINTS:
            CHARTS.get("value_and_risk")(report)  # what counts so many points takes seconds to load: here, and not while pages wait
        return report
