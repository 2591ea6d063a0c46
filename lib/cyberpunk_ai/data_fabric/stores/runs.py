"""The record of pipeline runs: claimed by one process, kept alive by a lease, finished once.

The row is the truth, whoever carries the work. How a notebook is run is the pipelines' own business.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pandas as pd
from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import Conflict, InvalidArgument, NotFound
from cyberpunk_ai.core.results import Result, to_jsonable
from cyberpunk_ai.data_fabric.stores.records import pipeline_runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberpunk_ai.data_fabric.stores.operational import Operational

RunStatus = Literal["running", "succeeded", "failed", "cancelled"]
LEASE_SECONDS = 60.0
FINAL = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class RunHistory(Result):
    """Runs, newest first.

    Attributes:
        runs: run_id, pipeline, scheduled_for, status, parameters, owner, started_at, finished_at, notebook_path, html_path, error.
    """

    chart_name: ClassVar[str] = ""
    runs: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the runs."""
        return self.runs


class RunLog:
    """Claims, heartbeats and endings of runs in the operational store."""

    def __init__(self, operational: Operational) -> None:
        self.operational = operational

    def claim(self, pipeline: str, *, scheduled_for: datetime, parameters: Mapping[str, object], owner: str) -> str | None:
        """Claim the run of a pipeline for a moment.

        Args:
            pipeline: Name in the catalogue.
            scheduled_for: Aware moment that the run stands for; one run exists per pipeline and moment.
            parameters: As given to the notebook.
            owner: Who carries it, e.g. host and process id.

        Returns:
            The run's id; None when somebody else holds it or has finished it. A run whose lease ran out is taken over under its own id.
        """
        now, moment = _naive(utc_now()), _naive(scheduled_for)
        claimed = {"status": "running", "owner": owner, "lease_until": now + timedelta(seconds=LEASE_SECONDS), "started_at": now}
        run_id = uuid.uuid4().hex
        try:
            with self.operational.begin() as connection:
                connection.execute(
                    pipeline_runs.insert().values(
                        run_id=run_id, pipeline=pipeline, scheduled_for=moment, parameters=to_jsonable(dict(parameters)), **claimed
                    )
                )
        except IntegrityError:
            return self._take_over(pipeline, moment, now, claimed | {"parameters": to_jsonable(dict(parameters))})
        return run_id

    def _take_over(self, pipeline: str, moment: datetime, now: datetime, claimed: Mapping[str, Any]) -> str | None:
        same = (pipeline_runs.c.pipeline == pipeline) & (pipeline_runs.c.scheduled_for == moment)
        expired = (
            same & (pipeline_runs.c.status == "running") & or_(pipeline_runs.c.lease_until.is_(None), pipeline_runs.c.lease_until < now)
        )
        with self.operational.begin() as connection:
            if connection.execute(update(pipeline_runs).where(expired).values(**claimed)).rowcount != 1:
                return None
            return str(connection.execute(select(pipeline_runs.c.run_id).where(same)).scalar_one())

    def heartbeat(self, run_id: str, *, owner: str) -> None:
        """Extend the lease.

        Raises:
            Conflict: Somebody else has taken the run over, or it has ended.
        """
        held = (pipeline_runs.c.run_id == run_id) & (pipeline_runs.c.owner == owner) & (pipeline_runs.c.status == "running")
        lease = _naive(utc_now()) + timedelta(seconds=LEASE_SECONDS)
        with self.operational.begin() as connection:
            if connection.execute(update(pipeline_runs).where(held).values(lease_until=lease)).rowcount != 1:
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
        held = (pipeline_runs.c.run_id == run_id) & (pipeline_runs.c.owner == owner) & (pipeline_runs.c.status == "running")
        ending = {
            "status": status, "finished_at": _naive(utc_now()), "lease_until": None, "notebook_path": notebook_path, "html_path": html_path,
            "error": to_jsonable(dict(error)) if error else None,
        }  # fmt: skip
        with self.operational.begin() as connection:
            if connection.execute(update(pipeline_runs).where(held).values(**ending)).rowcount != 1:
                raise Conflict(f"run {run_id} is no longer held by {owner}", hint="another process took it over; its result counts")

    def history(self, *, pipeline: str | None = None, limit: int = 20) -> RunHistory:
        """Return the newest runs first."""
        columns = [column for column in pipeline_runs.c if column.name != "lease_until"]
        query = select(*columns).order_by(pipeline_runs.c.started_at.desc()).limit(limit)
        if pipeline is not None:
            query = query.where(pipeline_runs.c.pipeline == pipeline)
        with self.operational.read() as connection:
            rows = connection.execute(query).all()
        return RunHistory(pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in columns]))

    def get(self, run_id: str) -> dict[str, Any]:
        """Return one run.

        Raises:
            NotFound: No such run.
        """
        with self.operational.read() as connection:
            row = connection.execute(select(pipeline_runs).where(pipeline_runs.c.run_id == run_id)).mappings().first()
        if row is None:
            raise NotFound(f"no run has the id {run_id!r}", hint="`cyberpunk run --list` shows the runs")
        return dict(row)


def _naive(moment: datetime) -> datetime:
    """Store naive UTC, which SQLite and PostgreSQL both keep as it is."""
    return moment.astimezone(UTC).replace(tzinfo=None)
