"""The verbs that say how far to trust: quality, health and audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core import clock
from cyberpunk_ai.workspace.wiring import Wiring

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.data_fabric.quality.scorecard import QualityReport
    from cyberpunk_ai.governance.callers import Caller
    from cyberpunk_ai.health.report import HealthReport


class TrustVerbs(Wiring):
    """Quality, health and audit."""

    def quality(self, dataset: str | None = None, *, caller: Caller | None = None) -> QualityReport:
        """Score the data: freshness, completeness, uniqueness, validity, references and volume."""

        def work(_who: Caller) -> QualityReport:
            from cyberpunk_ai.data_fabric.quality.scorecard import QualityScorecard

            return QualityScorecard(self._stores.warehouse, self._stores.operational, today=clock.today(self.settings)).run(dataset)

        return self._verb("quality", "quality", dataset or "all", {}, caller, work)

    def health(self, *, caller: Caller | None = None) -> HealthReport:
        """Probe every part, each within half a second. Leaves no audit line, so that it answers while the database is down."""
        from cyberpunk_ai.health.report import workspace_health

        (caller or self.caller).require("health")
        return workspace_health(self._stores, self.settings)

    def audit(self, *, limit: int = 100, caller: Caller | None = None) -> pd.DataFrame:
        """Return the newest audit lines first."""
        from cyberpunk_ai.governance import audit

        return self._verb("audit", "audit", "log", {}, caller, lambda _who: audit.recent(self._stores.operational, limit=limit))
