"""One member over a whole request: the forecast of every series and the forecasts of the past windows, timed, failures caught and named."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cyberpunk_ai.forecasting.base import FORECASTERS
from cyberpunk_ai.forecasting.ensemble import why_unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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


class Histories(Protocol):
    """The series as members learn them, and the way back to the demand itself."""

    def series(self, position: int, window: Window | None = None) -> pd.Series:
        """Return a series, up to a past window where one is given."""

    def restore(self, position: int, window: Window | None, answer: Continuation) -> Continuation:
        """Put back on a continuation what had been taken out of its series."""


@dataclass(frozen=True)
class PlainHistories:
    """The demand itself."""

    demands: Sequence[Demand]

    def series(self, position: int, window: Window | None = None) -> pd.Series:
        """Return a series, up to a past window where one is given."""
        whole = self.demands[position].series
        return whole if window is None else whole.iloc[: window.end]

    def restore(self, position: int, window: Window | None, answer: Continuation) -> Continuation:  # noqa: ARG002 - nothing was taken out
        """Return the continuation as it is."""
        return answer


class Abandoned(Exception):
    """The caller no longer waits for this member."""


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
    fits: dict[int, Forecaster] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether it gave no usable forecast for any series."""
        return not self.future


@dataclass(frozen=True)
class Task:
    """What every member is asked.

    Attributes:
        histories: The series as members learn them.
        count: How many there are.
        windows: Past windows of each series.
        horizon: Periods to forecast.
        season_length: Periods in one season.
        seed: Seed of everything random.
        keeps_fits: Whether the fitted members are wanted afterwards.
        is_abandoned: Asked between series whether anybody still waits.
        shared: Models that global members learnt elsewhere, by member and by window, None standing for the whole history.
    """

    histories: Histories
    count: int
    windows: Sequence[Sequence[Window]]
    horizon: int
    season_length: int
    seed: int
    keeps_fits: bool = False
    is_abandoned: Callable[[], bool] = lambda: False
    shared: Mapping[str, Mapping[int | None, Mapping[str, Any]]] = field(default_factory=dict)


def run_member(kind: type[Forecaster], task: Task) -> MemberRun:
    """Fit a member on every series, forecast, then refit it on every past window.

    Args:
        kind: Class of the forecaster.
        task: What is asked.

    Returns:
        What it gave; a series or window on which it failed is absent, and `failures` says why.

    Raises:
        Abandoned: Nobody waits any more.
    """
    run = MemberRun(kind.name)
    start = time.perf_counter()
    FORECASTERS.load_needs(kind.name)
    fits = _fit_all(kind, [task.histories.series(position) for position in range(task.count)], task, run.failures)
    for position, fit in fits.items():
        continue_run(run, position, fit, task)
    if kind.is_global:
        _global_past(run, kind, task)
    else:
        for position, fit in fits.items():
            _check(task)
            if position in run.future:
                _local_past(run, position, copy.copy(fit) if task.keeps_fits else fit, task)
    if task.keeps_fits:
        run.fits = fits
    run.seconds = time.perf_counter() - start
    return run


def _check(task: Task) -> None:
    if task.is_abandoned():
        raise Abandoned


def _fit_all(
    kind: type[Forecaster], panel: Sequence[pd.Series], task: Task, failures: dict[int, str], number: int | None = None
) -> dict[int, Forecaster]:
    _check(task)
    if kind.is_global:
        known = task.shared.get(kind.name, {}).get(number)
        try:
            if known is not None:
                return dict(enumerate(kind.restore_panel(panel, known, season_length=task.season_length, seed=task.seed)))
            return dict(enumerate(kind.fit_panel(panel, season_length=task.season_length, seed=task.seed)))
        except Exception as error:  # noqa: BLE001 - see below
            failures.update(dict.fromkeys(range(len(panel)), _reason(error)))
            return {}
    fits = {}
    for position, series in enumerate(panel):
        _check(task)
        try:
            fits[position] = kind(task.season_length, task.seed).fit(series)
        except Exception as error:  # noqa: BLE001 - a member is a third party's numerics: it may fail, is named, and the others answer
            failures[position] = _reason(error)
    return fits


def continue_run(run: MemberRun, position: int, fit: Forecaster, task: Task) -> None:
    """Let one fitted member forecast its series; what it says, or why it failed, is noted in the run."""
    history = task.histories.series(position).to_numpy(float)
    try:
        told = Continuation(fit.predict(task.horizon), fit.predict_spread(task.horizon))
    except Exception as error:  # noqa: BLE001 - as above
        run.failures[position] = _reason(error)
        return
    why = why_unusable(history, told.mean)
    if why:
        run.failures[position] = why
        return
    run.future[position] = task.histories.restore(position, None, told)
    if fit.note:
        run.notes[position] = fit.note
    if not fit.is_naive_ and fit.long_season_ is not None:
        run.season_notes[position] = fit.long_season_.note


def _local_past(run: MemberRun, position: int, fit: Forecaster, task: Task) -> None:
    for window in task.windows[position]:
        history = task.histories.series(position, window)
        try:
            again = fit.refit(history)
            told = Continuation(again.predict(window.length), again.predict_spread(window.length))
        except Exception as error:  # noqa: BLE001 - as above; the window is missing from its score and the note says so
            run.notes[position] = f"window {window.number} failed: {_reason(error)}"
            continue
        if not why_unusable(history.to_numpy(float), told.mean):
            run.past[position, window.number] = task.histories.restore(position, window, told)


def _global_past(run: MemberRun, kind: type[Forecaster], task: Task) -> None:
    for number in sorted({window.number for each in task.windows for window in each}):
        chosen = [(position, window) for position, each in enumerate(task.windows) for window in each if window.number == number]
        failures: dict[int, str] = {}
        histories = [task.histories.series(position, window) for position, window in chosen]
        fits = _fit_all(kind, histories, task, failures, number)
        for place, (position, window) in enumerate(chosen):
            try:
                if place not in fits:
                    raise RuntimeError(failures[place])
                told = Continuation(fits[place].predict(window.length), fits[place].predict_spread(window.length))
            except Exception as error:  # noqa: BLE001 - as above
                run.notes[position] = f"window {number} failed: {failures.get(place) or _reason(error)}"
                continue
            if not why_unusable(histories[place].to_numpy(float), told.mean):
                run.past[position, number] = task.histories.restore(position, window, told)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
