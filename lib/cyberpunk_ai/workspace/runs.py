"""The verbs of scheduled runs: claim, keep, finish, list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core.processes import this_process
from cyberpunk_ai.workspace.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cyberpunk_ai.data_fabric.stores.runs import RunHistory, RunStatus
    from cyberpunk_ai.governance.callers import Caller


class RunVerbs(Wiring):
    """The record of runs."""

    def start_run(
        self, pipeline: str, *, scheduled_for: datetime, parameters: Mapping[str, object], caller: Caller | None = None
    ) -> str | None:
        """Claim the run of a pipeline for a moment; None when another process has it."""
        return self._verb(
            "start_run", "runs", pipeline, dict(parameters), caller,
            lambda _who: self._runs.claim(pipeline, scheduled_for=scheduled_for, parameters=parameters, owner=this_process()), changes=True,
        )  # fmt: skip

    def heartbeat_run(self, run_id: str, *, caller: Caller | None = None) -> None:
        """Keep a claimed run; raises Conflict when it was taken over. Leaves no audit line: the claim and the end have theirs."""
        (caller or self.caller).require("runs")
        self._runs.heartbeat(run_id, owner=this_process())

    def finish_run(
        self,
        run_id: str,
        status: RunStatus,
        *,
        notebook_path: str = "",
        html_path: str = "",
        error: Mapping[str, object] | None = None,
        caller: Caller | None = None,
    ) -> None:
        """End a claimed run once."""
        self._verb(
            "finish_run", "runs", run_id, {"status": status}, caller,
            lambda _who: self._runs.finish(
                run_id, owner=this_process(), status=status, notebook_path=notebook_path, html_path=html_path, error=error
            ), changes=True,
        )  # fmt: skip

    def runs(self, pipeline: str | None = None, *, limit: int = 20, caller: Caller | None = None) -> RunHistory:
        """Return the newest runs first. One whose process has ended is `interrupted`, with what to do in its error."""
        return self._verb("runs", "runs", pipeline or "all", {}, caller, lambda _who: self._runs.history(pipeline=pipeline, limit=limit))
