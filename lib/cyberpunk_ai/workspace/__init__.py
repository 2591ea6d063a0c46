"""The one door into the package: `Workspace.open()` and its verbs. Wiring only; what a verb knows lives on the floors below.

Each verb checks the caller's permission, narrows rows to the caller's filter, masks personal columns, remembers answers as long as the
data behind them stays the same, writes one audit line, and returns a frozen result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cyberpunk_ai.core import logs
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.governance.callers import LOCAL_ADMIN, Caller
from cyberpunk_ai.health import metrics as prometheus
from cyberpunk_ai.workspace.customers import CustomerVerbs
from cyberpunk_ai.workspace.forecast_studies import ForecastStudyVerbs
from cyberpunk_ai.workspace.live import LiveVerbs
from cyberpunk_ai.workspace.metrics import MetricVerbs
from cyberpunk_ai.workspace.not_built import VerbsNotBuilt
from cyberpunk_ai.workspace.runs import RunVerbs
from cyberpunk_ai.workspace.sources import SourceVerbs
from cyberpunk_ai.workspace.trust import TrustVerbs

if TYPE_CHECKING:
    from types import TracebackType

    # Doors name the results that they are given; at run time nobody needs the class.
    from cyberpunk_ai.customer_analytics.results import RetentionReport as RetentionReport

__all__ = ["LOCAL_ADMIN", "Caller", "Workspace", "prometheus"]


class Workspace(MetricVerbs, ForecastStudyVerbs, CustomerVerbs, SourceVerbs, LiveVerbs, TrustVerbs, RunVerbs, VerbsNotBuilt):
    """One business: its data, forecasts, customers and runs.

    Open it with `Workspace.open()`; stores are opened when a verb first needs them, so opening is instant. Verbs may be called
    from several threads. Every verb takes `caller=`, which defaults to the caller that opened the workspace.
    """

    @classmethod
    def open(cls, settings: Settings | None = None, caller: Caller = LOCAL_ADMIN, *, is_server: bool = False) -> Self:
        """Open the workspace that the settings describe.

        Args:
            settings: Defaults to the environment.
            caller: Identity of the verbs' calls unless a verb is given another.
            is_server: Whether others wait while a verb works: forecasts are then worked out in processes of their own.

        Raises:
            SettingsInvalid: The environment is wrong; every problem is named.
        """
        chosen = settings or Settings.load()
        logs.configure_unless_done(chosen.log_level)
        return cls(chosen, caller, is_server=is_server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
