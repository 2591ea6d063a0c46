"""The verbs whose engine is not built yet. Each says so; none pretends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import NotBuilt
from cyberpunk_ai.workspace.wiring import Wiring

if TYPE_CHECKING:
    from cyberpunk_ai.core.results import Result


class VerbsNotBuilt(Wiring):
    """Verbs to come."""

    def maintenance(self, **_asked: object) -> Result:
        """Remaining life, failures and schedules of assets: not built yet."""
        raise NotBuilt("predictive maintenance is not built yet", hint="telemetry metrics are there: query('avg_vibration', by=['asset'])")

    def chat(self, question: str, **_asked: object) -> Result:
        """Answer a plain question: not built yet."""
        raise NotBuilt("conversation is not built yet", hint="query() answers every metric; metrics() lists them", question=question)

    def insights(self, **_asked: object) -> Result:
        """What changed and why: not built yet."""
        raise NotBuilt("insights are not built yet", hint="query(..., compare='previous_period') shows what changed")

    def alerts(self, **_asked: object) -> Result:
        """Alert rules and channels: not built yet."""
        raise NotBuilt("alerts are not built yet", hint="health() and quality() show what is wrong now")
