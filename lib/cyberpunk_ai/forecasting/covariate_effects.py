"""What covariates do to demand: a linear effect per series, drawn towards what all share, taken out before members learn.

Members that know no covariates profit as well, the effect is a component of its own, and another future needs no new model. Which columns
there are is `covariates`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.forecasting.member_runs import Continuation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.covariates import Covariates
    from cyberpunk_ai.forecasting.input import Panel
    from cyberpunk_ai.forecasting.member_runs import Window

_KNOTS_PER_SEASON = 1.0
_MOST_KNOTS = 24
_MOST_HARMONICS = 6
# A column must have moved in so many periods that an effect can be told from chance.
_LEAST_EVENTS = 2
# Ridge in periods of evidence: of the effect that a panel shares towards nothing, of a series' own towards that one.
_TOWARDS_NOTHING, _TOWARDS_PANEL = 2.0, 100.0
# An effect of so many standard errors squared, or less, is taken for chance, and larger ones are held back by it.
_CHANCE = 2.0
# Newest share of the history on which the effect must prove itself, and the gain it must bring there.
_JUDGED_SHARE = 0.25
_LEAST_GAIN = 0.01
_FARTHEST = 1.5


@dataclass(frozen=True)
class Effects:
    """The effect of every covariate on every series.

    Attributes:
        names: Covariates that are in use.
        weights: Shape (series, columns); of the logarithm where `is_relative`.
        errors: Standard errors of the weights, same shape.
        is_relative: Per series, whether the effect multiplies.
    """

    names: tuple[str, ...]
    weights: FloatArray
    errors: FloatArray
    is_relative: tuple[bool, ...]

    def told(self, position: int, table: FloatArray) -> FloatArray:
        """Return the joint effect on each period of a table; one that multiplies is kept within what a logarithm can tell."""
        joint = np.asarray(table @ self.weights[position], dtype=np.float64)
        return np.clip(joint, -_FARTHEST, _FARTHEST) if self.is_relative[position] else joint


class CovariateHistories:
    """The series of a request without the effect of their covariates, and the way back.

    Args:
        panel: The series.
        covariates: Columns over history and horizon.
        windows: Past windows; each has effects of its own, learnt from what was known then.
    """

    def __init__(self, panel: Panel, covariates: Covariates, windows: Sequence[Sequence[Window]]) -> None:
        self.panel = panel
        self._values = [each.values for each in panel.demands]
        # An effect is told against the usual value of its covariate, not against a price of zero.
        self.notes = list(covariates.notes)
        self.usual: list[FloatArray] = []
        self.dates_close = False
        self.covariates, self.gain = self._settled(covariates)
        covariates = self.covariates
        self.is_used = bool(covariates.names) and self.gain >= _LEAST_GAIN
        if self.is_used:
            self.notes.append(f"covariates told {self.gain:.0%} of what trend and season left open on the newest periods: used")
            self.effects = find_effects(self._values, covariates, panel.season_length)
            self._past = {
                number: find_effects(
                    [values[: _end(each, number, len(values))] for values, each in zip(self._values, windows, strict=True)],
                    covariates,
                    panel.season_length,
                )
                for number in sorted({window.number for each in windows for window in each})
            }
        elif covariates.names:
            self.notes.append(
                f"covariates told {max(self.gain, 0.0):.0%} of what trend and season left open on the newest periods: left out"
            )

    def _settled(self, covariates: Covariates) -> tuple[Covariates, float]:
        """Decide by what they told whether a week's date is its first or its last day, and measure the gain."""
        if not covariates.names:
            return covariates, 0.0
        settled, usual = self._around_usual(covariates), self.usual
        gain = _gain(self._values, settled, self.panel.season_length)
        if covariates.if_ending is not None:
            ending = self._around_usual(covariates.if_ending)
            other = _gain(self._values, ending, self.panel.season_length)
            if other > max(gain, _LEAST_GAIN):
                self.notes.append("holidays tell more if the date of a week is its last day: taken so")
                self.dates_close = True
                return ending, other
        self.usual = usual
        return settled, gain

    def _around_usual(self, covariates: Covariates) -> Covariates:
        self.usual = [np.median(table[: len(each)], axis=0) for table, each in zip(covariates.values, self._values, strict=True)]
        tables = (table - usual for table, usual in zip(covariates.values, self.usual, strict=True))
        return replace(covariates, values=tuple(tables), if_ending=None)

    def over(self, panel: Panel, covariates: Covariates) -> CovariateHistories:
        """Return the same effects over longer histories or another future of the same covariates.

        Args:
            panel: The same series, as long or longer.
            covariates: The same columns over their history and horizon.
        """
        other = copy.copy(self)
        other.panel, other._values = panel, [each.values for each in panel.demands]
        # A column that the other stretch does not have, such as a holiday that does not fall into it, is zero there.
        places = [covariates.names.index(name) if name in covariates.names else None for name in self.covariates.names]
        tables = [
            np.column_stack([np.zeros(len(table)) if place is None else table[:, place] for place in places]) - usual
            for table, usual in zip(covariates.values, self.usual, strict=True)
        ]
        other.covariates = replace(covariates, names=self.covariates.names, values=tuple(tables), if_ending=None)
        return other

    def series(self, position: int, window: Window | None = None) -> pd.Series:
        """Return a series, up to a past window where one is given, as members learn it."""
        whole = self.panel.demands[position].series
        known = whole if window is None else whole.iloc[: window.end]
        if not self.is_used:
            return known
        effects = self.effects if window is None else self._past[window.number]
        told = effects.told(position, self.covariates.values[position][: len(known)])
        values = known.to_numpy(float)
        without = values / np.exp(told) if effects.is_relative[position] else values - told
        return pd.Series(without, index=known.index, name=known.name)

    def told_ahead(self, position: int) -> FloatArray:
        """Return the joint effect on every period of the horizon; of the logarithm where it multiplies."""
        return self.effects.told(position, self.covariates.values[position][len(self._values[position]) :])

    def restore(self, position: int, window: Window | None, answer: Continuation) -> Continuation:
        """Put the effect of the periods that follow on what a member said."""
        if not self.is_used:
            return answer
        effects = self.effects if window is None else self._past[window.number]
        start = len(self._values[position]) if window is None else window.end
        told = effects.told(position, self.covariates.values[position][start : start + len(answer.mean)])
        return moved(answer, told, is_relative=effects.is_relative[position])


def moved(answer: Continuation, told: FloatArray, *, is_relative: bool) -> Continuation:
    """Move a continuation by an effect per step."""
    if not is_relative:
        return Continuation(answer.mean + told, answer.spread)
    factor = np.exp(told)
    return Continuation(answer.mean * factor, None if answer.spread is None else answer.spread * factor)


def find_effects(values: Sequence[FloatArray], covariates: Covariates, season_length: int) -> Effects:
    """Estimate the effect of the covariates on every series.

    Args:
        values: The series, finite; covariates beyond their end are not looked at.
        covariates: Columns over at least these periods.
        season_length: Periods in one season.

    Returns:
        Weights per series: those of the panel together, and the series' own as far as it has evidence.

    Source:
        Frisch & Waugh (1933): trend and season are taken out of demand and covariates alike before one is regressed on the other; what is
        left is differenced by its own autocorrelation (Cochrane & Orcutt, 1949); Breiman's (1995) garrote holds doubtful effects back, and
        a ridge draws series to what they share.
    """
    parts = [_innovations(each, table[: len(each)], season_length) for each, table in zip(values, covariates.values, strict=True)]
    relative = tuple(part.is_relative for part in parts)
    # Effects of different units cannot be shared: then every series stands alone.
    found = [_weights(parts)] if len(set(relative)) == 1 else [_weights([part]) for part in parts]
    weights, errors = (np.concatenate(each) for each in zip(*found, strict=True))
    return Effects(covariates.names, weights, errors, relative)


def _weights(parts: Sequence[_Part]) -> tuple[FloatArray, FloatArray]:
    count = parts[0].columns.shape[1]
    scales = np.sqrt(np.mean([np.square(part.columns).mean(axis=0) if len(part.columns) else np.zeros(count) for part in parts], axis=0))
    scales[scales == 0] = 1.0
    gram, moment = np.zeros((count, count)), np.zeros(count)
    for part in parts:
        columns = part.columns / scales / part.noise
        gram += columns.T @ columns
        moment += columns.T @ (part.demand / part.noise)
    precision = gram + _ridge(parts, count, _TOWARDS_NOTHING)
    plain = np.linalg.solve(precision, moment)
    # Series of a panel are moved by the same shocks, so that together they are as much evidence as one of them.
    errors = np.diag(np.linalg.inv(precision)) * len(parts)
    shared = plain * np.maximum(1 - _CHANCE * errors / np.maximum(np.square(plain), 1e-300), 0.0)
    is_seen = np.sum([part.events for part in parts], axis=0) >= _LEAST_EVENTS
    deviation = np.where(is_seen, np.sqrt(errors) / scales, 0.0)
    if len(parts) == 1:
        return np.where(is_seen, shared / scales, 0.0)[None, :], deviation[None, :]
    weights = np.zeros((len(parts), count))
    for position, part in enumerate(parts):
        columns = part.columns / scales / part.noise
        still_open = part.demand / part.noise - columns @ shared
        own = np.linalg.solve(columns.T @ columns + _ridge([part], count, _TOWARDS_PANEL), columns.T @ still_open)
        weights[position] = np.where(is_seen, (shared + own) / scales, 0.0)
    return weights, np.repeat(deviation[None, :], len(parts), axis=0)


@dataclass(frozen=True)
class _Part:
    demand: FloatArray
    columns: FloatArray
    noise: float
    is_relative: bool
    events: FloatArray


def _ridge(parts: Sequence[_Part], count: int, periods: float) -> FloatArray:
    """Return the price of an effect: as much as so many periods of evidence."""
    return np.asarray(np.eye(count) * periods * float(np.mean([part.noise**-2 for part in parts])), dtype=np.float64)


def _innovations(values: FloatArray, table: FloatArray, season_length: int) -> _Part:
    """Take trend, season and the memory of one period out of demand and columns."""
    is_relative = bool(values.min() > 0)
    told = np.log(values) if is_relative else values
    known = _nuisance(len(values), season_length)
    both = np.column_stack([told, table])
    left = both - known @ np.linalg.lstsq(known, both, rcond=None)[0]
    demand, columns = left[:, 0], left[:, 1:]
    # A column that trend and season tell completely has no effect of its own.
    hidden = np.square(columns).mean(axis=0) < 1e-3 * np.maximum(table.var(axis=0), 1e-12)
    columns = np.where(hidden, 0.0, columns)
    centred = float(demand[:-1] @ demand[:-1]) if len(demand) > 1 else 0.0
    memory = float(np.clip(demand[1:] @ demand[:-1] / centred, 0.0, 0.9)) if centred > 0 else 0.0
    demand, columns = demand[1:] - memory * demand[:-1], columns[1:] - memory * columns[:-1]
    noise = 1.4826 * float(np.median(np.abs(demand))) if len(demand) else 0.0
    noise = noise or (float(demand.std()) if len(demand) else 0.0) or 1.0
    demand = np.clip(demand, -8 * noise, 8 * noise)
    events = (np.abs(table - np.median(table, axis=0)) > 1e-9).sum(axis=0).astype(np.float64)
    return _Part(demand, columns, noise, is_relative, np.where(hidden, 0.0, events))


def _nuisance(count: int, season_length: int) -> FloatArray:
    """Trend of straight pieces and waves of the season, as far as the length carries them."""
    time = np.linspace(0.0, 1.0, count)
    columns = [np.ones(count), time]
    knots = int(np.clip(count / max(season_length, 6) * _KNOTS_PER_SEASON, 0, min(_MOST_KNOTS, count // 6)))
    columns += [np.maximum(time - knot, 0.0) for knot in np.linspace(0, 1, knots + 2)[1:-1]]
    if season_length > 1 and count >= 2 * season_length:
        angle = 2 * np.pi * np.arange(count) / season_length
        for wave in range(1, min(season_length // 2, _MOST_HARMONICS) + 1):
            columns += [np.cos(wave * angle), np.sin(wave * angle)]
    return np.column_stack(columns)


def _gain(values: Sequence[FloatArray], covariates: Covariates, season_length: int) -> float:
    """Return the share of absolute variation on the newest quarter that effects learnt before explain."""
    cut = [max(int(len(each) * (1 - _JUDGED_SHARE)), min(len(each), 4)) for each in values]
    earlier = find_effects([each[:end] for each, end in zip(values, cut, strict=True)], covariates, season_length)
    without = with_effect = 0.0
    for position, (each, end) in enumerate(zip(values, cut, strict=True)):
        part = _innovations(each, covariates.values[position][: len(each)], season_length)
        judged = slice(max(end - 1, 0), None)
        demand = part.demand[judged] / part.noise
        told = part.columns[judged] @ earlier.weights[position] / part.noise
        without += float(np.abs(demand).sum())
        with_effect += float(np.abs(demand - told).sum())
    return 1 - with_effect / without if without > 0 else 0.0


def _end(windows: Sequence[Window], number: int, count: int) -> int:
    return next((window.end for window in windows if window.number == number), count)


def no_effects() -> pd.DataFrame:
    """Return the frame of effects where there are none."""
    return pd.DataFrame(
        {"unique_id": pd.Series(dtype=str), "ds": pd.Series(dtype="datetime64[ns]"), "covariate": pd.Series(dtype=str)}
        | {"effect": pd.Series(dtype=float)}
    )


def effects_frame(covered: CovariateHistories, forecast: pd.DataFrame) -> pd.DataFrame:
    """Tell what every covariate did and will do, in units of the demand, against its usual value.

    Args:
        covered: The effects.
        forecast: unique_id, ds and mean of the horizon.

    Returns:
        unique_id, ds, covariate, effect; where effects multiply, the joint one is divided in proportion to their logarithms.
    """
    if not covered.is_used:
        return no_effects()
    ahead = dict(tuple(forecast.groupby("unique_id")))
    rows = []
    for position, demand in enumerate(covered.panel.demands):
        later = ahead[demand.unique_id]
        demand_and_mean = np.concatenate([demand.values, later["mean"].to_numpy(float)])
        dates = demand.series.index.append(pd.DatetimeIndex(later["ds"]))
        table = covered.covariates.values[position][: len(dates)]
        parts = table * covered.effects.weights[position]
        if covered.effects.is_relative[position]:
            joint = parts.sum(axis=1, keepdims=True)
            told = covered.effects.told(position, table)[:, None]
            in_units = demand_and_mean[:, None] * -np.expm1(-told)
            parts = np.divide(parts * in_units, joint, out=np.zeros_like(parts), where=np.abs(joint) > 1e-12)
        rows += [
            pd.DataFrame({"unique_id": demand.unique_id, "ds": dates, "covariate": name, "effect": parts[:, column]})
            for column, name in enumerate(covered.covariates.names)
            if np.abs(parts[:, column]).max() > 0
        ]
    return pd.concat(rows, ignore_index=True) if rows else no_effects()
