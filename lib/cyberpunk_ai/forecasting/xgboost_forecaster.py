"""XGBoost: boosted trees over lags, means and the calendar, one model for the whole panel and all steps of the horizon.

Season and scale are taken out per series first; what a row holds is in `features`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray
from cyberpunk_ai.forecasting.features import StackedSeries
from cyberpunk_ai.forecasting.panel_members import GlobalForecaster
from cyberpunk_ai.forecasting.pretrained.families import family_of
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROUNDS, _RATE = 200, 0.05
# What few rows hold is learnt in fewer and larger steps.
_FEW_ROWS, _FEW_ROUNDS, _FEW_RATE = 10_000, 80, 0.12
_PARAMETERS: dict[str, object] = {
    # Errors beyond a tenth of the level count by their size and not its square: an outlier must not own the model.
    "objective": "reg:pseudohubererror", "huber_slope": 0.1, "base_score": 0.0,
    "max_depth": 5, "min_child_weight": 20, "subsample": 0.8, "colsample_bytree": 0.7,
    "tree_method": "hist", "nthread": 1,  # more threads per worker multiplied its cost by six
}  # fmt: skip
_MOST_ROWS = 60_000
_LEAST_KNOWN = 4


@FORECASTERS.register("xgboost", needs=("xgboost",), summary="Boosted trees over lags and the calendar (xgboost).")
class XgboostForecaster(GlobalForecaster):
    """One boosted model over all series; it tells how far each step ahead lies from the last value.

    So many steps are learnt directly; a longer horizon takes the answers for known and asks again.
    """

    name: ClassVar[str] = "xgboost"
    minimum_length: ClassVar[int] = 12
    cost: ClassVar[int] = 30

    def _prepare(self, values: FloatArray) -> None:
        self.adjusted_ = adjust(values, self.season_length)

    def contributions(self, horizon: int) -> tuple[tuple[str, ...], float, FloatArray]:
        """Explain the next values of this series.

        Args:
            horizon: Periods, at most as many as are told at once are explained by what was known; later ones by what was told before.

        Returns:
            Names of the columns and `bias`; the last adjusted value; and what each column adds to it, shape (horizon, columns + 1), exact
            Shapley values that sum to the adjusted forecast minus the last value.
        """
        assert isinstance(self.together_, _Boosted)  # noqa: S101 - fit() always shares one
        return self.together_.contributions(self.place_, horizon)

    @classmethod
    def _learn_together(cls, fits: Sequence[Self]) -> _Boosted:
        longest = max(len(fit.values_) for fit in fits)
        model = _Boosted(fits, min(family_of(fits[0].season_length).ahead, longest // 2))
        model.booster = _grow(model.stacked([fit.adjusted_.values for fit in fits]), model.steps, fits[0].seed)
        return model

    @classmethod
    def _taken_up(cls, fits: Sequence[Self], state: Mapping[str, Any]) -> _Boosted:
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(state["booster"], "utf-8"))
        return _Boosted(fits, int(state["steps"]), booster)


@dataclass
class _Boosted:
    fits: Sequence[XgboostForecaster]
    steps: int
    booster: Any = None
    _made: dict[int, list[FloatArray]] = field(default_factory=dict)

    def project(self, horizon: int) -> list[FloatArray]:
        """Forecast all series together."""
        if horizon not in self._made:
            self._made[horizon] = self._answer(horizon)
        return self._made[horizon]

    def spread(self, horizon: int) -> list[FloatArray | None]:  # noqa: ARG002 - trees of one quantity know no spread
        return [None] * len(self.fits)

    def over(self, fits: Sequence[Any]) -> _Boosted:
        """Return the same trees over other prepared series."""
        return _Boosted(fits, self.steps, self.booster)

    def state(self) -> dict[str, Any]:
        """Return the trees in xgboost's own JSON."""
        return {"booster": bytes(self.booster.save_raw("json")).decode(), "steps": self.steps}

    def stacked(self, paths: Sequence[FloatArray]) -> StackedSeries:
        """Lay the series, known or partly answered, side by side."""
        dates = [self._dates(fit, path) for fit, path in zip(self.fits, paths, strict=True)]
        return StackedSeries(paths, self.fits[0].season_length, dates, self.steps)

    def contributions(self, place: int, horizon: int) -> tuple[tuple[str, ...], float, FloatArray]:
        """Return the Shapley values of one series; see the forecaster."""
        import xgboost

        alone = self.over([self.fits[place]])
        path = alone.fits[0].adjusted_.values
        last, rounds = float(path[-1]), []
        names: tuple[str, ...] = ()
        for _ in range(-(-horizon // self.steps)):
            stacked = alone.stacked([path])
            names = (*stacked.names, "bias")
            rows = stacked.rows(np.zeros(self.steps, dtype=np.int64), np.full(self.steps, stacked.width - 1), np.arange(1, self.steps + 1))
            matrix = xgboost.DMatrix(rows, feature_names=list(stacked.names), nthread=1)
            told = np.asarray(self.booster.predict(matrix, pred_contribs=True), dtype=np.float64) * stacked.levels[0]
            told[:, -1] += path[-1] - last
            rounds.append(told)
            path = np.concatenate([path, last + told.sum(axis=1)])
        return names, last, np.concatenate(rounds)[:horizon]

    def _answer(self, horizon: int) -> list[FloatArray]:
        paths = [fit.adjusted_.values for fit in self.fits]
        rounds: list[FloatArray] = []
        place, step = np.repeat(np.arange(len(paths)), self.steps), np.tile(np.arange(1, self.steps + 1), len(paths))
        for _ in range(-(-horizon // self.steps)):
            stacked = self.stacked(paths)
            answers = self.booster.inplace_predict(stacked.rows(place, np.full(len(place), stacked.width - 1), step))
            rounds.append(stacked.values[:, -1:] + answers.reshape(len(paths), self.steps) * stacked.levels[:, None])
            paths = [np.concatenate(each) for each in zip(paths, rounds[-1], strict=True)]
        ahead = np.concatenate(rounds, axis=1)[:, :horizon]
        return [fit.adjusted_.restore(each) for fit, each in zip(self.fits, ahead, strict=True)]

    def _dates(self, fit: XgboostForecaster, path: FloatArray) -> Any:
        index = fit.index_
        if len(path) == len(index) or getattr(index, "freq", None) is None:
            return index
        import pandas as pd

        return pd.date_range(index[0], periods=len(path), freq=index.freq)


def _grow(stacked: StackedSeries, steps: int, seed: int) -> Any:
    import xgboost

    place, end, step = stacked.pick(_MOST_ROWS, steps, _LEAST_KNOWN, seed)
    matrix = xgboost.DMatrix(
        stacked.rows(place, end, step),
        label=stacked.targets(place, end, step),
        weight=step**-0.5,
        nthread=1,
        feature_names=list(stacked.names),
    )
    rounds, rate = (_FEW_ROUNDS, _FEW_RATE) if len(place) < _FEW_ROWS else (_ROUNDS, _RATE)
    return xgboost.train({**_PARAMETERS, "eta": rate, "seed": seed}, matrix, num_boost_round=rounds)
