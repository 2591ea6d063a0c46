"""A forecast that grows: the members' answers as they land, each with the ensemble of all that did. The whole at once is `engine`'s."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from cyberpunk_ai.forecasting.joining import WAITING
from cyberpunk_ai.forecasting.request import read_request
from cyberpunk_ai.forecasting.side_by_side import OVER_BUDGET, SideBySide, check_budget, ordered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    import pandas as pd

    from cyberpunk_ai.forecasting.member_runs import MemberRun
    from cyberpunk_ai.forecasting.request import Request
    from cyberpunk_ai.forecasting.results import ForecastResult

INTERACTIVE_BUDGET_S = 2.0


@dataclass(frozen=True)
class ForecastStep:
    """What is known after one more member has landed.

    Attributes:
        member: Its name.
        landed: All that have, in the order of the request.
        waiting: Those still at work; at the last step, those that the budget left out.
        elapsed_s: Wall seconds since the request.
        result: The forecast of those that have landed, complete at the last step.
        is_last: Whether anything follows.
    """

    member: str
    landed: tuple[str, ...]
    waiting: tuple[str, ...]
    elapsed_s: float
    result: ForecastResult
    is_last: bool


async def forecast_stream(
    demand: pd.Series | pd.DataFrame, *, budget_s: float | None = INTERACTIVE_BUDGET_S, workers: int | None = None, **asked: Any
) -> AsyncGenerator[ForecastStep, None]:
    """Give the forecast after every member that lands; leaving the loop stops the others.

    Args:
        demand: As in `forecast`.
        budget_s: Wall seconds after which the rest is left out and named; None waits for all.
        workers: Members that run at once; as many as there are cores for None.
        asked: The other arguments of `forecast`, such as horizon.

    Yields:
        One step per member, the baseline included; the last holds the answer that `forecast` gives.

    Raises:
        ContractBroken: The demand is not legal; the hint says how to make it so.
        InvalidArgument: An argument is out of range or names no forecaster.
    """
    async with aclosing(stream(iter_forecast(demand, budget_s=budget_s, workers=workers, **asked))) as steps:
        async for step in steps:
            yield step


class Steps(Protocol):
    """Steps that can be given up."""

    def __next__(self) -> ForecastStep: ...

    def close(self) -> None:
        """Stop what is still at work."""


async def stream(steps: Steps) -> AsyncGenerator[ForecastStep, None]:
    """Give steps as they come; leaving the loop closes them."""
    try:
        # Every step is worked out in a thread, so that the loop serves others meanwhile.
        while (step := await asyncio.to_thread(next, steps, None)) is not None:
            yield step
    finally:
        steps.close()


def iter_forecast(
    demand: pd.Series | pd.DataFrame, *, budget_s: float | None = INTERACTIVE_BUDGET_S, workers: int | None = None, **asked: Any
) -> ForecastSteps:
    """As `forecast_stream`, for callers without an event loop; `close` stops the members that are still at work."""
    check_budget(budget_s)
    return ForecastSteps(demand, budget_s, workers, asked)


class ForecastSteps:
    """The steps of one request. `close` may be called from another thread while one waits for the next step.

    Args:
        demand: As in `forecast`.
        budget_s: As in `forecast_stream`.
        workers: As in `forecast`.
        asked: The other arguments of `forecast`.
    """

    def __init__(self, demand: pd.Series | pd.DataFrame, budget_s: float | None, workers: int | None, asked: dict[str, Any]) -> None:
        self._members: SideBySide | None = None
        self._is_closed = False
        self._steps = self._run(demand, budget_s, workers, asked)

    def __iter__(self) -> Iterator[ForecastStep]:
        return self

    def __next__(self) -> ForecastStep:
        return next(self._steps)

    def close(self) -> None:
        """Stop the members that are still at work; no further step comes."""
        self._is_closed = True
        if self._members is not None:
            self._members.stop()

    def _run(
        self, demand: pd.Series | pd.DataFrame, budget_s: float | None, workers: int | None, asked: dict[str, Any]
    ) -> Iterator[ForecastStep]:
        start = time.perf_counter()
        request = read_request(demand, **asked)
        self._members = SideBySide(request, workers=workers)
        if self._is_closed:
            self._members.stop()
        runs: dict[str, MemberRun] = {}
        for run in self._members.landed(budget_s, start):
            runs[run.name] = run
            if len(runs) < len(request.kinds):
                yield _step(request, run.name, runs, start, budget_s, is_last=False)
        if runs and not self._is_closed:
            yield _step(request, run.name, runs, start, budget_s, is_last=True)


def without_the_rest(result: ForecastResult, budget_s: float | None) -> ForecastResult:
    """Return an unfinished answer as the last one: members that were still at work are left out by the budget."""
    why = OVER_BUDGET.format(budget=budget_s or 0.0)
    is_waiting = result.leaderboard["status"] == "waiting"
    board = result.leaderboard.assign(
        status=result.leaderboard["status"].mask(is_waiting, "dropped"), note=result.leaderboard["note"].mask(is_waiting, why)
    )
    notes = tuple(f"{name} dropped: {why}" for name in board.loc[is_waiting, "model"])
    return replace(result, leaderboard=board, notes=(*result.notes, *notes))


def _step(
    request: Request, member: str, runs: dict[str, MemberRun], start: float, budget_s: float | None, *, is_last: bool
) -> ForecastStep:
    landed, left_out = ordered(request, runs, budget_s)
    result = request.result(landed, left_out if is_last else dict.fromkeys(left_out, WAITING))
    return ForecastStep(member, tuple(landed), tuple(left_out), time.perf_counter() - start, result, is_last)
