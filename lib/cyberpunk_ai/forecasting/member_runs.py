"""One member over a whole request: the forecast of every series and the forecasts of the past windows, timed, failures caught and named."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cyberpunk_ai.forecasting.ensemble import why_unusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cyberpunk_ai.forecasting.base import FloatArray, Forecaster
    from cyberpunk_ai.forecasting.input import Demand


@dataclass(frozen=True)
class Window:
    """A past origin: the member sees the first `end` values and is asked for the `length` that follow."""

    number: int
    end: int
    length: int


@dataclass(frozen=True)
class Continuation:
    """What a member says comes next, and how far off it expects to be."""

    mean: FloatArray
    spread: FloatArray | None


@dataclass
class MemberRun:
    """All that one member gave. Keys are the position of the series, and for the past also the number of the window."""

    name: str
    future: dict[int, Continuation] = field(default_factory=dict)
    past: dict[tuple[int, int], Continuation] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    season_notes: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether it gave no usable forecast for any series."""
        return not self.future


def run_member(
    kind: type[Forecaster], demands: Sequence[Demand], windows: Sequence[Sequence[Window]], *, horizon: int, season_length: int, seed: int
) -> MemberRun:
    """Fit a member on every series, forecast, then refit it on every past window.

    Args:
        kind: Class of the forecaster.
        demands: The series.
        windows: Past windows of each series.
        horizon: Periods to forecast.
        season_length: Periods in one season.
        seed: Seed of everything random.

    Returns:
        What it gave; a series or window on which it failed is absent, and `failures` says why.
    """
    run = MemberRun(kind.name)
    start = time.perf_counter()
    fits = _fit_all(kind, [demand.series for demand in demands], season_length, seed, run.failures)
    for position, fit in fits.items():
        _continue(run, position, fit, demands[position].values, horizon)
    if kind.is_global:
        _global_past(run, kind, demands, windows, season_length, seed)
    else:
        for position, fit in fits.items():
            if position in run.future:
                _local_past(run, position, fit, demands[position], windows[position])
    run.seconds = time.perf_counter() - start
    return run


def _fit_all(
    kind: type[Forecaster], panel: Sequence[pd.Series], season_length: int, seed: int, failures: dict[int, str]
) -> dict[int, Forecaster]:
    if kind.is_global:
        try:
            return dict(enumerate(kind.fit_panel(panel, season_length=season_length, seed=seed)))
        except Exception as error:  # noqa: BLE001 - see below
            failures.update(dict.fromkeys(range(len(panel)), _reason(error)))
            return {}
    fits = {}
    for position, series in enumerate(panel):
        try:
            fits[position] = kind(season_length, seed).fit(series)
        except Exception as error:  # noqa: BLE001 - a member is a third party's numerics: it may fail, is named, and the others answer
            failures[position] = _reason(error)
    return fits


def _continue(run: MemberRun, position: int, fit: Forecaster, history: FloatArray, horizon: int) -> None:
    try:
        answer = Continuation(fit.predict(horizon), fit.predict_spread(horizon))
    except Exception as error:  # noqa: BLE001 - as above
        run.failures[position] = _reason(error)
        return
    why = why_unusable(history, answer.mean)
    if why:
        run.failures[position] = why
        return
    run.future[position] = answer
    if fit.note:
        run.notes[position] = fit.note
    if not fit.is_naive_ and fit.long_season_ is not None:
        run.season_notes[position] = fit.long_season_.note


def _local_past(run: MemberRun, position: int, fit: Forecaster, demand: Demand, windows: Sequence[Window]) -> None:
    for window in windows:
        try:
            again = fit.refit(demand.series.iloc[: window.end])
            answer = Continuation(again.predict(window.length), again.predict_spread(window.length))
        except Exception as error:  # noqa: BLE001 - as above; the window is missing from its score and the note says so
            run.notes[position] = f"window {window.number} failed: {_reason(error)}"
            continue
        if not why_unusable(demand.values[: window.end], answer.mean):
            run.past[position, window.number] = answer


def _global_past(
    run: MemberRun, kind: type[Forecaster], demands: Sequence[Demand], windows: Sequence[Sequence[Window]], season_length: int, seed: int
) -> None:
    for number in sorted({window.number for each in windows for window in each}):
        chosen = [(position, window) for position, each in enumerate(windows) for window in each if window.number == number]
        failures: dict[int, str] = {}
        fits = _fit_all(kind, [demands[position].series.iloc[: window.end] for position, window in chosen], season_length, seed, failures)
        for place, (position, window) in enumerate(chosen):
            if place not in fits:
                run.notes[position] = f"window {number} failed: {failures[place]}"
                continue
            answer = Continuation(fits[place].predict(window.length), fits[place].predict_spread(window.length))
            if not why_unusable(demands[position].values[: window.end], answer.mean):
                run.past[position, number] = answer


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
