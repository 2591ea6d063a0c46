"""Rolling origins: the forecast made again at past points in time, everybody scored by cut-off and by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.forecasting import metrics
from cyberpunk_ai.forecasting.request import read_request
from cyberpunk_ai.forecasting.side_by_side import run_side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, eq=False)
class CrossValidation(Result):
    """Past forecasts of every model beside what came.

    Attributes:
        frame: unique_id, ds, cutoff (the last date known), window, step, model, y, mean, and lo-L and hi-L per level.
        by_model: model, mase, smape, coverage_L per level; best first.
        by_cutoff: cutoff, model, mase.
        by_step: step, model, mae relative to the mean absolute demand.
        levels: Levels of the intervals in percent.
        horizon: Periods of each window.
        notes: What was done to the data.
    """

    chart_name: ClassVar[str] = "cross_validation"

    frame: pd.DataFrame
    by_model: pd.DataFrame
    by_cutoff: pd.DataFrame
    by_step: pd.DataFrame
    levels: tuple[int, ...]
    horizon: int
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series, cut-off, period and model."""
        return self.frame


def cross_validation(
    demand: pd.Series | pd.DataFrame,
    *,
    horizon: int,
    windows: int = 3,
    step: int | None = None,
    workers: int | None = None,
    on_member: Callable[[str, int, int], None] | None = None,
    **asked: Any,
) -> CrossValidation:
    """Forecast again at past points in time.

    Args:
        demand: As in `forecast`.
        horizon: Periods of each window.
        windows: Past points in time; a series takes part in as many as its history allows.
        step: Periods from one to the next; the horizon where None, so that windows do not overlap.
        workers: As in `forecast`.
        on_member: As in `forecast`.
        asked: The other arguments of `forecast`, such as models or levels.

    Returns:
        Every past forecast and the scores. ARIMA's order and the form of ETS are those of the whole history; everything else was learnt
        from what was known at the cut-off.

    Raises:
        InvalidArgument: An argument is out of range.
        TooLittleData: No series is long enough for one window.
    """
    if windows < 1:
        raise InvalidArgument(f"windows must be at least 1, not {windows}")
    if step is not None and step < 1:
        raise InvalidArgument(f"step must be at least 1, not {step}")
    request = read_request(demand, horizon=horizon, backtest_windows=windows, step=step, **asked)
    if not any(request.windows):
        raise TooLittleData("no series is long enough for one past window", hint="shorten the horizon")
    result = request.result(*run_side_by_side(request, workers=workers, on_member=on_member))
    frame = result.backtest.copy()
    ends = {
        (each.unique_id, window.number): each.series.index[window.end - 1]
        for each, planned in zip(request.panel.demands, request.windows, strict=True)
        for window in planned
    }
    frame.insert(2, "cutoff", [ends[key] for key in zip(frame["unique_id"], frame["window"], strict=True)])
    frame.insert(4, "step", frame.groupby(["unique_id", "window", "model"]).cumcount() + 1)
    frame = frame.sort_values(["model", "unique_id", "cutoff", "step"], kind="stable", ignore_index=True)
    by_cutoff = _by_cutoff(frame, {each.unique_id: each.series for each in request.panel.demands}, result.season_length)
    by_model = result.leaderboard.drop(columns=["seconds", "note", "status"])
    return CrossValidation(frame, by_model, by_cutoff, _by_step(frame), result.levels, horizon, result.notes)


def _by_cutoff(frame: pd.DataFrame, series: dict[str, pd.Series], season_length: int) -> pd.DataFrame:
    rows = []
    for (unique_id, cutoff, model), each in frame.groupby(["unique_id", "cutoff", "model"], sort=False):
        scale = metrics.seasonal_scale(series[str(unique_id)].loc[:cutoff].to_numpy(float), season_length)
        rows.append((cutoff, model, metrics.mase(each["y"].to_numpy(float), each["mean"].to_numpy(float), scale)))
    table = pd.DataFrame(rows, columns=["cutoff", "model", "mase"])
    return table.groupby(["cutoff", "model"], sort=True)["mase"].mean().reset_index()


def _by_step(frame: pd.DataFrame) -> pd.DataFrame:
    usual = frame.groupby("unique_id")["y"].transform(lambda values: np.abs(values).mean() or 1.0)
    error = (frame["mean"] - frame["y"]).abs() / usual
    return error.groupby([frame["step"], frame["model"]]).mean().rename("mae").reset_index()
