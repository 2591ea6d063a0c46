"""Forecast jobs: at most so many at once, and a job whose process ended does not take a place for good."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.errors import LimitReached, StoreFailed
from cyberpunk_ai.core.processes import this_process
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.models.forecast_jobs import ForecastJobs
from tests.failing_storage import read_only
from tests.waiting import until

SERIES = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=3, freq="D"), "y": [1.0, 2.0, 3.0]})


class Work:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, _data: pd.DataFrame, **_asked: Any) -> Any:
        self.go_on.wait()
        return SimpleNamespace(forecast=SERIES, quarantine=SERIES.head(0), series=1)


@pytest.fixture
def work() -> Iterator[Work]:
    held = Work()
    yield held
    held.go_on.set()


def test_one_job_more_than_allowed_is_refused_and_names_those_in_progress(tmp_path: Path, work: Work) -> None:
    jobs = ForecastJobs(tmp_path, max_jobs=2)
    first, second = jobs.submit(SERIES, work), jobs.submit(SERIES, work)
    with pytest.raises(LimitReached, match="CYBERPUNK_MAX_JOBS allows 2") as refused:
        jobs.submit(SERIES, work)
    assert first.job_id in refused.value.message
    assert "cancel" in refused.value.hint
    assert refused.value.details["job_ids"] == sorted([first.job_id, second.job_id])
    assert len(list(tmp_path.glob("*/state.json"))) == 2, "nothing of the refused job is kept"
    work.go_on.set()
    until(lambda: jobs.status(second.job_id).state == "done", "both jobs end")
    until(lambda: not jobs._held, "their places are free")
    jobs.submit(SERIES, work)
    jobs.close()


def test_a_job_of_another_process_on_the_same_home_takes_a_place(tmp_path: Path, work: Work) -> None:
    other, jobs = ForecastJobs(tmp_path, max_jobs=1), ForecastJobs(tmp_path, max_jobs=1)
    other.submit(SERIES, work)
    with pytest.raises(LimitReached):
        jobs.submit(SERIES, work)
    work.go_on.set()
    other.close()


def test_a_job_cancelled_in_the_queue_holds_its_place_until_its_series_are_let_go(tmp_path: Path, work: Work) -> None:
    jobs = ForecastJobs(tmp_path, max_jobs=2)
    running = jobs.submit(SERIES, work)
    until(lambda: jobs.status(running.job_id).state == "running", "the first job runs")
    assert jobs.cancel(jobs.submit(SERIES, work).job_id).state == "cancelled"
    with pytest.raises(LimitReached):
        jobs.submit(SERIES, work)
    work.go_on.set()
    until(lambda: not jobs._held, "both are let go")
    jobs.close()


def test_a_job_whose_process_ended_takes_no_place_though_a_later_process_has_its_pid(tmp_path: Path, work: Work) -> None:
    work.go_on.set()
    jobs = ForecastJobs(tmp_path, max_jobs=1)
    job = jobs.submit(SERIES, work)
    until(lambda: not jobs._held, "it ends")
    file = tmp_path / job.job_id / "state.json"
    host, pid, started = this_process().split(":")
    dead = json.loads(file.read_text()) | {"state": "running", "process": f"{host}:{pid}:{int(started) - 1}"}
    file.write_text(json.dumps(dead))
    assert jobs.status(job.job_id).state == "interrupted"
    jobs.submit(SERIES, work)
    jobs.close()


def test_a_damaged_state_is_told_and_takes_no_place(tmp_path: Path, work: Work) -> None:
    work.go_on.set()
    jobs = ForecastJobs(tmp_path, max_jobs=1)
    job = jobs.submit(SERIES, work)
    until(lambda: not jobs._held, "it ends")
    file = tmp_path / job.job_id / "state.json"
    whole = file.read_text()
    file.write_text("{")
    with pytest.raises(StoreFailed, match="damaged"):
        jobs.status(job.job_id)
    jobs.submit(SERIES, work)
    file.write_text(whole)
    jobs.close()


def test_the_limit_is_a_setting(tmp_path: Path) -> None:
    with Workspace.open(Settings.load(home=tmp_path / "home", max_jobs=3)) as ws:
        assert ws._forecast_jobs.max_jobs == 3


def test_a_job_that_finds_the_disk_full_fails_and_says_so(tmp_path: Path, work: Work) -> None:
    jobs = ForecastJobs(tmp_path)
    job = jobs.submit(SERIES, work)
    (tmp_path / job.job_id / "forecast.parquet").symlink_to("/dev/full")
    work.go_on.set()
    until(lambda: not jobs._held, "it ends")
    ended = jobs.status(job.job_id)
    assert (ended.state, "disk full" in ended.message, "free some space" in ended.message) == ("failed", True, True)
    jobs.close()


def test_an_end_that_cannot_be_kept_is_known_all_the_same(tmp_path: Path, work: Work) -> None:
    jobs = ForecastJobs(tmp_path, max_jobs=1)
    job = jobs.submit(SERIES, work)
    until(lambda: jobs.status(job.job_id).state == "running", "it runs")
    (tmp_path / job.job_id / f"state.{os.getpid()}").symlink_to("/dev/full")
    work.go_on.set()
    until(lambda: not jobs._held, "it ends")
    assert jobs.status(job.job_id).state == "failed"
    jobs.submit(SERIES, work)
    jobs.close()


def test_a_folder_that_cannot_be_written_refuses_a_job(tmp_path: Path, work: Work) -> None:
    with read_only(tmp_path), pytest.raises(StoreFailed, match="read only"):
        ForecastJobs(tmp_path).submit(SERIES, work)
