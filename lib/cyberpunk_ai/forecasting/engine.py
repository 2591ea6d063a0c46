"""The verb of this room: `forecast`. It reads the demand, runs the members, joins them, and puts intervals around the result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import InvalidArgument, NotFound
from cyberpunk_ai.forecasting.backtest import plan_windows
from cyberpunk_ai.forecasting.base import FORECASTERS, Forecaster
from cyberpunk_ai.forecasting.ensemble import DEFAULT_MODELS
from cyberpunk_ai.forecasting.input import Panel, read_demand
from cyberpunk_ai.forecasting.intervals import check_levels
from cyberpunk_ai.forecasting.joining import BASELINE, ENSEMBLE, Join
from cyberpunk_ai.forecasting.member_runs import MemberRun, Window, run_member

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cyberpunk_ai.forecasting.results import ForecastResult


def forecast(
    demand: pd.Series | pd.DataFrame,
    *,
    horizon: int,
    levels: Sequence[int] = (80, 95),
    models: Sequence[str] = DEFAULT_MODELS,
    season_length: int | None = None,
    freq: str | None = None,
    backtest_windows: int = 1,
    budget_s: float | None = None,
    seed: int = 0,
) -> ForecastResult:
    """Forecast one or many series with calibrated intervals; the same input and seed give the same numbers.

    Args:
        demand: Series with dates as index, or a long frame with `ds` and `y`, and `unique_id` when it holds several series.
        horizon: Periods to forecast, at least 1.
        levels: Levels of the intervals in percent.
        models: Members of the ensemble, names of registered forecasters.
        season_length: Periods in one season; the usual one of the frequency where None.
        freq: Frequency of the dates; inferred where None.
        backtest_windows: Past windows on which everybody is measured and the intervals are calibrated; 0 for none.
        budget_s: Wall seconds after which no further member is started; those left out are named. None for no limit, and only then is the
            answer independent of the machine.
        seed: Seed of everything random.

    Returns:
        The ensemble's forecast, its members, their leaderboard beside the seasonal naive, and notes on whatever was done to the data.

    Raises:
        ContractBroken: The demand is not legal; the hint says how to make it so.
        InvalidArgument: An argument is out of range or names no forecaster.
        Unavailable: A named forecaster needs a package that is not installed.
    """
    wanted_levels = check_levels(levels)
    kinds = _kinds(models)
    if horizon < 1:
        raise InvalidArgument(f"horizon must be at least 1, not {horizon}")
    if backtest_windows < 0:
        raise InvalidArgument(f"backtest_windows must not be negative, not {backtest_windows}")
    panel = read_demand(demand, freq=freq, season_length=season_length)
    windows = [
        plan_windows(len(each.values), horizon=horizon, wanted=backtest_windows, season_length=panel.season_length)
        for each in panel.demands
    ]
    runs, skipped = _run_members(kinds, panel, windows, horizon, budget_s, seed)
    return Join(panel, windows, runs, skipped, horizon, wanted_levels, tuple(models), backtest_windows).result()


def _kinds(models: Sequence[str]) -> dict[str, type[Forecaster]]:
    if isinstance(models, str) or not models:
        raise InvalidArgument("models must be a sequence of names", hint=f"for example {DEFAULT_MODELS}")
    if len(set(models)) != len(models) or ENSEMBLE in models:
        raise InvalidArgument("models must be distinct members; the ensemble is made of them", hint=f"for example {DEFAULT_MODELS}")
    try:
        return {name: FORECASTERS.get(name) for name in models}
    except NotFound as error:
        raise InvalidArgument(error.message, hint=error.hint) from error


def _run_members(
    kinds: dict[str, type[Forecaster]], panel: Panel, windows: Sequence[Sequence[Window]], horizon: int, budget_s: float | None, seed: int
) -> tuple[dict[str, MemberRun], list[str]]:
    start = time.perf_counter()
    runs: dict[str, MemberRun] = {}
    skipped = []
    # The baseline and the cheap ones first: a budget then costs the slowest.
    queue = {BASELINE: FORECASTERS.get(BASELINE)} | dict(sorted(kinds.items(), key=lambda item: item[1].cost))
    for name, kind in queue.items():
        if budget_s is not None and len(runs) > 1 and time.perf_counter() - start > budget_s:
            skipped.append(name)
            continue
        runs[name] = run_member(kind, panel.demands, windows, horizon=horizon, season_length=panel.season_length, seed=seed)
    return runs, skipped
