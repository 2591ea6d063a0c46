"""The record of pipeline runs: claimed by one process, kept alive by a lease, finished once.

The row is the truth, whoever carries the work. How a notebook is run is the pipelines' own business.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pandas as pd
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from cyberpunk_ai.core.clock import naive_utc, utc_now
from cyberpunk_ai.core.errors import Conflict, InvalidArgument, NotFound
from cyberpunk_ai.core.results import Result, to_jsonable
from cyberpunk_ai.data_fabric.stores.interrupted import INTERRUPTED, RUNNING, as_seen, is_interrupted, lease_from, settle, unchanged
from cyberpunk_ai.data_fabric.stores.records import pipeline_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from cyberpunk_ai.data_fabric.stores.interrupted import Row
    from cyberpunk_ai.data_fabric.stores.operational import Operational

RunStatus = Literal["running", "succeeded", "failed", "cancelled", "interrupted"]
FINAL = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class RunHistory(Result):
    """Runs, newest first.

    Attributes:
        runs: run_id, pipeline, scheduled_for, status, parameters, owner, started_at, finished_at, notebook_path, html_path, error.
            A run whose process has ended without ending it is `interrupted`, and its error says what to do.
    """

    chart_name: ClassVar[str] = ""
    runs: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the runs."""
        return self.runs


class RunLog:
    """Claims, heartbeats and endings of runs in the operational store.

    Args:
        operational: Store of the record.
        clock: Says the moment that leases are judged by.
    """

    def __init__(self, operational: Operational, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.operational, self._clock = operational, clock

    def claim(self, pipeline: str, *, scheduled_for: datetime, parameters: Mapping[str, object], owner: str) -> str | None:
        """Claim the run of a pipeline for a moment.

        Runs whose process has ended are recorded as `interrupted` first.

        Args:
            pipeline: Name in the catalogue.
            scheduled_for: Aware moment that the run stands for; one run exists per pipeline and moment.
            parameters: As given to the notebook.
            owner: Process that carries it, as `core.processes.this_process()` names it.

        Returns:
            The run's id; None when somebody else holds it or has finished it. An interrupted run is taken over under its own id.
        """
        now, moment = self._clock(), naive_utc(scheduled_for)
        settle(self.operational, pipeline_runs, now, _what_next)
        claimed = {
            "status": RUNNING, "owner": owner, "lease_until": lease_from(now), "started_at": naive_utc(now),
            "parameters": to_jsonable(dict(parameters)),
        }  # fmt: skip
        run_id = uuid.uuid4().hex
        try:
            with self.operational.begin() as connection:
                connection.execute(pipeline_runs.insert().values(run_id=run_id, pipeline=pipeline, scheduled_for=moment, **claimed))
        except IntegrityError:
            return self._take_over(pipeline, moment, now, claimed)
        return run_id

    def _take_over(self, pipeline: str, moment: datetime, now: datetime, claimed: Mapping[str, Any]) -> str | None:
        same = (pipeline_runs.c.pipeline == pipeline) & (pipeline_runs.c.scheduled_for == moment)
        with self.operational.begin() as connection:
            row = connection.execute(select(pipeline_runs).where(same)).mappings().one()
            if row["status"] != INTERRUPTED and not is_interrupted(row, now):
                return None
            taken = update(pipeline_runs).where(unchanged(pipeline_runs, row)).values(**claimed, finished_at=None, error=None)
            return str(row["run_id"]) if connection.execute(taken).rowcount == 1 else None

    def heartbeat(self, run_id: str, *, owner: str) -> None:
        """Extend the lease. A run that was taken for interrupted, because its machine was silent for too long, goes on.

        Raises:
            Conflict: Somebody else has taken the run over, or it has ended.
        """
        with self.operational.begin() as connection:
            going_on = update(pipeline_runs).where(_held(run_id, owner))
            if connection.execute(going_on.values(status=RUNNING, lease_until=lease_from(self._clock()), error=None)).rowcount != 1:
                raise Conflict(f"run {run_id} is no longer held by {owner}", hint="stop working on it; another process carries it now")

    def finish(
        self,
        run_id: str,
        *,
        owner: str,
        status: RunStatus,
        notebook_path: str = "",
        html_path: str = "",
        error: Mapping[str, object] | None = None,
    ) -> None:
        """End a run once.

        Raises:
            InvalidArgument: `status` is not a final one.
            Conflict: The run is not held by this owner any more.
        """
        if status not in FINAL:
            raise InvalidArgument(f"a run cannot end as {status!r}", hint=f"one of {', '.join(FINAL)}")
        ending = {
            "status": status, "finished_at": naive_utc(self._clock()), "lease_until": None, "notebook_path": notebook_path,
            "html_path": html_path, "error": to_jsonable(dict(error)) if error else None,
        }  # fmt: skip
        with self.operational.begin() as connection:
            if connection.execute(update(pipeline_runs).where(_held(run_id, owner)).values(**ending)).rowcount != 1:
                raise Conflict(f"run {run_id} is no longer held by {owner}", hint="another process took it over; its result counts")

    def history(self, *, pipeline: str | None = None, limit: int = 20) -> RunHistory:
        """Return the newest runs first, each as `get` does."""
        columns = [column.name for column in pipeline_runs.c if column.name != "lease_until"]
        query = select(pipeline_runs).order_by(pipeline_runs.c.started_at.desc()).limit(limit)
        if pipeline is not None:
            query = query.where(pipeline_runs.c.pipeline == pipeline)
        with self.operational.read() as connection:
            rows = connection.execute(query).mappings().all()
        now = self._clock()
        return RunHistory(pd.DataFrame([as_seen(row, now, _what_next) for row in rows], columns=columns))

    def get(self, run_id: str) -> dict[str, Any]:
        """Return one run; `interrupted` where its process has ended, also before that is written down.

        Raises:
            NotFound: No such run.
        """
        with self.operational.read() as connection:
            row = connection.execute(select(pipeline_runs).where(pipeline_runs.c.run_id == run_id)).mappings().first()
        if row is None:
            raise NotFound(f"no run has the id {run_id!r}", hint="`cyberpunk runs` shows them")
        return as_seen(row, self._clock(), _what_next)


def _held(run_id: str, owner: str) -> ColumnElement[bool]:
    # One that was only taken for interrupted still belongs to its owner: what really happened is what counts.
    c = pipeline_runs.c
    return (c.run_id == run_id) & (c.owner == owner) & c.status.in_((RUNNING, INTERRUPTED))


def _what_next(row: Row) -> str:
    return f"Run it again: cyberpunk run {row['pipeline']}"
