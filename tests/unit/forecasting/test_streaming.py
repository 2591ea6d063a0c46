"""A forecast that grows while its members land."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.streaming import forecast_stream, iter_forecast
from cyberpunk_ai.forecasting.theta import ThetaForecaster
from tests.unit.forecasting.test_engine import monthly

MODELS = ("theta", "ets", "arima")


async def collect(*asked, **kwargs):
    return [step async for step in forecast_stream(*asked, **kwargs)]


def test_steps_grow_to_the_whole_forecast():
    steps = asyncio.run(collect(monthly(), horizon=6, models=MODELS, budget_s=None))
    assert [len(step.landed) for step in steps] == [1, 2, 3, 4]
    assert [step.is_last for step in steps] == [False, False, False, True]
    assert steps[0].member == "seasonal_naive"
    assert set(steps[0].waiting) == set(MODELS)
    assert (steps[0].result.leaderboard.set_index("model").loc[list(MODELS), "status"] == "waiting").all()
    whole = forecast(monthly(), horizon=6, models=MODELS)
    pd.testing.assert_frame_equal(steps[-1].result.forecast, whole.forecast)
    assert steps[-1].result.notes == whole.notes
    assert all(np.isfinite(step.result.forecast["mean"]).all() for step in steps)
    assert sorted(step.elapsed_s for step in steps) == [step.elapsed_s for step in steps]


def test_the_loop_is_free_while_members_work():
    async def both():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        clock = asyncio.create_task(tick())
        await collect(monthly(), horizon=6, models=MODELS)
        clock.cancel()
        return ticks

    assert asyncio.run(both()) > 3


def test_a_member_over_the_budget_is_named_and_does_not_hold_the_answer(monkeypatch):
    release = threading.Event()

    def slow(self, values):
        release.wait(20)
        raise RuntimeError("too late")

    monkeypatch.setattr(ThetaForecaster, "_learn", slow)
    start = time.perf_counter()
    steps = list(iter_forecast(monthly(), horizon=6, models=("theta", "lstm"), budget_s=1.0, workers=2))
    took = time.perf_counter() - start
    release.set()
    assert took < 15
    last = steps[-1]
    assert last.is_last
    assert last.waiting == ("theta",)
    assert "budget of 1 s" in last.result.leaderboard.set_index("model").loc["theta", "note"]
    assert set(last.result.members["model"]) == {"lstm"}


def test_leaving_the_loop_stops_the_members():
    async def first():
        async for step in forecast_stream(monthly(), horizon=6, models=MODELS, budget_s=None):
            return step.member
        return None

    assert asyncio.run(first()) == "seasonal_naive"
    deadline = time.monotonic() + 10
    while any(thread.name.startswith("forecast-") for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("forecast-")]


def test_illegal_requests_are_refused_before_anything_runs():
    with pytest.raises(InvalidArgument, match="budget_s"):
        iter_forecast(monthly(), horizon=6, budget_s=-1.0)
    with pytest.raises(ContractBroken):
        asyncio.run(collect(pd.DataFrame({"ds": []}), horizon=6))
    with pytest.raises(InvalidArgument, match="workers"):
        forecast(monthly(), horizon=6, workers=0)


def test_threads_and_their_number_do_not_change_the_numbers():
    one, three = (forecast(monthly(), horizon=6, models=MODELS, workers=workers) for workers in (1, 3))
    pd.testing.assert_frame_equal(one.forecast, three.forecast)
    assert one.leaderboard["model"].tolist() == three.leaderboard["model"].tolist()


def test_progress_is_told():
    told = []
    forecast(monthly(), horizon=6, models=("theta", "ets"), on_member=lambda *each: told.append(each), workers=1)
    assert told == [("seasonal_naive", 1, 3), ("theta", 2, 3), ("ets", 3, 3)]
