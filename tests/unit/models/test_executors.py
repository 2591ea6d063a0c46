"""Work in chunks: the same answers in the same order here and on a cluster of two real worker processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import Unavailable
from cyberpunk_ai.customer_analytics.churn import chunks
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.models import executors
from cyberpunk_ai.models.executors import chunk_runner, run_in_chunks
from cyberpunk_ai.models.forecast_many import forecast_many
from tests.unit.customer_analytics.builders import shop
from tests.unit.models.test_forecast_many import panel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a scheduler with two worker processes on this machine."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None) as local:
        yield local.scheduler_address


def test_work_is_done_here_without_an_address() -> None:
    told: list[tuple[int, int]] = []
    assert run_in_chunks(len, [[1], [], [1, 2]], on_progress=lambda done, of: told.append((done, of))) == [1, 0, 2]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert chunk_runner(None) is None
    assert chunk_runner("") is None


def test_a_cluster_answers_in_order_and_reports_progress(cluster: str) -> None:
    told: list[int] = []
    found = run_in_chunks(np.sum, [np.arange(n) for n in range(8)], address=cluster, on_progress=lambda done, _: told.append(done))
    assert [int(each) for each in found] == [int(np.arange(n).sum()) for n in range(8)]
    assert told == list(range(1, 9))


def test_churn_scores_of_a_cluster_equal_those_of_this_process(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 60)
    purchases = shop(customers=200)
    here = RetentionAnalyzer().analyze_customer_retention(None, purchases)
    there = RetentionAnalyzer(map_chunks=chunk_runner(cluster)).analyze_customer_retention(None, purchases)
    pd.testing.assert_frame_equal(here.customers, there.customers, check_exact=True)


@pytest.mark.parametrize("models", [("xgboost",), pytest.param(("theta", "xgboost"), marks=pytest.mark.full)], ids="-".join)
def test_forecasts_of_a_cluster_equal_those_of_this_process(cluster: str, models: tuple[str, ...]) -> None:
    asked = {"horizon": 3, "models": models, "chunk_size": 5}
    here, there = (forecast_many(panel(), executor=each, **asked) for each in ("here", cluster))  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(there.forecast, here.forecast)


def test_nobody_at_the_address_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "PATIENCE", "1s")
    with pytest.raises(Unavailable, match="no Dask scheduler answers"):
        run_in_chunks(len, [[1], [2]], address="tcp://127.0.0.1:9")
