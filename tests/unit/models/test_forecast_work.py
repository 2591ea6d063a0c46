"""Forecasts that a server works out in processes: the same numbers, and a budget that binds whatever a member does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, Unavailable
from cyberpunk_ai.forecasting import forecast, side_by_side
from cyberpunk_ai.models import forecast_work
from cyberpunk_ai.models.forecast_work import WorkSteps, forecast_within
from cyberpunk_ai.models.worker_processes import WorkerProcesses
from tests.unit.forecasting.test_engine import monthly
from tests.unit.models import work

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED = {"horizon": 3, "models": ("theta", "ets")}


@pytest.fixture(scope="module")
def processes() -> Iterator[WorkerProcesses]:
    """Processes of this machine."""
    some = WorkerProcesses(1)
    yield some
    some.close()


def test_a_process_gives_the_numbers_of_this_one(processes: WorkerProcesses) -> None:
    told: list[tuple[str, int, int]] = []
    found = forecast_within(processes, monthly(), budget_s=3_600.0, on_member=lambda *each: told.append(each), **ASKED)
    here = forecast(monthly(), **ASKED)
    pd.testing.assert_frame_equal(found.forecast, here.forecast, check_exact=True)
    assert found.notes == here.notes
    assert [each[1:] for each in told] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(("landed", "left_out"), [(1, ["ets", "theta"]), (2, None)])
def test_a_budget_binds_where_a_member_holds_its_process(
    processes: WorkerProcesses, monkeypatch: pytest.MonkeyPatch, landed: int, left_out: list[str] | None
) -> None:
    monkeypatch.setattr(forecast_work, "iter_forecast", partial(work.steps_that_stop_coming, after=landed))
    asked_of: list[int] = []

    def wait_s(self: WorkSteps, age_s: float) -> float | None:
        # The steps that do come are waited for; the one that never comes is not.
        assert age_s >= 0.0
        asked_of.append(0 if self._last is None else len(self._last.landed))
        return None if asked_of[-1] < landed else 0.0

    monkeypatch.setattr(WorkSteps, "_wait_s", wait_s)
    found = forecast_within(processes, monthly(), budget_s=2.0, **ASKED)
    assert asked_of[-1] == landed
    board = found.leaderboard.set_index("model")
    dropped = sorted(board.index[board["status"] == "dropped"])
    assert len(dropped) == 3 - landed
    assert left_out is None or dropped == left_out
    assert set(board.loc[dropped, "note"]) == {"the time budget of 2 s was used up before it landed"}
    assert [note for note in found.notes if "budget" in note] == [
        f"{name} dropped: the time budget of 2 s was used up before it landed" for name in board.index if name in dropped
    ]
    assert len(found.forecast) == 3


def test_the_first_member_is_waited_for_somewhat_longer_than_the_budget() -> None:
    assert [side_by_side.first_by_s(2.0, landed) for landed in (0, 1, 2, 3)] == [10.0, 10.0, 2.0, 2.0]
    assert [side_by_side.first_by_s(30.0, landed) for landed in (0, 1, 2)] == [30.0, 30.0, 30.0]


def test_a_budget_in_which_nothing_lands_is_an_error(processes: WorkerProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_work, "iter_forecast", partial(work.steps_that_stop_coming, after=0))
    monkeypatch.setattr(side_by_side, "_FIRST_MEMBER_S", 0.0)
    with pytest.raises(Unavailable, match=r"no model finished within the time budget of 0\.1 s"):
        forecast_within(processes, monthly(), budget_s=0.1, **ASKED)


def test_steps_end_where_the_caller_leaves(processes: WorkerProcesses) -> None:
    steps = WorkSteps(processes, monthly(), budget_s=None, **ASKED)
    assert next(steps).member == "seasonal_naive"
    steps.close()
    assert list(steps) == []


def test_illegal_demand_is_the_same_error_as_here(processes: WorkerProcesses) -> None:
    with pytest.raises(ContractBroken) as there:
        forecast_within(processes, pd.DataFrame({"ds": [], "y": []}), budget_s=60.0, **ASKED)
    with pytest.raises(ContractBroken) as here:
        forecast(pd.DataFrame({"ds": [], "y": []}), **ASKED)
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)
