"""A forecast that grows while its members land."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.ets import EtsForecaster
from cyberpunk_ai.forecasting.streaming import forecast_stream, iter_forecast
from cyberpunk_ai.forecasting.theta import ThetaForecaster
from tests.unit.forecasting.test_engine import monthly
from tests.waiting import PATIENCE_S, until

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


def test_the_loop_is_free_while_members_work(monkeypatch):
    learn = ThetaForecaster._learn

    async def served():
        loop, free = asyncio.get_running_loop(), threading.Event()

        def needs_the_loop(self, values):
            # Only a loop that is not held by the step that waits for this member can let it go on.
            loop.call_soon_threadsafe(free.set)
            if not free.wait(PATIENCE_S):
                raise RuntimeError("the loop was held")
            return learn(self, values)

        monkeypatch.setattr(ThetaForecaster, "_learn", needs_the_loop)
        return (await collect(monthly(), horizon=6, models=("theta",), budget_s=None))[-1]

    last = asyncio.run(served())
    assert last.landed == ("seasonal_naive", "theta")
    assert last.result.leaderboard.set_index("model").loc["theta", "status"] == "used"


def test_a_member_over_the_budget_is_named_and_does_not_hold_the_answer(monkeypatch):
    release = threading.Event()

    def endless(self, values):
        release.wait(PATIENCE_S)
        raise RuntimeError("too late")

    monkeypatch.setattr(ThetaForecaster, "_learn", endless)
    # The last step comes although theta is at work until the test lets it go.
    last = list(iter_forecast(monthly(), horizon=6, models=("theta", "lstm"), budget_s=0.05, workers=2))[-1]
    release.set()
    assert last.is_last
    assert last.waiting == ("theta",)
    assert "budget of 0.05 s" in last.result.leaderboard.set_index("model").loc["theta", "note"]
    assert set(last.result.members["model"]) == {"lstm"}


def test_a_member_within_the_budget_is_waited_for(monkeypatch):
    release, learn = threading.Event(), ThetaForecaster._learn
    monkeypatch.setattr(ThetaForecaster, "_learn", lambda self, values: (release.wait(PATIENCE_S), learn(self, values))[1])
    steps = iter_forecast(monthly(), horizon=6, models=("theta", "ets"), budget_s=3_600.0, workers=2)
    assert [next(steps).member for _ in range(2)] == ["seasonal_naive", "ets"]
    # Theta starts to learn only now that the two which are always waited for have landed.
    release.set()
    last = next(steps)
    assert (last.member, last.waiting, last.is_last) == ("theta", (), True)


def test_leaving_the_loop_stops_the_members(monkeypatch):
    begun, left, learnt, learn = threading.Event(), threading.Event(), [], ThetaForecaster._learn

    def at_work(self, values):
        learnt.append("theta")
        begun.set()
        left.wait(PATIENCE_S)
        return learn(self, values)

    async def first():
        async for step in forecast_stream(monthly(), horizon=6, models=("theta", "ets"), budget_s=None, workers=1):
            assert await asyncio.to_thread(begun.wait, PATIENCE_S)
            return step.member
        return None

    monkeypatch.setattr(ThetaForecaster, "_learn", at_work)
    monkeypatch.setattr(EtsForecaster, "_learn", lambda self, values: learnt.append("ets"))
    assert asyncio.run(first()) == "seasonal_naive"
    left.set()
    until(lambda: not any(thread.name.startswith("forecast-") for thread in threading.enumerate()), "no member at work")
    # Theta was within its first fit; its other fits and the next member are never begun.
    assert learnt == ["theta"]


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
