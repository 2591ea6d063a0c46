"""Many series in chunks: the same numbers here and in processes, resumable, nothing lost. On a cluster: `test_executors`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, Unavailable
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.theta import ThetaForecaster
from cyberpunk_ai.models import executors
from cyberpunk_ai.models.forecast_many import FAST_MODELS, forecast_many

MODELS = ("theta", "xgboost")


def panel(series: int = 12, count: int = 36, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2019-01-01", periods=count, freq="MS")
    season = np.sin(2 * np.pi * np.arange(count) / 12)
    return pd.concat(
        [
            pd.DataFrame({"unique_id": f"s{place:03d}", "ds": dates, "y": 100 + place + 10 * season + rng.normal(0, 2, count)})
            for place in range(series)
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="module")
def here():
    return forecast_many(panel(), horizon=3, models=MODELS, chunk_size=5, executor="here")


def test_one_chunk_is_the_forecast_itself():
    one = forecast_many(panel(), horizon=3, models=MODELS, executor="here")
    pd.testing.assert_frame_equal(one.forecast, forecast(panel(), horizon=3, models=MODELS).forecast)
    assert one.series == 12


def test_chunks_change_members_of_one_series_not_at_all(here):
    alone = forecast_many(panel(), horizon=3, models=("theta",), chunk_size=5, executor="here")
    assert np.allclose(alone.forecast["mean"], forecast(panel(), horizon=3, models=("theta",)).forecast["mean"])
    assert here.forecast["unique_id"].nunique() == 12
    assert here.leaderboard["model"].tolist()[-1] in (*MODELS, "seasonal_naive", "ensemble")
    assert set(here.leaderboard["model"]) == {*MODELS, "seasonal_naive", "ensemble"}
    assert here.quarantine.empty


def test_a_model_for_all_chunks_is_learnt_once(here):
    whole = forecast(panel(), horizon=3, models=("xgboost",))
    chunked = forecast_many(panel(), horizon=3, models=("xgboost",), chunk_size=5, executor="here")
    # The sample is the whole panel here, so that the trees are the same ones.
    assert np.allclose(chunked.forecast["mean"], whole.forecast["mean"], rtol=1e-5)


def test_processes_give_the_same_numbers():
    asked, told = {"horizon": 3, "models": ("xgboost",), "chunk_size": 6}, []
    alone = forecast_many(panel(), executor="here", **asked)
    processes = forecast_many(panel(), executor="processes", on_progress=lambda *each: told.append(each), **asked)
    pd.testing.assert_frame_equal(processes.forecast, alone.forecast)
    assert told == [(6, 12), (12, 12)]


@pytest.mark.full
def test_processes_give_the_same_numbers_for_members_of_either_kind(here):
    processes = forecast_many(panel(), horizon=3, models=MODELS, chunk_size=5, executor="processes")
    pd.testing.assert_frame_equal(processes.forecast, here.forecast)


def test_an_interrupted_run_is_taken_up_where_it_stopped(here, tmp_path, monkeypatch):
    def stop(done, total):
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forecast_many(panel(), horizon=3, models=MODELS, chunk_size=5, executor="here", resume_dir=tmp_path, on_progress=stop)
    fitted = []
    learn = ThetaForecaster._learn
    monkeypatch.setattr(ThetaForecaster, "_learn", lambda self, values: (fitted.append(1), learn(self, values))[1])
    again = forecast_many(panel(), horizon=3, models=MODELS, chunk_size=5, executor="here", resume_dir=tmp_path)
    assert again.resumed_chunks == 2
    assert len(fitted) == 2 * 2
    pd.testing.assert_frame_equal(again.forecast, here.forecast)
    # Another question takes nothing up.
    assert forecast_many(panel(), horizon=4, models=MODELS, chunk_size=5, executor="here", resume_dir=tmp_path).resumed_chunks == 0
    assert forecast_many(panel(seed=1), horizon=3, models=MODELS, chunk_size=5, executor="here", resume_dir=tmp_path).resumed_chunks == 0


def test_a_bad_series_is_put_aside_and_stops_nobody():
    rows = panel(6)
    bad = pd.DataFrame({"unique_id": "zz", "ds": ["2020-01-01", "2020-01-01"], "y": [1.0, 2.0]}).assign(
        ds=lambda x: pd.to_datetime(x["ds"])
    )
    answer = forecast_many(pd.concat([rows, bad]), horizon=3, models=("theta",), chunk_size=3, executor="here")
    assert answer.series == 6
    assert answer.quarantine["unique_id"].tolist() == ["zz"]
    assert "twice" in answer.quarantine["reason"].iloc[0]
    assert answer.quarantine["hint"].iloc[0]


def test_the_fast_tier_has_the_quick_members():
    answer = forecast_many(panel(4), horizon=3, tier="fast", executor="here")
    assert set(FAST_MODELS) < set(answer.leaderboard["model"])
    assert "arima" not in set(answer.leaderboard["model"])


def test_illegal_questions_are_refused(monkeypatch):
    monkeypatch.setattr(executors, "PATIENCE", "1s")
    with pytest.raises(InvalidArgument, match="tier"):
        forecast_many(panel(2), horizon=3, tier="slow")
    with pytest.raises(InvalidArgument, match="executor"):
        forecast_many(panel(2), horizon=3, executor="cloud")
    with pytest.raises(InvalidArgument, match="chunk_size"):
        forecast_many(panel(2), horizon=3, chunk_size=0)
    with pytest.raises(ContractBroken):
        forecast_many(panel(2).assign(y=np.nan), horizon=3)
    with pytest.raises(Unavailable, match="no Dask scheduler"):
        forecast_many(panel(4), horizon=3, models=("theta",), chunk_size=2, executor="tcp://127.0.0.1:9")
