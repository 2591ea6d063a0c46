"""A forecast that is kept: it takes new values without being fitted again, answers what-if questions, and can be written down.

Where it is stored is `models`' affair; here it becomes JSON-ready values and comes back from them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting.covariate_effects import moved as moved_by
from cyberpunk_ai.forecasting.covariates import read_covariates
from cyberpunk_ai.forecasting.input import plain_dates, read_demand
from cyberpunk_ai.forecasting.member_runs import Continuation, MemberRun, PlainHistories, Window, continue_run
from cyberpunk_ai.forecasting.request import Request, read_request
from cyberpunk_ai.forecasting.scenario import Scenario, compare
from cyberpunk_ai.forecasting.side_by_side import run_side_by_side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.forecasting.base import Forecaster
    from cyberpunk_ai.forecasting.covariate_effects import CovariateHistories
    from cyberpunk_ai.forecasting.input import Panel
    from cyberpunk_ai.forecasting.results import ForecastResult


@dataclass(frozen=True)
class FittedForecast:
    """Fitted members of a request and the forecast that they make.

    Attributes:
        request: What was asked.
        demand: The rows as they were given, by which new ones are continued.
        runs: What each member gave, with its fits.
        left_out: Members that are not among them, and why.
        result: The forecast.
        holidays: As in `forecast`.
    """

    request: Request
    demand: pd.DataFrame
    runs: Mapping[str, MemberRun]
    left_out: Mapping[str, str]
    result: ForecastResult
    holidays: str | Sequence[str] | None = None

    def update(self, rows: pd.Series | pd.DataFrame, *, future: pd.DataFrame | None = None) -> FittedForecast:
        """Take new values and forecast from them on; parameters, orders, trees and effects stay as they were learnt.

        Args:
            rows: New values of some or all series, later than those known, with their covariates where the forecast has some.
            future: Covariates over the new horizon, where the forecast has some of the user's own.

        Returns:
            The forecast from the new end on. Past windows, and with them the width of the intervals, are those of the first fit.

        Raises:
            ContractBroken: Rows are not legal, are older than what is known, or name a series that was not fitted.
        """
        new = as_frame(rows)
        _check_new(self.demand, new)
        demand = pd.concat([self.demand, new], ignore_index=True)
        panel = read_demand(demand, freq=self.request.panel.freq, season_length=self.request.panel.season_length)
        covered = None
        if self.request.covered is not None and self.request.covered.is_used:
            own = [name for name in self.demand.columns if name not in ("unique_id", "ds", "y")]
            if own and future is None:
                raise ContractBroken("the forecast knows covariates", hint=f"pass future= with {', '.join(own)} over the new horizon")
            covered = _covered(self, demand, future, panel)
        histories = covered if covered is not None else PlainHistories(panel.demands)
        request = replace(self.request, panel=panel, histories=histories, covered=covered)
        runs = {name: _moved_on(run, request) for name, run in self.runs.items()}
        moved = replace(self, request=request, demand=demand, runs=runs)
        return replace(moved, result=request.result(runs, self.left_out))

    def scenario(self, future: pd.DataFrame) -> Scenario:
        """Answer what the forecast would be with other covariates over the horizon, such as a promotion in another week.

        Args:
            future: As in `forecast`, with other values.

        Raises:
            InvalidArgument: The forecast knows no covariates that tell anything.
        """
        covered = self.request.covered
        if covered is None or not covered.is_used:
            raise InvalidArgument("this forecast has no covariate that tells anything", hint="fit it with future= first and read its notes")
        other = _covered(self, self.demand, future, self.request.panel)
        runs = {}
        for name, run in self.runs.items():
            told = {position: (covered.told_ahead(position), other.told_ahead(position)) for position in run.future}
            moved = {
                position: moved_by(answer, told[position][1] - told[position][0], is_relative=covered.effects.is_relative[position])
                for position, answer in run.future.items()
            }
            runs[name] = replace(run, future=moved)
        changed = replace(self.request, covered=other, histories=other).result(runs, self.left_out)
        return compare(self.result, changed, covered, other)

    def state(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; `from_state` brings it back."""
        request = self.request
        if request.covered is not None and request.covered.is_used:
            raise InvalidArgument(
                "a forecast with covariates cannot be written down",
                hint="keep its rows and their future, and fit it again",
            )
        return {
            "unique_id": self.demand["unique_id"].tolist(),
            "ds": [each.isoformat() for each in self.demand["ds"]],
            "y": [None if np.isnan(each) else each for each in self.demand["y"].astype(float).tolist()],
            "freq": request.panel.freq,
            "season_length": request.panel.season_length,
            "horizon": request.horizon,
            "levels": list(request.levels),
            "models": list(request.models),
            "wanted_windows": request.wanted_windows,
            "seed": request.seed,
            "ends": [[[window.number, window.end, window.length] for window in each] for each in request.windows],
            "left_out": dict(self.left_out),
            "members": {name: _run_state(run, request) for name, run in self.runs.items()},
        }


def fit_forecast(demand: pd.Series | pd.DataFrame, *, workers: int | None = None, **asked: Any) -> FittedForecast:
    """Forecast, and keep the fitted members.

    Args:
        demand: As in `forecast`.
        workers: As in `forecast`.
        asked: The other arguments of `forecast`, without a budget.

    Raises:
        ContractBroken: The demand is not legal; the hint says how to make it so.
        InvalidArgument: An argument is out of range or names no forecaster.
    """
    request = read_request(demand, **asked)
    runs, left_out = run_side_by_side(request, workers=workers, keeps_fits=True)
    frame = as_frame(demand)
    if asked.get("resample") or asked.get("outliers", "keep") != "keep":
        # What was put together or replaced once stays so.
        frame = pd.concat(
            [pd.DataFrame({"unique_id": d.unique_id, "ds": d.series.index, "y": d.values}) for d in request.panel.demands],
            ignore_index=True,
        )
    return FittedForecast(request, frame, runs, left_out, request.result(runs, left_out), asked.get("holidays"))


def from_state(state: Mapping[str, Any]) -> FittedForecast:
    """Bring a forecast back that `FittedForecast.state` wrote down; it forecasts the same numbers."""
    demand = pd.DataFrame({"unique_id": state["unique_id"], "ds": pd.to_datetime(state["ds"]), "y": np.asarray(state["y"], dtype=float)})
    request = read_request(
        demand, horizon=state["horizon"], levels=state["levels"], models=state["models"], season_length=state["season_length"],
        freq=state["freq"], backtest_windows=state["wanted_windows"], seed=state["seed"],
    )  # fmt: skip
    request = replace(request, windows=[tuple(Window(*window) for window in each) for each in state["ends"]])
    runs = {name: _run_from(name, state["members"][name], request) for name in request.kinds if name in state["members"]}
    left_out = dict(state["left_out"])
    return FittedForecast(request, demand, runs, left_out, request.result(runs, left_out))


def as_frame(demand: pd.Series | pd.DataFrame) -> pd.DataFrame:
    """Return demand as a long frame of unique_id, ds and y, and its covariates, with plain dates."""
    if isinstance(demand, pd.Series):
        name = "demand" if demand.name is None else str(demand.name)
        return pd.DataFrame({"unique_id": name, "ds": plain_dates(pd.Series(demand.index), []), "y": demand.to_numpy()})
    named = demand if "unique_id" in demand.columns else demand.assign(unique_id="demand")
    return named.assign(unique_id=named["unique_id"].astype(str), ds=plain_dates(named["ds"], []))


def _covered(fitted: FittedForecast, demand: pd.DataFrame, future: pd.DataFrame | None, panel: Panel) -> CovariateHistories:
    known = fitted.request.covered
    assert known is not None  # noqa: S101 - asked only where covariates are in use
    covariates = read_covariates(demand, future, fitted.holidays, panel, fitted.request.horizon)
    if covariates is None:
        raise ContractBroken("future is missing", hint=f"give {', '.join(known.covariates.names)} over the horizon")
    if known.dates_close and covariates.if_ending is not None:
        covariates = covariates.if_ending
    return known.over(panel, covariates)


def _check_new(known: pd.DataFrame, new: pd.DataFrame) -> None:
    last = known.groupby("unique_id")["ds"].max()
    strangers = sorted(set(new["unique_id"]) - set(last.index))
    if strangers:
        raise ContractBroken(f"series {strangers[0]!r} was not fitted", hint="fit a forecast that holds it first")
    is_old = new["ds"] <= new["unique_id"].map(last)
    if is_old.any():
        first = new[is_old].iloc[0]
        raise ContractBroken(
            f"{int(is_old.sum())} rows are not newer than what is known, the first is {first['ds']} of {first['unique_id']!r}",
            hint="pass new periods only; fit again where the past was corrected",
        )
    absent = [column for column in known.columns if column not in new.columns]
    if absent:
        raise ContractBroken(f"new rows lack {', '.join(absent)}", hint="give the same columns as the rows that were fitted")


def _moved_on(run: MemberRun, request: Request) -> MemberRun:
    positions = list(run.fits)
    start = time.perf_counter()
    fits = request.kinds[run.name].extend_panel(
        [run.fits[position] for position in positions], [request.histories.series(position) for position in positions]
    )
    return _continued(replace(run, failures={}, future={}, season_notes={}), dict(zip(positions, fits, strict=True)), request, start)


def _run_state(run: MemberRun, request: Request) -> dict[str, Any]:
    return {
        "positions": list(run.fits),
        "states": request.kinds[run.name].panel_states(list(run.fits.values())),
        "failures": [[position, why] for position, why in run.failures.items()],
        "past": [
            [position, number, each.mean.tolist(), None if each.spread is None else each.spread.tolist()]
            for (position, number), each in run.past.items()
        ],
    }


def _run_from(name: str, state: Mapping[str, Any], request: Request) -> MemberRun:
    start = time.perf_counter()
    positions = state["positions"]
    fits = request.kinds[name].restore_panel(
        [request.histories.series(position) for position in positions], state["states"], season_length=request.panel.season_length,
        seed=request.seed,
    )  # fmt: skip
    past = {
        (position, number): Continuation(np.asarray(mean), None if spread is None else np.asarray(spread))
        for position, number, mean, spread in state["past"]
    }
    run = MemberRun(name, past=past, failures=dict(state["failures"]))
    return _continued(run, dict(zip(positions, fits, strict=True)), request, start)


def _continued(run: MemberRun, fits: dict[int, Forecaster], request: Request, start: float) -> MemberRun:
    run.fits = fits
    task = request.task()
    for position, fit in fits.items():
        continue_run(run, position, fit, task)
    run.seconds = time.perf_counter() - start
    return run
