"""Batch jobs whose process is told to end: their state says so at once, and what their chunk does afterwards changes nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pandas as pd
import pytest

from cyberpunk_ai.models import forecast_jobs
from cyberpunk_ai.models.forecast_jobs import ForecastJobs
from tests.waiting import PATIENCE_S, until

ROWS = pd.DataFrame({"unique_id": ["a", "b"], "ds": pd.to_datetime(["2024-01-01", "2024-01-01"]), "y": [1.0, 2.0]})


class Chunk:
    """Work that has done one of two series and is at the second until the test lets it end."""

    def __init__(self, ending: Exception | None = None) -> None:
        self.is_working, self.may_end, self.ending = threading.Event(), threading.Event(), ending

    def __call__(self, _rows, *, on_progress, **_asked):
        on_progress(1, 2)
        self.is_working.set()
        assert self.may_end.wait(PATIENCE_S)
        if self.ending is not None:
            raise self.ending
        on_progress(2, 2)
        raise AssertionError("an interrupted job goes on")


@pytest.mark.parametrize("ending", [None, RuntimeError("a worker ended abruptly")], ids=["goes on", "breaks off"])
def test_jobs_are_interrupted_and_their_chunk_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: Exception | None
) -> None:
    monkeypatch.setattr(forecast_jobs, "CLOSE_S", 0.01)
    jobs, chunk = ForecastJobs(tmp_path), Chunk(ending)
    running, queued = jobs.submit(ROWS, chunk), jobs.submit(ROWS, chunk)
    assert chunk.is_working.wait(PATIENCE_S)
    jobs.close()
    found = [jobs.status(job.job_id) for job in (running, queued)]
    assert [(job.state, job.series_done) for job in found] == [("interrupted", 1), ("interrupted", 0)]
    assert all("finished chunks are taken up" in job.message for job in found)
    chunk.may_end.set()
    until(jobs._idle.is_set, "the chunk has ended")
    assert [(job.state, job.series_done) for job in (jobs.status(running.job_id), jobs.status(queued.job_id))] == [
        ("interrupted", 1), ("interrupted", 0),
    ]  # fmt: skip
