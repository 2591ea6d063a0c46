"""Forecasts of many series in the background: accepted, watched, fetched, cancelled. State is in files, so that every process sees it.

What the work is, is `forecast_many`'s.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import CyberpunkError, InvalidArgument, LimitReached, NotFound, StoreFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.processes import has_ended, this_process
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.core.storage_errors import writing
from cyberpunk_ai.data_fabric.stores.file_locks import file_lock
from cyberpunk_ai.forecasting.fitted import as_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cyberpunk_ai.models.forecast_many import ForecastMany

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
_ID = re.compile(r"[0-9a-f]{16}")
_OVER = ("done", "failed", "cancelled", "interrupted")
MAX_JOBS = 32
_log = get_logger(__name__)
INTERRUPTED = "the process that worked on it has ended; send the same series again, and finished chunks are taken up"
CLOSE_S = 2.0


@dataclass(frozen=True)
class ForecastJob(Result):
    """Where a job stands.

    Attributes:
        job_id: Its name.
        state: queued, running, done, failed, cancelled, or interrupted where its process ended before it.
        series_done: Series forecast so far.
        series: Series in all.
        created_at: When it was accepted, UTC.
        updated_at: When it last moved, UTC.
        message: What went wrong and what to do; empty while all is well.
        quarantined: Series that could not be forecast; known at the end.
        pid: Process that works on it.
        process: The same process with its host and start time.
    """

    job_id: str
    state: State
    series_done: int
    series: int
    created_at: str
    updated_at: str
    message: str = ""
    quarantined: int = 0
    pid: int = 0
    process: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the state as one row."""
        return pd.DataFrame([asdict(self)])


class _Cancelled(Exception):
    """The job was cancelled."""


class _Interrupted(Exception):
    """The process is about to end."""


class ForecastJobs:
    """Jobs of one folder. They are worked on one after another in this process, each with all its cores.

    Args:
        folder: Where states, finished chunks and results are kept.
        max_jobs: Jobs that may be queued or running at once in the folder.
    """

    def __init__(self, folder: Path, *, max_jobs: int = MAX_JOBS) -> None:
        self.folder, self.max_jobs = folder, max_jobs
        self._held: set[str] = set()
        self._unsaved: dict[str, ForecastJob] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="forecast-job")
        self._lock = threading.Lock()
        self._closing, self._idle = threading.Event(), threading.Event()
        self._idle.set()

    def submit(self, data: pd.DataFrame, work: Callable[..., ForecastMany], **asked: Any) -> ForecastJob:
        """Accept a job and return at once.

        Args:
            data: Long frame of unique_id, ds, y.
            work: Called with the data, `resume_dir`, `on_progress` and what is asked.
            asked: Arguments of `forecast_many`.

        Raises:
            ContractBroken: The data lack a column.
            LimitReached: As many jobs as are allowed are queued or running.
            StoreFailed: The disk is full, or may not be written.
        """
        frame = as_frame(data)
        now, series = utc_now().isoformat(), int(frame["unique_id"].nunique())
        job = ForecastJob(secrets.token_hex(8), "queued", 0, series, now, now, pid=os.getpid(), process=this_process())
        with file_lock(self.folder / "submit.lock"):
            self._check_limit()
            with writing("keeping a forecast job in", self.folder):
                (self.folder / job.job_id).mkdir(parents=True)
                self._write(job)
            self._held.add(job.job_id)
        self._pool.submit(self._run, job, frame, work, asked)
        return job

    def status(self, job_id: str) -> ForecastJob:
        """Return where a job stands.

        Raises:
            NotFound: There is no such job.
        """
        file = self._place(job_id) / "state.json"
        try:
            job = ForecastJob(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise NotFound(f"there is no job {job_id!r}", hint="POST the series again") from error
        except (ValueError, TypeError) as error:
            raise StoreFailed(f"the state of job {job_id} is damaged: {error}", hint=f"delete {file.parent}, then POST again") from error
        job = self._unsaved.get(job_id, job)
        if job.state not in _OVER and (has_ended(job.process) if job.process else not _is_alive(job.pid)):
            return replace(job, state="interrupted", message=INTERRUPTED)
        return job

    def result(self, job_id: str) -> pd.DataFrame:
        """Return the forecast of a finished job: unique_id, ds, mean, and its intervals.

        Raises:
            NotFound: There is no such job.
            InvalidArgument: It is not done.
        """
        return self._frame(job_id, "forecast")

    def quarantine(self, job_id: str) -> pd.DataFrame:
        """Return the series that a finished job could not forecast: unique_id, reason, hint."""
        return self._frame(job_id, "quarantine")

    def cancel(self, job_id: str) -> ForecastJob:
        """Ask a job to stop after its present chunk; one that is over stays as it is."""
        job = self.status(job_id)
        if job.state not in _OVER:
            (self._place(job_id) / "cancel").touch()
            if job.state == "queued":
                job = self._write(replace(job, state="cancelled"))
        return job

    def close(self) -> None:
        """Interrupt the jobs of this process: finished chunks are kept, and sending the same series again goes on behind them.

        The present chunk is waited for only a moment; its thread ends with it.
        """
        self._closing.set()
        for state in self.folder.glob("*/state.json"):
            job = self.status(state.parent.name)
            if job.pid == os.getpid() and job.state not in _OVER:
                self._write(replace(job, state="interrupted", message=INTERRUPTED))
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._idle.wait(CLOSE_S)

    def _run(self, job: ForecastJob, frame: pd.DataFrame, work: Callable[..., ForecastMany], asked: dict[str, Any]) -> None:
        place = self._place(job.job_id)

        def tell(done: int, total: int) -> None:
            if self._closing.is_set():
                raise _Interrupted
            if (place / "cancel").exists():
                raise _Cancelled
            self._write(replace(job, state="running", series_done=done, series=total))

        self._idle.clear()
        try:
            tell(0, job.series)
            found = work(frame, resume_dir=self.folder / "chunks", on_progress=tell, **asked)
            with writing("keeping the forecast in", place):
                found.forecast.to_parquet(place / "forecast.parquet", index=False)
                found.quarantine.to_parquet(place / "quarantine.parquet", index=False)
            self._write(replace(job, state="done", series_done=found.series, quarantined=len(found.quarantine)))
        except _Cancelled:
            self._end(replace(job, state="cancelled", message="cancelled on request; finished chunks are kept"))
        except CyberpunkError as error:
            self._failed(job, f"{error.message}. {error.hint}".strip())
        except Exception as error:  # noqa: BLE001 - nobody waits for this thread: whatever it is has to be told where one looks
            self._failed(job, f"{type(error).__name__}: {error}")
        finally:
            self._idle.set()
            self._held.discard(job.job_id)

    def _failed(self, job: ForecastJob, message: str) -> None:
        """Write why a job ended; while this process ends, its workers do, too, and what breaks off because of that is no failure."""
        if self._closing.is_set():
            self._end(replace(self.status(job.job_id), state="interrupted", message=INTERRUPTED))
        else:
            self._end(replace(job, state="failed", message=message))

    def _end(self, job: ForecastJob) -> None:
        try:
            self._write(job)
        except StoreFailed as error:  # on a full disk the end is known in this process alone; without it the job would run for good
            _log.error("the end of a forecast job was not kept", job_id=job.job_id, state=job.state, reason=error.message)
            self._unsaved[job.job_id] = job

    def _check_limit(self) -> None:
        # A job that was cancelled in the queue holds its series until its turn comes, so it still counts in this process.
        names = (state.parent.name for state in self.folder.glob("*/state.json"))
        taken = sorted(self._held | {name for name in names if _ID.fullmatch(name) and self._is_open(name)})
        if len(taken) >= self.max_jobs:
            raise LimitReached(
                f"the forecast job was not accepted: {len(taken)} jobs are queued or running, and CYBERPUNK_MAX_JOBS allows "
                f"{self.max_jobs}. In progress: {', '.join(taken[:5])}{', …' if len(taken) > 5 else ''}",
                hint="wait for one to end, cancel one with DELETE /api/v1/forecast/batch/{job_id} or "
                "ws.forecast_job(job_id, cancel=True), or raise CYBERPUNK_MAX_JOBS",
                limit=self.max_jobs, job_ids=taken,
            )  # fmt: skip

    def _is_open(self, job_id: str) -> bool:
        try:
            return self.status(job_id).state not in _OVER
        except StoreFailed as error:  # nobody can carry it on
            _log.warning("damaged forecast job is not counted", reason=error.message)
            return False

    def _write(self, job: ForecastJob) -> ForecastJob:
        told = replace(job, updated_at=utc_now().isoformat())
        file = self._place(job.job_id) / "state.json"
        with self._lock, writing("keeping the state of a forecast job in", file):
            draft = file.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(asdict(told)), encoding="utf-8")
            draft.replace(file)
        return told

    def _place(self, job_id: str) -> Path:
        if not _ID.fullmatch(job_id):
            raise NotFound(f"there is no job {job_id[:40]!r}", hint="a job's id has 16 hexadecimal digits")
        return self.folder / job_id

    def _frame(self, job_id: str, part: str) -> pd.DataFrame:
        job = self.status(job_id)
        if job.state != "done":
            raise InvalidArgument(f"job {job_id} is {job.state}", hint=job.message or "ask for its status until it is done")
        return pd.read_parquet(self._place(job_id) / f"{part}.parquet")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
