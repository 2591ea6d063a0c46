"""A request for a forecast, read and checked once: its series, its covariates, its past windows and its members.

Who runs the members, and whether somebody watches, is `side_by_side`'s and `streaming`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import InvalidArgument, NotFound
from cyberpunk_ai.forecasting.backtest import plan_windows
from cyberpunk_ai.forecasting.base import FORECASTERS, Forecaster
from cyberpunk_ai.forecasting.covariate_effects import CovariateHistories
from cyberpunk_ai.forecasting.covariates import read_covariates
from cyberpunk_ai.forecasting.ensemble import DEFAULT_MODELS
from cyberpunk_ai.forecasting.input import read_demand
from cyberpunk_ai.forecasting.intervals import check_levels
from cyberpunk_ai.forecasting.joining import BASELINE, ENSEMBLE, Join
from cyberpunk_ai.forecasting.member_runs import PlainHistories, Task
from cyberpunk_ai.forecasting.outliers import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from cyberpunk_ai.forecasting.input import Panel
    from cyberpunk_ai.forecasting.member_runs import Histories, MemberRun, Window
    from cyberpunk_ai.forecasting.results import ForecastResult


@dataclass(frozen=True)
class Request:
    """What is asked, ready to run.

    Attributes:
        panel: The series.
        histories: The series as members learn them.
        windows: Past windows of each series.
        kinds: Members and the baseline, the cheap ones first.
        models: Names of the members as the caller gave them.
        horizon: Periods to forecast.
        levels: Levels of the intervals, rising.
        wanted_windows: Past windows that were asked for.
        seed: Seed of everything random.
        covered: The covariates and their effects, None where there are none.
        shared: Models of global members that were learnt elsewhere; see `Task`.
    """

    panel: Panel
    histories: Histories
    windows: Sequence[Sequence[Window]]
    kinds: Mapping[str, type[Forecaster]]
    models: tuple[str, ...]
    horizon: int
    levels: tuple[int, ...]
    wanted_windows: int
    seed: int
    covered: CovariateHistories | None = None
    shared: Mapping[str, Mapping[int | None, Mapping[str, Any]]] = field(default_factory=dict)

    def task(self, *, keeps_fits: bool = False, is_abandoned: Callable[[], bool] = lambda: False) -> Task:
        """Return what every member is asked."""
        return Task(
            self.histories, len(self.panel.demands), self.windows, self.horizon, self.panel.season_length, self.seed, keeps_fits,
            is_abandoned, self.shared,
        )  # fmt: skip

    def result(self, runs: Mapping[str, MemberRun], left_out: Mapping[str, str]) -> ForecastResult:
        """Join what has landed.

        Args:
            runs: What each member gave, the baseline among them.
            left_out: Members that are not among them, and why.
        """
        return Join(
            self.panel, self.windows, runs, left_out, self.horizon, self.levels, self.models, self.wanted_windows, self.covered
        ).result()


def read_request(
    demand: pd.Series | pd.DataFrame,
    *,
    horizon: int,
    levels: Sequence[int] = (80, 95),
    models: Sequence[str] = DEFAULT_MODELS,
    season_length: int | None = None,
    freq: str | None = None,
    backtest_windows: int = 1,
    seed: int = 0,
    future: pd.DataFrame | None = None,
    holidays: str | Sequence[str] | None = None,
    outliers: str = "keep",
    resample: str | None = None,
    step: int | None = None,
) -> Request:
    """Read and check a request; the arguments are those of `forecast`.

    Args:
        demand: The series.
        horizon: As in `forecast`.
        levels: As in `forecast`.
        models: As in `forecast`.
        season_length: As in `forecast`.
        freq: As in `forecast`.
        backtest_windows: As in `forecast`.
        seed: As in `forecast`.
        future: As in `forecast`.
        holidays: As in `forecast`.
        outliers: As in `forecast`.
        resample: As in `forecast`.
        step: Periods from one past window to the next; the horizon where None.

    Raises:
        ContractBroken: The demand or its covariates are not legal.
        InvalidArgument: An argument is out of range or names no forecaster.
    """
    wanted_levels = check_levels(levels)
    kinds = _kinds(models)
    if horizon < 1:
        raise InvalidArgument(f"horizon must be at least 1, not {horizon}")
    if backtest_windows < 0:
        raise InvalidArgument(f"backtest_windows must not be negative, not {backtest_windows}")
    if outliers not in ("keep", "clean"):
        raise InvalidArgument(f"outliers must be keep or clean, not {outliers!r}")
    panel = read_demand(demand, freq=freq, season_length=season_length, resample=resample)
    if outliers == "clean":
        panel = clean(panel)
    windows = [
        plan_windows(len(each.values), horizon=horizon, wanted=backtest_windows, season_length=panel.season_length, step=step)
        for each in panel.demands
    ]
    covariates = read_covariates(demand, future, holidays, panel, horizon)
    covered = CovariateHistories(panel, covariates, windows) if covariates is not None else None
    histories = covered if covered is not None else PlainHistories(panel.demands)
    # The baseline and the cheap ones first: a budget then costs the slowest.
    queue = {BASELINE: FORECASTERS.get(BASELINE)} | dict(sorted(kinds.items(), key=lambda item: item[1].cost))
    return Request(panel, histories, windows, queue, tuple(models), horizon, wanted_levels, backtest_windows, seed, covered)


def _kinds(models: Sequence[str]) -> dict[str, type[Forecaster]]:
    if isinstance(models, str) or not models:
        raise InvalidArgument("models must be a sequence of names", hint=f"for example {DEFAULT_MODELS}")
    if len(set(models)) != len(models) or ENSEMBLE in models:
        raise InvalidArgument("models must be distinct members; the ensemble is made of them", hint=f"for example {DEFAULT_MODELS}")
    try:
        return {name: FORECASTERS.get(name) for name in models}
    except NotFound as error:
        raise InvalidArgument(error.message, hint=error.hint) from error
