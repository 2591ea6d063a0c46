"""From what the members gave to one result: who takes part, what they say together, its intervals, the leaderboard and the notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.forecasting import defaults, frequency
from cyberpunk_ai.forecasting.backtest import Scores, Standing, leaderboard
from cyberpunk_ai.forecasting.covariate_effects import effects_frame, no_effects
from cyberpunk_ai.forecasting.ensemble import combine, combine_spreads
from cyberpunk_ai.forecasting.intervals import Bands, bands, calibrate, is_intermittent, scores
from cyberpunk_ai.forecasting.member_runs import Continuation, MemberRun, Window
from cyberpunk_ai.forecasting.results import ForecastResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.covariate_effects import CovariateHistories
    from cyberpunk_ai.forecasting.input import Demand, Panel


BASELINE = "seasonal_naive"
# Said instead of a reason of members that may still land.
WAITING = "still at work"
ENSEMBLE = "ensemble"
# A member whose past error is more than twice the best one's, and more than the baseline's, only disturbs the others. The second half
# matters for single series: one window is little evidence, and dropping on it alone would amount to choosing a model by its past.
_WORST_RATIO = 2.0
# From so many series on, their past errors are pooled instead of kept apart.
_POOL_FROM_SERIES = 30


@dataclass
class Join:
    """Joins what the members gave into one result.

    Attributes:
        panel: The series.
        windows: Past windows of each series.
        runs: What each member gave, the baseline among them.
        left_out: Members that are not among them, and why.
        horizon: Periods forecast.
        levels: Levels of the intervals, rising.
        models: Names as the caller gave them.
        wanted_windows: Past windows that were asked for.
        covered: Covariates and their effects, None where there are none.
    """

    panel: Panel
    windows: Sequence[Sequence[Window]]
    runs: Mapping[str, MemberRun]
    left_out: Mapping[str, str]
    horizon: int
    levels: tuple[int, ...]
    models: tuple[str, ...]
    wanted_windows: int
    covered: CovariateHistories | None = None

    def result(self) -> ForecastResult:
        """Measure everybody on the past, drop the hopeless, join the others and put calibrated intervals around it."""
        self.notes = [*self.panel.notes, *(self.covered.notes if self.covered is not None else ())]
        self.scores: dict[str, Scores] = {}
        self.backtest_rows: list[pd.DataFrame] = []
        for name, run in self.runs.items():
            self._measure(name, run.past)
        self.dropped = self._drop()
        past = self._ensemble_past()
        self._measure(ENSEMBLE, past)
        forecasts, members = self._forecasts(past)
        forecast = pd.concat(forecasts, ignore_index=True)
        self._describe()
        history = pd.concat(
            [
                pd.DataFrame({"unique_id": each.unique_id, "ds": each.series.index, "y": each.values, "filled": each.filled})
                for each in self.panel.demands
            ],
            ignore_index=True,
        )
        return ForecastResult(
            unique_ids=tuple(each.unique_id for each in self.panel.demands),
            freq=self.panel.freq,
            season_length=self.panel.season_length,
            horizon=self.horizon,
            levels=self.levels,
            history=history,
            forecast=forecast,
            members=pd.concat(members, ignore_index=True),
            leaderboard=leaderboard(self._standings(), self.scores, self.levels),
            backtest=self._backtest(),
            effects=no_effects() if self.covered is None else effects_frame(self.covered, forecast),
            outliers=self.panel.outliers,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _taking_part(self) -> list[str]:
        # Sorted, so that the order of the names cannot change the last digit of a mean.
        return sorted(name for name in self.models if name in self.runs and name not in self.dropped)

    def _drop(self) -> dict[str, str]:
        dropped = {name: why for name, why in self.left_out.items() if name in self.models}
        for name in self.models:
            run = self.runs.get(name)
            if run is not None and run.failed:
                dropped[name] = next(iter(run.failures.values()), "it gave no forecast")
        able = {name: self.scores[name].pooled_mase for name in self.models if name in self.runs and name not in dropped}
        best = min((value for value in able.values() if np.isfinite(value)), default=float("nan"))
        plain = self.scores[BASELINE].pooled_mase
        for name, value in able.items():
            if value > _WORST_RATIO * best and value > plain:
                dropped[name] = f"its past MASE {value:.2f} is more than twice the best member's {best:.2f}, and worse than the baseline's"
        return dropped

    def _ensemble_past(self) -> dict[tuple[int, int], Continuation]:
        joined = {}
        for position, each in enumerate(self.windows):
            for window in each:
                answers = [self.runs[name].past.get((position, window.number)) for name in self._taking_part()]
                baseline = self.runs[BASELINE].past.get((position, window.number))
                answer = _join([answer for answer in answers if answer is not None], baseline)
                if answer is not None:
                    joined[position, window.number] = answer
        return joined

    def _calibration(self, past: dict[tuple[int, int], Continuation], position: int, without: int | None = None) -> dict[int, float]:
        pooled = len(self.panel.demands) >= _POOL_FROM_SERIES
        found = []
        for (place, number), answer in past.items():
            if (pooled or place == position) and number != without and answer.spread is not None:
                window = next(window for window in self.windows[place] if window.number == number)
                found.append(scores(_actual(self.panel.demands[place], window), answer.mean, answer.spread))
        return calibrate(found, self.levels, defaults.factors(self.panel.freq))

    def _measure(self, name: str, past: dict[tuple[int, int], Continuation]) -> None:
        collected = self.scores.setdefault(name, Scores())
        shared: dict[int | None, dict[int, float]] = {}
        for (position, number), answer in past.items():
            demand = self.panel.demands[position]
            window = next(window for window in self.windows[position] if window.number == number)
            history, actual = demand.values[: window.end], _actual(demand, window)
            intervals: Bands = {}
            if name == ENSEMBLE:
                spread = _spread_or_rule(answer, history, self.panel.freq)
                # The window under judgement takes no part in its own calibration.
                if len(self.panel.demands) >= _POOL_FROM_SERIES:
                    factors = shared.setdefault(number, {}) or self._calibration(past, position, without=number)
                    shared[number] = factors
                else:
                    factors = self._calibration(past, position, without=number)
                intervals = bands(history, answer.mean, spread, factors)
            elif answer.spread is not None:
                intervals = bands(history, answer.mean, answer.spread, dict.fromkeys(self.levels, 1.0))
            collected.add(history, actual, answer.mean, intervals, self.panel.season_length)
            self.backtest_rows.append(
                _rows(
                    demand.unique_id,
                    pd.DatetimeIndex(demand.series.index[window.end : window.end + window.length]),
                    answer.mean,
                    intervals,
                    self.levels,
                ).assign(window=number, model=name, y=actual)
            )

    def _forecasts(self, past: dict[tuple[int, int], Continuation]) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
        forecasts, members = [], []
        pooled = self._calibration(past, 0) if len(self.panel.demands) >= _POOL_FROM_SERIES else None
        for position, demand in enumerate(self.panel.demands):
            dates = frequency.dates_after(demand.series.index[-1], self.panel.freq, self.horizon)
            answers = {name: self.runs[name].future[position] for name in self._taking_part() if position in self.runs[name].future}
            answer = _join(list(answers.values()), self.runs[BASELINE].future.get(position))
            if not answers:
                self.notes.append(f"{demand.unique_id}: no member has answered, the seasonal naive stands in")
            if answer is None:
                answer = Continuation(np.full(self.horizon, demand.values[-1]), None)
            mean = np.maximum(answer.mean, 0.0) if demand.values.min() >= 0 else answer.mean
            spread = _spread_or_rule(answer, demand.values, self.panel.freq)
            intervals = bands(demand.values, mean, spread, pooled or self._calibration(past, position))
            forecasts.append(_rows(demand.unique_id, dates, mean, intervals, self.levels))
            members += [
                pd.DataFrame({"unique_id": demand.unique_id, "ds": dates, "model": name, "mean": each.mean})
                for name, each in answers.items()
            ]
            self._note_path(demand)
        return forecasts, members or [pd.DataFrame({"unique_id": [], "ds": [], "model": [], "mean": []})]

    def _note_path(self, demand: Demand) -> None:
        values = demand.values
        if len(values) == 1:
            self.notes.append(f"{demand.unique_id}: a single value is carried on; its intervals are a rule of thumb from other series")
        elif np.ptp(values) == 0:
            self.notes.append(f"{demand.unique_id}: the history never changes, so it is carried on and the intervals have no width")
        elif is_intermittent(values):
            self.notes.append(f"{demand.unique_id}: half of the periods or more are zero; intervals are quantiles of the history")
        elif len(values) < 8:
            self.notes.append(f"{demand.unique_id}: {len(values)} values are little to learn from; most members carry the last one on")

    def _describe(self) -> None:
        self.notes += [f"{name} dropped: {why}" for name, why in self.dropped.items() if why != WAITING]
        for name in self._taking_part():
            partly = self.runs[name].failures
            self.notes += [f"{name} is missing for {self.panel.demands[position].unique_id}: {why}" for position, why in partly.items()]
        found = {position: note for name in self._taking_part() for position, note in self.runs[name].season_notes.items()}
        if len(found) > 1:
            self.notes.append(f"a long or moving season was taken out of {len(found)} of {len(self.panel.demands)} series first")
        else:
            self.notes += [f"{self.panel.demands[position].unique_id}: {note}" for position, note in found.items()]
        planned = [len(each) for each in self.windows]
        short = sum(count < self.wanted_windows for count in planned)
        if short:
            self.notes.append(f"{short} of {len(planned)} series are too short for {self.wanted_windows} past windows: fewer were used")

    def _standings(self) -> list[Standing]:
        lines: list[Standing] = []
        for name in (*self.models, BASELINE):
            run = self.runs.get(name)
            status = "dropped" if name in self.dropped else "baseline" if name not in self.models else "used"
            status = "waiting" if self.dropped.get(name) == WAITING else status
            note = self.dropped.get(name, "")
            if run is not None and not note and len(self.panel.demands) == 1:
                note = run.notes.get(0, "")
            if not any(line.model == name for line in lines):
                lines.append(Standing(name, run.seconds if run else 0.0, status, note))
        seconds = sum(run.seconds for name, run in self.runs.items() if name in self.models)
        return [Standing(ENSEMBLE, seconds, "used", f"winsorized mean of {', '.join(self._taking_part()) or 'nobody'}"), *lines]

    def _backtest(self) -> pd.DataFrame:
        bounds = [f"{side}-{level}" for level in self.levels for side in ("lo", "hi")]
        columns = ["unique_id", "ds", "window", "model", "y", "mean", *bounds]
        if not self.backtest_rows:
            return pd.DataFrame(columns=columns)
        return pd.concat(self.backtest_rows, ignore_index=True)[columns]


def _join(answers: Sequence[Continuation], baseline: Continuation | None) -> Continuation | None:
    """Combine the members; the baseline lends its mean where nobody answered, and its spread where nobody knows theirs."""
    if not answers:
        return baseline
    spread = combine_spreads([answer.spread for answer in answers])
    return Continuation(combine([answer.mean for answer in answers]), baseline.spread if spread is None and baseline else spread)


def _spread_or_rule(answer: Continuation, history: FloatArray, freq: str) -> FloatArray:
    if answer.spread is not None:
        return answer.spread
    steps = np.sqrt(np.arange(1, len(answer.mean) + 1))
    if len(history) == 1:
        return abs(float(history[0])) * defaults.relative_error(freq) * steps
    return float(np.std(np.diff(history))) * steps


def _actual(demand: Demand, window: Window) -> FloatArray:
    return demand.values[window.end : window.end + window.length]


def _rows(unique_id: str, dates: pd.DatetimeIndex, mean: FloatArray, intervals: Bands, levels: Sequence[int]) -> pd.DataFrame:
    nothing = np.full(len(mean), np.nan)
    rows = pd.DataFrame({"unique_id": unique_id, "ds": dates, "mean": mean})
    for level in levels:
        rows[f"lo-{level}"], rows[f"hi-{level}"] = intervals.get(level, (nothing, nothing))
    return rows
