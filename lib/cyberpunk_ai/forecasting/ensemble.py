"""The ensemble: the mean of its members, the outermost drawn in, after those that failed or exploded have been dropped by name.

Choosing one model by its past costs accuracy (measured: .07 to .10 OWA), so nothing here ever chooses one. Weighting members by
their past over a panel, by MASE to the power of -1 to -4, moved OWA by .001 up to .007 down on four public sets: too little to carry
weights through every update.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray, Forecaster

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

DEFAULT_MODELS = ("arima", "ces", "ets", "theta", "xgboost", "lstm")
# A forecast that leaves the range of the history by more than this many ranges is no forecast.
_FARTHEST_RANGES = 5.0
_MEAN_FROM = 4


def combine(means: Sequence[FloatArray]) -> FloatArray:
    """Return the mean over members at each step, or the median of three and less.

    From four on, the highest and the lowest go no farther from the others than these lie apart. That is a mean where members agree, and
    where one is far out its pull is bounded by how far the others disagree.

    Args:
        means: One array of shape (horizon,) per member, at least one.

    Returns:
        Shape (horizon,).

    Source:
        Jose & Winkler (2008), simple robust averages of forecasts: a winsorized mean with some room.
    """
    ordered = np.sort(np.stack(list(means)), axis=0)
    if len(ordered) < _MEAN_FROM:
        return np.asarray(np.median(ordered, axis=0), dtype=np.float64)
    low, high = ordered[1], ordered[-2]
    ordered[0] = np.maximum(ordered[0], low - (high - low))
    ordered[-1] = np.minimum(ordered[-1], high + (high - low))
    return np.asarray(ordered.mean(axis=0), dtype=np.float64)


def combine_spreads(spreads: Sequence[FloatArray | None]) -> FloatArray | None:
    """Return the mean spread of the members that know theirs, or None where none does."""
    known = [spread for spread in spreads if spread is not None and np.isfinite(spread).all()]
    return np.asarray(np.mean(np.stack(known), axis=0), dtype=np.float64) if known else None


def why_unusable(history: FloatArray, continuation: FloatArray) -> str:
    """Say why a continuation must not enter the ensemble, or return an empty string."""
    if not np.isfinite(continuation).all():
        return "its forecast is not finite"
    reach = _FARTHEST_RANGES * max(float(np.ptp(history)), 1e-12 * float(np.abs(history).max()))
    if continuation.max() > history.max() + reach or continuation.min() < history.min() - reach:
        return "its forecast exploded"
    return ""


@FORECASTERS.register("ensemble", summary="Winsorized mean of the members, without those that fail or explode.")
class EnsembleForecaster(Forecaster):
    """Fits its members on the series and predicts their winsorized mean; `dropped_` names who was left out and why.

    Args:
        season_length: Periods in one season; 1 means none.
        seed: Seed handed to every member.
        members: Names of registered forecasters.
    """

    name: ClassVar[str] = "ensemble"
    knows_long_seasons: ClassVar[bool] = True

    def __init__(self, season_length: int = 1, seed: int = 0, members: Sequence[str] = DEFAULT_MODELS) -> None:
        super().__init__(season_length, seed)
        if not members or "ensemble" in members:
            raise InvalidArgument("an ensemble needs members other than itself", hint=f"for example {', '.join(DEFAULT_MODELS)}")
        self.members = tuple(members)

    def _learn(self, values: FloatArray) -> None:  # noqa: ARG002 - members take the series with its dates
        fresh = {name: FORECASTERS.get(name)(self.season_length, self.seed) for name in self.members}
        self._take(fresh, lambda member, series: member.fit(series))

    def _relearn(self, values: FloatArray) -> None:  # noqa: ARG002 - as above
        self._take(self.fitted_, lambda member, series: member.refit(series))

    def _move_on(self, values: FloatArray) -> None:  # noqa: ARG002 - as above
        self._take(self.fitted_, lambda member, series: copy.copy(member).extend(series))

    def _take(self, forecasters: Mapping[str, Forecaster], learn: Callable[[Forecaster, pd.Series], Forecaster]) -> None:
        series = self._series()
        self.fitted_: dict[str, Forecaster] = {}
        self.dropped_: dict[str, str] = {}
        for name, forecaster in forecasters.items():
            try:
                self.fitted_[name] = learn(forecaster, series)
            except Exception as error:  # noqa: BLE001 - whatever one member's library raises, the others still answer; it is named
                self.dropped_[name] = f"{type(error).__name__}: {error}"
        if not self.fitted_:
            raise TooLittleData("no member could learn the series", hint="; ".join(f"{name}: {why}" for name, why in self.dropped_.items()))
        self.note_ = _left_out(self.dropped_)

    def _series(self) -> pd.Series:
        import pandas as pd

        return pd.Series(self.values_, index=self.index_)

    def _project(self, horizon: int) -> FloatArray:
        means = {}
        for name, forecaster in self.fitted_.items():
            mean = forecaster.predict(horizon)
            why = why_unusable(self.values_, mean)
            if why:
                self.dropped_[name] = why
            else:
                means[name] = mean
        self.note_ = _left_out(self.dropped_)
        return combine(list(means.values())) if means else np.full(horizon, self.values_[-1])

    def _spread(self, horizon: int) -> FloatArray | None:
        return combine_spreads([forecaster.predict_spread(horizon) for forecaster in self.fitted_.values()])


def _left_out(dropped: Mapping[str, str]) -> str:
    return "; ".join(f"{name} dropped: {why}" for name, why in dropped.items())
